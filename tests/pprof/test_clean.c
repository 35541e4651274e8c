/* SPDX-License-Identifier: MIT */

/* Hostile strings: known ones, and all bytes in all places. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pprof/clean.h>

static void assert_clean(const char *text, const char *expected)
{
	char out[LTR__CLEAN_BYTES];

	assert_int_equal(ltr__pprof_clean(out, sizeof(out), text), strlen(expected));
	assert_string_equal(out, expected);
}

static void known_strings(void **state)
{
	(void)state;
	assert_clean("", "");
	assert_clean("serve", "serve");
	assert_clean("stra\xc3\x9f"
		     "e \xe2\x82\xac \xf0\x9f\x90\x9f",
		     "stra\xc3\x9f"
		     "e \xe2\x82\xac \xf0\x9f\x90\x9f");
	assert_clean("\x1b[2J\x07\n\t", "\\x1b[2J\\x07\\x0a\\x09");
	assert_clean("\x7f\xc2\x9b\xe2\x80\xae\xef\xbb\xbf", "\\x7f\\u009b\\u202e\\ufeff");
	/* Cut short, overlong, a surrogate, past the end, a lonely continuation. */
	assert_clean("\xe2\x82", "\\xe2\\x82");
	assert_clean("\xc0\x80\xe0\x80\x80", "\\xc0\\x80\\xe0\\x80\\x80");
	assert_clean("\xed\xa0\x80", "\\xed\\xa0\\x80");
	assert_clean("\xf4\x90\x80\x80\xff", "\\xf4\\x90\\x80\\x80\\xff");
	assert_clean("\x80z", "\\x80z");
}

static void utf8_keeps_controls(void **state)
{
	char out[64];

	(void)state;
	ltr__pprof_clean_utf8(out, sizeof(out), "\x1b[\xff\n");
	assert_string_equal(out, "\x1b[\xef\xbf\xbd\n");
}

static void long_strings_are_cut_between_characters(void **state)
{
	char text[200];

	(void)state;
	for (size_t length = 1; length + 2 < sizeof(text); length++) {
		for (size_t bytes = 16; bytes < 64; bytes++) {
			char out[64 + 1];
			size_t used;

			memset(text, 'x', length);
			memcpy(text + length / 2, "\xc3\xa9\xff", 3);
			text[length + 2] = '\0';
			out[bytes] = '#';
			used = ltr__pprof_clean(out, bytes, text);
			assert_int_equal(used, strlen(out));
			assert_true(used < bytes);
			assert_int_equal(out[bytes], '#');
			if (used < strlen(text))
				assert_string_equal(out + used - 3, "...");
			for (size_t at = 0; at < used;) {
				size_t take;

				assert_true(ltr__pprof_utf8_next(out + at, used - at, &take) !=
					    UINT32_MAX);
				at += take;
			}
		}
	}
}

static void ascii_is_cut_only_if_it_must_be(void **state)
{
	char text[64];

	(void)state;
	for (size_t length = 0; length < sizeof(text); length++) {
		char out[32];

		for (size_t i = 0; i < length; i++)
			text[i] = (char)('a' + i % 26);
		text[length] = '\0';
		ltr__pprof_clean(out, sizeof(out), text);
		if (length < sizeof(out)) {
			assert_string_equal(out, text);
		} else {
			assert_memory_equal(out, text, sizeof(out) - 4);
			assert_string_equal(out + sizeof(out) - 4, "...");
		}
	}
}

static void every_pair_of_bytes_becomes_printable(void **state)
{
	(void)state;
	for (unsigned int pair = 0x0101; pair <= 0xffff; pair++) {
		char text[] = {(char)(pair >> 8), (char)pair, '\0'};
		char out[64];
		size_t used = ltr__pprof_clean(out, sizeof(out), text);

		for (size_t at = 0; at < used;) {
			size_t take;
			uint32_t character = ltr__pprof_utf8_next(out + at, used - at, &take);

			assert_true(character != UINT32_MAX);
			assert_false(ltr__pprof_is_control(character));
			at += take;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_strings),
		cmocka_unit_test(utf8_keeps_controls),
		cmocka_unit_test(long_strings_are_cut_between_characters),
		cmocka_unit_test(ascii_is_cut_only_if_it_must_be),
		cmocka_unit_test(every_pair_of_bytes_becomes_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
