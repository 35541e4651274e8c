/* SPDX-License-Identifier: MIT */
/* Looks can be read: contrasts as WCAG 2 counts them, 4.5 for text and 3 for what is only drawn. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "looks.h"

static double linear(int channel)
{
	double value = channel / 255.0;

	return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}

static double luminance(int rgb)
{
	return 0.2126 * linear(rgb >> 16) + 0.7152 * linear(rgb >> 8 & 0xff) +
	       0.0722 * linear(rgb & 0xff);
}

static double contrast(int one, int other)
{
	double a = luminance(one);
	double b = luminance(other);

	return a > b ? (a + 0.05) / (b + 0.05) : (b + 0.05) / (a + 0.05);
}

static const char *const names[] = {
#define NAME(NAME, letter) #NAME,
	LTR__STYLES(NAME)
#undef NAME
};

static void expect_contrast(const char *palette, int style, int front, int back)
{
	double wanted = style == LTR__STYLE_BAR_EMPTY ? 3 : 4.5;
	double found = contrast(front, back);

	if (found < wanted)
		fail_msg("%s %s: #%06x on #%06x has a contrast of %.2f, not %.1f", palette,
			 names[style], (unsigned)front, (unsigned)back, found, wanted);
}

static void contrasts_are_counted_as_wcag_does(void **state)
{
	(void)state;
	assert_true(contrast(0, 0xffffff) > 20.99 && contrast(0, 0xffffff) < 21.01);
	assert_true(contrast(0x777777, 0xffffff) > 4.47 && contrast(0x777777, 0xffffff) < 4.49);
	assert_true(contrast(0x123456, 0x123456) > 0.99 && contrast(0x123456, 0x123456) < 1.01);
}

/* On what is behind the text in common schemes: black to a dark grey, white to a light yellow. */
static void true_colours_can_be_read(void **state)
{
	static const int backs[2][2] = {{0x000000, 0x282c34}, {0xffffff, 0xfdf6e3}};

	(void)state;
	for (int light = 0; light < 2; light++) {
		for (int i = 0; i < LTR__STYLE_COUNT; i++) {
			const struct ltr__look *look = ltr__look_of(light, (enum ltr__style)i);

			for (int k = 0; look->front >= 0 && look->back < 0 && k < 2; k++)
				expect_contrast(light ? "light" : "dark", i, look->front,
						backs[light][k]);
			if (look->back >= 0)
				expect_contrast(light ? "light" : "dark", i, look->front,
						look->back);
		}
	}
}

static void colours_of_the_palette_can_be_read(void **state)
{
	(void)state;
	for (int light = 0; light < 2; light++) {
		for (int i = 0; i < LTR__STYLE_COUNT; i++) {
			const struct ltr__look *look = ltr__look_of(light, (enum ltr__style)i);

			if (look->front256 >= 0 && i != LTR__STYLE_BAR_EMPTY)
				expect_contrast(light ? "light 256" : "dark 256", i,
						ltr__look_rgb(look->front256),
						look->back256 >= 0 ? ltr__look_rgb(look->back256)
						: light            ? 0xffffff
								   : 0);
		}
	}
}

/* A colour says the same as a word; but for those who see it, states that wait differ in it. */
static void states_have_colours_of_their_own(void **state)
{
	(void)state;
	for (int light = 0; light < 2; light++) {
		for (int i = LTR__STYLE_STATE_UNKNOWN; i <= LTR__STYLE_STATE_EXITED; i++) {
			for (int k = i + 1; k <= LTR__STYLE_STATE_EXITED; k++)
				assert_int_not_equal(
					ltr__look_of(light, (enum ltr__style)i)->front,
					ltr__look_of(light, (enum ltr__style)k)->front);
		}
	}
}

/* A terminal may take numbers below 8 for those of its palette (xterm-direct): black is one in both. */
static void no_true_colour_is_a_number_of_the_palette(void **state)
{
	(void)state;
	for (int i = 0; i < 2 * LTR__STYLE_COUNT; i++) {
		const struct ltr__look *look = ltr__look_of(i % 2, (enum ltr__style)(i / 2));

		assert_true(look->front <= 0 || look->front >= 8);
		assert_true(look->back <= 0 || look->back >= 8);
		/* what has a background has a foreground: nothing is known of the terminal's own */
		assert_true(look->back < 0 || look->front >= 0);
		assert_true(look->back256 < 0 || look->front256 >= 0);
		assert_true((look->front < 0) == (look->front256 < 0));
		assert_true((look->back < 0) == (look->back256 < 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contrasts_are_counted_as_wcag_does),
		cmocka_unit_test(true_colours_can_be_read),
		cmocka_unit_test(colours_of_the_palette_can_be_read),
		cmocka_unit_test(states_have_colours_of_their_own),
		cmocka_unit_test(no_true_colour_is_a_number_of_the_palette),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
