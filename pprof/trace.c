/* SPDX-License-Identifier: MIT */

/*
 * Steps become trace events (trace.h). A slice is written when it ends, as a complete event ("X"),
 * so that nothing has to be closed later and a goroutine needs no memory of its own here.
 *
 * An arrow is two events with one number, "s" at the waker and "f" at the woken, written together:
 * both ends are there or none. By the rules of the format "f" belongs to the next slice that begins
 * on its track at this time or later, which is the time in the queue that begins with it.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clean.h"
#include "gzip.h"
#include "table.h"
#include "text_writer.h"
#include "trace.h"
#include "words.h"

/* The groups of tracks, as processes of the trace. The last one is there if records tell of it. */
#define GOROUTINES 1u
#define THREADS    2u
#define PROCESSORS 3u

#define PROCESSORS_MAX 256u

/* Of a thread or a processor. */
struct track {
	bool seen;
	uint64_t until_ns; /* of the last run that was written */
};

struct thread {
	struct track track;
	uint64_t goroutine; /* that runs on it; 0: none */
	uint64_t since_ns;
	uint32_t processor; /* that it has; or LTR_PROCESSOR_UNKNOWN */
};

/* By so much the clocks of two batches of one thread, or of two threads, may differ. */
#define CLOCK_NS 1000

struct ltr_trace {
	struct ltr__gzip *gzip; /* NULL: plain */
	int error;              /* besides that of `text` */
	bool begun;
	uint64_t arrows;
	struct thread *threads; /* by ring */
	size_t thread_count;
	struct track processors[PROCESSORS_MAX];
	char **places; /* by stack: its first frame, in JSON; NULL: not asked for yet */
	size_t place_count;
	struct ltr__text text;
};

static int write_gzip(void *context, const void *data, size_t bytes)
{
	return ltr__gzip_write(context, data, bytes);
}

int ltr_trace_new(struct ltr_sink sink, bool gzip, struct ltr_trace **ret_trace)
{
	struct ltr_trace *trace = calloc(1, sizeof(*trace));
	int err = trace ? 0 : -ENOMEM;

	if (!err && gzip)
		err = ltr__gzip_new(sink, &trace->gzip);
	if (err) {
		ltr_trace_free(trace);
		return err;
	}
	if (gzip)
		sink = (struct ltr_sink){write_gzip, trace->gzip};
	ltr__text_init(&trace->text, sink);
	*ret_trace = trace;
	return 0;
}

struct ltr_trace *ltr_trace_free(struct ltr_trace *trace)
{
	if (!trace)
		return NULL;
	ltr__gzip_free(trace->gzip);
	for (size_t i = 0; i < trace->place_count; i++)
		free(trace->places[i]);
	free(trace->places);
	free(trace->threads);
	free(trace);
	return NULL;
}

int ltr_trace_error(const struct ltr_trace *trace)
{
	return trace->error ? trace->error : trace->text.error;
}

/*
 * A string of the watched program, in JSON and without its quotes: it is harmless and UTF-8 before.
 */
static size_t json_text(char *out, size_t bytes, const char *string)
{
	char clean[LTR__CLEAN_BYTES];
	size_t used = 0;

	ltr__pprof_clean(clean, sizeof(clean), string);
	for (const char *at = clean; *at && used + 3 < bytes; at++) {
		if (*at == '"' || *at == '\\')
			out[used++] = '\\';
		out[used++] = *at;
	}
	out[used] = '\0';
	return used;
}

static void put_string(struct ltr_trace *trace, const char *string)
{
	char json[2 * LTR__CLEAN_BYTES];

	ltr__text_bytes(&trace->text, json, json_text(json, sizeof(json), string));
}

/* Makes room for number `at` of an array that is zero where nothing was written. */
static bool reserve(struct ltr_trace *trace, void *array_pointer, size_t *count, size_t at,
		    size_t element)
{
	size_t want = *count + *count / 2;
	char *array;

	if (at < *count)
		return true;
	if (want < at + 1)
		want = at + 1;
	memcpy(&array, array_pointer, sizeof(array));
	array = reallocarray(array, want, element);
	if (!array) {
		trace->error = -ENOMEM;
		return false;
	}
	memset(array + *count * element, 0, (want - *count) * element);
	memcpy(array_pointer, &array, sizeof(array));
	*count = want;
	return true;
}

/*
 * "reply /src/httpd.c:87", the first frame of the program in a stack; "" where that is not known.
 */
