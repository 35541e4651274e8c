/* SPDX-License-Identifier: MIT */
#ifndef LOITER_BENCH_VERDICT_H
#define LOITER_BENCH_VERDICT_H

/* The corpus (tests/corpus), what is to be said of its programs, and what loiter check says. */

#include <stdbool.h>
#include <stddef.h>

/* What the comments of one source expect of one of its two programs. */
struct ltr__case {
	char source[64]; /* the file's name */
	char program[64];
	char class[64];
	bool leaks;
	bool explore;    /* it depends on the schedule */
	char reason[40]; /* what the leaked goroutine waits for; "any": it moves, nothing is sure */
	int line;        /* and where */
};

/* Read all cases of a folder, in the order of their names. Returns how many; prints and exits. */
size_t ltr__corpus_read(const char *folder, struct ltr__case **ret_cases);

enum ltr__answer {
	LTR__ANSWER_RIGHT,
	LTR__ANSWER_MISSED,       /* a leak that was not found, or not there where it is */
	LTR__ANSWER_FALSE_ALARM,  /* a twin of which something was found */
	LTR__ANSWER_INCONCLUSIVE, /* 24, or loiter failed itself */
};

struct ltr__verdict {
	enum ltr__answer answer;
	char grade[24]; /* of the finding, if a leak was found */
	long schedules; /* how many were run */
	long seed;      /* the first that was not clean */
	int status;     /* loiter's */
};

struct ltr__run_options {
	bool ordinary;         /* once, as it comes; otherwise seeded */
	int schedules;         /* at most, to find a leak that depends on them */
	int twin_schedules[2]; /* for a twin that does not depend on them, and one that does */
	int jobs;
};

/* Run loiter check on all of them, `jobs` at a time. */
void ltr__corpus_run(const struct ltr__case *cases, size_t count,
		     const struct ltr__run_options *options, struct ltr__verdict *ret_verdicts);

/* verdict_crowd.c: how long it takes to judge so many leaked goroutines, and to report them; prints it. */
void ltr__crowd_measure(const char *goroutines);

#endif
