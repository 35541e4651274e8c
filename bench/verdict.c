/* SPDX-License-Identifier: MIT */
/*
 * What loiter check says of the corpus of known bugs: a table of found, missed and false alarms, by
 * class and grade. Ends with 1 if anything was not as it should be.
 *
 * --quick: seeded runs only, and few for programs that should be clean (the test `corpus`).
 * Otherwise each program also runs once as it comes, without a seed.
 * --rates N: only the bugs that depend on the schedule; how many of N ordinary runs of each show it, and
 * how many schedules it took to find it.
 * --crowd N: what it takes to judge and report N leaked goroutines, and nothing else.
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verdict.h"

#define GRADES 3

static const char *const grades[GRADES] = {"deadlock", "leaked", "never exited"};

struct row {
	const char *class;
	int leaks, found, missed, inconclusive;
	int by_grade[GRADES + 1]; /* the last: any other */
	int twins, false_alarms;
};

static void count_verdict(struct row *row, const struct ltr__case *expected,
			  const struct ltr__verdict *verdict)
{
	int grade = 0;

	row->leaks += expected->leaks;
	row->twins += !expected->leaks;
	row->missed += verdict->answer == LTR__ANSWER_MISSED;
	row->false_alarms += verdict->answer == LTR__ANSWER_FALSE_ALARM;
	row->inconclusive += verdict->answer == LTR__ANSWER_INCONCLUSIVE;
	if (!expected->leaks || verdict->answer != LTR__ANSWER_RIGHT)
		return;
	row->found++;
	while (grade < GRADES && strcmp(grades[grade], verdict->grade) != 0)
		grade++;
	row->by_grade[grade]++;
}

static void add_row(struct row *sum, const struct row *row)
{
	sum->leaks += row->leaks;
	sum->found += row->found;
	sum->missed += row->missed;
	sum->inconclusive += row->inconclusive;
	for (int i = 0; i <= GRADES; i++)
		sum->by_grade[i] += row->by_grade[i];
	sum->twins += row->twins;
	sum->false_alarms += row->false_alarms;
}

static void print_head(void)
{
	printf("%-46s %5s %6s %7s %9s %7s %13s %6s %6s %13s\n", "class", "bugs", "found", "missed",
	       "deadlock", "leaked", "never exited", "twins", "false", "inconclusive");
}

static void print_row(const struct row *row)
{
	printf("%-46s %5d %6d %7d %9d %7d %13d %6d %6d %13d\n", row->class, row->leaks, row->found,
	       row->missed, row->by_grade[0], row->by_grade[1], row->by_grade[2], row->twins,
	       row->false_alarms, row->inconclusive);
}

/* Rows in the order in which GoBench has its classes, what is not one of them last. */
static int rank(const char *class)
{
	static const char *const order[] = {"resource", "communication", "mixed", "other"};

	for (int i = 0; i < 4; i++)
		if (strncmp(class, order[i], strlen(order[i])) == 0)
			return i;
	return 4;
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = rank(x->class) - rank(y->class);

	return order ? order : strcmp(x->class, y->class);
}

static void print_table(const struct ltr__case *cases, const struct ltr__verdict *verdicts,
			size_t count)
{
	struct row *rows = calloc(count + 1, sizeof(*rows));
	struct row bench = {.class = "all of GoBench's classes"}, other = {.class = "others"};
	size_t row_count = 0;

	if (!rows)
		err(2, "memory");
	for (size_t i = 0; i < count; i++) {
		size_t k = 0;

		while (k < row_count && strcmp(rows[k].class, cases[i].class) != 0)
			k++;
		row_count += k == row_count;
		rows[k].class = cases[i].class;
		count_verdict(&rows[k], &cases[i], &verdicts[i]);
	}
	qsort(rows, row_count, sizeof(*rows), compare_rows);
	print_head();
	for (size_t k = 0; k < row_count; k++) {
		add_row(rank(rows[k].class) < 3 ? &bench : &other, &rows[k]);
		print_row(&rows[k]);
	}
	print_row(&bench);
	print_row(&other);
	free(rows);
}

/* What was not as it should be; how many of them. */
static int print_faults(const struct ltr__case *cases, const struct ltr__verdict *verdicts,
			size_t count)
{
	static const char *const words[] = {
		[LTR__ANSWER_MISSED] = "missed",
		[LTR__ANSWER_FALSE_ALARM] = "false alarm",
		[LTR__ANSWER_INCONCLUSIVE] = "inconclusive",
	};
	int faults = 0;

	for (size_t i = 0; i < count; i++) {
		if (verdicts[i].answer == LTR__ANSWER_RIGHT)
			continue;
		faults++;
		printf("%s: %s (status %d", words[verdicts[i].answer], cases[i].program,
		       verdicts[i].status);
		if (verdicts[i].seed >= 0)
			printf(", seed %ld", verdicts[i].seed);
		printf(")\n");
	}
	return faults;
}

/* How long it took to find those that depend on the schedule. */
static void print_search(const struct ltr__case *cases, const struct ltr__verdict *verdicts,
			 size_t count)
{
	long most = 0, sum = 0, searched = 0;

	for (size_t i = 0; i < count; i++) {
		if (!cases[i].leaks || !cases[i].explore || verdicts[i].answer != LTR__ANSWER_RIGHT)
			continue;
		searched++;
		sum += verdicts[i].schedules;
		if (verdicts[i].schedules > most)
			most = verdicts[i].schedules;
	}
	if (searched)
		printf("%ld bugs depend on the schedule; found after %ld schedules on the average, "
		       "%ld at most\n",
		       searched, sum / searched, most);
}

