/* SPDX-License-Identifier: MIT */
/*
 * Judging for the screen. Invariants: what is shown belongs to `judgement` and `texts`, which are
 * replaced together; `older` is NULL or a look at a snapshot that is SECOND_LOOK_NS older than `newer`
 * at least.
 */
#include "verdicts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check/check.h>
#include <loiter/layout.h>
#include <probe/timeline.h>

#include "cli.h"
#include "second_look.h"

#define SLICE      4096 /* goroutines between looks at the clock */
#define SHOWN_MAX  200  /* findings */
#define LINES_MAX  64   /* of one */
#define NOTE_BYTES 256
#define LEARNT_MAX 16

struct look_at {
	struct ltr_look *look;
	uint64_t looked_ns; /* of its snapshot */
};

/* What is shown. Texts are pieces of one allocation each. */
struct shown {
	struct ltr_tui_findings findings;
	struct ltr_tui_finding *finding;
	struct ltr_tui_line *lines;
	size_t line_count;
	char **texts;
	size_t text_count, text_capacity;
	char note[NOTE_BYTES];
};

struct ltr__verdicts {
	struct ltr_probe *probe;
	struct ltr_judge_options options;
	char folder[4096];
	uint32_t *among; /* whom the judgement in the making is about */
	size_t count, capacity;
	size_t next;          /* goroutine to be looked at; 0: no judgement is in the making */
	uint64_t moment_ns;   /* that the judgement in the making is of */
	bool has_looked_back; /* of a recording: `older` is what was before that moment */
	uint64_t signature;   /* of all `among`, and of what else the judgement depends on */
	bool has_locks;       /* somebody among them waits for a lock */
	uint64_t again_ns;    /* when ages in what is shown have grown too old */
	bool is_judged;       /* and these are of the last judgement */
	uint64_t judged_signature;
	struct look_at older, newer;
	struct ltr_judgement *judgement;
	struct shown shown;
	struct {
		uint64_t key, arose_ns;
	} learnt[LEARNT_MAX];
	size_t learnt_next;
};

static uint64_t mix(uint64_t sum, uint64_t value)
{
	sum = (sum ^ value) * 0x9e3779b97f4a7c15ull;
	return sum ^ sum >> 29;
}

/* Without the figures in it: they grow. */
static uint64_t mix_text(uint64_t sum, const char *text)
{
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			sum = mix(sum, (unsigned char)*text);
	}
	return mix(sum, 0);
}

int ltr__verdicts_new(struct ltr_probe *probe, uint64_t older_than_ns,
		      struct ltr__verdicts **ret_verdicts)
{
	struct ltr__verdicts *verdicts = calloc(1, sizeof(*verdicts));

	if (!verdicts)
		return -ENOMEM;
	verdicts->probe = probe;
	verdicts->options.older_than_ns = older_than_ns;
	if (!getcwd(verdicts->folder, sizeof(verdicts->folder)))
		verdicts->folder[0] = 0;
	*ret_verdicts = verdicts;
	return 0;
}

static void shown_done(struct shown *shown)
{
	for (size_t i = 0; i < shown->text_count; i++)
		free(shown->texts[i]);
	free(shown->texts);
	free(shown->lines);
	free(shown->finding);
}

struct ltr__verdicts *ltr__verdicts_free(struct ltr__verdicts *verdicts)
{
	if (!verdicts)
		return NULL;
	shown_done(&verdicts->shown);
	ltr_judgement_free(verdicts->judgement);
	ltr_look_free(verdicts->older.look);
	ltr_look_free(verdicts->newer.look);
	free(verdicts->among);
	free(verdicts);
	return NULL;
}

/* --- What is shown ------------------------------------------------------------------------------- */

/* Takes the text over; NULL, or no room: "", and false. */
static bool keep(struct shown *shown, char *text, const char **ret_text)
{
	*ret_text = "";
	if (text && shown->text_count == shown->text_capacity) {
		size_t capacity = shown->text_capacity * 2 + 64;
		char **texts = reallocarray(shown->texts, capacity, sizeof(*texts));

		if (!texts) {
			free(text);
			return false;
		}
		shown->texts = texts;
		shown->text_capacity = capacity;
	}
	if (!text)
		return false;
	shown->texts[shown->text_count++] = text;
	*ret_text = text;
	return true;
}

