/* SPDX-License-Identifier: MIT */
#ifndef LTR_IDLE_H
#define LTR_IDLE_H

/* Between scheduler.c (the hot path, on goroutines' stacks) and idle.c (threads without work). */

#include "scheduler.h"

/* scheduler.c */
struct ltr__goroutine *ltr__pick(struct ltr__thread *thread);
struct ltr__goroutine *ltr__take_global(struct ltr__processor *processor);
void ltr__ready_list(struct ltr__goroutine *list);
bool ltr__run_timers(struct ltr__processor *processor, int64_t now_ns);
void ltr__run_goroutine(struct ltr__thread *thread, struct ltr__goroutine *goroutine);

/* idle.c: the calling thread, on its own stack, without a processor, for ever. */
void ltr__thread_main(struct ltr__thread *thread);

/* idle.c: make a list of goroutines that nobody else will ready, `count` by next, ready for whoever
 * comes first; for threads that have no processor. */
void ltr__inject_ready(struct ltr__thread *thread, struct ltr__goroutine *list, uint32_t count);

/* idle.c: the same with all whose deadline has come. While it runs, something else has to say that
 * there is no deadlock (ltr__sched.poller or .calls). */
void ltr__inject_expired(struct ltr__thread *thread, int64_t now_ns);

/* idle.c: before a processor is used for the first time. */
void ltr__processor_init(uint32_t index);

/* call.c: make the thread's pending blocking call, if there is one. */
void ltr__make_call(struct ltr__thread *thread);

/* idle.c, under ltr__sched.lock: the processor list, and whom to wake. */
void ltr__idle_push(struct ltr__processor *processor);
struct ltr__processor *ltr__idle_pop(void);

#endif
