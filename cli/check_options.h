/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_CHECK_OPTIONS_H
#define LOITER_CLI_CHECK_OPTIONS_H

/* What loiter check was asked for, and its manual. */

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "court.h"
#include "explore.h"
#include "options.h"
#include "reports.h"

struct ltr__check_options {
	struct ltr__parsing parsing; /* first */
	struct ltr__court_options court;
	struct ltr__reports reports;
	uint32_t fail_on;     /* a set of grades */
	const char *baseline; /* files; NULL: none */
	const char *write_baseline;
	const char *diff; /* what to compare with, as it was given; NULL: nothing */
	struct ltr__moment before;
	bool has_fail_on;
	bool all;
	struct ltr__explore_options explore;
	bool seeded;          /* a seed or a strategy was given */
	bool was_interrupted; /* the command, before its end */
};

/*
 * Fills a struct ltr__check_options, in which defaults stand before. What makes no sense together
 * is refused.
 */
extern const struct argp ltr__check_argp;

#endif
