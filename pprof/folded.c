/* SPDX-License-Identifier: MIT */

/*
 * ltr_profile_folded(): one line a stack. Frames are those that the profile shows; a sample without
 * a stack has one.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "clean.h"
#include "samples.h"
#include "text_writer.h"
#include "words.h"

struct printer {
	const struct ltr_census *census;
	const struct ltr_profile_options *options;
	size_t value;
	struct ltr__text text;
};

static void put_name(struct printer *printer, const char *name)
{
	char clean[LTR__CLEAN_BYTES];
	size_t length = ltr__pprof_clean(clean, sizeof(clean), name);

	for (size_t i = 0; i < length; i++)
		if (clean[i] == ';')
			clean[i] = ',';
	ltr__text_bytes(&printer->text, clean, length);
}

/* The function that has the frame, then what was inlined into it. */
static void put_symbol(struct printer *printer, const struct ltr_symbol *symbol, uint64_t address)
{
	if (symbol->outer) {
		put_symbol(printer, symbol->outer, address);
		ltr__text_put(&printer->text, ";");
	}
	if (symbol->function[0])
		put_name(printer, symbol->function);
	else
		ltr__text_format(&printer->text, "0x%" PRIx64, address);
}

static void put_address(struct printer *printer, uint64_t address)
{
	put_symbol(printer,
		   ltr__pprof_visible(ltr_census_symbol(printer->census, address),
				      printer->options->runtime_frames),
		   address);
}

static int put_sample(void *context, const struct ltr__sample *sample)
{
	struct printer *printer = context;
	size_t depth;
	const uint64_t *pcs = ltr__pprof_frames(printer->census, sample->stack,
						printer->options->runtime_frames, &depth);
	const struct ltr_census_position *site = ltr_census_site(printer->census, sample->site);

	if (sample->values[printer->value] <= 0)
		return 0;
	for (size_t i = depth; i-- > 0;) {
		put_address(printer, pcs[i] - 1);
		if (i > 0)
			ltr__text_put(&printer->text, ";");
	}
	if (depth == 0 && sample->pc)
		put_address(printer, sample->pc - sample->pc_is_call);
	else if (depth == 0 && site)
		put_name(printer, ltr_census_string(printer->census, site->function));
	else if (depth == 0)
		ltr__text_format(&printer->text, "(%s)", ltr_state_name(sample->state));
	ltr__text_format(&printer->text, " %" PRId64 "\n", sample->values[printer->value]);
	return printer->text.error;
}

static void free_printer(struct printer **printer)
{
	free(*printer);
}

int ltr_profile_folded(const struct ltr_census *census, const struct ltr_profile_type *type,
		       const struct ltr_profile_options *options, struct ltr_sink sink)
{
	static const struct ltr_profile_options all_off;
	__attribute__((cleanup(free_printer))) struct printer *printer =
		calloc(1, sizeof(*printer));
	__attribute__((cleanup(ltr__samples_done))) struct ltr__samples samples;
	int err;

	ltr__samples_init(&samples, LTR__BY_STACK, put_sample, printer);
	if (!printer)
		return -ENOMEM;
	if (options && options->base)
		return -EINVAL;
	printer->census = census;
	printer->options = options ? options : &all_off;
	printer->value = type->value_count - 1;
	ltr__text_init(&printer->text, sink);
	err = ltr__samples_collect(&samples, census, type, printer->options);
	return err ? err : ltr__text_finish(&printer->text);
}
