/* SPDX-License-Identifier: MIT */
/* Runs loiter check on the programs of the corpus and reads its reports. */

#include <err.h>
#include <json-c/json.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "verdict.h"

struct job {
	pid_t pid; /* 0: free */
	size_t index;
	char report[64];
};

static struct json_object *field(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(object, key, &value);
	return value;
}

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value = field(object, key);

	return value ? json_object_get_string(value) : "";
}

static bool is_of_source(struct json_object *frame, const struct ltr__case *expected)
{
	const char *file = frame ? text_of(frame, "file") : "";
	const char *name = strrchr(file, '/');

	return strcmp(name ? name + 1 : file, expected->source) == 0;
}

/* Is one of the frames the line that the case tells of? */
static bool is_at_line(struct json_object *finding, const struct ltr__case *expected)
{
	struct json_object *stack = field(finding, "stack");

	for (size_t i = 0; stack && i < json_object_array_length(stack); i++) {
		struct json_object *frame = json_object_array_get_idx(stack, i);

		if (is_of_source(frame, expected) &&
		    json_object_get_int(field(frame, "line")) == expected->line)
			return true;
	}
	return false;
}

static bool is_left_there(struct json_object *goroutines, const struct ltr__case *expected)
{
	return strcmp(text_of(goroutines, "reason"), expected->reason) == 0 &&
	       is_at_line(goroutines, expected);
}

/* The finding, or one of those that wait for each other in it. */
static bool is_expected(struct json_object *finding, const struct ltr__case *expected)
{
	struct json_object *cycle = field(finding, "cycle");

	if (!json_object_get_boolean(field(finding, "fails")))
		return false;
	if (strcmp(expected->reason, "any") == 0)
		return is_of_source(field(finding, "created_by"), expected);
	for (size_t i = 0; cycle && i < json_object_array_length(cycle); i++)
		if (is_left_there(json_object_array_get_idx(cycle, i), expected))
			return true;
	return is_left_there(finding, expected);
}

static void read_exploration(struct json_object *report, struct ltr__verdict *verdict)
{
	struct json_object *exploration = field(report, "exploration");
	struct json_object *seeds = exploration ? field(exploration, "seeds") : NULL;

	verdict->seed = -1;
	if (!exploration)
		return;
	verdict->schedules = json_object_get_int64(field(exploration, "run"));
	if (seeds && json_object_array_length(seeds))
		verdict->seed =
			json_object_get_int64(field(json_object_array_get_idx(seeds, 0), "seed"));
}

/* The findings are sorted: the first that fits has the strongest grade. */
static void read_report(struct json_object *report, const struct ltr__case *expected,
			struct ltr__verdict *verdict)
{
	struct json_object *findings = report ? field(report, "findings") : NULL;

	if (report)
		read_exploration(report, verdict);
	for (size_t i = 0; findings && i < json_object_array_length(findings); i++) {
		struct json_object *finding = json_object_array_get_idx(findings, i);

		if (!is_expected(finding, expected))
			continue;
		snprintf(verdict->grade, sizeof(verdict->grade), "%s", text_of(finding, "grade"));
		return;
	}
}

static void conclude(const struct ltr__case *expected, int status, const char *report,
		     struct ltr__verdict *ret_verdict)
{
	struct json_object *root = json_object_from_file(report);

	memset(ret_verdict, 0, sizeof(*ret_verdict));
	ret_verdict->status = status;
	read_report(root, expected, ret_verdict);
	if (status != 0 && status != 23)
		ret_verdict->answer = LTR__ANSWER_INCONCLUSIVE;
	else if (!expected->leaks)
		ret_verdict->answer = status == 0 ? LTR__ANSWER_RIGHT : LTR__ANSWER_FALSE_ALARM;
	else
		ret_verdict->answer = ret_verdict->grade[0] && status == 23 ? LTR__ANSWER_RIGHT
									    : LTR__ANSWER_MISSED;
	json_object_put(root);
	unlink(report);
}

static int schedules_for(const struct ltr__case *expected, const struct ltr__run_options *options)
{
	if (!expected->leaks)
		return options->twin_schedules[expected->explore];
	return expected->explore ? options->schedules : 1;
}

static void start(struct job *job, const struct ltr__case *expected, size_t index,
		  const struct ltr__run_options *options)
{
	char program[4096], schedules[16];
	char *seeded[] = {
		LOITER_BENCH_LOITER, "check",       "--timeout", "20s", "--format", "json", "-o",
		job->report,         "--schedules", schedules,   "--",  program,    NULL};
	char *ordinary[] = {
		LOITER_BENCH_LOITER, "check", "--timeout", "3s", "--format", "json", "-o",
		job->report,         "--",    program,     NULL};
	posix_spawn_file_actions_t actions;
	int fd, error;

	snprintf(job->report, sizeof(job->report), "/tmp/loiter-verdict-XXXXXX");
	fd = mkstemp(job->report);
	if (fd < 0)
		err(2, "%s", job->report);
	close(fd);
	snprintf(program, sizeof(program), "%s/%s", LOITER_BENCH_PROGRAMS, expected->program);
	snprintf(schedules, sizeof(schedules), "%d", schedules_for(expected, options));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1 /* O_WRONLY */, 0);
	error = posix_spawn(&job->pid, LOITER_BENCH_LOITER, &actions, NULL,
			    options->ordinary ? ordinary : seeded, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error)
		errx(2, "%s: %s", LOITER_BENCH_LOITER, strerror(error));
	job->index = index;
}

/* One of the jobs ends. */
static struct job *await(struct job *jobs, int count, int *ret_status)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, 0);

		if (pid < 0)
			err(2, "waitpid");
		for (int i = 0; i < count; i++) {
			if (jobs[i].pid != pid)
				continue;
			*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
			jobs[i].pid = 0;
			return &jobs[i];
		}
	}
}

void ltr__corpus_run(const struct ltr__case *cases, size_t count,
		     const struct ltr__run_options *options, struct ltr__verdict *ret_verdicts)
{
	struct job *jobs = calloc((size_t)options->jobs, sizeof(*jobs));
	int running = 0;

	if (!jobs)
		err(2, "memory");
	for (size_t next = 0; next < count || running;) {
		struct job *job;
		int status;

		if (next < count && running < options->jobs) {
			for (job = jobs; job->pid; job++)
				;
			start(job, &cases[next], next, options);
			next++;
			running++;
			continue;
		}
		job = await(jobs, options->jobs, &status);
		conclude(&cases[job->index], status, job->report, &ret_verdicts[job->index]);
		running--;
	}
	free(jobs);
}
