/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CHECK_INTERNAL_H
#define LOITER_CHECK_INTERNAL_H

/*
 * Shared by the files of this room: what a rule and a report format are, and the helpers that all
 * of them print with.
 *
 * A rule looks at a census and claims goroutines, or states something about the process. Rules are
 * asked in the order of the table in rules.c, which is the order of their grades; a goroutine that
 * was claimed is not there any more for the rules that follow. To add a rule, write a file
 * rule_NAME.c with one `const struct ltr_rule` and put it in the table.
 */

#include "check.h"

/* How many goroutines of a cycle are described, unless everything is wanted. */
#define LTR__CYCLE_SHOWN 8

struct ltr__claim {
	const struct ltr_rule *rule;
	const struct ltr_goroutine *goroutine;
	size_t index;   /* in the census */
	uint32_t shape; /* of its stack: the same for stacks that look the same; 0: none */
	bool excused;   /* by the baseline */

	/* Of rules that show locks. */
	uint32_t group; /* not 0: one finding with all others of this number, in order of rank */
	uint32_t rank;
	uint32_t behind; /* how many wait behind it, and the lowest id among them */
	uint64_t behind_id;
	uint64_t holder_id; /* who holds what it waits for */
	uint64_t writer_id; /* not 0: it waits behind this one, who waits for the holder to write */

	struct ltr_finding_growth growth; /* of rule "grows" */
};

/* What a baseline tells goroutines apart by; "" is not known. Owned by the census. */
struct ltr__kin {
	const char *function;
	const char *creator;
	const char *doing;
};

/* One census on trial. Owned by ltr_judge_census(); the pointers are good while that runs. */
struct ltr__trial {
	const struct ltr_census *census;
	const struct ltr_census_info *info;
	const struct ltr_judge_options *options;
	struct ltr_judgement *judgement;
	size_t process;
	const struct ltr_rule *rule; /* the one that is asked just now */
	struct ltr__claim *claims;   /* at most one for each goroutine */
	size_t claim_count;
	bool *claimed; /* by the goroutine's index in the census */
	/* Of whom there are more now, by the goroutine's index: owned by who knows it; NULL: nobody. */
	const struct ltr_finding_growth *const *growth;
};

/* The goroutines that are on trial, and the index in the census of the i-th of them. */
static inline size_t ltr__trial_count(const struct ltr__trial *trial)
{
	return trial->options->among ? trial->options->among_count
				     : ltr_census_count(trial->census);
}

static inline size_t ltr__trial_index(const struct ltr__trial *trial, size_t i)
{
	return trial->options->among ? trial->options->among[i] : i;
}

/*
 * It waits, for all that is known without a deadline, for what need not come; and nobody has said that it
 * may: neither is it the main goroutine or a daemon, nor does it wait for who may call.
 */
static inline bool ltr__may_wait_for_ever(const struct ltr_census *census,
					  const struct ltr_goroutine *goroutine)
{
	if (goroutine->flags & (LTR_IS_MAIN | LTR_IS_DAEMON | LTR_IS_UNSURE | LTR_IS_TIMED))
		return false;
	return goroutine->reason && goroutine->reason != LTR_REASON_IO_ACCEPT &&
	       goroutine->state != LTR_STATE_SLEEP && ltr_census_knows_deadline(census, goroutine);
}

/* The limit of rules that ask for how long something has lasted. */
static inline uint64_t ltr__older_than_ns(const struct ltr_judge_options *options)
{
	return options->older_than_ns;
}

/* Has it been in its state for longer than the judge was told to find suspicious? */
static inline bool ltr__is_old(const struct ltr_census *census,
			       const struct ltr_judge_options *options,
			       const struct ltr_goroutine *goroutine)
{
	return options->older_than_ns &&
	       ltr_census_age_ns(census, goroutine) > options->older_than_ns;
}

