/* SPDX-License-Identifier: MIT */

/*
 * ltr_profile_write_all(): of one census after the other, collects the samples of a type and writes
 * each one with its labels and, as they are met, the strings, functions and locations it needs. Which labels there are, and what they
 * mean, is in docs/profiles.md.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clean.h"
#include "comments.h"
#include "encode.h"
#include "places.h"
#include "profile.h"
#include "samples.h"
#include "words.h"

/* The labels that are not the program's own. */
enum own_key {
	KEY_STATE,
	KEY_GO_STATE,
	KEY_NAME,
	KEY_CREATOR,
	KEY_GOROUTINE,
	KEY_CREATED_BY,
	KEY_MINUTES,
	KEY_PROCESS,
	KEY_PID,
	KEY_RECORDING,
	KEY_COUNT,
};

static const char *const own_keys[KEY_COUNT] = {
	[KEY_STATE] = "state",
	[KEY_GO_STATE] = "go::goroutine_state",
	[KEY_NAME] = "name",
	[KEY_CREATOR] = "creator",
	[KEY_GOROUTINE] = "go::goroutine",
	[KEY_CREATED_BY] = "go::goroutine_created_by",
	[KEY_MINUTES] = "go::goroutine_wait_minutes",
	[KEY_PROCESS] = "process",
	[KEY_PID] = "pid",
	[KEY_RECORDING] = "recording",
};

/* Strings of the profile by a number of the census, plus 1; 0: not asked for yet. */
struct numbers {
	uint32_t *at;
	size_t size;
};

struct writer {
	const struct ltr_profile_type *type;
	const struct ltr_profile_options *options;
	struct ltr__encoder *encoder;
	struct ltr__places places;
	struct ltr__comments comments;
	bool names_process; /* it is a profile of several */

	/* Of the census that it is the turn of. */
	const struct ltr_census *census;
	struct ltr__samples samples;
	struct numbers keys;  /* of user labels */
	struct numbers texts; /* their values, and names */
	struct numbers sites;
	int64_t process;
	int64_t recording; /* 0: none */

	/* Of the whole profile. */
	int64_t period;
	int64_t duration_ns;
	uint64_t time_ns;
	int64_t own_keys[KEY_COUNT];
	int64_t states[LTR_STATE_COUNT + 1];
	int64_t statuses[LTR_STATE_COUNT + 1][LTR_REASON_COUNT + 1];
};

static void numbers_done(struct numbers *numbers)
{
	free(numbers->at);
	*numbers = (struct numbers){0};
}

static void end_turn(struct writer *writer)
{
	ltr__samples_done(&writer->samples);
	numbers_done(&writer->keys);
	numbers_done(&writer->texts);
	numbers_done(&writer->sites);
}

static void writer_done(struct writer *writer)
{
	end_turn(writer);
	ltr__places_done(&writer->places);
	ltr__comments_done(&writer->comments);
	ltr__encoder_free(writer->encoder);
}

/* Where the string for `number` is kept; NULL if there is no memory. */
static uint32_t *number_slot(struct numbers *numbers, uint32_t number)
{
	size_t wanted = numbers->size ? numbers->size : 256;
	uint32_t *grown;

	if (number < numbers->size)
		return &numbers->at[number];
	while (wanted <= number)
		wanted *= 2;
	grown = reallocarray(numbers->at, wanted, sizeof(*grown));
	if (!grown)
		return NULL;
	memset(grown + numbers->size, 0, (wanted - numbers->size) * sizeof(*grown));
	numbers->at = grown;
	numbers->size = wanted;
	return &grown[number];
}

/* A label whose string is 0 would be taken for a number. */
static int64_t label_text(struct ltr__encoder *encoder, const char *text)
{
	return ltr__encode_string(encoder, text[0] ? text : "\"\"");
}

static int user_key(struct writer *writer, uint32_t string, int64_t *ret_key)
{
	const char *key = ltr_census_string(writer->census, string);
	uint32_t *slot = number_slot(&writer->keys, string);
	char prefixed[512];

	if (!slot)
		return -ENOMEM;
	if (!*slot) {
		/* These two name spaces have a meaning for clients. */
		if (strncmp(key, "pprof::", 7) == 0 || strncmp(key, "go::", 4) == 0) {
			snprintf(prefixed, sizeof(prefixed), "user.%s", key);
			key = prefixed;
		}
		*slot = 1 + (uint32_t)label_text(writer->encoder, key);
	}
	*ret_key = *slot - 1;
	return 0;
}

