/* SPDX-License-Identifier: MIT */
/*
 * grid.c and rune.c: what comes out of hostile texts, and that nothing is drawn outside an area.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "grid.h"
#include "rune.h"

static struct ltr__grid grid_of(int width, int height, bool ascii)
{
	struct ltr__grid grid = {.ascii = ascii};

	assert_int_equal(ltr__grid_resize(&grid, width, height), 0);
	return grid;
}

static void expect_line(const struct ltr__grid *grid, int y, const char *wanted)
{
	char line[4096];

	ltr__grid_line(grid, y, line, sizeof(line));
	assert_string_equal(line, wanted);
}

/* Draws a text into a line of its own. */
static void expect_text(const char *text, int columns, bool ascii, const char *wanted)
{
	struct ltr__grid grid = grid_of(columns, 1, ascii);

	ltr__text(ltr__grid_area(&grid), 0, 0, columns, LTR__STYLE_NORMAL, text);
	expect_line(&grid, 0, wanted);
	ltr__grid_done(&grid);
}

static void control_characters_become_pictures(void **state)
{
	(void)state;
	expect_text("a\033[31mb", 20, false, "a␛[31mb");
	expect_text("a\r\n\t\b\007\x7f", 20, false, "a␍␊␉␈␇␡");
	expect_text("a\033[31mb", 20, true, "a?[31mb");
	expect_text("\xc2\x9b"
		    "31m",
		    20, false, "�31m"); /* C1: CSI in one */
}

static void direction_and_invisible_runes_become_visible(void **state)
{
	(void)state;
	expect_text("a\xe2\x80\xae"
		    "b",
		    20, false, "a�b"); /* right-to-left override */
	expect_text("a\xe2\x80\x8b"
		    "b",
		    20, false, "a�b"); /* zero width space */
	expect_text("a\xe2\x80\x8d"
		    "b",
		    20, false, "a�b"); /* zero width joiner */
	expect_text("a\xef\xbb\xbf"
		    "b",
		    20, false, "a�b"); /* byte order mark */
	expect_text("a\xf3\xa0\x80\xa1"
		    "b",
		    20, false, "a�b"); /* a tag */
	expect_text("a\xee\x80\x80"
		    "b",
		    20, false, "a�b"); /* private use */
}

static void invalid_utf8_is_replaced_byte_by_byte(void **state)
{
	(void)state;
	expect_text("\xff", 9, false, "�");
	expect_text("\xc0\x80", 9, false, "��");           /* overlong NUL */
	expect_text("\xe0\x80\xaf", 9, false, "���");      /* overlong slash */
	expect_text("\xed\xa0\x80", 9, false, "���");      /* surrogate */
	expect_text("\xf4\x90\x80\x80", 9, false, "����"); /* beyond Unicode */
	expect_text("a\xe2\x82", 9, false, "a��");         /* cut */
	expect_text("\xe2\x82\033[m", 9, false, "��␛[m");  /* a cut one does not swallow */
}

static void every_byte_string_is_harmless(void **state)
{

	(void)state;
	srand(fixture_seed());
	for (int round = 0; round < 20000; round++) {
		char text[24];
		char line[512];
		struct ltr__grid grid = grid_of(1 + rand() % 12, 1, rand() % 2);
		const char *at = line;
		uint32_t rune;

		for (size_t i = 0; i < sizeof(text) - 1; i++)
			text[i] = (char)(rand() % 3 ? 0x80 + rand() % 0x80 : 1 + rand() % 0x7f);
		text[sizeof(text) - 1] = 0;
		ltr__text(ltr__grid_area(&grid), 0, 0, grid.width, LTR__STYLE_NORMAL, text);
		ltr__grid_line(&grid, 0, line, sizeof(line));
		while ((rune = ltr__rune_next(&at)))
			assert_true(ltr__rune_width(rune) >= 0 && (!grid.ascii || rune < 0x7f));
		ltr__grid_done(&grid);
	}
}

static void wide_runes_take_two_columns_and_are_never_halved(void **state)
{
	struct ltr__grid grid = grid_of(6, 1, false);
	struct ltr__area area = ltr__grid_area(&grid);

	(void)state;
	expect_text("漢字", 4, false, "漢字");
	expect_text("漢字", 3, false, "漢…");
	expect_text("漢字x", 4, false, "漢…");
	expect_text("漢", 1, false, "…");
	expect_text("漢字", 9, true, "????");
	assert_int_equal(ltr__text(area, 0, 0, 6, LTR__STYLE_NORMAL, "漢字漢"), 6);
	ltr__put(area, 1, 0, LTR__STYLE_NORMAL, 'x'); /* onto its second half */
	expect_line(&grid, 0, " x字漢");
	ltr__put(area, 2, 0, LTR__STYLE_NORMAL, 'y'); /* onto its first half */
	expect_line(&grid, 0, " xy 漢");
	assert_int_equal(ltr__put(area, 5, 0, LTR__STYLE_NORMAL, 0x6f22), 0);
	ltr__grid_done(&grid);
}

static void marks_stay_with_their_rune_and_are_bounded(void **state)
{
	(void)state;
	expect_text("e\xcc\x81x", 9, false, "e\xcc\x81x");
	expect_text("e\xcc\x81\xcc\x82\xcc\x83\xcc\x84x", 9, false, "e\xcc\x81\xcc\x82x");
	expect_text("\xcc\x81x", 9, false, "�x");
}

static void a_text_is_cut_with_an_ellipsis(void **state)
{
	(void)state;
	expect_text("hello", 5, false, "hello");
	expect_text("hello", 4, false, "hel…");
	expect_text("hello", 1, false, "…");
	expect_text("hello", 4, true, "hel~");
}

