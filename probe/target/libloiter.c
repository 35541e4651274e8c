// SPDX-License-Identifier: MIT
/*
 * Programs that contain libloiter: what they say of themselves (layout.h), their clock, counters
 * and interned stacks. Their descriptors and stacks are in libloiter_snapshot.c.
 */
#include <errno.h>
#include <stdlib.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "libloiter_private.h"

#define CLOCK_ATTEMPTS 5

/* The counter and the clock, read as close together as an interrupt lets us. */
static void read_clocks(uint32_t clock, uint64_t *ret_ticks, uint64_t *ret_ns)
{
#if defined(__x86_64__)
	uint64_t closest = UINT64_MAX;
	for (int i = 0; clock == LTR_CLOCK_TSC && i < CLOCK_ATTEMPTS; i++) {
		uint64_t before = __rdtsc();
		uint64_t ns = ltr_process_now_ns();
		uint64_t after = __rdtsc();
		if (after - before >= closest)
			continue;
		closest = after - before;
		*ret_ticks = before + (after - before) / 2;
		*ret_ns = ns;
	}
	if (closest != UINT64_MAX)
		return;
#endif
	(void)clock;
	*ret_ns = ltr_process_now_ns();
	*ret_ticks = *ret_ns;
}

/*
 * The rate comes from the moment in the layout and now; conversion starts from now, so that what has
 * just happened is exact however long the program has run.
 */
void ltr__libloiter_rate(void *context, struct ltr_clock_rate *ret_rate)
{
	const struct ltr__libloiter *target = context;
	const struct ltr_layout *layout = &target->layout;
	uint64_t ticks;
	uint64_t ns;

	read_clocks(layout->clock, &ticks, &ns);
	*ret_rate = (struct ltr_clock_rate){ticks, ns, 1.0};
	if (layout->clock == LTR_CLOCK_MONOTONIC)
		return;
	double rate = ((double)ns - (double)layout->clock_ns) /
		      ((double)ticks - (double)layout->clock_ticks);
	/* From 100 MHz to 10 GHz; anything else is no clock of this machine. */
	if (ticks > layout->clock_ticks && rate >= 0.1 && rate <= 10.0)
		ret_rate->ns_per_tick = rate;
}

static const struct ltr_process_map *map_of(const struct ltr_process_maps *maps, uint64_t address)
{
	for (size_t i = 0; i < maps->count; i++)
		if (address >= maps->map[i].start && address < maps->map[i].end)
			return &maps->map[i];
	return NULL;
}

/* Where in which file the probed functions and their semaphores lie. */
static void locate_functions(struct ltr__libloiter *target)
{
	const struct ltr_layout *layout = &target->layout;
	struct ltr_process_maps maps;

	if (!layout->handover || !layout->want_stacks || !layout->watch ||
	    ltr_process_maps(target->process, &maps) < 0)
		return;
	const uint64_t addresses[] = {layout->handover, layout->want_stacks,
				      layout->watch + offsetof(struct ltr_watch, events_kernel),
				      layout->watch + offsetof(struct ltr_watch, stacks_kernel)};
	uint64_t offsets[4];
	const struct ltr_process_map *first = map_of(&maps, addresses[0]);
	bool found = first != NULL;
	for (size_t i = 0; i < 4 && found; i++) {
		const struct ltr_process_map *map = map_of(&maps, addresses[i]);
		found = map && map->inode == first->inode && map->device == first->device &&
			(i < 2 ? map->executable : map->writable);
		if (found)
			offsets[i] = addresses[i] - map->start + map->offset;
	}
	if (found &&
	    ltr__open_path(target->process, first, target->path, sizeof(target->path)) == 0)
		target->offsets = (struct ltr_event_target){.path = target->path,
							    .handover_offset = offsets[0],
							    .want_stacks_offset = offsets[1],
							    .events_semaphore_offset = offsets[2],
							    .stacks_semaphore_offset = offsets[3]};
	ltr_process_maps_done(&maps);
}

static void target_close(void *context)
{
	struct ltr__libloiter *target = context;

	if (!target)
		return;
	ltr__libloiter_step_back(target);
	ltr__words_map_done(&target->sites);
	free(target->selects.all);
	free(target);
}

static int target_open(struct ltr_process *process, void **ret_target, struct ltr_why *ret_why)
{
	struct ltr__libloiter *target = calloc(1, sizeof(*target));
	if (!target)
		return ltr_why_set(ret_why, -ENOMEM, "out of memory");
	target->process = process;
	target->stacks_defined = 1;

	int err = ltr__layout_find(process, &target->address, ret_why);
	if (!err)
		err = ltr__layout_read(process, target->address, &target->layout, ret_why);
	if (err) {
		target_close(target);
		return err;
	}
	locate_functions(target);
	target->note_passes = ltr__notes_passes(target);
	*ret_target = target;
	return 0;
}

