// SPDX-License-Identifier: MIT
/*
 * The census's calls (struct ltr_census_tap) as entries of a log. Strings, sites, labels and stacks
 * are written before the first entry that names them; with a ring, where what was written first may
 * be forgotten, only when the ring is (ltr__record_all_things()).
 *
 * A block ends when it is large or a quarter of a second old, and before a snapshot begins. What goes
 * wrong is kept (ltr__record_fail()), and nothing is recorded after it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record_private.h"

#define FLUSH_NS         250000000ull
#define SYMBOLS_NS       10000000ull /* for symbols, at each flush */
#define SYMBOLS_EARLY_NS 2000000ull  /* the same, where somebody waits at a screen */
#define EVENTS_MAX       32768u      /* in one entry: far below LTR__BLOCK_RAW_MAX */

static bool is_on(const struct ltr_recorder *recorder)
{
	return !recorder->err && !recorder->finished;
}

void ltr__record_flush(struct ltr_recorder *recorder)
{
	struct ltr_record_sink sink = ltr__record_log_sink(recorder);
	int err = 0;

	if (recorder->log.used && is_on(recorder)) {
		err = ltr__record_block(recorder, &sink, LTR__BLOCK_LOG, recorder->log_ns,
					&recorder->log);
		if (!err && !recorder->last_ns)
			err = ltr__record_symbols(recorder, &sink, SYMBOLS_NS);
		else if (!err && recorder->symbols_early)
			ltr__record_look_up(recorder, SYMBOLS_EARLY_NS);
	}
	recorder->log.used = 0;
	memset(&recorder->delta, 0, sizeof(recorder->delta));
	ltr__record_fail(recorder, err);
}

bool ltr__record_begin(struct ltr_recorder *recorder, enum ltr__entry entry)
{
	if (recorder->log.failed)
		ltr__record_fail(recorder, -ENOMEM);
	if (!is_on(recorder))
		return false;
	if (recorder->log.used >= LTR__BLOCK_RAW_AIM)
		ltr__record_flush(recorder);
	if (!recorder->log.used)
		recorder->log_ns = recorder->census->info.now_ns;
	ltr__write_number(&recorder->log, entry);
	return !recorder->err;
}

static void write_string(struct ltr__writing *log, const struct ltr_census *census, uint32_t number)
{
	ltr__write_number(log, LTR__ENTRY_STRING);
	ltr__write_number(log, number);
	ltr__write_text(log, ltr_census_string(census, number));
}

static void write_site(struct ltr__writing *log, const struct ltr_census *census, uint32_t number)
{
	const struct ltr_census_position *site = ltr_census_site(census, number);

	ltr__write_number(log, LTR__ENTRY_SITE);
	ltr__write_number(log, number);
	ltr__write_number(log, site->file);
	ltr__write_number(log, site->function);
	ltr__write_number(log, site->line);
}

static void write_labels(struct ltr__writing *log, const struct ltr_census *census, uint32_t number)
{
	size_t count;
	const struct ltr_census_label *label = ltr_census_labels(census, number, &count);

	ltr__write_number(log, LTR__ENTRY_LABELS);
	ltr__write_number(log, number);
	ltr__write_number(log, count);
	for (size_t i = 0; i < count; i++) {
		ltr__write_number(log, label[i].key);
		ltr__write_number(log, label[i].value);
	}
}

static void write_stack(struct ltr__writing *log, const struct ltr_census *census, uint32_t number)
{
	size_t depth;
	const uint64_t *pcs = ltr_census_stack(census, number, &depth);
	uint64_t last = 0;

	ltr__write_number(log, LTR__ENTRY_STACK);
	ltr__write_number(log, number);
	ltr__write_number(log, depth);
	for (size_t i = 0; i < depth; i++) {
		ltr__write_signed(log, pcs[i] - last);
		last = pcs[i];
	}
}

/* A kind of things with numbers, in an order in which nobody is named before it is known. */
struct things {
	void (*write)(struct ltr__writing *log, const struct ltr_census *census, uint32_t number);
	uint32_t end; /* numbers are smaller */
};

#define THINGS 4

static void all_things(const struct ltr_census *census, struct things ret_things[THINGS])
{
	ret_things[0] = (struct things){write_string, ltr__intern_count(&census->strings)};
	ret_things[1] = (struct things){write_site, ltr__intern_count(&census->sites)};
	ret_things[2] = (struct things){write_labels, ltr__intern_count(&census->labels)};
	ret_things[3] = (struct things){write_stack, ltr__intern_count(&census->stacks)};
}

