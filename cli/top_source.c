/* SPDX-License-Identifier: MIT */
/*
 * The census on screen is that of the target's probe, or, while somebody has gone back, of the
 * probe of what was kept; each has a judge of its own. The target is polled in both cases.
 */
#include "top_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pprof/json.h>
#include <pprof/profile.h>
#include <probe/timeline.h>

#include "arising.h"
#include "beside.h"
#include "cli.h"
#include "proving.h"
#include "usage.h"
#include "verdicts.h"

struct ltr__top_source {
	struct ltr_tui_source source;
	struct ltr__target *target;
	const char *file;           /* NULL: it is no recording */
	struct ltr__rewind *rewind; /* NULL: nothing is kept */
	struct ltr__proving *proving;
	struct ltr__arising *arising;
	struct ltr__beside beside;
	uint64_t older_than_ns;
	struct ltr__verdicts *verdicts;
	struct ltr__verdicts *past_verdicts; /* NULL: nobody has gone back */
};

static struct ltr__target *target_of(void *context)
{
	return ((struct ltr__top_source *)context)->target;
}

static struct ltr_probe *live_of(void *context)
{
	return ltr__target_probe(target_of(context));
}

/* Whose census is on screen. */
static struct ltr_probe *shown_of(void *context)
{
	const struct ltr__top_source *own = context;

	return own->past_verdicts ? ltr__rewind_probe(own->rewind) : live_of(context);
}

static struct ltr__verdicts *judge_of(const struct ltr__top_source *own)
{
	return own->past_verdicts ? own->past_verdicts : own->verdicts;
}

static int source_poll(void *context, int timeout_ms)
{
	return ltr__target_poll(target_of(context), timeout_ms);
}

static int source_refresh(void *context)
{
	return ltr_probe_refresh(live_of(context));
}

static const struct ltr_census *source_census(void *context)
{
	return ltr_probe_census(shown_of(context));
}

static int source_fd(void *context)
{
	return ltr__target_fd(target_of(context));
}

static void source_usage(void *context, struct ltr_tui_usage *ret_usage)
{
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(live_of(context)));
	/* the pid of a recording, or of a program that has ended, may be another's by now */
	uint32_t pid = info->way == LTR_WAY_FILE || info->gone ? 0 : info->pid;

	*ret_usage = (struct ltr_tui_usage){
		.program_cpu_ns = ltr__usage_cpu_ns(pid),
		.program_bytes = ltr__usage_bytes(pid),
		.own_cpu_ns = ltr__usage_cpu_ns((uint32_t)getpid()),
		.own_bytes = ltr__usage_bytes((uint32_t)getpid()),
	};
}

static const struct ltr_timeline *source_timeline(void *context)
{
	return ltr_probe_timeline(shown_of(context));
}

static int source_seek(void *context, uint64_t moment_ns, char *ret_why, size_t why_size)
{
	struct ltr__top_source *own = context;
	struct ltr_why why = {""};
	int error = ltr_probe_seek(shown_of(context), moment_ns, &why);

	ltr__verdicts_forget(judge_of(own));

	snprintf(ret_why, why_size, "%s", why.text);
	return error;
}

static int source_beside(void *context, void (*work)(void *argument), void *argument,
			 unsigned int wait_ms)
{
	return ltr__beside_do(&((struct ltr__top_source *)context)->beside, work, argument,
			      wait_ms);
}

static void source_leave(void *context)
{
	struct ltr__top_source *own = context;

	ltr__target_leave(own->target);
	if (own->rewind)
		ltr__rewind_leave(own->rewind);
}

static int source_follow(void *context, uint64_t id)
{
	return ltr_probe_follow(shown_of(context), id);
}

static bool source_kept(void *context, struct ltr_tui_kept *ret_kept)
{
	const struct ltr__top_source *own = context;
	const struct ltr_recorder_options *options;
	struct ltr_recorder_counts counts;

	if (!own->rewind)
		return false;
	options = ltr__rewind_options(own->rewind);
	ltr_recorder_counts(ltr__rewind_recorder(own->rewind), &counts);
	*ret_kept = (struct ltr_tui_kept){
		.from_ns = counts.from_ns,
		.last_ns = options->last_ns,
		.bytes = counts.bytes,
		.bytes_max = options->bytes_max,
		.error = ltr_recorder_error(ltr__rewind_recorder(own->rewind)),
	};
	return true;
}

static int source_rewind(void *context, bool back, char *ret_why, size_t why_size)
{
	struct ltr__top_source *own = context;
	struct ltr_why why = {""};
	int error = 0;

	if (back && !own->past_verdicts) {
		error = ltr__rewind_go(own->rewind, live_of(context), &why);
		if (!error)
			error = ltr__verdicts_new(ltr__rewind_probe(own->rewind),
						  own->older_than_ns, &own->past_verdicts);
	}
	if (!back || error < 0) {
		own->past_verdicts = ltr__verdicts_free(own->past_verdicts);
		ltr__rewind_end(own->rewind);
	}
	snprintf(ret_why, why_size, "%s", why.text);
	return error;
}

