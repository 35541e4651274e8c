/* SPDX-License-Identifier: MIT */

/* Rings, hand-over, watchers, and interned stacks. See trace.h and layout.h for the contracts. */

#include "trace.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lock.h"
#include "monitor.h"
#include "reserve.h"
#include "usdt.h"

/* In the file, not in .bss: the kernel raises semaphores only in file mappings. */
struct ltr_watch ltr__watch __attribute__((section(".probes"))) = {0};
struct ltr_watch_slot ltr__watch_slots[LTR_WATCH_SLOTS];
struct ltr_ring ltr__rings[LTR__THREAD_MAX] __attribute__((aligned(64)));
uint32_t ltr__ring_count;

struct ltr_stack_entry *ltr__stacks;
uint32_t ltr__stack_count = 1;

/* stack_index[hash ...] is the entry's number, open addressing, half full at most. */
#define STACK_INDEX_SIZE (2 * LTR__STACK_MAX)
static uint32_t *stack_index;
static uint32_t stack_lock; /* guards adding to both */

int ltr__trace_init(void)
{
	if (!ltr__stacks)
		ltr__stacks = ltr__reserve(LTR__STACK_MAX * sizeof(*ltr__stacks));
	if (!stack_index)
		stack_index = ltr__reserve((size_t)STACK_INDEX_SIZE * sizeof(*stack_index));
	return ltr__stacks && stack_index ? 0 : -ENOMEM;
}

struct ltr_ring *ltr__ring_new(uint32_t index)
{
	struct ltr_ring *ring = &ltr__rings[index];
	void *records = ltr__reserve(LTR__RING_CAPACITY * sizeof(struct ltr_event));

	if (!records)
		return NULL;
	ring->records = (uint64_t)(uintptr_t)records;
	ring->tid = (uint32_t)gettid();
	/* release, last: a ring with a capacity is whole (ltr__trace_flush_all, readers outside) */
	__atomic_store_n(&ring->capacity, LTR__RING_CAPACITY, __ATOMIC_RELEASE);
	/* Rings are made by several threads at once: the count covers all that are finished or not. */
	for (uint32_t count = __atomic_load_n(&ltr__ring_count, __ATOMIC_RELAXED);
	     count < index + 1;)
		if (__atomic_compare_exchange_n(&ltr__ring_count, &count, index + 1, false,
						__ATOMIC_RELEASE, __ATOMIC_RELAXED))
			break;
	return ring;
}

void ltr__trace_flush(struct ltr_ring *ring)
{
	const struct ltr_event *records = (const void *)(uintptr_t)ring->records;

	/* acquire: pairs with the release in ltr__emit */
	if (__atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) ==
	    __atomic_load_n(&ring->handed, __ATOMIC_RELAXED))
		return;
	ltr__lock(&ring->lock);
	for (;;) {
		uint64_t from = ring->handed;
		uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
		uint64_t count = head - from;
		uint64_t to_end = ring->capacity - from % ring->capacity;

		if (count == 0)
			break;
		if (count > LTR_BATCH_MAX)
			count = LTR_BATCH_MAX;
		if (count > to_end)
			count = to_end;
		if (__atomic_load_n(&ltr__watch.events_kernel, __ATOMIC_RELAXED))
			ltr__handover(&records[from % ring->capacity], count, from,
				      (uint64_t)(ring - ltr__rings));
		else
			count = head - from;
		__atomic_store_n(&ring->handed, from + count, __ATOMIC_RELAXED);
	}
	ltr__unlock(&ring->lock);
}

void ltr__trace_flush_all(void)
{
	uint32_t count = __atomic_load_n(&ltr__ring_count, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < count; i++)
		if (__atomic_load_n(&ltr__rings[i].capacity, __ATOMIC_ACQUIRE))
			ltr__trace_flush(&ltr__rings[i]);
}

/*
 * A record is written where it stays, field by field: to make it elsewhere and copy it in larger pieces
 * than it was written in waits until all of its stores have left the CPU, longer than to read the clock.
 */
static inline struct ltr_event *next_record(const struct ltr_ring *ring)
{
	struct ltr_event *records = (void *)(uintptr_t)ring->records;

	/* release: who finds the older record here overwritten finds the last `head`, too */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	return &records[ring->head & (LTR__RING_CAPACITY - 1)];
}

/* Returns whether a batch is full, which the caller hands over then. */
static inline bool publish_record(struct ltr_ring *ring)
{
	uint64_t head = ring->head + 1;

	/* release: pairs with readers, inside and outside */
	__atomic_store_n(&ring->head, head, __ATOMIC_RELEASE);
	return head - __atomic_load_n(&ring->handed, __ATOMIC_RELAXED) >= LTR_BATCH_MAX;
}

