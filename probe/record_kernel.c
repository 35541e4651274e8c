// SPDX-License-Identifier: MIT
/*
 * What only the kernel knows, as entries of a log (LTR__ENTRY_KERNEL). Each says how long it is, so that a
 * reader can skip what it does not know; contents are gathered apart for that. Threads and sockets are
 * written whole after each snapshot, since replay may begin with any of these.
 */
#include <stdlib.h>
#include <string.h>

#include "record_private.h"

/* `contents` goes into the log, and is freed. */
static void put(struct ltr_recorder *recorder, enum ltr__kernel_entry kind,
		struct ltr__writing *contents)
{
	if (contents->failed)
		recorder->log.failed = true;
	if (ltr__record_begin(recorder, LTR__ENTRY_KERNEL)) {
		ltr__write_number(&recorder->log, kind);
		ltr__write_number(&recorder->log, contents->used);
		ltr__write_bytes(&recorder->log, contents->bytes, contents->used);
	}
	free(contents->bytes);
}

static void write_losses(struct ltr_recorder *recorder)
{
	uint64_t lost = recorder->census->info.cpu_lost;
	struct ltr__writing contents = {0};

	if (lost <= recorder->kernel.cpu_lost)
		return;
	ltr__write_number(&contents, lost - recorder->kernel.cpu_lost);
	recorder->kernel.cpu_lost = lost;
	put(recorder, LTR__KERNEL_LOST, &contents);
}

void ltr__record_how(struct ltr_recorder *recorder)
{
	const struct ltr_census_info *info = &recorder->census->info;
	const char *const reasons[] = {info->cpu_reason, info->threads_reason,
				       info->sockets_reason};
	struct ltr__writing contents = {0};
	bool same = recorder->kernel.known &&
		    info->cpu_period_ns == recorder->kernel.cpu_period_ns &&
		    info->cpu_started_ns == recorder->kernel.cpu_started_ns;

	for (size_t i = 0; i < 3; i++) {
		same = same && strcmp(reasons[i], recorder->kernel.reasons[i]) == 0;
		memcpy(recorder->kernel.reasons[i], reasons[i], sizeof(info->cpu_reason));
	}
	recorder->kernel.cpu_period_ns = info->cpu_period_ns;
	recorder->kernel.cpu_started_ns = info->cpu_started_ns;
	recorder->kernel.known = true;
	if (!same) {
		ltr__write_number(&contents, info->cpu_period_ns);
		ltr__write_number(&contents, info->cpu_started_ns);
		for (size_t i = 0; i < 3; i++)
			ltr__write_text(&contents, reasons[i]);
		put(recorder, LTR__KERNEL_HOW, &contents);
	}
	write_losses(recorder);
}

void ltr__record_cpu_sample(void *context, const struct ltr_cpu_total *total)
{
	struct ltr_recorder *recorder = context;
	struct ltr__writing contents = {0};

	ltr__record_new_things(recorder);
	ltr__write_number(&contents, total->stack);
	ltr__write_number(&contents, total->site);
	ltr__write_number(&contents, total->name);
	ltr__write_number(&contents, total->labels);
	ltr__write_number(&contents, total->state);
	put(recorder, LTR__KERNEL_SAMPLE, &contents);
}

static void write_thread(struct ltr__writing *contents, const struct ltr_census *census,
			 const struct ltr_thread *thread, uint64_t *last_id)
{
	ltr__write_signed(contents, thread->goroutine_id - *last_id);
	ltr__write_number(contents, thread->transitions);
	ltr__write_number(contents, thread->tid);
	ltr__write_number(contents, thread->state);
	ltr__write_number(contents, thread->since_ns);
	ltr__write_signed(contents, (uint64_t)(int64_t)thread->call);
	ltr__write_text(contents, ltr_census_string(census, thread->call_name));
	*last_id = thread->goroutine_id;
}

static void write_socket(struct ltr__writing *contents, const struct ltr_known_socket *socket,
			 uint64_t *last_id)
{
	ltr__write_signed(contents, socket->goroutine_id - *last_id);
	ltr__write_number(contents, socket->transitions);
	ltr__write_text(contents, socket->is.local);
	ltr__write_text(contents, socket->is.peer);
	*last_id = socket->goroutine_id;
}

/* How many rows the next entry has. */
static size_t part_of(size_t count)
{
	return count < LTR__KERNEL_ROWS_MAX ? count : LTR__KERNEL_ROWS_MAX;
}

static void begin_part(struct ltr__writing *contents, bool first, size_t rows)
{
	ltr__write_number(contents, first);
	ltr__write_number(contents, rows);
}

void ltr__record_threads(void *context, const struct ltr_thread *threads, size_t count)
{
	struct ltr_recorder *recorder = context;
	size_t done = 0;

	do {
		struct ltr__writing contents = {0};
		size_t rows = part_of(count - done);
		uint64_t last_id = 0;

		begin_part(&contents, done == 0, rows);
		for (size_t i = 0; i < rows; i++)
			write_thread(&contents, recorder->census, &threads[done + i], &last_id);
		done += rows;
		put(recorder, LTR__KERNEL_THREADS, &contents);
	} while (done < count);
}

void ltr__record_sockets(void *context, const struct ltr_known_socket *sockets, size_t count)
{
	struct ltr_recorder *recorder = context;
	size_t done = 0;

	do {
		struct ltr__writing contents = {0};
		size_t rows = part_of(count - done);
		uint64_t last_id = 0;

		begin_part(&contents, done == 0, rows);
		for (size_t i = 0; i < rows; i++)
			write_socket(&contents, &sockets[done + i], &last_id);
		done += rows;
		put(recorder, LTR__KERNEL_SOCKETS, &contents);
	} while (done < count);
}
