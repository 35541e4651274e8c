/* SPDX-License-Identifier: MIT */

/*
 * Locations, functions and mappings (places.h). A location is an address, or, for a goroutine that
 * has none, a function and line without an address.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "places.h"
#include "words.h"

/* The key of a location: either an address, or the rest. */
struct ltr__place {
	uint64_t address;
	uint32_t function; /* id */
	uint32_t line;
};

struct ltr__place_function {
	uint32_t name; /* strings of the profile */
	uint32_t file;
};

struct ltr__place_mapping {
	bool used;
	bool has_functions;
	bool has_files;
	bool has_lines;
};

int ltr__places_init(struct ltr__places *places, const struct ltr_census *census,
		     struct ltr__encoder *encoder, bool runtime_frames)
{
	*places = (struct ltr__places){
		.census = census,
		.encoder = encoder,
		.runtime_frames = runtime_frames,
		.mapping_count = ltr_census_module_count(census),
		.stack_count = ltr_census_stack_count(census),
		.id_count = 1, /* 0 is no start */
	};
	places->mappings = calloc(places->mapping_count + 1, sizeof(*places->mappings));
	places->stack_start = calloc((size_t)places->stack_count + 1, sizeof(*places->stack_start));
	if (!places->mappings || !places->stack_start)
		return -ENOMEM;
	for (size_t i = 0; i < places->mapping_count; i++)
		places->mappings[i] = (struct ltr__place_mapping){false, true, true, true};
	return 0;
}

void ltr__places_done(struct ltr__places *places)
{
	free(places->places);
	free(places->functions);
	free(places->mappings);
	free(places->stack_start);
	free(places->ids);
	ltr__pprof_table_done(&places->place_table);
	ltr__pprof_table_done(&places->function_table);
	*places = (struct ltr__places){0};
}

struct lookup {
	const void *entries;
	const void *wanted;
	size_t bytes;
};

static bool same_bytes(const void *context, uint32_t position)
{
	const struct lookup *lookup = context;
	const char *entries = lookup->entries;

	return memcmp(entries + position * lookup->bytes, lookup->wanted, lookup->bytes) == 0;
}

/* An entry's position in *at, to which it is added if it is not there; then *ret_new. */
static int intern(void *at, size_t *count, size_t *capacity, struct ltr__table *table,
		  const void *entry, size_t bytes, uint32_t *ret_position, bool *ret_new)
{
	struct lookup lookup = {*(void **)at, entry, bytes};
	uint32_t hash = ltr__pprof_hash(entry, bytes);
	int err;

	*ret_new = false;
	if (ltr__pprof_table_find(table, hash, same_bytes, &lookup, ret_position) == 0)
		return 0;
	if (*count >= UINT32_MAX - 1)
		return -EOVERFLOW;
	err = ltr__pprof_array_reserve(at, capacity, *count, bytes);
	if (!err)
		err = ltr__pprof_table_add(table, hash, (uint32_t)*count);
	if (err)
		return err;
	memcpy(*(char **)at + *count * bytes, entry, bytes);
	*ret_new = true;
	*ret_position = (uint32_t)(*count)++;
	return 0;
}

static int function_id(struct ltr__places *places, const char *name, const char *file,
		       uint32_t *ret_id)
{
	struct ltr__place_function function = {
		.name = (uint32_t)ltr__encode_string(places->encoder, name),
		.file = (uint32_t)ltr__encode_string(places->encoder, file),
	};
	uint32_t position;
	bool is_new;
	int err = intern(&places->functions, &places->function_count, &places->function_capacity,
			 &places->function_table, &function, sizeof(function), &position, &is_new);

	if (err)
		return err;
	if (is_new)
		ltr__encode_function(places->encoder, position + 1, function.name, function.file);
	*ret_id = position + 1;
	return 0;
}

static int place_id(struct ltr__places *places, const struct ltr__place *place, uint64_t *ret_id,
		    bool *ret_new)
{
	uint32_t position;
	int err = intern(&places->places, &places->place_count, &places->place_capacity,
			 &places->place_table, place, sizeof(*place), &position, ret_new);

	if (!err)
		*ret_id = (uint64_t)position + 1;
	return err;
}

/* 0 if the address is in no module. */
static uint64_t mapping_id(const struct ltr__places *places, const struct ltr_symbol *symbol,
			   uint64_t address)
{
	if (symbol->module < places->mapping_count)
		return (uint64_t)symbol->module + 1;
	for (size_t i = 0; i < places->mapping_count; i++) {
		const struct ltr_module *module = ltr_census_module(places->census, i);

		if (address >= module->start && address < module->end)
			return i + 1;
	}
	return 0;
}

static void note_mapping(struct ltr__places *places, uint64_t id, const struct ltr_symbol *symbol)
{
	struct ltr__place_mapping *mapping;

	if (id == 0)
		return;
	mapping = &places->mappings[id - 1];
	mapping->used = true;
	mapping->has_functions &= symbol->function[0] != '\0';
	mapping->has_files &= symbol->file[0] != '\0';
	mapping->has_lines &= symbol->line != 0;
}

