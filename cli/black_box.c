/* SPDX-License-Identifier: MIT */
/* Black boxes: a probe, a recorder that keeps the last seconds, and a file for them. */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pprof/output.h>
#include <probe/record.h>

#include "attach.h"
#include "black_box.h"
#include "cli.h"

struct ltr__black_box {
	struct ltr_probe *probe;
	struct ltr_recorder *recorder;
	const char *file;
	uint64_t last_ns;
	uint32_t pid;
	bool is_written;
};

/* FILE is the first one's; who fails after that has a file of its own. */
static bool file_is_taken;

int ltr__black_box_try(const struct ltr__black_box_options *options)
{
	struct ltr_output *output;
	int error = ltr_output_open(options->file, true, &output);

	if (error)
		ltr__say("cannot record to %s: %s", options->file, ltr_output_error(error));
	else
		ltr_output_abort(output);
	return error;
}

struct ltr__black_box *ltr__black_box_open(uint32_t pid,
					   const struct ltr__black_box_options *options)
{
	const struct ltr_recorder_options recorder = {.last_ns = options->last_ns};
	struct ltr__black_box *box = calloc(1, sizeof(*box));
	struct ltr_probe_options probe = {
		.waits = true, .snapshot_ns = LTR__SECOND_NS, .threads = true, .sockets = true};
	struct ltr_why why = {"there is no memory left"};

	if (box && ltr_recorder_new(&recorder, &box->recorder) == 0) {
		box->file = options->file;
		box->last_ns = options->last_ns;
		box->pid = pid;
		probe.recorder = box->recorder;
		if (ltr__attach(pid, &probe, &box->probe, &why) == 0)
			return box;
	}
	ltr__say("process %u is not recorded: %s", pid, why.text);
	return ltr__black_box_close(box);
}

void ltr__black_box_poll(struct ltr__black_box *box)
{
	if (box)
		ltr_probe_poll(box->probe, 0); /* a program that has ended has nothing to add */
}

static int write_to(struct ltr__black_box *box, const char *path)
{
	struct ltr_output *output;
	int error = ltr_output_open(path, true, &output);

	if (error)
		return error;
	struct ltr_sink sink = ltr_output_sink(output);
	const struct ltr_record_sink to = {sink.context, sink.write};

	error = ltr_recorder_write(box->recorder, &to);
	if (error)
		ltr_output_abort(output);
	else
		error = ltr_output_commit(output);
	return error;
}

void ltr__black_box_write(struct ltr__black_box *box)
{
	char path[PATH_MAX];
	int error;

	if (!box || box->is_written)
		return;
	box->is_written = true;
	ltr_probe_refresh(box->probe); /* whose stacks nobody has read yet */
	if (file_is_taken)
		snprintf(path, sizeof(path), "%s.%u", box->file, box->pid);
	else
		snprintf(path, sizeof(path), "%s", box->file);
	error = write_to(box, path);
	if (error) {
		ltr__say("cannot write the last of process %u to %s: %s", box->pid, path,
			 error == -ENODATA ? "nothing is known of it" : ltr_output_error(error));
		return;
	}
	file_is_taken = true;
	ltr__say("the last of process %u is in %s: loiter top %s", box->pid, path, path);
}

struct ltr__black_box *ltr__black_box_close(struct ltr__black_box *box)
{
	if (!box)
		return NULL;
	ltr_probe_close(box->probe);
	ltr_recorder_free(box->recorder);
	free(box);
	return NULL;
}
