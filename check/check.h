/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CHECK_H
#define LOITER_CHECK_H

/*
 * check: from censuses to a verdict, from the verdict to a report.
 *
 * A judgement collects findings of one run: of one process, or of all the goroutine programs that a
 * command started. A finding is an object of its own: everything in it was copied out of the census
 * and resolved to source lines when it was found, so it outlives the census, the probe and the
 * process. A goroutine is in at most one finding of a judgement, under the strongest grade that
 * holds; a finding never mixes grades.
 *
 * The room is pure: the same censuses give the same findings in the same order, byte for byte, and
 * nothing is read or written but the FILE that a report goes to. Functions return 0 or a negative
 * errno (-ENOMEM unless said otherwise) and leave the judgement as it was when they fail. Nothing
 * here blocks, except that the first look at a symbol may read files.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <probe/census.h>

/*
 * X(number, NAME, "printed", STATUS): how sure a finding is, strongest first, and the exit status
 * that it asks for where it counts (ltr_finding_fails()).
 */
#define LTR_GRADES(X)                          \
	X(0, DEADLOCK, "deadlock", 23)         \
	X(1, LEAKED, "leaked", 23)             \
	X(2, NEVER_EXITED, "never exited", 23) \
	X(3, SUSPECT, "suspect", 23)           \
	X(4, INCONCLUSIVE, "inconclusive", 24)

enum ltr_grade {
#define LTR__GRADE(number, NAME, printed, STATUS) LTR_GRADE_##NAME = number,
	LTR_GRADES(LTR__GRADE)
#undef LTR__GRADE
		LTR_GRADE_COUNT = 5,
};

const char *ltr_grade_name(enum ltr_grade grade);

/* A set of grades, one bit each. */
#define LTR_GRADE_BIT(grade) (1u << (grade))

/* What fails a run unless somebody wants it otherwise; what is inconclusive always does. */
#define LTR_FAIL_ON_DEFAULT                                                    \
	(LTR_GRADE_BIT(LTR_GRADE_DEADLOCK) | LTR_GRADE_BIT(LTR_GRADE_LEAKED) | \
	 LTR_GRADE_BIT(LTR_GRADE_NEVER_EXITED))

/* A process that was looked at. */
struct ltr_judged {
	uint32_t pid;
	const char
		*command; /* raw bytes, as all strings of findings: who prints them cleans them */
	bool alive;       /* it was judged while it ran */
	uint64_t created; /* goroutines since its start; 0 if it could not be judged */
	uint64_t exited;
	const char *strategy; /* it ran under a seeded schedule of this kind; NULL: as it came */
	uint64_t seed;
};

struct ltr_finding_frame {
	uint64_t pc;
	const char *function; /* "": not known */
	const char *file;     /* "": not known */
	uint32_t line;        /* 0: not known */
};

/* How many members of a finding are named, and of how many the ids are kept. */
#define LTR_FINDING_MEMBERS 5
#define LTR_FINDING_IDS     65536

struct ltr_finding_member {
	uint64_t id;
	uint64_t parent_id;
	const char *name; /* "": it has none */
};

/* Who came last to an object, or to one end of it. */
struct ltr_finding_comer {
	uint64_t id; /* 0: nobody ever came, or it is not known */
	bool ended;
	uint8_t state;                    /* if it lives */
	uint8_t reason;                   /* 0 unless it waits */
	struct ltr_finding_frame by;      /* by which call; of channels and locks never known */
	struct ltr_finding_frame created; /* where it was created, */
	struct ltr_finding_frame at;      /* and where it is; all unknown if it has ended */
};

/* What a goroutine of a finding waits for, where it is a lock whose holder is known. */
struct ltr_finding_lock {
	uint64_t address;
	uint64_t holder_id; /* 0: only readers, of whom one may be known */
	uint32_t readers;
	uint64_t reader_id;
	uint64_t writer_id; /* 0; or who waits to write, and stops this reader until then */
	bool reading;       /* it is held for reading */
	bool ended;         /* the holder has ended */
	struct ltr_finding_frame locked; /* by which call; all unknown for readers */
	/* Who freed it last; not in a deadlock, where nobody asks. */
	struct ltr_finding_comer unlocker;
};

