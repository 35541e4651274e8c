/* SPDX-License-Identifier: MIT */
/*
 * Marking. Work is a stack of ranges of the copy whose words count; a word that leads to a block that
 * is not marked, or to the stack of a candidate that is not reached, adds a range. Each block and
 * each candidate does so once, so it ends whatever the bytes are.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

/* Tags in the highest bits are cut off: user space ends below. */
#define ADDRESS_MASK 0x00007fffffffffffull

struct range {
	const unsigned char *bytes;
	size_t count;
};

struct marker {
	struct ltr_reach *reach;
	struct ltr_reach_goroutine *goroutines;
	size_t count;

	/* The areas that words may lead to, in order of addresses. */
	struct ltr__area **targets;
	size_t target_count;
	struct ltr__area *last; /* where the last word led to */
	uint64_t low;           /* of all of them */
	uint64_t bytes;

	uint32_t *by_stack; /* goroutines with a stack, in order of addresses */
	size_t stack_count;
	size_t *part_of; /* by goroutine: its part, plus 1; 0: none */

	struct range *work;
	size_t work_count;
	size_t work_capacity;
	int error;
};

static void push(struct marker *marker, const unsigned char *bytes, size_t count)
{
	if (marker->work_count == marker->work_capacity) {
		size_t more = marker->work_capacity ? marker->work_capacity * 2 : 4096;
		void *grown = reallocarray(marker->work, more, sizeof(*marker->work));

		if (!grown) {
			marker->error = -ENOMEM;
			return;
		}
		marker->work = grown;
		marker->work_capacity = more;
	}
	marker->work[marker->work_count++] = (struct range){bytes, count};
}

static void reach_goroutine(struct marker *marker, uint32_t index)
{
	struct ltr_reach_goroutine *goroutine = &marker->goroutines[index];

	if (goroutine->reached)
		return;
	goroutine->reached = true;
	push(marker, goroutine->kept, goroutine->kept_bytes);
	if (marker->part_of[index]) {
		const struct ltr__part *part = &marker->reach->parts[marker->part_of[index] - 1];

		push(marker, part->bytes, part->count);
	}
}

/* The goroutine whose stack has the address, or UINT32_MAX. */
static uint32_t stack_owner(const struct marker *marker, uint64_t address)
{
	size_t low = 0;
	size_t high = marker->stack_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (marker->goroutines[marker->by_stack[middle]].stack_low <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || marker->goroutines[marker->by_stack[low - 1]].stack_high <= address)
		return UINT32_MAX;
	return marker->by_stack[low - 1];
}

static void reach_stack(struct marker *marker, uint64_t address)
{
	uint32_t owner = stack_owner(marker, address);

	/* What is below the stack pointer is not in use. */
	if (owner != UINT32_MAX && address >= ltr__stack_used_from(&marker->goroutines[owner]))
		reach_goroutine(marker, owner);
}

/*
 * The block whose bytes have this address; a header belongs to the block before, whose bytes, and
 * the place just behind them, reach into it.
 */
static uint32_t block_at(const struct ltr__area *area, uint64_t offset)
{
	uint32_t granule = (uint32_t)(offset / LTR__GRANULE);
	uint32_t start = ltr__chunk_start(area, granule);

	if (start == granule && start)
		start = ltr__chunk_start(area, granule - 1);
	return start;
}

static void reach_block(struct marker *marker, struct ltr__area *area, uint64_t address)
{
	uint64_t length = area->end - area->start;
	uint32_t start = block_at(area, address - area->start);
	uint64_t offset, bytes;

	if (start == UINT32_MAX || ltr__bit(area->marks, start))
		return;
	ltr__bit_set(area->marks, start);
	offset = (uint64_t)start * LTR__GRANULE;
	bytes = ltr__chunk_bytes(area, start) + 8; /* and the first word of the next header */
	bytes = bytes < length - offset ? bytes : length - offset;
	if (bytes > 16)
		push(marker, area->copy + offset + 16, bytes - 16);
}

static struct ltr__area *find_target(struct marker *marker, uint64_t address)
{
	struct ltr__area *area = marker->last;
	size_t low = 0;
	size_t high = marker->target_count;

	if (address >= area->start && address < area->end)
		return area;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (marker->targets[middle]->start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || marker->targets[low - 1]->end <= address)
		return NULL;
	return marker->last = marker->targets[low - 1];
}

static void scan(struct marker *marker, struct range range)
{
	for (size_t at = 0; at + 8 <= range.count; at += 8) {
		struct ltr__area *area;
		uint64_t word;

		memcpy(&word, range.bytes + at, sizeof(word));
		word &= ADDRESS_MASK;
		if (word - marker->low >= marker->bytes)
			continue;
		area = find_target(marker, word);
		if (!area)
			continue;
		if (area->kind == LTR__AREA_BLOCKS)
			reach_block(marker, area, word);
		else
			reach_stack(marker, word);
	}
}

static void drain(struct marker *marker)
{
	while (marker->work_count && !marker->error)
		scan(marker, marker->work[--marker->work_count]);
}

/* --- what goroutines wait on ---------------------------------------------------------------- */

