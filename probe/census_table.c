// SPDX-License-Identifier: MIT
/*
 * The goroutines of a census: two parallel arrays without holes, found by id through an open
 * addressing table of indices. [0, shown) are visible, [shown, total) hidden; moving one across the
 * border or out of the table swaps it with a neighbour, so every such call changes indices.
 * by_state counts the visible ones at every moment.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "census_private.h"

#define RESERVE_MAX ((size_t)4 << 20)
#define LARGE_BYTES ((size_t)4 << 20)
#define TOUCH_COUNT 4096u

/*
 * Sixteen ids in a row share a cache line of slots: goroutines that were created together are looked
 * up together. Which line that is, the program cannot know.
 */
static uint32_t slot_home(const struct ltr_census *census, uint64_t id)
{
	uint64_t line = ltr__mix(id >> 4 ^ census->hash_seed);
	return (uint32_t)(line << 4 | (id & 15)) & (census->slot_count - 1);
}

/* The slot that holds `id`; the id must be in the table. */
static uint32_t slot_of(const struct ltr_census *census, uint64_t id)
{
	uint32_t at = slot_home(census, id);
	while (census->goroutines[census->slots[at] - 1].id != id)
		at = (at + 1) & (census->slot_count - 1);
	return at;
}

uint32_t ltr__goroutine_find(const struct ltr_census *census, uint64_t id)
{
	if (!census->slot_count)
		return LTR__NONE;
	uint32_t at = slot_home(census, id);
	for (; census->slots[at]; at = (at + 1) & (census->slot_count - 1))
		if (census->goroutines[census->slots[at] - 1].id == id)
			return census->slots[at] - 1;
	return LTR__NONE;
}

static void slot_insert(const struct ltr_census *census, uint32_t *slots, uint32_t index)
{
	uint32_t at = slot_home(census, census->goroutines[index].id);
	while (slots[at])
		at = (at + 1) & (census->slot_count - 1);
	slots[at] = index + 1;
}