static void areas_cut_off_what_is_outside(void **state)
{
	struct ltr__grid grid = grid_of(8, 3, false);
	struct ltr__area part = ltr__area_part(ltr__grid_area(&grid), 2, 1, 4, 1);

	(void)state;
	for (int y = -3; y < 6; y++) {
		ltr__text(part, -2, y, 100, LTR__STYLE_NORMAL, "0123456789");
		ltr__fill(part, 3, y, 100, LTR__STYLE_NORMAL, '#');
		ltr__restyle(part, -5, y, 100, LTR__STYLE_LOUD);
		ltr__bar(part, 3, y, 100, LTR__STYLE_NORMAL, 1, 1);
	}
	expect_line(&grid, 0, "");
	expect_line(&grid, 1, "  234█");
	expect_line(&grid, 2, "");
	assert_int_equal(ltr__grid_at(&grid, 1, 1)->style, LTR__STYLE_NORMAL);
	assert_int_equal(ltr__grid_at(&grid, 2, 1)->style, LTR__STYLE_LOUD);
	assert_int_equal(ltr__grid_at(&grid, 6, 1)->style, LTR__STYLE_NORMAL);
	part = ltr__area_part(part, 10, 10, 5, 5);
	assert_int_equal(part.width, 0);
	assert_int_equal(part.height, 0);
	part = ltr__area_part(ltr__grid_area(&grid), -2, -2, 4, 4);
	assert_int_equal(part.width, 2);
	assert_int_equal(part.height, 2);
	ltr__grid_done(&grid);
}

static void a_bar_shows_the_smallest_part(void **state)
{
	struct ltr__grid grid = grid_of(4, 5, false);
	struct ltr__area area = ltr__grid_area(&grid);

	(void)state;
	ltr__bar(area, 0, 0, 4, LTR__STYLE_NORMAL, 0, 100);
	ltr__bar(area, 0, 1, 4, LTR__STYLE_NORMAL, 1, UINT64_MAX);
	ltr__bar(area, 0, 2, 4, LTR__STYLE_NORMAL, 1, 2);
	ltr__bar(area, 0, 3, 4, LTR__STYLE_NORMAL, 5, 2);
	ltr__bar(area, 0, 4, 4, LTR__STYLE_NORMAL, 0, 0);
	expect_line(&grid, 0, "····");
	expect_line(&grid, 1, "▏···");
	expect_line(&grid, 2, "██··");
	expect_line(&grid, 3, "████");
	expect_line(&grid, 4, "····");
	ltr__grid_done(&grid);
}

static void sizes_of_a_grid_are_bounded(void **state)
{
	struct ltr__grid grid = grid_of(-5, 0, false);

	(void)state;
	assert_int_equal(grid.width, 1);
	assert_int_equal(grid.height, 1);
	assert_int_equal(ltr__grid_resize(&grid, 1 << 30, 1 << 30), 0);
	assert_int_equal(grid.width, LTR__GRID_MAX_WIDTH);
	assert_int_equal(grid.height, LTR__GRID_MAX_HEIGHT);
	ltr__grid_done(&grid);
}

static void what_has_room_stays(void **state)
{
	struct ltr__grid grid = grid_of(6, 2, false);

	(void)state;
	ltr__text(ltr__grid_area(&grid), 0, 0, 6, LTR__STYLE_NORMAL, "ab世cd");
	ltr__text(ltr__grid_area(&grid), 0, 1, 6, LTR__STYLE_NORMAL, "second");
	assert_int_equal(ltr__grid_resize(&grid, 9, 3), 0);
	expect_line(&grid, 0, "ab世cd");
	expect_line(&grid, 1, "second");
	expect_line(&grid, 2, "");
	/* of a wide rune no half */
	assert_int_equal(ltr__grid_resize(&grid, 3, 1), 0);
	expect_line(&grid, 0, "ab");
	assert_int_equal(ltr__grid_at(&grid, 2, 0)->width, 1);
	ltr__grid_done(&grid);
}

static void matches_are_marked_in_any_case(void **state)
{
	struct ltr__grid grid = grid_of(12, 1, false);
	struct ltr__area area = ltr__grid_area(&grid);

	(void)state;
	ltr__text(area, 0, 0, 12, LTR__STYLE_NORMAL, "a Chan, chan");
	ltr__mark_text(area, 0, "cHAN");
	assert_int_equal(ltr__grid_at(&grid, 1, 0)->style, LTR__STYLE_NORMAL);
	assert_int_equal(ltr__grid_at(&grid, 2, 0)->style, LTR__STYLE_MATCH);
	assert_int_equal(ltr__grid_at(&grid, 5, 0)->style, LTR__STYLE_MATCH);
	assert_int_equal(ltr__grid_at(&grid, 6, 0)->style, LTR__STYLE_NORMAL);
	assert_int_equal(ltr__grid_at(&grid, 11, 0)->style, LTR__STYLE_MATCH);
	ltr__mark_text(area, 0, "");
	ltr__grid_done(&grid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_characters_become_pictures),
		cmocka_unit_test(direction_and_invisible_runes_become_visible),
		cmocka_unit_test(invalid_utf8_is_replaced_byte_by_byte),
		cmocka_unit_test(every_byte_string_is_harmless),
		cmocka_unit_test(wide_runes_take_two_columns_and_are_never_halved),
		cmocka_unit_test(marks_stay_with_their_rune_and_are_bounded),
		cmocka_unit_test(a_text_is_cut_with_an_ellipsis),
		cmocka_unit_test(areas_cut_off_what_is_outside),
		cmocka_unit_test(a_bar_shows_the_smallest_part),
		cmocka_unit_test(sizes_of_a_grid_are_bounded),
		cmocka_unit_test(what_has_room_stays),
		cmocka_unit_test(matches_are_marked_in_any_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
