/* SPDX-License-Identifier: MIT */
/*
 * Where separate debug information is looked for: by build id where the system keeps it, then beside
 * the program by the name that it gives. A file that the program names must carry its build id.
 *
 * elfutils' own search, which goes on to ask servers in the network (debuginfod), is made only where the
 * user says so: it takes as long as servers take, tells them what runs here, and DEBUGINFOD_URLS is set on
 * many machines without anybody's having asked for it.
 */

#include "symbols.h"

#include <elfutils/libdwelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_build_id(int fd, const void *id, int bytes)
{
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	const void *own;
	bool same = elf && dwelf_elf_gnu_build_id(elf, &own) == bytes &&
		    memcmp(own, id, (size_t)bytes) == 0;

	elf_end(elf);
	return same;
}

/* `folder` and `name` joined, as the process sees them, if it is the right file. */
static int try_file(const struct ltr_debug_place *place, const char *before, const char *between,
		    const char *name, const void *id, int bytes)
{
	char path[PATH_MAX];
	const char *slash = strrchr(place->path, '/');
	int folder_length = slash ? (int)(slash - place->path) : 0;

	if (snprintf(path, sizeof(path), "%s%.*s/%s%s", before, folder_length, place->path, between,
		     name) >= (int)sizeof(path))
		return -1;

	int fd = ltr_process_open_path(place->process, path);

	if (fd >= 0 && !has_build_id(fd, id, bytes)) {
		close(fd);
		return -1;
	}
	return fd < 0 ? -1 : fd;
}

static bool may_ask_servers(void)
{
	const char *word = getenv("LTR_DEBUGINFOD");

	return word && strcmp(word, "1") == 0;
}

int ltr__symbols_find_debuginfo(Dwfl_Module *dwarf, void **user, const char *name, Dwarf_Addr base,
				const char *file, const char *link_file, GElf_Word link_crc,
				char **ret_path)
{
	const struct ltr_debug_place *place = *user;
	const unsigned char *id;
	GElf_Addr id_address;
	int bytes = dwfl_module_build_id(dwarf, &id, &id_address);

	if (bytes <= 0)
		return -1;

	int fd = dwfl_build_id_find_debuginfo(dwarf, user, name, base, file, link_file, link_crc,
					      ret_path);

	if (fd < 0 && place && link_file && !strchr(link_file, '/')) {
		fd = try_file(place, "", "", link_file, id, bytes);
		if (fd < 0)
			fd = try_file(place, "", ".debug/", link_file, id, bytes);
		if (fd < 0)
			fd = try_file(place, "/usr/lib/debug", "", link_file, id, bytes);
	}
	if (fd < 0 && may_ask_servers())
		fd = dwfl_standard_find_debuginfo(dwarf, user, name, base, file, link_file,
						  link_crc, ret_path);
	return fd;
}
