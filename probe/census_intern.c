// SPDX-License-Identifier: MIT
/*
 * Interning: equal contents get equal numbers, so that whoever groups compares numbers. The
 * contents lie in chunks that never move and are freed only with the census; numbers are never
 * given back. Number 0 is the empty thing and is not stored.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "census_private.h"

#define CHUNK_BYTES  65536u
#define STRING_BYTES 255u
#define STACK_FRAMES 128u
#define LABELS_MAX   64u

struct ltr__chunk {
	struct ltr__chunk *next;
	size_t used;
	size_t bytes;
	_Alignas(8) unsigned char data[];
};

static uint64_t hash_bytes(const void *contents, size_t bytes)
{
	const unsigned char *at = contents;
	uint64_t hash = 0x9e3779b97f4a7c15ull ^ bytes;

	while (bytes >= 8) {
		uint64_t word;
		memcpy(&word, at, 8);
		hash = ltr__mix(hash ^ word);
		at += 8;
		bytes -= 8;
	}
	uint64_t tail = 0;
	memcpy(&tail, at, bytes);
	return ltr__mix(hash ^ tail);
}

static void *chunk_alloc(struct ltr__intern *intern, size_t bytes)
{
	size_t want = (bytes + 7) & ~(size_t)7;
	struct ltr__chunk *chunk = intern->chunks;

	if (!chunk || chunk->bytes - chunk->used < want) {
		size_t size = want > CHUNK_BYTES ? want : CHUNK_BYTES;
		chunk = malloc(sizeof(*chunk) + size);
		if (!chunk)
			return NULL;
		*chunk = (struct ltr__chunk){.next = intern->chunks, .bytes = size};
		intern->chunks = chunk;
		intern->chunk_bytes += sizeof(*chunk) + size;
	}
	void *memory = chunk->data + chunk->used;
	chunk->used += want;
	return memory;
}

static int slots_grow(struct ltr__intern *intern)
{
	uint32_t slot_count = intern->slot_count ? intern->slot_count * 2 : 64;
	if (slot_count > 1u << 30)
		return -ENOMEM;
	uint32_t *slots = calloc(slot_count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (uint32_t number = 1; number < intern->count; number++) {
		uint32_t at = (uint32_t)hash_bytes(intern->at[number], intern->bytes[number]);
		while (slots[at & (slot_count - 1)])
			at++;
		slots[at & (slot_count - 1)] = number;
	}
	free(intern->slots);
	intern->slots = slots;
	intern->slot_count = slot_count;
	return 0;
}

/* The two arrays by number share one capacity, so they grow here and not with ltr__grow(). */
static int numbers_grow(struct ltr__intern *intern)
{
	uint32_t capacity = intern->capacity ? intern->capacity + intern->capacity / 2 : 64;
	void *at = realloc(intern->at, capacity * sizeof(*intern->at));
	if (!at)
		return -ENOMEM;
	intern->at = at;
	void *bytes = realloc(intern->bytes, capacity * sizeof(*intern->bytes));
	if (!bytes)
		return -ENOMEM;
	intern->bytes = bytes;
	intern->capacity = capacity;
	return 0;
}

/* The slot that has these contents, or else the empty one that they would go into. */
static uint32_t slot_for(const struct ltr__intern *intern, const void *contents, size_t bytes)
{
	uint32_t mask = intern->slot_count - 1;
	uint32_t at = (uint32_t)hash_bytes(contents, bytes) & mask;

	for (; intern->slots[at]; at = (at + 1) & mask) {
		uint32_t number = intern->slots[at];

		if (intern->bytes[number] == bytes &&
		    memcmp(intern->at[number], contents, bytes) == 0)
			break;
	}
	return at;
}

int ltr__intern_add(struct ltr__intern *intern, const void *contents, size_t bytes,
		    uint32_t *ret_number)
{
	if (!intern->count)
		intern->count = 1;
	if ((intern->count + 1) * 2ull > intern->slot_count) {
		int err = slots_grow(intern);
		if (err)
			return err;
	}

	uint32_t at = slot_for(intern, contents, bytes);
	if (intern->slots[at]) {
		*ret_number = intern->slots[at];
		return 0;
	}

	if (intern->count >= intern->capacity) {
		int err = numbers_grow(intern);
		if (err)
			return err;
	}
	void *memory = chunk_alloc(intern, bytes);
	if (!memory)
		return -ENOMEM;
	memcpy(memory, contents, bytes);
	intern->at[intern->count] = memory;
	intern->bytes[intern->count] = (uint32_t)bytes;
	intern->slots[at] = intern->count;
	*ret_number = intern->count++;
	return 0;
}

