/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_ATTACH_H
#define LOITER_CLI_ATTACH_H

/* The way from a process id to a census. */

#include <stddef.h>
#include <stdint.h>

#include <probe/probe.h>

/* Its command line with blanks between the words, cut to fit; "" if it cannot be read. Not cleaned. */
void ltr__command_line(uint32_t pid, char *ret_command, size_t bytes);

/*
 * As ltr_probe_open(), but gives a program that is just starting (-EAGAIN) up to a second to get
 * ready, and always leaves a sentence when it fails. Blocks for that long at most.
 */
int ltr__attach(uint32_t pid, const struct ltr_probe_options *options, struct ltr_probe **ret_probe,
		struct ltr_why *ret_why);

#endif