static int census_text(struct writer *writer, uint32_t string, int64_t *ret_text)
{
	uint32_t *slot = number_slot(&writer->texts, string);

	if (!slot)
		return -ENOMEM;
	if (!*slot)
		*slot = 1 + (uint32_t)label_text(writer->encoder,
						 ltr_census_string(writer->census, string));
	*ret_text = *slot - 1;
	return 0;
}

/* "function file:line" of the creating call. */
static int creator(struct writer *writer, uint32_t site, int64_t *ret_text)
{
	const struct ltr_census_position *position = ltr_census_site(writer->census, site);
	uint32_t *slot = number_slot(&writer->sites, site);
	char words[1024];

	if (!slot)
		return -ENOMEM;
	if (!*slot) {
		const char *function = ltr_census_string(writer->census, position->function);
		const char *file = ltr_census_string(writer->census, position->file);

		if (file[0])
			snprintf(words, sizeof(words), "%s %s:%u", function, file, position->line);
		else
			snprintf(words, sizeof(words), "%s", function);
		*slot = 1 + (uint32_t)label_text(writer->encoder, words);
	}
	*ret_text = *slot - 1;
	return 0;
}

struct labels {
	struct ltr__encode_label at[LTR__ENCODE_LABELS_MAX];
	size_t count;
};

static struct ltr__encode_label *add_label(struct writer *writer, struct labels *labels,
					   enum own_key key)
{
	struct ltr__encode_label *label = &labels->at[labels->count++];

	if (!writer->own_keys[key])
		writer->own_keys[key] = ltr__encode_string(writer->encoder, own_keys[key]);
	*label = (struct ltr__encode_label){.key = writer->own_keys[key]};
	return label;
}

static void add_number(struct writer *writer, struct labels *labels, enum own_key key,
		       uint64_t number)
{
	if (number)
		add_label(writer, labels, key)->number = ltr__pprof_clamp(number);
}

/* Numbers that a newer runtime may have added share the last place. */
static void add_state(struct writer *writer, struct labels *labels, uint8_t state, uint8_t reason)
{
	size_t s = state < LTR_STATE_COUNT ? state : LTR_STATE_COUNT;
	size_t r = reason < LTR_REASON_COUNT ? reason : LTR_REASON_COUNT;
	int64_t *status = &writer->statuses[s][r];

	if (!writer->states[s])
		writer->states[s] = ltr__encode_string(writer->encoder, ltr_state_name(state));
	if (!*status)
		*status = ltr__encode_string(writer->encoder, ltr__go_status(state, reason));
	add_label(writer, labels, KEY_STATE)->text = writer->states[s];
	add_label(writer, labels, KEY_GO_STATE)->text = *status;
}

static void add_goroutine(struct writer *writer, struct labels *labels,
			  const struct ltr_goroutine *goroutine)
{
	add_number(writer, labels, KEY_GOROUTINE, goroutine->id);
	add_number(writer, labels, KEY_CREATED_BY, goroutine->parent_id);
	add_number(writer, labels, KEY_MINUTES, ltr__wait_minutes(writer->census, goroutine));
}

static void add_process(struct writer *writer, struct labels *labels)
{
	add_label(writer, labels, KEY_PROCESS)->text = writer->process;
	add_number(writer, labels, KEY_PID, ltr_census_info(writer->census)->pid);
	if (writer->recording)
		add_label(writer, labels, KEY_RECORDING)->text = writer->recording;
}

static int add_user_labels(struct writer *writer, struct labels *labels, uint32_t set)
{
	size_t count;
	const struct ltr_census_label *user = ltr_census_labels(writer->census, set, &count);

	for (size_t i = 0; user && i < count && i < LTR__ENCODE_LABELS_MAX - KEY_COUNT; i++) {
		struct ltr__encode_label label = {0};
		int err = user_key(writer, user[i].key, &label.key);

		if (!err)
			err = census_text(writer, user[i].value, &label.text);
		if (err)
			return err;
		labels->at[labels->count++] = label;
	}
	return 0;
}

