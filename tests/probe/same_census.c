// SPDX-License-Identifier: MIT
#include "same_census.h"

#include "census_fill.h"
#include "testing.h"

bool census_same_stack(const struct ltr_census *a, uint32_t stack_a, const struct ltr_census *b,
		       uint32_t stack_b)
{
	size_t depth_a;
	size_t depth_b;
	const uint64_t *pcs_a = ltr_census_stack(a, stack_a, &depth_a);
	const uint64_t *pcs_b = ltr_census_stack(b, stack_b, &depth_b);

	return depth_a == depth_b && (depth_a == 0 || !memcmp(pcs_a, pcs_b, depth_a * 8));
}

static void print_stack(const char *who, const struct ltr_census *census, uint32_t stack)
{
	size_t depth;
	const uint64_t *pcs = ltr_census_stack(census, stack, &depth);

	print_message("%s %u:", who, stack);
	for (size_t i = 0; i < depth; i++)
		print_message(" %llx", (unsigned long long)pcs[i]);
	print_message("\n");
}

/* Says of each goroutine of one census that the other does not have what is known of it. */
static void print_missing(const char *who, const struct ltr_census *has,
			  const struct ltr_census *lacks)
{
	for (size_t i = 0; i < ltr_census_count(has); i++) {
		const struct ltr_goroutine *is = ltr_census_at(has, i);
		if (ltr_census_find(lacks, is->id))
			continue;
		print_message("only in %s: %llu %s %s, %u transitions, flags %x, since %lld ns\n",
			      who, (unsigned long long)is->id, ltr_state_name(is->state),
			      ltr_reason_name(is->reason), is->transitions, is->flags,
			      (long long)(is->since_ns - ltr_census_info(has)->started_ns));
	}
}

const char *census_difference(const struct ltr_census *a, const struct ltr_census *b, bool stacks,
			      bool tell)
{
	if (ltr_census_is_unsure(a))
		return "not sure yet";
	if (ltr_census_count(a) != ltr_census_count(b)) {
		if (tell) {
			print_missing("events", a, b);
			print_missing("snapshot", b, a);
			print_message("%llu lost\n", (unsigned long long)ltr_census_info(a)->lost);
		}
		return "count";
	}
	if (memcmp(ltr_census_info(a)->by_state, ltr_census_info(b)->by_state,
		   sizeof(ltr_census_info(a)->by_state)) != 0)
		return "counts by state";
	if (ltr_census_info(a)->created != ltr_census_info(b)->created ||
	    ltr_census_info(a)->exited != ltr_census_info(b)->exited)
		return "created and exited";
	for (size_t i = 0; i < ltr_census_count(b); i++) {
		const struct ltr_goroutine *is = ltr_census_at(b, i);
		const struct ltr_goroutine *kept = ltr_census_find(a, is->id);
		if (!kept)
			return "a goroutine";
		if (kept->transitions != is->transitions)
			return "transitions";
		if (kept->state != is->state || kept->reason != is->reason)
			return "state";
		if (kept->object != is->object)
			return "object";
		if (kept->parent_id != is->parent_id)
			return "parent";
		if (kept->creation_pc != is->creation_pc)
			return "creation pc";
		if (kept->waker_id != is->waker_id)
			return "waker";
		if ((stacks || kept->stack) && !census_same_stack(a, kept->stack, b, is->stack)) {
			if (tell) {
				print_message("%llu %s %s\n", (unsigned long long)is->id,
					      ltr_state_name(is->state),
					      ltr_reason_name(is->reason));
				print_stack("events", a, kept->stack);
				print_stack("snapshot", b, is->stack);
			}
			return "stack";
		}
		/* Clocks are converted anew each time, so equal is too much to ask. */
		if (kept->since_ns == 0 || kept->since_ns > ltr_census_info(b)->now_ns)
			return "since";
	}
	return NULL;
}
