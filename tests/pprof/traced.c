/* SPDX-License-Identifier: MIT */

/* A trace, checked rule by rule (traced.h). */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "traced.h"

struct slice {
	uint64_t track; /* pid << 32 | tid */
	uint64_t from;
	uint64_t to;
	bool at_work; /* running, or in a blocking call */
};

struct sample {
	uint64_t track;
	uint64_t at;
};

struct arrow {
	uint64_t from_track;
	uint64_t to_track;
	uint64_t at;
	bool ended;
};

struct trace {
	struct slice *slices;
	size_t slice_count;
	struct sample *samples;
	size_t sample_count;
	struct arrow *arrows; /* by number - 1 */
	size_t arrow_count;
	uint64_t *named;
	size_t named_count;
	size_t groups_named;
	struct traced found;
	bool good;
};

static void wrong(struct trace *trace, const char *what, json_object *event)
{
	fprintf(stderr, "trace: %s: %s\n", what, event ? json_object_to_json_string(event) : "");
	trace->good = false;
}

static json_object *get(json_object *from, const char *key, enum json_type type)
{
	json_object *value;

	if (!json_object_object_get_ex(from, key, &value) || json_object_get_type(value) != type)
		return NULL;
	return value;
}

static const char *text_of(json_object *event, const char *key)
{
	json_object *value = get(event, key, json_type_string);

	return value ? json_object_get_string(value) : "";
}

/* Microseconds with three decimals, as they are written; false if it is something else. */
static bool time_of(json_object *event, const char *key, uint64_t *ret_ns)
{
	json_object *value = get(event, key, json_type_double);
	const char *words = value ? json_object_to_json_string(value) : "";
	const char *point = strchr(words, '.');
	char *end;

	if (!point || strlen(point) != 4 || words[0] == '-')
		return false;
	*ret_ns = strtoull(words, &end, 10) * 1000 + strtoull(point + 1, NULL, 10);
	return end == point;
}

static uint64_t track_of(json_object *event)
{
	return (uint64_t)json_object_get_uint64(json_object_object_get(event, "pid")) << 32 |
	       json_object_get_uint64(json_object_object_get(event, "tid"));
}

static void *grow(void *array, size_t count, size_t element)
{
	void *grown;

	if (count & (count - 1))
		return array;
	grown = realloc(array, (count ? 2 * count : 1) * element);
	if (!grown)
		abort();
	return grown;
}

static void count_goroutine(struct trace *trace, json_object *event, uint64_t ns)
{
	const char *name = text_of(event, "name");
	const char *category = text_of(event, "cat");

	trace->found.slices++;
	for (unsigned int reason = 1; reason < LTR_REASON_COUNT; reason++) {
		uint8_t state = ltr_reason_state((uint8_t)reason);

		if (strcmp(name, ltr_reason_name((uint8_t)reason)) != 0 ||
		    strcmp(category, ltr_state_name(state)) != 0)
			continue;
		trace->found.reason_ns[reason] += ns;
		trace->found.reason_count[reason]++;
		return;
	}
	for (unsigned int state = 0; state < LTR_STATE_COUNT; state++) {
		if (strcmp(name, ltr_state_name((uint8_t)state)) != 0 ||
		    strcmp(category, name) != 0)
			continue;
		trace->found.state_ns[state] += ns;
		trace->found.state_count[state]++;
		return;
	}
	wrong(trace, "a state that is none", event);
}

static void take_slice(struct trace *trace, json_object *event)
{
	struct slice slice = {.track = track_of(event)};
	uint64_t ns;

	if (!time_of(event, "ts", &slice.from) || !time_of(event, "dur", &ns)) {
		wrong(trace, "no time", event);
		return;
	}
	slice.to = slice.from + ns;
	slice.at_work = strcmp(text_of(event, "cat"), ltr_state_name(LTR_STATE_RUNNING)) == 0 ||
			strcmp(text_of(event, "cat"), ltr_state_name(LTR_STATE_SYSCALL)) == 0;
	trace->slices = grow(trace->slices, trace->slice_count, sizeof(slice));
	trace->slices[trace->slice_count++] = slice;
	if (slice.track >> 32 == 1) {
		count_goroutine(trace, event, ns);
		return;
	}
	if (slice.track >> 32 == 3) {
		trace->found.processor_runs++;
		trace->found.processor_ns += ns;
		return;
	}
	if (slice.track >> 32 != 2)
		wrong(trace, "a group that is none", event);
	trace->found.runs++;
	trace->found.runs_ns += ns;
}

