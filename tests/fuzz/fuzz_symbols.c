// SPDX-License-Identifier: MIT
/*
 * The file that a program is said to run: ELF and DWARF, mapped at BASE_ADDRESS. An input that begins as ELF
 * is the file. Hardly any change of that leaves a file whose symbols can be asked for, so any other input,
 * after its first byte, is a list of changes to a file that is whole: where (two bytes), how many bytes
 * (one), and these.
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

	/* All over it, and closely where the seed has its code. */
	for (uint64_t i = 0; i < 64; i++) {
		check_symbol(ltr__symbols_read(&arena, dwarf, start + i * (bytes / 64), 0));
		check_symbol(ltr__symbols_read(&arena, dwarf, start + 0x280 + i * 2, 0));
	}
	folder = ltr__symbols_runtime_folder(&arena, dwarf);
	fuzz_expect(!folder || strlen(folder) <= LTR_SYMBOL_TEXT_MAX);
	fuzz_expect(strlen(ltr__symbols_build_id(&arena, dwarf)) <= LTR_SYMBOL_TEXT_MAX);
	ltr__arena_done(&arena);
}

static size_t read_seed(uint8_t *buffer, size_t bytes)
{
	FILE *file = fopen(FUZZ_SYMBOLS_SEED, "rb");
	size_t size = file ? fread(buffer, 1, bytes, file) : 0;

	if (file)
		fclose(file);
	return size;
}

/* The file that a list of changes makes; good until the next call. */
static const uint8_t *changed(const uint8_t *data, size_t size, size_t *ret_size)
{
	static uint8_t whole[FUZZ_SEED_BYTES];
	static uint8_t file[FUZZ_SEED_BYTES];
	static size_t whole_size;

	if (!whole_size)
		whole_size = read_seed(whole, sizeof(whole));
	if (!whole_size)
		abort();
	memcpy(file, whole, whole_size);
	while (size >= 3) {
		size_t at = (data[0] | (size_t)data[1] << 8) % whole_size;
		size_t bytes = data[2];

		data += 3;
		size -= 3;
		if (bytes > size)
			bytes = size;
		memcpy(file + at, data, bytes < whole_size - at ? bytes : whole_size - at);
		data += bytes;
		size -= bytes;
	}
	*ret_size = whole_size;
	return file;
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

	if (size && data[0] != 0x7f)
		data = changed(data + 1, size - 1, &size);
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

/* The file; the file as it is, in the other form; changes to each part of its header, and in the middle. */
size_t fuzz_seed(size_t n, uint8_t *buffer, size_t bytes)
{
	static const uint8_t at[] = {16, 24, 32, 40, 54, 58, 60, 62};
	const uint8_t changes[] = {'c',
				   n > 1 ? at[(n - 2) % sizeof(at)] : 0,
				   0,
				   1,
				   1,
				   (uint8_t)(n * 37),
				   (uint8_t)(n * 2),
				   2,
				   0xff,
				   0x7f};

	if (n == 0)
		return read_seed(buffer, bytes);
	if (n > 1 + sizeof(at) || bytes < sizeof(changes))
		return 0;
	memcpy(buffer, changes, sizeof(changes));
	return n == 1 ? 1 : sizeof(changes);
}
