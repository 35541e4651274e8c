/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_WATCH_H
#define LOITER_CLI_WATCH_H

/* Taking in what a program does, for as long as somebody wants that. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "target.h"

/*
 * Polls the target until it is over, `length_ns` are over (0: there is no such limit), or, if it is a
 * process and not a command, until somebody interrupts (SIGINT, ...). Returns true if the time was over
 * before the program was.
 */
bool ltr__watch(struct ltr__target *target, bool is_process, uint64_t length_ns);

/*
 * The same of several processes and recordings at once, until all of them are over. At most
 * LTR__WATCH_MAX.
 */
#define LTR__WATCH_MAX 256

bool ltr__watch_all(struct ltr__target *const *targets, size_t count, uint64_t length_ns);

#endif
