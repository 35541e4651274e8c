/* SPDX-License-Identifier: MIT */
/*
 * The symbols of one process: its modules, and what was looked up in them.
 *
 * Invariants
 *  - All files of the process are opened when this begins, so that the dead can still be asked about:
 *    a report is often written when the program has ended. Debug information is read at the first
 *    look-up in a module.
 *  - Modules are only ever added, in an array that does not move: their numbers and addresses are
 *    good to the end. New ones are looked for when an address lies in none, but seldom, because
 *    damaged stacks are full of such addresses.
 *  - /proc is looked at again only while the process lives: then its number is still its own.
 *  - Each address is read once; the table of results, like the arena that they lie in, is bounded.
 */

#include "symbols.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "events.h"

#define MODULES_MAX 256
#define TABLE_MIN   1024
#define TABLE_MAX   (1u << 18)

/* How long after a vain look for new modules the next one is made; doubled each time. */
#define LOOK_NS_MIN 1000000000ull
#define LOOK_NS_MAX 64000000000ull

struct module {
	Dwfl_Module *dwarf; /* NULL: the file could not be read */
	uint64_t device;
	uint64_t inode;
	uint64_t bias;
	struct ltr_debug_place place;
	struct ltr_symbol unknown; /* what is said of an address here of which nothing is known */
};

struct result {
	uint64_t pc; /* 0: free */
	const struct ltr_symbol *symbol;
};

struct symbols {
	struct ltr_process *process;
	Dwfl *dwfl;
	struct ltr_arena arena;

	struct ltr_module public[MODULES_MAX];
	struct module modules[MODULES_MAX];
	uint32_t module_count;
	uint64_t next_look_ns;
	uint64_t look_ns;

	const char *runtime_folder; /* NULL: not looked for yet; "": not known */

	struct result *table;
	uint32_t table_size; /* a power of two */
	uint32_t table_used;
};

static const struct ltr_symbol unknown = {.function = "", .file = "", .module = UINT32_MAX};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* All modules are reported with their file; there is nothing left to find. */
static int find_no_elf(Dwfl_Module *dwarf, void **user, const char *name, Dwarf_Addr base,
		       char **ret_path, Elf **ret_elf)
{
	(void)dwarf, (void)user, (void)name, (void)base, (void)ret_path, (void)ret_elf;
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = find_no_elf,
	.find_debuginfo = ltr__symbols_find_debuginfo,
	.section_address = dwfl_offline_section_address,
};

/* Another mapping of the same file at the same place is the same module for dwfl. */
static Dwfl_Module *find_sibling(const struct symbols *symbols, const struct module *module)
{
	for (uint32_t i = 0; i < symbols->module_count; i++) {
		const struct module *other = &symbols->modules[i];

		if (other->dwarf && other->device == module->device &&
		    other->inode == module->inode && other->bias == module->bias)
			return other->dwarf;
	}
	return NULL;
}

/* Leaves module->dwarf NULL if the file cannot be read or makes no sense. */
static void open_module(struct symbols *symbols, const struct ltr_process_map *map,
			struct module *module)
{
	int fd = ltr_process_open_map(symbols->process, map);
	void **user;

	if (fd < 0)
		return;
	if (ltr__symbols_bias(fd, map, &module->bias) < 0) {
		close(fd);
		return;
	}
	module->dwarf = find_sibling(symbols, module);
	if (module->dwarf) {
		close(fd);
		return;
	}
	/* Takes the descriptor over, if it succeeds. */
	module->dwarf = dwfl_report_elf(symbols->dwfl, module->place.path, module->place.path, fd,
					module->bias, true);
	if (!module->dwarf) {
		close(fd);
		return;
	}
	dwfl_module_info(module->dwarf, &user, NULL, NULL, NULL, NULL, NULL, NULL);
	*user = &module->place;
}

