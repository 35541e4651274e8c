/* SPDX-License-Identifier: MIT */
/*
 * One address, read from DWARF if there is any, otherwise from the ELF symbol table. Nothing is kept
 * here; symbols.c remembers results. DWARF addresses differ from the program's by a bias: functions
 * below take the program's address as `pc` and DWARF's as `address`.
 */

#include "symbols.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Functions inlined into each other deeper than this are cut. */
#define INLINE_MAX 32

/* How many units of a module are looked through for an address. */
#define UNITS_MAX (1 << 16)

/* How many symbols of a module are looked through for the runtime. */
#define SYMBOLS_MAX (1 << 20)

/* A path as the compiler wrote it, made absolute by the folder it was compiled in. */
static const char *absolute(struct ltr_arena *arena, Dwarf_Die *unit, const char *path)
{
	char joined[LTR_SYMBOL_TEXT_MAX + 1];
	Dwarf_Attribute attribute;
	const char *folder = NULL;

	if (path && *path != '/')
		folder = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
	if (!folder)
		return ltr__arena_text(arena, path);
	snprintf(joined, sizeof(joined), "%s/%s", folder, path);
	return ltr__arena_text(arena, joined);
}

static uint32_t number_of(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (dwarf_formudata(dwarf_attr(die, name, &attribute), &value) != 0 || value > UINT32_MAX)
		return 0;
	return (uint32_t)value;
}

/* Where the function that `inlined` stands in calls it. */
static void read_call(struct ltr_arena *arena, Dwarf_Die *unit, Dwarf_Die *inlined,
		      struct ltr_symbol *outer)
{
	Dwarf_Files *files;
	size_t count;
	uint32_t file = number_of(inlined, DW_AT_call_file);

	outer->line = number_of(inlined, DW_AT_call_line);
	if (dwarf_getsrcfiles(unit, &files, &count) == 0 && file < count)
		outer->file = absolute(arena, unit, dwarf_filesrc(files, file, NULL, NULL));
}

/*
 * The unit that an address lies in. elfutils looks for it in a table of ranges that clang does not write
 * unless it is told to; then the units say themselves what they have.
 */
static Dwarf_Die *find_unit(Dwfl_Module *dwarf, uint64_t pc, Dwarf_Addr *ret_bias)
{
	Dwarf_Die *unit = dwfl_module_addrdie(dwarf, pc, ret_bias);
	int looked = 0;

	if (unit)
		return unit;
	while ((unit = dwfl_module_nextcu(dwarf, unit, ret_bias)) && looked++ < UNITS_MAX)
		if (dwarf_haspc(unit, pc - *ret_bias) > 0)
			return unit;
	return NULL;
}

static void read_line(struct ltr_arena *arena, Dwarf_Die *unit, uint64_t address,
		      struct ltr_symbol *symbol)
{
	Dwarf_Line *line = dwarf_getsrc_die(unit, address);
	const char *file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
	int number = 0;

	if (line)
		(void)dwarf_lineno(line, &number);
	if (file) {
		symbol->file = absolute(arena, unit, file);
		symbol->line = number > 0 ? (uint32_t)number : 0;
	}
}

static struct ltr_symbol *new_symbol(struct ltr_arena *arena, uint32_t module)
{
	struct ltr_symbol *symbol = ltr__arena_take(arena, sizeof(*symbol));

	if (symbol) {
		symbol->function = symbol->file = "";
		symbol->module = module;
	}
	return symbol;
}

static bool is_function(Dwarf_Die *die)
{
	int tag = dwarf_tag(die);

	return tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine;
}

/*
 * The scopes around an address, innermost first, as the machine code has them: dwarf_getscopes()
 * goes over to the abstract functions at the first inlined one, so only its innermost function is
 * of use, and the way outward is asked for again from there. The caller frees *ret_scopes.
 */
static int find_scopes(Dwarf_Die *unit, uint64_t address, Dwarf_Die **ret_scopes)
{
	Dwarf_Die *around = NULL;
	int count = dwarf_getscopes(unit, address, &around);
	int found = 0;

	for (int i = 0; i < count; i++) {
		if (is_function(&around[i])) {
			found = dwarf_getscopes_die(&around[i], ret_scopes);
			break;
		}
	}
	free(around);
	return found;
}

