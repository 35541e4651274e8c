/* SPDX-License-Identifier: MIT */
#ifndef LTR_FAULT_H
#define LTR_FAULT_H

/*
 * Stack overflows: SIGSEGV and SIGBUS at the low end of the running goroutine's stack, or of a
 * blocking call's, are explained on standard error. Then, as for every other fault, the program's own
 * handler is called, the one that was installed before ltr_run(), or the process ends by the signal.
 *
 * Sanitizers have handlers of their own, which know more: in their builds this is nothing.
 */

#include "scheduler.h"

/* Install the handlers. Before there are threads. */
void ltr__fault_init(void);

/* Each thread: an alternate stack, for handlers cannot run on one that is used up. Without memory the
 * thread goes without. */
void ltr__fault_thread(struct ltr__thread *thread);

#endif
