/* SPDX-License-Identifier: MIT */

/*
 * What is at which address. The pages below /debug/pprof/ keep to Go's net/http/pprof, headers and
 * words of errors included, because clients look at them.
 */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pprof/json.h>
#include <pprof/metrics.h>
#include <pprof/text.h>

#include "internal.h"

#define PPROF "/debug/pprof/"

#define TEXT  "text/plain; charset=utf-8"
#define HTML  "text/html; charset=utf-8"
#define BYTES "application/octet-stream"

#define SYMBOLS_MAX 4096

void ltr__answer_error(struct ltr__answer *answer, unsigned int status, const char *sentence)
{
	ltr__body_done(&answer->body);
	free(answer->location);
	answer->location = NULL;
	answer->status = status;
	answer->type = TEXT;
	answer->filename[0] = '\0';
	if (ltr__body_text(&answer->body, sentence) == 0)
		ltr__body_text(&answer->body, "\n");
}

/* As Go's serveError(). */
static void pprof_error(struct ltr__answer *answer, unsigned int status, const char *sentence)
{
	ltr__answer_error(answer, status, sentence);
	answer->is_pprof_error = true;
}

/* What could not be made has no status of its own in Go. */
static void finish(struct ltr__answer *answer, int err)
{
	if (err == -ENOBUFS)
		ltr__answer_error(answer, 503, "Too many replies are on their way; ask again.");
	else if (err)
		ltr__answer_error(answer, 500, strerror(-err));
}

static void refresh(const struct ltr_serve_source *source)
{
	if (source->refresh)
		source->refresh(source->context);
}

/* Go's Atoi(): what is no number is 0. A plus sign in a query is a space, which is in no number. */
static long number_of(const char *text)
{
	char *end;
	long number;

	if (!text || !text[0] || isspace((unsigned char)text[0]))
		return 0;
	errno = 0;
	number = strtol(text, &end, 10);
	return *end || errno ? 0 : number;
}

/* As in Go: for so long is a CPU profile made if the question does not say it. */
#define CPU_SECONDS 30

/* Go's name for its CPU profile, which is always one of some seconds. */
static bool is_go_cpu(const char *name)
{
	return strcmp(name, "profile") == 0;
}

/* Whether the first answer is to wait. */
static bool is_delta(const char *name, const struct ltr__question *question)
{
	return is_go_cpu(name) || (question->seconds && question->seconds[0]);
}

/* For how long; 0: that cannot be, which is the answer. */
static unsigned int delta_seconds(const char *name, const struct ltr__question *question,
				  struct ltr__answer *answer)
{
	long seconds = number_of(question->seconds);

	if (seconds <= 0 && is_go_cpu(name))
		seconds = CPU_SECONDS;
	if (seconds <= 0) {
		pprof_error(answer, 400,
			    "invalid value for \"seconds\" - must be a positive integer");
		return 0;
	}
	if (seconds > LTR__SECONDS_MAX) {
		pprof_error(answer, 400, "profile duration exceeds server's WriteTimeout");
		return 0;
	}
	if (number_of(question->debug) != 0 && !is_go_cpu(name)) {
		pprof_error(answer, 400, "seconds and debug params are incompatible");
		return 0;
	}
	return (unsigned int)seconds;
}

/* Whoever wants all samples up to now will want those from now on. */
#define CPU_LINGER_SECONDS 60

/* Whether there are samples, and will be for so long; if not, that is the answer, in Go's words. */
static bool samples_cpu(const struct ltr_serve_source *source, unsigned int seconds,
			struct ltr__answer *answer)
{
	char why[256] = "they can only be sampled through eBPF";
	char sentence[320];

	if (source->sample_cpu &&
	    source->sample_cpu(source->context, seconds, why, sizeof(why)) == 0)
		return true;
	snprintf(sentence, sizeof(sentence), "Could not enable CPU profiling: %s", why);
	pprof_error(answer, 500, sentence);
	return false;
}

/* Whether somebody has looked who is leaked; if not, that is the answer. */
static bool proves(const struct ltr_serve_source *source, struct ltr__answer *answer)
{
	char why[256] = "";
	char sentence[320];

	if (!source->prove || source->prove(source->context, why, sizeof(why)) == 0)
		return true;
	snprintf(sentence, sizeof(sentence), "Could not look for leaked goroutines: %s", why);
	pprof_error(answer, 500, sentence);
	return false;
}

