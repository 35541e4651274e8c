/* SPDX-License-Identifier: MIT */
#ifndef LTR_FATAL_H
#define LTR_FATAL_H

/*
 * The ends that Go's runtime has too: a message that names the goroutine, its stack, status 2.
 * Nothing in here allocates.
 */

#include <stddef.h>

struct ltr__goroutine;

#define LTR__FATAL_STATUS 2

/* "fatal error: ...", then who was running and where. */
_Noreturn void ltr__fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * "stack overflow in goroutine ...", where it was created and how large its stack is, and its stack from
 * `pc` and `frame` up. Returns: the signal's own end follows.
 */
void ltr__say_overflow(const struct ltr__goroutine *goroutine, size_t stack_bytes, const void *pc,
		       const void *frame);
/* The same for its blocking call, on the stack of a thread. */
void ltr__say_call_overflow(const struct ltr__goroutine *goroutine, size_t stack_bytes);

/* What all reports are made of: words, cut at 511 bytes; the function of a return address. */
void ltr__say_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
void ltr__say_address(const void *pc);

/* A line that begins with "loiter: ", for what the program's user has to know and nobody can be told by
 * a result. */
void ltr__warn(const char *message);

/* "all goroutines are asleep - deadlock!", then each one's reason and stack. */
_Noreturn void ltr__fatal_deadlock(void);

#endif
