/* SPDX-License-Identifier: MIT */

/*
 * A profile as JSON (ltr_profile_json_all() in json.h): one process after the other, each with its own
 * samples, stacks and modules, one sample a line. Like a census, it is built, written and freed line by
 * line; of each census there is a bool for each stack besides.
 */

#include <errno.h>
#include <stdlib.h>

#include "comments.h"
#include "json.h"
#include "json_parts.h"
#include "samples.h"
#include "words.h"

#define SCHEMA_VERSION 1

typedef struct json_object object;

struct document {
	const struct ltr_profile_type *type;
	const struct ltr_profile_options *options;

	/* Of the census that it is the turn of. */
	const struct ltr_census *census;
	bool *stack_used;
	int64_t sums[LTR_PROFILE_VALUES_MAX];
	bool has_samples;

	struct ltr__json json;
};

static void add_value(struct document *document, object *values, int64_t value)
{
	if (!values || json_object_array_add(values, json_object_new_int64(value)))
		document->json.error = -ENOMEM;
}

static object *values_of(struct document *document, const int64_t *values)
{
	object *to = json_object_new_array_ext((int)document->type->value_count);

	for (size_t i = 0; i < document->type->value_count; i++)
		add_value(document, to, values[i]);
	return to;
}

/* Where a sample is, as in the other forms: a stack, or an address, or else its state alone. */
static void add_place(struct document *document, object *to, const struct ltr__sample *sample)
{
	const struct ltr_census *census = document->census;
	uint64_t address = sample->pc - sample->pc_is_call;

	if (sample->stack && sample->stack < ltr_census_stack_count(census)) {
		ltr__json_add_number(&document->json, to, "stack", sample->stack);
		document->stack_used[sample->stack] = true;
	} else if (sample->pc) {
		ltr__json_add(&document->json, to, "at",
			      ltr__json_frame(&document->json, census, address));
	}
}

static int put_sample(void *context, const struct ltr__sample *sample)
{
	struct document *document = context;
	struct ltr__json *json = &document->json;
	object *to = json_object_new_object();

	ltr__json_add(json, to, "values", values_of(document, sample->values));
	if (sample->state != LTR_STATE_UNKNOWN) {
		ltr__json_add_text(json, to, "state", ltr_state_name(sample->state));
		ltr__json_add_known_text(json, to, "reason", ltr_reason_name(sample->reason));
	}
	if (sample->goroutine) {
		const struct ltr_goroutine *goroutine =
			ltr_census_at(document->census, sample->goroutine - 1);

		ltr__json_add_number(json, to, "id", goroutine->id);
		ltr__json_add_known_number(json, to, "parent", goroutine->parent_id);
	}
	ltr__json_add_known_text(json, to, "name",
				 ltr_census_string(document->census, sample->name));
	if (ltr_census_site(document->census, sample->site))
		ltr__json_add(json, to, "created_by",
			      ltr__json_site(json, document->census, sample->site));
	if (sample->labels)
		ltr__json_add(json, to, "labels",
			      ltr__json_labels(json, document->census, sample->labels));
	add_place(document, to, sample);
	ltr__text_put(&json->text, document->has_samples ? ",\n" : "\n");
	ltr__json_put(json, to);
	document->has_samples = true;
	for (size_t i = 0; i < document->type->value_count; i++)
		if (__builtin_add_overflow(document->sums[i], sample->values[i],
					   &document->sums[i]))
			document->sums[i] = INT64_MAX;
	return json->error ? json->error : json->text.error;
}

static object *comments_of(struct document *document, const struct ltr__samples *samples)
{
	object *to = json_object_new_array_ext(LTR__COMMENTS_MAX);

	for (size_t i = 0; i < samples->comment_count; i++)
		if (!to || json_object_array_add(to, ltr__json_text(samples->comments[i])))
			document->json.error = -ENOMEM;
	return to;
}

static void put_named(struct ltr__json *json, const char *before, object *value)
{
	ltr__text_put(&json->text, before);
	ltr__json_put(json, value);
}

static object *process(struct document *document, const char *recording)
{
	const struct ltr_census_info *info = ltr_census_info(document->census);
	object *to = json_object_new_object();

