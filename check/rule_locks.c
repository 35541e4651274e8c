/* SPDX-License-Identifier: MIT */
/*
 * deadlock, by locks: goroutines that wait for each other, or for one that has ended. One rule for
 * each pattern that has a name of its own, so that reports can say it; the first of them looks for
 * all. Nothing has to be known of the rest of the program, so it holds while the program runs, and for
 * daemons and the main goroutine too.
 *
 * Whoever waits behind those is not found again by a weaker rule: it goes on when they do.
 *
 * leaked, by a lock: the holder has been found to wait for ever by a stronger rule, which was asked
 * before; so does who waits for it.
 */

#include <errno.h>
#include <stdlib.h>

#include <loiter/layout.h>

#include "internal.h"
#include "locks.h"

/* What the search works with; arrays by goroutine of the graph. */
struct search {
	struct ltr__trial *trial;
	struct ltr__lock_waits waits;
	uint32_t *cycle;
	uint32_t *path;
	uint32_t *scratch;
	uint32_t *marks; /* index of the claim that it waits behind, plus 1 */
};

static const struct ltr_goroutine *goroutine_of(const struct search *search, uint32_t wait)
{
	return ltr_census_at(search->waits.census, search->waits.wait[wait].index);
}

/* Claim for a rule which goroutine `holder_id` keeps waiting; returns the claim, NULL: it has one. */
static struct ltr__claim *claim(struct search *search, const struct ltr_rule *rule, uint32_t wait,
				uint64_t holder_id)
{
	struct ltr__trial *trial = search->trial;
	const struct ltr__lock_wait *at = &search->waits.wait[wait];
	const struct ltr_lock *lock = ltr_census_lock(trial->census, at->lock);
	uint32_t writer = search->waits.writer[at->lock];
	const struct ltr_rule *asked = trial->rule;
	size_t count = trial->claim_count;
	struct ltr__claim *made;

	trial->rule = rule;
	ltr__trial_claim(trial, at->index);
	trial->rule = asked;
	if (trial->claim_count == count)
		return NULL;
	made = &trial->claims[count];
	made->holder_id = holder_id;
	if (!lock->owner_id && writer != LTR__NOBODY &&
	    made->goroutine->reason == LTR_REASON_RWMUTEX_RLOCK)
		made->writer_id = search->waits.wait[writer].id;
	search->marks[wait] = (uint32_t)count + 1;
	return made;
}

static const struct ltr_rule *rule_of(const struct search *search, uint32_t length)
{
	uint32_t first = search->path[0];
	const struct ltr_lock *lock =
		ltr_census_lock(search->waits.census, search->waits.wait[first].lock);

	if (length > 2)
		return &ltr__rule_lock_cycle;
	if (length == 2)
		return &ltr__rule_lock_order;
	switch (goroutine_of(search, first)->reason) {
	case LTR_REASON_ONCE_DO:
		return &ltr__rule_once_in_once;
	case LTR_REASON_RWMUTEX_RLOCK:
		return lock->owner_id ? &ltr__rule_double_lock : &ltr__rule_read_write_read;
	case LTR_REASON_RWMUTEX_LOCK:
		return lock->owner_id ? &ltr__rule_double_lock : &ltr__rule_lock_upgrade;
	default:
		return &ltr__rule_double_lock;
	}
}

static bool holds_what_it_waits_for(const struct ltr__waitfor *graph, uint32_t wait)
{
	uint32_t lock = graph->waits[wait];

	if (lock == LTR__NOBODY)
		return false;
	for (uint32_t i = graph->holders_at[lock]; i < graph->holders_at[lock + 1]; i++)
		if (graph->holders[i] == wait)
			return true;
	return false;
}

/* The cycle that goroutine `first` is in: the way back to it, and the others, who wait behind. */
static void claim_cycle(struct search *search, uint32_t first, uint32_t group)
{
	uint32_t length = ltr__waitfor_path(&search->waits.graph, search->cycle, first,
					    search->scratch, search->path);
	const struct ltr_rule *rule = rule_of(search, length);

	for (uint32_t i = 0; i < length; i++) {
		uint32_t next = search->path[(i + 1) % length];
		struct ltr__claim *made =
			claim(search, rule, search->path[i], search->waits.wait[next].id);

		if (made && length > 1) {
			made->group = group;
			made->rank = i;
		}
	}
}

static int claim_cycles(struct search *search)
{
	const struct ltr__waitfor *graph = &search->waits.graph;
	uint32_t cycles;
	int error = ltr__waitfor_cycles(graph, search->cycle, &cycles);
	/* By cycle: done, because it was shown already. */
	bool *is_done = error ? NULL : calloc((size_t)cycles + 1, sizeof(*is_done));

	if (!error && !is_done)
		error = -ENOMEM;
	/* Who has locked twice says it most plainly; then whoever has the lowest id begins. */
	for (int twice = 1; !error && twice >= 0; twice--)
		for (uint32_t i = 0; i < graph->goroutines; i++) {
			uint32_t cycle = search->cycle[i];

			if (!cycle || is_done[cycle] ||
			    (twice && !holds_what_it_waits_for(graph, i)))
				continue;
			is_done[cycle] = true;
			claim_cycle(search, i, cycle);
		}
	free(is_done);
	return error;
}

