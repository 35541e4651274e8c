/* SPDX-License-Identifier: MIT */

/*
 * The hash index (table.h): open addressing with linear probing. Nothing is ever removed, so a free
 * slot ends every search.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include "table.h"

#define SIZE_FIRST  256
#define LARGE_BYTES ((size_t)4 << 20)

void ltr__pprof_table_done(struct ltr__table *table)
{
	free(table->slots);
	*table = (struct ltr__table){0};
}

static uint64_t seed(void)
{
	static uint64_t value; /* 0 until chosen; all threads may choose, one choice wins */
	uint64_t now = __atomic_load_n(&value, __ATOMIC_RELAXED);
	uint64_t chosen;

	if (now)
		return now;
	if (getrandom(&chosen, sizeof(chosen), GRND_NONBLOCK) != sizeof(chosen))
		chosen = (uint64_t)clock() ^ (uint64_t)(uintptr_t)&chosen;
	chosen |= 1;
	if (__atomic_compare_exchange_n(&value, &now, chosen, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED))
		return chosen;
	return now;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint32_t ltr__pprof_hash(const void *data, size_t bytes)
{
	const char *at = data;
	uint64_t hash = seed() ^ bytes;

	for (; bytes >= 8; at += 8, bytes -= 8) {
		uint64_t word;

		memcpy(&word, at, 8);
		hash = mix(hash ^ word, 0x9e3779b97f4a7c15ull);
	}
	if (bytes > 0) {
		uint64_t word = 0;

		memcpy(&word, at, bytes);
		hash = mix(hash ^ word, 0x9e3779b97f4a7c15ull);
	}
	return (uint32_t)mix(hash, 0xd6e8feb86659fd93ull);
}

int ltr__pprof_table_find(const struct ltr__table *table, uint32_t hash,
			  bool (*equal)(const void *context, uint32_t position),
			  const void *context, uint32_t *ret_position)
{
	size_t mask = table->size - 1;

	if (table->size == 0)
		return -ENOENT;
	for (size_t i = hash & mask; table->slots[i].next != 0; i = (i + 1) & mask) {
		const struct ltr__table_slot *slot = &table->slots[i];

		if (slot->hash == hash && equal(context, slot->next - 1)) {
			*ret_position = slot->next - 1;
			return 0;
		}
	}
	return -ENOENT;
}

static void put(struct ltr__table_slot *slots, size_t size, struct ltr__table_slot slot)
{
	size_t mask = size - 1;
	size_t i = slot.hash & mask;

	while (slots[i].next != 0)
		i = (i + 1) & mask;
	slots[i] = slot;
}

/* All free. Slots are hit at random: on small pages, each hit is a search for its page besides. */
static struct ltr__table_slot *free_slots(size_t size)
{
	const uintptr_t page = 4096;
	struct ltr__table_slot *slots = calloc(size, sizeof(*slots));
	uintptr_t start = ((uintptr_t)slots + page - 1) & ~(page - 1);
	uintptr_t end = ((uintptr_t)slots + size * sizeof(*slots)) & ~(page - 1);

	if (slots && end > start && end - start >= LARGE_BYTES)
		(void)madvise((void *)start, end - start, MADV_HUGEPAGE);
	return slots;
}

static int grow(struct ltr__table *table)
{
	size_t size = table->size ? table->size * 2 : SIZE_FIRST;
	struct ltr__table_slot *slots = free_slots(size);

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < table->size; i++)
		if (table->slots[i].next != 0)
			put(slots, size, table->slots[i]);
	free(table->slots);
	table->slots = slots;
	table->size = size;
	return 0;
}

int ltr__pprof_table_add(struct ltr__table *table, uint32_t hash, uint32_t position)
{
	if (position == UINT32_MAX)
		return -EOVERFLOW;
	if (table->used >= table->size / 2) {
		int err = grow(table);

		if (err)
			return err;
	}
	put(table->slots, table->size, (struct ltr__table_slot){hash, position + 1});
	table->used++;
	return 0;
}

int ltr__pprof_array_reserve(void *at, size_t *capacity, size_t count, size_t bytes)
{
	void **array = at;
	size_t wanted = *capacity ? *capacity * 2 : 64;
	void *grown;

	if (count < *capacity)
		return 0;
	grown = reallocarray(*array, wanted, bytes);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*capacity = wanted;
	return 0;
}
