/* SPDX-License-Identifier: MIT */

/*
 * See packed.h. A chunk is aligned to its size, so that a block leads to it; it begins with a header,
 * whose page stays when the others are given back. A chunk with room is in the list of its class; an
 * empty one is in the list of empty chunks and has no class; a full one is in no list.
 */

#include "packed.h"

#include <stdbool.h>
#include <sys/mman.h>

#include "region.h"
#include "reserve.h"

#define CHUNK_BYTES (64u << 10)
#define AREA_BYTES  (4u << 20) /* chunks are cut from these */
#define PAGE_BYTES  4096u
#define STEP_BYTES  32u
#define CLASS_COUNT ((LTR__PACKED_BYTES_MAX + sizeof(struct ltr__packed)) / STEP_BYTES + 1)

union block {
	union block *next;
	struct ltr__packed packed;
};

struct chunk {
	struct chunk *next, *prev;
	union block *free; /* given back */
	uint32_t live;
	uint32_t class;
	uint32_t cut; /* offset of what was never given out */
} __attribute__((aligned(STEP_BYTES)));

static struct chunk *with_room[CLASS_COUNT];
static struct chunk *empty;
static char *area, *area_end;

static uint32_t class_of(size_t bytes)
{
	return (uint32_t)((bytes + sizeof(struct ltr__packed) + STEP_BYTES - 1) / STEP_BYTES - 1);
}

static uint32_t block_bytes(const struct chunk *chunk)
{
	return (chunk->class + 1) * STEP_BYTES;
}

static bool has_room(const struct chunk *chunk)
{
	return chunk->free || chunk->cut + block_bytes(chunk) <= CHUNK_BYTES;
}

static void list_add(struct chunk **list, struct chunk *chunk)
{
	chunk->prev = NULL;
	chunk->next = *list;
	if (chunk->next)
		chunk->next->prev = chunk;
	*list = chunk;
}

static void list_remove(struct chunk **list, struct chunk *chunk)
{
	*(chunk->prev ? &chunk->prev->next : list) = chunk->next;
	if (chunk->next)
		chunk->next->prev = chunk->prev;
}

static struct chunk *chunk_new(void)
{
	struct chunk *chunk = empty;

	if (chunk) {
		list_remove(&empty, chunk);
		return chunk;
	}
	if (area == area_end) {
		char *memory = ltr__reserve(AREA_BYTES + CHUNK_BYTES);

		if (!memory)
			return NULL;
		(void)madvise(memory, AREA_BYTES + CHUNK_BYTES, MADV_NOHUGEPAGE);
		ltr__region_add(memory, AREA_BYTES + CHUNK_BYTES, LTR_REGION_PRIVATE, 0);
		area = memory + (-(uintptr_t)memory & (CHUNK_BYTES - 1));
		area_end = area + AREA_BYTES;
	}
	chunk = (struct chunk *)(void *)area;
	area += CHUNK_BYTES;
	return chunk;
}

struct ltr__packed *ltr__packed_new(size_t bytes)
{
	uint32_t class = class_of(bytes);
	struct chunk *chunk = with_room[class];
	union block *block;

	if (!chunk) {
		chunk = chunk_new();
		if (!chunk)
			return NULL;
		chunk->free = NULL;
		chunk->live = 0;
		chunk->class = class;
		chunk->cut = sizeof(*chunk);
		list_add(&with_room[class], chunk);
	}
	block = chunk->free;
	if (block) {
		chunk->free = block->next;
	} else {
		block = (union block *)(void *)((char *)chunk + chunk->cut);
		chunk->cut += block_bytes(chunk);
	}
	chunk->live++;
	if (!has_room(chunk))
		list_remove(&with_room[class], chunk);
	return &block->packed;
}

void ltr__packed_free(struct ltr__packed *packed)
{
	union block *block = (union block *)(void *)packed;
	struct chunk *chunk = (struct chunk *)((uintptr_t)packed & ~(uintptr_t)(CHUNK_BYTES - 1));
	bool was_full;

	if (!packed)
		return;
	was_full = !has_room(chunk);
	block->next = chunk->free;
	chunk->free = block;
	if (was_full)
		list_add(&with_room[chunk->class], chunk);
	if (--chunk->live)
		return;
	list_remove(&with_room[chunk->class], chunk);
	(void)madvise((char *)chunk + PAGE_BYTES, CHUNK_BYTES - PAGE_BYTES, MADV_DONTNEED);
	list_add(&empty, chunk);
}