/*
 * What the first member of a finding waits on, as it says of itself: where it was made (or first used, if no
 * call makes such a thing), how full it is, and who came last. Who gives sends (or closes), is done, signals
 * or releases; who takes receives, adds or acquires. Of a channel only who came to the other end is told: to
 * receive if the member sends, else to send.
 */
struct ltr_finding_object {
	uint64_t address;
	uint8_t kind;  /* enum ltr_object_kind (census.h) */
	bool receives; /* a channel: the member receives from it */
	bool is_case;  /* of a select on several: `index` as the program counts its cases */
	uint8_t index;
	bool counted; /* closed, count and capacity (census.h) are known */
	bool closed;
	int64_t count;
	int64_t capacity;
	struct ltr_finding_frame made;
	struct ltr_finding_comer giver;
	struct ltr_finding_comer taker;
};

#define LTR_FINDING_OBJECTS 8 /* described at most: there may be more cases */

/*
 * How a population has grown; of rule "grows", else all 0. Either against another census: how many
 * were like these (created, entered, at the stack and for the reason that they are), and how many were
 * created at the same place, whatever they did. Or against earlier looks at the same process, window_ns
 * before: then only the latter is known.
 */
struct ltr_finding_growth {
	uint64_t before;
	uint64_t after;
	uint64_t place_before;
	uint64_t place_after;
	uint64_t window_ns;
};

/*
 * What was found: `count` goroutines created at one place, that are in the same state at the same
 * stack; or, if `count` is 0, something about the process as a whole, that `text` says.
 */
struct ltr_finding {
	const struct ltr_rule *rule; /* which rule found it */
	enum ltr_grade grade;
	bool excused;   /* the baseline knows these goroutines: they do not fail the run */
	size_t process; /* for ltr_judgement_process() */
	uint64_t count;
	uint64_t oldest_ns;   /* how long the longest has been in this state; 0: not known */
	uint64_t youngest_ns; /* and the shortest */
	uint64_t limit_ns;    /* the grace or the time-out that was over */
	uint64_t schedules;   /* in how many schedules it was found; 0: none were explored */
	uint8_t state;        /* enum ltr_state */
	uint8_t reason;       /* enum ltr_reason */
	uint32_t member_count;
	struct ltr_finding_member member[LTR_FINDING_MEMBERS]; /* lowest ids first */
	struct ltr_finding_frame created; /* by which call; all unknown for the main goroutine */
	struct ltr_finding_frame entry;   /* the function that the goroutines run */
	const struct ltr_finding_frame
		*stack; /* innermost first, without the runtime's own frames */
	size_t depth;
	uint64_t object;                     /* what the first of them waits on; 0: not one thing */
	struct ltr_reach_info proof;         /* of rule "unreachable": how it was found out */
	const struct ltr_finding_lock *lock; /* NULL: none; what the first member waits for */
	const struct ltr_finding_object *objects; /* what is known of it; of a select each case */
	size_t object_count;
	size_t case_count; /* how many cases the select waits on; 0: it is no select on several */
	struct ltr_finding_growth growth;
	/*
	 * Goroutines that wait for each other: cycle_count of them, 2 at least, each described by a
	 * finding of its own, of count 1 and without a cycle. Each waits for what the next one holds,
	 * and the last for what the first one does. 0: the finding is no cycle.
	 */
	const struct ltr_finding *const *cycle;
	size_t cycle_count;
	uint64_t behind; /* how many more wait behind these, and are in no finding of their own */
	uint64_t behind_id;  /* the lowest id among them */
	const char *advice;  /* what to change, one or two sentences */
	const char *text;    /* see above; "" for goroutines */
	const uint64_t *ids; /* all its goroutines, lowest first, but LTR_FINDING_IDS at most */
	size_t id_count;
};

