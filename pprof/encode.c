/* SPDX-License-Identifier: MIT */

/*
 * The only file that knows the types protoc-c generates from profile.proto (encode.h). Each
 * function packs a Profile message with just one thing in it, or with a few strings. Samples, of
 * which there may be millions, are packed by pack.c.
 */

#include <errno.h>
#include <stdlib.h>

#include "clean.h"
#include "encode.h"
#include "gzip.h"
#include "pack.h"
#include "profile.pb-c.h"
#include "strings.h"

typedef Perftools__Profiles__Profile Profile;
typedef Perftools__Profiles__ValueType ValueType;
typedef Perftools__Profiles__Mapping Mapping;
typedef Perftools__Profiles__Location Location;
typedef Perftools__Profiles__Line Line;
typedef Perftools__Profiles__Function Function;

/* Strings stand together at the end of a profile: neighbours that are alike compress well. */
#define STRINGS_PER_PIECE 256

struct ltr__encoder {
	struct ltr__gzip *gzip;
	struct ltr__strings strings;
	int error; /* the first one */
	uint8_t *packed;
	size_t packed_capacity;
	char clean[LTR__CLEAN_BYTES];
};

struct ltr__encoder *ltr__encoder_free(struct ltr__encoder *encoder)
{
	if (!encoder)
		return NULL;
	ltr__gzip_free(encoder->gzip);
	ltr__strings_done(&encoder->strings);
	free(encoder->packed);
	free(encoder);
	return NULL;
}

int ltr__encoder_new(struct ltr_sink sink, struct ltr__encoder **ret_encoder)
{
	struct ltr__encoder *encoder = calloc(1, sizeof(*encoder));
	int err;

	if (!encoder)
		return -ENOMEM;
	err = ltr__gzip_new(sink, &encoder->gzip);
	if (err) {
		ltr__encoder_free(encoder);
		return err;
	}
	ltr__encode_string(encoder, "");
	*ret_encoder = encoder;
	return 0;
}

static void fail(struct ltr__encoder *encoder, int error)
{
	if (!encoder->error)
		encoder->error = error;
}

/* Room for `bytes` in `packed`; false if something has failed. */
static bool has_room(struct ltr__encoder *encoder, size_t bytes)
{
	uint8_t *grown;

	if (encoder->error || bytes <= encoder->packed_capacity)
		return !encoder->error;
	grown = realloc(encoder->packed, 2 * bytes);
	if (!grown) {
		fail(encoder, -ENOMEM);
		return false;
	}
	encoder->packed = grown;
	encoder->packed_capacity = 2 * bytes;
	return true;
}

static void write_packed(struct ltr__encoder *encoder, size_t bytes)
{
	int err = ltr__gzip_write(encoder->gzip, encoder->packed, bytes);

	if (err)
		fail(encoder, err);
}

static void write_piece(struct ltr__encoder *encoder, const Profile *piece)
{
	size_t bytes = perftools__profiles__profile__get_packed_size(piece);

	if (!has_room(encoder, bytes))
		return;
	perftools__profiles__profile__pack(piece, encoder->packed);
	write_packed(encoder, bytes);
}

int64_t ltr__encode_string(struct ltr__encoder *encoder, const char *text)
{
	uint32_t number;
	int err;

	if (encoder->error)
		return 0;
	ltr__pprof_clean(encoder->clean, sizeof(encoder->clean), text);
	err = ltr__strings_intern(&encoder->strings, encoder->clean, &number);
	if (err) {
		fail(encoder, err);
		return 0;
	}
	return number;
}

void ltr__encode_sample(struct ltr__encoder *encoder, const uint64_t *locations,
			size_t location_count, const int64_t *values, size_t value_count,
			const struct ltr__encode_label *labels, size_t label_count)
{
	size_t most = ltr__pack_sample_most(location_count, value_count, label_count);

	if (has_room(encoder, most))
		write_packed(encoder, ltr__pack_sample(encoder->packed, locations, location_count,
						       values, value_count, labels, label_count));
}

