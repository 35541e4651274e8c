/* SPDX-License-Identifier: MIT */
/*
 * The judgement: owns the processes that were looked at and the findings about them, which it keeps
 * in the order of ltr__finding_compare().
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct ltr_judgement {
	struct ltr_judged *processes; /* their commands are owned */
	size_t process_count;
	struct ltr_finding **findings; /* owned, sorted */
	size_t finding_count;
	struct ltr_comparison *comparison; /* owned; NULL: none */
};

static const struct {
	const char *name;
	int status;
} grades[LTR_GRADE_COUNT] = {
#define LTR__GRADE(number, NAME, printed, STATUS) [number] = {printed, STATUS},
	LTR_GRADES(LTR__GRADE)
#undef LTR__GRADE
};

const char *ltr_grade_name(enum ltr_grade grade)
{
	return (unsigned int)grade < LTR_GRADE_COUNT ? grades[grade].name : "?";
}

const char *ltr_rule_name(const struct ltr_rule *rule)
{
	return rule->name;
}

bool ltr_rule_is_by_others(const struct ltr_rule *rule)
{
	return rule->by_others;
}

bool ltr_rule_is_by_references(const struct ltr_rule *rule)
{
	return rule->by_references;
}

int ltr_judgement_new(struct ltr_judgement **ret_judgement)
{
	struct ltr_judgement *judgement = calloc(1, sizeof(*judgement));

	if (!judgement)
		return -ENOMEM;
	*ret_judgement = judgement;
	return 0;
}

struct ltr_judgement *ltr_judgement_free(struct ltr_judgement *judgement)
{
	if (!judgement)
		return NULL;
	for (size_t i = 0; i < judgement->finding_count; i++)
		ltr__finding_free(judgement->findings[i]);
	for (size_t i = 0; i < judgement->process_count; i++)
		free((char *)judgement->processes[i].command);
	ltr__comparison_free(judgement->comparison);
	free(judgement->findings);
	free(judgement->processes);
	free(judgement);
	return NULL;
}

static int add_process(struct ltr_judgement *judgement, const struct ltr_judged *process)
{
	struct ltr_judged *grown;
	char *command = strdup(process->command);

	if (!command)
		return -ENOMEM;
	grown = reallocarray(judgement->processes, judgement->process_count + 1, sizeof(*grown));
	if (!grown) {
		free(command);
		return -ENOMEM;
	}
	judgement->processes = grown;
	grown += judgement->process_count++;
	*grown = *process;
	grown->command = command;
	return 0;
}

int ltr__judgement_add(struct ltr_judgement *judgement, struct ltr_finding *finding)
{
	struct ltr_finding **grown;
	size_t place = judgement->finding_count;

	if (!finding)
		return -ENOMEM;
	grown = reallocarray(judgement->findings, place + 1, sizeof(struct ltr_finding *));
	if (!grown) {
		ltr__finding_free(finding);
		return -ENOMEM;
	}
	judgement->findings = grown;
	grown[place] = finding;
	judgement->finding_count++;
	return 0;
}

static int compare_findings(const void *a, const void *b)
{
	return ltr__finding_compare(*(struct ltr_finding *const *)a,
				    *(struct ltr_finding *const *)b);
}

static void sort_findings(struct ltr_judgement *judgement)
{
	if (judgement->finding_count > 1)
		qsort(judgement->findings, judgement->finding_count, sizeof(struct ltr_finding *),
		      compare_findings);
}

/* Undo what a trial that failed has added. Additions are unsorted and at the end until it is over. */
static void roll_back(struct ltr_judgement *judgement, size_t finding_count, size_t process_count)
{
	while (judgement->finding_count > finding_count)
		ltr__finding_free(judgement->findings[--judgement->finding_count]);
	while (judgement->process_count > process_count)
		free((char *)judgement->processes[--judgement->process_count].command);
}

void ltr__trial_claim(struct ltr__trial *trial, size_t index)
{
	if (trial->claimed[index] || trial->claim_count >= ltr__trial_count(trial))
		return;
	trial->claimed[index] = true;
	trial->claims[trial->claim_count++] = (struct ltr__claim){
		.rule = trial->rule,
		.goroutine = ltr_census_at(trial->census, index),
		.index = index,
	};
}

void ltr__trial_claim_each(struct ltr__trial *trial,
			   bool (*is_one)(const struct ltr__trial *trial,
					  const struct ltr_goroutine *goroutine))
{
	size_t count = ltr__trial_count(trial);

	for (size_t i = 0; i < count; i++) {
		size_t index = ltr__trial_index(trial, i);

		if (!is_one || is_one(trial, ltr_census_at(trial->census, index)))
			ltr__trial_claim(trial, index);
	}
}

int ltr__trial_state(struct ltr__trial *trial, const char *text)
{
	return ltr__judgement_add(trial->judgement,
				  ltr__finding_from_text(trial->rule, trial->process, text));
}

