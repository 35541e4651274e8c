/* SPDX-License-Identifier: MIT */

/*
 * The debug=1 form (text.h). Go prints it through its tabwriter, with tabs of 8 between the columns
 * of neighbouring lines; so do we.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clean.h"
#include "samples.h"
#include "text.h"
#include "text_writer.h"
#include "words.h"

#define TAB_WIDTH 8
#define ROWS_MAX  1024

/* One line of a stack: a function at an address, which has several where functions were inlined. */
struct row {
	uint64_t address;
	const struct ltr_symbol *symbol; /* NULL: the position of `site` */
	const struct ltr_census_position *site;
};

struct printer {
	const struct ltr_census *census;
	bool runtime_frames;
	struct ltr__text text;
	struct ltr__sample *samples;
	size_t sample_count;
	size_t sample_capacity;
	struct row rows[ROWS_MAX];
	size_t row_count;
};

static void add_rows(struct printer *printer, uint64_t address)
{
	const struct ltr_symbol *symbol = ltr__pprof_visible(
		ltr_census_symbol(printer->census, address), printer->runtime_frames);

	for (; symbol && printer->row_count < ROWS_MAX; symbol = symbol->outer)
		printer->rows[printer->row_count++] =
			(struct row){.address = address, .symbol = symbol};
}

static void find_rows(struct printer *printer, const struct ltr__sample *sample)
{
	size_t count;
	const uint64_t *pcs =
		ltr__pprof_frames(printer->census, sample->stack, printer->runtime_frames, &count);
	const struct ltr_census_position *site = ltr__sample_site(printer->census, sample);

	printer->row_count = 0;
	for (size_t i = 0; i < count; i++)
		add_rows(printer, pcs[i] - 1);
	if (count == 0 && sample->pc)
		add_rows(printer, sample->pc - sample->pc_is_call);
	else if (count == 0 && site)
		printer->rows[printer->row_count++] = (struct row){.site = site};
}

/* "function+0x1d" into `cell`; the length. */
static size_t function_cell(const struct printer *printer, const struct row *row,
			    char cell[LTR__CLEAN_BYTES + 32])
{
	size_t length;

	if (!row->symbol)
		return ltr__pprof_clean(cell, LTR__CLEAN_BYTES,
					ltr_census_string(printer->census, row->site->function));
	length = ltr__pprof_clean(cell, LTR__CLEAN_BYTES, row->symbol->function);
	if (row->symbol->start && row->address >= row->symbol->start)
		length += (size_t)sprintf(cell + length, "+0x%" PRIx64,
					  row->address - row->symbol->start);
	return length;
}

static bool is_known(const struct row *row)
{
	return !row->symbol || row->symbol->function[0];
}