struct telling {
	struct shown *shown;
	size_t limit; /* of shown->line_count */
	bool failed;
};

static void take_line(void *context, const char *label, const char *text)
{
	struct telling *telling = context;
	struct shown *shown = telling->shown;
	struct ltr_tui_line *line = &shown->lines[shown->line_count];

	if (shown->line_count == telling->limit)
		return;
	shown->line_count++;
	telling->failed = !keep(shown, strdup(label), &line->label) ||
			  !keep(shown, strdup(text), &line->text) || telling->failed;
}

/* The summary without the grade that it may begin with: that has a column of its own. */
static char *title_of(const struct ltr_judgement *judgement, const struct ltr_finding *finding,
		      const struct ltr_report_options *options)
{
	const char *grade = ltr_grade_name(finding->grade);
	char *title = NULL;
	size_t bytes = 0;
	size_t length = strlen(grade);
	FILE *out = open_memstream(&title, &bytes);

	if (!out)
		return NULL;
	ltr_finding_summary(judgement, finding, options, out);
	if (fclose(out)) {
		free(title);
		return NULL;
	}
	if (!strncmp(title, grade, length) && !strncmp(title + length, ": ", 2))
		memmove(title, title + length + 2, bytes - length - 1);
	return title;
}

/* What stays the same while a finding grows. */
static uint64_t key_of(const struct ltr_finding *finding)
{
	uint64_t key = mix_text(finding->grade, ltr_rule_name(finding->rule));

	key = mix_text(mix(key, finding->created.line), finding->created.file);
	key = mix_text(mix(key, finding->entry.pc), finding->text);
	key = mix(mix(key, finding->state), finding->reason);
	for (size_t i = 0; i < finding->depth; i++)
		key = mix(key, finding->stack[i].pc);
	if (finding->cycle_count)
		key = mix(key, finding->member[0].id);
	return key ? key : 1;
}

static uint64_t found_ns(const struct shown *before, uint64_t key, uint64_t now_ns)
{
	for (size_t i = 0; i < before->findings.count; i++) {
		if (before->finding[i].key == key)
			return before->finding[i].found_ns;
	}
	return now_ns;
}

static bool is_recorded(const struct ltr__verdicts *verdicts)
{
	return ltr_probe_timeline(verdicts->probe) != NULL;
}

/*
 * When it came to be so, as far as its goroutines alone tell it: a cycle of locks when the last of them came
 * to wait, a wait for what can never come when the first did. 0: not known.
 */
static uint64_t arose_ns(const struct ltr__verdicts *verdicts, const struct ltr_census *census,
			 const struct ltr_finding *finding)
{
	bool is_last = finding->cycle_count > 0;
	uint64_t arose_ns = 0;

	if (ltr_rule_is_by_others(finding->rule))
		return 0;
	for (size_t i = 0; i < finding->id_count; i++) {
		const struct ltr_goroutine *goroutine = ltr_census_find(census, finding->ids[i]);
		uint64_t since_ns = goroutine ? goroutine->since_ns : 0;

		if (since_ns && (!arose_ns || (since_ns > arose_ns) == is_last))
			arose_ns = since_ns;
	}
	/* Records and snapshots differ by microseconds in when a wait began: by then both say that it is old. */
	if (arose_ns && finding->grade == LTR_GRADE_SUSPECT)
		arose_ns += verdicts->options.older_than_ns + LTR__MS_NS;
	return arose_ns;
}

/* When somebody looked for it: if it came and went, the last time that is not of a later moment. */
static uint64_t learnt_ns(const struct ltr__verdicts *verdicts, uint64_t key, uint64_t now_ns)
{
	uint64_t last_ns = 0;

	for (size_t i = 0; i < LEARNT_MAX; i++) {
		uint64_t arose_ns = verdicts->learnt[i].arose_ns;

		if (verdicts->learnt[i].key == key && arose_ns <= now_ns && arose_ns > last_ns)
			last_ns = arose_ns;
	}
	return last_ns;
}