_Static_assert(sizeof(struct ltr__what) == LTR_EVENT_BYTES - offsetof(struct ltr_event, sequence) &&
		       offsetof(struct ltr__what, flags) ==
			       offsetof(struct ltr_event, flags) -
				       offsetof(struct ltr_event, sequence),
	       "the end of a record");

/*
 * ltr__emit() calls nobody and keeps nothing on its stack: what is rarely done is done by others in its
 * place, who return what it would.
 */
__attribute__((noinline, cold)) static uint64_t emit_by_slow_clock(
	struct ltr__thread *thread, const struct ltr__goroutine *goroutine, uint64_t arg,
	struct ltr__what what)
{
	thread->step_ticks = ltr__ticks();
	return ltr__emit(thread, goroutine, arg, what);
}

__attribute__((noinline, cold)) static uint64_t emitted(struct ltr__thread *thread,
							const struct ltr__goroutine *goroutine,
							uint64_t arg, struct ltr__what what)
{
	struct ltr_ring *ring = thread->ring;

	ltr__monitor_wake();
	if (ring->head - __atomic_load_n(&ring->handed, __ATOMIC_RELAXED) >= LTR_BATCH_MAX)
		ltr__trace_flush(ring);
	ltr__usdt(goroutine, what.kind, what.reason, arg);
	return thread->step_ticks;
}

uint64_t ltr__emit(struct ltr__thread *thread, const struct ltr__goroutine *goroutine, uint64_t arg,
		   struct ltr__what what)
{
	struct ltr_event *event = next_record(thread->ring);
	uint64_t ticks = thread->step_ticks;

	if (!ticks) {
		if (__builtin_expect(ltr__clock == LTR_CLOCK_MONOTONIC, 0))
			return emit_by_slow_clock(thread, goroutine, arg, what);
		ticks = thread->step_ticks = ltr__ticks();
	}
	event->goroutine = goroutine->id;
	event->ticks = ticks;
	event->arg = arg;
	memcpy(&event->sequence, &what, sizeof(what));
	if (what.kind == LTR_KIND_START && thread->processor) /* the last of 256 is not known */
		event->reason = (uint8_t)(thread->processor->index + 1);

	bool full = publish_record(thread->ring);

	if (__builtin_expect(full || ltr__monitor_is_asleep() || ltr__usdt_is_probed(what.kind), 0))
		return emitted(thread, goroutine, arg, what);
	return ticks;
}

/* FNV-1a over words, folded (Fowler, Noll, Vo; draft-eastlake-fnv). */
static uint32_t hash_stack(const uint64_t *pcs, uint32_t depth)
{
	uint64_t hash = 14695981039346656037u;

	for (uint32_t i = 0; i < depth; i++)
		hash = (hash ^ pcs[i]) * 1099511628211u;
	return (uint32_t)(hash ^ hash >> 32) | 1;
}

/* The number of the stack, or 0 with *ret_free the place in the index where it would go. */
static uint32_t find_stack(uint32_t hash, const uint64_t *pcs, uint32_t depth, uint32_t *ret_free)
{
	for (uint32_t at = hash & (STACK_INDEX_SIZE - 1);; at = (at + 1) & (STACK_INDEX_SIZE - 1)) {
		/* acquire: pairs with the release in ltr__stack_number */
		uint32_t number = __atomic_load_n(&stack_index[at], __ATOMIC_ACQUIRE);
		const struct ltr_stack_entry *entry = &ltr__stacks[number];

		if (!number) {
			*ret_free = at;
			return 0;
		}
		if (entry->hash == hash && entry->depth == depth &&
		    memcmp(entry->pcs, pcs, depth * sizeof(pcs[0])) == 0)
			return number;
	}
}

uint32_t ltr__stack_number(const uint64_t *pcs, uint32_t depth, uint32_t most)
{
	uint32_t hash = hash_stack(pcs, depth);
	uint32_t at;
	uint32_t number = find_stack(hash, pcs, depth, &at);
	struct ltr_stack_entry *entry;

	if (number)
		return number;
	ltr__lock(&stack_lock);
	number = find_stack(hash, pcs, depth, &at);
	if (!number && ltr__stack_count < most) {
		number = ltr__stack_count;
		entry = &ltr__stacks[number];
		entry->hash = hash;
		memcpy(entry->pcs, pcs, depth * sizeof(pcs[0]));
		__atomic_store_n(&entry->depth, depth, __ATOMIC_RELEASE);
		__atomic_store_n(&ltr__stack_count, number + 1, __ATOMIC_RELEASE);
		__atomic_store_n(&stack_index[at], number, __ATOMIC_RELEASE);
	}
	ltr__unlock(&stack_lock);
	return number;
}