void ltr__encode_location(struct ltr__encoder *encoder, uint64_t id, uint64_t mapping,
			  uint64_t address, const struct ltr__encode_line *lines, size_t line_count)
{
	Profile piece = PERFTOOLS__PROFILES__PROFILE__INIT;
	Location location = PERFTOOLS__PROFILES__LOCATION__INIT;
	Location *locations[] = {&location};
	Line line[LTR__ENCODE_LINES_MAX];
	Line *line_at[LTR__ENCODE_LINES_MAX];

	for (size_t i = 0; i < line_count; i++) {
		perftools__profiles__line__init(&line[i]);
		line[i].function_id = lines[i].function;
		line[i].line = lines[i].line;
		line_at[i] = &line[i];
	}
	location.id = id;
	location.mapping_id = mapping;
	location.address = address;
	location.n_line = line_count;
	location.line = line_at;
	piece.n_location = 1;
	piece.location = locations;
	write_piece(encoder, &piece);
}

void ltr__encode_function(struct ltr__encoder *encoder, uint64_t id, int64_t name, int64_t file)
{
	Profile piece = PERFTOOLS__PROFILES__PROFILE__INIT;
	Function function = PERFTOOLS__PROFILES__FUNCTION__INIT;
	Function *functions[] = {&function};

	function.id = id;
	function.name = name;
	function.system_name = name;
	function.filename = file;
	piece.n_function = 1;
	piece.function = functions;
	write_piece(encoder, &piece);
}

void ltr__encode_mapping(struct ltr__encoder *encoder, const struct ltr__encode_mapping *mapping)
{
	Profile piece = PERFTOOLS__PROFILES__PROFILE__INIT;
	Mapping message = PERFTOOLS__PROFILES__MAPPING__INIT;
	Mapping *mappings[] = {&message};

	message.id = mapping->id;
	message.memory_start = mapping->start;
	message.memory_limit = mapping->end;
	message.file_offset = mapping->offset;
	message.filename = mapping->path;
	message.build_id = mapping->build_id;
	message.has_functions = mapping->has_functions;
	message.has_filenames = mapping->has_files;
	message.has_line_numbers = mapping->has_lines;
	message.has_inline_frames = mapping->has_inlined;
	piece.n_mapping = 1;
	piece.mapping = mappings;
	write_piece(encoder, &piece);
}

void ltr__encode_comment(struct ltr__encoder *encoder, int64_t comment)
{
	Profile piece = PERFTOOLS__PROFILES__PROFILE__INIT;

	piece.n_comment = 1;
	piece.comment = &comment;
	write_piece(encoder, &piece);
}

static ValueType value_type(struct ltr__encoder *encoder, const struct ltr_profile_value *value)
{
	ValueType type = PERFTOOLS__PROFILES__VALUE_TYPE__INIT;

	type.type = ltr__encode_string(encoder, value->type);
	type.unit = ltr__encode_string(encoder, value->unit);
	return type;
}

void ltr__encode_head(struct ltr__encoder *encoder, const struct ltr_profile_type *type,
		      int64_t period, uint64_t time_ns, int64_t duration_ns)
{
	Profile piece = PERFTOOLS__PROFILES__PROFILE__INIT;
	ValueType values[LTR_PROFILE_VALUES_MAX];
	ValueType *value_at[LTR_PROFILE_VALUES_MAX];
	ValueType period_type = value_type(encoder, &type->period_type);

	for (size_t i = 0; i < type->value_count; i++) {
		values[i] = value_type(encoder, &type->values[i]);
		value_at[i] = &values[i];
	}
	piece.n_sample_type = type->value_count;
	piece.sample_type = value_at;
	piece.period_type = &period_type;
	piece.period = period ? period : type->period;
	piece.time_nanos = (int64_t)time_ns;
	piece.duration_nanos = duration_ns;
	write_piece(encoder, &piece);
}

static void write_strings(struct ltr__encoder *encoder)
{
	for (size_t first = 0; first < encoder->strings.count; first += STRINGS_PER_PIECE) {
		Profile piece = PERFTOOLS__PROFILES__PROFILE__INIT;
		char *strings[STRINGS_PER_PIECE];
		size_t left = encoder->strings.count - first;

		piece.n_string_table = left < STRINGS_PER_PIECE ? left : STRINGS_PER_PIECE;
		piece.string_table = strings;
		for (size_t i = 0; i < piece.n_string_table; i++)
			strings[i] = ltr__strings_at(&encoder->strings, (uint32_t)(first + i));
		write_piece(encoder, &piece);
	}
}

int ltr__encoder_finish(struct ltr__encoder *encoder)
{
	int err;

	write_strings(encoder);
	if (encoder->error)
		return encoder->error;
	err = ltr__gzip_finish(encoder->gzip);
	if (err)
		fail(encoder, err);
	return err;
}
