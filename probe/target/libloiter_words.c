// SPDX-License-Identifier: MIT
/*
 * Names, labels and sites: words that descriptors point to. Many goroutines point to the same ones,
 * so each address is read once a snapshot (names and labels may be freed and used again later) or
 * once for ever (sites are constant data). Whatever cannot be read is the empty word.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "libloiter_private.h"

#define STRING_BYTES 256u
#define SLOTS_MAX    (1u << 27)

/* Words that were made together lie together: neighbours share a cache line of the map. */
static uint32_t home_slot(const struct ltr__words_map *map, uint64_t address)
{
	uint64_t line = (address >> 9) * 0x9e3779b97f4a7c15ull >> 32;
	return (uint32_t)(line << 3 | (address >> 6 & 7)) & (map->slot_count - 1);
}

/* The slot of an address, or the empty one where it would go. */
static uint32_t find_slot(const struct ltr__words_map *map, uint64_t address)
{
	uint32_t at = home_slot(map, address);
	while (map->addresses[at] && map->addresses[at] != address)
		at = (at + 1) & (map->slot_count - 1);
	return at;
}

static int map_reserve(struct ltr__words_map *map)
{
	if ((map->count + 1ull) * 2 <= map->slot_count)
		return 0;
	struct ltr__words_map grown = {.slot_count = map->slot_count ? map->slot_count * 2 : 64,
				       .count = map->count};
	if (grown.slot_count > SLOTS_MAX)
		return -ENOMEM;
	grown.addresses = calloc(grown.slot_count, sizeof(*grown.addresses));
	grown.numbers = calloc(grown.slot_count, sizeof(*grown.numbers));
	if (!grown.addresses || !grown.numbers) {
		ltr__words_map_done(&grown);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < map->slot_count; i++) {
		if (!map->addresses[i])
			continue;
		uint32_t at = find_slot(&grown, map->addresses[i]);
		grown.addresses[at] = map->addresses[i];
		grown.numbers[at] = map->numbers[i];
	}
	ltr__words_map_done(map);
	*map = grown;
	return 0;
}

void ltr__words_map_done(struct ltr__words_map *map)
{
	free(map->addresses);
	free(map->numbers);
	*map = (struct ltr__words_map){0};
}

static uint32_t map_get(const struct ltr__words_map *map, uint64_t address)
{
	if (!address || !map->slot_count)
		return 0;
	uint32_t at = find_slot(map, address);
	return map->addresses[at] ? map->numbers[at] : 0;
}

/* 1 if the address is new, 0 if it was there: its number stays. */
static int map_add(struct ltr__words_map *map, uint64_t address)
{
	int err = map_reserve(map);
	if (err)
		return err;
	uint32_t at = find_slot(map, address);
	if (map->addresses[at])
		return 0;
	map->addresses[at] = address;
	map->count++;
	return 1;
}

/* The number of an address that was added. */
static void map_set(struct ltr__words_map *map, uint64_t address, uint32_t number)
{
	map->numbers[find_slot(map, address)] = number;
}

static int want(struct ltr__words_map *map, uint64_t **list, uint32_t *count, uint32_t *capacity,
		uint64_t address)
{
	if (!address)
		return 0;
	int is_new = map_add(map, address);
	if (is_new <= 0)
		return is_new;
	return ltr__append(list, count, capacity, &address, sizeof(address));
}

int ltr__words_want_name(struct ltr__words *words, uint64_t address)
{
	return want(&words->names, &words->wanted_names, &words->name_count, &words->name_capacity,
		    address);
}

int ltr__words_want_labels(struct ltr__words *words, uint64_t address)
{
	return want(&words->labels, &words->wanted_labels, &words->label_count,
		    &words->label_capacity, address);
}

/* Read `count` things of `bytes` each. The caller frees both results. */
static int read_list(struct ltr__words *words, const uint64_t *addresses, uint32_t count,
		     size_t bytes, unsigned char **ret_data, struct ltr_process_piece **ret_pieces)
{
	unsigned char *data = calloc(count, bytes);
	struct ltr_process_piece *pieces = calloc(count, sizeof(*pieces));

	*ret_data = data;
	*ret_pieces = pieces;
	if (!data || !pieces)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		pieces[i] = (struct ltr_process_piece){
			.address = addresses[i], .buffer = data + i * bytes, .bytes = bytes};
	return ltr_process_read_many(words->target->process, pieces, count);
}