static char *make_place(const struct ltr_census *census, uint32_t stack)
{
	char json[2 * LTR__CLEAN_BYTES];
	const struct ltr_symbol *symbol;
	size_t depth = 0;
	const uint64_t *pcs = ltr__pprof_frames(census, stack, false, &depth);
	size_t used = 0;

	json[0] = '\0';
	if (depth > 0) {
		symbol = ltr__pprof_visible(ltr_census_call_symbol(census, pcs[0]), false);
		if (symbol->function[0])
			used = json_text(json, LTR__CLEAN_BYTES, symbol->function);
		else
			used = (size_t)snprintf(json, sizeof(json), "0x%" PRIx64, pcs[0] - 1);
		if (symbol->file[0]) {
			json[used++] = ' ';
			used += json_text(json + used, sizeof(json) - used - 16, symbol->file);
			snprintf(json + used, sizeof(json) - used, ":%u", symbol->line);
		}
	}
	return strdup(json);
}

static const char *place_of(struct ltr_trace *trace, const struct ltr_census *census,
			    uint32_t stack)
{
	if (!stack ||
	    !reserve(trace, &trace->places, &trace->place_count, stack, sizeof(*trace->places)))
		return "";
	if (!trace->places[stack]) {
		trace->places[stack] = make_place(census, stack);
		if (!trace->places[stack]) {
			trace->error = -ENOMEM;
			return "";
		}
	}
	return trace->places[stack];
}

/*
 * The beginning of an event; who calls it puts the rest and a brace. Tracks are numbers of 32 bits.
 */
static void begin_event(struct ltr_trace *trace, const char *phase, unsigned int group,
			uint64_t track)
{
	ltr__text_put(&trace->text,
		      trace->begun ? ",\n" : "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n");
	trace->begun = true;
	ltr__text_format(&trace->text, "{\"ph\":\"%s\",\"pid\":%u,\"tid\":%" PRIu32, phase, group,
			 (uint32_t)track);
}

static void put_time(struct ltr_trace *trace, const char *key, uint64_t ns)
{
	ltr__text_format(&trace->text, ",\"%s\":%" PRIu64 ".%03u", key, ns / 1000,
			 (unsigned int)(ns % 1000));
}

/* From the beginning of the watching. */
static void put_moment(struct ltr_trace *trace, const struct ltr_census *census, uint64_t ns)
{
	uint64_t started_ns = ltr_census_info(census)->started_ns;

	put_time(trace, "ts", ns > started_ns ? ns - started_ns : 0);
}

static void put_span(struct ltr_trace *trace, const struct ltr_census *census, uint64_t from_ns,
		     uint64_t to_ns)
{
	uint64_t started_ns = ltr_census_info(census)->started_ns;

	if (from_ns < started_ns)
		from_ns = started_ns;
	put_moment(trace, census, from_ns);
	put_time(trace, "dur", to_ns > from_ns ? to_ns - from_ns : 0);
}

static void put_argument(struct ltr_trace *trace, bool *some)
{
	ltr__text_put(&trace->text, *some ? "," : ",\"args\":{");
	*some = true;
}

static void put_slice(struct ltr_trace *trace, const struct ltr_census *census,
		      const struct ltr_step *step)
{
	const char *place = place_of(trace, census, step->stack);
	bool some = false;

	begin_event(trace, "X", GOROUTINES, step->goroutine_id);
	put_span(trace, census, step->from_ns, step->at_ns);
	ltr__text_format(
		&trace->text, ",\"cat\":\"%s\",\"name\":\"%s\"", ltr_state_name(step->state),
		step->reason ? ltr_reason_name(step->reason) : ltr_state_name(step->state));
	if (place[0]) {
		put_argument(trace, &some);
		ltr__text_put(&trace->text, "\"at\":\"");
		ltr__text_put(&trace->text, place);
		ltr__text_put(&trace->text, "\"");
	}
	if (step->object && step->state == LTR_STATE_NETWORK) {
		put_argument(trace, &some);
		ltr__text_format(&trace->text, "\"fd\":%" PRIu64, step->object);
	} else if (step->object && step->state != LTR_STATE_SLEEP) { /* that is a time */
		put_argument(trace, &some);
		ltr__text_format(&trace->text, "\"object\":\"0x%" PRIx64 "\"", step->object);
	}
	if (step->unfinished) {
		put_argument(trace, &some);
		ltr__text_put(&trace->text, "\"unfinished\":true");
	}
	ltr__text_put(&trace->text, some ? "}}" : "}");
}

/* Runs that were held back come later than what was after them, and stay where they are. */
static void put_run_on(struct ltr_trace *trace, const struct ltr_census *census,
		       struct track *track, unsigned int group, uint32_t number, uint64_t goroutine,
		       uint64_t from_ns, uint64_t to_ns)
{
	if (from_ns < track->until_ns && track->until_ns - from_ns < CLOCK_NS)
		from_ns = track->until_ns;
	if (to_ns < from_ns)
		to_ns = from_ns;
	track->until_ns = to_ns;
	track->seen = true;
	begin_event(trace, "X", group, number);
	put_span(trace, census, from_ns, to_ns);
	ltr__text_format(&trace->text,
			 ",\"cat\":\"running\",\"name\":\"goroutine %" PRIu64
			 "\",\"args\":{\"goroutine\":%" PRIu64 "}}",
			 goroutine, goroutine);
}

