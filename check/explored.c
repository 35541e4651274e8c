/* SPDX-License-Identifier: MIT */
/*
 * What reports say about a command that ran under many schedules, and when such a run has come to
 * its end.
 */

#include <inttypes.h>
#include <loiter/layout.h>

#include "internal.h"

#define SEEDS_NAMED 10

/* Waits that only another goroutine can end. */
static bool waits_for_others(const struct ltr_goroutine *goroutine)
{
	return (goroutine->state == LTR_STATE_CHAN || goroutine->state == LTR_STATE_SYNC) &&
	       !(goroutine->flags & (LTR_IS_TIMED | LTR_IS_UNSURE));
}

static uint64_t mixed(uint64_t signature, uint64_t word)
{
	signature = (signature ^ word) * 0x9e3779b97f4a7c15u;
	return signature ^ (signature >> 29);
}

/* The order of a census is nobody's business: what is added up here does not depend on it. */
bool ltr_judge_is_settled(const struct ltr_census *census, uint64_t *ret_signature)
{
	const struct ltr_census_info *info = ltr_census_info(census);
	uint64_t signature = mixed(info->created, info->exited);

	if (info->unreadable || info->lost || info->phase != LTR_PHASE_MAIN_RETURNED)
		return false;
	for (size_t i = 0; i < ltr_census_count(census); i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(census, i);

		if (goroutine->flags & LTR_IS_MAIN)
			continue;
		if (!waits_for_others(goroutine))
			return false;
		signature += mixed(goroutine->id, goroutine->transitions);
	}
	*ret_signature = signature;
	return true;
}

static uint64_t count_outcomes(const struct ltr_exploration *exploration, int outcome)
{
	uint64_t count = 0;

	for (size_t i = 0; i < exploration->seed_count; i++)
		count += exploration->seeds[i].outcome == (unsigned int)outcome;
	return count;
}

/* "3 of 200 schedules leak" */
static void print_share(const struct ltr_exploration *exploration, uint64_t count, const char *verb,
			const char *singular_end, FILE *out)
{
	fprintf(out, "%" PRIu64 " of ", count);
	ltr__print_count(exploration->run, "schedule", out);
	fprintf(out, " %s%s", verb, count == 1 ? singular_end : "");
}

/* ": seeds 17, 58 and 112" */
static void print_seeds(const struct ltr_exploration *exploration, int outcome, FILE *out)
{
	uint64_t count = count_outcomes(exploration, outcome);
	uint64_t shown = 0;

	fputs(count == 1 ? ": seed" : ": seeds", out);
	for (size_t i = 0; i < exploration->seed_count && shown < SEEDS_NAMED; i++) {
		if (exploration->seeds[i].outcome != (unsigned int)outcome)
			continue;
		if (shown)
			fputs(shown + 1 == count ? " and" : ",", out);
		fprintf(out, " %" PRIu64, exploration->seeds[i].seed);
		shown++;
	}
	if (shown < count)
		fprintf(out, " and %" PRIu64 " more", count - shown);
}

void ltr__print_exploration(const struct ltr_exploration *exploration, FILE *out)
{
	static const struct {
		int outcome;
		const char *verb;
		const char *singular_end;
	} outcomes[] = {
		{LTR_EXPLORED_DEADLOCK, "deadlock", "s"},
		{LTR_EXPLORED_LEAK, "leak", "s"},
		{LTR_EXPLORED_INCONCLUSIVE, "could not be judged", ""},
		{LTR_EXPLORED_STATUS, "made the command fail", ""},
	};
	bool said = false;

	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		uint64_t count = count_outcomes(exploration, outcomes[i].outcome);

		if (!count)
			continue;
		if (said)
			fputs("; ", out);
		print_share(exploration, count, outcomes[i].verb, outcomes[i].singular_end, out);
		print_seeds(exploration, outcomes[i].outcome, out);
		said = true;
	}
	if (!said && exploration->run == 1) {
		fprintf(out, "seed %" PRIu64 " does not leak", exploration->first_seed);
	} else if (!said) {
		fputs("none of ", out);
		ltr__print_count(exploration->run, "schedule", out);
		fprintf(out, " leaks: seeds %" PRIu64 " to %" PRIu64, exploration->first_seed,
			exploration->first_seed + exploration->run - 1);
	}
	fprintf(out, " (%s", exploration->strategy);
	if (exploration->run < exploration->asked)
		fprintf(out, "; %" PRIu64 " more were not run",
			exploration->asked - exploration->run);
	fputc(')', out);
}

void ltr__print_replay(const struct ltr_exploration *exploration, uint64_t seed, FILE *out)
{
	ltr__print_clean(exploration->replay_before, 0, out);
	fprintf(out, "%" PRIu64, seed);
	ltr__print_clean(exploration->replay_after, 0, out);
}

void ltr__print_seed(const struct ltr_judgement *judgement, const struct ltr_finding *finding,
		     const struct ltr_report_options *options, FILE *out)
{
	const struct ltr_judged *process = ltr_judgement_process(judgement, finding->process);

	if (!options->exploration || !process->strategy)
		return;
	fputs(finding->count ? " Found in " : ". Found in ", out);
	ltr__print_count(finding->schedules, "schedule", out);
	fprintf(out, ", first with seed %" PRIu64 ": ", process->seed);
	ltr__print_replay(options->exploration, process->seed, out);
}
