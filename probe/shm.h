/* SPDX-License-Identifier: MIT */
#ifndef LOITER_SHM_H
#define LOITER_SHM_H

/*
 * Way "shm": the rings of the program are read from outside, through its memory. Needs nothing but
 * the right to read and write it. The source itself is `ltr__shm_source` (events.h); this is the part
 * of it that is worth testing alone.
 */

#include "events.h"

/*
 * Which records of a ring can be delivered: those at [*from, *to), after the ring's head was read
 * as `head` before and as `head_after` after the records were copied. Everything before *from is
 * lost. `position` is the first that has not been delivered yet.
 */
void ltr__shm_valid(uint64_t position, uint64_t head, uint64_t head_after, uint32_t capacity,
		    uint64_t *ret_from, uint64_t *ret_to);

#endif
