/* SPDX-License-Identifier: MIT */
/*
 * Invariants: `past` is set if and only if somebody has gone back. While a job is being done, its
 * thread alone touches it. A job that nobody waits for any more is `unwanted`: its end is waited
 * for before another one begins.
 */
#include "rewind.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "beside.h"
#include "cli.h"

/* Goroutines: a snapshot of so many takes 25 ms, and the screen waits for it. */
#define REFRESH_MAX 100000

/* A recording that is being opened. */
struct job {
	struct ltr__beside beside;
	int fd;
	int error;
	struct ltr_probe *probe;
	struct ltr_why why;
	const atomic_bool *is_left; /* of the rewind */
};

struct ltr__rewind {
	atomic_bool is_left; /* see struct ltr_replay_options */
	struct ltr_recorder_options options;
	struct ltr_recorder *recorder;
	struct ltr_probe *past;
	int past_fd;     /* its file; -1: none */
	struct job *job; /* NULL: none */
	bool is_unwanted;
};

int ltr__rewind_new(uint64_t last_ns, size_t bytes_max, struct ltr__rewind **ret_rewind)
{
	struct ltr__rewind *rewind = calloc(1, sizeof(*rewind));
	int error;

	if (!rewind)
		return -ENOMEM;
	rewind->past_fd = -1;
	rewind->options.last_ns = last_ns;
	rewind->options.bytes_max = bytes_max;
	rewind->options.symbols_early = true;
	error = ltr_recorder_new(&rewind->options, &rewind->recorder);
	if (error)
		free(rewind);
	else
		*ret_rewind = rewind;
	return error;
}

struct ltr_recorder *ltr__rewind_recorder(const struct ltr__rewind *rewind)
{
	return rewind->recorder;
}

const struct ltr_recorder_options *ltr__rewind_options(const struct ltr__rewind *rewind)
{
	return &rewind->options;
}

struct ltr_probe *ltr__rewind_probe(const struct ltr__rewind *rewind)
{
	return rewind->past;
}

int ltr__rewind_fd(const struct ltr__rewind *rewind)
{
	return rewind->past_fd;
}

static int write_all(void *context, const void *bytes, size_t count)
{
	const int *fd = context;
	const char *at = bytes;

	while (count) {
		ssize_t written = write(*fd, at, count);

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0) {
			at += written;
			count -= (size_t)written;
		}
	}
	return 0;
}

static void read_recording(void *context)
{
	struct job *job = context;
	const struct ltr_replay_options options = {
		.at_ns = UINT64_MAX, .seeks = true, .is_unwanted = job->is_left};
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", job->fd);
	job->error = ltr_probe_open_file(path, &options, &job->probe, &job->why);
}

static void job_free(struct job *job)
{
	if (job->fd >= 0)
		close(job->fd);
	ltr_probe_close(job->probe);
	free(job);
}

static int start(struct ltr__rewind *rewind, struct ltr_probe *live)
{
	struct job *job = calloc(1, sizeof(*job));
	int error = 0;

	if (!job)
		return -ENOMEM;
	job->is_left = &rewind->is_left;
	job->fd = memfd_create("loiter-kept", MFD_CLOEXEC);
	if (job->fd < 0)
		error = -errno;
	if (!error) {
		const struct ltr_record_sink sink = {&job->fd, write_all};

		/*
		 * whose stacks nobody has read yet; of very many, the snapshots that there are must
		 * do
		 */
		if (ltr_census_count(ltr_probe_census(live)) <= REFRESH_MAX)
			ltr_probe_refresh(live);
		error = ltr_recorder_write(rewind->recorder, &sink);
	}
	if (!error)
		error = ltr__beside_begin(&job->beside, read_recording, job);
	if (error)
		job_free(job);
	else
		rewind->job = job;
	return error;
}

/* Waits for the end of the job. */
static int finish(struct ltr__rewind *rewind, struct ltr_why *ret_why)
{
	struct job *job = rewind->job;
	int error;

	ltr__beside_done(&job->beside);
	rewind->job = NULL;
	error = job->error;
	if (error) {
		*ret_why = job->why;
	} else if (!rewind->is_unwanted) {
		rewind->past = job->probe;
		job->probe = NULL;
		rewind->past_fd = job->fd;
		job->fd = -1;
	}
	rewind->is_unwanted = false;
	job_free(job);
	return error;
}

int ltr__rewind_go(struct ltr__rewind *rewind, struct ltr_probe *live, struct ltr_why *ret_why)
{
	struct ltr_why why;
	int error;

	ret_why->text[0] = 0;
	if (rewind->past)
		return 0;
	if (rewind->job && !ltr__beside_is_done(&rewind->job->beside, 0))
		return 1;
	if (rewind->job && !rewind->is_unwanted)
		return finish(rewind, ret_why);
	if (rewind->job)
		finish(rewind, &why);
	error = start(rewind, live);
	if (!error)
		return 1;
	ltr__why(ret_why, "what happened before cannot be shown: %s",
		 error == -ENODATA ? "nothing is known of it yet" : strerror(-error));
	return error;
}

void ltr__rewind_end(struct ltr__rewind *rewind)
{
	rewind->past = ltr_probe_close(rewind->past);
	if (rewind->past_fd >= 0)
		close(rewind->past_fd);
	rewind->past_fd = -1;
	rewind->is_unwanted = rewind->job != NULL;
}

void ltr__rewind_leave(struct ltr__rewind *rewind)
{
	atomic_store(&rewind->is_left, true);
}

struct ltr__rewind *ltr__rewind_free(struct ltr__rewind *rewind)
{
	struct ltr_why why;

	if (!rewind)
		return NULL;
	ltr__rewind_end(rewind);
	if (rewind->job)
		finish(rewind, &why);
	ltr_recorder_free(rewind->recorder);
	free(rewind);
	return NULL;
}
