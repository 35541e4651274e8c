/* SPDX-License-Identifier: MIT */

/*
 * Scopes. Membership is a label, so that starting goroutines pays nothing for it; who ends a scope
 * goes through all descriptors. It reads those of goroutines that go on meanwhile as an outsider
 * does (layout.h): their memory, that of labels and names, and that of stacks is never unmapped, and
 * what was read counts if the id is still the same afterwards; for a stack, the sequence.
 *
 * Such reads are kept in functions that sanitizers leave alone (LTR__READS_AS_OUTSIDER), which
 * therefore call nothing of libc.
 */

#include <errno.h>
#include <loiter/scope.h>
#include <stdio.h>
#include <string.h>

#include "arch.h"
#include "clock.h"
#include "fatal.h"
#include "scheduler.h"

#define FIRST_PAUSE_NS (100 * LTR_MICROSECOND)
#define LONG_PAUSE_NS  (10 * LTR_MILLISECOND)
#define SAID_MAX       20

/* Copied out of a descriptor and what hangs on it. */
struct seen {
	struct ltr_scope_left left;
	char name[LTR_NAME_BYTES];
};

typedef void report_function(const struct ltr_scope_left *left, void *argument);

static uint64_t last_number; /* atomic */

LTR__READS_AS_OUTSIDER static bool has_label(const struct ltr_labels *labels, const char *key)
{
	const volatile struct ltr_labels *set = labels;
	uint32_t count = set ? set->count : 0;

	for (uint32_t i = 0; i < count && i < LTR_LABEL_MAX; i++) {
		uint32_t at = 0;

		while (at < LTR_LABEL_KEY_BYTES && set->label[i].key[at] == key[at] && key[at])
			at++;
		if (at < LTR_LABEL_KEY_BYTES && set->label[i].key[at] == key[at])
			return true;
	}
	return false;
}

/* Its id, if it is of the scope and has to end; otherwise 0. */
LTR__READS_AS_OUTSIDER static uint64_t member_id(const struct ltr__goroutine *goroutine,
						 const struct ltr_scope *scope)
{
	uint64_t id = __atomic_load_n(&goroutine->id, __ATOMIC_ACQUIRE);

	if (!id || (goroutine->own_flags & LTR_GOROUTINE_DAEMON) ||
	    !has_label(__atomic_load_n(&goroutine->labels, __ATOMIC_ACQUIRE), scope->label))
		return 0;
	/* what was read above was read before this */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&goroutine->id, __ATOMIC_RELAXED) == id ? id : 0;
}

/* As fatal.c's say_stack(): by frame pointers, each inside the stack and above the last. The bounds are
 * trusted once they are known to be of one goroutine: the memory of stacks is never unmapped. */
LTR__READS_AS_OUTSIDER static size_t read_stack(const struct ltr__goroutine *goroutine, uint64_t id,
						uint32_t sequence, const void **ret_stack)
{
	const char *low = goroutine->stack_low, *high = goroutine->stack_high;
	const char *sp = goroutine->saved_sp;
	const uint64_t *fp;
	size_t depth = 0;

	if (!low || low >= high || !sp || sp < low || sp > high - 16 - LTR__SAVED_FP_OFFSET ||
	    !ltr__is_still(goroutine, id, sequence))
		return 0;
	fp = *(const uint64_t *const volatile *)(const void *)(sp + LTR__SAVED_FP_OFFSET);
	while (depth < LTR_SCOPE_FRAMES && ltr__may_be_frame(fp, low, high)) {
		const volatile uint64_t *frame = fp;
		const uint64_t *next = (const uint64_t *)(uintptr_t)frame[0];

		if (!next)
			break;
		ret_stack[depth++] = (const void *)(uintptr_t)frame[1];
		if (next <= fp)
			break;
		fp = next;
	}
	return depth;
}

LTR__READS_AS_OUTSIDER static bool read_member(const struct ltr__goroutine *goroutine, uint64_t id,
					       struct seen *ret_seen)
{
	uint32_t sequence = __atomic_load_n(&goroutine->sequence, __ATOMIC_ACQUIRE);
	const volatile char *name = __atomic_load_n(&goroutine->name, __ATOMIC_ACQUIRE);
	struct ltr_scope_left *left = &ret_seen->left;
	uint8_t state = goroutine->state, reason = goroutine->reason;
	uint32_t at = 0;

	for (; name && at < LTR_NAME_BYTES - 1 && name[at]; at++)
		ret_seen->name[at] = name[at];
	ret_seen->name[at] = '\0';
	left->id = id;
	left->parent_id = goroutine->parent_id;
	left->name = ret_seen->name;
	left->site = goroutine->site;
	left->depth = 0;
	if (state != LTR_STATE_RUNNING && state != LTR_STATE_QUEUED)
		left->depth = read_stack(goroutine, id, sequence, left->stack);
	if (!ltr__is_still(goroutine, id, sequence)) {
		left->depth = 0; /* it has gone on: where it was is not where it is */
		state = LTR_STATE_RUNNING;
		reason = LTR_REASON_NONE;
	}
	left->doing = reason && ltr_reason_state(reason) == state ? ltr_reason_name(reason)
								  : ltr_state_name(state);
	return __atomic_load_n(&goroutine->id, __ATOMIC_RELAXED) == id;
}