void ltr__verdicts_learn(struct ltr__verdicts *verdicts, uint64_t key, uint64_t arose_ns)
{
	size_t at = verdicts->learnt_next++ % LEARNT_MAX;

	verdicts->learnt[at].key = key;
	verdicts->learnt[at].arose_ns = arose_ns;
}

bool ltr__verdicts_is_proven(const struct ltr__verdicts *verdicts, uint64_t key)
{
	for (size_t i = 0; i < verdicts->shown.findings.count; i++) {
		if (verdicts->shown.finding[i].key == key)
			return ltr_rule_is_by_references(
				ltr_judgement_at(verdicts->judgement, i)->rule);
	}
	return false;
}

static bool show_finding(struct ltr__verdicts *verdicts, struct shown *shown,
			 const struct ltr_judgement *judgement, const struct ltr_finding *finding)
{
	const struct ltr_report_options options = {.strip = verdicts->folder[0] ? verdicts->folder
										: NULL};
	struct ltr_tui_finding *to = &shown->finding[shown->findings.count];
	struct telling telling = {.shown = shown, .limit = shown->line_count + LINES_MAX};
	const struct ltr_census *census = ltr_probe_census(verdicts->probe);
	uint64_t now_ns = ltr_census_info(census)->now_ns;

	*to = (struct ltr_tui_finding){
		.key = key_of(finding),
		.strength = finding->grade,
		.is_serious = finding->grade <= LTR_GRADE_NEVER_EXITED,
		.grade = ltr_grade_name(finding->grade),
		.advice = finding->advice,
		.count = finding->count,
		.oldest_ns = finding->oldest_ns,
		.lines = &shown->lines[shown->line_count],
		.ids = finding->ids,
		.id_count = finding->id_count,
	};
	to->arose_ns = arose_ns(verdicts, census, finding);
	if (!to->arose_ns)
		to->arose_ns = learnt_ns(verdicts, to->key, now_ns);
	/* Whoever jumps about in a recording does not find one after the other. */
	to->found_ns =
		is_recorded(verdicts) ? to->arose_ns : found_ns(&verdicts->shown, to->key, now_ns);
	if (!keep(shown, title_of(judgement, finding, &options), &to->title) ||
	    ltr_finding_tell(finding, &options, take_line, &telling) || telling.failed)
		return false;
	to->line_count = (size_t)(&shown->lines[shown->line_count] - to->lines);
	shown->findings.count++;
	return true;
}

/* What the proof has come to. */
static void note_proof(const struct ltr_reach_info *reach, char *ret_note)
{
	FILE *out = fmemopen(ret_note, NOTE_BYTES, "w");

	if (!out)
		return;
	fputs("references were looked at: ", out);
	ltr_reach_summary(reach, out);
	fprintf(out, "%s%s", reach->note[0] ? "; " : "", reach->note);
	fclose(out);
}

/* What was not looked at, or what the proof has come to; ret_note is empty. */
static void note(const struct ltr__verdicts *verdicts, char *ret_note)
{
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(verdicts->probe));
	const struct ltr_reach_info *reach = &info->reach;

	if (is_recorded(verdicts))
		snprintf(ret_note, NOTE_BYTES,
			 "by locks (from a second reading on) and by what can never come");
	else if (!reach->tried)
		snprintf(
			ret_note, NOTE_BYTES,
			info->way == LTR_WAY_FILE || info->gone
				? "by locks and by what can never come; nothing more can be "
				  "proven of a program that does not run"
				: "by locks and by what can never come; P also looks at references");
	else if (!reach->conclusive)
		snprintf(ret_note, NOTE_BYTES, "no leak can be proven: %s", reach->note);
	else
		note_proof(reach, ret_note);
}

/* Texts tell ages, too: they are written again when these have grown by a quarter. */
static uint64_t ages_last_ns(const struct ltr_tui_findings *findings)
{
	uint64_t youngest_ns = UINT64_MAX / 2;

	for (size_t i = 0; i < findings->count; i++) {
		uint64_t oldest_ns = findings->findings[i].oldest_ns;

		if (oldest_ns && oldest_ns < youngest_ns)
			youngest_ns = oldest_ns;
	}
	return youngest_ns / 4 > LTR__SECOND_NS ? youngest_ns / 4 : LTR__SECOND_NS;
}