/* A cycle is excused if all who are in it are. The claims are sorted: a cycle's are neighbours. */
static void excuse_cycles(struct ltr__claim *claims, size_t count)
{
	size_t end;

	for (size_t begin = 0; begin < count; begin = end) {
		bool excused = true;

		end = begin;
		do
			excused &= claims[end++].excused;
		while (end < count && claims[begin].group &&
		       claims[end].rule == claims[begin].rule &&
		       claims[end].group == claims[begin].group);
		for (size_t i = begin; i < end; i++)
			claims[i].excused = excused;
	}
}

static int add_claims(struct ltr__trial *trial)
{
	size_t end;
	int error;

	error = ltr__claims_sort(trial->census, trial->claims, trial->claim_count);
	if (!error && trial->options->baseline) {
		error = ltr__baseline_excuse(trial->options->baseline, trial->census, trial->claims,
					     trial->claim_count);
		if (error)
			return error;
		excuse_cycles(trial->claims, trial->claim_count);
		error = ltr__claims_sort(trial->census, trial->claims, trial->claim_count);
	}
	if (error)
		return error;
	for (size_t begin = 0; begin < trial->claim_count; begin = end) {
		end = begin + 1;
		while (end < trial->claim_count &&
		       ltr__claims_match(&trial->claims[begin], &trial->claims[end]))
			end++;
		error = ltr__judgement_add(
			trial->judgement,
			ltr__finding_from_claims(trial, &trial->claims[begin], end - begin));
		if (error)
			return error;
	}
	return 0;
}

static int try_census(struct ltr__trial *trial, const struct ltr_rule *const *rules)
{
	int error = 0;

	trial->claims = calloc(ltr__trial_count(trial) + 1, sizeof(*trial->claims));
	trial->claimed = calloc(ltr_census_count(trial->census) + 1, sizeof(*trial->claimed));
	if (!trial->claims || !trial->claimed)
		error = -ENOMEM;
	for (size_t i = 0; !error && rules[i]; i++) {
		trial->rule = rules[i];
		error = trial->rule->check(trial);
	}
	if (!error)
		error = add_claims(trial);
	free(trial->claims);
	free(trial->claimed);
	return error;
}

int ltr__judge_by(struct ltr_judgement *judgement, const struct ltr_census *census,
		  const struct ltr_judge_options *options, const struct ltr_rule *const *rules,
		  const struct ltr_finding_growth *const *growth)
{
	const struct ltr_census_info *info = ltr_census_info(census);
	size_t finding_count = judgement->finding_count;
	size_t process_count = judgement->process_count;
	struct ltr_judged process = {
		.pid = info->pid,
		.command = info->command,
		.alive = options->alive,
		.created = info->created,
		.exited = info->exited,
	};
	struct ltr__trial trial = {
		.census = census,
		.info = info,
		.options = options,
		.judgement = judgement,
		.process = process_count,
		.growth = growth,
	};
	int error = add_process(judgement, &process);

	if (!error)
		error = try_census(&trial, rules);
	if (error)
		roll_back(judgement, finding_count, process_count);
	else
		sort_findings(judgement);
	return error;
}

int ltr_judge_census(struct ltr_judgement *judgement, const struct ltr_census *census,
		     const struct ltr_judge_options *options)
{
	return ltr__judge_by(judgement, census, options, ltr__rules, NULL);
}

void ltr__judgement_compare(struct ltr_judgement *judgement, struct ltr_comparison *comparison)
{
	judgement->comparison = comparison;
}

const struct ltr_comparison *ltr_judgement_comparison(const struct ltr_judgement *judgement)
{
	return judgement->comparison;
}

int ltr_judge_inconclusive(struct ltr_judgement *judgement, uint32_t pid, const char *command,
			   const char *text)
{
	size_t finding_count = judgement->finding_count;
	size_t process_count = judgement->process_count;
	struct ltr_judged process = {.pid = pid, .command = command};
	int error = add_process(judgement, &process);

	if (!error)
		error = ltr__judgement_add(judgement, ltr__finding_from_text(&ltr__rule_not_judged,
									     process_count, text));
	if (error)
		roll_back(judgement, finding_count, process_count);
	else
		sort_findings(judgement);
	return error;
}

/* Counts those that are like `finding`; 0: it is new. */
static uint64_t count_schedule(struct ltr_judgement *judgement, const struct ltr_finding *finding)
{
	uint64_t schedules = 0;

	for (size_t i = 0; i < judgement->finding_count; i++)
		if (ltr__finding_is_same(judgement->findings[i], finding))
			schedules = ++judgement->findings[i]->schedules;
	return schedules;
}

