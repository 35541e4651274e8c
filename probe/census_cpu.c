// SPDX-License-Identifier: MIT
/*
 * Samples of the CPUs, added up by (stack, what is known of the goroutine). Keys are interned like all
 * other contents of a census; the total of key number n is cpu[n - 1]. A program whose stacks never
 * repeat cannot fill our memory: past CPU_TOTALS_MAX, what is new is added up without its stack.
 */
#include <string.h>

#include "census_private.h"

#define CPU_TOTALS_MAX (1u << 18)
#define CPU_FRAMES_MAX 128u

#define KEY_BYTES offsetof(struct ltr_cpu_total, samples)

_Static_assert(KEY_BYTES == 6 * sizeof(uint32_t), "a key has no padding");

/* Everybody looks at the instruction before an address of a stack; of the first one, that is itself. */
static int intern_stack(struct ltr_census *census, const uint64_t *pcs, size_t depth,
			uint32_t *ret_stack)
{
	uint64_t calls[CPU_FRAMES_MAX];

	if (depth > CPU_FRAMES_MAX)
		depth = CPU_FRAMES_MAX;
	if (depth > 0) {
		memcpy(calls, pcs, depth * sizeof(*pcs));
		calls[0]++;
	}
	return ltr_census_intern_stack(census, calls, depth, ret_stack);
}

static void describe(const struct ltr_census *census, uint64_t id, struct ltr_cpu_total *total)
{
	const struct ltr_goroutine *goroutine = id ? ltr_census_find(census, id) : NULL;

	if (!goroutine)
		return;
	total->site = goroutine->site;
	total->name = goroutine->name;
	total->labels = goroutine->labels;
}

int ltr_census_add_cpu_sample(struct ltr_census *census, uint64_t id, bool in_call,
			      const uint64_t *pcs, size_t depth)
{
	struct ltr_cpu_total total = {0};
	uint32_t number;
	int err = ltr__grow(&census->cpu, &census->cpu_capacity, census->cpu_count + 1ull,
			    sizeof(*census->cpu));

	if (err)
		return err;
	if (id)
		total.state = in_call ? LTR_STATE_SYSCALL : LTR_STATE_RUNNING;
	describe(census, id, &total);
	if (census->cpu_count < CPU_TOTALS_MAX)
		err = intern_stack(census, pcs, depth, &total.stack);
	else
		total.site = total.name = total.labels = 0;
	if (!err)
		err = ltr__intern_add(&census->cpu_keys, &total, KEY_BYTES, &number);
	if (err)
		return err;
	if (number > census->cpu_count) {
		census->cpu[number - 1] = total;
		census->cpu_count = number;
	}
	census->cpu[number - 1].samples++;
	return 0;
}

size_t ltr_census_cpu_count(const struct ltr_census *census)
{
	return census->cpu_count;
}

const struct ltr_cpu_total *ltr_census_cpu(const struct ltr_census *census, size_t index)
{
	return index < census->cpu_count ? &census->cpu[index] : NULL;
}