static void take_sample(struct trace *trace, json_object *event)
{
	struct sample sample = {.track = track_of(event)};

	if (strcmp(text_of(event, "s"), "t") != 0 || sample.track >> 32 != 1 ||
	    !time_of(event, "ts", &sample.at)) {
		wrong(trace, "a sample without a time or on no goroutine", event);
		return;
	}
	trace->samples = grow(trace->samples, trace->sample_count, sizeof(sample));
	trace->samples[trace->sample_count++] = sample;
}

static void take_arrow(struct trace *trace, json_object *event, bool is_end)
{
	uint64_t number = json_object_get_uint64(json_object_object_get(event, "id"));
	struct arrow *arrow;
	uint64_t at;

	if (!time_of(event, "ts", &at)) {
		wrong(trace, "no time", event);
		return;
	}
	if (is_end) {
		arrow = number && number <= trace->arrow_count ? &trace->arrows[number - 1] : NULL;
		if (!arrow || arrow->ended || arrow->at != at)
			wrong(trace, "an arrow without a beginning", event);
		if (!arrow)
			return;
		arrow->ended = true;
		arrow->to_track = track_of(event);
		return;
	}
	if (number != trace->arrow_count + 1)
		wrong(trace, "not the next number", event);
	trace->arrows = grow(trace->arrows, trace->arrow_count, sizeof(*arrow));
	trace->arrows[trace->arrow_count++] =
		(struct arrow){.from_track = track_of(event), .at = at};
}

static void take_name(struct trace *trace, json_object *event)
{
	const char *what = text_of(event, "name");
	json_object *arguments = get(event, "args", json_type_object);
	const char *key = strcmp(what, "process_labels") == 0 ? "labels" : "name";

	if (!arguments || !text_of(arguments, key)[0])
		wrong(trace, "no name", event);
	if (strcmp(what, "process_name") == 0) {
		trace->groups_named++;
	} else if (strcmp(what, "thread_name") == 0) {
		uint64_t track = track_of(event);
		char proc[32];

		snprintf(proc, sizeof(proc), "Proc %" PRIu64, (track & UINT32_MAX) - 1);
		if (track >> 32 == 3 && strcmp(text_of(arguments, "name"), proc) != 0)
			wrong(trace, "a processor that is not called as Go's", event);
		trace->named = grow(trace->named, trace->named_count, sizeof(*trace->named));
		trace->named[trace->named_count++] = track_of(event);
	} else if (strcmp(what, "process_labels") != 0) {
		wrong(trace, "metadata of no known name", event);
	}
}

static void take_event(struct trace *trace, json_object *event)
{
	const char *phase = text_of(event, "ph");

	if (!get(event, "pid", json_type_int) || !get(event, "tid", json_type_int) ||
	    !text_of(event, "name")[0])
		wrong(trace, "an event without a place or a name", event);
	if (strcmp(phase, "X") == 0)
		take_slice(trace, event);
	else if (strcmp(phase, "s") == 0 || strcmp(phase, "f") == 0)
		take_arrow(trace, event, phase[0] == 'f');
	else if (strcmp(phase, "M") == 0)
		take_name(trace, event);
	else if (strcmp(phase, "i") == 0)
		take_sample(trace, event);
	else
		wrong(trace, "an event of no known phase", event);
}

static int by_track_and_time(const void *a, const void *b)
{
	const struct slice *x = a;
	const struct slice *y = b;

	if (x->track != y->track)
		return x->track < y->track ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to > y->to) - (x->to < y->to);
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return (*x > *y) - (*x < *y);
}

