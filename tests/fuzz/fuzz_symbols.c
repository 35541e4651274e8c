// SPDX-License-Identifier: MIT
/*
 * The file that a program is said to run: ELF and DWARF, mapped at BASE_ADDRESS. The input is the file.
 */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbols.h"

#define BASE_ADDRESS 0x500000000000ull

/* What elfutils forgets to free of a file that makes no sense is not ours to mend. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libdw.so\n";
}

static int find_no_elf(Dwfl_Module *dwarf, void **user, const char *name, Dwarf_Addr base,
		       char **ret_path, Elf **ret_elf)
{
	(void)dwarf, (void)user, (void)name, (void)base, (void)ret_path, (void)ret_elf;
	return -1;
}

static int find_no_debuginfo(Dwfl_Module *dwarf, void **user, const char *name, Dwarf_Addr base,
			     const char *file, const char *link_file, GElf_Word link_crc,
			     char **ret_path)
{
	(void)dwarf, (void)user, (void)name, (void)base, (void)file;
	(void)link_file, (void)link_crc, (void)ret_path;
	return -1;
}

static void check_symbol(const struct ltr_symbol *symbol)
{
	for (int depth = 0; symbol; symbol = symbol->outer) {
		fuzz_expect(symbol->function && symbol->file);
		fuzz_expect(strlen(symbol->function) <= LTR_SYMBOL_TEXT_MAX);
		fuzz_expect(strlen(symbol->file) <= LTR_SYMBOL_TEXT_MAX);
		fuzz_expect(++depth <= 64);
	}
}

static void ask(Dwfl_Module *dwarf, uint64_t start, uint64_t bytes)
{
	struct ltr_arena arena = {0};
	const char *folder;

	for (uint64_t i = 0; i < 128; i++)
		check_symbol(ltr__symbols_read(&arena, dwarf, start + i * (bytes / 128), 0));
	folder = ltr__symbols_runtime_folder(&arena, dwarf);
	fuzz_expect(!folder || strlen(folder) <= LTR_SYMBOL_TEXT_MAX);
	fuzz_expect(strlen(ltr__symbols_build_id(&arena, dwarf)) <= LTR_SYMBOL_TEXT_MAX);
	ltr__arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = find_no_elf,
		.find_debuginfo = find_no_debuginfo,
		.section_address = dwfl_offline_section_address,
	};
	const struct ltr_process_map map = {
		.start = BASE_ADDRESS, .end = BASE_ADDRESS + (1u << 20), .executable = true};
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	Dwfl *dwfl = dwfl_begin(&callbacks);
	Dwfl_Module *dwarf = NULL;
	uint64_t bias;
	Dwarf_Addr start, end;

	if (fd < 0 || !dwfl || write(fd, data, size) != (ssize_t)size)
		abort();
	if (ltr__symbols_bias(fd, &map, &bias) == 0)
		dwarf = dwfl_report_elf(dwfl, "fuzz", "fuzz", fd, bias, true);
	if (dwarf) {
		dwfl_report_end(dwfl, NULL, NULL);
		dwfl_module_info(dwarf, NULL, &start, &end, NULL, NULL, NULL, NULL);
		ask(dwarf, start, end - start);
	} else {
		close(fd);
	}
	dwfl_end(dwfl);
	return 0;
}

size_t fuzz_seed(size_t n, uint8_t *buffer, size_t bytes)
{
	FILE *file = n == 0 ? fopen(FUZZ_SYMBOLS_SEED, "rb") : NULL;
	size_t size = file ? fread(buffer, 1, bytes, file) : 0;

	if (file)
		fclose(file);
	return size;
}