/* Takes the judgement over, also on failure. */
static int show(struct ltr__verdicts *verdicts, struct ltr_judgement *judgement)
{
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(verdicts->probe));
	size_t count = ltr_judgement_count(judgement);
	struct shown shown = {0};
	bool fits;

	shown.findings.more = count > SHOWN_MAX ? count - SHOWN_MAX : 0;
	count -= shown.findings.more;
	shown.finding = calloc(count + 1, sizeof(*shown.finding));
	shown.lines = calloc(count * LINES_MAX + 1, sizeof(*shown.lines));
	fits = shown.finding && shown.lines;
	for (size_t i = 0; fits && i < count; i++)
		fits = show_finding(verdicts, &shown, judgement, ltr_judgement_at(judgement, i));
	if (!fits) {
		shown_done(&shown);
		ltr_judgement_free(judgement);
		return -ENOMEM;
	}
	note(verdicts, shown.note);
	shown_done(&verdicts->shown);
	ltr_judgement_free(verdicts->judgement);
	verdicts->judgement = judgement;
	verdicts->shown = shown;
	verdicts->shown.findings.findings = shown.finding;
	verdicts->shown.findings.note = verdicts->shown.note;
	verdicts->shown.findings.judged_ns = info->now_ns;
	verdicts->again_ns = info->now_ns + ages_last_ns(&verdicts->shown.findings);
	return 0;
}

/* --- Judging ------------------------------------------------------------------------------------- */

static void begin(struct ltr__verdicts *verdicts)
{
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(verdicts->probe));

	verdicts->next = 0;
	verdicts->moment_ns = info->now_ns;
	verdicts->count = 0;
	verdicts->has_locks = false;
	verdicts->options.alive = info->phase == LTR_PHASE_RUNNING && !info->gone;
	verdicts->signature = mix(mix(mix(info->phase, info->lost), info->unreadable), info->gone);
	verdicts->signature = mix(verdicts->signature, info->reach.elapsed_ns);
	verdicts->signature = mix(verdicts->signature, info->cut);
}

static int add(struct ltr__verdicts *verdicts, size_t index, const struct ltr_goroutine *goroutine)
{
	if (verdicts->count == verdicts->capacity) {
		size_t capacity = verdicts->capacity * 2 + 256;
		uint32_t *among = reallocarray(verdicts->among, capacity, sizeof(*among));

		if (!among)
			return -ENOMEM;
		verdicts->among = among;
		verdicts->capacity = capacity;
	}
	verdicts->among[verdicts->count++] = (uint32_t)index;
	verdicts->has_locks = verdicts->has_locks || ltr_census_is_lock_wait(goroutine->reason);
	verdicts->signature = mix(mix(verdicts->signature, goroutine->id),
				  (uint64_t)goroutine->transitions << 16 | goroutine->flags);
	/* what a snapshot learns of it later */
	verdicts->signature = mix(mix(verdicts->signature, goroutine->stack), goroutine->entry_pc);
	return 0;
}

static int take(struct ltr__verdicts *verdicts, size_t to)
{
	const struct ltr_census *census = ltr_probe_census(verdicts->probe);
	int error = 0;

	for (; verdicts->next < to && !error; verdicts->next++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(census, verdicts->next);

		if (!(goroutine->flags & LTR_IS_UNSURE) &&
		    ltr_judge_concerns(census, &verdicts->options, goroutine))
			error = add(verdicts, verdicts->next, goroutine);
	}
	return error;
}

/*
 * Of a recording: a look at the last snapshot that was made long enough before the last one of this
 * moment, as second_look.h wants it. The census shows the same moment afterwards, but indices are void.
 */
