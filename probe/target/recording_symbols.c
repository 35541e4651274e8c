// SPDX-License-Identifier: MIT
/*
 * The symbols of a recording: a table by address, filled while the file is read. Texts and symbols lie
 * in an arena that is bounded, as for a live program (symbols.c); so are the table and the modules.
 */
#include <errno.h>
#include <stdlib.h>

#include "../symbols.h"
#include "recording_private.h"

#define MODULES_MAX 256
#define TABLE_MIN   1024
#define TABLE_MAX   (1u << 19) /* half of it is used */

struct result {
	uint64_t pc;
	const struct ltr_symbol *symbol; /* NULL: free */
};

struct ltr__recorded_symbols {
	struct ltr_arena arena;
	struct ltr_module modules[MODULES_MAX];
	struct ltr_symbol unknown[MODULES_MAX]; /* by module: of an address there */
	uint32_t module_count;
	struct result *table;
	uint32_t table_size; /* a power of two */
	uint32_t table_used;
};

static struct result *probe_table(struct result *table, uint32_t size, uint64_t pc)
{
	uint32_t at = (uint32_t)((pc * 0x9e3779b97f4a7c15ull) >> 32) & (size - 1);

	while (table[at].symbol && table[at].pc != pc)
		at = (at + 1) & (size - 1);
	return &table[at];
}

/* False: it must not grow. */
static int make_room(struct ltr__recorded_symbols *symbols, bool *ret_room)
{
	uint32_t size = symbols->table_size * 2;
	struct result *table;

	*ret_room = symbols->table_used < symbols->table_size / 2 || size <= TABLE_MAX;
	if (!*ret_room || symbols->table_used < symbols->table_size / 2)
		return 0;
	table = calloc(size, sizeof(*table));
	if (!table)
		return -ENOMEM;
	for (uint32_t i = 0; i < symbols->table_size; i++)
		if (symbols->table[i].symbol)
			*probe_table(table, size, symbols->table[i].pc) = symbols->table[i];
	free(symbols->table);
	symbols->table = table;
	symbols->table_size = size;
	return 0;
}

static const struct ltr_symbol *find(void *context, uint64_t pc)
{
	const struct ltr__recorded_symbols *symbols = context;
	const struct ltr_symbol *symbol =
		probe_table(symbols->table, symbols->table_size, pc)->symbol;

	for (uint32_t i = 0; i < symbols->module_count && !symbol; i++)
		if (pc >= symbols->modules[i].start && pc < symbols->modules[i].end)
			symbol = &symbols->unknown[i];
	return symbol;
}

static size_t module_count(void *context)
{
	const struct ltr__recorded_symbols *symbols = context;

	return symbols->module_count;
}

static const struct ltr_module *module_at(void *context, size_t index)
{
	const struct ltr__recorded_symbols *symbols = context;

	return index < symbols->module_count ? &symbols->modules[index] : NULL;
}

static void symbols_free(void *context)
{
	struct ltr__recorded_symbols *symbols = context;

	ltr__arena_done(&symbols->arena);
	free(symbols->table);
	free(symbols);
}

/* In the arena; "" if it is full. */
static const char *read_text(struct ltr__recorded_symbols *symbols, struct ltr__reading *reading)
{
	char text[LTR_SYMBOL_TEXT_MAX + 1];
	const char *copy;

	ltr__read_text(reading, text, sizeof(text));
	copy = ltr__arena_text(&symbols->arena, text);
	return copy ? copy : "";
}

static int add_module(struct ltr__recorded_symbols *symbols, struct ltr__reading *reading)
{
	struct ltr_module module = {.start = ltr__read_number(reading)};

	module.end = ltr__read_number(reading);
	module.offset = ltr__read_number(reading);
	module.path = read_text(symbols, reading);
	module.build_id = read_text(symbols, reading);
	if (reading->bad || symbols->module_count == MODULES_MAX)
		return reading->bad ? -EBADMSG : 0;
	symbols->unknown[symbols->module_count] =
		(struct ltr_symbol){.function = "", .file = "", .module = symbols->module_count};
	symbols->modules[symbols->module_count++] = module;
	return 0;
}

/* A chain, innermost first; NULL if the arena is full or it was bad. */
static const struct ltr_symbol *read_chain(struct ltr__recorded_symbols *symbols,
					   struct ltr__reading *reading)
{
	uint64_t count = ltr__read_bounded(reading, LTR__RECORD_CHAIN_MAX);
	const struct ltr_symbol *first = NULL;
	const struct ltr_symbol **link = &first;

	for (uint64_t i = 0; i < count && !reading->bad; i++) {
		struct ltr_symbol *symbol = ltr__arena_take(&symbols->arena, sizeof(*symbol));
		struct ltr_symbol read = {.function = read_text(symbols, reading)};

		read.file = read_text(symbols, reading);
		read.line = (uint32_t)ltr__read_number(reading);
		uint64_t module = ltr__read_number(reading);
		read.module = module && module <= symbols->module_count ? (uint32_t)module - 1
									: UINT32_MAX;
		read.start = ltr__read_number(reading);
		read.is_runtime = ltr__read_number(reading);
		if (!symbol)
			continue;
		*symbol = read;
		*link = symbol;
		link = &symbol->outer;
	}
	return first;
}

static int add_symbol(struct ltr__recorded_symbols *symbols, struct ltr__reading *reading)
{
	uint64_t pc = ltr__read_number(reading);
	const struct ltr_symbol *symbol = read_chain(symbols, reading);
	bool room;

	if (reading->bad)
		return -EBADMSG;
	int err = make_room(symbols, &room);
	if (err || !room || !symbol)
		return err;
	struct result *result = probe_table(symbols->table, symbols->table_size, pc);
	symbols->table_used += !result->symbol;
	*result = (struct result){pc, symbol};
	return 0;
}

int ltr__recorded_symbols_add(struct ltr__recorded_symbols *symbols, struct ltr__reading *reading)
{
	int err = 0;

	while (reading->at < reading->end && !err) {
		switch (ltr__read_number(reading)) {
		case LTR__ENTRY_MODULE:
			err = add_module(symbols, reading);
			break;
		case LTR__ENTRY_SYMBOL:
			err = add_symbol(symbols, reading);
			break;
		default:
			err = -EBADMSG;
		}
	}
	return err;
}

int ltr__recorded_symbols_new(struct ltr_census *census, struct ltr__recorded_symbols **ret_symbols)
{
	static const struct ltr_symbol_source source = {
		.find = find,
		.module_count = module_count,
		.module = module_at,
		.free = symbols_free,
	};
	struct ltr__recorded_symbols *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		return -ENOMEM;
	symbols->table_size = TABLE_MIN;
	symbols->table = calloc(TABLE_MIN, sizeof(*symbols->table));
	if (!symbols->table) {
		free(symbols);
		return -ENOMEM;
	}
	ltr_census_set_symbols(census, &source, symbols);
	*ret_symbols = symbols;
	return 0;
}
