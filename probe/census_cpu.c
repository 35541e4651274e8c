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

/* `total` says which; past the bound it loses what would make it another one. */
static int find_total(struct ltr_census *census, struct ltr_cpu_total *total, uint32_t *ret_number)
{
	int err = ltr__grow(&census->cpu, &census->cpu_capacity, census->cpu_count + 1ull,
			    sizeof(*census->cpu));

	if (err)
		return err;
	if (census->cpu_count >= CPU_TOTALS_MAX)
		total->stack = total->site = total->name = total->labels = 0;
	return ltr__intern_add(&census->cpu_keys, total, KEY_BYTES, ret_number);
}

static int add_up(struct ltr_census *census, const struct ltr_cpu_total *total)
{
	struct ltr_cpu_total key = *total;
	uint32_t number;
	int err = find_total(census, &key, &number);

	if (err)
		return err;
	key.samples = 0;
	if (number > census->cpu_count) {
		census->cpu[number - 1] = key;
		census->cpu_count = number;
	}
	census->cpu[number - 1].samples =
		ltr__add_saturated(census->cpu[number - 1].samples, total->samples);
	return 0;
}

int ltr_census_restore_cpu_sample(struct ltr_census *census, const struct ltr_cpu_seen *seen)
{
	int err = add_up(census, &seen->what);

	if (!err && census->steps.sample)
		census->steps.sample(census->steps.context, census, seen);
	return err;
}

int ltr_census_add_cpu_sample(struct ltr_census *census, uint64_t at_ns, uint64_t id, bool in_call,
			      const uint64_t *pcs, size_t depth)
{
	struct ltr_cpu_seen seen = {.at_ns = at_ns, .goroutine_id = id, .what.samples = 1};
	int err = 0;

	if (id)
		seen.what.state = in_call ? LTR_STATE_SYSCALL : LTR_STATE_RUNNING;
	if (census->cpu_count < CPU_TOTALS_MAX) {
		describe(census, id, &seen.what);
		err = intern_stack(census, pcs, depth, &seen.what.stack);
	}
	if (!err)
		err = ltr_census_restore_cpu_sample(census, &seen);
	if (!err)
		LTR__TAP(census, cpu_sample, &seen);
	return err;
}

size_t ltr_census_cpu_count(const struct ltr_census *census)
{
	return census->cpu_count;
}

const struct ltr_cpu_total *ltr_census_cpu(const struct ltr_census *census, size_t index)
{
	return index < census->cpu_count ? &census->cpu[index] : NULL;
}
