/* SPDX-License-Identifier: MIT */

/*
 * Locations, functions and mappings (places.h). A location is an address, or, for a goroutine that
 * has none, a function and line without an address. The addresses of the present census have an
 * index of their own, so that symbols are asked for once an address.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "places.h"
#include "words.h"

/* The key of a location. Addresses are those that its mapping has in the first census. */
struct ltr__place {
	uint64_t address;
	uint32_t mapping; /* id; 0: none */
	uint32_t turn; /* of whom the address is, if no mapping tells; 0: of all, or no address */
	uint32_t function; /* id of the innermost; 0: none */
	uint32_t line;     /* in there */
	uint32_t lines;    /* how many functions, with those that it was inlined into */
	uint32_t reserved;
};

_Static_assert(sizeof(struct ltr__place) == 32, "the key has no padding");

struct ltr__place_function {
	uint32_t name; /* strings of the profile */
	uint32_t file;
};

/* What files that are one mapping have in common. */
struct mapping_key {
	uint64_t bytes;
	uint64_t offset;
	int64_t path; /* strings of the profile */
	int64_t build_id;
};

struct ltr__place_mapping {
	struct mapping_key key;
	uint64_t start;
	uint32_t turn; /* of the census that it was met in first */
	bool used;
	bool has_functions;
	bool has_files;
	bool has_lines;
};

void ltr__places_init(struct ltr__places *places, struct ltr__encoder *encoder, bool runtime_frames)
{
	*places = (struct ltr__places){.encoder = encoder, .runtime_frames = runtime_frames};
}

void ltr__places_done(struct ltr__places *places)
{
	free(places->places);
	free(places->addresses);
	free(places->address_places);
	free(places->functions);
	free(places->mappings);
	free(places->module_mapping);
	free(places->stack_start);
	free(places->ids);
	ltr__pprof_table_done(&places->place_table);
	ltr__pprof_table_done(&places->address_table);
	ltr__pprof_table_done(&places->function_table);
	ltr__pprof_table_done(&places->mapping_table);
	*places = (struct ltr__places){0};
}

struct mapping_lookup {
	const struct ltr__places *places;
	const struct mapping_key *key;
};

/* Two modules of one census are two mappings, even if they are the same part of a file. */
static bool same_mapping(const void *context, uint32_t position)
{
	const struct mapping_lookup *lookup = context;
	const struct ltr__place_mapping *mapping = &lookup->places->mappings[position];

	return mapping->turn != lookup->places->turn &&
	       memcmp(&mapping->key, lookup->key, sizeof(mapping->key)) == 0;
}

/* Without a build id, files of one path may be two. */
static int module_mapping(struct ltr__places *places, const struct ltr_module *module,
			  uint32_t *ret_id)
{
	struct ltr__place_mapping mapping = {
		.key = {.bytes = module->end - module->start,
			.offset = module->offset,
			.path = ltr__encode_string(places->encoder, module->path),
			.build_id = ltr__encode_string(places->encoder, module->build_id)},
		.start = module->start,
		.turn = places->turn,
		.has_functions = true,
		.has_files = true,
		.has_lines = true,
	};
	const struct mapping_lookup lookup = {places, &mapping.key};
	uint32_t hash = ltr__pprof_hash(&mapping.key, sizeof(mapping.key));
	uint32_t position;
	int err = 0;

	if (module->build_id[0] && ltr__pprof_table_find(&places->mapping_table, hash, same_mapping,
							 &lookup, &position) == 0) {
		*ret_id = position + 1;
		return 0;
	}
	if (places->mapping_count >= UINT32_MAX - 1)
		return -EOVERFLOW;
	err = ltr__pprof_array_reserve(&places->mappings, &places->mapping_capacity,
				       places->mapping_count, sizeof(*places->mappings));
	if (!err && module->build_id[0])
		err = ltr__pprof_table_add(&places->mapping_table, hash,
					   (uint32_t)places->mapping_count);
	if (err)
		return err;
	places->mappings[places->mapping_count++] = mapping;
	*ret_id = (uint32_t)places->mapping_count;
	return 0;
}

