/* SPDX-License-Identifier: MIT */
#ifndef LTR_TEST_HARNESS_H
#define LTR_TEST_HARNESS_H

/*
 * A rule is a main goroutine that checks one thing with expect(). The runtime starts once in a
 * process, and some rules end it, so each rule runs in a child of its own, with 1, 2 and 8
 * processors and in two seeded runs (docs/runtime.md); what it says on standard error is read back. A child that hangs is ended after
 * RULE_SECONDS and counts as failed.
 */

#include <errno.h>
#include <loiter.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RULE_SECONDS 60

/*
 * How many goroutines a rule takes: ThreadSanitizer needs about a millisecond for each, and an
 * emulated processor is ten to twenty times slower.
 */
#if defined(__SANITIZE_THREAD__) || defined(LTR_TEST_EMULATED)
#define SCALED(count) ((count) / 50 + 1)
#else
#define SCALED(count) (count)
#endif

#define expect(condition)                                                                       \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			_exit(99);                                                              \
		}                                                                               \
	} while (0)

struct rule {
	const char *name;
	int (*main_goroutine)(int argc, char **argv);
	int status; /* that the child has to end with; negative: the signal that ends it */
	/* that its standard error has to contain; "": it has to be empty; NULL: nothing is asked */
	const char *says;
};

#define RULE(function)                       \
	{                                    \
#function, function, 0, NULL \
	}
#define FATAL_RULE(function, words)           \
	{                                     \
#function, function, 2, words \
	}

#define SIGNAL_RULE(function, number, words)          \
	{                                             \
#function, function, -(number), words \
	}

/* Called in the child before ltr_run(), if it is not NULL. */
extern void (*rule_before)(const struct rule *rule);

/* These rules are about several threads at once: no seeded runs, which have one. */
extern bool rules_need_threads;

/* Run them all; for main(). */
int run_rules(const struct rule *rules, size_t count);

/* A seed for what is random in a rule: printed by run_rules(), LTR_TEST_SEED chooses it. */
uint64_t rule_random(uint64_t *state);
extern uint64_t rule_seed;

#endif
