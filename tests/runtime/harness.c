/* SPDX-License-Identifier: MIT */

/*
 * See harness.h. No test library: ports are built and tested where there is none.
 */

#include "harness.h"

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define SAID_MAX 16384

uint64_t rule_seed;
void (*rule_before)(const struct rule *rule);
bool rules_need_threads;

uint64_t rule_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* How a rule is run: so many processors, or one in a seeded run of this kind. */
struct mode {
	const char *processors;
	const char *schedule;
};

static _Noreturn void be_child(const struct rule *rule, const struct mode *mode, int out)
{
	char seed[32];
	char *argv[] = {(char *)(uintptr_t)rule->name, NULL};

	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	dup2(out, STDERR_FILENO);
	setenv("LTR_PROCS", mode->processors, 1);
	unsetenv("LTR_SEED");
	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)rule_seed);
	setenv("LTR_HOSTILE_SEED", seed, 1);
	if (mode->schedule) {
		setenv("LTR_SEED", seed, 1);
		setenv("LTR_SCHEDULE", mode->schedule, 1);
	}
	unsetenv("LTR_GATE");
	alarm(RULE_SECONDS);
	if (rule_before)
		rule_before(rule);
	/* exit: sanitizers have their say */
	exit(ltr_run(rule->main_goroutine, 1, argv));
}

static size_t read_all(int fd, char *said, size_t bytes)
{
	size_t used = 0;
	char part[4096];
	ssize_t n;

	while ((n = read(fd, part, sizeof(part))) > 0) {
		size_t room = bytes - 1 - used;
		size_t kept = (size_t)n < room ? (size_t)n : room;

		memcpy(said + used, part, kept);
		used += kept;
	}
	said[used] = '\0';
	return used;
}

/* False, and it has said why, if the rule does not hold. */
static bool run_rule(const struct rule *rule, const struct mode *mode)
{
	static char said[SAID_MAX];
	int ends[2], status;
	pid_t child;

	fflush(NULL);
	if (pipe(ends) != 0 || (child = fork()) < 0) {
		perror(rule->name);
		return false;
	}
	if (child == 0) {
		close(ends[0]);
		be_child(rule, mode, ends[1]);
	}
	close(ends[1]);
	read_all(ends[0], said, sizeof(said));
	close(ends[0]);
	if (waitpid(child, &status, 0) != child) {
		perror(rule->name);
		return false;
	}
	if ((WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status)) == rule->status &&
	    (!rule->says || (*rule->says ? strstr(said, rule->says) != NULL : !*said)))
		return true;
	printf("%s with %s processors%s%s: %s %d, expected %d%s%s; it said:\n%s\n", rule->name,
	       mode->processors, mode->schedule ? ", seeded, " : "",
	       mode->schedule ? mode->schedule : "", WIFEXITED(status) ? "status" : "signal",
	       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), rule->status,
	       rule->says ? " and: " : "", rule->says ? rule->says : "", said);
	return false;
}

/*
 * Seeded runs have one thread, so there is nothing in them for ThreadSanitizer to find, and under it, or
 * an emulator, they take longer than a rule may. The other builds have them.
 */
#if defined(__SANITIZE_THREAD__) || defined(LTR_TEST_EMULATED)
#define SEEDED_MODES 0
#else
#define SEEDED_MODES 2
#endif

int run_rules(const struct rule *rules, size_t count)
{
	static const struct mode modes[] = {
		{"1", NULL}, {"2", NULL}, {"8", NULL}, {"1", "random"}, {"1", "pct"},
	};
	const char *seed = getenv("LTR_TEST_SEED");
	size_t failed = 0;

	rule_seed = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL) * 2654435761u | 1;
	printf("LTR_TEST_SEED=%llu\n", (unsigned long long)rule_seed);
	for (size_t i = 0; i < count; i++) {
		bool holds = true;

		for (size_t m = 0; m < (rules_need_threads ? 3 : 3 + SEEDED_MODES); m++)
			holds &= run_rule(&rules[i], &modes[m]);
		printf("%s %s\n", holds ? "holds " : "FAILED", rules[i].name);
		failed += !holds;
	}
	printf("%zu rules, %zu failed\n", count, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
