// SPDX-License-Identifier: MIT
/*
 * Finding the layout object. libloiter may be linked into the program or be a shared object of it,
 * so each mapped file that has code is looked at, the program itself first: by its section, which a
 * stripped binary has too, else by its symbol. Files are opened as the process sees them
 * (/proc/PID/exe, /proc/PID/root/...), which works across containers and for deleted programs.
 */
#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libloiter_private.h"

static bool is_same_file(const struct ltr_process_map *a, const struct ltr_process_map *b)
{
	return a->inode == b->inode && a->device == b->device && strcmp(a->path, b->path) == 0;
}

int ltr__open_path(const struct ltr_process *process, const struct ltr_process_map *map, char *path,
		   size_t bytes)
{
	char link[PATH_MAX];
	char exe[64];
	uint32_t pid = ltr_process_pid(process);

	snprintf(exe, sizeof(exe), "/proc/%u/exe", pid);
	ssize_t length = readlink(exe, link, sizeof(link) - 1);
	int written;
	if (length > 0) {
		link[length] = '\0';
		if (strcmp(link, map->path) == 0) {
			written = snprintf(path, bytes, "%s", exe);
			return written < 0 || (size_t)written >= bytes ? -ENAMETOOLONG : 0;
		}
	}
	written = snprintf(path, bytes, "/proc/%u/root%s", pid, map->path);
	return written < 0 || (size_t)written >= bytes ? -ENAMETOOLONG : 0;
}

/* Where in the file's own address space the layout is. */
static int find_by_section(Elf *elf, uint64_t *ret_address)
{
	size_t names;
	if (elf_getshdrstrndx(elf, &names) != 0)
		return -ENOENT;
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		GElf_Shdr header;
		if (!gelf_getshdr(section, &header))
			continue;
		const char *name = elf_strptr(elf, names, header.sh_name);
		if (name && strcmp(name, LTR_LAYOUT_SECTION) == 0 && header.sh_flags & SHF_ALLOC) {
			*ret_address = header.sh_addr;
			return 0;
		}
	}
	return -ENOENT;
}

static int find_in_table(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, uint64_t *ret_address)
{
	Elf_Data *data = elf_getdata(section, NULL);
	if (!data || header->sh_entsize == 0)
		return -ENOENT;
	size_t count = header->sh_size / header->sh_entsize;
	for (size_t i = 0; i < count && i < INT_MAX; i++) {
		GElf_Sym symbol;
		if (!gelf_getsym(data, (int)i, &symbol))
			break;
		if (symbol.st_shndx == SHN_UNDEF || GELF_ST_TYPE(symbol.st_info) != STT_OBJECT)
			continue;
		const char *name = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (name && strcmp(name, LTR_LAYOUT_SYMBOL) == 0) {
			*ret_address = symbol.st_value;
			return 0;
		}
	}
	return -ENOENT;
}

static int find_by_symbol(Elf *elf, uint64_t *ret_address)
{
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		GElf_Shdr header;
		if (!gelf_getshdr(section, &header))
			continue;
		if (header.sh_type != SHT_DYNSYM && header.sh_type != SHT_SYMTAB)
			continue;
		if (find_in_table(elf, section, &header, ret_address) == 0)
			return 0;
	}
	return -ENOENT;
}

/*
 * What has to be added to the file's addresses: from its code and where that is mapped. (Programs map
 * files, themselves too, for other reasons, but not as code.)
 */
static int find_bias(Elf *elf, const struct ltr_process_maps *maps,
		     const struct ltr_process_map *file, uint64_t *ret_bias)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	size_t count;
	if (elf_getphdrnum(elf, &count) != 0 || count > 4096)
		return -ENOENT;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;
		if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_LOAD ||
		    !(segment.p_flags & PF_X))
			continue;
		for (size_t m = 0; m < maps->count; m++) {
			const struct ltr_process_map *map = &maps->map[m];
			if (!map->executable || !is_same_file(map, file) ||
			    map->offset != (segment.p_offset & ~(page - 1)))
				continue;
			*ret_bias = map->start - (segment.p_vaddr & ~(page - 1));
			return 0;
		}
	}
	return -ENOENT;
}

static int find_in_elf(Elf *elf, const struct ltr_process_maps *maps,
		       const struct ltr_process_map *file, uint64_t *ret_address)
{
	GElf_Ehdr header;
	uint64_t address;
	uint64_t bias;

	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header) ||
	    header.e_ident[EI_CLASS] != ELFCLASS64)
		return -ENOENT;
	if (find_by_section(elf, &address) < 0 && find_by_symbol(elf, &address) < 0)
		return -ENOENT;
	if (find_bias(elf, maps, file, &bias) < 0)
		return -ENOENT;
	*ret_address = bias + address;
	return 0;
}

static int find_in_file(const struct ltr_process *process, const struct ltr_process_maps *maps,
			const struct ltr_process_map *file, uint64_t *ret_address)
{
	int fd = ltr_process_open_map(process, file);
	if (fd < 0)
		return -ENOENT;

	int err = -ENOENT;
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf)
		err = find_in_elf(elf, maps, file, ret_address);
	elf_end(elf);
	close(fd);
	return err;
}

int ltr__layout_find(struct ltr_process *process, uint64_t *ret_address, struct ltr_why *why)
{
	struct ltr_process_maps maps;
	uint32_t pid = ltr_process_pid(process);
	int err = ltr_process_maps(process, &maps);
	if (err)
		return ltr_why_set(why, err, "cannot read /proc/%u/maps: %s", pid, strerror(-err));

	elf_version(EV_CURRENT);
	err = -ENOEXEC;
	/* The kernel maps the program before its shared objects, if not always below them. */
	for (size_t i = 0; i < maps.count && err; i++) {
		if (!maps.map[i].executable)
			continue;
		bool seen = false;
		for (size_t before = 0; before < i && !seen; before++)
			seen = maps.map[before].executable &&
			       is_same_file(&maps.map[before], &maps.map[i]);
		if (!seen && find_in_file(process, &maps, &maps.map[i], ret_address) == 0)
			err = 0;
	}
	ltr_process_maps_done(&maps);
	if (err)
		ltr_why_set(why, err,
			    "process %u is not a goroutine program: no file in it has an object "
			    "`" LTR_LAYOUT_SYMBOL "`",
			    pid);
	return err;
}
