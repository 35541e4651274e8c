/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_SECOND_LOOK_H
#define LOITER_CLI_SECOND_LOOK_H

/*
 * Who judges looks at the program twice: a crowd that waits for a CPU gets its time before the
 * first look, and deadlocks last until the second one.
 */

#include <check/check.h>
#include <probe/probe.h>

/*
 * How far apart two looks are at least: longer than a thread is kept from the CPU in the middle of
 * a lock, on a machine that is not lost.
 */
#define LTR__SECOND_LOOK_NS 20000000ull

/*
 * The first one: the whole program, when no crowd is on its way (backlog.h). Errors as
 * ltr_probe_refresh().
 */
int ltr__look_first(struct ltr_probe *probe);

/*
 * Keep what the probe's census shows of waits for locks, to be judged with; and if there is
 * anything in it that may be a deadlock, take a new snapshot a few milliseconds later. Errors as
 * ltr_probe_refresh(); *ret_earlier is to be freed with ltr_look_free().
 */
int ltr__look_again(struct ltr_probe *probe, struct ltr_look **ret_earlier);

/*
 * The same of a recording, whose last snapshot `probe` shows: an earlier one in it, if there is
 * anything that may be a deadlock; *ret_earlier is NULL if there is none. Errors as
 * ltr_probe_open_file().
 */
int ltr__look_back(const char *file, struct ltr_probe *probe, struct ltr_look **ret_earlier,
		   struct ltr_why *ret_why);

#endif
