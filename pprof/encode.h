/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_ENCODE_H
#define LOITER_PPROF_ENCODE_H

/*
 * From plain structs to a gzip'd profile.proto, message by message: a protobuf message that is
 * written in pieces is the pieces one behind the other, so nothing but the strings is kept in
 * memory. Ids begin at 1 and may be used before they are defined.
 *
 * Errors stick: after the first one nothing is written any more, and ltr__encoder_finish() returns
 * it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile.h"
#include "sink.h"

struct ltr__encoder;

int ltr__encoder_new(struct ltr_sink sink, struct ltr__encoder **ret_encoder);
struct ltr__encoder *ltr__encoder_free(struct ltr__encoder *encoder); /* takes NULL */

/* The index of a string, cleaned (clean.h); 0 for "". */
int64_t ltr__encode_string(struct ltr__encoder *encoder, const char *text);

struct ltr__encode_label {
	int64_t key;
	int64_t text; /* a string; 0: it is a number */
	int64_t number;
	int64_t unit; /* a string; 0: none */
};

#define LTR__ENCODE_LABELS_MAX 64
#define LTR__ENCODE_LINES_MAX  64

void ltr__encode_sample(struct ltr__encoder *encoder, const uint64_t *locations,
			size_t location_count, const int64_t *values, size_t value_count,
			const struct ltr__encode_label *labels, size_t label_count);

struct ltr__encode_line {
	uint64_t function;
	uint32_t line;
};

void ltr__encode_location(struct ltr__encoder *encoder, uint64_t id, uint64_t mapping,
			  uint64_t address, const struct ltr__encode_line *lines,
			  size_t line_count);

void ltr__encode_function(struct ltr__encoder *encoder, uint64_t id, int64_t name, int64_t file);

struct ltr__encode_mapping {
	uint64_t id;
	uint64_t start;
	uint64_t end;
	uint64_t offset;
	int64_t path;
	int64_t build_id;
	bool has_functions;
	bool has_files;
	bool has_lines;
	bool has_inlined;
};

void ltr__encode_mapping(struct ltr__encoder *encoder, const struct ltr__encode_mapping *mapping);

void ltr__encode_comment(struct ltr__encoder *encoder, int64_t comment);

/*
 * What there is once in a profile: its types, its period (0: the type's), and times
 * (CLOCK_REALTIME; a duration of 0: none).
 */
void ltr__encode_head(struct ltr__encoder *encoder, const struct ltr_profile_type *type,
		      int64_t period, uint64_t time_ns, int64_t duration_ns);

/* Writes what is left; the first error there was. */
int ltr__encoder_finish(struct ltr__encoder *encoder);

#endif
