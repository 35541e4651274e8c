/* SPDX-License-Identifier: MIT */
#ifndef LOITER_GATE_H
#define LOITER_GATE_H

/*
 * The gate: how a program that `loiter` started waits for it, at its start and at its end.
 *
 * If the environment has LTR_GATE=PATH, the runtime connects at its start to the Unix socket PATH
 * (SOCK_SEQPACKET) and sends HELLO; it runs no goroutine before GO has come. When the main goroutine
 * has returned, or exit() was called, it sends MAIN_RETURNED and lets the other goroutines run on
 * until RELEASE comes. When all goroutines are asleep it sends DEADLOCK and waits for RELEASE before
 * it ends the program as it would have. Children inherit the variable and connect for themselves.
 *
 * A program that runs with other rights than its caller's (set-uid, set-gid, file capabilities) does not
 * look at the variable. Nothing in here can wedge the program: no socket, a refused connection, a closed one, or a reply
 * that is not understood all mean "go on as if there were no gate".
 */

#include <stdint.h>

#define LTR_GATE_VARIABLE "LTR_GATE"
#define LTR_GATE_VERSION  1u

enum ltr_gate_kind {
	LTR_GATE_HELLO = 1,         /* program: value = address of its ltr_layout */
	LTR_GATE_GO = 2,            /* loiter */
	LTR_GATE_MAIN_RETURNED = 3, /* program: value = the status it will exit with */
	LTR_GATE_DEADLOCK = 4,      /* program */
	LTR_GATE_RELEASE = 5,       /* loiter */
};

/* One packet, either way. */
struct ltr_gate_message {
	uint32_t version;
	uint32_t kind;
	uint32_t pid; /* of the program, as it sees itself */
	uint32_t reserved;
	uint64_t value;
};

#ifndef __cplusplus /* which spells it otherwise */
_Static_assert(sizeof(struct ltr_gate_message) == 24, "part of the contract");
#endif

#endif
