/* SPDX-License-Identifier: MIT */
/*
 * The memory of all symbols that were looked up: taken piece by piece, never given back before the
 * end. What is looked up comes from another program, so its sum is bounded.
 */

#include "symbols.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_MAX   (64u << 20)
#define CHUNK_BYTES (64u << 10)

struct ltr_arena_chunk {
	struct ltr_arena_chunk *next;
	size_t used;
	_Alignas(16) unsigned char bytes[CHUNK_BYTES - 32];
};

void *ltr__arena_take(struct ltr_arena *arena, size_t bytes)
{
	struct ltr_arena_chunk *chunk = arena->chunks;

	bytes = (bytes + 15) & ~(size_t)15;
	if (bytes > sizeof(chunk->bytes))
		return NULL;
	if (!chunk || sizeof(chunk->bytes) - chunk->used < bytes) {
		if (arena->total >= ARENA_MAX)
			return NULL;
		chunk = calloc(1, sizeof(*chunk));
		if (!chunk)
			return NULL;
		chunk->next = arena->chunks;
		arena->chunks = chunk;
		arena->total += sizeof(*chunk);
	}
	chunk->used += bytes;
	return chunk->bytes + chunk->used - bytes;
}

const char *ltr__arena_text(struct ltr_arena *arena, const char *text)
{
	if (!text || *text == '\0')
		return "";

	size_t length = strnlen(text, LTR_SYMBOL_TEXT_MAX);
	char *copy = ltr__arena_take(arena, length + 1);

	if (copy)
		memcpy(copy, text, length);
	return copy;
}

void ltr__arena_done(struct ltr_arena *arena)
{
	while (arena->chunks) {
		struct ltr_arena_chunk *next = arena->chunks->next;

		free(arena->chunks);
		arena->chunks = next;
	}
	arena->total = 0;
}