static struct ltr__area *area_of(const struct ltr_reach *reach, uint64_t address)
{
	size_t low = 0;
	size_t high = reach->areas.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (reach->areas.area[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || reach->areas.area[low - 1].end <= address)
		return NULL;
	return &reach->areas.area[low - 1];
}

/* Memory that nobody can tell blocks of is reached as a whole. */
static bool is_object_reached(const struct marker *marker, uint32_t index)
{
	uint64_t object = marker->goroutines[index].object;
	const struct ltr__area *area = object ? area_of(marker->reach, object) : NULL;
	uint32_t owner, start;

	if (!object)
		return false; /* the waiters lead to it */
	if (!area || area->kind == LTR__AREA_ROOT)
		return true;
	if (area->kind == LTR__AREA_BLOCKS) {
		start = block_at(area, object - area->start);
		return start == UINT32_MAX || ltr__bit(area->marks, start);
	}
	owner = stack_owner(marker, object);
	return owner == UINT32_MAX || marker->goroutines[owner].reached;
}

/* --- preparations --------------------------------------------------------------------------- */

static int find_targets(struct marker *marker)
{
	struct ltr__areas *areas = &marker->reach->areas;
	static struct ltr__area nowhere;

	marker->targets = calloc(areas->count + 1, sizeof(struct ltr__area *));
	if (!marker->targets)
		return -ENOMEM;
	for (size_t i = 0; i < areas->count; i++)
		if (areas->area[i].kind != LTR__AREA_ROOT)
			marker->targets[marker->target_count++] = &areas->area[i];
	marker->last = &nowhere;
	if (marker->target_count) {
		marker->last = marker->targets[0];
		marker->low = marker->last->start;
		marker->bytes = marker->targets[marker->target_count - 1]->end - marker->low;
	}
	return 0;
}

static int compare_stacks(const void *a, const void *b, void *context)
{
	const struct ltr_reach_goroutine *goroutines = context;
	uint64_t x = goroutines[*(const uint32_t *)a].stack_low;
	uint64_t y = goroutines[*(const uint32_t *)b].stack_low;

	return x < y ? -1 : x > y;
}

static int sort_stacks(struct marker *marker)
{
	marker->by_stack = calloc(marker->count + 1, sizeof(*marker->by_stack));
	if (!marker->by_stack)
		return -ENOMEM;
	for (size_t i = 0; i < marker->count; i++)
		if (marker->goroutines[i].stack_low)
			marker->by_stack[marker->stack_count++] = (uint32_t)i;
	qsort_r(marker->by_stack, marker->stack_count, sizeof(*marker->by_stack), compare_stacks,
		marker->goroutines);
	return 0;
}

struct owner {
	uint64_t id;
	size_t part;
};

static int compare_owners(const void *a, const void *b)
{
	const struct owner *x = a;
	const struct owner *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* Parts carry ids, because goroutines may have been read into another array since. */
static int find_parts(struct marker *marker)
{
	const struct ltr_reach *reach = marker->reach;
	struct owner *owners = calloc(reach->part_count + 1, sizeof(*owners));
	size_t owner_count = 0;

	marker->part_of = calloc(marker->count + 1, sizeof(*marker->part_of));
	if (!owners || !marker->part_of) {
		free(owners);
		return -ENOMEM;
	}
	for (size_t i = 0; i < reach->part_count; i++)
		if (reach->parts[i].id)
			owners[owner_count++] = (struct owner){reach->parts[i].id, i};
	qsort(owners, owner_count, sizeof(*owners), compare_owners);
	for (size_t i = 0; i < marker->count; i++) {
		struct owner key = {.id = marker->goroutines[i].id};
		const struct owner *found =
			bsearch(&key, owners, owner_count, sizeof(*owners), compare_owners);

		if (found)
			marker->part_of[i] = found->part + 1;
	}
	free(owners);
	return 0;
}

/* --- the whole ------------------------------------------------------------------------------ */

/* Areas may have been split since the run was read. */
static void mark_run(struct marker *marker, struct ltr__run run)
{
	while (run.from < run.to) {
		const struct ltr__area *area = area_of(marker->reach, run.from);
		uint64_t to;

		if (!area)
			return;
		to = area->end < run.to ? area->end : run.to;
		if (area->kind == LTR__AREA_ROOT)
			push(marker, area->copy + (run.from - area->start), to - run.from);
		run.from = to;
	}
}

static void mark_roots(struct marker *marker)
{
	const struct ltr_reach *reach = marker->reach;

	for (size_t i = 0; i < marker->count; i++) {
		marker->goroutines[i].reached = false;
		if (!marker->goroutines[i].candidate)
			reach_goroutine(marker, (uint32_t)i);
	}
	for (size_t i = 0; i < reach->part_count; i++)
		if (!reach->parts[i].id)
			push(marker, reach->parts[i].bytes, reach->parts[i].count);
	for (size_t i = 0; i < reach->run_count && !marker->error; i++)
		mark_run(marker, reach->runs[i]);
	drain(marker);
}

static void mark_waiting(struct marker *marker)
{
	bool more = true;

	while (more && !marker->error) {
		more = false;
		for (size_t i = 0; i < marker->count; i++) {
			if (marker->goroutines[i].reached ||
			    !is_object_reached(marker, (uint32_t)i))
				continue;
			reach_goroutine(marker, (uint32_t)i);
			more = true;
		}
		drain(marker);
	}
}

int ltr_reach_mark(struct ltr_reach *reach, struct ltr_reach_goroutine *goroutines, size_t count)
{
	struct marker marker = {.reach = reach, .goroutines = goroutines, .count = count};

	if (count >= UINT32_MAX)
		return -ENOMEM;
	marker.error = find_targets(&marker);
	if (!marker.error)
		marker.error = sort_stacks(&marker);
	if (!marker.error)
		marker.error = find_parts(&marker);
	if (!marker.error) {
		mark_roots(&marker);
		mark_waiting(&marker);
	}
	free(marker.targets);
	free(marker.by_stack);
	free(marker.part_of);
	free(marker.work);
	return marker.error;
}