/* Name by name outward from `innermost`, to the function that has the frame. */
static bool read_chain(struct ltr_arena *arena, Dwarf_Die *unit, Dwarf_Die *scopes, int count,
		       uint64_t bias, struct ltr_symbol *innermost)
{
	struct ltr_symbol *symbol = innermost;

	for (int i = 0, depth = 0; i < count; i++) {
		Dwarf_Addr entry;

		if (!is_function(&scopes[i]))
			continue;
		symbol->function = ltr__arena_text(arena, dwarf_diename(&scopes[i]));
		if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram) {
			if (dwarf_entrypc(&scopes[i], &entry) == 0)
				symbol->start = entry + bias;
			return true;
		}
		if (++depth == INLINE_MAX)
			return true;

		struct ltr_symbol *outer = new_symbol(arena, innermost->module);

		if (!outer)
			return true;
		read_call(arena, unit, &scopes[i], outer);
		symbol->outer = outer;
		symbol = outer;
	}
	return false;
}

/* The ELF symbol that covers `pc`; false if there is none. */
static bool read_elf(struct ltr_arena *arena, Dwfl_Module *dwarf, uint64_t pc,
		     struct ltr_symbol *symbol)
{
	GElf_Off offset = 0;
	GElf_Sym entry;
	const char *name = dwfl_module_addrinfo(dwarf, pc, &offset, &entry, NULL, NULL, NULL);

	if (!name || *name == '\0')
		return false;
	switch (GELF_ST_TYPE(entry.st_info)) {
	case STT_FUNC:
	case STT_GNU_IFUNC:
	case STT_NOTYPE:
		break;
	default:
		return false;
	}
	symbol->function = ltr__arena_text(arena, name);
	symbol->start = pc - offset;
	return true;
}

/* The arena's texts are NULL when it is exhausted; nobody outside may see that. */
static void finish(struct ltr_symbol *symbol)
{
	if (!symbol->function)
		symbol->function = "";
	if (!symbol->file)
		symbol->file = "";
	symbol->is_runtime = strncmp(symbol->function, "ltr_", 4) == 0;
}

struct ltr_symbol *ltr__symbols_read(struct ltr_arena *arena, Dwfl_Module *dwarf, uint64_t pc,
				     uint32_t module)
{
	struct ltr_symbol *symbol = new_symbol(arena, module);
	Dwarf_Die *scopes = NULL;
	Dwarf_Addr bias = 0;
	bool known = false;

	if (!symbol)
		return NULL;

	Dwarf_Die *unit = find_unit(dwarf, pc, &bias);

	if (unit) {
		int count = find_scopes(unit, pc - bias, &scopes);

		known = read_chain(arena, unit, scopes, count, bias, symbol);
		free(scopes);
		read_line(arena, unit, pc - bias, symbol);
	}
	if (!known)
		known = read_elf(arena, dwarf, pc, symbol);
	for (struct ltr_symbol *each = symbol; each; each = (struct ltr_symbol *)each->outer)
		finish(each);
	return known || symbol->line ? symbol : NULL;
}

static bool find_function(Dwfl_Module *dwarf, const char *name, GElf_Addr *ret_address)
{
	int count = dwfl_module_getsymtab(dwarf);

	for (int i = 1; i < count && i < SYMBOLS_MAX; i++) {
		GElf_Sym symbol;
		GElf_Addr address;
		const char *each =
			dwfl_module_getsym_info(dwarf, i, &symbol, &address, NULL, NULL, NULL);

		if (each && strcmp(each, name) == 0 && symbol.st_shndx != SHN_UNDEF) {
			*ret_address = address;
			return true;
		}
	}
	return false;
}

const char *ltr__symbols_runtime_folder(struct ltr_arena *arena, Dwfl_Module *dwarf)
{
	char folder[LTR_SYMBOL_TEXT_MAX + 1];
	GElf_Addr address;
	Dwarf_Addr bias;

	if (!find_function(dwarf, "ltr__handover", &address))
		return "";

	Dwarf_Die *unit = find_unit(dwarf, address, &bias);
	struct ltr_symbol place = {.file = ""};

	if (unit)
		read_line(arena, unit, address - bias, &place);
	if (!place.file)
		return NULL;

	const char *slash = strrchr(place.file, '/');

	if (!slash)
		return "";
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - place.file) + 1, place.file);
	return ltr__arena_text(arena, folder);
}
