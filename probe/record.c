// SPDX-License-Identifier: MIT
/*
 * The recorder: what is written first and last, and a ring made into a recording. What happens in
 * between comes through the census's tap (record_log.c).
 */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "record_private.h"

#define KEPT_BYTES_MAX ((size_t)512 << 20)

int ltr__record_fail(struct ltr_recorder *recorder, int err)
{
	if (err && !recorder->err)
		recorder->err = err;
	return recorder->err;
}

int ltr_recorder_new(const struct ltr_recorder_options *options, struct ltr_recorder **ret_recorder)
{
	struct ltr_recorder *recorder = calloc(1, sizeof(*recorder));

	if (!recorder)
		return -ENOMEM;
	recorder->sink = options->sink;
	recorder->last_ns = options->last_ns;
	recorder->bytes_max = options->bytes_max ? options->bytes_max : KEPT_BYTES_MAX;
	recorder->next.strings = recorder->next.sites = 1;
	recorder->next.labels = recorder->next.stacks = 1;
	recorder->symbols_early = options->symbols_early;
	recorder->zstd = ZSTD_createCCtx();
	if (!recorder->zstd) {
		free(recorder);
		return -ENOMEM;
	}
	*ret_recorder = recorder;
	return 0;
}

struct ltr_recorder *ltr_recorder_free(struct ltr_recorder *recorder)
{
	if (!recorder)
		return NULL;
	ltr__segments_free(recorder);
	ltr__wanted_done(&recorder->wanted);
	free(recorder->log.bytes);
	free(recorder->packed);
	ZSTD_freeCCtx(recorder->zstd);
	free(recorder);
	return NULL;
}

int ltr_recorder_error(const struct ltr_recorder *recorder)
{
	return recorder->err;
}

void ltr_recorder_counts(const struct ltr_recorder *recorder,
			 struct ltr_recorder_counts *ret_counts)
{
	*ret_counts = recorder->counts;
}

/* Which start of the machine its clock belongs to; "" if that cannot be read. */
static void read_boot_id(char *text, size_t bytes)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, bytes - 1);

	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static int write_meta(struct ltr_recorder *recorder, const struct ltr_record_sink *sink,
		      uint64_t started_ns)
{
	const struct ltr_census_info *info = &recorder->census->info;
	struct ltr__writing writing = {0};
	struct utsname machine;
	char boot_id[64];

	if (uname(&machine) < 0)
		memset(&machine, 0, sizeof(machine));
	read_boot_id(boot_id, sizeof(boot_id));
	ltr__write_number(&writing, info->pid);
	ltr__write_number(&writing, started_ns);
	ltr__write_number(&writing, info->way);
	ltr__write_text(&writing, info->way_reason);
	ltr__write_text(&writing, info->command);
	ltr__write_text(&writing, machine.nodename);
	ltr__write_text(&writing, boot_id);
	ltr__write_text(&writing, machine.release);
	ltr__write_text(&writing, machine.machine);

	int err = ltr__record_file_header(sink);
	if (!err)
		err = ltr__record_block(recorder, sink, LTR__BLOCK_META, started_ns, &writing);
	free(writing.bytes);
	return err;
}

static int write_end(struct ltr_recorder *recorder, const struct ltr_record_sink *sink)
{
	struct ltr__writing writing = {0};

	ltr__write_number(&writing, recorder->census->info.now_ns);
	int err = ltr__record_block(recorder, sink, LTR__BLOCK_END, recorder->census->info.now_ns,
				    &writing);
	free(writing.bytes);
	return err;
}

void ltr_recorder_attach(struct ltr_recorder *recorder, struct ltr_census *census)
{
	recorder->census = census;
	if (!recorder->last_ns)
		ltr__record_fail(recorder,
				 write_meta(recorder, &recorder->sink, census->info.started_ns));
	else
		ltr__record_fail(recorder, ltr__segment_begin(recorder, census->info.now_ns));
	ltr_census_set_tap(census, &ltr__record_tap, recorder);
}

int ltr_recorder_finish(struct ltr_recorder *recorder)
{
	if (!recorder->census || recorder->finished)
		return recorder->err;
	ltr_census_set_tap(recorder->census, NULL, NULL);
	ltr__record_flush(recorder);
	recorder->finished = true;
	if (recorder->err || recorder->last_ns)
		return recorder->err;
	int err = ltr__record_symbols(recorder, &recorder->sink, 0);
	if (!err)
		err = write_end(recorder, &recorder->sink);
	return ltr__record_fail(recorder, err);
}

/* Its log is cut where it stands; the next block begins as if nothing had been written. */
int ltr_recorder_write(struct ltr_recorder *recorder, const struct ltr_record_sink *sink)
{
	struct ltr_recorder_counts counts;
	int err;

	ltr__record_flush(recorder);
	if (recorder->err)
		return recorder->err;
	if (!recorder->counts.from_ns)
		return -ENODATA;
	counts = recorder->counts; /* of what is kept, not of what is written here */
	recorder->symbols_written = 0;
	recorder->modules_written = 0;
	err = write_meta(recorder, sink, recorder->segments->begin_ns);
	if (!err)
		err = ltr__record_all_things(recorder, sink);
	for (struct ltr__segment *segment = recorder->segments; segment && !err;
	     segment = segment->next)
		for (struct ltr__kept_block *block = segment->first; block && !err;
		     block = block->next)
			err = sink->write(sink->context, block->data, block->bytes);
	if (!err)
		err = ltr__record_symbols(recorder, sink, 0);
	if (!err)
		err = write_end(recorder, sink);
	recorder->counts = counts;
	return err;
}
