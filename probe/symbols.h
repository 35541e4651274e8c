/* SPDX-License-Identifier: MIT */
#ifndef LOITER_SYMBOLS_H
#define LOITER_SYMBOLS_H

/*
 * What lies at an address of a process, inside: shared by the files symbols*.c. From outside, see
 * ltr__symbols_new() in events.h and what a census says of symbols in census.h.
 */

#include <elfutils/libdwfl.h>

#include "census_fill.h"
#include "process.h"

/* Names and paths are cut at this length, the ending NUL not counted. */
#define LTR_SYMBOL_TEXT_MAX 255

/* Memory that is given back all at once; what it may grow to is bounded. */
struct ltr_arena {
	struct ltr_arena_chunk *chunks;
	size_t total;
};

/* Zeroed; NULL when there is no memory, or the arena has its largest size. */
void *ltr__arena_take(struct ltr_arena *arena, size_t bytes);
/* A copy, cut at LTR_SYMBOL_TEXT_MAX; NULL as above. `text` may be NULL: then "". */
const char *ltr__arena_text(struct ltr_arena *arena, const char *text);
void ltr__arena_done(struct ltr_arena *arena);

/*
 * Reads what `dwarf` (its module of dwfl) knows about `pc` into a chain of symbols, innermost first,
 * that lie in the arena. `is_runtime` is set by function names only. Returns NULL if nothing is known
 * but the module, or if there is no memory.
 */
struct ltr_symbol *ltr__symbols_read(struct ltr_arena *arena, Dwfl_Module *dwarf, uint64_t pc,
				     uint32_t module);

/*
 * The folder of the source file that ltr__handover() of this module comes from, with a slash at its
 * end: libloiter's own sources; "" if it does not contain the runtime or does not say. NULL: no
 * memory.
 */
const char *ltr__symbols_runtime_folder(struct ltr_arena *arena, Dwfl_Module *dwarf);

/*
 * How far the addresses of the ELF file `fd` are from the program's, by the segment that this mapping
 * shows. -ENOEXEC: the file does not go with the mapping.
 */
int ltr__symbols_bias(int fd, const struct ltr_process_map *map, uint64_t *ret_bias);

/* In lower-case hexadecimal, in the arena; "" if there is none. `dwarf` may be NULL. */
const char *ltr__symbols_build_id(struct ltr_arena *arena, Dwfl_Module *dwarf);

/* For struct Dwfl_Callbacks. The module's user data must be a struct ltr_debug_place. */
struct ltr_debug_place {
	const struct ltr_process *process;
	const char *path;
};
int ltr__symbols_find_debuginfo(Dwfl_Module *dwarf, void **user, const char *name, Dwarf_Addr base,
				const char *file, const char *link_file, GElf_Word link_crc,
				char **ret_path);

#endif
