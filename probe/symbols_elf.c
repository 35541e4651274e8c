/* SPDX-License-Identifier: MIT */
/*
 * What the ELF file of a module says of itself.
 */

#include "symbols.h"

#include <errno.h>
#include <stdio.h>

#define BUILD_ID_BYTES_MAX 64

/* How far the file's addresses are from the program's, by the segment that this mapping shows. */
int ltr__symbols_bias(int fd, const struct ltr_process_map *map, uint64_t *ret_bias)
{
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	size_t count = 0;
	int err = -ENOEXEC;

	if (elf && elf_kind(elf) == ELF_K_ELF && elf_getphdrnum(elf, &count) != 0)
		count = 0;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_LOAD ||
		    !(segment.p_flags & PF_X))
			continue;
		/* Segments are mapped in whole pages; a mapping may be a piece of one. */
		if (segment.p_offset < map->offset + (map->end - map->start) &&
		    map->offset < segment.p_offset + segment.p_filesz) {
			*ret_bias = map->start - map->offset + segment.p_offset - segment.p_vaddr;
			err = 0;
			break;
		}
	}
	elf_end(elf);
	return err;
}

const char *ltr__symbols_build_id(struct ltr_arena *arena, Dwfl_Module *dwarf)
{
	char text[2 * BUILD_ID_BYTES_MAX + 1] = "";
	const unsigned char *id;
	GElf_Addr address;
	Dwarf_Addr bias;
	int bytes = dwarf && dwfl_module_getelf(dwarf, &bias)
			    ? dwfl_module_build_id(dwarf, &id, &address)
			    : 0;

	for (int i = 0; i < bytes && i < BUILD_ID_BYTES_MAX; i++)
		snprintf(text + 2 * (size_t)i, 3, "%02x", id[i]);

	const char *kept = ltr__arena_text(arena, text);

	return kept ? kept : "";
}
