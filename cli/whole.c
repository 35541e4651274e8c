/* SPDX-License-Identifier: MIT */
/* What was printed into memory becomes a file in one step. */

#include <pprof/output.h>

#include "whole.h"

int ltr__write_whole(const char *file, const char *text, size_t bytes)
{
	struct ltr_output *output;
	struct ltr_sink sink;
	int error = ltr_output_open(file, false, &output);

	if (error)
		return error;
	sink = ltr_output_sink(output);
	error = sink.write(sink.context, text, bytes);
	if (error) {
		ltr_output_abort(output);
		return error;
	}
	return ltr_output_commit(output);
}