static bool is_known(const struct symbols *symbols, const struct ltr_process_map *map)
{
	for (uint32_t i = 0; i < symbols->module_count; i++) {
		if (symbols->public[i].start < map->end && map->start < symbols->public[i].end)
			return true;
	}
	return false;
}

static const char *copy_path(struct ltr_arena *arena, const struct ltr_process_map *map)
{
	char path[LTR_SYMBOL_TEXT_MAX + 1];

	snprintf(path, sizeof(path), "%.*s", (int)ltr_process_map_path_length(map), map->path);
	return ltr__arena_text(arena, path);
}

/* Adds the executable mappings that are new. 1 if there were any, 0 if not, -errno. */
static int look_for_modules(struct symbols *symbols)
{
	struct ltr_process_maps maps;
	uint32_t first = symbols->module_count;
	int err = ltr_process_is_alive(symbols->process) ? ltr_process_maps(symbols->process, &maps)
							 : -ESRCH;

	if (err < 0)
		return err;
	dwfl_report_begin_add(symbols->dwfl);
	for (size_t i = 0; i < maps.count && symbols->module_count < MODULES_MAX; i++) {
		const struct ltr_process_map *map = &maps.map[i];
		const char *path = map->executable && !is_known(symbols, map)
					   ? copy_path(&symbols->arena, map)
					   : NULL;

		if (!path)
			continue;

		struct module *module = &symbols->modules[symbols->module_count];

		*module = (struct module){
			.device = map->device,
			.inode = map->inode,
			.place = {symbols->process, path},
			.unknown = {.function = "", .file = "", .module = symbols->module_count},
		};
		open_module(symbols, map, module);
		symbols->public[symbols->module_count++] = (struct ltr_module){
			.start = map->start,
			.end = map->end,
			.offset = map->offset,
			.path = path,
			.build_id = "",
		};
	}
	dwfl_report_end(symbols->dwfl, NULL, NULL);
	ltr_process_maps_done(&maps);
	for (uint32_t i = first; i < symbols->module_count; i++)
		symbols->public[i].build_id =
			ltr__symbols_build_id(&symbols->arena, symbols->modules[i].dwarf);
	return symbols->module_count > first;
}

static uint32_t find_module(const struct symbols *symbols, uint64_t pc)
{
	for (uint32_t i = 0; i < symbols->module_count; i++) {
		if (pc >= symbols->public[i].start && pc < symbols->public[i].end)
			return i;
	}
	return UINT32_MAX;
}

static uint32_t find_module_anew(struct symbols *symbols, uint64_t pc)
{
	uint32_t module = find_module(symbols, pc);
	uint64_t now;

	if (module != UINT32_MAX)
		return module;
	now = now_ns();
	if (now < symbols->next_look_ns)
		return UINT32_MAX;
	if (look_for_modules(symbols) == 1)
		symbols->look_ns = LOOK_NS_MIN;
	else if (symbols->look_ns < LOOK_NS_MAX)
		symbols->look_ns *= 2;
	symbols->next_look_ns = now + symbols->look_ns;
	return find_module(symbols, pc);
}

/* The runtime's sources lie in one folder; its static functions have no prefix to tell them by. */
static bool is_runtime_file(struct symbols *symbols, const char *file)
{
	for (uint32_t i = 0; !symbols->runtime_folder && i < symbols->module_count; i++) {
		const char *folder = symbols->modules[i].dwarf
					     ? ltr__symbols_runtime_folder(
						       &symbols->arena, symbols->modules[i].dwarf)
					     : "";

		if (folder && *folder)
			symbols->runtime_folder = folder;
	}
	if (!symbols->runtime_folder)
		symbols->runtime_folder = "";

	size_t length = strlen(symbols->runtime_folder);

	return length > 0 && strncmp(file, symbols->runtime_folder, length) == 0;
}

