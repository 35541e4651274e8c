/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_VERDICTS_H
#define LOITER_CLI_VERDICTS_H

/*
 * What is wrong with a program that goes on, or with one in a recording, judged again and again for
 * the screen.
 *
 * A judgement is made in two steps. First all goroutines are looked at, in slices, for those who
 * can be in a finding at all: in most programs nobody. Then those alone are judged, in one piece;
 * and not even that if they are the same as last time and none of them waits for a lock. Deadlocks
 * are judged by two snapshots that are far enough apart, see second_look.h. Leaks are proven only
 * after somebody has looked at all references, see proving.h.
 *
 * Of a recording every moment can be judged, in any order; the earlier snapshot is then the one
 * before in it. A judgement begins anew when the census shows another moment than the one that it
 * began with.
 *
 * Whoever is unsure (records of it were lost) is left out: the screen marks it anyway.
 */

#include <probe/probe.h>
#include <tui/tui.h>

struct ltr__verdicts;

/* `older_than_ns` as in struct ltr_judge_options. -ENOMEM. The probe must live as long as this. */
int ltr__verdicts_new(struct ltr_probe *probe, uint64_t older_than_ns,
		      struct ltr__verdicts **ret_verdicts);
struct ltr__verdicts *ltr__verdicts_free(struct ltr__verdicts *verdicts); /* takes and gives NULL */

/* The census shows another moment, or the same one again: its indices are others. */
void ltr__verdicts_forget(struct ltr__verdicts *verdicts);

/*
 * Of a recording: when a finding arose that does not tell it (arising.h). Of a few the last ones
 * are known.
 */
void ltr__verdicts_learn(struct ltr__verdicts *verdicts, uint64_t key, uint64_t arose_ns);

/*
 * Whether this finding of the last judgement may be there only because references were looked at.
 */
bool ltr__verdicts_is_proven(const struct ltr__verdicts *verdicts, uint64_t key);

/* As `judge` of struct ltr_tui_source. */
int ltr__verdicts_go_on(struct ltr__verdicts *verdicts, uint64_t budget_ns,
			const struct ltr_tui_findings **ret_findings);

#endif