/* tabwriter counts characters, not columns. */
static size_t characters(const char *text, size_t bytes)
{
	size_t count = 0;

	for (size_t i = 0; i < bytes; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

static void put_cell(struct ltr__text *text, const char *cell, size_t bytes, size_t width)
{
	size_t used = characters(cell, bytes);

	width = (width + TAB_WIDTH) / TAB_WIDTH * TAB_WIDTH; /* one more than it needs at least */
	ltr__text_bytes(text, cell, bytes);
	for (; used < width; used += TAB_WIDTH - used % TAB_WIDTH)
		ltr__text_put(text, "\t");
}

static void put_position(struct printer *printer, const struct row *row)
{
	if (row->symbol) {
		ltr__text_clean(&printer->text, ltr__pprof_file_of(printer->census, row->symbol));
		ltr__text_format(&printer->text, ":%u\n", row->symbol->line);
	} else {
		ltr__text_clean(&printer->text,
				ltr_census_string(printer->census, row->site->file));
		ltr__text_format(&printer->text, ":%u\n", row->site->line);
	}
}

/* Rows of known functions that follow each other share their columns. */
static void put_known_rows(struct printer *printer, const struct row *rows, size_t count)
{
	char cell[LTR__CLEAN_BYTES + 32];
	size_t address_width = 0;
	size_t function_width = 0;

	for (size_t i = 0; i < count; i++) {
		size_t width = (size_t)sprintf(cell, "0x%" PRIx64, rows[i].address);

		if (width > address_width)
			address_width = width;
		width = characters(cell, function_cell(printer, &rows[i], cell));
		if (width > function_width)
			function_width = width;
	}
	for (size_t i = 0; i < count; i++) {
		size_t bytes = (size_t)sprintf(cell, "0x%" PRIx64, rows[i].address);

		ltr__text_put(&printer->text, "#\t");
		put_cell(&printer->text, cell, bytes, address_width);
		bytes = function_cell(printer, &rows[i], cell);
		put_cell(&printer->text, cell, bytes, function_width);
		put_position(printer, &rows[i]);
	}
}

static void put_rows(struct printer *printer)
{
	size_t i = 0;

	while (i < printer->row_count) {
		size_t run = 0;

		while (i + run < printer->row_count && is_known(&printer->rows[i + run]))
			run++;
		put_known_rows(printer, &printer->rows[i], run);
		i += run;
		if (i < printer->row_count)
			ltr__text_format(&printer->text, "#\t0x%" PRIx64 "\n",
					 printer->rows[i++].address);
	}
}

/*
 * Readers subtract 1 from each address, because it is one that a call returns to; a goroutine that
 * has no stack has an exact one. A sample of the count form must have one.
 */
static void put_addresses(struct printer *printer, const struct ltr__sample *sample)
{
	size_t depth = 0;
	const uint64_t *pcs = ltr_census_stack(printer->census, sample->stack, &depth);

	ltr__text_put(&printer->text, " @");
	for (size_t i = 0; pcs && i < depth; i++)
		ltr__text_format(&printer->text, " 0x%" PRIx64, pcs[i]);
	if (!pcs || depth == 0)
		ltr__text_format(&printer->text, " 0x%" PRIx64, sample->pc + !sample->pc_is_call);
	ltr__text_put(&printer->text, "\n");
}

static void put_labels(struct printer *printer, uint32_t set)
{
	size_t count;
	const struct ltr_census_label *labels = ltr_census_labels(printer->census, set, &count);

	if (!labels || count == 0)
		return;
	for (size_t i = 0; i < count; i++) {
		ltr__text_put(&printer->text, i == 0 ? "# labels: {" : ", ");
		ltr__text_quoted(&printer->text, ltr_census_string(printer->census, labels[i].key));
		ltr__text_put(&printer->text, ":");
		ltr__text_quoted(&printer->text,
				 ltr_census_string(printer->census, labels[i].value));
	}
	ltr__text_put(&printer->text, "}\n");
}

static int64_t weight(const struct ltr__sample *sample)
{
	return sample->values[1] ? sample->values[1] : sample->values[0];
}

/* The largest first; those that are equal by their addresses, as long as there are any. */
static int compare(const void *a, const void *b, void *context)
{
	const struct ltr_census *census = context;
	const struct ltr__sample *sample_a = a;
	const struct ltr__sample *sample_b = b;
	size_t depth_a = 0;
	size_t depth_b = 0;
	const uint64_t *pcs_a = ltr_census_stack(census, sample_a->stack, &depth_a);
	const uint64_t *pcs_b = ltr_census_stack(census, sample_b->stack, &depth_b);

	if (weight(sample_a) != weight(sample_b))
		return weight(sample_a) > weight(sample_b) ? -1 : 1;
	for (size_t i = 0; i < depth_a && i < depth_b; i++)
		if (pcs_a[i] != pcs_b[i])
			return pcs_a[i] < pcs_b[i] ? -1 : 1;
	if (depth_a != depth_b)
		return depth_a < depth_b ? -1 : 1;
	return memcmp(sample_a, sample_b, LTR__SAMPLE_KEY_BYTES);
}

static void put_head(struct printer *printer, const struct ltr_profile_type *type,
		     const struct ltr__samples *samples)
{
	char loss[LTR__LOSS_BYTES];

	if (type->value_count == 1) {
		uint64_t total = 0;

		for (size_t i = 0; i < printer->sample_count; i++)
			total += (uint64_t)printer->samples[i].values[0];
		ltr__text_format(&printer->text, "%s profile: total %" PRIu64 "\n", type->name,
				 total);
	} else if (strcmp(type->name, "mutex") == 0) {
		/* Go's own words; its period is that of a sample, and here all are counted. */
		ltr__text_put(&printer->text,
			      "--- mutex:\ncycles/second=1000000000\nsampling period=1\n");
	} else {
		ltr__text_put(&printer->text, "--- contention:\ncycles/second=1000000000\n");
	}
	ltr__loss_text(printer->census, loss);
	if (loss[0])
		ltr__text_format(&printer->text, "# %s\n", loss);
	for (size_t i = 0; i < samples->comment_count; i++) {
		ltr__text_put(&printer->text, "# ");
		ltr__text_put(&printer->text, samples->comments[i]);
		ltr__text_put(&printer->text, "\n");
	}
}

static void put_sample(struct printer *printer, const struct ltr_profile_type *type,
		       const struct ltr__sample *sample)
{
	if (type->value_count == 1)
		ltr__text_format(&printer->text, "%" PRId64, sample->values[0]);
	else
		ltr__text_format(&printer->text, "%" PRId64 " %" PRId64, sample->values[1],
				 sample->values[0]);
	put_addresses(printer, sample);
	put_labels(printer, sample->labels);
	find_rows(printer, sample);
	put_rows(printer);
	if (printer->row_count == 0)
		ltr__text_format(&printer->text, "#\t0x0\t(%s)\n", ltr_state_name(sample->state));
	ltr__text_put(&printer->text, "\n");
}

static int keep_sample(void *context, const struct ltr__sample *sample)
{
	struct printer *printer = context;
	int err = ltr__pprof_array_reserve(&printer->samples, &printer->sample_capacity,
					   printer->sample_count, sizeof(*sample));

	if (!err)
		printer->samples[printer->sample_count++] = *sample;
	return err;
}

static void free_printer(struct printer **printer)
{
	if (*printer)
		free((*printer)->samples);
	free(*printer);
}

int ltr_text_debug1(const struct ltr_census *census, const struct ltr_profile_type *type,
		    struct ltr_sink sink)
{
	static const struct ltr_profile_options all_off;

	return ltr_text_profile(census, type, &all_off, sink);
}

int ltr_text_profile(const struct ltr_census *census, const struct ltr_profile_type *type,
		     const struct ltr_profile_options *options, struct ltr_sink sink)
{
	__attribute__((cleanup(free_printer))) struct printer *printer =
		calloc(1, sizeof(*printer));
	__attribute__((cleanup(ltr__samples_done))) struct ltr__samples samples;
	int err;

	ltr__samples_init(&samples, LTR__BY_PLACE, keep_sample, printer);
	if (!printer)
		return -ENOMEM;
	if (options->per_goroutine || options->base)
		return -EINVAL;
	printer->runtime_frames = options->runtime_frames;
	err = ltr__samples_collect(&samples, census, type, options);
	if (err)
		return err;
	if (printer->sample_count > 0)
		qsort_r(printer->samples, printer->sample_count, sizeof(*printer->samples), compare,
			(void *)census);
	printer->census = census;
	ltr__text_init(&printer->text, sink);
	put_head(printer, type, &samples);
	for (size_t i = 0; i < printer->sample_count; i++)
		put_sample(printer, type, &printer->samples[i]);
	return ltr__text_finish(&printer->text);
}