static void put_run(struct ltr_trace *trace, const struct ltr_census *census, uint32_t ring,
		    uint64_t goroutine, uint64_t from_ns, uint64_t to_ns)
{
	struct thread *thread = &trace->threads[ring];
	uint32_t processor = thread->processor;

	put_run_on(trace, census, &thread->track, THREADS, ring + 1, goroutine, from_ns, to_ns);
	if (processor < PROCESSORS_MAX)
		put_run_on(trace, census, &trace->processors[processor], PROCESSORS, processor + 1,
			   goroutine, from_ns, to_ns);
}

static void put_arrow(struct ltr_trace *trace, const struct ltr_census *census,
		      const struct ltr_step *step, const char *what)
{
	trace->arrows++;
	for (int end = 0; end < 2; end++) {
		begin_event(trace, end ? "f" : "s", GOROUTINES,
			    end ? step->goroutine_id : step->other_id);
		put_moment(trace, census, step->at_ns);
		ltr__text_format(&trace->text,
				 ",\"id\":%" PRIu64 ",\"cat\":\"%s\",\"name\":\"%s\"}",
				 trace->arrows, what, what);
	}
}

static void put_name(struct ltr_trace *trace, const char *what, unsigned int group, uint64_t track)
{
	begin_event(trace, "M", group, track);
	ltr__text_format(&trace->text, ",\"name\":\"%s\",\"args\":{\"%s\":\"", what,
			 strcmp(what, "process_labels") == 0 ? "labels" : "name");
}

static void end_name(struct ltr_trace *trace)
{
	ltr__text_put(&trace->text, "\"}}");
}

/* Its name, or what it runs, or who created it: as much as is known in the end. */
static void name_goroutine(struct ltr_trace *trace, const struct ltr_census *census, uint64_t id)
{
	const struct ltr_goroutine *goroutine = ltr_census_find(census, id);
	const char *name = "";
	const char *entry = "";
	const char *creator = "";

	if (goroutine) {
		name = ltr_census_string(census, goroutine->name);
		if (goroutine->entry_pc)
			entry = ltr_census_symbol(census, goroutine->entry_pc)->function;
		if (goroutine->creation_pc)
			creator = ltr_census_call_symbol(census, goroutine->creation_pc)->function;
	}
	put_name(trace, "thread_name", GOROUTINES, id);
	ltr__text_format(&trace->text, "goroutine %" PRIu64, id);
	if (name[0] || entry[0]) {
		ltr__text_put(&trace->text, " ");
		put_string(trace, name[0] ? name : entry);
	} else if (creator[0]) {
		ltr__text_put(&trace->text, " of ");
		put_string(trace, creator);
	}
	end_name(trace);
}

/* Who runs where: a run ends on the thread that it was on. */
static void follow_thread(struct ltr_trace *trace, const struct ltr_census *census,
			  const struct ltr_step *step)
{
	struct thread *thread;

	if (step->ring == LTR_RING_UNKNOWN ||
	    (step->state != LTR_STATE_RUNNING && step->next_state != LTR_STATE_RUNNING) ||
	    !reserve(trace, &trace->threads, &trace->thread_count, step->ring,
		     sizeof(*trace->threads)))
		return;
	thread = &trace->threads[step->ring];
	if (!thread->track.seen) {
		thread->track.seen = true;
		thread->processor = LTR_PROCESSOR_UNKNOWN;
	}
	/* By its own clock: by that of others, one run could end after the next one's beginning. */
	if (step->state == LTR_STATE_RUNNING && step->from_ns)
		put_run(trace, census, step->ring, step->goroutine_id,
			step->from_ns < step->told_ns ? step->from_ns : step->told_ns,
			step->told_ns);
	thread->goroutine = 0;
	if (step->next_state == LTR_STATE_RUNNING) {
		thread->goroutine = step->goroutine_id;
		thread->since_ns = step->at_ns;
		thread->processor = step->processor;
	}
}

static void take_step(void *context, const struct ltr_census *census, const struct ltr_step *step)
{
	struct ltr_trace *trace = context;

	if (ltr_trace_error(trace))
		return;
	if (step->from_ns)
		put_slice(trace, census, step);
	follow_thread(trace, census, step);
	if (step->other_id)
		put_arrow(trace, census, step, step->kind == LTR_KIND_CREATE ? "creates" : "wakes");
	if (step->unfinished || step->next_state == LTR_STATE_EXITED)
		name_goroutine(trace, census, step->goroutine_id);
}

