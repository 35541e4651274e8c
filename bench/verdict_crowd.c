/* SPDX-License-Identifier: MIT */
/* From a process with a crowd of leaked goroutines to the report about it, step by step. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <check/check.h>
#include <loiter/event.h>

#include "clock.h"
#include "probe_child.h"
#include "verdict.h"

#define PROCESSORS 2

struct moment {
	double clock_ms, cpu_ms; /* of this process: on a busy machine that is what it takes */
};

static struct moment now(void)
{
	return (struct moment){clock_seconds(CLOCK_MONOTONIC) * 1e3,
			       clock_seconds(CLOCK_PROCESS_CPUTIME_ID) * 1e3};
}

static void print_since(const char *step, struct moment start, const char *more)
{
	struct moment end = now();

	printf("  %-36s %8.0f ms   %8.0f ms of CPU%s\n", step, end.clock_ms - start.clock_ms,
	       end.cpu_ms - start.cpu_ms, more);
}

static void must(int error, const char *what)
{
	errno = -error;
	if (error)
		give_up(what);
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/* The last snapshot is the one that counts: in it nobody has still to come to its wait. */
static void take_snapshot(struct ltr_probe *probe)
{
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(probe));
	struct moment start;

	do {
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
		start = now();
		must(ltr_probe_refresh_whole(probe), "snapshot");
	} while (info->by_state[LTR_STATE_QUEUED]);
	print_since("a snapshot", start, "");
}

static void report(const struct ltr_judgement *judgement)
{
	const struct ltr_report_options options = {.all = false};
	struct moment start = now();
	char *text = NULL;
	char lines[64];
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		give_up("memory");
	must(ltr_report_write(judgement, "text", &options, out), "report");
	fclose(out);
	snprintf(lines, sizeof(lines), "   %zu lines (aim: fewer than 100)", count_lines(text));
	print_since("the report", start, lines);
	free(text);
}

static void judge(struct ltr_probe *probe)
{
	const struct ltr_judge_options options = {.alive = true};
	struct ltr_judgement *judgement;
	struct moment start = now(), step;
	uint64_t leaked = 0;

	must(ltr_probe_objects(probe), "objects");
	print_since("what they wait on is looked at", start, "");
	step = now();
	must(ltr_judgement_new(&judgement), "judgement");
	must(ltr_judge_census(judgement, ltr_probe_census(probe), &options), "judgement");
	print_since("judged", step, "");
	report(judgement);
	print_since("from the proof to the report's end", start, "   (aim: 2000 ms)");
	for (size_t i = 0; i < ltr_judgement_count(judgement); i++)
		if (ltr_judgement_at(judgement, i)->grade == LTR_GRADE_LEAKED)
			leaked += ltr_judgement_at(judgement, i)->count;
	printf("  %-36s %8llu\n", "proven to be leaked", (unsigned long long)leaked);
	ltr_judgement_free(judgement);
}

void ltr__crowd_measure(const char *goroutines)
{
	const struct ltr_probe_options options = {.via = LTR_VIA_SNAPSHOT};
	const char *const arguments[] = {goroutines, NULL};
	struct child child = child_start(LOITER_BENCH_LOST, arguments, PROCESSORS);
	struct moment start = now();
	char line[LINE_BYTES];
	struct ltr_probe *probe;

	printf("%s leaked goroutines, each on a channel of its own\n", goroutines);
	child_line(&child, line, NULL);
	print_since("the program makes them", start, "");
	probe = child_watch(&child, &options);
	take_snapshot(probe);
	start = now();
	must(ltr_probe_reach(probe, LTR_FREEZE_NEVER), "proof");
	print_since("the proof, in three passes", start, "");
	judge(probe);
	ltr_probe_close(probe);
	child_end(&child);
}