/*
 * The number of the stack of a running goroutine from `frame` on; 0: no room for it. The same walk that
 * outsiders make (layout.h, "Unwinding"), so that both find the same stacks.
 */
__attribute__((no_sanitize("address"))) static uint32_t number_stack(
	const struct ltr__goroutine *goroutine, void *frame)
{
	uint64_t pcs[LTR_STACK_DEPTH_MAX];
	uint32_t depth = 0;
	uint64_t *fp = frame;

	while (depth < LTR_STACK_DEPTH_MAX &&
	       ltr__may_be_frame(fp, goroutine->stack_low, goroutine->stack_high)) {
		uint64_t *next = (uint64_t *)(uintptr_t)fp[0];

		pcs[depth++] = fp[1];
		if (next <= fp)
			break;
		fp = next;
	}
	return ltr__stack_number(pcs, depth, LTR__STACK_MAX);
}

static void put_stack(struct ltr__thread *thread, uint64_t id, uint32_t sequence, uint32_t number)
{
	if (!number)
		return;
	*next_record(thread->ring) = (struct ltr_event){
		.goroutine = id,
		.ticks = thread->step_ticks,
		.arg = number,
		.sequence = sequence,
		.kind = LTR_KIND_STACK,
	};
	if (publish_record(thread->ring))
		ltr__trace_flush(thread->ring);
}

void ltr__emit_stack(struct ltr__thread *thread, struct ltr__goroutine *goroutine, void *frame)
{
	put_stack(thread, goroutine->id, goroutine->sequence >> 1, number_stack(goroutine, frame));
}

void ltr__emit_unlock(struct ltr__thread *thread, const struct ltr__goroutine *self,
		      const struct ltr__goroutine *woken, void *frame)
{
	uint32_t number = number_stack(self, frame);

	thread->step_ticks = ltr__ticks();
	put_stack(thread, woken->id, (woken->sequence + 2) >> 1, number);
}

static uint64_t seen_heartbeat[LTR_WATCH_SLOTS];
static int64_t seen_ns[LTR_WATCH_SLOTS];
static bool had_slots;

/* Whether somebody has the slot; not who has said nothing for too long, from whom it is taken. */
static bool is_taken(unsigned i, int64_t now_ns)
{
	struct ltr_watch_slot *slot = &ltr__watch_slots[i];
	uint64_t heartbeat = __atomic_load_n(&slot->heartbeat, __ATOMIC_ACQUIRE);

	/* Whoever takes it next begins to be heard then, even with the heartbeat that was left there. */
	if (!__atomic_load_n(&slot->pid, __ATOMIC_ACQUIRE)) {
		seen_ns[i] = 0;
		return false;
	}
	if (heartbeat != seen_heartbeat[i] || !seen_ns[i]) {
		seen_heartbeat[i] = heartbeat;
		seen_ns[i] = now_ns;
	} else if (now_ns - seen_ns[i] > (int64_t)LTR_WATCH_TIMEOUT_NS) {
		seen_ns[i] = 0;
		__atomic_store_n(&slot->pid, 0, __ATOMIC_RELEASE);
		return false;
	}
	return true;
}

static void count_slots(int64_t now_ns, uint16_t *ret_events, uint16_t *ret_stacks)
{
	uint16_t events = 0, stacks = 0;

	for (unsigned i = 0; i < LTR_WATCH_SLOTS; i++) {
		if (!is_taken(i, now_ns))
			continue;
		events++;
		stacks += (ltr__watch_slots[i].wants & LTR_WATCH_STACKS) != 0;
	}
	*ret_events = events;
	*ret_stacks = stacks;
}

int ltr__trace_watchers(int64_t now_ns)
{
	uint16_t events, stacks, events_again, stacks_again;

	count_slots(now_ns, &events, &stacks);
	/* A watcher sets the counts itself, after its slot: do not take them back in between. */
	while (events || had_slots) {
		had_slots = events != 0;
		__atomic_store_n(&ltr__watch.events_slots, events, __ATOMIC_RELAXED);
		__atomic_store_n(&ltr__watch.stacks_slots, stacks, __ATOMIC_RELAXED);
		/* seq_cst: one that came meanwhile found the old counts, or we find its slot */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		count_slots(now_ns, &events_again, &stacks_again);
		if (events_again == events && stacks_again == stacks)
			break;
		events = events_again;
		stacks = stacks_again;
	}
	return ltr__watched();
}