static int source_judge(void *context, uint64_t budget_ns,
			const struct ltr_tui_findings **ret_findings)
{
	return ltr__verdicts_go_on(judge_of(context), budget_ns, ret_findings);
}

static int source_prove(void *context, bool go, char *ret_why, size_t why_size)
{
	struct ltr__top_source *own = context;
	struct ltr_why why = {""};
	int error = 0;

	if (go)
		error = ltr__proving_go(own->proving, live_of(context), &why);
	else
		ltr__proving_stop(own->proving);
	snprintf(ret_why, why_size, "%s", why.text);
	return error;
}

static int begin_arising(struct ltr__top_source *own, uint64_t key)
{
	const struct ltr_timeline *timeline = source_timeline(own);
	struct ltr__arising_case wanted = {.key = key};
	int error;

	if (!timeline)
		return -EOPNOTSUPP;
	wanted.moment_ns = ltr_census_info(source_census(own))->now_ns;
	wanted.is_proven = ltr__verdicts_is_proven(own->verdicts, key);
	wanted.begin_ns = timeline->begin_ns;
	wanted.end_ns = timeline->end_ns;
	wanted.fd = own->past_verdicts ? ltr__rewind_fd(own->rewind)
				       : open(own->file, O_RDONLY | O_CLOEXEC);
	if (wanted.fd < 0)
		return -errno;
	error = ltr__arising_begin(own->arising, &wanted);
	if (!own->past_verdicts)
		close(wanted.fd);
	return !error || error == -EAGAIN ? 1 : error;
}

static int source_arising(void *context, uint64_t key, struct ltr_tui_arising *ret_arising,
			  char *ret_why, size_t why_size)
{
	struct ltr__top_source *own = context;
	struct ltr_why why = {""};
	int error = 0;

	*ret_arising = (struct ltr_tui_arising){0};
	if (!key)
		ltr__arising_stop(own->arising);
	else if (!ltr__arising_is_on(own->arising))
		error = begin_arising(own, key);
	if (key && error >= 0 && ltr__arising_is_on(own->arising)) {
		error = ltr__arising_ask(own->arising, ret_arising, &why);
		if (!error && ret_arising->from_ns)
			ltr__verdicts_learn(judge_of(own), key, ret_arising->to_ns);
	}
	snprintf(ret_why, why_size, "%s", why.text);
	return error;
}

static int write_to_file(void *context, const void *data, size_t bytes)
{
	return fwrite(data, 1, bytes, context) == bytes ? 0 : -EIO;
}

static int source_save(void *context, enum ltr_tui_format format, const struct ltr_tui_shown *shown,
		       FILE *file)
{
	const struct ltr_choice choice = {.has = shown->has, .context = shown->context};
	const struct ltr_profile_options chosen = {.choice = &choice};
	const struct ltr_sink sink = {.write = write_to_file, .context = file};
	const struct ltr_census *census = source_census(context);

	if (format == LTR_TUI_FORMAT_JSON)
		return ltr_json_write_chosen(census, &choice, sink);
	return ltr_profile_write(census, ltr_profile_type_find("goroutine"), &chosen, sink);
}

int ltr__top_source_new(struct ltr__target *target, const char *file, struct ltr__rewind *rewind,
			uint64_t older_than_ns, struct ltr__top_source **ret_source)
{
	struct ltr__top_source *own = calloc(1, sizeof(*own));

	if (!own)
		return -ENOMEM;
	own->target = target;
	own->file = file;
	own->rewind = rewind;
	own->older_than_ns = older_than_ns;
	own->source = (struct ltr_tui_source){
		.context = own,
		.poll = source_poll,
		.refresh = source_refresh,
		.census = source_census,
		.fd = source_fd,
		.usage = source_usage,
		.timeline = source_timeline,
		.seek = source_seek,
		.beside = source_beside,
		.leave = source_leave,
		.follow = source_follow,
		.kept = source_kept,
		.rewind = source_rewind,
		.judge = source_judge,
		.prove = source_prove,
		.arising = source_arising,
		.save = source_save,
	};
	int error = ltr__verdicts_new(ltr__target_probe(target), older_than_ns, &own->verdicts);

	if (!error)
		error = ltr__proving_new(&own->proving);
	if (!error)
		error = ltr__arising_new(older_than_ns, &own->arising);
	if (error)
		ltr__top_source_free(own);
	else
		*ret_source = own;
	return error;
}

struct ltr__top_source *ltr__top_source_free(struct ltr__top_source *source)
{
	if (!source)
		return NULL;
	ltr__beside_done(&source->beside);
	ltr__arising_free(source->arising);
	ltr__proving_free(source->proving);
	ltr__verdicts_free(source->past_verdicts);
	ltr__verdicts_free(source->verdicts);
	free(source);
	return NULL;
}

const struct ltr_tui_source *ltr__top_source_of(const struct ltr__top_source *source)
{
	return &source->source;
}
