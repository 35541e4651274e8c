/* SPDX-License-Identifier: MIT */
/* Each report is printed into memory first, so that an error of printing leaves no file behind. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pprof/output.h>

#include "cli.h"
#include "reports.h"
#include "whole.h"

static const char text_format[] = "text";

static error_t add(struct ltr__reports *reports, struct argp_state *state, const char *format)
{
	if (reports->count == LTR__REPORTS_MAX)
		return ltr__options_wrong(state, "there can be %d reports at most",
					  LTR__REPORTS_MAX);
	reports->list[reports->count].format = format;
	reports->list[reports->count++].file = NULL;
	return 0;
}

error_t ltr__reports_format(struct ltr__reports *reports, struct argp_state *state,
			    const char *name)
{
	const char *const *names = ltr_report_formats();

	for (size_t i = 0; names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return add(reports, state, names[i]);
	return ltr__options_wrong(state,
				  "there is no report format '%s': text, json, junit, sarif or "
				  "github",
				  name);
}

error_t ltr__reports_file(struct ltr__reports *reports, struct argp_state *state, const char *file)
{
	error_t error = reports->count ? 0 : add(reports, state, text_format);

	if (error)
		return error;
	if (reports->list[reports->count - 1].file)
		return ltr__options_wrong(state,
					  "'%s' is a second -o for one report: begin another one "
					  "with --format",
					  file);
	for (size_t i = 0; i + 1 < reports->count; i++)
		if (reports->list[i].file && strcmp(reports->list[i].file, file) == 0)
			return ltr__options_wrong(state, "two reports cannot go to %s",
						  ltr__output_name(file));
	reports->list[reports->count - 1].file = file;
	return 0;
}

static int print(const struct ltr_judgement *judgement, const char *format,
		 const struct ltr_report_options *options, char **ret_text, size_t *ret_bytes)
{
	FILE *out = open_memstream(ret_text, ret_bytes);
	int error;

	if (!out)
		return -ENOMEM;
	error = ltr_report_write(judgement, format, options, out);
	if (fclose(out) != 0 && !error)
		error = -ENOMEM;
	return error;
}

static int write_one(const char *format, const char *file, const struct ltr_judgement *judgement,
		     const struct ltr_report_options *options)
{
	struct ltr_sink standard_error = ltr_sink_fd(STDERR_FILENO);
	char *text = NULL;
	size_t bytes = 0;
	int error = print(judgement, format, options, &text, &bytes);

	if (error) {
		ltr__say("cannot write the report: %s", strerror(-error));
	} else if (file) {
		error = ltr__write_whole(file, text, bytes);
		if (error)
			ltr__say("cannot write the report to %s: %s", ltr__output_name(file),
				 ltr_output_error(error));
	} else {
		error = standard_error.write(standard_error.context, text, bytes);
	}
	free(text);
	return error;
}

int ltr__reports_write(const struct ltr__reports *reports, const struct ltr_judgement *judgement,
		       const struct ltr_report_options *options, bool worth_telling)
{
	bool told = false;
	int first_error = 0;

	if (reports->count == 0)
		return worth_telling ? write_one(text_format, NULL, judgement, options) : 0;
	for (size_t i = 0; i < reports->count; i++) {
		const char *format = reports->list[i].format;
		const char *file = reports->list[i].file;
		int error;

		if (!file && !worth_telling && strcmp(format, text_format) == 0)
			continue;
		error = write_one(format, file, judgement, options);
		if (error && !first_error)
			first_error = error;
		if (!error && !file)
			told = true;
	}
	if (first_error && worth_telling && !told)
		write_one(text_format, NULL, judgement, options);
	return first_error;
}

static bool is_one_document(const char *format)
{
	return strcmp(format, "junit") == 0 || strcmp(format, "sarif") == 0;
}

int ltr__reports_open(struct ltr__reports *reports)
{
	for (size_t i = 0; i < reports->count; i++) {
		const char *file = reports->list[i].file;
		int fd;

		if (!file || is_one_document(reports->list[i].format))
			continue;
		fd = strcmp(file, "-") == 0
			     ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
			     : open(file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
				    0666);
		if (fd < 0) {
			int error = -errno;

			ltr__say("cannot write the report to %s: %s", ltr__output_name(file),
				 strerror(-error));
			ltr__reports_close(reports);
			return error;
		}
		reports->list[i].fd = fd;
		reports->list[i].is_open = true;
	}
	return 0;
}

void ltr__reports_close(struct ltr__reports *reports)
{
	for (size_t i = 0; i < reports->count; i++) {
		if (reports->list[i].is_open)
			close(reports->list[i].fd);
		reports->list[i].is_open = false;
	}
}

static int write_part(const char *format, const char *file, int fd,
		      const struct ltr_judgement *judgement,
		      const struct ltr_report_options *options)
{
	struct ltr_sink sink = ltr_sink_fd(fd);
	char *text = NULL;
	size_t bytes = 0;
	int error = print(judgement, format, options, &text, &bytes);

	if (!error)
		error = sink.write(sink.context, text, bytes);
	if (error && file)
		ltr__say("cannot write the report to %s: %s", ltr__output_name(file),
			 ltr_output_error(error));
	free(text);
	return error;
}

int ltr__reports_tell(const struct ltr__reports *reports, const struct ltr_judgement *judgement,
		      const struct ltr_report_options *options)
{
	int first_error = 0;

	if (reports->count == 0)
		return write_part(text_format, NULL, STDERR_FILENO, judgement, options);
	for (size_t i = 0; i < reports->count; i++) {
		const char *format = reports->list[i].format;
		int fd = reports->list[i].is_open ? reports->list[i].fd : STDERR_FILENO;
		int error = 0;

		if (!is_one_document(format))
			error = write_part(format, reports->list[i].file, fd, judgement, options);
		if (error && !first_error)
			first_error = error;
	}
	return first_error;
}

int ltr__reports_end(const struct ltr__reports *reports, const struct ltr_judgement *judgement,
		     const struct ltr_report_options *options, bool told)
{
	int first_error = 0;

	for (size_t i = 0; i < reports->count; i++) {
		const char *format = reports->list[i].format;
		const char *file = reports->list[i].file;
		int error = 0;

		if (is_one_document(format))
			error = write_one(format, file, judgement, options);
		else if (file && !told && strcmp(format, text_format) == 0)
			error = write_part(format, file, reports->list[i].fd, judgement, options);
		if (error && !first_error)
			first_error = error;
	}
	return first_error;
}
