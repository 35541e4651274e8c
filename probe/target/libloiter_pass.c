// SPDX-License-Identifier: MIT
/*
 * One reading of a libloiter program, for who looks for references to what its goroutines wait on.
 *
 * One that stops nobody reads in this order: descriptors; stacks of those that can go on; all memory;
 * descriptors again; all stacks. Whoever moved meanwhile can go on, and its whole stack counts, used or
 * not. So a pointer is missed only if it goes from where was not yet read to where was read already,
 * and back, within one pass. Of a process that stands everything is read once.
 */
#include <errno.h>
#include <stdlib.h>

#include "libloiter_proof.h"

/* Whoever is not as it was can go on, and nothing is known of its stack. */
static void distrust_moved(const struct ltr__population *before, struct ltr__population *after)
{
	size_t j = 0;

	for (size_t i = 0; i < after->count; i++) {
		struct ltr_reach_goroutine *now = &after->goroutines[i];

		while (j < before->count && before->goroutines[j].id < now->id)
			j++;
		if (j < before->count && before->goroutines[j].id == now->id &&
		    before->goroutines[j].sequence == now->sequence &&
		    before->goroutines[j].candidate == now->candidate)
			continue;
		now->candidate = false;
		now->saved_sp = 0;
	}
}

/* The stacks of those that can go on, before memory is read. */
static int read_early(struct ltr_reach *reach, const struct ltr__population *population)
{
	struct ltr_reach_goroutine *roots = calloc(population->count + 1, sizeof(*roots));
	size_t count = 0;
	int err;

	if (!roots)
		return -ENOMEM;
	for (size_t i = 0; i < population->count; i++)
		if (!population->goroutines[i].candidate)
			roots[count++] = population->goroutines[i];
	err = ltr_reach_read_stacks(reach, roots, count);
	free(roots);
	return err;
}

/* Whom the pass before has reached, or did not see as it is now, is not asked about any more. */
static void keep_suspects(const struct ltr__pass *pass, struct ltr__population *population)
{
	size_t j = 0;

	for (size_t i = 0; i < population->count; i++) {
		struct ltr_reach_goroutine *now = &population->goroutines[i];
		const struct ltr__suspect *suspect = &pass->suspects[j];

		while (j < pass->suspect_count && suspect->id < now->id)
			suspect = &pass->suspects[++j];
		if (j == pass->suspect_count || suspect->id != now->id ||
		    suspect->sequence != now->sequence || suspect->object != now->object)
			now->candidate = false;
	}
}

static int read_memory(struct ltr__pass *pass, bool first, struct ltr_why *why)
{
	if (first)
		return ltr_reach_read(pass->reach, pass->own.skip, pass->own.skip_count, why);
	return ltr_reach_read_again(pass->reach, pass->own.skip, pass->own.skip_count, why);
}

static int add_registers(struct ltr_reach *reach, const struct ltr_reach_stop *stop)
{
	size_t count;
	const uint64_t *words = ltr_reach_stop_words(stop, &count);

	return ltr_reach_add_words(reach, words, count);
}

static int read_running(struct ltr__pass *pass, bool first, struct ltr_why *why)
{
	struct ltr__population *before = &pass->before;
	struct ltr__population *after = &pass->after;
	int err = ltr__population_read(pass->target, pass->most_bytes, before);

	if (!err)
		err = ltr__own_find(&pass->own, pass->target, before->some_call);
	if (!err)
		err = read_early(pass->reach, before);
	if (!err)
		err = read_memory(pass, first, why);
	if (!err)
		err = ltr__population_read(pass->target, pass->most_bytes, after);
	if (!err && after->some_call && !before->some_call)
		err = -EAGAIN;
	if (!err)
		distrust_moved(before, after);
	return err;
}

static int read_stopped(struct ltr__pass *pass, bool first, struct ltr_why *why)
{
	struct ltr__population *population = &pass->after;
	int err = ltr__population_read(pass->target, pass->most_bytes, population);

	if (!err)
		err = ltr__own_find(&pass->own, pass->target, population->some_call);
	if (!err)
		err = add_registers(pass->reach, pass->stop);
	return err ? err : read_memory(pass, first, why);
}

int ltr__pass_read(struct ltr__pass *pass, struct ltr_why *why)
{
	struct ltr__population population = pass->population;
	bool first = !pass->reach;
	int err = 0;

	if (first)
		err = ltr_reach_new(pass->target->process, pass->most_bytes, &pass->reach);
	if (!err && first && pass->watch_writes)
		/* or it reads everything again */
		(void)ltr_reach_watch_writes(pass->reach, pass->target->layout.monitor_words);
	if (!err)
		err = pass->stop ? read_stopped(pass, first, why) : read_running(pass, first, why);
	if (!err && !first)
		keep_suspects(pass, &pass->after);
	if (!err)
		err = ltr_reach_read_stacks(pass->reach, pass->after.goroutines, pass->after.count);
	if (err && first)
		pass->reach = ltr_reach_free(pass->reach);
	else if (err == -EAGAIN && ltr_reach_forget(pass->reach) < 0)
		err = -ENOMEM;
	if (err)
		return err;
	pass->population = pass->after;
	pass->after = population;
	return 0;
}

void ltr__pass_done(struct ltr__pass *pass)
{
	ltr_reach_free(pass->reach);
	ltr__own_done(&pass->own);
	ltr__population_done(&pass->before);
	ltr__population_done(&pass->after);
	ltr__population_done(&pass->population);
}
