/* SPDX-License-Identifier: MIT */
#ifndef LTR_NOTE_H
#define LTR_NOTE_H

/*
 * Notes of stacks (layout.h, struct ltr_stack_note): when somebody begins to watch, the monitor
 * walks the stacks of all goroutines that wait, so that who watches need not read them from
 * outside, where each costs several times as much.
 */

#include <loiter/layout.h>
#include <stdbool.h>

extern struct ltr_stack_note *ltr__notes; /* by number of the descriptor */

extern struct ltr_note_progress ltr__note_progress;

/* Later descriptors have none: the address space that a program has may be limited. */
#define LTR__NOTE_MAX (4u << 20)

/* Address space for them. Where there is none left, nothing is noted. */
void ltr__note_init(void);

/*
 * Notes what has to be noted, for about a millisecond; whether there is more. By the monitor alone,
 * at each tick.
 */
bool ltr__note_stacks(void);

#endif