static void claim_abandoned(struct search *search)
{
	const struct ltr__lock_waits *waits = &search->waits;

	for (uint32_t i = 0; i < waits->graph.goroutines; i++)
		if (waits->graph.waits[i] != LTR__NOBODY &&
		    ltr__lock_is_abandoned(waits, waits->graph.waits[i]))
			claim(search, &ltr__rule_abandoned_lock, i,
			      ltr_census_lock(waits->census, waits->graph.waits[i])->owner_id);
}

/* Those that wait behind somebody claimed are not there any more for other rules. */
static int claim_behind(struct search *search)
{
	int error = ltr__waitfor_spread(&search->waits.graph, search->marks);

	for (uint32_t i = 0; !error && i < search->waits.graph.goroutines; i++) {
		const struct ltr__lock_wait *wait = &search->waits.wait[i];
		struct ltr__claim *front;

		if (!search->marks[i] || search->trial->claimed[wait->index])
			continue;
		search->trial->claimed[wait->index] = true;
		front = &search->trial->claims[search->marks[i] - 1];
		if (!front->behind++)
			front->behind_id = wait->id;
	}
	return error;
}

static void search_done(struct search *search)
{
	ltr__lock_waits_done(&search->waits);
	free(search->cycle);
	free(search->path);
	free(search->scratch);
	free(search->marks);
}

static int search_begin(struct search *search, struct ltr__trial *trial,
			const struct ltr_look *earlier)
{
	int error;
	size_t count;

	*search = (struct search){.trial = trial};
	error = ltr__lock_waits_new(trial->census, earlier, trial->options->among,
				    trial->options->among_count, &search->waits);
	if (error)
		return error;
	count = (size_t)search->waits.graph.goroutines + 1;
	search->cycle = calloc(count, sizeof(*search->cycle));
	search->path = calloc(count, sizeof(*search->path));
	search->marks = calloc(count, sizeof(*search->marks));
	search->scratch = calloc(count + search->waits.graph.objects, sizeof(*search->scratch));
	if (search->cycle && search->path && search->marks && search->scratch)
		return 0;
	search_done(search);
	return -ENOMEM;
}

/* There are two looks, or the program stands. */
static bool can_tell(const struct ltr__trial *trial)
{
	return trial->options->earlier || trial->info->phase == LTR_PHASE_DEADLOCK;
}

static int locks_check(struct ltr__trial *trial)
{
	struct search search;
	int error;

	if (!can_tell(trial))
		return 0;
	error = search_begin(&search, trial, trial->options->earlier);
	if (error)
		return error;
	error = claim_cycles(&search);
	if (!error) {
		claim_abandoned(&search);
		error = claim_behind(&search);
	}
	search_done(&search);
	return error;
}

/* Was found by the first of them. */
static int found_already(struct ltr__trial *trial)
{
	(void)trial;
	return 0;
}

/* --- leaked ------------------------------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Ids of those who were found to have leaked, in order. */
static int list_leaked(const struct ltr__trial *trial, uint64_t **ret_ids, size_t *ret_count)
{
	uint64_t *ids = calloc(trial->claim_count + 1, sizeof(*ids));
	size_t count = 0;

	if (!ids)
		return -ENOMEM;
	for (size_t i = 0; i < trial->claim_count; i++)
		if (trial->claims[i].rule->grade == LTR_GRADE_LEAKED)
			ids[count++] = trial->claims[i].goroutine->id;
	if (count > 1)
		qsort(ids, count, sizeof(*ids), compare_ids);
	*ret_ids = ids;
	*ret_count = count;
	return 0;
}

/* Is the owner of the lock one of `ids`? */
static bool is_held_by(const struct ltr_lock *lock, const uint64_t *ids, size_t count)
{
	return lock->owner_id && !lock->stray_unlock &&
	       bsearch(&lock->owner_id, ids, count, sizeof(*ids), compare_ids);
}

/* Owners only: there may be more readers than are known. */
static int held_for_ever_check(struct ltr__trial *trial)
{
	struct search search;
	uint64_t *ids = NULL;
	size_t count = 0;
	int error;

	if (!can_tell(trial))
		return 0;
	error = list_leaked(trial, &ids, &count);
	if (!error && count)
		error = search_begin(&search, trial, trial->options->earlier);
	if (!error && count) {
		for (uint32_t i = 0; i < search.waits.graph.goroutines; i++) {
			const struct ltr_lock *lock =
				ltr_census_lock(trial->census, search.waits.wait[i].lock);

			if (search.waits.is_settled[search.waits.wait[i].lock] &&
			    is_held_by(lock, ids, count))
				claim(&search, trial->rule, i, lock->owner_id);
		}
		error = claim_behind(&search);
		search_done(&search);
	}
	free(ids);
	return error;
}

