// SPDX-License-Identifier: MIT
/*
 * What only the kernel knows, out of a recording (LTR__ENTRY_KERNEL). An entry says how long it is and is
 * read in these bounds alone; kinds that are not known are skipped, and so is what follows the known fields.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../census_private.h"
#include "recording_private.h"

/* -E2BIG and -EINVAL: nobody has recorded that. */
static int judge(int err)
{
	return err == -E2BIG || err == -EINVAL ? -EBADMSG : err;
}

static int replay_how(struct ltr__replay *replay, struct ltr__reading *contents)
{
	struct ltr_census_info *info = ltr_census_info_mut(replay->census);
	uint64_t period_ns = ltr__read_number(contents);
	uint64_t started_ns = ltr__read_number(contents);
	char reasons[3][sizeof(info->cpu_reason)];

	for (size_t i = 0; i < 3; i++)
		ltr__read_text(contents, reasons[i], sizeof(reasons[i]));
	if (contents->bad)
		return -EBADMSG;
	info->cpu_period_ns = period_ns;
	/* A ring has nothing from before its beginning. */
	info->cpu_started_ns =
		started_ns && started_ns < info->started_ns ? info->started_ns : started_ns;
	memcpy(info->cpu_reason, reasons[0], sizeof(reasons[0]));
	memcpy(info->threads_reason, reasons[1], sizeof(reasons[1]));
	memcpy(info->sockets_reason, reasons[2], sizeof(reasons[2]));
	replay->has_how = true;
	return 0;
}

static int replay_sample(struct ltr__replay *replay, struct ltr__reading *contents)
{
	struct ltr_cpu_seen seen = {.what.samples = 1};

	seen.what.stack = ltr__replay_name(&replay->stacks, contents);
	seen.what.site = ltr__replay_name(&replay->sites, contents);
	seen.what.name = ltr__replay_name(&replay->strings, contents);
	seen.what.labels = ltr__replay_name(&replay->labels, contents);
	seen.what.state = (uint32_t)ltr__read_bounded(contents, LTR_STATE_COUNT - 1);
	if (!contents->bad && contents->at < contents->end) {
		seen.at_ns = ltr__read_number(contents);
		seen.goroutine_id = ltr__read_number(contents);
	}
	if (contents->bad)
		return -EBADMSG;
	/* Without a time it is as old as the look that it came with. */
	if (seen.at_ns ? seen.at_ns > replay->until_ns : replay->is_late)
		return 0;
	/* Who goes back and forth has no totals (ltr_census_rewind()). */
	return replay->play ? 0 : ltr_census_restore_cpu_sample(replay->census, &seen);
}

static int replay_lost(struct ltr__replay *replay, struct ltr__reading *contents)
{
	struct ltr_census_info *info = ltr_census_info_mut(replay->census);
	uint64_t samples = ltr__read_number(contents);

	if (contents->bad)
		return -EBADMSG;
	if (!replay->play)
		info->cpu_lost = ltr__add_saturated(info->cpu_lost, samples);
	return 0;
}

static int read_thread(struct ltr__replay *replay, struct ltr__reading *contents, uint64_t *last_id,
		       struct ltr_thread *ret_thread)
{
	char name[32];

	ret_thread->goroutine_id = *last_id += ltr__read_signed(contents);
	ret_thread->transitions = (uint32_t)ltr__read_bounded(contents, UINT32_MAX);
	ret_thread->tid = (uint32_t)ltr__read_bounded(contents, UINT32_MAX);
	ret_thread->state = (uint8_t)ltr__read_bounded(contents, LTR_THREAD_STOPPED);
	ret_thread->since_ns = ltr__read_number(contents);
	ret_thread->call = (int32_t)ltr__read_signed(contents);
	ltr__read_text(contents, name, sizeof(name));
	if (contents->bad)
		return -EBADMSG;
	return ltr_census_intern_string(replay->census, name, &ret_thread->call_name);
}

static int replay_threads(struct ltr__replay *replay, struct ltr__reading *contents)
{
	bool first = ltr__read_bounded(contents, 1);
	size_t count = ltr__read_bounded(contents, LTR__KERNEL_ROWS_MAX);
	struct ltr_thread *threads = calloc(count ? count : 1, sizeof(*threads));
	uint64_t last_id = 0;
	int err = threads ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && !err; i++)
		err = read_thread(replay, contents, &last_id, &threads[i]);
	if (!err && contents->bad)
		err = -EBADMSG;
	if (!err)
		err = ltr_census_restore_threads(replay->census, threads, count, first);
	free(threads);
	return err;
}

static int replay_sockets(struct ltr__replay *replay, struct ltr__reading *contents)
{
	bool first = ltr__read_bounded(contents, 1);
	size_t count = ltr__read_bounded(contents, LTR__KERNEL_ROWS_MAX);
	struct ltr_known_socket *sockets = calloc(count ? count : 1, sizeof(*sockets));
	uint64_t last_id = 0;

	if (!sockets)
		return -ENOMEM;
	for (size_t i = 0; i < count && !contents->bad; i++) {
		sockets[i].goroutine_id = last_id += ltr__read_signed(contents);
		sockets[i].transitions = (uint32_t)ltr__read_bounded(contents, UINT32_MAX);
		ltr__read_text(contents, sockets[i].is.local, sizeof(sockets[i].is.local));
		ltr__read_text(contents, sockets[i].is.peer, sizeof(sockets[i].is.peer));
	}
	int err = contents->bad ? -EBADMSG
				: ltr_census_know_sockets(replay->census, sockets, count, first);
	free(sockets);
	return err;
}

int ltr__replay_kernel(struct ltr__replay *replay, enum ltr__kernel_entry kind,
		       struct ltr__reading *contents)
{
	if (kind == LTR__KERNEL_SAMPLE)
		return replay_sample(replay, contents);
	if (replay->is_late)
		return 0;
	switch (kind) {
	case LTR__KERNEL_HOW:
		return replay_how(replay, contents);
	case LTR__KERNEL_LOST:
		return replay_lost(replay, contents);
	case LTR__KERNEL_THREADS:
		return judge(replay_threads(replay, contents));
	case LTR__KERNEL_SOCKETS:
		return judge(replay_sockets(replay, contents));
	default:
		return 0;
	}
}
