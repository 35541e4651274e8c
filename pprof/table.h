/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_TABLE_H
#define LOITER_PPROF_TABLE_H

/*
 * A hash index over an array that the caller keeps: it maps a hash to the positions whose entries
 * may be equal, and the caller says which one is. Positions are below UINT32_MAX.
 *
 * Hashes are seeded for each process, because the watched program chooses the strings and addresses
 * that are hashed here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ltr__table_slot {
	uint32_t hash;
	uint32_t next; /* position + 1; 0: the slot is free */
};

struct ltr__table {
	struct ltr__table_slot *slots;
	size_t size; /* a power of two, or 0; at most half full */
	size_t used;
};

void ltr__pprof_table_done(struct ltr__table *table);

uint32_t ltr__pprof_hash(const void *data, size_t bytes);

/*
 * The position of an equal entry in *ret_position; -ENOENT if there is none.
 */
int ltr__pprof_table_find(const struct ltr__table *table, uint32_t hash,
			  bool (*equal)(const void *context, uint32_t position),
			  const void *context, uint32_t *ret_position);

/* Adds a position whose entry is not there yet. -ENOMEM, -EOVERFLOW. */
int ltr__pprof_table_add(struct ltr__table *table, uint32_t hash, uint32_t position);

/* Makes room for `count` + 1 elements of `bytes` in the array *at of *capacity. -ENOMEM. */
int ltr__pprof_array_reserve(void *at, size_t *capacity, size_t count, size_t bytes);

#endif