	ltr__json_add_number(&document->json, to, "pid", info->pid);
	ltr__json_add_text(&document->json, to, "command", info->command);
	ltr__json_add_known_text(&document->json, to, "recording", recording);
	return to;
}

static void put_rest(struct document *document, const struct ltr__samples *samples)
{
	struct ltr__json *json = &document->json;
	int64_t period = samples->period ? samples->period : document->type->period;

	ltr__text_put(&json->text, "\n]");
	put_named(json, ",\n\"sums\":", values_of(document, document->sums));
	put_named(json, ",\n\"duration_ns\":", json_object_new_int64(samples->duration_ns));
	put_named(json, ",\n\"period\":", json_object_new_int64(period));
	put_named(json, ",\n\"comments\":", comments_of(document, samples));
	ltr__json_put_stacks(json, document->census, document->stack_used);
	ltr__json_put_modules(json, document->census);
	ltr__text_put(&json->text, "}");
}

static int put_census(struct document *document, const char *recording)
{
	__attribute__((cleanup(ltr__samples_done))) struct ltr__samples samples;
	struct ltr__json *json = &document->json;
	int err;

	ltr__samples_init(&samples,
			  document->options->per_goroutine ? LTR__BY_GOROUTINE : LTR__BY_KEY,
			  put_sample, document);
	put_named(json, "\n{\"process\":", process(document, recording));
	put_named(json, ",\n\"watch\":", ltr__json_watch(json, document->census));
	ltr__text_put(&json->text, ",\n\"samples\":[");
	err = ltr__samples_collect(&samples, document->census, document->type, document->options);
	if (!err)
		put_rest(document, &samples);
	return err ? err : json->error;
}

static int take_turn(struct document *document, const struct ltr_census *census, size_t i)
{
	int err;

	document->census = census;
	document->has_samples = false;
	for (size_t k = 0; k < LTR_PROFILE_VALUES_MAX; k++)
		document->sums[k] = 0;
	document->stack_used = calloc((size_t)ltr_census_stack_count(census) + 1, sizeof(bool));
	if (!document->stack_used)
		return -ENOMEM;
	err = put_census(document, ltr__recording_of(document->options, i));
	free(document->stack_used);
	document->stack_used = NULL;
	return err;
}

static object *value_types(struct document *document)
{
	object *to = json_object_new_array_ext(LTR_PROFILE_VALUES_MAX);

	for (size_t i = 0; i < document->type->value_count; i++) {
		object *value = json_object_new_object();

		ltr__json_add_text(&document->json, value, "type", document->type->values[i].type);
		ltr__json_add_text(&document->json, value, "unit", document->type->values[i].unit);
		if (!to || json_object_array_add(to, value))
			document->json.error = -ENOMEM;
	}
	return to;
}

static int write_document(struct document *document, const struct ltr_census *const *censuses,
			  size_t count, struct ltr_sink sink)
{
	struct ltr__json *json = &document->json;
	int err = 0;

	ltr__text_init(&json->text, sink);
	ltr__text_format(&json->text, "{\"format\":\"loiter profile\",\"version\":%d,\n\"type\":",
			 SCHEMA_VERSION);
	ltr__json_put(json, ltr__json_text(document->type->name));
	put_named(json, ",\n\"values\":", value_types(document));
	ltr__text_put(&json->text, ",\n\"processes\":[");
	for (size_t i = 0; i < count && !err; i++) {
		if (i > 0)
			ltr__text_put(&json->text, ",");
		err = take_turn(document, censuses[i], i);
	}
	ltr__text_put(&json->text, "\n]}\n");
	if (!err)
		err = ltr__text_finish(&json->text);
	return err ? err : json->error;
}

int ltr_profile_json_all(const struct ltr_census *const *censuses, size_t count,
			 const struct ltr_profile_type *type,
			 const struct ltr_profile_options *options, struct ltr_sink sink)
{
	static const struct ltr_profile_options all_off;
	struct document *document;
	int err;

	if (count == 0 || (options && options->base))
		return -EINVAL;
	document = calloc(1, sizeof(*document));
	if (!document)
		return -ENOMEM;
	document->type = type;
	document->options = options ? options : &all_off;
	err = write_document(document, censuses, count, sink);
	free(document);
	return err;
}
