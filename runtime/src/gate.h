/* SPDX-License-Identifier: MIT */
#ifndef LTR_GATE_INTERNAL_H
#define LTR_GATE_INTERNAL_H

/* The program's end of the gate (loiter/gate.h). All of it does nothing when there is no gate. */

#include <loiter/gate.h>
#include <stdbool.h>

/* Connect, say hello and wait for GO. */
void ltr__gate_open(void);

/* Whether somebody waits at the other end, or did when the program started. From any thread. */
bool ltr__gate_is_there(void);

/* Say that the program is about to end; only the first call in a program's life says anything and
 * returns true: then ltr__gate_wait() until it returns false. */
bool ltr__gate_say(enum ltr_gate_kind kind, uint64_t value);

/* Wait for RELEASE for at most so long; false once it has come or can never come. */
bool ltr__gate_held(int timeout_ms);

#endif