int ltr_judgement_add_schedule(struct ltr_judgement *judgement, struct ltr_judgement *run,
			       const char *strategy, uint64_t seed)
{
	size_t first_process = judgement->process_count;
	size_t first_finding = judgement->finding_count;
	bool is_new = first_process == 0;
	struct ltr_finding **findings;
	struct ltr_judged *processes;

	processes = reallocarray(judgement->processes, first_process + run->process_count + 1,
				 sizeof(*processes));
	if (processes)
		judgement->processes = processes;
	findings = reallocarray(judgement->findings, first_finding + run->finding_count + 1,
				sizeof(struct ltr_finding *));
	if (findings)
		judgement->findings = findings;
	if (!processes || !findings)
		return -ENOMEM;
	for (size_t i = 0; i < run->finding_count; i++) {
		run->findings[i]->schedules = count_schedule(judgement, run->findings[i]);
		is_new = is_new || !run->findings[i]->schedules;
	}
	for (size_t i = 0; is_new && i < run->process_count; i++) {
		processes[first_process + i] = run->processes[i];
		processes[first_process + i].strategy = strategy;
		processes[first_process + i].seed = seed;
	}
	for (size_t i = 0; is_new && i < run->finding_count; i++) {
		struct ltr_finding *finding = run->findings[i];

		finding->process += first_process;
		finding->schedules += !finding->schedules;
		findings[first_finding + i] = finding;
	}
	if (is_new) {
		judgement->process_count += run->process_count;
		judgement->finding_count += run->finding_count;
		run->process_count = run->finding_count = 0;
		sort_findings(judgement);
	}
	roll_back(run, 0, 0);
	return 0;
}

static bool is_known(const struct ltr_judgement *known, const struct ltr_finding *finding)
{
	for (size_t i = 0; i < known->finding_count; i++)
		if (ltr__finding_is_same(known->findings[i], finding))
			return true;
	return false;
}

size_t ltr_judgement_keep_news(struct ltr_judgement *run, const struct ltr_judgement *known)
{
	size_t kept = 0;

	for (size_t i = 0; i < run->finding_count; i++) {
		if (is_known(known, run->findings[i]))
			ltr__finding_free(run->findings[i]);
		else
			run->findings[kept++] = run->findings[i];
	}
	run->finding_count = kept;
	return kept;
}

/* Where a process is in the judgement: the number of processes if it is not. */
static size_t find_process(const struct ltr_judgement *judgement, const struct ltr_judged *process)
{
	size_t i = 0;

	while (i < judgement->process_count &&
	       (judgement->processes[i].pid != process->pid ||
		strcmp(judgement->processes[i].command, process->command) != 0))
		i++;
	return i;
}

int ltr_judgement_merge(struct ltr_judgement *judgement, struct ltr_judgement *run)
{
	size_t first_process = judgement->process_count;
	struct ltr_finding **findings =
		reallocarray(judgement->findings, judgement->finding_count + run->finding_count + 1,
			     sizeof(struct ltr_finding *));

	if (!findings)
		return -ENOMEM;
	judgement->findings = findings;
	for (size_t i = 0; i < run->process_count; i++) {
		size_t at = find_process(judgement, &run->processes[i]);

		if (at == judgement->process_count && add_process(judgement, &run->processes[i])) {
			roll_back(judgement, judgement->finding_count, first_process);
			return -ENOMEM;
		}
		/* The later one knows more. */
		judgement->processes[at].alive = run->processes[i].alive;
		judgement->processes[at].created = run->processes[i].created;
		judgement->processes[at].exited = run->processes[i].exited;
	}
	for (size_t i = 0; i < run->finding_count; i++) {
		run->findings[i]->process =
			find_process(judgement, &run->processes[run->findings[i]->process]);
		findings[judgement->finding_count++] = run->findings[i];
	}
	run->finding_count = 0;
	roll_back(run, 0, 0);
	sort_findings(judgement);
	return 0;
}

size_t ltr_judge_remaining(const struct ltr_census *census)
{
	size_t count = ltr_census_count(census);
	size_t remaining = 0;

	for (size_t i = 0; i < count; i++)
		if (!(ltr_census_at(census, i)->flags & (LTR_IS_MAIN | LTR_IS_DAEMON)))
			remaining++;
	return remaining;
}

size_t ltr_judgement_count(const struct ltr_judgement *judgement)
{
	return judgement->finding_count;
}

const struct ltr_finding *ltr_judgement_at(const struct ltr_judgement *judgement, size_t index)
{
	return judgement->findings[index];
}

size_t ltr_judgement_process_count(const struct ltr_judgement *judgement)
{
	return judgement->process_count;
}

const struct ltr_judged *ltr_judgement_process(const struct ltr_judgement *judgement, size_t index)
{
	return &judgement->processes[index];
}

bool ltr_finding_fails(const struct ltr_finding *finding, uint32_t fail_on)
{
	if (finding->excused)
		return false;
	if (finding->grade == LTR_GRADE_INCONCLUSIVE)
		return true;
	return (fail_on ? fail_on : LTR_FAIL_ON_DEFAULT) & LTR_GRADE_BIT(finding->grade);
}

bool ltr_judgement_is_conclusive(const struct ltr_judgement *judgement)
{
	for (size_t i = 0; i < judgement->finding_count; i++)
		if (judgement->findings[i]->grade == LTR_GRADE_INCONCLUSIVE)
			return false;
	return true;
}

int ltr_judgement_status(const struct ltr_judgement *judgement, uint32_t fail_on,
			 int command_status)
{
	for (size_t i = 0; i < judgement->finding_count; i++)
		/* they are sorted: the first that fails is the strongest */
		if (ltr_finding_fails(judgement->findings[i], fail_on))
			return grades[judgement->findings[i]->grade].status;
	return command_status;
}