struct ltr_rule {
	const char *name;
	enum ltr_grade grade;
	/* Claims and statements; 0 or -errno. */
	int (*check)(struct ltr__trial *trial);
	/* The limit that findings of this rule carry; NULL: none. */
	uint64_t (*limit_ns)(const struct ltr_judge_options *options);
	/* What a person looks at first: where they were created, or where they wait? */
	bool shows_creation;
	/* Do its goroutines wait for locks, and do its claims say whom for? */
	bool shows_lock;
	/* Does it take somebody else than its goroutines for it to become so: the holder that ended, the
	 * main goroutine that returned, the last one that could have gone on? */
	bool by_others;
	/* May its claims rest on a look at references, and be none without one? */
	bool by_references;
	/* A few words about the goroutines of one or more findings: "3 goroutines never exited". */
	void (*summary)(uint64_t count, FILE *out);
	/* What the rule has seen, for the reader who does not know it; may use finding->limit_ns. */
	void (*explain)(const struct ltr_finding *finding, FILE *out);
};

extern const struct ltr_rule *const ltr__rules[]; /* NULL at the end */
extern const struct ltr_rule ltr__rule_double_lock;
extern const struct ltr_rule ltr__rule_once_in_once;
extern const struct ltr_rule ltr__rule_read_write_read;
extern const struct ltr_rule ltr__rule_lock_upgrade;
extern const struct ltr_rule ltr__rule_lock_order;
extern const struct ltr_rule ltr__rule_lock_cycle;
extern const struct ltr_rule ltr__rule_abandoned_lock;
extern const struct ltr_rule ltr__rule_all_asleep;
extern const struct ltr_rule ltr__rule_hopeless;
extern const struct ltr_rule ltr__rule_unreachable;
extern const struct ltr_rule ltr__rule_held_for_ever;
extern const struct ltr_rule ltr__rule_never_exited;
extern const struct ltr_rule ltr__rule_grows;
extern const struct ltr_rule ltr__rule_retries;
extern const struct ltr_rule ltr__rule_runs_long;
extern const struct ltr_rule ltr__rule_waits_long;
extern const struct ltr_rule ltr__rule_still_running;
extern const struct ltr_rule ltr__rule_incomplete;
extern const struct ltr_rule ltr__rule_not_judged;

/* Claim a goroutine, by its index in the census, for trial->rule. A claimed one is left alone. */
void ltr__trial_claim(struct ltr__trial *trial, size_t index);

/*
 * Claim every goroutine on trial of which `is_one` is true, or all if that is NULL. The walk that rules
 * need which look at one goroutine at a time: it keeps to those who are on trial.
 */
void ltr__trial_claim_each(struct ltr__trial *trial,
			   bool (*is_one)(const struct ltr__trial *trial,
					  const struct ltr_goroutine *goroutine));

/* State something about the process; the words are copied. */
int ltr__trial_state(struct ltr__trial *trial, const char *text);

/* finding.c */
struct ltr_finding *ltr__finding_from_text(const struct ltr_rule *rule, size_t process,
					   const char *text);
struct ltr_finding *ltr__finding_from_claims(const struct ltr__trial *trial,
					     const struct ltr__claim *claims, size_t count);
struct ltr_finding *ltr__finding_free(struct ltr_finding *finding);

/*
 * Sorts claims so that those of one finding are neighbours, lowest id first. Stacks that differ only in
 * the runtime's own frames, which are not shown, are the same. -ENOMEM.
 */
int ltr__claims_sort(const struct ltr_census *census, struct ltr__claim *claims, size_t count);
bool ltr__claims_match(const struct ltr__claim *a, const struct ltr__claim *b);

struct ltr__kin ltr__kin_of(const struct ltr_census *census, const struct ltr_goroutine *goroutine);

/* baseline.c: marks those of the sorted claims that the baseline excuses, and counts them in it. */
int ltr__baseline_excuse(struct ltr_baseline *baseline, const struct ltr_census *census,
			 struct ltr__claim *claims, size_t count);

/* < 0, 0, > 0; a total order that does not depend on addresses or on the order of the census. */
int ltr__finding_compare(const struct ltr_finding *a, const struct ltr_finding *b);

/* Do both say the same, though of different processes? By names and lines, not by addresses. */
bool ltr__finding_is_same(const struct ltr_finding *a, const struct ltr_finding *b);

/* By what both say of their goroutines; `lines`: positions count, and not only functions. */
int ltr__finding_compare_kinds(const struct ltr_finding *a, const struct ltr_finding *b,
			       bool lines);
