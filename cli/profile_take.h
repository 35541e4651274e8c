/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_PROFILE_TAKE_H
#define LOITER_CLI_PROFILE_TAKE_H

/*
 * Taking a profile of what was ordered: a command, or any number of processes and recordings, which
 * become one profile. Processes are watched at the same time. Everything is looked at before the
 * first byte is written, so that where one of them fails, there is no profile.
 */

#include <stdbool.h>
#include <stdint.h>

#include <pprof/profile.h>

#include "options.h"

enum ltr__profile_form {
	LTR__FORM_PPROF,
	LTR__FORM_FOLDED,
	LTR__FORM_JSON,
	LTR__FORM_TEXT,       /* of one alone */
	LTR__FORM_GOROUTINES, /* the same */
};

struct ltr__profile_order {
	const struct ltr_profile_type *type;
	struct ltr_profile_options profile;
	const char *file;
	uint64_t length_ns; /* 0: not said */
	uint64_t rate_hz;   /* the same */
	enum ltr__profile_form form;
	bool freeze;
};

/* Says what is wrong, if anything is. Returns the exit status. */
int ltr__profile_take(const struct ltr__parsing *parsing, const struct ltr__profile_order *order);

#endif
