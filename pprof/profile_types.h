/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_PROFILE_TYPES_H
#define LOITER_PPROF_PROFILE_TYPES_H

/* The types that profile_types.c puts in the table, one for each file type_NAME.c. */

#include "profile.h"

extern const struct ltr_profile_type ltr__profile_goroutine;
extern const struct ltr_profile_type ltr__profile_wait;

#endif
