/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_PROFILE_TYPES_H
#define LOITER_PPROF_PROFILE_TYPES_H

/*
 * The types that profile_types.c puts in the table. Those that are made of wait totals are in
 * type_wait.c, every other one in a file type_NAME.c.
 */

#include "profile.h"

extern const struct ltr_profile_type ltr__profile_goroutine;
extern const struct ltr_profile_type ltr__profile_goroutineleak;
extern const struct ltr_profile_type ltr__profile_wait;
extern const struct ltr_profile_type ltr__profile_block;
extern const struct ltr_profile_type ltr__profile_mutex;
extern const struct ltr_profile_type ltr__profile_sched;
extern const struct ltr_profile_type ltr__profile_wall;
extern const struct ltr_profile_type ltr__profile_create;
extern const struct ltr_profile_type ltr__profile_cpu;

#endif
