/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_PLACES_H
#define LOITER_PPROF_PLACES_H

/*
 * The locations, functions and mappings of one profile: each is written once, when it is needed
 * first, and has a number from then on. Mappings are written last, because their flags say whether
 * everything in them could be resolved.
 */

#include <probe/census.h>

#include "encode.h"
#include "samples.h"
#include "table.h"

struct ltr__place;
struct ltr__place_function;
struct ltr__place_mapping;

struct ltr__places {
	const struct ltr_census *census;
	struct ltr__encoder *encoder;
	bool runtime_frames;

	struct ltr__place *places; /* location id - 1 */
	size_t place_count;
	size_t place_capacity;
	struct ltr__table place_table;

	struct ltr__place_function *functions; /* function id - 1 */
	size_t function_count;
	size_t function_capacity;
	struct ltr__table function_table;

	struct ltr__place_mapping *mappings; /* mapping id - 1 = index of the module */
	size_t mapping_count;

	/* The locations of stack i: ids[start[i]] is how many, they follow. start 0: not yet. */
	size_t *stack_start;
	uint32_t stack_count;
	uint64_t *ids;
	size_t id_count;
	size_t id_capacity;
};

/* Borrows the census and the encoder until done. `places` may be done after a failure. */
int ltr__places_init(struct ltr__places *places, const struct ltr_census *census,
		     struct ltr__encoder *encoder, bool runtime_frames);
void ltr__places_done(struct ltr__places *places);

/*
 * The locations of a sample, leaf first; at least one. Good until the next call. -ENOMEM,
 * -EOVERFLOW.
 */
int ltr__places_of(struct ltr__places *places, const struct ltr__sample *sample, uint64_t **ret_ids,
		   size_t *ret_count);

/* Writes the mappings; nothing may be asked for afterwards. */
void ltr__places_finish(struct ltr__places *places);

#endif