/* All that are left, but `self`; `report` may be NULL. */
static int go_through(const struct ltr_scope *scope, const struct ltr__goroutine *self,
		      report_function *report, void *argument)
{
	uint32_t slabs = __atomic_load_n(&ltr__slab_count, __ATOMIC_ACQUIRE);
	int count = 0;

	for (uint32_t i = 0; i < slabs; i++) {
		for (uint32_t j = 0; j < LTR__SLAB_DESCRIPTORS; j++) {
			const struct ltr__goroutine *goroutine = &ltr__slabs[i][j];
			uint64_t id = goroutine == self ? 0 : member_id(goroutine, scope);
			struct seen seen;

			if (!id || (report && !read_member(goroutine, id, &seen)))
				continue;
			if (report)
				report(&seen.left, argument);
			count++;
		}
	}
	return count;
}

static void wait_for_all(const struct ltr_scope *scope, const struct ltr__goroutine *self,
			 int64_t deadline_ns)
{
	int64_t pause_ns = FIRST_PAUSE_NS;

	while (go_through(scope, self, NULL, NULL) && !ltr__is_late(deadline_ns)) {
		ltr__sleep_until(ltr__sooner(ltr_after(pause_ns), deadline_ns), LTR__NO_CONTEXT);
		pause_ns = 2 * pause_ns < LONG_PAUSE_NS ? 2 * pause_ns : LONG_PAUSE_NS;
	}
}

/* --- what is said ------------------------------------------------------------------------------- */

struct saying {
	const struct ltr_scope *scope;
	int said;
};

static void say_left(const struct ltr_scope_left *left, void *argument)
{
	struct saying *saying = argument;

	if (saying->said == 0)
		ltr__say_line("loiter: goroutines of scope \"%s\" have not ended:\n",
			      saying->scope->name);
	if (saying->said++ >= SAID_MAX)
		return;
	ltr__say_line("\ngoroutine %llu%s%s%s [%s]:\n", (unsigned long long)left->id,
		      *left->name ? " \"" : "", left->name, *left->name ? "\"" : "", left->doing);
	for (size_t i = 0; i < left->depth; i++)
		ltr__say_address(left->stack[i]);
	if (left->site)
		ltr__say_line("created by %s in goroutine %llu\n\t%s:%llu\n", left->site->function,
			      (unsigned long long)left->parent_id, left->site->file,
			      (unsigned long long)left->site->line);
}

/* --- the calls ---------------------------------------------------------------------------------- */

int ltr_scope_begin(struct ltr_scope *scope, const char *name)
{
	uint64_t number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);

	ltr__caller("ltr_scope_begin");
	memset(scope, 0, sizeof(*scope));
	snprintf(scope->label, sizeof(scope->label), "scope.%llu", (unsigned long long)number);
	snprintf(scope->name, sizeof(scope->name), "%s", name && *name ? name : "unnamed");
	return ltr_set_label(scope->label, scope->name);
}

/* Labels stand in the order in which they were set: the last one is the innermost scope. */
int ltr_scope_current(struct ltr_scope *ret_scope)
{
	const struct ltr_labels *labels = ltr__caller("ltr_scope_current")->labels;

	for (uint32_t i = labels ? labels->count : 0; i-- > 0;) {
		if (strncmp(labels->label[i].key, "scope.", 6) != 0)
			continue;
		memcpy(ret_scope->label, labels->label[i].key, sizeof(ret_scope->label));
		memcpy(ret_scope->name, labels->label[i].value, sizeof(ret_scope->name));
		return 0;
	}
	return -ENOENT;
}

int ltr_scope_count(const struct ltr_scope *scope)
{
	return go_through(scope, ltr__caller("ltr_scope_count"), NULL, NULL);
}

int ltr__scope_end_with(struct ltr_scope *scope, report_function *report, void *argument,
			int64_t deadline_ns)
{
	struct ltr__goroutine *self = ltr__caller("ltr_scope_end");
	int count;

	wait_for_all(scope, self, deadline_ns);
	count = go_through(scope, self, report, argument);
	ltr_set_label(scope->label, NULL);
	return count;
}

int ltr__scope_end(struct ltr_scope *scope, int64_t deadline_ns)
{
	struct saying saying = {.scope = scope};
	int count = ltr__scope_end_with(scope, say_left, &saying, deadline_ns);

	if (saying.said > SAID_MAX)
		ltr__say_line("\n... and %d more goroutines\n", saying.said - SAID_MAX);
	return count;
}
