/* SPDX-License-Identifier: MIT */

/* Profiles read back (unpacked.h), with nothing of pprof/ but the schema. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "unpacked.h"

static unsigned char *gunzip(const char *data, size_t bytes, size_t *ret_bytes)
{
	z_stream stream = {0};
	size_t capacity = 1 << 16;
	unsigned char *out = malloc(capacity);
	int result = Z_OK;

	if (inflateInit2(&stream, 15 + 16) != Z_OK)
		abort();
	stream.next_in = (unsigned char *)data;
	stream.avail_in = (uInt)bytes;
	while (out && result == Z_OK) {
		if (stream.total_out == capacity) {
			unsigned char *grown = realloc(out, capacity *= 2);

			if (!grown)
				abort();
			out = grown;
		}
		stream.next_out = out + stream.total_out;
		stream.avail_out = (uInt)(capacity - stream.total_out);
		result = inflate(&stream, Z_NO_FLUSH);
	}
	*ret_bytes = stream.total_out;
	if (result != Z_STREAM_END || stream.avail_in != 0) {
		free(out);
		out = NULL;
	}
	inflateEnd(&stream);
	return out;
}

Profile *profile_unpack(const char *data, size_t bytes)
{
	size_t plain_bytes;
	unsigned char *plain = gunzip(data, bytes, &plain_bytes);
	Profile *profile = NULL;

	if (plain)
		profile = perftools__profiles__profile__unpack(NULL, plain_bytes, plain);
	free(plain);
	/* What is packed by hand takes what the generated packer would have taken. Comments are a list
	 * that is written in pieces, each with its own length. */
	if (profile && profile->n_comment <= 1 &&
	    perftools__profiles__profile__get_packed_size(profile) != plain_bytes) {
		fprintf(stderr, "packed into %zu bytes\n", plain_bytes);
		profile_free(profile);
		profile = NULL;
	}
	return profile;
}

void profile_free(Profile *profile)
{
	if (profile)
		perftools__profiles__profile__free_unpacked(profile, NULL);
}

const char *profile_string(const Profile *profile, int64_t string)
{
	if (string < 0 || (size_t)string >= profile->n_string_table)
		return "(no such string)";
	return profile->string_table[string];
}

/* Ours are numbered from 1 in the order of the file, which profile_is_valid() asserts. */
const Location *profile_location(const Profile *profile, uint64_t id)
{
	return id >= 1 && id <= profile->n_location ? profile->location[id - 1] : NULL;
}

const Function *profile_function(const Profile *profile, uint64_t id)
{
	return id >= 1 && id <= profile->n_function ? profile->function[id - 1] : NULL;
}

void profile_place(const Profile *profile, uint64_t location, size_t inlined, char out[256])
{
	const Location *at = profile_location(profile, location);

	out[0] = '\0';
	if (at && inlined < at->n_line) {
		const Function *function =
			profile_function(profile, at->line[inlined]->function_id);

		snprintf(out, 256, "%s:%ld",
			 function ? profile_string(profile, function->name) : "?",
			 (long)at->line[inlined]->line);
	}
}

int64_t profile_sum(const Profile *profile, size_t column)
{
	int64_t sum = 0;

	for (size_t i = 0; i < profile->n_sample; i++)
		sum += profile->sample[i]->value[column];
	return sum;
}

const Label *profile_label(const Profile *profile, const Sample *sample, const char *key)
{
	for (size_t i = 0; i < sample->n_label; i++)
		if (strcmp(profile_string(profile, sample->label[i]->key), key) == 0)
			return sample->label[i];
	return NULL;
}

const char *profile_label_text(const Profile *profile, const Sample *sample, const char *key)
{
	const Label *label = profile_label(profile, sample, key);

	return label ? profile_string(profile, label->str) : "";
}

