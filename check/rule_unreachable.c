/* SPDX-License-Identifier: MIT */
/*
 * leaked, unreachable: nothing that is alive in the program refers to what the goroutine waits on, so
 * nobody can wake it. Who looked at the references is the probe; here it is only taken at its word,
 * and only where it says that this is a proof. Daemons are excused; the main goroutine is not.
 */

#include "internal.h"

static bool is_unreachable(const struct ltr__trial *trial, const struct ltr_goroutine *goroutine)
{
	return ltr_census_leak(trial->census, goroutine) == LTR_LEAK_UNREACHABLE;
}

static int unreachable_check(struct ltr__trial *trial)
{
	ltr__trial_claim_each(trial, is_unreachable);
	return 0;
}

static void unreachable_summary(uint64_t count, FILE *out)
{
	ltr__print_count(count, "goroutine", out);
	fputs(" leaked", out);
}

/* What `reason` is about, for a person. */
static const char *kind_of_object(uint8_t reason)
{
	switch (reason) {
	case LTR_REASON_CHAN_RECEIVE:
	case LTR_REASON_CHAN_SEND:
		return "channel";
	case LTR_REASON_MUTEX_LOCK:
		return "mutex";
	case LTR_REASON_RWMUTEX_RLOCK:
	case LTR_REASON_RWMUTEX_LOCK:
		return "RWMutex";
	case LTR_REASON_WAITGROUP_WAIT:
		return "WaitGroup";
	case LTR_REASON_COND_WAIT:
		return "condition variable";
	case LTR_REASON_SEMACQUIRE:
		return "semaphore";
	case LTR_REASON_ONCE_DO:
		return "once";
	default:
		return NULL;
	}
}

static void print_objects(const struct ltr_finding *finding, FILE *out)
{
	const char *kind = kind_of_object(finding->reason);

	if (finding->count == 1 && kind && finding->object)
		fprintf(out, "the %s %#llx", kind, (unsigned long long)finding->object);
	else if (kind)
		fprintf(out, "the %s that %s on", kind,
			finding->count == 1 ? "it waits" : "each of them waits");
	else
		fprintf(out, "any channel of the select");
}

static void unreachable_explain(const struct ltr_finding *finding, FILE *out)
{
	const struct ltr_reach_info *proof = &finding->proof;

	fputs("no live goroutine, global or heap block refers to ", out);
	print_objects(finding, out);
	fputs(" (", out);
	ltr_reach_summary(proof, out);
	fputs(")", out);
	if (proof->note[0]) {
		fputs("; ", out);
		ltr__print_clean(proof->note, 0, out);
	}
}

const struct ltr_rule ltr__rule_unreachable = {
	.name = "unreachable",
	.grade = LTR_GRADE_LEAKED,
	.check = unreachable_check,
	.shows_creation = true,
	.by_others = true,
	.by_references = true,
	.summary = unreachable_summary,
	.explain = unreachable_explain,
};