static int read_names(struct ltr__words *words)
{
	unsigned char *data = NULL;
	struct ltr_process_piece *pieces = NULL;
	char name[LTR_NAME_BYTES + 1];
	uint32_t number;

	int err = read_list(words, words->wanted_names, words->name_count, LTR_NAME_BYTES, &data,
			    &pieces);
	for (uint32_t i = 0; i < words->name_count && !err; i++) {
		/* The string may end just before something that is not mapped. */
		memcpy(name, pieces[i].buffer, pieces[i].done);
		name[pieces[i].done] = '\0';
		err = ltr_census_intern_string(words->census, name, &number);
		if (!err)
			map_set(&words->names, words->wanted_names[i], number);
	}
	words->name_count = 0;
	free(data);
	free(pieces);
	return err;
}

static int intern_labels(struct ltr_census *census, struct ltr_labels *labels, uint32_t *ret_number)
{
	struct ltr_census_label interned[LTR_LABEL_MAX];
	uint32_t count = labels->count < LTR_LABEL_MAX ? labels->count : LTR_LABEL_MAX;

	for (uint32_t i = 0; i < count; i++) {
		labels->label[i].key[LTR_LABEL_KEY_BYTES - 1] = '\0';
		labels->label[i].value[LTR_LABEL_VALUE_BYTES - 1] = '\0';
		int err = ltr_census_intern_string(census, labels->label[i].key, &interned[i].key);
		if (!err)
			err = ltr_census_intern_string(census, labels->label[i].value,
						       &interned[i].value);
		if (err)
			return err;
	}
	return ltr_census_intern_labels(census, interned, count, ret_number);
}

static int read_labels(struct ltr__words *words)
{
	unsigned char *data = NULL;
	struct ltr_process_piece *pieces = NULL;
	struct ltr_labels labels;
	uint32_t number;

	int err = read_list(words, words->wanted_labels, words->label_count, sizeof(labels), &data,
			    &pieces);
	for (uint32_t i = 0; i < words->label_count && !err; i++) {
		if (pieces[i].done < sizeof(labels))
			continue;
		memcpy(&labels, pieces[i].buffer, sizeof(labels));
		err = intern_labels(words->census, &labels, &number);
		if (!err)
			map_set(&words->labels, words->wanted_labels[i], number);
	}
	words->label_count = 0;
	free(data);
	free(pieces);
	return err;
}

int ltr__words_read(struct ltr__words *words)
{
	int err = 0;

	if (words->name_count)
		err = read_names(words);
	if (words->label_count && err >= 0)
		err = read_labels(words);
	return err < 0 ? err : 0;
}

uint32_t ltr__words_name(const struct ltr__words *words, uint64_t address)
{
	return map_get(&words->names, address);
}

uint32_t ltr__words_labels(const struct ltr__words *words, uint64_t address)
{
	return map_get(&words->labels, address);
}

/* A string of the program, up to the end of what is mapped. */
static void read_string(const struct ltr_process *process, uint64_t address, char *string)
{
	struct ltr_process_piece piece = {
		.address = address, .buffer = string, .bytes = STRING_BYTES - 1};

	string[0] = '\0';
	if (!address || ltr_process_read_many(process, &piece, 1) < 0)
		return;
	string[piece.done] = '\0';
}

/* There are as many sites as there are creating calls in the program: read one by one. */
int ltr__words_site(struct ltr__words *words, uint64_t address, uint32_t *ret_site)
{
	struct ltr__words_map *sites = &words->target->sites;
	const struct ltr_process *process = words->target->process;
	struct ltr_site site;
	char file[STRING_BYTES];
	char function[STRING_BYTES];
	uint32_t number = map_get(sites, address);

	if (!address || number) {
		*ret_site = number;
		return 0;
	}
	if (ltr_process_read(process, address, &site, sizeof(site)) < 0) {
		*ret_site = 0;
		return 0;
	}
	read_string(process, (uint64_t)(uintptr_t)site.file, file);
	read_string(process, (uint64_t)(uintptr_t)site.function, function);
	uint32_t line = site.line <= INT32_MAX ? (uint32_t)site.line : 0;
	int err = ltr_census_intern_site(words->census, file, function, line, &number);
	if (!err)
		err = map_add(sites, address);
	if (err < 0)
		return err;
	map_set(sites, address, number);
	*ret_site = number;
	return 0;
}

void ltr__words_done(struct ltr__words *words)
{
	ltr__words_map_done(&words->names);
	ltr__words_map_done(&words->labels);
	free(words->wanted_names);
	free(words->wanted_labels);
}