/* The stable name of a rule, in lower case with dashes: for files and filters. */
const char *ltr_rule_name(const struct ltr_rule *rule);

/*
 * Whether it becomes true by what somebody else than the goroutines of the finding does, so that since when
 * they wait does not tell since when it is so.
 */
bool ltr_rule_is_by_others(const struct ltr_rule *rule);

/* Whether its findings may rest on a look at all references (ltr_probe_reach()), and be none without one. */
bool ltr_rule_is_by_references(const struct ltr_rule *rule);

struct ltr_judgement;
struct ltr_baseline; /* baseline.h */

int ltr_judgement_new(struct ltr_judgement **ret_judgement);
struct ltr_judgement *ltr_judgement_free(struct ltr_judgement *judgement); /* takes NULL */

/*
 * What one look saw of those who wait for locks. Waits that make up a deadlock last: a census is judged
 * for them only together with an earlier look at the same process.
 */
struct ltr_look;

int ltr_look_new(const struct ltr_census *census, struct ltr_look **ret_look);
struct ltr_look *ltr_look_free(struct ltr_look *look); /* takes NULL, returns NULL */

/* The same of some goroutines alone, as in struct ltr_judge_options. */
int ltr_look_new_among(const struct ltr_census *census, const uint32_t *among, size_t among_count,
		       struct ltr_look **ret_look);

/* Is there anything that would be a deadlock if it lasted? If not, no second look is needed. */
bool ltr_look_suspects(const struct ltr_look *look);

/*
 * What a row of looks at one process has seen, for suspects that need more than one moment: a place where
 * more and more goroutines wait, a loop that sleeps and tries again. Each look is added before it is judged.
 * Memory is by living goroutine, not by look.
 */
struct ltr_history;

int ltr_history_new(struct ltr_history **ret_history);
struct ltr_history *ltr_history_free(struct ltr_history *history); /* takes NULL, returns NULL */
int ltr_history_add(struct ltr_history *history, const struct ltr_census *census);

struct ltr_judge_options {
	uint64_t grace_ns;   /* how long the others had after the main goroutine had returned */
	uint64_t timeout_ns; /* not 0: the program still ran after that long and is to be ended */
	uint64_t older_than_ns;         /* whoever waits longer is suspect; 0: nobody is for that */
	bool alive;                     /* the program is looked at while it runs, and goes on */
	const struct ltr_look *earlier; /* NULL: none; then locks are judged only at a standstill */
	struct ltr_baseline *baseline;  /* what it excuses is counted in it; NULL: none */
	/*
	 * Judge these goroutines alone, each once, by their indexes in the census; NULL: all. Whoever
	 * can be in no finding may be left out without a difference: see ltr_judge_concerns().
	 */
	const uint32_t *among;
	size_t among_count;
	uint64_t least; /* by how much a population has to grow to be found; 0: by one */
	const struct ltr_history *history; /* NULL: this is the only look */
};

/*
 * Can this goroutine be in a finding at all, the census being as it is? Looks at it alone and takes
 * nanoseconds: for those who judge a large census often. Not for a judgement with a time-out or a history.
 */
bool ltr_judge_concerns(const struct ltr_census *census, const struct ltr_judge_options *options,
			const struct ltr_goroutine *goroutine);

/*
 * Judge one process by its census as it is now, and by the phase that the program says it is in.
 * What the census could not see (losses, unreadable goroutines, a program that has not started)
 * becomes an inconclusive finding: a census that shows nothing wrong is clean only if it is whole.
 */
int ltr_judge_census(struct ltr_judgement *judgement, const struct ltr_census *census,
		     const struct ltr_judge_options *options);

