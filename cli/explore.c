/* SPDX-License-Identifier: MIT */
/* The schedules one after the other, and the words with which each can be had again. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check/baseline.h>

#include "cli.h"
#include "explore.h"

/* The exploration is the first member of its box, which owns what it points at. */
struct box {
	struct ltr_exploration exploration;
	struct ltr_explored_seed *seeds;
	size_t capacity;
	char *replay_before;
	char *replay_after;
};

const char *const *ltr__explore_strategies(void)
{
	static const char *const names[] = {"random", "pct", NULL};

	return names;
}

struct ltr_exploration *ltr__exploration_free(struct ltr_exploration *exploration)
{
	struct box *box = (struct box *)exploration;

	if (!box)
		return NULL;
	free(box->replay_before);
	free(box->replay_after);
	free(box->seeds);
	free(box);
	return NULL;
}

/* As a shell reads it: as it is if nothing in it means anything to a shell, else in quotes. */
static void print_quoted(const char *word, FILE *out)
{
	static const char harmless[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789%+,-./:=@_";

	if (*word && strspn(word, harmless) == strlen(word)) {
		fputs(word, out);
		return;
	}
	fputc('\'', out);
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", out);
		else
			fputc(*word, out);
	}
	fputc('\'', out);
}

static void print_time(const char *option, uint64_t ns, FILE *out)
{
	static const struct {
		uint64_t ns;
		const char *name;
	} units[] = {{LTR__SECOND_NS, "s"}, {LTR__MS_NS, "ms"}, {1000, "us"}};
	size_t i = 0;

	while (i < 2 && ns % units[i].ns != 0)
		i++;
	fprintf(out, " %s %" PRIu64 "%s", option, ns / units[i].ns, units[i].name);
}

/* All that a run depends on; what is as ever is left out. */
static int make_replay(struct box *box, const struct ltr__explore_options *options)
{
	size_t bytes = 0;
	FILE *out;

	box->replay_before = strdup("loiter check --seed ");
	out = open_memstream(&box->replay_after, &bytes);
	if (!out || !box->replay_before) {
		if (out)
			fclose(out);
		return -ENOMEM;
	}
	if (options->strategy != ltr__explore_strategies()[0])
		fprintf(out, " --strategy %s", options->strategy);
	if (options->court.grace_ns != LTR__SECOND_NS)
		print_time("--grace", options->court.grace_ns, out);
	if (options->court.timeout_ns && options->court.timeout_ns != LTR__EXPLORE_TIMEOUT_NS)
		print_time("--timeout", options->court.timeout_ns, out);
	if (options->court.older_than_ns)
		print_time("--older-than", options->court.older_than_ns, out);
	fputs(" --", out);
	for (char **word = options->court.command; *word; word++) {
		fputc(' ', out);
		print_quoted(*word, out);
	}
	if (fclose(out) != 0)
		return -ENOMEM;
	box->exploration.replay_before = box->replay_before;
	box->exploration.replay_after = box->replay_after;
	return 0;
}

static int note_seed(struct box *box, const struct ltr_explored_seed *seed)
{
	size_t count = box->exploration.seed_count;

	if (count == box->capacity) {
		size_t capacity = count ? 2 * count : 16;
		struct ltr_explored_seed *grown =
			reallocarray(box->seeds, capacity, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		box->seeds = grown;
		box->capacity = capacity;
		box->exploration.seeds = grown;
	}
	box->seeds[count] = *seed;
	box->exploration.seed_count++;
	return 0;
}

/* What became of a run; false: it was clean. */
static bool is_worth_noting(const struct ltr_judgement *run, uint32_t fail_on, int status,
			    struct ltr_explored_seed *ret_seed)
{
	ret_seed->status = status;
	for (size_t i = 0; i < ltr_judgement_count(run); i++) {
		const struct ltr_finding *finding = ltr_judgement_at(run, i);

		if (!ltr_finding_fails(finding, fail_on))
			continue;
		ret_seed->outcome = finding->grade == LTR_GRADE_DEADLOCK ? LTR_EXPLORED_DEADLOCK
				    : finding->grade == LTR_GRADE_INCONCLUSIVE
					    ? LTR_EXPLORED_INCONCLUSIVE
					    : LTR_EXPLORED_LEAK;
		return true; /* the strongest comes first */
	}
	ret_seed->outcome = LTR_EXPLORED_STATUS;
	return status != LTR__STATUS_OK;
}

/* One schedule. Returns 1 if it was clean, 0 if not, or -errno and a sentence. */
static int run_one(struct box *box, const struct ltr__explore_options *options, uint64_t number,
		   struct ltr_judgement *judgement, struct ltr__court_end *ret_end,
		   struct ltr_why *ret_why)
{
	struct ltr_explored_seed seed = {.seed = number};
	struct ltr_judgement *run = NULL;
	bool noted = false;
	char text[32];
	int error;

	snprintf(text, sizeof(text), "%" PRIu64, number);
	ltr_baseline_next_run(options->court.baseline);
	error = ltr_judgement_new(&run);
	if (!error &&
	    (setenv("LTR_SEED", text, 1) != 0 || setenv("LTR_SCHEDULE", options->strategy, 1) != 0))
		error = -errno;
	if (error)
		ltr__why(ret_why, "cannot judge: %s", strerror(-error));
	else
		error = ltr__court_hold(&options->court, run, ret_end, ret_why);
	if (!error) {
		noted = is_worth_noting(run, options->fail_on, ret_end->status, &seed);
		error = noted ? note_seed(box, &seed) : 0;
		if (!error)
			error = ltr_judgement_add_schedule(judgement, run, options->strategy,
							   number);
		if (error)
			ltr__why(ret_why, "cannot judge: %s", strerror(-error));
	}
	ltr_judgement_free(run);
	return error ? error : !noted;
}

static int run_all(struct box *box, const struct ltr__explore_options *options,
		   struct ltr_judgement *judgement, int *ret_status, struct ltr_why *ret_why)
{
	*ret_status = LTR__STATUS_OK;
	for (uint64_t i = 0; i < options->schedules; i++) {
		struct ltr__court_end end = {.status = LTR__STATUS_INCONCLUSIVE};
		int clean =
			run_one(box, options, options->first_seed + i, judgement, &end, ret_why);

		if (clean < 0) {
			*ret_status = end.status;
			return clean;
		}
		box->exploration.run++;
		if (*ret_status == LTR__STATUS_OK)
			*ret_status = end.status;
		if (end.interrupted || (!clean && !options->keep_going))
			break;
	}
	return 0;
}

int ltr__explore(const struct ltr__explore_options *options, struct ltr_judgement *judgement,
		 struct ltr_exploration **ret_exploration, int *ret_status, struct ltr_why *ret_why)
{
	struct ltr__explore_options each = *options;
	struct box *box = calloc(1, sizeof(*box));
	int error = -ENOMEM;

	*ret_status = LTR__STATUS_INCONCLUSIVE;
	each.court.one_of_many = true;
	if (!each.court.timeout_ns)
		each.court.timeout_ns = LTR__EXPLORE_TIMEOUT_NS;
	if (box) {
		box->exploration.strategy = options->strategy;
		box->exploration.first_seed = options->first_seed;
		box->exploration.asked = options->schedules;
		error = make_replay(box, options);
	}
	if (error)
		ltr__why(ret_why, "cannot judge: %s", strerror(-error));
	else
		error = run_all(box, &each, judgement, ret_status, ret_why);
	if (error)
		ltr__exploration_free(box ? &box->exploration : NULL);
	else
		*ret_exploration = &box->exploration;
	return error;
}