#define CHECK(condition)                                                      \
	do {                                                                  \
		if (!(condition)) {                                           \
			fprintf(stderr, "invalid profile: %s\n", #condition); \
			return false;                                         \
		}                                                             \
	} while (0)

/* Printable UTF-8: lead byte, right number of continuations, no controls. */
static bool is_clean(const char *text)
{
	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		int more = *at < 0x80 ? 0 : *at < 0xc2 ? -1 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : 3;

		if (more < 0 || *at < 0x20 || *at == 0x7f || *at > 0xf4)
			return false;
		if (at[0] == 0xc2 && at[1] < 0xa0)
			return false;
		for (; more > 0; more--)
			if ((*++at & 0xc0) != 0x80)
				return false;
	}
	return true;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool strings_are_unique(const Profile *profile)
{
	char **sorted = malloc(profile->n_string_table * sizeof(*sorted));
	bool unique = true;

	if (!sorted)
		abort();
	memcpy(sorted, profile->string_table, profile->n_string_table * sizeof(*sorted));
	qsort(sorted, profile->n_string_table, sizeof(*sorted), by_text);
	for (size_t i = 1; i < profile->n_string_table; i++)
		unique &= strcmp(sorted[i - 1], sorted[i]) != 0;
	free(sorted);
	return unique;
}

static bool strings_are_valid(const Profile *profile)
{
	CHECK(profile->n_string_table > 0 && profile->string_table[0][0] == '\0');
	for (size_t i = 0; i < profile->n_string_table; i++)
		CHECK(is_clean(profile->string_table[i]));
	CHECK(strings_are_unique(profile));
	return true;
}

static bool is_string(const Profile *profile, int64_t string)
{
	return string >= 0 && (size_t)string < profile->n_string_table;
}

static bool definitions_are_valid(const Profile *profile)
{
	for (size_t i = 0; i < profile->n_function; i++) {
		CHECK(profile->function[i]->id == i + 1);
		CHECK(is_string(profile, profile->function[i]->name));
		CHECK(profile->function[i]->name != 0);
		CHECK(is_string(profile, profile->function[i]->system_name));
		CHECK(is_string(profile, profile->function[i]->filename));
	}
	for (size_t i = 0; i < profile->n_mapping; i++) {
		CHECK(profile->mapping[i]->id == i + 1);
		CHECK(is_string(profile, profile->mapping[i]->filename));
		CHECK(is_string(profile, profile->mapping[i]->build_id));
		CHECK(profile->mapping[i]->memory_start < profile->mapping[i]->memory_limit);
	}
	for (size_t i = 0; i < profile->n_location; i++) {
		const Location *location = profile->location[i];

		CHECK(location->id == i + 1);
		CHECK(location->mapping_id <= profile->n_mapping);
		CHECK(location->address != 0 || location->n_line > 0);
		for (size_t j = 0; j < location->n_line; j++)
			CHECK(profile_function(profile, location->line[j]->function_id));
	}
	return true;
}

bool profile_is_positive(const Profile *profile)
{
	for (size_t i = 0; i < profile->n_sample; i++)
		for (size_t j = 0; j < profile->sample[i]->n_value; j++)
			CHECK(profile->sample[i]->value[j] >= 0);
	return true;
}

bool profile_is_valid(const Profile *profile)
{
	CHECK(strings_are_valid(profile));
	CHECK(definitions_are_valid(profile));
	CHECK(profile->n_sample_type > 0 && profile->period_type && profile->period > 0);
	CHECK(profile->time_nanos > 0);
	for (size_t i = 0; i < profile->n_comment; i++)
		CHECK(is_string(profile, profile->comment[i]) && profile->comment[i] != 0);
	for (size_t i = 0; i < profile->n_sample; i++) {
		const Sample *sample = profile->sample[i];

		CHECK(sample->n_value == profile->n_sample_type);
		CHECK(sample->n_location_id > 0);
		for (size_t j = 0; j < sample->n_location_id; j++)
			CHECK(profile_location(profile, sample->location_id[j]));
		for (size_t j = 0; j < sample->n_label; j++) {
			const Label *label = sample->label[j];

			CHECK(label->key != 0 && is_string(profile, label->key));
			CHECK(is_string(profile, label->str));
			CHECK((label->str != 0) != (label->num != 0));
		}
	}
	return true;
}
