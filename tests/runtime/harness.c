/* SPDX-License-Identifier: MIT */

/* See harness.h. */

#include "harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#define SAID_MAX  16384
#define RULES_MAX 128

uint64_t rule_seed;

uint64_t rule_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static _Noreturn void be_child(const struct rule *rule, const char *processors, int out)
{
	char *argv[] = {(char *)(uintptr_t)rule->name, NULL};

	dup2(out, STDERR_FILENO);
	setenv("LTR_PROCS", processors, 1);
	unsetenv("LTR_GATE");
	alarm(RULE_SECONDS);
	/* exit: sanitizers have their say */
	exit(ltr_run(rule->main_goroutine, 1, argv));
}

static size_t read_all(int fd, char *said, size_t bytes)
{
	size_t used = 0;
	char rest[4096];
	ssize_t n;

	while ((n = read(fd, used < bytes - 1 ? said + used : rest,
			 used < bytes - 1 ? bytes - 1 - used : sizeof(rest))) > 0)
		if (used < bytes - 1)
			used += (size_t)n;
	said[used] = '\0';
	return used;
}

static void run_rule(const struct rule *rule, const char *processors)
{
	static char said[SAID_MAX];
	int ends[2], status;
	pid_t child;

	fflush(NULL);
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[0]);
		be_child(rule, processors, ends[1]);
	}
	close(ends[1]);
	read_all(ends[0], said, sizeof(said));
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != rule->status ||
	    (rule->says && !strstr(said, rule->says)))
		fail_msg("%s with %s processors: %s %d, expected %d%s%s; it said:\n%s", rule->name,
			 processors, WIFEXITED(status) ? "status" : "signal",
			 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), rule->status,
			 rule->says ? " and: " : "", rule->says ? rule->says : "", said);
}

static void rule_test(void **state)
{
	static const char *const processors[] = {"1", "2", "8"};

	for (size_t i = 0; i < 3; i++)
		run_rule(*state, processors[i]);
}

int run_rules(const struct rule *rules, size_t count)
{
	static struct CMUnitTest tests[RULES_MAX];
	const char *seed = getenv("LTR_SEED");

	rule_seed = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL) * 2654435761u | 1;
	printf("LTR_SEED=%llu\n", (unsigned long long)rule_seed);
	for (size_t i = 0; i < count && i < RULES_MAX; i++)
		tests[i] = (struct CMUnitTest){rules[i].name, rule_test, NULL, NULL,
					       (void *)(uintptr_t)&rules[i]};
	return _cmocka_run_group_tests("rules", tests, count, NULL, NULL);
}