/* Begins to wait; when that is over, the question comes back with its base. */
static void begin_delta(const struct ltr_serve_source *source, const struct ltr_profile_type *type,
			unsigned int seconds, struct ltr__answer *answer)
{
	static const struct ltr_profile_options options = {.grows_only = true};
	int err = ltr_profile_base_new(source->census, type, &options, &answer->wait_base);

	if (err)
		finish(answer, err);
	else
		answer->wait_seconds = seconds;
}

static void profile(const struct ltr_serve_source *source, const char *name,
		    const struct ltr__question *question, struct ltr__answer *answer)
{
	const struct ltr_profile_type *type = ltr_profile_type_find(is_go_cpu(name) ? "cpu" : name);
	const struct ltr_profile_options options = {.base = question->base, .grows_only = true};
	struct ltr_sink sink = ltr__body_sink(&answer->body);
	bool waits = !question->base && is_delta(name, question);
	long debug = is_go_cpu(name) ? 0 : number_of(question->debug);
	unsigned int seconds = 0;

	if (!type) {
		pprof_error(answer, 404, "Unknown profile");
		return;
	}
	/*
	 * What is asked wrongly costs the program nothing, and for headers alone nobody is sampled.
	 */
	if (waits && (seconds = delta_seconds(name, question, answer)) == 0)
		return;
	if (type->from_cpu && !question->is_head &&
	    !samples_cpu(source,
			 waits            ? seconds
			 : question->base ? 0
					  : CPU_LINGER_SECONDS,
			 answer))
		return;
	refresh(source);
	if (type->from_proof && !question->is_head && !proves(source, answer))
		return;
	if (waits) {
		begin_delta(source, type, seconds, answer);
		return;
	}
	answer->type = TEXT;
	if (debug >= 2 && (strcmp(name, "goroutine") == 0 || type->from_proof)) {
		finish(answer, ltr_text_debug2(source->census, sink));
	} else if (debug != 0) {
		finish(answer, ltr_text_debug1(source->census, type, sink));
	} else {
		answer->type = BYTES;
		snprintf(answer->filename, sizeof(answer->filename), "%s%s",
			 is_go_cpu(name) ? name : type->name,
			 question->base && !is_go_cpu(name) ? "-delta" : "");
		finish(answer, ltr_profile_write(source->census, type, &options, sink));
	}
}

/* Words separated by NULs, as the kernel has them. */
static void cmdline(const struct ltr_serve_source *source, struct ltr__answer *answer)
{
	struct ltr_sink sink = ltr__body_sink(&answer->body);
	char path[64];
	char part[4096];
	ssize_t got;
	int err = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/cmdline",
		 ltr_census_info(source->census)->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		ltr__answer_error(answer, 500, "The command line cannot be read.");
		return;
	}
	while (!err && (got = read(fd, part, sizeof(part))) > 0)
		err = sink.write(sink.context, part, (size_t)got);
	close(fd);
	/* Go has NULs between the words and none behind the last one. */
	if (answer->body.bytes > 0 && answer->body.data[answer->body.bytes - 1] == '\0')
		answer->body.bytes--;
	answer->type = TEXT;
	finish(answer, err);
}

static int put_symbol(struct ltr__body *body, const struct ltr_census *census, uint64_t address)
{
	const struct ltr_symbol *symbol = ltr_census_symbol(census, address);
	char line[1024];

	if (address == 0 || !symbol->function[0])
		return 0;
	snprintf(line, sizeof(line), "0x%" PRIx64 " %.900s\n", address, symbol->function);
	return ltr__body_text(body, line);
}

/*
 * The query has addresses in any base that C has, with anything between them; Go takes a plus sign.
 */
static void symbol(const struct ltr_serve_source *source, const struct ltr__question *question,
		   struct ltr__answer *answer)
{
	const char *at = question->query;
	int err = ltr__body_text(&answer->body, "num_symbols: 1\n");

	for (unsigned int i = 0; i < SYMBOLS_MAX && *at && !err; i++) {
		char *end;
		uint64_t address;

		at += strcspn(at, "0123456789");
		address = strtoull(at, &end, 0);
		if (*at)
			err = put_symbol(&answer->body, source->census, address);
		at = end;
	}
	answer->type = TEXT;
	finish(answer, err);
}

static void index_page(const struct ltr_serve_source *source, struct ltr__answer *answer)
{
	answer->type = HTML;
	finish(answer, ltr__index_write(source->census, &answer->body));
}

static void metrics(const struct ltr_serve_source *source, const struct ltr__question *question,
		    struct ltr__answer *answer)
{
	struct ltr_metrics_options options = {.format = ltr_metrics_accepted(question->accept)};

