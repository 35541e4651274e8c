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

void ltr__record_cpu_sample(void *context, const struct ltr_cpu_seen *seen)
{
	const struct ltr_cpu_total *total = &seen->what;
	struct ltr_recorder *recorder = context;
	struct ltr__writing contents = {0};

	ltr__record_new_things(recorder);
	ltr__want_later(recorder, total->stack);
	ltr__write_number(&contents, total->stack);
	ltr__write_number(&contents, total->site);
	ltr__write_number(&contents, total->name);
	ltr__write_number(&contents, total->labels);
	ltr__write_number(&contents, total->state);
	ltr__write_number(&contents, seen->at_ns);
	ltr__write_number(&contents, seen->goroutine_id);
	put(recorder, LTR__KERNEL_SAMPLE, &contents);
}

static void write_thread(struct ltr__writing *contents, const struct ltr_recorder *recorder,
			 const void *rows, size_t at, uint64_t *last_id)
{
	const struct ltr_thread *thread = (const struct ltr_thread *)rows + at;

	ltr__write_signed(contents, thread->goroutine_id - *last_id);
	ltr__write_number(contents, thread->transitions);
	ltr__write_number(contents, thread->tid);
	ltr__write_number(contents, thread->state);
	ltr__write_number(contents, thread->since_ns);
	ltr__write_signed(contents, (uint64_t)(int64_t)thread->call);
	ltr__write_text(contents, ltr_census_string(recorder->census, thread->call_name));
	*last_id = thread->goroutine_id;
}

static void write_socket(struct ltr__writing *contents, const struct ltr_recorder *recorder,
			 const void *rows, size_t at, uint64_t *last_id)
{
	const struct ltr_known_socket *socket = (const struct ltr_known_socket *)rows + at;

	(void)recorder;
	ltr__write_signed(contents, socket->goroutine_id - *last_id);
	ltr__write_number(contents, socket->transitions);
	ltr__write_text(contents, socket->is.local);
	ltr__write_text(contents, socket->is.peer);
	*last_id = socket->goroutine_id;
}

typedef void row_writer(struct ltr__writing *contents, const struct ltr_recorder *recorder,
			const void *rows, size_t at, uint64_t *last_id);

/* As many entries as it takes, and one if there are no rows: what was known before is forgotten. */
static void put_rows(struct ltr_recorder *recorder, uint32_t kind, row_writer *write_row,
		     const void *rows, size_t count)
{
	size_t done = 0;

	do {
		struct ltr__writing contents = {0};
		size_t left = count - done;
		size_t end = done + (left < LTR__KERNEL_ROWS_MAX ? left : LTR__KERNEL_ROWS_MAX);
		uint64_t last_id = 0;

		ltr__write_number(&contents, done == 0);
		ltr__write_number(&contents, end - done);
		for (; done < end; done++)
			write_row(&contents, recorder, rows, done, &last_id);
		put(recorder, kind, &contents);
	} while (done < count);
}

void ltr__record_threads(void *context, const struct ltr_thread *threads, size_t count)
{
	put_rows(context, LTR__KERNEL_THREADS, write_thread, threads, count);
}

void ltr__record_sockets(void *context, const struct ltr_known_socket *sockets, size_t count)
{
	put_rows(context, LTR__KERNEL_SOCKETS, write_socket, sockets, count);
}
