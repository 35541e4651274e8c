/* SPDX-License-Identifier: MIT */
#ifndef LTR_COLD_H
#define LTR_COLD_H

/* Stacks of goroutines that are parked for long, packed away (loiter/cold.h is the manual). */

#include <loiter/cold.h>
#include <stdbool.h>

/* What LTR_COLD asks for, if it is set. -EINVAL: no duration in range. What cannot be had is said on
 * standard error, and the program goes on without. */
int ltr__cold_from_environment(void);

/* Whether stacks may be packed away: who touches one has it unpacked. */
bool ltr__cold_is_on(void);

#endif
