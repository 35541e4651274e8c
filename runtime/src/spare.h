/* SPDX-License-Identifier: MIT */
#ifndef LTR_SPARE_H
#define LTR_SPARE_H

/*
 * Spare processors: what runs while goroutines compute for long without a scheduling step, or block
 * their threads in system calls that they did not wrap in ltr_blocking().
 *
 * C code cannot be interrupted at any point, so such a goroutine keeps its processor and thread. For
 * each of them one more processor may be put to work, with a thread of its own; it steals what waits
 * behind the others, and the kernel shares the CPUs between the threads. When the long goroutine
 * comes to a scheduling step again there is a processor too many, and a spare one is given up: an
 * idle one at once by the monitor, a busy one by its thread, after at most LTR__FAIR_TICK picks.
 *
 * They are ltr__sched.processors[processor_count ...]. One that was given up has an empty run queue;
 * timers may be left in its heap, which everybody who looks for timers looks into.
 *
 * Only the monitor makes and withdraws them.
 */

#include "scheduler.h"

/* Whether queues have to be shared from the start; before there are threads. */
void ltr__spare_init(void);

/*
 * Put one more processor to work, idle so far. False if there may be no more, or if the owner of the
 * only processor is just inside a queue operation: then the next tick may try again.
 */
bool ltr__spare_add(void);

/* There are `count` more than needed: withdraw idle ones, ask the threads of busy ones. And without
 * any, let the only processor's owner have its queue for itself again. */
void ltr__spare_withdraw(uint32_t count);

/* For the monitor: whether it may steal from any processor until it withdraws a spare one. */
bool ltr__spare_may_steal(void);

/* Move what is queued there, up to `limit`, to the global queue; thieves must be allowed. While it
 * runs, something else has to say that there is no deadlock. */
void ltr__spare_drain(struct ltr__processor *processor, uint32_t limit);

/* The thread's processor is to be given up (retire): leave it if that still holds. */
void ltr__spare_leave(struct ltr__thread *thread);

#endif
