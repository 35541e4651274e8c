/* SPDX-License-Identifier: MIT */
/*
 * Invariants: as long as a job is being done, its thread alone touches it, but for the atomics. Of
 * one that is unwanted the end is waited for before another one begins.
 *
 * The finding is there at `to_ns`, and not at `from_ns` (unless that is 0): so some moment between
 * them is the first of a time for which it is there, whatever was before.
 */
#include "arising.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <probe/timeline.h>

#include "beside.h"
#include "cli.h"
#include "verdicts.h"

#define EXACT_NS 1000ull    /* snapshots and records do not agree better */
#define SLICE_NS LTR__MS_NS /* of judging, between looks whether it is wanted */

struct job {
	struct ltr__beside beside;
	struct ltr__arising_case wanted; /* its file is the job's own */
	uint64_t older_than_ns;
	atomic_bool is_unwanted;
	_Atomic uint64_t from_ns, to_ns; /* the thread's, for whoever wants to know how far it is */
	atomic_uint looks;
	int error;
	struct ltr_why why;
};

struct ltr__arising {
	uint64_t older_than_ns;
	struct job *job; /* NULL: none */
};

int ltr__arising_new(uint64_t older_than_ns, struct ltr__arising **ret_arising)
{
	struct ltr__arising *arising = calloc(1, sizeof(*arising));

	if (!arising)
		return -ENOMEM;
	arising->older_than_ns = older_than_ns;
	*ret_arising = arising;
	return 0;
}

static bool has(const struct ltr_tui_findings *findings, uint64_t key)
{
	for (size_t i = 0; i < findings->count; i++) {
		if (findings->findings[i].key == key)
			return true;
	}
	return false;
}

/* Is it there at this moment? 1, 0 or -errno. */
static int look(struct job *job, struct ltr_probe *probe, struct ltr__verdicts *verdicts,
		uint64_t moment_ns)
{
	const struct ltr_tui_findings *findings = NULL;
	int error = ltr_probe_seek(probe, moment_ns, &job->why);

	ltr__verdicts_forget(verdicts);
	while (!error && !findings) {
		if (atomic_load_explicit(&job->is_unwanted, memory_order_relaxed))
			return -ECANCELED;
		error = ltr__verdicts_go_on(verdicts, SLICE_NS, &findings);
		if (error > 0)
			error = 0;
	}
	if (error)
		return error;
	atomic_fetch_add_explicit(&job->looks, 1, memory_order_relaxed);
	return has(findings, job->wanted.key);
}

static void note(struct job *job, uint64_t from_ns, uint64_t to_ns)
{
	atomic_store_explicit(&job->from_ns, from_ns, memory_order_relaxed);
	atomic_store_explicit(&job->to_ns, to_ns, memory_order_relaxed);
}

static int halve(struct job *job, struct ltr_probe *probe, struct ltr__verdicts *verdicts)
{
	uint64_t from_ns = job->wanted.begin_ns;
	uint64_t to_ns = job->wanted.moment_ns;
	int is_there = look(job, probe, verdicts, to_ns);

	if (is_there == 0) {
		ltr__why(&job->why, job->wanted.is_proven
					    ? "a recording does not tell it: what only references "
					      "prove is not in it"
					    : "it is not found at this moment");
		return -ENOENT;
	}
	if (is_there > 0)
		is_there = look(job, probe, verdicts, from_ns);
	if (is_there > 0) {
		note(job, 0, from_ns);
		return 0;
	}
	while (is_there >= 0 && to_ns - from_ns > EXACT_NS) {
		uint64_t middle_ns = from_ns + (to_ns - from_ns) / 2;

		note(job, from_ns, to_ns);
		is_there = look(job, probe, verdicts, middle_ns);
		if (is_there > 0)
			to_ns = middle_ns;
		else
			from_ns = middle_ns;
	}
	note(job, from_ns, to_ns);
	return is_there < 0 ? is_there : 0;
}

static int search(struct job *job, struct ltr_probe *probe)
{
	const struct ltr_timeline *timeline = ltr_probe_timeline(probe);
	struct ltr__verdicts *verdicts;
	int error;

	if (timeline->begin_ns != job->wanted.begin_ns || timeline->end_ns != job->wanted.end_ns) {
		ltr__why(&job->why, "the file is not what it was");
		return -EIO;
	}
	error = ltr__verdicts_new(probe, job->older_than_ns, &verdicts);
	if (error)
		return error;
	error = halve(job, probe, verdicts);
	ltr__verdicts_free(verdicts);
	return error;
}

static void run(void *context)
{
	struct job *job = context;
	const struct ltr_replay_options options = {
		.at_ns = UINT64_MAX, .seeks = true, .is_unwanted = &job->is_unwanted};
	struct ltr_probe *probe = NULL;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", job->wanted.fd);
	job->error = ltr_probe_open_file(path, &options, &probe, &job->why);
	if (!job->error)
		job->error = search(job, probe);
	ltr_probe_close(probe);
}

static void job_free(struct job *job)
{
	if (job->wanted.fd >= 0)
		close(job->wanted.fd);
	free(job);
}

/* Waits for its end. */
static void finish(struct ltr__arising *arising)
{
	ltr__beside_done(&arising->job->beside);
	job_free(arising->job);
	arising->job = NULL;
}

bool ltr__arising_is_on(const struct ltr__arising *arising)
{
	return arising->job && !atomic_load(&arising->job->is_unwanted);
}

int ltr__arising_begin(struct ltr__arising *arising, const struct ltr__arising_case *wanted)
{
	struct job *job;
	int error = 0;

	if (arising->job && !ltr__beside_is_done(&arising->job->beside, 0))
		return -EAGAIN;
	if (arising->job)
		finish(arising);
	job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	job->wanted = *wanted;
	job->older_than_ns = arising->older_than_ns;
	note(job, wanted->begin_ns, wanted->moment_ns);
	job->wanted.fd = fcntl(wanted->fd, F_DUPFD_CLOEXEC, 0);
	if (job->wanted.fd < 0)
		error = -errno;
	if (!error)
		error = ltr__beside_begin(&job->beside, run, job);
	if (error)
		job_free(job);
	else
		arising->job = job;
	return error;
}

int ltr__arising_ask(struct ltr__arising *arising, struct ltr_tui_arising *ret_arising,
		     struct ltr_why *ret_why)
{
	struct job *job = arising->job;
	bool was_done = ltr__beside_is_done(&job->beside, 0);
	int error;

	ret_why->text[0] = 0;
	*ret_arising = (struct ltr_tui_arising){
		.from_ns = atomic_load_explicit(&job->from_ns, memory_order_relaxed),
		.to_ns = atomic_load_explicit(&job->to_ns, memory_order_relaxed),
		.looks = atomic_load_explicit(&job->looks, memory_order_relaxed),
	};
	if (!was_done)
		return 1;
	error = job->error;
	if (error)
		*ret_why = job->why;
	finish(arising);
	return error;
}

void ltr__arising_stop(struct ltr__arising *arising)
{
	if (arising->job)
		atomic_store(&arising->job->is_unwanted, true);
}

struct ltr__arising *ltr__arising_free(struct ltr__arising *arising)
{
	if (!arising)
		return NULL;
	ltr__arising_stop(arising);
	if (arising->job)
		finish(arising);
	free(arising);
	return NULL;
}
