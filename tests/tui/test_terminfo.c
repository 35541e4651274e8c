/* SPDX-License-Identifier: MIT */
/* Descriptions of terminals as ncurses takes them, byte by byte as term(5) has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "terminfo.h"

static void expect_hex(const struct ltr__terminfo *info, const char *wanted)
{
	char *text = ltr__terminfo_hex(info);

	assert_non_null(text);
	assert_string_equal(text, wanted);
	free(text);
}

static void it_has_two_parts(void **state)
{
	static const signed char flags[] = {1, 0, 1};
	static const int numbers[] = {0x1000000, -1, 8};
	static const char *const strings[] = {"ab", NULL, "c", "def"};
	static const char *const names[] = {"RGB", "CO", "XM"};
	const struct ltr__terminfo info = {"x|y", flags, numbers, strings, names, 3, 3, 4, 1, 1, 1};

	(void)state;
	expect_hex(&info, "hex:"
			  /* magic, names, flags, numbers, strings, their size */
			  "1E02"
			  "0400"
			  "0200"
			  "0200"
			  "0300"
			  "0500"
			  "787C7900"
			  "0100"
			  "00000001"
			  "FFFFFFFF"
			  "0000FFFF0300"
			  "6162006300"
			  /* an even place */
			  "00"
			  /* flags, numbers, strings; strings with names, their size */
			  "0100"
			  "0100"
			  "0100"
			  "0400"
			  "0E00"
			  /* the flag, an even place */
			  "0100"
			  "08000000"
			  "0000"
			  "0000"
			  "0400"
			  "0700"
			  "64656600"
			  "52474200"
			  "434F00"
			  "584D00");
}

static void what_is_not_there_has_no_name(void **state)
{
	static const signed char flags[] = {0, 1};
	static const int numbers[] = {-1};
	static const char *const strings[] = {NULL, NULL};
	static const char *const names[] = {"A", "B", "C", "D", "E"};
	const struct ltr__terminfo info = {"x", flags, numbers, strings, names, 2, 1, 2, 2, 1, 2};

	(void)state;
	expect_hex(&info, "hex:"
			  "1E0202000000000000000000"
			  "7800"
			  "01000000000001000200"
			  "0100"
			  "0000"
			  "4200");
}

static void what_is_too_large_is_refused(void **state)
{
	char *large = malloc(40000);
	const char *strings[] = {large};
	const struct ltr__terminfo info = {.names = "x", .strings = strings, .string_count = 1};

	(void)state;
	assert_non_null(large);
	memset(large, 'x', 39999);
	large[39999] = 0;
	assert_null(ltr__terminfo_hex(&info));
	free(large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_has_two_parts),
		cmocka_unit_test(what_is_not_there_has_no_name),
		cmocka_unit_test(what_is_too_large_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