/* `pc` is where a call returns to, and then the location is the call; or it is exact. */
static int place_of_pc(struct ltr__places *places, uint64_t pc, bool is_call, uint64_t *ret_id)
{
	struct ltr__place place = {.address = is_call && pc ? pc - 1 : pc};
	struct ltr__encode_line lines[LTR__ENCODE_LINES_MAX];
	const struct ltr_symbol *symbol;
	uint64_t mapping;
	size_t count = 0;
	bool is_new;
	int err = place_id(places, &place, ret_id, &is_new);

	if (err || !is_new)
		return err;
	symbol = is_call ? ltr_census_call_symbol(places->census, pc)
			 : ltr_census_symbol(places->census, pc);
	symbol = ltr__pprof_visible(symbol, places->runtime_frames);
	mapping = mapping_id(places, symbol, place.address);
	note_mapping(places, mapping, symbol);
	for (; symbol && count < LTR__ENCODE_LINES_MAX; symbol = symbol->outer) {
		uint32_t function;

		if (!symbol->function[0])
			continue;
		err = function_id(places, symbol->function, symbol->file, &function);
		if (err)
			return err;
		lines[count++] = (struct ltr__encode_line){function, symbol->line};
	}
	ltr__encode_location(places->encoder, *ret_id, mapping, place.address, lines, count);
	return 0;
}

/* A location that has a name and perhaps a position, but no address. */
static int place_of_name(struct ltr__places *places, const char *name, const char *file,
			 uint32_t line, uint64_t *ret_id)
{
	struct ltr__place place = {.line = line};
	bool is_new;
	int err = function_id(places, name, file, &place.function);

	if (!err)
		err = place_id(places, &place, ret_id, &is_new);
	if (!err && is_new)
		ltr__encode_location(places->encoder, *ret_id, 0, 0,
				     &(struct ltr__encode_line){place.function, line}, 1);
	return err;
}

static int append_id(struct ltr__places *places, uint64_t id)
{
	int err = ltr__pprof_array_reserve(&places->ids, &places->id_capacity, places->id_count,
					   sizeof(*places->ids));

	if (!err)
		places->ids[places->id_count++] = id;
	return err;
}

static int resolve_stack(struct ltr__places *places, uint32_t stack)
{
	size_t depth;
	const uint64_t *pcs =
		ltr__pprof_frames(places->census, stack, places->runtime_frames, &depth);
	size_t start = places->id_count;
	int err = append_id(places, depth);

	for (size_t i = 0; i < depth && !err; i++) {
		uint64_t id;

		err = place_of_pc(places, pcs[i], true, &id);
		if (!err)
			err = append_id(places, id);
	}
	if (!err)
		places->stack_start[stack] = start;
	return err;
}

/* Where a goroutine without a stack is. */
static int place_alone(struct ltr__places *places, const struct ltr__sample *sample,
		       uint64_t *ret_id)
{
	const struct ltr_census_position *site = ltr_census_site(places->census, sample->site);
	char state[64];

	if (sample->pc)
		return place_of_pc(places, sample->pc, sample->pc_is_call, ret_id);
	if (site)
		return place_of_name(places, ltr_census_string(places->census, site->function),
				     ltr_census_string(places->census, site->file), site->line,
				     ret_id);
	snprintf(state, sizeof(state), "(%s)", ltr_state_name(sample->state));
	return place_of_name(places, state, "", 0, ret_id);
}

int ltr__places_of(struct ltr__places *places, const struct ltr__sample *sample, uint64_t **ret_ids,
		   size_t *ret_count)
{
	uint64_t id;
	size_t start;
	int err;

	if (sample->stack && sample->stack < places->stack_count) {
		if (!places->stack_start[sample->stack]) {
			err = resolve_stack(places, sample->stack);
			if (err)
				return err;
		}
		start = places->stack_start[sample->stack];
		if (places->ids[start] > 0) {
			*ret_count = places->ids[start];
			*ret_ids = &places->ids[start + 1];
			return 0;
		}
	}
	err = place_alone(places, sample, &id);
	if (!err)
		err = append_id(places, id);
	if (err)
		return err;
	*ret_ids = &places->ids[--places->id_count];
	*ret_count = 1;
	return 0;
}

void ltr__places_finish(struct ltr__places *places)
{
	for (size_t i = 0; i < places->mapping_count; i++) {
		const struct ltr_module *module = ltr_census_module(places->census, i);
		const struct ltr__place_mapping *known = &places->mappings[i];
		struct ltr__encode_mapping mapping = {
			.id = i + 1,
			.start = module->start,
			.end = module->end,
			.offset = module->offset,
			.path = ltr__encode_string(places->encoder, module->path),
			.build_id = ltr__encode_string(places->encoder, module->build_id),
			.has_functions = known->used && known->has_functions,
			.has_files = known->used && known->has_files,
			.has_lines = known->used && known->has_lines,
		};

		/* Whoever resolves functions and lines (elfutils) resolves inlining with them. */
		mapping.has_inlined = mapping.has_functions && mapping.has_lines;
		ltr__encode_mapping(places->encoder, &mapping);
	}
}
