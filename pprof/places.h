/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_PLACES_H
#define LOITER_PPROF_PLACES_H

/*
 * The locations, functions and mappings of one profile: each is written once, when it is needed
 * first, and has a number from then on. Mappings are written last, because their flags say whether
 * everything in them could be resolved.
 *
 * A profile may be made of several censuses, one after the other. A file that is in more than one of
 * them (the same path, build id and part of the file) is one mapping, at the addresses that it has in
 * the first; the same place in it, with the same functions, is one location. What is in no mapping, or
 * in one without a build id, is each census's own.
 */

#include <probe/census.h>

#include "encode.h"
#include "samples.h"
#include "table.h"

struct ltr__place;
struct ltr__place_function;
struct ltr__place_mapping;

struct ltr__places {
	const struct ltr_census *census; /* the one that it is the turn of */
	uint32_t turn;                   /* how many there were, with this one */
	struct ltr__encoder *encoder;
	bool runtime_frames;

	struct ltr__place *places; /* location id - 1 */
	size_t place_count;
	size_t place_capacity;
	struct ltr__table place_table;

	/* Of this census: the addresses that were met, and their locations' ids. */
	uint64_t *addresses;
	size_t address_count;
	size_t address_capacity;
	struct ltr__table address_table;
	uint64_t *address_places;
	size_t address_place_capacity;

	struct ltr__place_function *functions; /* function id - 1 */
	size_t function_count;
	size_t function_capacity;
	struct ltr__table function_table;

	struct ltr__place_mapping *mappings; /* mapping id - 1 */
	size_t mapping_count;
	size_t mapping_capacity;
	struct ltr__table mapping_table;

	/* Of this census: the mapping ids of its modules. */
	uint32_t *module_mapping;
	size_t module_count;

	/*
	 * Of this census: the locations of stack i. ids[start[i]] is how many, they follow. start 0:
	 * not yet.
	 */
	size_t *stack_start;
	uint32_t stack_count;
	uint64_t *ids;
	size_t id_count;
	size_t id_capacity;
};

/* Borrows the encoder until done. */
void ltr__places_init(struct ltr__places *places, struct ltr__encoder *encoder,
		      bool runtime_frames);
void ltr__places_done(struct ltr__places *places);

/*
 * What is asked for from now on is of this census, which is borrowed until the next turn; there has to
 * be one before anything is asked for. After a failure `places` may only be done. -ENOMEM, -EOVERFLOW.
 */
int ltr__places_turn(struct ltr__places *places, const struct ltr_census *census);

/*
 * The locations of a sample, leaf first; at least one. Good until the next call. -ENOMEM,
 * -EOVERFLOW.
 */
int ltr__places_of(struct ltr__places *places, const struct ltr__sample *sample, uint64_t **ret_ids,
		   size_t *ret_count);

/* Writes the mappings; nothing may be asked for afterwards. */
void ltr__places_finish(struct ltr__places *places);

#endif
