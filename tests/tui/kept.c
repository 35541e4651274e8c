/* SPDX-License-Identifier: MIT */
/* See kept.h. */
#include "kept.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "probe.h"
#include "record.h"

#define LAST_NS 30000000000ull
#define PATIENT 3 /* times that it has to be asked for */

static int write_all(void *context, const void *bytes, size_t count)
{
	const int *fd = context;

	return write(*fd, bytes, count) == (ssize_t)count ? 0 : -EIO;
}

static void must(bool succeeded, const char *what)
{
	if (succeeded)
		return;
	fprintf(stderr, "kept: %s failed\n", what);
	abort();
}

void kept_init(struct kept *kept, struct fixture *fixture, uint64_t lost)
{
	const struct ltr_recorder_options options = {.last_ns = LAST_NS};

	*kept = (struct kept){.fixture = fixture, .lost = lost};
	must(!ltr_recorder_new(&options, &kept->recorder), "recorder");
	ltr_recorder_attach(kept->recorder, fixture->census);
}

void kept_done(struct kept *kept)
{
	ltr_probe_close(kept->past);
	ltr_recorder_finish(kept->recorder);
	ltr_recorder_free(kept->recorder);
}

static int poll_program(void *context, int timeout_ms)
{
	struct kept *kept = context;
	struct ltr_census *census = kept->fixture->census;

	(void)timeout_ms;
	fixture_step(kept->fixture);
	if (kept->lost && ++kept->steps == 4)
		ltr_census_note_loss(census, kept->lost);
	ltr_census_advance(census, ltr_census_info(census)->now_ns);
	return 1;
}

static const struct ltr_census *census_of(void *context)
{
	const struct kept *kept = context;

	return kept->past ? ltr_probe_census(kept->past) : kept->fixture->census;
}

static const struct ltr_timeline *timeline_of(void *context)
{
	const struct kept *kept = context;

	return kept->past ? ltr_probe_timeline(kept->past) : NULL;
}

static int seek(void *context, uint64_t moment_ns, char *ret_why, size_t why_size)
{
	struct ltr_why why = {""};
	int error = ltr_probe_seek(((struct kept *)context)->past, moment_ns, &why);

	snprintf(ret_why, why_size, "%s", why.text);
	return error;
}

static int follow(void *context, uint64_t id)
{
	const struct kept *kept = context;

	return kept->past ? ltr_probe_follow(kept->past, id) : 0;
}

static bool is_kept(void *context, struct ltr_tui_kept *ret_kept)
{
	const struct kept *kept = context;
	struct ltr_recorder_counts counts;

	ltr_recorder_counts(kept->recorder, &counts);
	/* How small it gets is not the screen's business. */
	*ret_kept = (struct ltr_tui_kept){
		.from_ns = counts.from_ns,
		.last_ns = LAST_NS,
		.bytes = 1234567,
		.bytes_max = 64000000,
	};
	return true;
}

static int open_past(struct kept *kept)
{
	const struct ltr_replay_options options = {.at_ns = UINT64_MAX, .seeks = true};
	int fd = memfd_create("kept", MFD_CLOEXEC);
	const struct ltr_record_sink sink = {&fd, write_all};
	struct ltr_why why = {""};
	char path[32];
	int error;

	must(fd >= 0, "file");
	error = ltr_recorder_write(kept->recorder, &sink);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!error)
		must(!ltr_probe_open_file(path, &options, &kept->past, &why), why.text);
	close(fd);
	return error;
}

static int go_back(void *context, bool back, char *ret_why, size_t why_size)
{
	struct kept *kept = context;

	*ret_why = 0;
	if (!back) {
		kept->past = ltr_probe_close(kept->past);
		kept->asked = 0;
		return 0;
	}
	if (++kept->asked < PATIENT)
		return 1;
	kept->asked = 0;
	int error = open_past(kept);

	if (error)
		snprintf(ret_why, why_size, "nothing is known of it yet");
	return error;
}

struct ltr_tui_source kept_source(struct kept *kept)
{
	return (struct ltr_tui_source){
		.context = kept,
		.poll = poll_program,
		.census = census_of,
		.timeline = timeline_of,
		.seek = seek,
		.follow = follow,
		.kept = is_kept,
		.rewind = go_back,
	};
}

static struct ltr_tui_source judged_source(void *context)
{
	struct ltr_tui_source source = fixture_source(((struct kept *)context)->fixture);

	fixture_judges(&source);
	return source;
}

static int judge(void *context, uint64_t budget_ns, const struct ltr_tui_findings **ret_findings)
{
	struct ltr_tui_source source = judged_source(context);

	return source.judge(source.context, budget_ns, ret_findings);
}

static int prove(void *context, bool go, char *ret_why, size_t why_size)
{
	const struct kept *kept = context;
	struct ltr_tui_source source = judged_source(context);

	if (go && kept->fixture->proof_takes && !kept->past)
		return 1;
	return source.prove(source.context, go, ret_why, why_size);
}

void kept_judges(struct ltr_tui_source *source)
{
	source->judge = judge;
	source->prove = prove;
}
