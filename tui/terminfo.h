/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_TERMINFO_H
#define LOITER_TUI_TERMINFO_H

/*
 * A terminal's description in the compiled form of term(5), with numbers of 32 bits, as hexadecimal
 * digits: what ncurses takes in TERMINFO behind "hex:". Made from the description of a terminal
 * that is known, it makes one that differs in a few capabilities.
 */

#include <stddef.h>

/*
 * Capabilities in the order of term(5), the standard ones first, then those with names of their own
 * (`extended_`, the last of each kind; their names are those of flags, numbers, strings, in that
 * order). A flag is there if it is above 0, a number if it is not negative, a string if it is not
 * NULL. An extended capability that is not there is left out with its name.
 */
struct ltr__terminfo {
	const char *names; /* "xterm|a terminal" */
	const signed char *flags;
	const int *numbers;
	const char *const *strings;
	const char *const *extended_names;
	size_t flag_count; /* the extended ones included, as in the next two */
	size_t number_count;
	size_t string_count;
	size_t extended_flags;
	size_t extended_numbers;
	size_t extended_strings;
};

/*
 * "hex:" and the digits, to be freed; NULL: there is no memory, or it is larger than the form
 * allows.
 */
char *ltr__terminfo_hex(const struct ltr__terminfo *info);

#endif
