/* SPDX-License-Identifier: MIT */
#ifndef LTR_BENCH_ECHO_H
#define LTR_BENCH_ECHO_H

/*
 * The row tcp_echo: a server that sends back what it gets, and one load for all servers, a process of
 * its own (echo_load.c) with a plain epoll loop: ECHO_CONNECTIONS connections, each of which sends
 * ECHO_BYTES, waits for them to come back, and sends again, for ECHO_SECONDS.
 */

#define ECHO_CONNECTIONS 64
#define ECHO_BYTES       64
#define ECHO_SECONDS     1.0

/* Serve by goroutines, let the load come, and return ns per request. By a goroutine. */
double echo_by_goroutines(void);

/* The same with a plain epoll loop in one thread: what is possible without a runtime. */
double echo_by_loop(void);

#endif
