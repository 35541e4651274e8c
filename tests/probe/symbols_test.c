/* SPDX-License-Identifier: MIT */
/*
 * Symbols of a real process, symbols_target, in all its builds: with debug information, stripped,
 * with debug information beside it; alive, deleted, ended. What it must find, the target prints.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "census_fill.h"
#include "events.h"
#include "program.h"

struct target {
	struct program program;
	uint64_t call, owner, pretend, libc;
	uint32_t inner_line, outer_line, owner_line;
	struct ltr_census *census;
};

static void start_program(struct target *target, const char *path)
{
	char line[256] = "";

	program_start(&target->program, path);
	assert_true(read(target->program.from, line, sizeof(line) - 1) > 0);
	assert_int_equal(sscanf(line,
				"%" SCNx64 " %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNx64
				" %" SCNx64 " %" SCNx64,
				&target->call, &target->inner_line, &target->outer_line,
				&target->owner_line, &target->owner, &target->pretend,
				&target->libc),
			 7);
}

static void start(struct target *target, const char *variable)
{
	start_program(target, getenv(variable));
	assert_int_equal(ltr_census_new(&target->census), 0);
	assert_int_equal(ltr__symbols_new((uint32_t)target->program.pid, target->census), 0);
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static void assert_chain(const struct target *target)
{
	const struct ltr_symbol *symbol = ltr_census_call_symbol(target->census, target->call);

	assert_string_equal(symbol->function, "inner_inlined");
	assert_int_equal(symbol->line, target->inner_line);
	assert_true(ends_with(symbol->file, "/symbols_target.c"));
	assert_int_equal(symbol->file[0], '/');
	assert_int_equal(symbol->start, 0);

	symbol = symbol->outer;
	assert_non_null(symbol);
	assert_string_equal(symbol->function, "outer_inlined");
	assert_int_equal(symbol->line, target->outer_line);

	symbol = symbol->outer;
	assert_non_null(symbol);
	assert_string_equal(symbol->function, "frame_owner");
	assert_int_equal(symbol->line, target->owner_line);
	assert_true(ends_with(symbol->file, "/symbols_target.c"));
	assert_int_equal(symbol->start, target->owner);
	assert_false(symbol->is_runtime);
	assert_null(symbol->outer);
}

static void assert_unknown(const struct target *target, uint64_t pc)
{
	const struct ltr_symbol *symbol = ltr_census_symbol(target->census, pc);

	assert_string_equal(symbol->function, "");
	assert_string_equal(symbol->file, "");
	assert_int_equal(symbol->line, 0);
	assert_int_equal(symbol->start, 0);
	assert_null(symbol->outer);
}

static void test_lines_and_inlined_functions(void **state)
{
	(void)state;
	struct target target;

	start(&target, "SYMBOLS_TARGET");
	assert_chain(&target);

	const struct ltr_symbol *symbol = ltr_census_symbol(target.census, target.pretend);

	assert_string_equal(symbol->function, "ltr_pretend");
	assert_true(symbol->is_runtime);
	assert_int_equal(symbol->start, target.pretend);
	assert_ptr_equal(ltr_census_symbol(target.census, target.pretend), symbol);

	/* Without debug information there is the symbol table. */
	symbol = ltr_census_symbol(target.census, target.libc);
	assert_string_equal(symbol->function, "qsort");
	assert_int_equal(symbol->start, target.libc);
	assert_false(symbol->is_runtime);
	program_end(&target.program);
	ltr_census_free(target.census);
}

static void test_without_ranges_of_units(void **state)
{
	(void)state;
	struct target target;

	start(&target, "SYMBOLS_TARGET_UNRANGED");
	assert_chain(&target);
	assert_string_equal(ltr_census_symbol(target.census, target.libc)->function, "qsort");
	program_end(&target.program);
	ltr_census_free(target.census);
}

static void test_modules(void **state)
{
	(void)state;
	struct target target;
	const uint64_t *address[] = {&target.owner, &target.libc};

	start(&target, "SYMBOLS_TARGET");
	assert_true(ltr_census_module_count(target.census) >= 2);
	assert_null(ltr_census_module(target.census, ltr_census_module_count(target.census)));
	for (int i = 0; i < 2; i++) {
		const struct ltr_symbol *symbol = ltr_census_symbol(target.census, *address[i]);
		const struct ltr_module *module = ltr_census_module(target.census, symbol->module);

		assert_non_null(module);
		assert_true(module->start <= *address[i] && *address[i] < module->end);
		assert_true(strlen(module->build_id) == 40 || i == 0);
		assert_int_equal(strspn(module->build_id, "0123456789abcdef"),
				 strlen(module->build_id));
		assert_int_equal(module->offset % 4096, 0);
		assert_true(i || ends_with(module->path, "/symbols_target"));
	}
	program_end(&target.program);
	ltr_census_free(target.census);
}