static int look_back(struct ltr__verdicts *verdicts)
{
	const struct ltr_census *census = ltr_probe_census(verdicts->probe);
	const struct ltr_census_info *info = ltr_census_info(census);
	uint64_t moment_ns = info->now_ns;
	uint64_t looked_ns = info->looked_ns;
	struct ltr_why why;
	int error;
	int back;

	verdicts->has_looked_back = true;
	ltr_look_free(verdicts->older.look);
	verdicts->older = (struct look_at){0};
	if (looked_ns < ltr_probe_timeline(verdicts->probe)->begin_ns + LTR__SECOND_LOOK_NS)
		return 0;
	error = ltr_probe_seek(verdicts->probe, looked_ns - LTR__SECOND_LOOK_NS, &why);
	if (!error && info->looked_ns + LTR__SECOND_LOOK_NS <= looked_ns) {
		verdicts->older.looked_ns = info->looked_ns;
		error = ltr_look_new(census, &verdicts->older.look);
	}
	back = ltr_probe_seek(verdicts->probe, moment_ns, &why);
	return error ? error : back;
}

/* A look at the snapshot that there is now, if it is another one than last time. */
static int look(struct ltr__verdicts *verdicts)
{
	const struct ltr_census *census = ltr_probe_census(verdicts->probe);
	uint64_t looked_ns = ltr_census_info(census)->looked_ns;
	struct ltr_look *look;
	int error;

	if (verdicts->newer.look && looked_ns < verdicts->newer.looked_ns + LTR__SECOND_LOOK_NS)
		return 0;
	error = ltr_look_new_among(census, verdicts->among, verdicts->count, &look);
	if (error)
		return error;
	ltr_look_free(verdicts->older.look);
	verdicts->older = verdicts->newer;
	verdicts->newer = (struct look_at){look, looked_ns};
	return 0;
}

static int judge(struct ltr__verdicts *verdicts)
{
	const struct ltr_census *census = ltr_probe_census(verdicts->probe);
	struct ltr_judgement *judgement = NULL;
	int error;

	/* without anybody on trial there is no list either, and that would mean all */
	if (!verdicts->among && !(verdicts->among = calloc(1, sizeof(*verdicts->among))))
		return -ENOMEM;
	if (!is_recorded(verdicts)) {
		error = look(verdicts);
		if (error || (verdicts->is_judged && !verdicts->has_locks &&
			      verdicts->signature == verdicts->judged_signature &&
			      ltr_census_info(census)->now_ns < verdicts->again_ns))
			return error;
	} else if (!verdicts->has_looked_back) {
		ltr_look_free(verdicts->older.look);
		verdicts->older = (struct look_at){0};
	}
	verdicts->options.among = verdicts->among;
	verdicts->options.among_count = verdicts->count;
	verdicts->options.earlier = verdicts->older.look;
	error = ltr_judgement_new(&judgement);
	if (!error)
		error = ltr_judge_census(judgement, census, &verdicts->options);
	if (error) {
		ltr_judgement_free(judgement);
		return error;
	}
	error = show(verdicts, judgement);
	verdicts->is_judged = !error;
	verdicts->judged_signature = verdicts->signature;
	return error;
}

void ltr__verdicts_forget(struct ltr__verdicts *verdicts)
{
	verdicts->next = 0;
	verdicts->has_looked_back = false;
}

int ltr__verdicts_go_on(struct ltr__verdicts *verdicts, uint64_t budget_ns,
			const struct ltr_tui_findings **ret_findings)
{
	const struct ltr_census *census = ltr_probe_census(verdicts->probe);
	size_t count = ltr_census_count(census);
	uint64_t start_ns = ltr__now_ns();
	int error = 0;

	if (verdicts->moment_ns != ltr_census_info(census)->now_ns)
		verdicts->has_looked_back = false;
	if (!verdicts->next || verdicts->moment_ns != ltr_census_info(census)->now_ns)
		begin(verdicts);
	while (verdicts->next < count && !error) {
		size_t left = count - verdicts->next;

		error = take(verdicts, verdicts->next + (left < SLICE ? left : SLICE));
		if (!error && ltr__now_ns() - start_ns >= budget_ns)
			return 1;
	}
	verdicts->next = 0;
	if (!error && verdicts->has_locks && is_recorded(verdicts) && !verdicts->has_looked_back) {
		error = look_back(verdicts);
		if (!error)
			return 1; /* all goroutines anew */
	}
	if (!error)
		error = judge(verdicts);
	verdicts->has_looked_back = false;
	if (!error)
		*ret_findings = &verdicts->shown.findings;
	return error;
}