/* --- words -------------------------------------------------------------------------------------- */

static void print_deadlock(uint64_t count, const char *one, const char *several, FILE *out)
{
	fputs("deadlock: ", out);
	ltr__print_count(count, "goroutine", out);
	fprintf(out, " %s", count == 1 ? one : several);
}

static void double_lock_summary(uint64_t count, FILE *out)
{
	print_deadlock(count, "waits for a lock that it holds itself",
		       "wait for a lock that they hold themselves", out);
}

static void double_lock_explain(const struct ltr_finding *finding, FILE *out)
{
	(void)finding;
	fputs("it has locked it and not unlocked it, and locks are not recursive", out);
}

static void once_in_once_summary(uint64_t count, FILE *out)
{
	print_deadlock(count, "waits for a Once inside its function",
		       "wait for a Once inside its function", out);
}

static void once_in_once_explain(const struct ltr_finding *finding, FILE *out)
{
	(void)finding;
	fputs("it runs the function that it waits for to return", out);
}

static void read_write_read_summary(uint64_t count, FILE *out)
{
	print_deadlock(count, "reads, and reads again behind a writer",
		       "read, and read again behind a writer", out);
}

static void read_write_read_explain(const struct ltr_finding *finding, FILE *out)
{
	(void)finding;
	fputs("it reads already; a writer waits for that to end, and stops new readers", out);
}

static void lock_upgrade_summary(uint64_t count, FILE *out)
{
	print_deadlock(count, "waits to write what it holds for reading",
		       "wait to write what they hold for reading", out);
}

static void lock_upgrade_explain(const struct ltr_finding *finding, FILE *out)
{
	(void)finding;
	fputs("a writer waits until nobody reads, and it reads itself", out);
}

static void lock_order_summary(uint64_t count, FILE *out)
{
	print_deadlock(count, "waits in a pair", "wait for each other's lock", out);
}

static void lock_order_explain(const struct ltr_finding *finding, FILE *out)
{
	(void)finding;
	fputs("AB-BA: each of the two holds the lock that the other one waits for", out);
}

static void lock_cycle_summary(uint64_t count, FILE *out)
{
	print_deadlock(count, "waits in a circle", "wait for each other's locks in a circle", out);
}

static void lock_cycle_explain(const struct ltr_finding *finding, FILE *out)
{
	(void)finding;
	fputs("each holds what the one before it waits for, and the last what the first one does",
	      out);
}

static void abandoned_lock_summary(uint64_t count, FILE *out)
{
	print_deadlock(count, "waits for a lock whose holder has ended",
		       "wait for a lock whose holder has ended", out);
}

static void abandoned_lock_explain(const struct ltr_finding *finding, FILE *out)
{
	(void)finding;
	fputs("the goroutine that has locked it ended without unlocking it", out);
}

static void held_for_ever_summary(uint64_t count, FILE *out)
{
	ltr__print_count(count, "goroutine", out);
	fputs(" leaked behind a lock", out);
}

static void held_for_ever_explain(const struct ltr_finding *finding, FILE *out)
{
	(void)finding;
	fputs("the goroutine that holds the lock waits for ever itself", out);
}

/* Cycles. */
#define RULE(variable, name_, check_, words)           \
	const struct ltr_rule ltr__rule_##variable = { \
		.name = (name_),                       \
		.grade = LTR_GRADE_DEADLOCK,           \
		.check = (check_),                     \
		.shows_lock = true,                    \
		.summary = words##_summary,            \
		.explain = words##_explain,            \
	}

RULE(double_lock, "double-lock", locks_check, double_lock);
RULE(once_in_once, "once-in-once", found_already, once_in_once);
RULE(read_write_read, "reader-writer-reader", found_already, read_write_read);
RULE(lock_upgrade, "lock-upgrade", found_already, lock_upgrade);
RULE(lock_order, "lock-order", found_already, lock_order);
RULE(lock_cycle, "lock-cycle", found_already, lock_cycle);

const struct ltr_rule ltr__rule_abandoned_lock = {
	.name = "abandoned-lock",
	.grade = LTR_GRADE_DEADLOCK,
	.check = found_already,
	.shows_lock = true,
	.by_others = true,
	.summary = abandoned_lock_summary,
	.explain = abandoned_lock_explain,
};

const struct ltr_rule ltr__rule_held_for_ever = {
	.name = "held-for-ever",
	.grade = LTR_GRADE_LEAKED,
	.check = held_for_ever_check,
	.shows_lock = true,
	.by_others = true,
	.by_references = true,
	.summary = held_for_ever_summary,
	.explain = held_for_ever_explain,
};
