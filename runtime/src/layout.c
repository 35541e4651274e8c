/* SPDX-License-Identifier: MIT */

/* The object that outsiders look for. */

#include "layout.h"

#include <loiter/sync.h>

#include "arch.h"
#include "channel.h"
#include "clock.h"
#include "goroutine.h"
#include "monitor.h"
#include "note.h"
#include "region.h"
#include "trace.h"

#define FIELD(name, size) [LTR_FIELD_##name] = {offsetof(struct ltr__goroutine, name), size},
#define CHECK(name, size) \
	_Static_assert(sizeof(((struct ltr__goroutine *)0)->name) == (size), #name);

LTR_DESCRIPTOR_FIELDS(CHECK)

#define READ_LOCK(n)            \
	[LTR_FIELD_read_lock_## \
		n] = {offsetof(struct ltr__goroutine, run.read_lock[(n)]), sizeof(const void *)}

#define CHECK_LOCK(type, name, place) \
	_Static_assert(offsetof(struct type, place) == offsetof(struct ltr_lock_words, name), #type)
CHECK_LOCK(ltr_mutex, state, state);
CHECK_LOCK(ltr_mutex, locked_at, locked_at);
CHECK_LOCK(ltr_mutex, owner, owner);
CHECK_LOCK(ltr_mutex, marks, queue.marks);
CHECK_LOCK(ltr_mutex, unlocker, unlocker);
CHECK_LOCK(ltr_rwmutex, state, state);
CHECK_LOCK(ltr_rwmutex, locked_at, locked_at);
CHECK_LOCK(ltr_rwmutex, owner, owner);
CHECK_LOCK(ltr_rwmutex, marks, readers.marks);
CHECK_LOCK(ltr_rwmutex, unlocker, unlocker);

#define CHECK_WORDS(type, before)                                                              \
	_Static_assert(offsetof(struct type, queue) == (before) &&                             \
			       offsetof(struct type, queue.marks) ==                           \
				       (before) + offsetof(struct ltr_sync_words, first_at) && \
			       offsetof(struct type, comers) ==                                \
				       (before) + offsetof(struct ltr_sync_words, giver_id),   \
		       #type)
CHECK_WORDS(ltr_waitgroup, sizeof(uint64_t));
CHECK_WORDS(ltr_cond, 0);
CHECK_WORDS(ltr_semaphore, 2 * sizeof(uint64_t));

#define CHECK_HEAD(name)                                                             \
	_Static_assert(offsetof(struct ltr_channel, name) ==                         \
				       offsetof(struct ltr_channel_head, name) &&    \
			       sizeof(((struct ltr_channel *)0)->name) ==            \
				       sizeof(((struct ltr_channel_head *)0)->name), \
		       #name)
CHECK_HEAD(element_bytes);
CHECK_HEAD(closed);
CHECK_HEAD(capacity);
CHECK_HEAD(count);

_Static_assert(sizeof(struct ltr_case) == sizeof(struct ltr_case_words) &&
		       offsetof(struct ltr_case, chan) ==
			       offsetof(struct ltr_case_words, channel) &&
		       offsetof(struct ltr_case, is_receive) ==
			       offsetof(struct ltr_case_words, is_receive),
	       "cases are read from outside");

#define CHECK_COMERS(name, size)                                                            \
	_Static_assert(offsetof(struct ltr__comers, name) ==                                \
				       offsetof(struct ltr_sync_words, name) -              \
					       offsetof(struct ltr_sync_words, giver_id) && \
			       sizeof(((struct ltr__comers *)0)->name) == (size),           \
		       #name)
CHECK_COMERS(giver_id, 8);
CHECK_COMERS(taker_id, 8);
CHECK_COMERS(given_at, 4);
CHECK_COMERS(taken_at, 4);

struct ltr_layout ltr_layout __attribute__((section(LTR_LAYOUT_SECTION), used)) = {
	.magic = LTR_LAYOUT_MAGIC,
	.version = LTR_LAYOUT_VERSION,
	.bytes = sizeof(struct ltr_layout),
	.slab_max = LTR__SLAB_MAX,
	.slab_descriptors = LTR__SLAB_DESCRIPTORS,
	.descriptor_bytes = sizeof(struct ltr__goroutine),
	.saved_fp_offset = LTR__SAVED_FP_OFFSET,
	.fields = {LTR_DESCRIPTOR_FIELDS(FIELD) READ_LOCK(0), READ_LOCK(1)},
	.ring_max = LTR__THREAD_MAX,
	.event_bytes = sizeof(struct ltr_event),
	.stack_max = LTR__STACK_MAX,
	.region_max = LTR__REGION_MAX,
	.coarse_ns = LTR__COARSE_NS,
	.lock_bytes = LTR_LOCK_WORDS_LEAST,
	.lock_bytes_all = sizeof(struct ltr_lock_words),
	.channel_words = offsetof(struct ltr_channel, words),
	.sync_words = sizeof(struct ltr_sync_words),
	.channel_head = sizeof(struct ltr_channel_head),
	.case_bytes = sizeof(struct ltr_case_words),
	.note_bytes = sizeof(struct ltr_stack_note),
	.note_max = LTR__NOTE_MAX,
};

static uint64_t address(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

void ltr__layout_init(void)
{
	ltr__clock_init(&ltr_layout.clock_ticks, &ltr_layout.clock_ns);
	ltr_layout.clock = ltr__clock;
	ltr_layout.processors = ltr__sched.processor_count;
	ltr_layout.slabs = address(ltr__slabs);
	ltr_layout.slab_count = address(&ltr__slab_count);
	ltr_layout.rings = address(ltr__rings);
	ltr_layout.ring_count = address(&ltr__ring_count);
	ltr_layout.watch = address(&ltr__watch);
	ltr_layout.watch_slots = address(ltr__watch_slots);
	ltr_layout.handover = (uint64_t)(uintptr_t)ltr__handover;
	ltr_layout.want_stacks = (uint64_t)(uintptr_t)ltr__want_stacks;
	ltr_layout.stacks = address(ltr__stacks);
	ltr_layout.stack_count = address(&ltr__stack_count);
	ltr_layout.regions = address(ltr__regions);
	ltr_layout.region_count = address(&ltr__region_count);
	ltr_layout.monitor_words[0] = address(&ltr__sched.main_done);
	ltr_layout.monitor_words[1] = address(&ltr__monitor_asleep);
	ltr_layout.notes = address(ltr__notes);
	ltr_layout.note_progress = address(&ltr__note_progress);
	ltr__layout_phase(LTR_PHASE_RUNNING);
	/* release: outsiders look at this first */
	__atomic_store_n(&ltr_layout.ready, 1, __ATOMIC_RELEASE);
}

void ltr__layout_phase(enum ltr_phase phase)
{
	__atomic_store_n(&ltr_layout.phase, phase, __ATOMIC_RELEASE);
}
