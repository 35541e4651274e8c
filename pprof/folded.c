/* SPDX-License-Identifier: MIT */

/*
 * ltr_profile_folded(): one line a stack. Frames are those that the profile shows; a sample without
 * a stack has one.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "clean.h"
#include "comments.h"
#include "samples.h"
#include "text_writer.h"
#include "words.h"

struct printer {
	const struct ltr_census *census;
	const struct ltr_profile_options *options;
	size_t value;
	bool names_process;
	const char *recording; /* "": none */
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

/* The root of all its stacks. */
static void put_process(struct printer *printer)
{
	char command[sizeof(ltr_census_info(printer->census)->command)];

	ltr__process_command(printer->census, command, sizeof(command));
	put_name(printer, command);
	ltr__text_format(&printer->text, " (%" PRIu32 ")", ltr_census_info(printer->census)->pid);
	if (printer->recording[0])
		ltr__text_put(&printer->text, " ");
	put_name(printer, printer->recording);
	ltr__text_put(&printer->text, ";");
}

static int put_sample(void *context, const struct ltr__sample *sample)
{
	struct printer *printer = context;
	size_t depth;
	const uint64_t *pcs = ltr__pprof_frames(printer->census, sample->stack,
						printer->options->runtime_frames, &depth);
	const struct ltr_census_position *site = ltr__sample_site(printer->census, sample);

	if (sample->values[printer->value] <= 0)
		return 0;
	if (printer->names_process)
		put_process(printer);
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

static int put_census(struct printer *printer, const struct ltr_census *census,
		      const struct ltr_profile_type *type)
{
	__attribute__((cleanup(ltr__samples_done))) struct ltr__samples samples;

	ltr__samples_init(&samples, LTR__BY_STACK, put_sample, printer);
	printer->census = census;
	return ltr__samples_collect(&samples, census, type, printer->options);
}

int ltr_profile_folded_all(const struct ltr_census *const *censuses, size_t count,
			   const struct ltr_profile_type *type,
			   const struct ltr_profile_options *options, struct ltr_sink sink)
{
	static const struct ltr_profile_options all_off;
	__attribute__((cleanup(free_printer))) struct printer *printer = NULL;
	int err = 0;

	if (count == 0 || (options && options->base))
		return -EINVAL;
	printer = calloc(1, sizeof(*printer));
	if (!printer)
		return -ENOMEM;
	printer->options = options ? options : &all_off;
	printer->value = type->value_count - 1;
	printer->names_process = count > 1;
	ltr__text_init(&printer->text, sink);
	for (size_t i = 0; i < count && !err; i++) {
		printer->recording = ltr__recording_of(printer->options, i);
		err = put_census(printer, censuses[i], type);
	}
	return err ? err : ltr__text_finish(&printer->text);
}

int ltr_profile_folded(const struct ltr_census *census, const struct ltr_profile_type *type,
		       const struct ltr_profile_options *options, struct ltr_sink sink)
{
	return ltr_profile_folded_all(&census, 1, type, options, sink);
}