static int write_sample(void *context, const struct ltr__sample *sample)
{
	struct writer *writer = context;
	struct labels labels = {.count = 0};
	uint64_t *locations;
	size_t location_count;
	int err = ltr__places_of(&writer->places, sample, &locations, &location_count);

	if (!err)
		err = add_user_labels(writer, &labels, sample->labels);
	if (err)
		return err;
	if (!writer->type->from_cpu || sample->state != LTR_STATE_UNKNOWN)
		add_state(writer, &labels, sample->state, sample->reason);
	if (sample->name) {
		err = census_text(writer, sample->name,
				  &add_label(writer, &labels, KEY_NAME)->text);
		if (err)
			return err;
	}
	if (ltr_census_site(writer->census, sample->site)) {
		err = creator(writer, sample->site, &add_label(writer, &labels, KEY_CREATOR)->text);
		if (err)
			return err;
	}
	if (sample->goroutine)
		add_goroutine(writer, &labels,
			      ltr_census_at(writer->census, sample->goroutine - 1));
	if (writer->names_process)
		add_process(writer, &labels);
	ltr__encode_sample(writer->encoder, locations, location_count, sample->values,
			   writer->type->value_count, labels.at, labels.count);
	return 0;
}

static int begin_turn(struct writer *writer, const struct ltr_census *census, const char *recording)
{
	char command[sizeof(ltr_census_info(census)->command)];
	char clean[LTR__CLEAN_BYTES];

	writer->census = census;
	ltr__samples_init(&writer->samples,
			  writer->options->per_goroutine ? LTR__BY_GOROUTINE : LTR__BY_KEY,
			  write_sample, writer);
	if (writer->names_process) {
		ltr__process_command(census, command, sizeof(command));
		writer->process = label_text(writer->encoder, command);
		ltr__pprof_clean(clean, sizeof(clean), recording);
		writer->recording = recording[0] ? ltr__encode_string(writer->encoder, clean) : 0;
	}
	return ltr__places_turn(&writer->places, census);
}

/* As go tool pprof adds profiles up: the earliest time, the longest period, all durations. */
static void add_times(struct writer *writer)
{
	uint64_t wall_ns = ltr_census_info(writer->census)->wall_ns;

	if (writer->time_ns == 0 || (wall_ns && wall_ns < writer->time_ns))
		writer->time_ns = wall_ns;
	if (writer->samples.period > writer->period)
		writer->period = writer->samples.period;
	if (__builtin_add_overflow(writer->duration_ns, writer->samples.duration_ns,
				   &writer->duration_ns))
		writer->duration_ns = INT64_MAX;
}

static int write_census(struct writer *writer, const struct ltr_census *census, size_t i)
{
	const char *recording = ltr__recording_of(writer->options, i);
	int err = begin_turn(writer, census, recording);

	if (!err)
		err = ltr__samples_collect(&writer->samples, census, writer->type, writer->options);
	if (!err)
		err = ltr__comments_add(&writer->comments, census, recording, &writer->samples);
	if (!err)
		add_times(writer);
	end_turn(writer);
	return err;
}

int ltr_profile_write_all(const struct ltr_census *const *censuses, size_t count,
			  const struct ltr_profile_type *type,
			  const struct ltr_profile_options *options, struct ltr_sink sink)
{
	static const struct ltr_profile_options all_off;
	__attribute__((cleanup(writer_done))) struct writer writer = {
		.type = type,
		.options = options ? options : &all_off,
		.names_process = count > 1,
	};
	int err;

	if (count == 0 || (count > 1 && writer.options->base))
		return -EINVAL;
	err = ltr__encoder_new(sink, &writer.encoder);
	if (err)
		return err;
	ltr__places_init(&writer.places, writer.encoder, writer.options->runtime_frames);
	for (size_t i = 0; i < count && !err; i++)
		err = write_census(&writer, censuses[i], i);
	if (err)
		return err;
	ltr__encode_head(writer.encoder, type, writer.period, writer.time_ns, writer.duration_ns);
	ltr__comments_write(&writer.comments, count, writer.encoder);
	ltr__places_finish(&writer.places);
	return ltr__encoder_finish(writer.encoder);
}

int ltr_profile_write(const struct ltr_census *census, const struct ltr_profile_type *type,
		      const struct ltr_profile_options *options, struct ltr_sink sink)
{
	return ltr_profile_write_all(&census, 1, type, options, sink);
}
