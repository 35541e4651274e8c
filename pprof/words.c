/* SPDX-License-Identifier: MIT */

/*
 * The vocabulary that all forms of output share (words.h).
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "words.h"

#define MINUTE_NS 60000000000ull

const char *ltr__go_status(uint8_t state, uint8_t reason)
{
	switch (state) {
	case LTR_STATE_QUEUED:
		return "runnable";
	case LTR_STATE_EXITED:
		return "dead";
	case LTR_STATE_RUNNING:
		return "running";
	default:
		if (reason != LTR_REASON_NONE && reason < LTR_REASON_COUNT)
			return ltr_reason_name(reason);
		return state < LTR_STATE_COUNT ? ltr_state_name(state) : "unknown";
	}
}

uint64_t ltr__wait_minutes(const struct ltr_census *census, const struct ltr_goroutine *goroutine)
{
	if (goroutine->state == LTR_STATE_QUEUED || goroutine->state == LTR_STATE_RUNNING)
		return 0;
	return ltr_census_age_ns(census, goroutine) / MINUTE_NS;
}

void ltr__loss_text(const struct ltr_census *census, char out[LTR__LOSS_BYTES])
{
	const struct ltr_census_info *info = ltr_census_info(census);
	size_t unsure = 0;

	for (size_t i = 0; i < ltr_census_count(census); i++)
		unsure += (ltr_census_at(census, i)->flags & LTR_IS_UNSURE) != 0;
	out[0] = '\0';
	if (info->lost == 0 && info->unreadable == 0 && unsure == 0 && !info->cut)
		return;
	snprintf(out, LTR__LOSS_BYTES,
		 "loiter: not the whole truth: %" PRIu64 " records lost, %zu goroutines unsure, "
		 "%" PRIu64 " descriptors or stacks unreadable%s",
		 info->lost, unsure, info->unreadable,
		 info->cut ? ", the end of the recording missing" : "");
}

const struct ltr_symbol *ltr__pprof_visible(const struct ltr_symbol *symbol, bool runtime_frames)
{
	const struct ltr_symbol *visible = symbol;

	if (runtime_frames)
		return symbol;
	while (visible && visible->is_runtime)
		visible = visible->outer;
	return visible ? visible : symbol;
}

static bool is_runtime(const struct ltr_census *census, uint64_t pc)
{
	return ltr__pprof_visible(ltr_census_call_symbol(census, pc), false)->is_runtime;
}

const uint64_t *ltr__pprof_frames(const struct ltr_census *census, uint32_t stack,
				  bool runtime_frames, size_t *ret_count)
{
	size_t depth = 0;
	const uint64_t *pcs = ltr_census_stack(census, stack, &depth);
	size_t first = 0;
	size_t end;

	if (!pcs)
		depth = 0;
	end = depth;
	if (depth > 0 && !runtime_frames) {
		first = ltr_census_first_frame(census, stack);
		while (end > first && is_runtime(census, pcs[end - 1]))
			end--;
	}
	if (first == end) {
		first = 0;
		end = depth;
	}
	*ret_count = end - first;
	return pcs ? pcs + first : NULL;
}

static int by_id(const void *a, const void *b)
{
	const struct ltr_goroutine *const *goroutine_a = a;
	const struct ltr_goroutine *const *goroutine_b = b;

	return ((*goroutine_a)->id > (*goroutine_b)->id) -
	       ((*goroutine_a)->id < (*goroutine_b)->id);
}

int ltr__goroutines_by_id(const struct ltr_census *census,
			  const struct ltr_goroutine ***ret_goroutines)
{
	size_t count = ltr_census_count(census);
	const struct ltr_goroutine **goroutines = calloc(count + 1, sizeof(const void *));

	if (!goroutines)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		goroutines[i] = ltr_census_at(census, i);
	qsort(goroutines, count, sizeof(*goroutines), by_id);
	*ret_goroutines = goroutines;
	return 0;
}

const char *ltr__pprof_file_of(const struct ltr_census *census, const struct ltr_symbol *symbol)
{
	if (symbol->file[0])
		return symbol->file;
	if (symbol->module < ltr_census_module_count(census))
		return ltr_census_module(census, symbol->module)->path;
	return "?";
}
