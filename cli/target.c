/* SPDX-License-Identifier: MIT */
/*
 * Three things can wake a target: the gate, the command (or signals for it), and the probe. They
 * meet in one epoll instance, so that a screen has one descriptor to wait for.
 *
 * `visitor` is the program that the probe looks at, as long as it stands at the gate; NULL for a
 * process that was there before, and after the visitor has left.
 */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "attach.h"
#include "child.h"
#include "cli.h"
#include "gate.h"
#include "rights.h"
#include "target.h"

#define END_PATIENCE_MS 2000

struct ltr__target {
	struct ltr_probe *probe;
	struct ltr_probe_options options;
	struct ltr__gate *gate;
	struct ltr__child *child;
	struct ltr__visitor *visitor;
	int epoll;
	bool background;
	bool child_ended;
	bool over;
	atomic_bool is_unwanted; /* see struct ltr_replay_options */
};

void ltr__target_leave(struct ltr__target *target)
{
	atomic_store(&target->is_unwanted, true);
}

static int watch(struct ltr__target *target, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	if (fd < 0)
		return 0;
	return epoll_ctl(target->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

static struct ltr__target *target_free(struct ltr__target *target)
{
	if (!target)
		return NULL;
	ltr_probe_close(target->probe);
	ltr__gate_free(target->gate);
	ltr__child_free(target->child);
	if (target->epoll >= 0)
		close(target->epoll);
	free(target);
	return NULL;
}

/* The first visitor is the one to look at; everybody else is only passing through. */
static int greet(struct ltr__target *target, struct ltr__visitor *visitor, struct ltr_why *ret_why)
{
	int error = 0;

	if (!target->probe && !target->visitor) {
		error = ltr__attach(visitor->pid, &target->options, &target->probe, ret_why);
		target->visitor = visitor;
	}
	ltr__visitor_go(visitor);
	return error;
}

static bool is_looked_at(const struct ltr__target *target, const struct ltr__visitor *visitor)
{
	return visitor && visitor == target->visitor;
}

static int serve_gate(struct ltr__target *target, struct ltr_why *ret_why)
{
	struct ltr__gate_event event;
	int got;

	while ((got = ltr__gate_next(target->gate, &event)) > 0) {
		int error;

		switch (event.what) {
		case LTR__GATE_HELLO:
			error = greet(target, event.visitor, ret_why);
			if (error)
				return error;
			break;
		case LTR__GATE_MAIN_RETURNED:
		case LTR__GATE_DEADLOCK:
			if (is_looked_at(target, event.visitor))
				target->over = true; /* it is held until the target is closed */
			else
				ltr__visitor_release(event.visitor);
			break;
		case LTR__GATE_LEFT:
			if (is_looked_at(target, event.visitor)) {
				target->visitor = NULL;
				target->over = true;
			}
			break;
		case LTR__GATE_FORKED:
		case LTR__GATE_STRANGER:
			break;
		}
	}
	return got;
}

static void unwatch(struct ltr__target *target, int fd)
{
	if (fd >= 0)
		epoll_ctl(target->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* Gate and command. Signals keep coming after the command has ended; a pidfd stays readable. */
static int serve(struct ltr__target *target, struct ltr_why *ret_why)
{
	int error = target->gate ? serve_gate(target, ret_why) : 0;

	if (!target->child)
		return error;
	if (ltr__child_turn(target->child) && !target->child_ended) {
		target->child_ended = true;
		if (target->background)
			unwatch(target, ltr__child_fd(target->child));
	}
	if (ltr__child_is_over(target->child))
		target->over = true;
	return error;
}

static int start_command(struct ltr__target *target, const struct ltr__target_options *options,
			 struct ltr_why *ret_why, int *ret_status)
{
	struct ltr__child_options child = {
		.argv = options->command,
		.background = options->background,
		.output = options->output,
		.keeps_usr1 = options->keeps_usr1,
	};
	int error = ltr__gate_new(&target->gate, ret_why);

	if (error)
		return error;
	child.gate = ltr__gate_path(target->gate);
	error = ltr__child_start(&child, &target->child, ret_why);
	if (error) {
		*ret_status = ltr__child_start_status(error);
		return error;
	}
	error = watch(target, ltr__gate_fd(target->gate));
	return error ? error : watch(target, ltr__child_fd(target->child));
}

static int await_visitor(struct ltr__target *target, const struct ltr__target_options *options,
			 struct ltr_why *ret_why)
{
	int error = 0;

	while (!error && !target->probe && !target->child_ended) {
		struct pollfd news = {.fd = target->epoll, .events = POLLIN};

		if (poll(&news, 1, -1) < 0 && errno != EINTR)
			return -errno;
		error = serve(target, ret_why);
	}
	if (error || target->probe)
		return error;
	ltr__why(ret_why, "'%s' ended with status %d and was not a goroutine program",
		 options->command[0], ltr__child_status(target->child));
	return -ENOEXEC;
}

static int open_recording(struct ltr__target *target, const struct ltr__target_options *options,
			  struct ltr_why *ret_why)
{
	const struct ltr_replay_options replay = {
		.waits = options->probe.waits,
		.at_ns = options->at_ns,
		.seeks = options->seeks,
		.is_unwanted = &target->is_unwanted,
	};

	target->over = true;
	return ltr_probe_open_file(options->file, &replay, &target->probe, ret_why);
}

static int give_up_rights(const struct ltr__target_options *options, enum ltr__rights kept,
			  struct ltr_why *ret_why)
{
	int error = options->keeps_rights ? 0 : ltr__rights_keep(kept);

	if (error)
		ltr__why(ret_why, "cannot give up rights: %s", strerror(-error));
	return error;
}

static int target_start(struct ltr__target *target, const struct ltr__target_options *options,
			struct ltr_why *ret_why, int *ret_status)
{
	int error;

	target->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (target->epoll < 0)
		return -errno;
	if (options->pid) {
		error = ltr__attach(options->pid, &options->probe, &target->probe, ret_why);
	} else if (options->file) {
		/* Before it is read, of which nothing is to be believed. */
		error = give_up_rights(options, LTR__RIGHTS_FILES, ret_why);
		if (!error)
			error = open_recording(target, options, ret_why);
	} else {
		error = start_command(target, options, ret_why, ret_status);
		if (!error)
			error = await_visitor(target, options, ret_why);
	}
	if (!error)
		error = give_up_rights(options, LTR__RIGHTS_LOOK, ret_why);
	return error ? error : watch(target, ltr_probe_fd(target->probe));
}

int ltr__target_open(const struct ltr__target_options *options, struct ltr__target **ret_target,
		     struct ltr_why *ret_why, int *ret_status)
{
	struct ltr__target *target = calloc(1, sizeof(*target));
	int error;

	*ret_status = LTR__STATUS_FAILED;
	ret_why->text[0] = '\0';
	if (!target) {
		ltr__why(ret_why, "there is no memory left");
		return -ENOMEM;
	}
	target->epoll = -1;
	target->options = options->probe;
	target->background = options->background;
	error = target_start(target, options, ret_why, ret_status);
	if (!error) {
		*ret_target = target;
		return 0;
	}
	if (!ret_why->text[0])
		ltr__why(ret_why, "cannot look at the program: %s", strerror(-error));
	if (target->child && !target->child_ended)
		ltr__child_end(target->child, END_PATIENCE_MS);
	target_free(target);
	return error;
}

int ltr__target_poll(struct ltr__target *target, int timeout_ms)
{
	struct pollfd news = {.fd = target->epoll, .events = POLLIN};
	struct ltr_why why;
	int error;
	int got;

	if (timeout_ms != 0)
		poll(&news, 1, timeout_ms); /* what woke it is looked for in any case */
	error = serve(target, &why);
	if (error)
		return error;
	got = ltr_probe_poll(target->probe, 0);
	if (got == -ESRCH) {
		target->over = true;
		unwatch(target, ltr_probe_fd(target->probe)); /* readable for ever */
	}
	return got;
}

int ltr__target_fd(const struct ltr__target *target)
{
	/* Without a descriptor of the probe's own, somebody has to ask it now and then. */
	return ltr_probe_fd(target->probe) < 0 ? -1 : target->epoll;
}

bool ltr__target_is_over(const struct ltr__target *target)
{
	return target->over;
}

struct ltr_probe *ltr__target_probe(struct ltr__target *target)
{
	return target->probe;
}

void ltr__target_say_way(const struct ltr__target *target)
{
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(target->probe));

	if (target->options.via != LTR_VIA_BEST)
		return;
	if (info->way == LTR_WAY_SHM)
		ltr__say("watches through shared memory: %s", info->way_reason);
	else if (info->way == LTR_WAY_SNAPSHOT)
		ltr__say("watches by snapshots alone: %s", info->way_reason);
}

/* Everybody who stands at the gate, or comes to it, may go. */
static int await_command(struct ltr__target *target)
{
	struct ltr_why why;

	if (target->visitor)
		ltr__visitor_release(target->visitor);
	target->visitor = NULL;
	while (!target->child_ended) {
		struct pollfd news[] = {
			{.fd = ltr__gate_fd(target->gate), .events = POLLIN},
			{.fd = ltr__child_fd(target->child), .events = POLLIN},
		};

		if (poll(news, 2, -1) < 0 && errno != EINTR)
			break;
		if (serve(target, &why) != 0)
			break;
	}
	return ltr__child_status(target->child);
}

int ltr__target_close(struct ltr__target *target, bool end)
{
	int status = LTR__STATUS_OK;

	if (target->child && end && !target->child_ended) {
		/* Before the probe is closed: a program that is being ended needs no farewell. */
		ltr__child_end(target->child, END_PATIENCE_MS);
	} else if (target->child) {
		target->probe = ltr_probe_close(target->probe);
		status = await_command(target);
	}
	target_free(target);
	return status;
}
