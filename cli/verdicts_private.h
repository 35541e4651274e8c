/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_VERDICTS_PRIVATE_H
#define LOITER_CLI_VERDICTS_PRIVATE_H

/*
 * Between judging (verdicts.c) and what is shown of a judgement (verdicts_shown.c). Invariants:
 * what is shown belongs to `judgement` and `shown`, which are replaced together; `older` is NULL or
 * a look at a snapshot that is LTR__SECOND_LOOK_NS older than `newer` at least.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <check/check.h>

#include "verdicts.h"

#define LTR__NOTE_BYTES 256
#define LTR__LEARNT_MAX 16

struct ltr__look_at {
	struct ltr_look *look;
	uint64_t looked_ns; /* of its snapshot */
};

/* What is shown. Texts are pieces of one allocation each. */
struct ltr__shown {
	struct ltr_tui_findings findings;
	struct ltr_tui_finding *finding;
	struct ltr_tui_line *lines;
	size_t line_count;
	char **texts;
	size_t text_count, text_capacity;
	char note[LTR__NOTE_BYTES];
};

struct ltr__verdicts {
	struct ltr_probe *probe;
	struct ltr_judge_options options;
	char folder[4096];
	uint32_t *among; /* whom the judgement in the making is about */
	size_t count, capacity;
	size_t next;          /* goroutine to be looked at; 0: no judgement is in the making */
	uint64_t moment_ns;   /* that the judgement in the making is of */
	bool has_looked_back; /* of a recording: `older` is what was before that moment */
	uint64_t signature;   /* of all `among`, and of what else the judgement depends on */
	bool has_locks;       /* somebody among them waits for a lock */
	uint64_t again_ns;    /* when ages in what is shown have grown too old */
	bool is_judged;       /* and these are of the last judgement */
	uint64_t judged_signature;
	struct ltr__look_at older, newer;
	struct ltr_judgement *judgement;
	struct ltr__shown shown;
	struct {
		uint64_t key, arose_ns;
	} learnt[LTR__LEARNT_MAX];
	size_t learnt_next;
};

/* A sum of all values and their order. */
static inline uint64_t ltr__mix(uint64_t sum, uint64_t value)
{
	sum = (sum ^ value) * 0x9e3779b97f4a7c15ull;
	return sum ^ sum >> 29;
}

/* Whether it is a recording that is judged. */
bool ltr__verdicts_is_recorded(const struct ltr__verdicts *verdicts);

/* Show this judgement in the place of the one before. Takes it over, also on failure: -ENOMEM. */
int ltr__verdicts_show(struct ltr__verdicts *verdicts, struct ltr_judgement *judgement);

void ltr__shown_done(struct ltr__shown *shown);

#endif
