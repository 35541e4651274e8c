/* SPDX-License-Identifier: MIT */
#ifndef LTR_LAYOUT_INTERNAL_H
#define LTR_LAYOUT_INTERNAL_H

#include <loiter/layout.h>

/* Exported: readers find it by its section, or by this name. */
extern struct ltr_layout ltr_layout __attribute__((visibility("default")));

/* Fill in what is known at run time only; `ready` last. */
void ltr__layout_init(void);
void ltr__layout_phase(enum ltr_phase phase);

#endif