void ltr__record_new_things(struct ltr_recorder *recorder)
{
	struct things things[THINGS];
	uint32_t *next[THINGS] = {&recorder->next.strings, &recorder->next.sites,
				  &recorder->next.labels, &recorder->next.stacks};

	if (recorder->last_ns)
		return;
	all_things(recorder->census, things);
	for (size_t kind = 0; kind < THINGS; kind++) {
		for (; *next[kind] < things[kind].end && is_on(recorder); ++*next[kind]) {
			if (!recorder->log.used)
				recorder->log_ns = recorder->census->info.now_ns;
			things[kind].write(&recorder->log, recorder->census, *next[kind]);
			if (recorder->log.used >= LTR__BLOCK_RAW_AIM)
				ltr__record_flush(recorder);
		}
	}
}

static void write_definition(struct ltr__writing *log, uint32_t runtime_stack, uint32_t stack)
{
	ltr__write_number(log, LTR__ENTRY_DEFINE);
	ltr__write_number(log, runtime_stack);
	ltr__write_number(log, stack);
}

/* Writes what has been gathered as a block, if there is as much as a block should have. */
static int write_if(struct ltr_recorder *recorder, const struct ltr_record_sink *sink,
		    struct ltr__writing *log, size_t least)
{
	if (log->used < least || !log->used)
		return log->failed ? -ENOMEM : 0;
	int err = ltr__record_block(recorder, sink, LTR__BLOCK_LOG, recorder->counts.from_ns, log);
	log->used = 0;
	return err;
}

int ltr__record_all_things(struct ltr_recorder *recorder, const struct ltr_record_sink *sink)
{
	const struct ltr_census *census = recorder->census;
	struct ltr__writing log = {0};
	struct things things[THINGS];
	int err = 0;

	all_things(census, things);
	for (size_t kind = 0; kind < THINGS; kind++) {
		for (uint32_t number = 1; number < things[kind].end && !err; number++) {
			things[kind].write(&log, census, number);
			err = write_if(recorder, sink, &log, LTR__BLOCK_RAW_AIM);
		}
	}
	for (uint32_t number = 1; number < census->defined_count && !err; number++) {
		if (census->defined[number])
			write_definition(&log, number, census->defined[number]);
		err = write_if(recorder, sink, &log, LTR__BLOCK_RAW_AIM);
	}
	if (!err)
		err = write_if(recorder, sink, &log, 0);
	free(log.bytes);
	return err;
}

static void write_info(struct ltr_recorder *recorder)
{
	const struct ltr_census_info *info = &recorder->census->info;
	struct ltr__record_info now = {
#define LTR__FIELD(name) .name = info->name,
		LTR__RECORD_INFO(LTR__FIELD)
#undef LTR__FIELD
	};

	if (recorder->info_known && memcmp(&now, &recorder->info, sizeof(now)) == 0)
		return;
	if (!ltr__record_begin(recorder, LTR__ENTRY_INFO))
		return;
#define LTR__FIELD(name) ltr__write_number(&recorder->log, now.name);
	LTR__RECORD_INFO(LTR__FIELD)
#undef LTR__FIELD
	recorder->info = now;
	recorder->info_known = true;
}

static void on_snapshot_begin(void *context, uint64_t now_ns)
{
	struct ltr_recorder *recorder = context;

	ltr__record_flush(recorder);
	if (recorder->last_ns && is_on(recorder))
		ltr__record_fail(recorder, ltr__segment_begin(recorder, now_ns));
	recorder->info_known = false;
	write_info(recorder);
	if (ltr__record_begin(recorder, LTR__ENTRY_SNAPSHOT_BEGIN))
		ltr__write_number(&recorder->log, now_ns);
	/* After that, so that replay knows the block as one to begin with. */
	recorder->kernel.known = false;
	ltr__record_how(recorder);
}

static void on_snapshot_put(void *context, const struct ltr_goroutine *goroutine)
{
	struct ltr_recorder *recorder = context;

	ltr__record_new_things(recorder);
	if (!ltr__record_begin(recorder, LTR__ENTRY_GOROUTINE))
		return;
	ltr__write_goroutine(&recorder->log, &recorder->delta, goroutine);
	ltr__want_goroutine(recorder, goroutine);
}

static void on_snapshot_lock(void *context, const struct ltr_lock *lock)
{
	struct ltr_recorder *recorder = context;
	uint64_t locked_pc = ltr_census_locked_pc(recorder->census, lock);

	if (!ltr__record_begin(recorder, LTR__ENTRY_LOCK))
		return;
	ltr__write_number(&recorder->log, lock->object);
	ltr__write_number(&recorder->log, lock->owner_id);
	ltr__write_number(&recorder->log, lock->readers);
	ltr__write_number(&recorder->log, lock->locked_at);
	ltr__write_number(&recorder->log, lock->stray_unlock | lock->stray_reader << 1);
	if (locked_pc)
		ltr__want_symbol(recorder, locked_pc - 1);
}

