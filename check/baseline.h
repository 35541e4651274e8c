/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CHECK_BASELINE_H
#define LOITER_CHECK_BASELINE_H

/*
 * The baseline: goroutines that are known to be left, and do not fail a run. It is a text file that
 * people read, edit, and review:
 *
 *	loiter baseline 1
 *	# why these two are still there: issue 17
 *	2 function "wait_for_reply" creator "serve" reason "chan send"
 *	* creator "test_pool" label "test=pool"
 *
 * The first line is that one. Then each line is an entry: how many goroutines it excuses in a run
 * ("*": however many), and what they have in common, as pairs of a key and a value:
 *
 *	function  where it is: the innermost function that is not the runtime's; of a goroutine that
 *	          runs, or never ran, the function it runs
 *	creator   the function that created it
 *	reason    what it waits for, in the words of the report: "chan send"; or its state: "running"
 *	label     "KEY=VALUE", a label that it has; may be there several times
 *	grade     "deadlock": only a deadlock; without it: every grade but a deadlock
 *
 * A key that is not there fits everything; function, creator or label has to be there. Values are
 * in double quotes, with \" \\ and \xNN, or single words. Lines that begin with # and empty lines
 * say nothing. There are no line numbers in it, so that it outlives an edit of the program.
 *
 * Entries are tried in their order, and each goroutine is taken off the first that fits and has
 * some left.
 */

#include "check.h"

struct ltr_baseline_error {
	uint32_t line; /* from 1; 0: the file as a whole */
	char text[160];
};

/*
 * Read a baseline from memory. -EINVAL and a sentence part in `ret_error` if it is malformed.
 * What is quoted there is cleaned.
 */
int ltr_baseline_parse(const char *text, size_t bytes, struct ltr_baseline **ret_baseline,
		       struct ltr_baseline_error *ret_error);
struct ltr_baseline *ltr_baseline_free(struct ltr_baseline *baseline); /* takes NULL */

struct ltr_baseline_entry {
	uint32_t line;
	uint64_t count; /* UINT64_MAX: however many */
	uint64_t
		used; /* goroutines excused by it; of several runs or looks, in the one with most */
	const char *text; /* the line as it was written, without blanks around it. Not cleaned */
};

size_t ltr_baseline_count(const struct ltr_baseline *baseline);
struct ltr_baseline_entry ltr_baseline_at(const struct ltr_baseline *baseline, size_t index);

/* Another run of the same command begins: what each entry excuses is counted anew. */
void ltr_baseline_next_run(struct ltr_baseline *baseline); /* takes NULL */

/*
 * What is judged in between is a look at a run that goes on: it is counted for itself, as if it were a run,
 * and what was excused in the run before the look counts on after it. Both take NULL; looks do not nest.
 */
void ltr_baseline_look_begins(struct ltr_baseline *baseline);
void ltr_baseline_look_ends(struct ltr_baseline *baseline);

/*
 * How many goroutines less this entry could excuse; for "*" 1 if it has excused nobody. Of use only
 * if the whole run was judged, see ltr_judgement_is_conclusive().
 */
uint64_t ltr_baseline_stale(const struct ltr_baseline *baseline, size_t index);

/*
 * Write a baseline that excuses what is in the judgement and of a grade in `fail_on`, also what was
 * excused already. Findings of which no function is known cannot be in one; *ret_left_out counts
 * their goroutines. Errors as ltr_report_write().
 */
int ltr_baseline_write(const struct ltr_judgement *judgement, uint32_t fail_on, FILE *out,
		       uint64_t *ret_left_out);

#endif
