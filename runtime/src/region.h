/* SPDX-License-Identifier: MIT */
#ifndef LTR_REGION_H
#define LTR_REGION_H

/*
 * What of the program's memory is the runtime's own, told to outsiders (layout.h). Never taken back.
 * Takes no lock and touches no stack but the caller's, so that anybody may call it (cold.c). Where
 * there is no place left nothing is told: a reader then takes the memory for the program's.
 */

#include <loiter/layout.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LTR__REGION_MAX 32768u

extern struct ltr_region ltr__regions[LTR__REGION_MAX];
extern uint32_t ltr__region_count;

/* `tid`: whose it is, for LTR_REGION_CALLS; 0: nobody's in particular. */
void ltr__region_add(const void *low, size_t bytes, enum ltr_region_kind kind, uint32_t tid);

#endif