static void on_snapshot_reader(void *context, const struct ltr_reader *reader)
{
	struct ltr_recorder *recorder = context;

	if (!ltr__record_begin(recorder, LTR__ENTRY_READER))
		return;
	ltr__write_number(&recorder->log, reader->object);
	ltr__write_number(&recorder->log, reader->goroutine_id);
}

static void on_snapshot_end(void *context, bool complete)
{
	struct ltr_recorder *recorder = context;

	if (!ltr__record_begin(recorder, LTR__ENTRY_SNAPSHOT_END))
		return;
	ltr__write_number(&recorder->log, complete);
	if (!complete)
		return;
	if (recorder->last_ns) {
		recorder->last_segment->complete = true;
		ltr__segments_trim(recorder, recorder->census->info.now_ns);
	} else if (!recorder->counts.from_ns) {
		recorder->counts.from_ns = recorder->census->info.now_ns;
	}
}

static void write_events(struct ltr_recorder *recorder, const struct ltr_clock_rate *rate,
			 uint32_t ring, uint64_t position, const struct ltr_event *events,
			 size_t count)
{
	struct ltr__writing *log = &recorder->log;
	uint64_t ns_per_tick;

	if (!ltr__record_begin(recorder, LTR__ENTRY_EVENTS))
		return;
	memcpy(&ns_per_tick, &rate->ns_per_tick, sizeof(ns_per_tick));
	ltr__write_number(log, ring);
	ltr__write_number(log, position);
	ltr__write_number(log, count);
	ltr__write_number(log, rate->base_ticks);
	ltr__write_number(log, rate->base_ns);
	ltr__write_number(log, ns_per_tick);
	for (size_t i = 0; i < count; i++) {
		const struct ltr_event *event = &events[i];

		ltr__write_event(log, &recorder->delta, event);
		if (event->kind == LTR_KIND_START && event->flags & LTR_EVENT_FIRST && event->arg)
			ltr__want_symbol(recorder, event->arg - 1);
	}
}

static void on_apply(void *context, const struct ltr_clock_rate *ticks_ns, uint32_t ring,
		     uint64_t position, const struct ltr_event *events, size_t count)
{
	do {
		size_t part = count < EVENTS_MAX ? count : EVENTS_MAX;

		write_events(context, ticks_ns, ring, position, events, part);
		position += part;
		events += part;
		count -= part;
	} while (count);
}

static void on_loss(void *context, uint64_t records)
{
	struct ltr_recorder *recorder = context;

	if (ltr__record_begin(recorder, LTR__ENTRY_LOSS))
		ltr__write_number(&recorder->log, records);
}

static void on_doubt(void *context)
{
	ltr__record_begin(context, LTR__ENTRY_DOUBT);
}

static void on_define_stack(void *context, uint32_t runtime_stack, uint32_t stack)
{
	struct ltr_recorder *recorder = context;

	ltr__record_new_things(recorder);
	if (!recorder->last_ns && is_on(recorder))
		write_definition(&recorder->log, runtime_stack, stack);
}

static void on_advance(void *context, uint64_t now_ns)
{
	struct ltr_recorder *recorder = context;

	write_info(recorder);
	ltr__record_how(recorder);
	if (!ltr__record_begin(recorder, LTR__ENTRY_ADVANCE))
		return;
	ltr__write_signed(&recorder->log, now_ns - recorder->delta.now_ns);
	recorder->delta.now_ns = now_ns;
	if (now_ns >= recorder->log_ns && now_ns - recorder->log_ns >= FLUSH_NS)
		ltr__record_flush(recorder);
}

const struct ltr_census_tap ltr__record_tap = {
	.snapshot_begin = on_snapshot_begin,
	.snapshot_put = on_snapshot_put,
	.snapshot_lock = on_snapshot_lock,
	.snapshot_reader = on_snapshot_reader,
	.snapshot_end = on_snapshot_end,
	.apply = on_apply,
	.note_loss = on_loss,
	.note_doubt = on_doubt,
	.define_stack = on_define_stack,
	.advance = on_advance,
	.objects_begin = ltr__record_objects_begin,
	.object_put = ltr__record_object,
	.case_put = ltr__record_case,
	.objects_end = ltr__record_objects_end,
	.cpu_sample = ltr__record_cpu_sample,
	.set_threads = ltr__record_threads,
	.know_sockets = ltr__record_sockets,
};
