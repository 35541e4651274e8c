/* SPDX-License-Identifier: MIT */
/*
 * Invariants: as long as a job is being done, its thread alone touches it, but for the two atomics.
 * Of one that is unwanted the end is waited for before another one begins.
 */
#include "proving.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "beside.h"

struct job {
	struct ltr__beside beside;
	uint32_t pid;
	/*
	 * One side sets `is_unwanted` and then looks for a probe to be cancelled, the other sets
	 * `probe` and then looks whether it is wanted: so that one of them sees the other.
	 */
	atomic_bool is_unwanted;
	_Atomic(struct ltr_probe *) probe;
	int error;
	struct ltr_why why;
};

struct ltr__proving {
	struct job *job; /* NULL: none */
};

int ltr__proving_new(struct ltr__proving **ret_proving)
{
	struct ltr__proving *proving = calloc(1, sizeof(*proving));

	if (!proving)
		return -ENOMEM;
	*ret_proving = proving;
	return 0;
}

static void prove(void *context)
{
	const struct ltr_probe_options options = {.via = LTR_VIA_SNAPSHOT};
	struct job *job = context;
	struct ltr_probe *probe = NULL;

	job->error = ltr_probe_open(job->pid, &options, &probe, &job->why);
	atomic_store(&job->probe, probe);
	if (!job->error && !atomic_load(&job->is_unwanted))
		job->error = ltr_probe_reach(probe, LTR_FREEZE_NEVER);
}

static int start(struct ltr__proving *proving, uint32_t pid)
{
	struct job *job = calloc(1, sizeof(*job));
	int error;

	if (!job)
		return -ENOMEM;
	job->pid = pid;
	error = ltr__beside_begin(&job->beside, prove, job);
	if (error)
		free(job);
	else
		proving->job = job;
	return error;
}

/* Waits for its thread. `live` is NULL if nobody wants to know what it has found. */
static int finish(struct ltr__proving *proving, struct ltr_probe *live, struct ltr_why *ret_why)
{
	struct job *job = proving->job;
	struct ltr_probe *probe;
	int error;

	proving->job = NULL;
	ltr__beside_done(&job->beside);
	probe = atomic_load(&job->probe);
	error = job->error;
	if (error && ret_why)
		*ret_why = job->why;
	if (!error && live)
		error = ltr_probe_take_reach(live, probe);
	ltr_probe_close(probe);
	free(job);
	return error;
}

int ltr__proving_go(struct ltr__proving *proving, struct ltr_probe *live, struct ltr_why *ret_why)
{
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(live));
	struct job *job = proving->job;
	int error;

	ret_why->text[0] = 0;
	if (job && !ltr__beside_is_done(&job->beside, 0))
		return 1;
	if (job && !atomic_load(&job->is_unwanted))
		return finish(proving, live, ret_why);
	if (job)
		finish(proving, NULL, NULL);
	if (info->gone)
		return -ESRCH;
	if (info->way == LTR_WAY_FILE)
		return -EOPNOTSUPP;
	error = start(proving, info->pid);
	return error ? error : 1;
}

void ltr__proving_stop(struct ltr__proving *proving)
{
	struct job *job = proving->job;
	struct ltr_probe *probe;

	if (!job)
		return;
	atomic_store(&job->is_unwanted, true);
	probe = atomic_load(&job->probe);
	if (probe)
		ltr_probe_cancel(probe);
}

struct ltr__proving *ltr__proving_free(struct ltr__proving *proving)
{
	if (!proving)
		return NULL;
	ltr__proving_stop(proving);
	if (proving->job)
		finish(proving, NULL, NULL);
	free(proving);
	return NULL;
}