int ltr__finding_compare_places(const struct ltr_finding *a, const struct ltr_finding *b,
				bool lines);

/* judge.c: takes the finding over, also on failure. */
int ltr__judgement_add(struct ltr_judgement *judgement, struct ltr_finding *finding);

/*
 * Ask some rules (a table, NULL at the end) about a census, of whom there are more as in
 * struct ltr__trial. On failure everything is as before.
 */
int ltr__judge_by(struct ltr_judgement *judgement, const struct ltr_census *census,
		  const struct ltr_judge_options *options, const struct ltr_rule *const *rules,
		  const struct ltr_finding_growth *const *growth);

/* The judgement owns it from now on; there is none yet. */
void ltr__judgement_compare(struct ltr_judgement *judgement, struct ltr_comparison *comparison);

/* growth.c; takes NULL. */
void ltr__comparison_free(struct ltr_comparison *comparison);

/* May nobody but the program itself end this wait, and has it lasted, or outlived the main goroutine? */
bool ltr__is_lasting(const struct ltr_census *census, const struct ltr_goroutine *goroutine,
		     uint64_t older_than_ns);

/* history.c: has it slept here again and again, and for how long? */
bool ltr__history_sleeps(const struct ltr_history *history, const struct ltr_goroutine *goroutine,
			 uint64_t *ret_for_ns);

/* Is it one of those who wait on and on at a place where more and more do? */
bool ltr__history_grows(const struct ltr_history *history, const struct ltr_census *census,
			const struct ltr_goroutine *goroutine, uint64_t least,
			struct ltr_finding_growth *ret_growth);

/* Is it more, and not only by chance? `least` as in struct ltr_judge_options. */
bool ltr__has_grown(uint64_t before, uint64_t after, uint64_t least);

/* advice.c: what the rule's pattern asks for, else the reason, else the state. Never NULL. */
const char *ltr__advice(const struct ltr_rule *rule, uint8_t state, uint8_t reason);

/* print.c */

/*
 * Text of the watched program, made harmless: control characters, invalid UTF-8 and the characters
 * that change the direction of writing come out as \xNN; at most `columns` characters, the rest is
 * "...". 0: all of it.
 */
void ltr__print_clean(const char *text, size_t columns, FILE *out);

/* "850us", "12ms", "1.2s", "3m10s", "2h5m", "3d4h". */
void ltr__print_duration(uint64_t ns, FILE *out);

/* "900 B", "12 kB", "3.4 MB", "1.2 GB". */
void ltr__print_bytes(uint64_t bytes, FILE *out);

/* "1 goroutine", "3 goroutines". */
void ltr__print_count(uint64_t count, const char *singular, FILE *out);

bool ltr__is_known(const struct ltr_finding_frame *frame);

/* "file:line (function)", as far as it is known, cleaned. */
void ltr__print_place(const struct ltr_finding_frame *frame, const char *strip, FILE *out);

/* "file:line" without the directory `strip`; an address if there is no line. */
void ltr__print_position(const struct ltr_finding_frame *frame, const char *strip, FILE *out);

/* The words for what a goroutine does: its reason if it has one, else its state. */
const char *ltr__doing(const struct ltr_finding *finding);

/* "created at ..." or "waiting at ...", whatever the rule shows first. */
void ltr__print_where(const struct ltr_finding *finding, const char *strip, FILE *out);

/* "COMMAND (pid N)", cleaned and not too long. */
void ltr__print_process(const struct ltr_judged *process, FILE *out);

/* A file's name without the directory `strip`; points into `file`. Not cleaned. */
const char *ltr__stripped(const char *file, const char *strip);

/* The frame that a person looks at first: where the goroutines were created, or where they are. */
const struct ltr_finding_frame *ltr__main_frame(const struct ltr_finding *finding);

/* "for 1.2s to 1.4s", without "for"; call it only where an age is known. */
void ltr__print_ages(const struct ltr_finding *finding, FILE *out);

/* "itself, locked at FILE:LINE (FUNCTION)", "goroutine 8, for reading". */
void ltr__print_holder(const struct ltr_finding *finding, const char *strip, FILE *out);