static const struct ltr_symbol *read_symbol(struct symbols *symbols, uint32_t index, uint64_t pc)
{
	struct module *module = &symbols->modules[index];
	struct ltr_symbol *symbol =
		module->dwarf ? ltr__symbols_read(&symbols->arena, module->dwarf, pc, index) : NULL;

	for (struct ltr_symbol *each = symbol; each; each = (struct ltr_symbol *)each->outer)
		each->is_runtime = each->is_runtime || is_runtime_file(symbols, each->file);
	return symbol ? symbol : &module->unknown;
}

/* The place of `pc` in the table, or the free one where it belongs. */
static struct result *probe_table(struct result *table, uint32_t size, uint64_t pc)
{
	uint32_t at = (uint32_t)((pc * 0x9e3779b97f4a7c15ull) >> 32) & (size - 1);

	while (table[at].pc && table[at].pc != pc)
		at = (at + 1) & (size - 1);
	return &table[at];
}

/* False if it must not, or cannot, grow: then the result is not remembered. */
static bool make_room(struct symbols *symbols)
{
	uint32_t size = symbols->table_size * 2;

	if (symbols->table_used < symbols->table_size / 2)
		return true;
	if (size > TABLE_MAX)
		return false;

	struct result *table = calloc(size, sizeof(*table));

	if (!table)
		return false;
	for (uint32_t i = 0; i < symbols->table_size; i++) {
		if (symbols->table[i].pc)
			*probe_table(table, size, symbols->table[i].pc) = symbols->table[i];
	}
	free(symbols->table);
	symbols->table = table;
	symbols->table_size = size;
	return true;
}

static const struct ltr_symbol *symbols_find(void *context, uint64_t pc)
{
	struct symbols *symbols = context;
	struct result *result = probe_table(symbols->table, symbols->table_size, pc);

	if (pc == 0)
		return &unknown;
	if (result->pc)
		return result->symbol;

	uint32_t module = find_module_anew(symbols, pc);

	if (module == UINT32_MAX)
		return &unknown;
	if (!make_room(symbols))
		return &symbols->modules[module].unknown;
	result = probe_table(symbols->table, symbols->table_size, pc);
	result->symbol = read_symbol(symbols, module, pc);
	result->pc = pc;
	symbols->table_used++;
	return result->symbol;
}

static size_t symbols_module_count(void *context)
{
	const struct symbols *symbols = context;

	return symbols->module_count;
}

static const struct ltr_module *symbols_module(void *context, size_t index)
{
	const struct symbols *symbols = context;

	return index < symbols->module_count ? &symbols->public[index] : NULL;
}

static void symbols_free(void *context)
{
	struct symbols *symbols = context;

	if (!symbols)
		return;
	if (symbols->dwfl)
		dwfl_end(symbols->dwfl);
	ltr__arena_done(&symbols->arena);
	free(symbols->table);
	ltr_process_close(symbols->process);
	free(symbols);
}

static int start(struct symbols *symbols, uint32_t pid)
{
	struct ltr_why why;
	int err;

	elf_version(EV_CURRENT);
	err = ltr_process_open(pid, &symbols->process, &why);
	if (err < 0)
		return err;
	symbols->dwfl = dwfl_begin(&callbacks);
	symbols->table = calloc(TABLE_MIN, sizeof(*symbols->table));
	if (!symbols->dwfl || !symbols->table)
		return -ENOMEM;
	symbols->table_size = TABLE_MIN;
	symbols->look_ns = LOOK_NS_MIN;
	err = look_for_modules(symbols);
	return err < 0 ? err : 0;
}

int ltr__symbols_new(uint32_t pid, struct ltr_census *census)
{
	static const struct ltr_symbol_source source = {
		.find = symbols_find,
		.module_count = symbols_module_count,
		.module = symbols_module,
		.free = symbols_free,
	};
	struct symbols *symbols = calloc(1, sizeof(*symbols));
	int err;

	if (!symbols)
		return -ENOMEM;
	err = start(symbols, pid);
	if (err < 0) {
		symbols_free(symbols);
		return err;
	}
	ltr_census_set_symbols(census, &source, symbols);
	return 0;
}
