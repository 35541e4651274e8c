/* SPDX-License-Identifier: MIT */
/* See played.h. */
#include "played.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "probe.h"
#include "record.h"
#include "timeline.h"

static int write_all(void *context, const void *bytes, size_t count)
{
	const struct played *played = context;

	return write(played->fd, bytes, count) == (ssize_t)count ? 0 : -1;
}

static void must(bool succeeded, const char *what)
{
	if (succeeded)
		return;
	fprintf(stderr, "played: %s failed\n", what);
	abort();
}

static void record(struct played *played, struct fixture *fixture, unsigned steps, uint64_t lost)
{
	const struct ltr_recorder_options options = {.sink = {played, write_all}};
	struct ltr_census *census = fixture->census;
	struct ltr_recorder *recorder;

	ltr_census_info_mut(census)->way = LTR_WAY_SNAPSHOT;
	must(!ltr_recorder_new(&options, &recorder), "recorder");
	ltr_recorder_attach(recorder, census);
	for (unsigned i = 0; i < steps; i++) {
		fixture_step(fixture);
		if (lost && i == steps / 3)
			ltr_census_note_loss(census, lost);
		ltr_census_advance(census, ltr_census_info(census)->now_ns);
	}
	must(!ltr_recorder_finish(recorder), "recording");
	ltr_recorder_free(recorder);
}

void played_init(struct played *played, struct fixture *fixture, unsigned steps, uint64_t lost)
{
	const struct ltr_replay_options options = {.at_ns = UINT64_MAX, .seeks = true};
	struct ltr_why why = {""};
	char path[32];

	*played = (struct played){.fd = memfd_create("recording", MFD_CLOEXEC)};
	must(played->fd >= 0, "file");
	record(played, fixture, steps, lost);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", played->fd);
	must(!ltr_probe_open_file(path, &options, &played->probe, &why), why.text);
}

void played_done(struct played *played)
{
	ltr_probe_close(played->probe);
	close(played->fd);
}

static int poll_probe(void *context, int timeout_ms)
{
	return ltr_probe_poll(((struct played *)context)->probe, timeout_ms);
}

static const struct ltr_census *census_of(void *context)
{
	return ltr_probe_census(((struct played *)context)->probe);
}

static const struct ltr_timeline *timeline_of(void *context)
{
	return ltr_probe_timeline(((struct played *)context)->probe);
}

static int seek(void *context, uint64_t moment_ns, char *ret_why, size_t why_size)
{
	struct ltr_why why = {""};
	int error = ltr_probe_seek(((struct played *)context)->probe, moment_ns, &why);

	snprintf(ret_why, why_size, "%s", why.text);
	return error;
}

static int follow(void *context, uint64_t id)
{
	return ltr_probe_follow(((struct played *)context)->probe, id);
}

static const struct ltr_tui_finding alone = {
	.key = 1,
	.is_serious = true,
	.grade = "deadlock",
	.title = "1 goroutine waits for a lock whose holder has ended",
	.advice = "",
	.count = 1,
};

#define SINCE_NS 20000000000ull

static int judge(void *context, uint64_t budget_ns, const struct ltr_tui_findings **ret_findings)
{
	static const struct ltr_tui_findings none = {.note = ""};
	static const struct ltr_tui_findings one = {&alone, 1, 0, 0, ""};
	struct ltr_probe *probe = ((struct played *)context)->probe;

	(void)budget_ns;
	*ret_findings = ltr_census_info(ltr_probe_census(probe))->now_ns <
					ltr_probe_timeline(probe)->begin_ns + SINCE_NS
				? &none
				: &one;
	return 0;
}

static int arising(void *context, uint64_t key, struct ltr_tui_arising *ret_arising, char *ret_why,
		   size_t why_size)
{
	struct played *played = context;
	const struct ltr_timeline *timeline = ltr_probe_timeline(played->probe);

	(void)why_size;
	*ret_why = 0;
	played->looks = key ? played->looks + 1 : 0;
	*ret_arising =
		(struct ltr_tui_arising){timeline->begin_ns, timeline->end_ns, played->looks};
	if (key && access(played->found, F_OK))
		return 1;
	ret_arising->to_ns = timeline->begin_ns + SINCE_NS;
	return 0;
}

void played_judges(struct played *played, struct ltr_tui_source *source, const char *found)
{
	played->found = found;
	source->judge = judge;
	source->arising = arising;
}

static int beside(void *context, void (*work)(void *argument), void *argument, unsigned wait_ms)
{
	const struct played *played = context;

	if (played->is_left)
		return 0;
	if (access(played->gate, F_OK)) {
		poll(NULL, 0, (int)wait_ms);
		return 1;
	}
	work(argument);
	return 0;
}

static void leave(void *context)
{
	((struct played *)context)->is_left = true;
}

struct ltr_tui_source played_source(struct played *played)
{
	return (struct ltr_tui_source){
		.context = played,
		.poll = poll_probe,
		.census = census_of,
		.timeline = timeline_of,
		.seek = seek,
		.beside = played->gate ? beside : NULL,
		.leave = leave,
		.follow = follow,
	};
}
