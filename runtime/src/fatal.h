/* SPDX-License-Identifier: MIT */
#ifndef LTR_FATAL_H
#define LTR_FATAL_H

/*
 * The ends that Go's runtime has too: a message that names the goroutine, its stack, status 2.
 * Nothing in here allocates.
 */

#define LTR__FATAL_STATUS 2

/* "fatal error: ...", then who was running and where. */
_Noreturn void ltr__fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "all goroutines are asleep - deadlock!", then each one's reason and stack. */
_Noreturn void ltr__fatal_deadlock(void);

#endif