static void check_tracks(struct trace *trace)
{
	size_t unnamed = 0;

	if (trace->slice_count)
		qsort(trace->slices, trace->slice_count, sizeof(*trace->slices), by_track_and_time);
	if (trace->named_count)
		qsort(trace->named, trace->named_count, sizeof(*trace->named), by_number);
	for (size_t i = 1; i < trace->named_count; i++)
		if (trace->named[i] == trace->named[i - 1])
			wrong(trace, "a track has two names", NULL);
	for (size_t i = 0; i < trace->slice_count; i++) {
		const struct slice *slice = &trace->slices[i];
		bool is_first = i == 0 || slice[-1].track != slice->track;

		trace->found.tracks += is_first;
		if (is_first && trace->named_count &&
		    !bsearch(&slice->track, trace->named, trace->named_count, sizeof(*trace->named),
			     by_number))
			unnamed++;
		if (!is_first && slice->from < slice[-1].to) {
			fprintf(stderr,
				"trace: track %" PRIu64 ": %" PRIu64 " before %" PRIu64 "\n",
				slice->track & UINT32_MAX, slice->from, slice[-1].to);
			wrong(trace, "slices overlap", NULL);
		}
	}
	if (unnamed)
		wrong(trace, "a track has no name", NULL);
	if (trace->groups_named != (trace->found.processor_runs ? 3 : 2))
		wrong(trace, "there are groups of tracks, and each has one name", NULL);
}

/* The place in the order of tracks and times of the first slice that begins there, or behind that. */
static size_t place_of(const struct trace *trace, uint64_t track, uint64_t at)
{
	size_t low = 0;
	size_t high = trace->slice_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct slice *slice = &trace->slices[middle];

		if (slice->track < track || (slice->track == track && slice->from < at))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool begins_there(const struct trace *trace, size_t place, uint64_t track, uint64_t at)
{
	return place < trace->slice_count && trace->slices[place].track == track &&
	       trace->slices[place].from == at;
}

static bool lies_there(const struct trace *trace, size_t place, uint64_t track, uint64_t at)
{
	return begins_there(trace, place, track, at) ||
	       (place > 0 && trace->slices[place - 1].track == track &&
		trace->slices[place - 1].to >= at);
}

static void check_arrows(struct trace *trace, bool whole)
{
	trace->found.arrows = trace->arrow_count;
	for (size_t i = 0; i < trace->arrow_count; i++) {
		const struct arrow *arrow = &trace->arrows[i];
		size_t from = place_of(trace, arrow->from_track, arrow->at);
		size_t to = place_of(trace, arrow->to_track, arrow->at);

		if (!arrow->ended)
			wrong(trace, "an arrow without an end", NULL);
		if (whole && !begins_there(trace, to, arrow->to_track, arrow->at))
			wrong(trace, "an arrow to nothing", NULL);
		if (whole && !lies_there(trace, from, arrow->from_track, arrow->at))
			wrong(trace, "an arrow from nothing", NULL);
	}
}

static void check_samples(struct trace *trace, bool whole)
{
	trace->found.samples = trace->sample_count;
	for (size_t i = 0; i < trace->sample_count; i++) {
		const struct sample *sample = &trace->samples[i];
		size_t place = place_of(trace, sample->track, sample->at);

		if (whole && !lies_there(trace, place, sample->track, sample->at))
			wrong(trace, "a sample of nothing", NULL);
		if (begins_there(trace, place, sample->track, sample->at))
			place++;
		if (place > 0 && trace->slices[place - 1].track == sample->track &&
		    trace->slices[place - 1].to >= sample->at && trace->slices[place - 1].at_work)
			trace->found.samples_at_work++;
	}
}

bool trace_is_valid(const char *json, size_t bytes, bool whole, struct traced *ret_traced)
{
	json_tokener *tokener = json_tokener_new();
	struct trace trace = {.good = true};
	json_object *document;
	json_object *events;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	document = json_tokener_parse_ex(tokener, json, (int)bytes);
	events = document ? get(document, "traceEvents", json_type_array) : NULL;
	if (!events || !get(document, "otherData", json_type_object) ||
	    strcmp(text_of(document, "displayTimeUnit"), "ns") != 0)
		wrong(&trace, "no trace", NULL);
	for (size_t i = 0; events && i < json_object_array_length(events); i++)
		take_event(&trace, json_object_array_get_idx(events, i));
	check_tracks(&trace);
	check_arrows(&trace, whole);
	check_samples(&trace, whole);
	*ret_traced = trace.found;
	json_object_put(document);
	json_tokener_free(tokener);
	free(trace.slices);
	free(trace.arrows);
	free(trace.samples);
	free(trace.named);
	return trace.good;
}