static void test_stripped(void **state)
{
	(void)state;
	struct target target;

	start(&target, "SYMBOLS_TARGET_STRIPPED");
	assert_unknown(&target, target.owner);
	assert_unknown(&target, target.call - 1);

	uint32_t number = ltr_census_symbol(target.census, target.owner)->module;
	const struct ltr_module *module = ltr_census_module(target.census, number);

	assert_non_null(module);
	assert_true(ends_with(module->path, "/symbols_target_stripped"));
	assert_string_equal(ltr_census_symbol(target.census, target.libc)->function, "qsort");
	program_end(&target.program);
	ltr_census_free(target.census);
}

/* The debug information lies in a file beside the program, which names it. */
static void test_separate_debug_information(void **state)
{
	(void)state;
	struct target target;

	start(&target, "SYMBOLS_TARGET_SPLIT");
	assert_chain(&target);
	program_end(&target.program);
	ltr_census_free(target.census);
}

/* Nothing was looked up while it lived. */
static void test_ended_program(void **state)
{
	(void)state;
	struct target target;

	start(&target, "SYMBOLS_TARGET");
	program_end(&target.program);
	assert_chain(&target);
	assert_unknown(&target, 0x1234);
	ltr_census_free(target.census);
}

static void test_no_such_process(void **state)
{
	(void)state;
	struct target target;

	start(&target, "SYMBOLS_TARGET");
	program_end(&target.program);
	assert_int_equal(ltr__symbols_new((uint32_t)target.program.pid, target.census), -ESRCH);
	assert_int_equal(ltr__symbols_new(0, target.census), -ESRCH);
	assert_int_equal(ltr__symbols_new(UINT32_MAX, target.census), -ESRCH);
	/* The source that it has is still there. */
	assert_chain(&target);
	ltr_census_free(target.census);
}

static void copy_file(const char *from, const char *to)
{
	char command[1024];

	snprintf(command, sizeof(command), "cp '%s' '%s'", from, to);
	assert_int_equal(system(command), 0);
}

/* A new build was put in its place: the symbols must be those of the file that runs. */
static void test_replaced_program(void **state)
{
	(void)state;
	char folder[] = "/tmp/loiter-symbols-XXXXXX";
	char program[64];
	struct target target;

	assert_non_null(mkdtemp(folder));
	snprintf(program, sizeof(program), "%s/program", folder);
	copy_file(getenv("SYMBOLS_TARGET"), program);
	start_program(&target, program);
	assert_int_equal(unlink(program), 0);
	copy_file("/bin/true", program);

	assert_int_equal(ltr_census_new(&target.census), 0);
	assert_int_equal(ltr__symbols_new((uint32_t)target.program.pid, target.census), 0);
	assert_chain(&target);

	uint32_t number = ltr_census_symbol(target.census, target.owner)->module;

	assert_string_equal(ltr_census_module(target.census, number)->path, program);
	program_end(&target.program);
	ltr_census_free(target.census);
	unlink(program);
	rmdir(folder);
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void test_garbage(void **state)
{
	(void)state;
	static const uint64_t odd[] = {0, 1, 4096, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
	struct target target;
	uint64_t seed = 0x10172;

	start(&target, "SYMBOLS_TARGET");
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		assert_unknown(&target, odd[i]);
		assert_int_equal(ltr_census_symbol(target.census, odd[i])->module, UINT32_MAX);
		ltr_census_call_symbol(target.census, odd[i]);
	}
	for (int i = 0; i < 100000; i++)
		assert_unknown(&target, next_random(&seed) | (uint64_t)1 << 63);

	/* Within code, also between instructions: whatever is found belongs to its module, and has an end. */
	for (size_t m = 0; m < ltr_census_module_count(target.census); m++) {
		const struct ltr_module *module = ltr_census_module(target.census, m);

		for (uint64_t i = 0; i < 5000; i++) {
			uint64_t pc = module->start + i * 37 % (module->end - module->start);
			const struct ltr_symbol *symbol = ltr_census_symbol(target.census, pc);
			int depth = 0;

			assert_int_equal(symbol->module, m);
			for (; symbol; symbol = symbol->outer) {
				assert_non_null(symbol->function);
				assert_non_null(symbol->file);
				assert_in_range(++depth, 1, 64);
			}
		}
	}
	program_end(&target.program);
	ltr_census_free(target.census);
}

static void test_no_descriptor_is_left(void **state)
{
	(void)state;
	struct target target;
	unsigned int before = count_descriptors();

	for (int i = 0; i < 5; i++) {
		start(&target, "SYMBOLS_TARGET_SPLIT");
		assert_chain(&target);
		program_end(&target.program);
		ltr_census_free(target.census);
	}
	assert_int_equal(count_descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_and_inlined_functions),
		cmocka_unit_test(test_without_ranges_of_units),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_stripped),
		cmocka_unit_test(test_separate_debug_information),
		cmocka_unit_test(test_ended_program),
		cmocka_unit_test(test_no_such_process),
		cmocka_unit_test(test_replaced_program),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_no_descriptor_is_left),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
