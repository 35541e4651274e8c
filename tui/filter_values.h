/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_FILTER_VALUES_H
#define LOITER_TUI_FILTER_VALUES_H

/*
 * What the program itself offers for completing a filter: the names, functions, creators and labels
 * of the goroutines that there are, the commonest first.
 */

#include "moment.h"

#define LTR__VALUES_MAX  32
#define LTR__VALUE_BYTES 96

struct ltr__filter_values {
	size_t count;
	size_t replaced; /* how many bytes at the end of the text each of them replaces */
	struct {
		char text[LTR__VALUE_BYTES]; /* with quotes if it needs them */
		uint64_t goroutines;
	} value[LTR__VALUES_MAX];
};

/*
 * The values for the last word of `text`: none if it is not of a field that has such values. Texts
 * that could not be typed (controls, quotes, no UTF-8, too long) are left out. Looks at no more than
 * the first 100,000 goroutines and 4,096 different ones of their numbers.
 */
void ltr__filter_values(const struct ltr__moment *moment, const char *text,
			struct ltr__filter_values *ret_values);

#endif