uint32_t ltr__intern_find(const struct ltr__intern *intern, const void *contents, size_t bytes)
{
	return intern->slot_count ? intern->slots[slot_for(intern, contents, bytes)] : 0;
}

const void *ltr__intern_get(const struct ltr__intern *intern, uint32_t number, size_t *ret_bytes)
{
	if (number == 0 || number >= intern->count) {
		*ret_bytes = 0;
		return NULL;
	}
	*ret_bytes = intern->bytes[number];
	return intern->at[number];
}

uint32_t ltr__intern_count(const struct ltr__intern *intern)
{
	return intern->count ? intern->count : 1;
}

void ltr__intern_done(struct ltr__intern *intern)
{
	while (intern->chunks) {
		struct ltr__chunk *chunk = intern->chunks;
		intern->chunks = chunk->next;
		free(chunk);
	}
	free(intern->at);
	free(intern->bytes);
	free(intern->slots);
	*intern = (struct ltr__intern){0};
}

int ltr_census_intern_string(struct ltr_census *census, const char *text, uint32_t *ret_string)
{
	char cut[STRING_BYTES + 1];
	size_t length = text ? strnlen(text, STRING_BYTES) : 0;

	if (length == 0) {
		*ret_string = 0;
		return 0;
	}
	memcpy(cut, text, length);
	cut[length] = '\0';
	return ltr__intern_add(&census->strings, cut, length + 1, ret_string);
}

int ltr_census_intern_site(struct ltr_census *census, const char *file, const char *function,
			   uint32_t line, uint32_t *ret_site)
{
	struct ltr_census_position position = {.line = line};

	int err = ltr_census_intern_string(census, file, &position.file);
	if (!err)
		err = ltr_census_intern_string(census, function, &position.function);
	if (!err)
		err = ltr__intern_add(&census->sites, &position, sizeof(position), ret_site);
	return err;
}

int ltr_census_intern_labels(struct ltr_census *census, const struct ltr_census_label *label,
			     size_t count, uint32_t *ret_labels)
{
	struct ltr_census_label sorted[LABELS_MAX];

	if (count == 0) {
		*ret_labels = 0;
		return 0;
	}
	if (count > LABELS_MAX)
		count = LABELS_MAX;
	for (size_t i = 0; i < count; i++) {
		const char *key = ltr_census_string(census, label[i].key);
		size_t at = i;
		while (at > 0 && strcmp(ltr_census_string(census, sorted[at - 1].key), key) > 0) {
			sorted[at] = sorted[at - 1];
			at--;
		}
		sorted[at] = label[i];
	}
	return ltr__intern_add(&census->labels, sorted, count * sizeof(*sorted), ret_labels);
}

int ltr_census_intern_stack(struct ltr_census *census, const uint64_t *pcs, size_t depth,
			    uint32_t *ret_stack)
{
	if (depth == 0) {
		*ret_stack = 0;
		return 0;
	}
	if (depth > STACK_FRAMES)
		depth = STACK_FRAMES;
	return ltr__intern_add(&census->stacks, pcs, depth * sizeof(*pcs), ret_stack);
}

const char *ltr_census_string(const struct ltr_census *census, uint32_t string)
{
	size_t bytes;
	const char *text = ltr__intern_get(&census->strings, string, &bytes);
	return text ? text : "";
}

const struct ltr_census_position *ltr_census_site(const struct ltr_census *census, uint32_t site)
{
	size_t bytes;
	return ltr__intern_get(&census->sites, site, &bytes);
}

const struct ltr_census_label *ltr_census_labels(const struct ltr_census *census, uint32_t labels,
						 size_t *ret_count)
{
	size_t bytes;
	const struct ltr_census_label *label = ltr__intern_get(&census->labels, labels, &bytes);
	*ret_count = bytes / sizeof(*label);
	return label;
}

const uint64_t *ltr_census_stack(const struct ltr_census *census, uint32_t stack, size_t *ret_depth)
{
	size_t bytes;
	const uint64_t *pcs = ltr__intern_get(&census->stacks, stack, &bytes);
	*ret_depth = bytes / sizeof(*pcs);
	return pcs;
}

uint32_t ltr_census_stack_count(const struct ltr_census *census)
{
	return ltr__intern_count(&census->stacks);
}