/* Whose goroutine or whose time is not known has no place here. */
static void take_sample(void *context, const struct ltr_census *census,
			const struct ltr_cpu_seen *seen)
{
	struct ltr_trace *trace = context;
	const char *place;
	bool some = false;

	if (ltr_trace_error(trace) || !seen->goroutine_id || !seen->at_ns)
		return;
	place = place_of(trace, census, seen->what.stack);
	begin_event(trace, "i", GOROUTINES, seen->goroutine_id);
	put_moment(trace, census, seen->at_ns);
	ltr__text_put(&trace->text, ",\"s\":\"t\",\"cat\":\"cpu\",\"name\":\"CPU sample\"");
	if (place[0]) {
		put_argument(trace, &some);
		ltr__text_put(&trace->text, "\"at\":\"");
		ltr__text_put(&trace->text, place);
		ltr__text_put(&trace->text, "\"");
	}
	ltr__text_put(&trace->text, some ? "}}" : "}");
}

struct ltr_steps ltr_trace_steps(struct ltr_trace *trace)
{
	return (struct ltr_steps){.take = take_step, .context = trace, .sample = take_sample};
}

static void finish_threads(struct ltr_trace *trace, const struct ltr_census *census)
{
	for (size_t i = 0; i < trace->thread_count; i++) {
		const struct thread *thread = &trace->threads[i];
		const struct ltr_goroutine *goroutine = ltr_census_find(census, thread->goroutine);

		if (!thread->track.seen)
			continue;
		if (goroutine && goroutine->state == LTR_STATE_RUNNING &&
		    goroutine->since_ns == thread->since_ns)
			put_run(trace, census, (uint32_t)i, goroutine->id, thread->since_ns,
				ltr_census_info(census)->now_ns);
		put_name(trace, "thread_name", THREADS, i + 1);
		ltr__text_format(&trace->text, "thread %zu", i + 1);
		end_name(trace);
	}
}

/* As Go's traces call them. */
static void name_processors(struct ltr_trace *trace)
{
	bool some = false;

	for (uint32_t i = 0; i < PROCESSORS_MAX; i++) {
		if (!trace->processors[i].seen)
			continue;
		put_name(trace, "thread_name", PROCESSORS, i + 1);
		ltr__text_format(&trace->text, "Proc %" PRIu32, i);
		end_name(trace);
		some = true;
	}
	if (!some)
		return;
	put_name(trace, "process_name", PROCESSORS, 0);
	ltr__text_put(&trace->text, "processors");
	end_name(trace);
}

static void name_groups(struct ltr_trace *trace, const struct ltr_census *census)
{
	const struct ltr_census_info *info = ltr_census_info(census);
	char loss[LTR__LOSS_BYTES];

	put_name(trace, "process_name", GOROUTINES, 0);
	ltr__text_format(&trace->text, "goroutines of process %" PRIu32 ": ", info->pid);
	put_string(trace, info->command);
	end_name(trace);
	put_name(trace, "process_name", THREADS, 0);
	ltr__text_put(&trace->text, "threads that run them");
	end_name(trace);
	ltr__loss_text(census, loss);
	if (!loss[0])
		return;
	put_name(trace, "process_labels", GOROUTINES, 0);
	ltr__text_put(&trace->text, loss);
	end_name(trace);
}

static void put_end(struct ltr_trace *trace, const struct ltr_census *census)
{
	const struct ltr_census_info *info = ltr_census_info(census);
	uint64_t length_ns = info->now_ns > info->started_ns ? info->now_ns - info->started_ns : 0;

	ltr__text_put(&trace->text, "\n],\"otherData\":{\"command\":\"");
	put_string(trace, info->command);
	ltr__text_put(&trace->text, "\",\"way\":\"");
	put_string(trace, info->way_reason[0] ? info->way_reason : ltr_way_name(info->way));
	ltr__text_format(&trace->text,
			 "\",\"pid\":%" PRIu32 ",\"started_unix_ns\":\"%" PRIu64
			 "\",\"lost_records\":%" PRIu64 ",\"cut\":%s}}\n",
			 info->pid, info->wall_ns > length_ns ? info->wall_ns - length_ns : 0,
			 info->lost, info->cut ? "true" : "false");
}

int ltr_trace_finish(struct ltr_trace *trace, const struct ltr_census *census)
{
	int err;

	finish_threads(trace, census);
	name_processors(trace);
	name_groups(trace, census);
	put_end(trace, census);
	err = ltr__text_finish(&trace->text);
	if (trace->error)
		return trace->error;
	if (!err && trace->gzip)
		err = ltr__gzip_finish(trace->gzip);
	return err;
}
