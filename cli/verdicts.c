/* SPDX-License-Identifier: MIT */
/* Judging for the screen, slice by slice. */
#include "verdicts_private.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <loiter/layout.h>
#include <probe/timeline.h>

#include "cli.h"
#include "second_look.h"

#define SLICE 4096 /* goroutines between looks at the clock */

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

struct ltr__verdicts *ltr__verdicts_free(struct ltr__verdicts *verdicts)
{
	if (!verdicts)
		return NULL;
	ltr__shown_done(&verdicts->shown);
	ltr_judgement_free(verdicts->judgement);
	ltr_look_free(verdicts->older.look);
	ltr_look_free(verdicts->newer.look);
	free(verdicts->among);
	free(verdicts);
	return NULL;
}

static void begin(struct ltr__verdicts *verdicts)
{
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(verdicts->probe));

	verdicts->next = 0;
	verdicts->moment_ns = info->now_ns;
	verdicts->count = 0;
	verdicts->has_locks = false;
	verdicts->options.alive = info->phase == LTR_PHASE_RUNNING && !info->gone;
	verdicts->signature =
		ltr__mix(ltr__mix(ltr__mix(info->phase, info->lost), info->unreadable), info->gone);
	verdicts->signature = ltr__mix(verdicts->signature, info->reach.elapsed_ns);
	verdicts->signature = ltr__mix(verdicts->signature, info->cut);
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
	verdicts->signature = ltr__mix(ltr__mix(verdicts->signature, goroutine->id),
				       (uint64_t)goroutine->transitions << 16 | goroutine->flags);
	/* what a snapshot learns of it later */
	verdicts->signature =
		ltr__mix(ltr__mix(verdicts->signature, goroutine->stack), goroutine->entry_pc);
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
 * moment, as second_look.h wants it. The census shows the same moment afterwards, but indices are
 * void.
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
	verdicts->older = (struct ltr__look_at){0};
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
	verdicts->newer = (struct ltr__look_at){look, looked_ns};
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
	if (!ltr__verdicts_is_recorded(verdicts)) {
		error = look(verdicts);
		if (error || (verdicts->is_judged && !verdicts->has_locks &&
			      verdicts->signature == verdicts->judged_signature &&
			      ltr_census_info(census)->now_ns < verdicts->again_ns))
			return error;
	} else if (!verdicts->has_looked_back) {
		ltr_look_free(verdicts->older.look);
		verdicts->older = (struct ltr__look_at){0};
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
	error = ltr__verdicts_show(verdicts, judgement);
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
	if (!error && verdicts->has_locks && ltr__verdicts_is_recorded(verdicts) &&
	    !verdicts->has_looked_back) {
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
