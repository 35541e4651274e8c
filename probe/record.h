/* SPDX-License-Identifier: MIT */
#ifndef LOITER_RECORD_H
#define LOITER_RECORD_H

/*
 * A recorder writes down how a census comes to be: everything that a probe learns of its program, in
 * a form that ltr_probe_open_file() makes the same census from, on another machine too, without the
 * program: functions and lines of all stacks are in it.
 *
 * A recorder is given to ltr_probe_open() (options->recorder), records from the first look on, and
 * belongs to the probe's thread. It must outlive that probe; ltr_recorder_finish() and
 * ltr_recorder_write() want the probe still open. Errors are kept, and end the recording, not the
 * watching: ask for them with ltr_recorder_error().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ltr_recorder;

/* Where bytes go: all of them, or a negative errno. */
struct ltr_record_sink {
	void *context;
	int (*write)(void *context, const void *bytes, size_t count);
};

struct ltr_recorder_options {
	/* Blocks are written here as soon as they are whole: at the latest a quarter of a second
	 * after the first thing in them, if the probe is polled that often. Ignored if last_ns. */
	struct ltr_record_sink sink;
	/* Not 0: nothing is written; what is needed to show the last so many ns stays in memory, for
	 * ltr_recorder_write(). It is cut by whole snapshots of the probe (options->snapshot_ns), and
	 * to bytes_max, compressed; what has come since the last whole snapshot stays in any case. */
	uint64_t last_ns;
	size_t bytes_max; /* 0: 512 MiB */
	/* With last_ns: look symbols up while recording, in small pieces, so that ltr_recorder_write() has
	 * little left to do: for who must not wait then. Otherwise nothing is looked up before that. */
	bool symbols_early;
};

/* 0, or -ENOMEM. */
int ltr_recorder_new(const struct ltr_recorder_options *options,
		     struct ltr_recorder **ret_recorder);
struct ltr_recorder *ltr_recorder_free(
	struct ltr_recorder *recorder); /* takes NULL, returns NULL */

/* The first thing that went wrong: what a sink returned, or -ENOMEM. 0: all is well. */
int ltr_recorder_error(const struct ltr_recorder *recorder);

/* Nothing comes any more: writes what is left, and that this is the end. Returns the error. */
int ltr_recorder_finish(struct ltr_recorder *recorder);

/* With last_ns: writes a whole recording of the time that is kept; the recorder goes on. Returns what
 * the sink returned, -ENOMEM, or -ENODATA if there was no complete snapshot yet. */
int ltr_recorder_write(struct ltr_recorder *recorder, const struct ltr_record_sink *sink);

/* What it has come to so far. */
struct ltr_recorder_counts {
	uint64_t bytes;   /* written, or kept in memory */
	uint64_t blocks;  /* the same */
	uint64_t from_ns; /* from when on there is something; 0: from nowhere yet */
};
void ltr_recorder_counts(const struct ltr_recorder *recorder,
			 struct ltr_recorder_counts *ret_counts);

struct ltr_census;

/* For who fills a census, and tests: record it from now on; its info has to say what and how by now. */
void ltr_recorder_attach(struct ltr_recorder *recorder, struct ltr_census *census);

#endif