/*
 * Judge what has grown from one census to another: of two runs, or of two moments of one. Goroutines are
 * held against each other by source positions, so the processes need not be the same; if they ran
 * different binaries, by functions without lines. Found (rule "grows") are those of `after` that
 *
 *   - wait without a deadline, and for longer than options->older_than_ns or past the end of the main
 *     goroutine: neither the main goroutine, nor daemons, nor who accepts connections;
 *   - are more than there were of their kind, whatever their age was then; and
 *   - come from a place of which all goroutines together have become more, too: workers that were busy and
 *     wait now are no growth.
 *
 * More means by options->least at least (0: 1), and by more than twice the square root of how many there
 * were: populations that come and go by themselves differ by that much. Everything else that differs is
 * a change, not a finding. A census that is not whole makes the judgement inconclusive.
 */
int ltr_judge_growth(struct ltr_judgement *judgement, const struct ltr_census *before,
		     const struct ltr_census *after, const struct ltr_judge_options *options);

/* Goroutines of one kind, as a finding describes them, of which there were more or fewer before. */
struct ltr_change {
	const struct ltr_finding *kind;
	uint64_t before;
	uint64_t after;
	bool found; /* it is in a finding as well */
};

/* What ltr_judge_growth() compared. */
struct ltr_comparison {
	const char *before; /* the commands */
	const char *after;
	uint64_t count_before; /* goroutines */
	uint64_t count_after;
	const struct ltr_change *changes; /* new and grown ones first, the largest first */
	size_t change_count;
};

/* NULL: nothing was compared. */
const struct ltr_comparison *ltr_judgement_comparison(const struct ltr_judgement *judgement);

/*
 * A process that could not be judged. `text` completes the sentence that begins with the command,
 * in words for a person: "was killed by signal 9 before it could be judged". pid 0: none.
 */
int ltr_judge_inconclusive(struct ltr_judgement *judgement, uint32_t pid, const char *command,
			   const char *text);

/*
 * For who judges a process again and again. keep_news() leaves in `run` only findings that `known` has
 * none like (by rule, names and lines), and returns how many; merge() takes over all of them, and of each
 * process one. `run` is left empty then; on failure (-ENOMEM) both are as before.
 */
size_t ltr_judgement_keep_news(struct ltr_judgement *run, const struct ltr_judgement *known);
int ltr_judgement_merge(struct ltr_judgement *judgement, struct ltr_judgement *run);

/*
 * How many of the census's goroutines keep a program that is about to end from being clean: all
 * but the main goroutine and those that are declared to live as long as the program.
 */
size_t ltr_judge_remaining(const struct ltr_census *census);

/*
 * Can nobody of these goroutines go on any more? All of them wait for each other, without deadlines
 * and without anything from outside. *ret_signature then stands for what all of them have done so
 * far. A census is no single moment: only if two in a row have the same signature it is true.
 */
bool ltr_judge_is_settled(const struct ltr_census *census, uint64_t *ret_signature);

/* What is not excused first; then the strongest grade; then by process; then the largest. */
size_t ltr_judgement_count(const struct ltr_judgement *judgement);
const struct ltr_finding *ltr_judgement_at(const struct ltr_judgement *judgement, size_t index);

size_t ltr_judgement_process_count(const struct ltr_judgement *judgement);
const struct ltr_judged *ltr_judgement_process(const struct ltr_judgement *judgement, size_t index);

/*
 * Does this finding fail the run? One of the grades in `fail_on` (a set; 0: LTR_FAIL_ON_DEFAULT)
 * does, and what is inconclusive always does; what is excused never.
 */
bool ltr_finding_fails(const struct ltr_finding *finding, uint32_t fail_on);

/* Was everything judged that there was? If not, what is not there means nothing. */
bool ltr_judgement_is_conclusive(const struct ltr_judgement *judgement);

/* The exit status: that of the first finding that fails, else `command_status`. */
int ltr_judgement_status(const struct ltr_judgement *judgement, uint32_t fail_on,
			 int command_status);

