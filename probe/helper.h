/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PROBE_HELPER_H
#define LOITER_PROBE_HELPER_H

#include <pthread.h>
#include <stddef.h>

/*
 * A thread that helps another one. Signals that somebody sends are for that one: the helper takes none of
 * them. Those of a crash it does take: while one is blocked, the kernel ends the process without its
 * handler, which may have a terminal to restore. `stack_bytes` 0: as much as threads have. 0 or a negative
 * errno.
 */
int ltr_helper_start(pthread_t *ret_thread, size_t stack_bytes, void *(*run)(void *context),
		     void *context);

/* On how many CPUs this process may run: so many threads are of use. 1 if that is not known. */
unsigned int ltr_helper_cpus(void);

#endif
