/* SPDX-License-Identifier: MIT */
#ifndef LTR_TRACE_H
#define LTR_TRACE_H

/*
 * The one place where a goroutine's state changes, and therefore the one place that emits.
 *
 * Each thread has a ring that it alone writes. A full batch, a thread that goes idle, or the
 * monitor hands the new part over by a call of ltr__handover(), where a tracer sits (layout.h).
 * While nobody watches, a transition costs a load of ltr__watch and a branch. LTR_NO_PROBES leaves out
 * even these, and with them all watching by events: only bench/probe.c, to see what they cost.
 */

#include <loiter/event.h>
#include <loiter/layout.h>

#include "clock.h"
#include "scheduler.h"

#ifndef LTR__RING_CAPACITY
#define LTR__RING_CAPACITY 32768u
#endif

#define LTR__STACK_MAX 16384u

extern struct ltr_watch ltr__watch;
extern struct ltr_watch_slot ltr__watch_slots[LTR_WATCH_SLOTS];
extern struct ltr_ring ltr__rings[LTR__THREAD_MAX];
extern uint32_t ltr__ring_count;
extern struct ltr_stack_entry *ltr__stacks;
extern uint32_t ltr__stack_count;

void ltr__handover(const struct ltr_event *records, uint64_t count, uint64_t position,
		   uint64_t ring);
void ltr__want_stacks(void);

/* Address space for the stack table. -ENOMEM. */
int ltr__trace_init(void);

/* The ring of the calling thread, a new one; NULL without memory. */
struct ltr_ring *ltr__ring_new(uint32_t index);

/* Hand over what is new. From any thread. */
void ltr__trace_flush(struct ltr_ring *ring);
void ltr__trace_flush_all(void);

/* Free the slots of watchers that are gone; returns whether anybody watches. Monitor only. */
int ltr__trace_watchers(int64_t now_ns);

/* The last word of a record; one register, and for the most part known when it is compiled. */
struct ltr__what {
	uint32_t sequence;
	uint8_t kind;
	uint8_t reason;
	uint8_t flags;
	uint8_t reserved;
};

/* Somebody watches. Returns the time that the record carries. */
uint64_t ltr__emit(struct ltr__thread *thread, const struct ltr__goroutine *goroutine, uint64_t arg,
		   struct ltr__what what);

/*
 * The number of a stack in the table, 1 .. LTR_STACK_DEPTH_MAX frames of it; 0: it is not there, and there
 * are `most` others already.
 */
uint32_t ltr__stack_number(const uint64_t *pcs, uint32_t depth, uint32_t most);

/* The STACK record of a goroutine that has just parked, walked from its frame pointer. */
void ltr__emit_stack(struct ltr__thread *thread, struct ltr__goroutine *goroutine, void *frame);

/* The STACK record before the READY of `woken`: where `self`, which unlocks, is. */
void ltr__emit_unlock(struct ltr__thread *thread, const struct ltr__goroutine *self,
		      const struct ltr__goroutine *woken, void *frame);

static inline bool ltr__watched(void)
{
#ifdef LTR_NO_PROBES
	return false;
#endif
	typedef uint64_t __attribute__((may_alias)) all_counts;

	return __builtin_expect(
		__atomic_load_n((const all_counts *)&ltr__watch, __ATOMIC_RELAXED) != 0, 0);
}

static inline bool ltr__stacks_wanted(void)
{
	return __atomic_load_n(&ltr__watch.stacks_kernel, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&ltr__watch.stacks_slots, __ATOMIC_RELAXED);
}

/*
 * By who unlocks, before it makes `woken` ready, which waited for the lock and is its to wake. `frame` is
 * that of the unlocking call.
 */
static inline void ltr__note_unlock(const struct ltr__goroutine *self,
				    const struct ltr__goroutine *woken, void *frame)
{
	if (ltr__watched() && ltr__stacks_wanted())
		ltr__emit_unlock(ltr__self(), self, woken, frame);
}

/*
 * Change the state. Transitions of one goroutine are ordered by whatever made it ready or parked it,
 * so the sequence needs no atomic arithmetic. `arg` is that of the event (event.h).
 */
static inline __attribute__((always_inline)) void ltr__transition(
	struct ltr__thread *thread, struct ltr__goroutine *goroutine, enum ltr_kind kind,
	enum ltr_state state, enum ltr_reason reason, uint8_t flags, uint64_t arg)
{
	uint32_t sequence = goroutine->sequence;

	/* odd while it is written; release fences: pairs with readers outside (layout.h) */
	__atomic_store_n(&goroutine->sequence, sequence + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	goroutine->state = (uint8_t)state;
	goroutine->reason = (uint8_t)reason;
	goroutine->since_ticks = ltr__coarse();
	if (kind == LTR_KIND_PARK)
		goroutine->object = arg;
	else if (kind == LTR_KIND_READY)
		goroutine->waker_id = arg;
	else if (kind == LTR_KIND_START)
		goroutine->saved_sp = NULL;
	if (ltr__watched())
		goroutine->since_ticks =
			ltr__emit(thread, goroutine, arg,
				  (struct ltr__what){.sequence = (sequence + 2) >> 1,
						     .kind = (uint8_t)kind,
						     .reason = (uint8_t)reason,
						     .flags = flags});
	__atomic_store_n(&goroutine->sequence, sequence + 2, __ATOMIC_RELEASE);
}

#endif