	if (source->grades)
		options.grades = source->grades(source->context, &options.grade_count);
	answer->type = ltr_metrics_content_type(options.format);
	finish(answer, ltr_metrics_write(source->census, &options, ltr__body_sink(&answer->body)));
}

static void json(const struct ltr_serve_source *source, struct ltr__answer *answer)
{
	refresh(source);
	answer->type = "application/json";
	finish(answer, ltr_json_write(source->census, ltr__body_sink(&answer->body)));
}

/*
 * The address of `path` with this query, to be freed; bytes that are in no address as their
 * numbers. NULL: no memory.
 */
static char *address_of(const char *path, const char *query)
{
	char *address = malloc(strlen(path) + 1 + 3 * strlen(query) + 1);
	char *end = address;

	if (!address)
		return NULL;
	end += sprintf(end, "%s%s", path, query[0] ? "?" : "");
	for (; *query; query++) {
		bool is_plain = *query > ' ' && *query < 0x7f;

		end += sprintf(end, is_plain ? "%c" : "%%%02x", (unsigned char)*query);
	}
	return address;
}

static int put_html(struct ltr__body *body, const char *text)
{
	int err = 0;

	for (; *text && !err; text++) {
		const char byte[] = {*text, '\0'};

		err = ltr__body_text(body, *text == '&'    ? "&amp;"
					   : *text == '<'  ? "&lt;"
					   : *text == '>'  ? "&gt;"
					   : *text == '"'  ? "&#34;"
					   : *text == '\'' ? "&#39;"
							   : byte);
	}
	return err;
}

/* As Go's ServeMux and http.Redirect(): what was asked goes along. */
static void move_to(const char *path, const struct ltr__question *question,
		    struct ltr__answer *answer)
{
	int err = 0;

	answer->location = address_of(path, question->query);
	if (!answer->location)
		err = -ENOMEM;
	if (!err)
		err = ltr__body_text(&answer->body, "<a href=\"");
	if (!err)
		err = put_html(&answer->body, answer->location);
	if (!err)
		err = ltr__body_text(&answer->body, "\">Temporary Redirect</a>.\n\n");
	answer->status = 307;
	answer->type = HTML;
	finish(answer, err);
}

/* Whoever asks whether we are well does not ask about the program. */
static void healthz(const struct ltr_serve_source *source, struct ltr__answer *answer)
{
	bool gone = source->census && ltr_census_info(source->census)->gone;

	answer->type = TEXT;
	finish(answer,
	       ltr__body_text(&answer->body, gone ? "ok, but the program has ended\n" : "ok\n"));
}

static void program_page(const struct ltr_serve_source *source,
			 const struct ltr__question *question, struct ltr__answer *answer)
{
	const char *path = question->path;

	if (ltr_census_info(source->census)->way == LTR_WAY_SNAPSHOT)
		refresh(source); /* there is no other news */
	if (strcmp(path, "/") == 0 || strcmp(path, "/debug/pprof") == 0)
		move_to(PPROF, question, answer);
	else if (strcmp(path, "/metrics") == 0)
		metrics(source, question, answer);
	else if (strcmp(path, "/census.json") == 0)
		json(source, answer);
	else if (strcmp(path, PPROF) == 0)
		index_page(source, answer);
	else if (strcmp(path, PPROF "cmdline") == 0)
		cmdline(source, answer);
	else if (strcmp(path, PPROF "symbol") == 0)
		symbol(source, question, answer);
	else if (strncmp(path, PPROF, sizeof(PPROF) - 1) == 0)
		profile(source, path + sizeof(PPROF) - 1, question, answer);
	else
		ltr__answer_error(answer, 404, "404 page not found");
}

void ltr__page(const struct ltr_serve_source *source, const struct ltr__question *question,
	       struct ltr__answer *answer)
{
	char why[300];

	answer->status = 200;
	if (strcmp(question->path, "/healthz") == 0) {
		healthz(source, answer);
	} else if (!source->census) {
		snprintf(why, sizeof(why), "There is nothing to see: %.250s.", source->why);
		ltr__answer_error(answer, 503, why);
	} else if (ltr_census_info(source->census)->gone) {
		snprintf(why, sizeof(why), "The program (process %" PRIu32 ") has ended.",
			 ltr_census_info(source->census)->pid);
		ltr__answer_error(answer, 503, why);
	} else {
		program_page(source, question, answer);
	}
}