static int target_describe(void *context, struct ltr_event_target *ret_what,
			   struct ltr_why *ret_why)
{
	const struct ltr__libloiter *target = context;

	(void)ret_why;
	*ret_what = target->offsets;
	ret_what->layout = &target->layout;
	return 0;
}

/*
 * -ESTALE: a process that has become another program (exec) has no layout here any more, or that of a
 * program which has started at another time. -ESRCH: it is ending, or has ended.
 */
static int check_still_there(const struct ltr__libloiter *target, uint32_t *ret_phase)
{
	struct ltr_layout head;

	int err = ltr_process_read(target->process, target->address, &head,
				   offsetof(struct ltr_layout, coarse_ns));
	if (err == -EFAULT || (!err && (head.magic != LTR_LAYOUT_MAGIC ||
					head.clock_ticks != target->layout.clock_ticks ||
					head.clock_ns != target->layout.clock_ns)))
		return -ESTALE;
	if (!err)
		*ret_phase = head.phase;
	return err;
}

static int target_check(void *context)
{
	uint32_t phase;

	return check_still_there(context, &phase);
}

static int target_counters(void *context, struct ltr_census_info *info)
{
	const struct ltr__libloiter *target = context;
	uint32_t count;
	uint32_t phase;
	uint64_t created = 0;
	uint64_t exited = 0;
	uint32_t threads = 0;

	int err = check_still_there(target, &phase);
	if (!err)
		err = ltr_process_read(target->process, target->layout.ring_count, &count,
				       sizeof(count));
	if (err)
		return err;
	if (count > target->layout.ring_max)
		count = target->layout.ring_max;

	struct ltr_ring *rings = calloc(count ? count : 1, sizeof(*rings));
	if (!rings)
		return -ENOMEM;
	err = ltr_process_read(target->process, target->layout.rings, rings,
			       count * sizeof(*rings));
	for (uint32_t i = 0; i < count; i++) {
		created += rings[i].created;
		exited += rings[i].exited;
		threads += rings[i].tid != 0;
	}
	free(rings);
	if (err)
		return err;
	info->created = created;
	info->exited = exited;
	info->threads = threads;
	info->phase = phase;
	info->processors = target->layout.processors;
	info->coarse_ns = target->layout.coarse_ns;
	return 0;
}

/* Entries below the count are complete; one that makes no sense stays undefined. */
static int define_stacks(struct ltr__libloiter *target, struct ltr_census *census,
			 const struct ltr_stack_entry *entries, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t depth = entries[i].depth;
		uint32_t number = target->stacks_defined + i;
		if (depth == 0 || depth > LTR_STACK_DEPTH_MAX)
			continue;
		int err = ltr_census_define_stack(census, number, entries[i].pcs, depth);
		if (err == -ENOMEM)
			return err;
	}
	target->stacks_defined += count;
	return 0;
}

int ltr__libloiter_stacks(void *context, struct ltr_census *census, uint32_t least)
{
	enum { PIECE = 1024 };
	struct ltr__libloiter *target = context;
	uint32_t count;

	if (least < target->stacks_defined || !target->layout.stacks || !target->layout.stack_count)
		return 0;
	int err = ltr_process_read(target->process, target->layout.stack_count, &count,
				   sizeof(count));
	if (err)
		return err;
	if (count > target->layout.stack_max)
		count = target->layout.stack_max;

	struct ltr_stack_entry *entries = malloc(PIECE * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	while (!err && target->stacks_defined < count) {
		uint32_t first = target->stacks_defined;
		uint32_t piece = count - first < PIECE ? count - first : PIECE;
		err = ltr_process_read(target->process,
				       target->layout.stacks + first * sizeof(*entries), entries,
				       piece * sizeof(*entries));
		if (!err)
			err = define_stacks(target, census, entries, piece);
	}
	free(entries);
	return err;
}

const struct ltr_target_ops ltr__libloiter_target = {
	.name = "libloiter",
	.open = target_open,
	.close = target_close,
	.describe = target_describe,
	.check = target_check,
	.rate = ltr__libloiter_rate,
	.snapshot = ltr__libloiter_snapshot,
	.counters = target_counters,
	.stacks = ltr__libloiter_stacks,
	.reach = ltr__libloiter_reach,
	.step_aside = ltr__libloiter_step_aside,
	.objects = ltr__libloiter_objects,
	.object = ltr__libloiter_object,
	.cases = ltr__libloiter_cases,
};