int ltr__places_turn(struct ltr__places *places, const struct ltr_census *census)
{
	int err = 0;

	places->census = census;
	places->turn++;
	places->address_count = 0;
	ltr__pprof_table_done(&places->address_table);
	places->id_count = 1; /* 0 is no start */
	free(places->stack_start);
	free(places->module_mapping);
	places->stack_count = ltr_census_stack_count(census);
	places->stack_start = calloc((size_t)places->stack_count + 1, sizeof(*places->stack_start));
	places->module_count = ltr_census_module_count(census);
	places->module_mapping = calloc(places->module_count + 1, sizeof(*places->module_mapping));
	if (!places->stack_start || !places->module_mapping)
		return -ENOMEM;
	for (size_t i = 0; i < places->module_count && !err; i++)
		err = module_mapping(places, ltr_census_module(census, i),
				     &places->module_mapping[i]);
	return err;
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

/* The location is written if it is new. */
static int place_id(struct ltr__places *places, const struct ltr__place *place, uint64_t address,
		    const struct ltr__encode_line *lines, uint64_t *ret_id)
{
	uint32_t position;
	bool is_new;
	int err = intern(&places->places, &places->place_count, &places->place_capacity,
			 &places->place_table, place, sizeof(*place), &position, &is_new);

	if (err)
		return err;
	*ret_id = (uint64_t)position + 1;
	if (is_new)
		ltr__encode_location(places->encoder, *ret_id, place->mapping, address, lines,
				     place->lines);
	return 0;
}

/* The index of the module that the address is in; the count of modules if it is in none. */
static size_t module_of(const struct ltr__places *places, const struct ltr_symbol *symbol,
			uint64_t address)
{
	if (symbol->module < places->module_count)
		return symbol->module;
	for (size_t i = 0; i < places->module_count; i++) {
		const struct ltr_module *module = ltr_census_module(places->census, i);

		if (address >= module->start && address < module->end)
			return i;
	}
	return places->module_count;
}

static void note_mapping(struct ltr__place_mapping *mapping, const struct ltr_symbol *symbol)
{
	mapping->used = true;
	mapping->has_functions &= symbol->function[0] != '\0';
	mapping->has_files &= symbol->file[0] != '\0';
	mapping->has_lines &= symbol->line != 0;
}

/* Where an address is that was not met in this census yet. */
static int resolve(struct ltr__places *places, uint64_t address, const struct ltr_symbol *symbol,
		   uint64_t *ret_id)
{
	struct ltr__place place = {.address = address, .turn = places->turn};
	struct ltr__encode_line lines[LTR__ENCODE_LINES_MAX];
	size_t module = module_of(places, symbol, address);

	if (module < places->module_count) {
		struct ltr__place_mapping *mapping;

		place.turn = 0;
		place.mapping = places->module_mapping[module];
		mapping = &places->mappings[place.mapping - 1];
		place.address += mapping->start - ltr_census_module(places->census, module)->start;
		note_mapping(mapping, symbol);
	}
	for (; symbol && place.lines < LTR__ENCODE_LINES_MAX; symbol = symbol->outer) {
		uint32_t function;
		int err;

		if (!symbol->function[0])
			continue;
		err = function_id(places, symbol->function, symbol->file, &function);
		if (err)
			return err;
		lines[place.lines++] = (struct ltr__encode_line){function, symbol->line};
	}
	if (place.lines > 0) {
		place.function = (uint32_t)lines[0].function;
		place.line = lines[0].line;
	}
	return place_id(places, &place, place.address, lines, ret_id);
}

/* `pc` is where a call returns to, and then the location is the call; or it is exact. */
static int place_of_pc(struct ltr__places *places, uint64_t pc, bool is_call, uint64_t *ret_id)
{
	uint64_t address = is_call && pc ? pc - 1 : pc;
	const struct ltr_symbol *symbol;
	uint32_t position;
	bool is_new;
	int err = intern(&places->addresses, &places->address_count, &places->address_capacity,
			 &places->address_table, &address, sizeof(address), &position, &is_new);

	if (err)
		return err;
	if (!is_new) {
		*ret_id = places->address_places[position];
		return 0;
	}
	err = ltr__pprof_array_reserve(&places->address_places, &places->address_place_capacity,
				       position, sizeof(*places->address_places));
	if (err)
		return err;
	symbol = is_call ? ltr_census_call_symbol(places->census, pc)
			 : ltr_census_symbol(places->census, pc);
	err = resolve(places, address, ltr__pprof_visible(symbol, places->runtime_frames), ret_id);
	if (!err)
		places->address_places[position] = *ret_id;
	return err;
}

/* A location that has a name and perhaps a position, but no address. */
static int place_of_name(struct ltr__places *places, const char *name, const char *file,
			 uint32_t line, uint64_t *ret_id)
{
	struct ltr__place place = {.line = line, .lines = 1};
	int err = function_id(places, name, file, &place.function);

	if (err)
		return err;
	return place_id(places, &place, 0, &(struct ltr__encode_line){place.function, line},
			ret_id);
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
	const struct ltr_census_position *site = ltr__sample_site(places->census, sample);
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
		const struct ltr__place_mapping *known = &places->mappings[i];
		struct ltr__encode_mapping mapping = {
			.id = i + 1,
			.start = known->start,
			.end = known->start + known->key.bytes,
			.offset = known->key.offset,
			.path = known->key.path,
			.build_id = known->key.build_id,
			.has_functions = known->used && known->has_functions,
			.has_files = known->used && known->has_files,
			.has_lines = known->used && known->has_lines,
		};

		/* Whoever resolves functions and lines (elfutils) resolves inlining with them. */
		mapping.has_inlined = mapping.has_functions && mapping.has_lines;
		ltr__encode_mapping(places->encoder, &mapping);
	}
}
