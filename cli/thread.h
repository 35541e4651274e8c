/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_THREAD_H
#define LOITER_CLI_THREAD_H

#include <pthread.h>

/*
 * A thread for work apart from the screen. Signals that somebody sends are the screen's: it takes none of
 * them. Those of a crash it does take: while one is blocked, the kernel ends the process without its handler,
 * which restores the terminal. 0 or a negative errno.
 */
int ltr__thread_start(pthread_t *ret_thread, void *(*run)(void *context), void *context);

#endif