static int slots_reserve(struct ltr_census *census)
{
	if ((census->total + 1ull) * 2 <= census->slot_count)
		return 0;
	uint64_t slot_count = census->slot_count ? census->slot_count * 2ull : 64;
	if (slot_count > 1u << 31)
		return -ENOMEM;
	uint32_t *slots = calloc(slot_count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	census->slot_count = (uint32_t)slot_count;
	for (uint32_t index = 0; index < census->total; index++)
		slot_insert(census, slots, index);
	free(census->slots);
	census->slots = slots;
	return 0;
}

/* Empties a slot and pulls back what had been pushed on by its being full. */
static void slot_remove(struct ltr_census *census, uint32_t hole)
{
	uint32_t mask = census->slot_count - 1;

	for (uint32_t at = (hole + 1) & mask; census->slots[at]; at = (at + 1) & mask) {
		uint32_t home = slot_home(census, census->goroutines[census->slots[at] - 1].id);
		if (((at - home) & mask) >= ((at - hole) & mask)) {
			census->slots[hole] = census->slots[at];
			hole = at;
		}
	}
	census->slots[hole] = 0;
}

static void swap(struct ltr_census *census, uint32_t a, uint32_t b)
{
	if (a == b)
		return;
	uint32_t slot_a = slot_of(census, census->goroutines[a].id);
	uint32_t slot_b = slot_of(census, census->goroutines[b].id);
	struct ltr_goroutine goroutine = census->goroutines[a];
	struct ltr__follow follow = census->follows[a];

	census->goroutines[a] = census->goroutines[b];
	census->follows[a] = census->follows[b];
	census->goroutines[b] = goroutine;
	census->follows[b] = follow;
	census->slots[slot_a] = b + 1;
	census->slots[slot_b] = a + 1;
}

/* Have the kernel give us memory now, many pages at once: one at a time, each takes a trap. */
static void touch(void *array, size_t bytes)
{
#ifdef MADV_POPULATE_WRITE
	const uintptr_t page = 4096;
	uintptr_t start = (uintptr_t)array & ~(page - 1);
	uintptr_t end = ((uintptr_t)array + bytes) & ~(page - 1);

	if (end > start)
		(void)madvise((void *)start, end - start, MADV_POPULATE_WRITE);
#else
	(void)array, (void)bytes;
#endif
}

/* What was reserved is touched in pieces, when it comes to be used. */
static void touch_next(struct ltr_census *census)
{
	if (census->total % TOUCH_COUNT == 0 && census->total < census->reserved) {
		uint32_t left = census->reserved - census->total;
		uint32_t count = left < TOUCH_COUNT ? left : TOUCH_COUNT;

		touch(&census->goroutines[census->total], count * sizeof(*census->goroutines));
		touch(&census->follows[census->total], count * sizeof(*census->follows));
	}
}

int ltr__goroutine_add(struct ltr_census *census, uint64_t id, bool show, uint32_t *ret_index)
{
	uint32_t capacity = census->capacity;
	int err = slots_reserve(census);

	touch_next(census);
	if (!err)
		err = ltr__grow(&census->follows, &capacity, census->total + 1ull,
				sizeof(*census->follows));
	if (!err)
		err = ltr__grow(&census->goroutines, &census->capacity, census->total + 1ull,
				sizeof(*census->goroutines));
	if (err)
		return err;

	uint32_t index = census->total++;
	census->goroutines[index] = (struct ltr_goroutine){.id = id};
	census->follows[index] = (struct ltr__follow){.generation = census->generation};
	slot_insert(census, census->slots, index);
	*ret_index = show ? ltr__goroutine_show(census, index) : index;
	return 0;
}

/* Zeros, on large pages where there are any: to touch small ones takes longer than to fill them. */
static void *fresh(size_t count, size_t element)
{
	const uintptr_t page = 4096;
	void *array = calloc(count, element);
	uintptr_t start = ((uintptr_t)array + page - 1) & ~(page - 1);
	uintptr_t end = ((uintptr_t)array + count * element) & ~(page - 1);

	if (array && end > start && end - start >= LARGE_BYTES)
		madvise((void *)start, end - start, MADV_HUGEPAGE);
	return array;
}

void ltr_census_reserve(struct ltr_census *census, size_t count)
{
	struct ltr_goroutine *goroutines;
	struct ltr__follow *follows;
	uint32_t slot_count = 64;
	uint32_t *slots;

	if (census->capacity || !count)
		return;
	count = count < RESERVE_MAX ? count : RESERVE_MAX;
	while (slot_count < (count + 1) * 2)
		slot_count *= 2;
	goroutines = fresh(count, sizeof(*goroutines));
	follows = fresh(count, sizeof(*follows));
	slots = fresh(slot_count, sizeof(*slots));
	if (!goroutines || !follows || !slots) {
		free(goroutines);
		free(follows);
		free(slots);
		return;
	}
	touch(slots, slot_count * sizeof(*slots)); /* all over, from the beginning */
	free(census->slots);
	census->goroutines = goroutines;
	census->follows = follows;
	census->capacity = census->reserved = (uint32_t)count;
	census->slots = slots;
	census->slot_count = slot_count;
}

uint32_t ltr__goroutine_show(struct ltr_census *census, uint32_t index)
{
	if (ltr__is_shown(census, index))
		return index;
	swap(census, index, census->shown);
	index = census->shown++;
	census->follows[index].bits &= (uint8_t)~LTR__FOLLOW_GONE;
	census->info.by_state[census->goroutines[index].state]++;
	return index;
}

uint32_t ltr__goroutine_hide(struct ltr_census *census, uint32_t index)
{
	if (!ltr__is_shown(census, index))
		return index;
	census->info.by_state[census->goroutines[index].state]--;
	swap(census, index, --census->shown);
	return census->shown;
}

void ltr__goroutine_remove(struct ltr_census *census, uint32_t index)
{
	ltr__held_drop_all(census, index);
	ltr__lock_wait_forget(census, &census->follows[index]);
	index = ltr__goroutine_hide(census, index);
	swap(census, index, census->total - 1);
	slot_remove(census, slot_of(census, census->goroutines[census->total - 1].id));
	census->total--;
}

void ltr__goroutine_set(struct ltr_census *census, uint32_t index, const struct ltr_goroutine *to)
{
	struct ltr_goroutine *goroutine = &census->goroutines[index];
	uint64_t id = goroutine->id;

	ltr__goroutine_set_state(census, index, to->state);
	uint8_t state = goroutine->state;
	bool other = to->name != goroutine->name || to->labels != goroutine->labels ||
		     to->site != goroutine->site;
	*goroutine = *to;
	goroutine->id = id;
	goroutine->state = state;
	if (other)
		census->follows[index].group = ltr__group_of(census, goroutine);
}