/* "3 more goroutines wait, among them 9" */
void ltr__print_behind(const struct ltr_finding *finding, FILE *out);

/*
 * Who they are, what they wait for and where they come from: lines of a margin, a label and a text, each
 * in columns of its own.
 */
#define LTR__MARGIN_COLUMNS 4
#define LTR__LABEL_COLUMNS  12
void ltr__print_members(const struct ltr_finding *finding, const struct ltr_report_options *options,
			FILE *out);

/* The paragraph of the text report about goroutines, without its number. */
void ltr__print_paragraph(const struct ltr_judgement *judgement, const struct ltr_finding *finding,
			  const struct ltr_report_options *options, FILE *out);

/*
 * One line that says it all, for formats that have room for one: the summary, what the goroutines
 * do and for how long, and the advice.
 */
void ltr__print_message(const struct ltr_judgement *judgement, const struct ltr_finding *finding,
			const struct ltr_report_options *options, FILE *out);

/* print_growth.c */

/* "3 like these before and 15 now; ..." */
void ltr__print_growth(const struct ltr_finding_growth *growth, FILE *out);

/* "12 goroutines of ./httpd before, 24 of ./httpd now" */
void ltr__print_comparison(const struct ltr_comparison *comparison, FILE *out);

/* "3 -> 15  chan send, created at FILE:LINE (FUNCTION)" */
void ltr__print_change(const struct ltr_change *change, const char *strip, FILE *out);

/* print_object.c */

/*
 * What is to be said of an object, one thing after the other: 0 what it is like ("made at PLACE, 2 of 4 in
 * its buffer"), then who came last to where ("last to send: goroutine 7, which has ended"). False, and
 * nothing printed: there is nothing more.
 */
bool ltr__print_object(const struct ltr_finding_object *object, unsigned int which,
		       const char *strip, FILE *out);

/* "goroutine 7, which has ended" */
void ltr__print_comer(const struct ltr_finding_comer *comer, const char *strip, FILE *out);

/* "; channel made at PLACE; last to receive: goroutine 7, which has ended" */
void ltr__print_object_message(const struct ltr_finding_object *object, const char *strip,
			       FILE *out);

/* Who came last, and what for: the first is who should come. NULL: nobody to be told of. */
struct ltr__comer_word {
	const struct ltr_finding_comer *comer;
	const char *text; /* "receive" */
	const char *json; /* "last_receiver" */
};
struct ltr__comer_word ltr__object_comer(const struct ltr_finding_object *object,
					 unsigned int which);

/* explored.c */

/* "3 of 200 schedules leak: seeds 17, 58 and 112 (random)". */
void ltr__print_exploration(const struct ltr_exploration *exploration, FILE *out);

/* The command that replays a seed, cleaned. */
void ltr__print_replay(const struct ltr_exploration *exploration, uint64_t seed, FILE *out);

/* For a finding of a schedule: ". Found in 3 schedules, first with seed 17: COMMAND". */
void ltr__print_seed(const struct ltr_judgement *judgement, const struct ltr_finding *finding,
		     const struct ltr_report_options *options, FILE *out);

/* print.c: "FILE:LINE: not needed any more: ENTRY" */
void ltr__print_stale(const struct ltr_baseline *baseline, size_t index, const char *file,
		      FILE *out);

/* A report format is a name and a function; report.c holds the table. */
struct ltr__report_format {
	const char *name;
	int (*write)(const struct ltr_judgement *judgement,
		     const struct ltr_report_options *options, FILE *out);
};

int ltr__report_text(const struct ltr_judgement *judgement,
		     const struct ltr_report_options *options, FILE *out);
int ltr__report_json(const struct ltr_judgement *judgement,
		     const struct ltr_report_options *options, FILE *out);
int ltr__report_junit(const struct ltr_judgement *judgement,
		      const struct ltr_report_options *options, FILE *out);
int ltr__report_sarif(const struct ltr_judgement *judgement,
		      const struct ltr_report_options *options, FILE *out);
int ltr__report_github(const struct ltr_judgement *judgement,
		       const struct ltr_report_options *options, FILE *out);

#endif
