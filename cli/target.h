/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_TARGET_H
#define LOITER_CLI_TARGET_H

/*
 * The one program that top, profile and dump look at: a process that runs already, or the first
 * goroutine program that a command turns out to be or to start. Programs that the command starts
 * besides are let through the gate and not looked at. Or a recording, which is over from the
 * beginning.
 *
 * A command's program waits at the gate when its main goroutine has returned, until the target is
 * closed: so its last moment can be looked at in peace.
 */

#include <stdbool.h>
#include <stdint.h>

#include <probe/probe.h>

struct ltr__target;

struct ltr__target_options {
	uint32_t pid;
	const char *file; /* a recording; used if pid is 0 */
	uint64_t at_ns;   /* of it, as in struct ltr_replay_options */
	bool seeks;       /* the same */
	char **command;   /* used if there is neither */
	bool background;  /* as in child.h */
	int output;
	bool keeps_usr1;   /* as in child.h */
	bool keeps_rights; /* the caller gives up what it does not need any more (rights.h) */
	struct ltr_probe_options probe;
};

/*
 * Opens the probe, and gives up the rights that only that took (rights.h). For a command that is
 * before its first goroutine runs. Blocks until then. Errors as ltr_probe_open(), and those of
 * starting a command. *ret_status is what to exit with then. -ENOEXEC also if the command ended and
 * was no goroutine program.
 */
int ltr__target_open(const struct ltr__target_options *options, struct ltr__target **ret_target,
		     struct ltr_why *ret_why, int *ret_status);

/*
 * As ltr_probe_poll(), but also serves the gate and the command. For a command that does not have
 * the background: signals are passed on. Returns 1, 0, -ESRCH, -ENOMEM.
 */
int ltr__target_poll(struct ltr__target *target, int timeout_ms);

/* Readable when ltr__target_poll() has something to do; -1: none, call it now and then. */
int ltr__target_fd(const struct ltr__target *target);

/*
 * Nobody wants to see it any more: what is being read of a recording, on whatever thread, ends soon
 * with an error. For whoever is about to close it.
 */
void ltr__target_leave(struct ltr__target *target);

/* Its main goroutine has returned, it has deadlocked, or it has ended: there is nothing to come. */
bool ltr__target_is_over(const struct ltr__target *target);

struct ltr_probe *ltr__target_probe(struct ltr__target *target);

/* Says which way was taken and why, where it is not the best and nobody has asked for it. */
void ltr__target_say_way(const struct ltr__target *target);

/*
 * Close the probe and let the program go. A command is waited for; if `end` is set, it is ended
 * first. Returns the command's exit status; 0 for a pid and for a command that was ended here.
 */
int ltr__target_close(struct ltr__target *target, bool end);

#endif
