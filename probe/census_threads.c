// SPDX-License-Identifier: MIT
/*
 * What the kernel says of the threads of goroutines. Each look replaces the one before; an entry counts
 * as long as its goroutine makes no transition.
 */
#include <errno.h>
#include <stdlib.h>

#include "census_private.h"

const char *ltr_thread_state_name(uint8_t state)
{
	switch (state) {
	case LTR_THREAD_ON_CPU:
		return "on CPU";
	case LTR_THREAD_READY:
		return "ready";
	case LTR_THREAD_ACTIVE:
		return "active";
	case LTR_THREAD_ASLEEP:
		return "asleep";
	case LTR_THREAD_BLOCKED:
		return "blocked";
	case LTR_THREAD_STOPPED:
		return "stopped";
	default:
		return "?";
	}
}

static int compare(const void *a, const void *b)
{
	const struct ltr_thread *x = a;
	const struct ltr_thread *y = b;

	return ltr__compare(x->goroutine_id, y->goroutine_id);
}

#define THREADS_MAX 65536u

static void sort(struct ltr_census *census)
{
	if (census->thread_count > 1)
		qsort(census->threads, census->thread_count, sizeof(*census->threads), compare);
}

static bool fits(const struct ltr_goroutine *goroutine, bool in_call)
{
	return goroutine && goroutine->state == (in_call ? LTR_STATE_SYSCALL : LTR_STATE_RUNNING);
}

int ltr_census_set_threads(struct ltr_census *census, const struct ltr_thread *threads,
			   const bool *in_call, size_t count)
{
	int err = ltr__grow(&census->threads, &census->thread_capacity, count,
			    sizeof(*census->threads));

	if (err)
		return err;
	census->thread_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct ltr_goroutine *goroutine =
			ltr_census_find(census, threads[i].goroutine_id);
		struct ltr_thread *thread = &census->threads[census->thread_count];

		if (!fits(goroutine, in_call[i]))
			continue;
		*thread = threads[i];
		thread->transitions = goroutine->transitions;
		census->thread_count++;
	}
	sort(census);
	LTR__TAP(census, set_threads, census->threads, census->thread_count);
	return 0;
}

int ltr_census_restore_threads(struct ltr_census *census, const struct ltr_thread *threads,
			       size_t count, bool first)
{
	uint32_t known = first ? 0 : census->thread_count;

	if (known > THREADS_MAX || count > THREADS_MAX - known)
		return -E2BIG;
	int err = ltr__grow(&census->threads, &census->thread_capacity, known + count,
			    sizeof(*census->threads));
	if (err)
		return err;
	for (size_t i = 0; i < count; i++)
		census->threads[known + i] = threads[i];
	census->thread_count = known + (uint32_t)count;
	sort(census);
	return 0;
}

size_t ltr_census_thread_count(const struct ltr_census *census)
{
	return census->thread_count;
}

const struct ltr_thread *ltr_census_thread(const struct ltr_census *census, size_t index)
{
	return index < census->thread_count ? &census->threads[index] : NULL;
}

const struct ltr_thread *ltr_census_thread_of(const struct ltr_census *census,
					      const struct ltr_goroutine *goroutine)
{
	const struct ltr_thread key = {.goroutine_id = goroutine->id};
	const struct ltr_thread *thread =
		census->thread_count ? bsearch(&key, census->threads, census->thread_count,
					       sizeof(*census->threads), compare)
				     : NULL;

	return thread && thread->transitions == goroutine->transitions ? thread : NULL;
}
