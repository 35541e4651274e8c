/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_BACKLOG_H
#define LOITER_CLI_BACKLOG_H

/*
 * A crowd of goroutines that wait for a CPU, as right after some hundred thousand were made: who
 * judges then cannot tell what they will wait for, since they have not come there yet.
 */

#include <probe/probe.h>

/*
 * How many of the census do, if they are a crowd: too many to be left out of a judgement in
 * silence.
 */
uint64_t ltr__backlog(const struct ltr_census *census);

/*
 * If more than a few do, look again and again for as long as that makes them fewer, at most some
 * thirty times; the census shows the last look. *waited_ns grows by how long that took. Errors as
 * ltr_probe_refresh_whole().
 */
int ltr__backlog_await(struct ltr_probe *probe, uint64_t *waited_ns);

#endif
