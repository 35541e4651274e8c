/* SPDX-License-Identifier: MIT */
/* A baseline comes from a person or a repository: it is read as any file of a stranger's. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pprof/output.h>

#include "baseline_file.h"
#include "cli.h"
#include "whole.h"

#define BYTES_MAX (4u << 20)

/* The whole file, to be freed. */
static int read_file(const char *file, char **ret_text, size_t *ret_bytes)
{
	FILE *in = fopen(file, "re");
	char *text;
	size_t bytes;
	int error = 0;

	if (!in)
		return -errno;
	text = malloc(BYTES_MAX + 1);
	if (!text) {
		fclose(in);
		return -ENOMEM;
	}
	errno = 0;
	bytes = fread(text, 1, BYTES_MAX + 1, in);
	if (ferror(in))
		error = errno ? -errno : -EIO;
	else if (bytes > BYTES_MAX)
		error = -EFBIG;
	fclose(in);
	if (error) {
		free(text);
		return error;
	}
	*ret_text = text;
	*ret_bytes = bytes;
	return 0;
}

int ltr__baseline_file_read(const char *file, struct ltr_baseline **ret_baseline)
{
	struct ltr_baseline_error wrong;
	char *text = NULL;
	size_t bytes = 0;
	int error = read_file(file, &text, &bytes);

	if (error) {
		ltr__say("cannot read the baseline %s: %s", file, strerror(-error));
		return error;
	}
	error = ltr_baseline_parse(text, bytes, ret_baseline, &wrong);
	free(text);
	if (error == -EINVAL && wrong.line)
		ltr__say("the baseline %s is malformed in line %" PRIu32 ": %s", file, wrong.line,
			 wrong.text);
	else if (error == -EINVAL)
		ltr__say("the baseline %s is malformed: %s", file, wrong.text);
	else if (error)
		ltr__say("cannot read the baseline %s: %s", file, strerror(-error));
	return error;
}

static int print(const struct ltr_judgement *judgement, uint32_t fail_on, char **ret_text,
		 size_t *ret_bytes, uint64_t *ret_left_out)
{
	FILE *out = open_memstream(ret_text, ret_bytes);
	int error;

	if (!out)
		return -ENOMEM;
	error = ltr_baseline_write(judgement, fail_on, out, ret_left_out);
	if (fclose(out) != 0 && !error)
		error = -ENOMEM;
	return error;
}

int ltr__baseline_file_write(const char *file, const struct ltr_judgement *judgement,
			     uint32_t fail_on, uint64_t *ret_left_out)
{
	char *text = NULL;
	size_t bytes = 0;
	uint64_t left_out = 0;
	int error;

	if (!ltr_judgement_is_conclusive(judgement)) {
		ltr__say("no baseline was written: not everything could be judged");
		return -ENODATA;
	}
	error = print(judgement, fail_on, &text, &bytes, &left_out);
	if (!error)
		error = ltr__write_whole(file, text, bytes);
	free(text);
	if (error) {
		ltr__say("cannot write the baseline to %s: %s", ltr__output_name(file),
			 ltr_output_error(error));
		return error;
	}
	if (left_out)
		ltr__say("%" PRIu64 " goroutines are not in the baseline: no function of theirs is "
			 "known",
			 left_out);
	*ret_left_out = left_out;
	return 0;
}