/* What came of one seed, if it was not clean. */
struct ltr_explored_seed {
	uint64_t seed;
	enum {
		LTR_EXPLORED_DEADLOCK,
		LTR_EXPLORED_LEAK, /* of any grade that fails the run */
		LTR_EXPLORED_INCONCLUSIVE,
		LTR_EXPLORED_STATUS,
	} outcome;
	int status; /* LTR_EXPLORED_STATUS: nothing was found, but this is how the command ended */
};

/* One command under many seeded schedules. */
struct ltr_exploration {
	const char *strategy;
	uint64_t first_seed; /* they follow each other */
	uint64_t asked;
	uint64_t run;                          /* fewer than asked: it was stopped */
	const struct ltr_explored_seed *seeds; /* those that were not clean, in their order */
	size_t seed_count;
	/* The command that replays a seed stands between these two. For a shell, not cleaned. */
	const char *replay_before;
	const char *replay_after;
};

/*
 * Take over what was found in the run of one schedule. A run that shows nothing new is only counted
 * (ltr_finding.schedules); of the others everything is taken, each finding under its own seed. The
 * first run's processes are always kept. `run` is left empty; on failure both are as before.
 */
int ltr_judgement_add_schedule(struct ltr_judgement *judgement, struct ltr_judgement *run,
			       const char *strategy, uint64_t seed);

struct ltr_report_options {
	const char *strip; /* a directory that file names are printed without; NULL: whole names */
	bool all;          /* all findings, however many lines that takes */
	uint32_t fail_on;  /* as for ltr_finding_fails() */
	const struct ltr_baseline *baseline;       /* to say what of it is stale; NULL: none */
	const char *baseline_file;                 /* its name */
	const struct ltr_exploration *exploration; /* NULL: it ran once */
	bool one_line;                             /* JSON: as one line */
	bool stale_only;  /* text: nothing but what of the baseline is not needed any more */
	uint64_t wall_ns; /* JSON: the CLOCK_REALTIME of this look; 0: not one of many */
};

/*
 * One line about a finding, cleaned, without a newline: "3 goroutines never exited: created at
 * FILE:LINE (FUNCTION)", or the sentence about its process.
 */
void ltr_finding_summary(const struct ltr_judgement *judgement, const struct ltr_finding *finding,
			 const struct ltr_report_options *options, FILE *out);

/* What looking at all references took: "3 passes, 2.7 MB read in 223ms, stopped for 12ms". */
void ltr_reach_summary(const struct ltr_reach_info *reach, FILE *out);

/*
 * What a text report says of goroutines that were found, piece by piece, for who lays it out in his own
 * way: label "evidence" and a sentence, "stack" and a frame, "" and the next one... Cleaned; without
 * the summary and the advice. The texts are good during the call.
 */
typedef void ltr_finding_line(void *context, const char *label, const char *text);
int ltr_finding_tell(const struct ltr_finding *finding, const struct ltr_report_options *options,
		     ltr_finding_line *line, void *context);

/* The most lines of a text report, unless all are wanted. */
#define LTR_REPORT_LINES 100

/*
 * Write the report in the format called `format`. -EINVAL if there is no such format; -EIO or what
 * errno says if `out` cannot be written (it is flushed, not closed).
 *
 *   text    for a person
 *   json    everything that is known, one document; docs/ci.md has its fields
 *   junit   JUnit's XML: a suite for each process, a case for each finding
 *   sarif   SARIF 2.1.0: one run, a result for each finding
 *   github  GitHub's workflow commands: one line for each finding, shown at its source line
 *
 * All of them are UTF-8, whatever the program's names were, and harmless to a terminal.
 */
int ltr_report_write(const struct ltr_judgement *judgement, const char *format,
		     const struct ltr_report_options *options, FILE *out);

/* The names of the formats, NULL at the end. */
const char *const *ltr_report_formats(void);

#endif