static void print_false_alarms(const struct ltr__case *cases, const struct ltr__verdict *verdicts,
			       size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (verdicts[i].answer == LTR__ANSWER_FALSE_ALARM)
			printf("false alarm in an ordinary run: %s\n", cases[i].program);
}

static void print_ordinary(const struct ltr__case *cases, size_t count, int jobs)
{
	const struct ltr__run_options options = {.ordinary = true, .jobs = jobs};
	struct ltr__verdict *verdicts = calloc(count + 1, sizeof(*verdicts));
	int found[2] = {0}, bugs[2] = {0}, false_alarms = 0;

	if (!verdicts)
		err(2, "memory");
	ltr__corpus_run(cases, count, &options, verdicts);
	for (size_t i = 0; i < count; i++) {
		bugs[cases[i].explore] += cases[i].leaks;
		found[cases[i].explore] +=
			cases[i].leaks && verdicts[i].answer == LTR__ANSWER_RIGHT;
		false_alarms += verdicts[i].answer == LTR__ANSWER_FALSE_ALARM;
	}
	print_false_alarms(cases, verdicts, count);
	printf("in one ordinary run each, without a seed: %d of %d bugs that show every time, %d of "
	       "%d that depend on the schedule; %d false alarms\n",
	       found[0], bugs[0], found[1], bugs[1], false_alarms);
	free(verdicts);
}

/* Ordinary runs of each bug that depends on the schedule, against the schedules that it takes. */
static void print_rates(const struct ltr__case *all, size_t count, size_t runs,
			const struct ltr__run_options *seeded)
{
	const struct ltr__run_options ordinary = {.ordinary = true, .jobs = seeded->jobs};
	struct ltr__case *cases = calloc(runs + 1, sizeof(*cases));
	struct ltr__verdict *verdicts = calloc(runs + 1, sizeof(*verdicts));

	if (!cases || !verdicts)
		err(2, "memory");
	printf("%-34s %24s %22s\n", "bug", "ordinary runs that show it", "found after schedules");
	for (size_t i = 0; i < count; i++) {
		struct ltr__verdict search;
		size_t shown = 0;

		if (!all[i].leaks || !all[i].explore)
			continue;
		for (size_t k = 0; k < runs; k++)
			cases[k] = all[i];
		ltr__corpus_run(&all[i], 1, seeded, &search);
		ltr__corpus_run(cases, runs, &ordinary, verdicts);
		for (size_t k = 0; k < runs; k++)
			shown += verdicts[k].answer == LTR__ANSWER_RIGHT;
		printf("%-34s %16zu of %6zu ", all[i].program, shown, runs);
		if (search.answer == LTR__ANSWER_RIGHT)
			printf("%22ld\n", search.schedules);
		else
			printf("%22s\n", "not found");
		fflush(stdout);
	}
	free(cases);
	free(verdicts);
}

static const char published[] =
	"\nFor comparison, other programs' published figures, on GoBench's own 68 blocking kernels "
	"in Go,\nof which the programs above are no translations: goleak finds 42 of 68, "
	"go-deadlock 28,\ndingo-hunter 1 (CGO 2021, table IV); Go's goroutineleak profile 61 of its "
	"own 63 edited ports.\n";

int main(int argc, char **argv)
{
	bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
	struct ltr__run_options options = {
		.schedules = 200,
		.twin_schedules = {quick ? 2 : 10, quick ? 10 : 100},
		.jobs = 2,
	};
	struct ltr__verdict *verdicts;
	struct ltr__case *cases;
	long runs = argc == 3 && strcmp(argv[1], "--rates") == 0 ? strtol(argv[2], NULL, 10) : 0;
	const char *crowd = argc == 3 && strcmp(argv[1], "--crowd") == 0 ? argv[2] : NULL;
	size_t count;
	int faults;

	if (crowd && strtol(crowd, NULL, 10) > 0) {
		ltr__crowd_measure(crowd);
		return 0;
	}
	if (argc > 1 && !(argc == 2 && quick) && !(runs > 0 && runs <= 100000))
		errx(64, "usage: verdict [--quick | --rates N | --crowd N]");
	if (sysconf(_SC_NPROCESSORS_ONLN) > 2)
		options.jobs = (int)sysconf(_SC_NPROCESSORS_ONLN);
	count = ltr__corpus_read(LOITER_BENCH_CORPUS, &cases);
	if (runs) {
		print_rates(cases, count, (size_t)runs, &options);
		free(cases);
		return 0;
	}
	verdicts = calloc(count + 1, sizeof(*verdicts));
	if (!verdicts)
		err(2, "memory");
	ltr__corpus_run(cases, count, &options, verdicts);
	print_table(cases, verdicts, count);
	faults = print_faults(cases, verdicts, count);
	print_search(cases, verdicts, count);
	if (!quick) {
		print_ordinary(cases, count, options.jobs);
		ltr__crowd_measure("1000000");
		fputs(published, stdout);
	}
	free(verdicts);
	free(cases);
	return faults ? 1 : 0;
}
