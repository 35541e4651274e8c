/* SPDX-License-Identifier: MIT */

/*
 * See note.h. A goroutine may be woken while its stack is walked, and write to it: so the walk trusts
 * nothing but the bounds of the stack, whose memory is never unmapped, and what it found counts only if the
 * sequence is the same afterwards. It is the walk that outsiders make, and it finds the same frames.
 *
 * Nothing of a crowd of stacks is in a cache. So a group of them is asked for first, and walked
 * when it has come.
 */

#include "note.h"

#include <errno.h>

#include "arch.h"
#include "cold.h"
#include "goroutine.h"
#include "region.h"
#include "reserve.h"
#include "scheduler.h"
#include "trace.h"

#define GROUP         32u
#define LINE_BYTES    64u
#define PREFETCH_MOST 640u    /* of a stack */
#define SLICE_NS      1000000 /* then the monitor looks after other things */
#define ALL           UINT32_MAX

/* The other half of the table is for who asks for the stacks of all waits. */
#define STACKS_MOST (LTR__STACK_MAX / 2)

_Static_assert(LTR__SLAB_DESCRIPTORS % GROUP == 0, "groups do not cross slabs");

#define NOTES_BYTES ((size_t)LTR__SLAB_MAX * LTR__SLAB_DESCRIPTORS * sizeof(struct ltr_stack_note))

/* Others change what is read here. */
#define LOOKS_AT_OTHERS __attribute__((no_sanitize("address", "thread")))

struct ltr_stack_note *ltr__notes;
struct ltr_note_progress ltr__note_progress = {.looked = ALL};

static uint16_t seen_kernel, seen_slots; /* how many watched when we looked last */
static uint32_t next, end;               /* the groups that are left */

int ltr__note_init(void)
{
	if (ltr__notes)
		return 0;
	ltr__notes = ltr__reserve(NOTES_BYTES);
	if (!ltr__notes)
		return -ENOMEM;
	ltr__region_add(ltr__notes, NOTES_BYTES, LTR_REGION_PRIVATE, 0);
	return 0;
}

/* Where a goroutine waits. */
struct stand {
	const struct ltr__goroutine *goroutine;
	struct ltr_stack_note *note;
	uint64_t id;
	uint32_t sequence;
	const char *sp;
	const char *low;
	const char *high;
};

/* False if it does not wait, is just being changed, or has its note. */
LOOKS_AT_OTHERS static bool look_at(uint32_t number, struct stand *stand)
{
	const struct ltr__goroutine *goroutine =
		&ltr__slabs[number / LTR__SLAB_DESCRIPTORS][number % LTR__SLAB_DESCRIPTORS];

	stand->goroutine = goroutine;
	stand->note = &ltr__notes[number];
	/* acquire: pairs with ltr__transition(); saved_sp is written after the last of its stack */
	stand->sequence = __atomic_load_n(&goroutine->sequence, __ATOMIC_ACQUIRE);
	stand->id = goroutine->id;
	if (!stand->id || stand->sequence & 1 || goroutine->state < LTR_STATE_SLEEP ||
	    goroutine->state > LTR_STATE_SYNC ||
	    (stand->note->id == stand->id && stand->note->sequence == stand->sequence))
		return false;
	stand->sp = __atomic_load_n((char *const *)&goroutine->saved_sp, __ATOMIC_ACQUIRE);
	stand->low = goroutine->stack_low;
	stand->high = goroutine->stack_high;
	return stand->low && stand->sp >= stand->low &&
	       stand->sp <= stand->high - LTR__SAVED_FP_OFFSET - sizeof(void *);
}

static void ask_for(const struct stand *stand)
{
	const char *line = stand->sp;

	for (; line < stand->high && line < stand->sp + PREFETCH_MOST; line += LINE_BYTES)
		__builtin_prefetch(line);
}

/* The frames; 0: none, or damaged, or more than fit. */
LOOKS_AT_OTHERS static uint32_t walk(const struct stand *stand, uint64_t pcs[LTR_STACK_DEPTH_MAX])
{
	const char *fp = *(char *const *)(const void *)(stand->sp + LTR__SAVED_FP_OFFSET);
	const char *before = NULL;
	uint32_t depth = 0;

	while (fp) {
		const uint64_t *frame = (const void *)fp;

		if (depth == LTR_STACK_DEPTH_MAX || fp <= before || fp < stand->low ||
		    fp > stand->high - 2 * sizeof(*frame) || (uintptr_t)fp % sizeof(*frame))
			return 0;
		pcs[depth++] = frame[1];
		before = fp;
		fp = (const char *)(uintptr_t)frame[0];
	}
	return depth;
}

static void put(struct ltr_stack_note *note, const struct stand *stand, uint32_t stack)
{
	/* odd while it is written; release: pairs with readers outside */
	__atomic_store_n(&note->sequence, 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	note->id = stand->id;
	note->stack = stack;
	__atomic_store_n(&note->sequence, stand->sequence, __ATOMIC_RELEASE);
}

static void note_group(uint32_t group)
{
	struct stand stands[GROUP];
	uint64_t pcs[LTR_STACK_DEPTH_MAX];
	uint32_t count = 0;

	for (uint32_t i = 0; i < GROUP; i++)
		if (look_at(group * GROUP + i, &stands[count]))
			ask_for(&stands[count++]);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t depth = walk(&stands[i], pcs);
		uint32_t stack = 0;

		/* acquire: what was read of the stack comes before this look at the sequence */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (depth && __atomic_load_n(&stands[i].goroutine->sequence, __ATOMIC_RELAXED) ==
				     stands[i].sequence)
			stack = ltr__stack_number(pcs, depth, STACKS_MOST);
		if (stack)
			put(stands[i].note, &stands[i], stack);
	}
}

static void set_looked(uint32_t looked)
{
	/* release: who reads this finds the notes */
	__atomic_store_n(&ltr__note_progress.looked, looked, __ATOMIC_RELEASE);
}

/* Somebody has come: from the beginning, passing over those that have their notes. */
static void begin(void)
{
	/* acquire: pairs with the release by which slabs are counted */
	end = __atomic_load_n(&ltr__slab_count, __ATOMIC_ACQUIRE) * (LTR__SLAB_DESCRIPTORS / GROUP);
	next = 0;
	set_looked(0);
	/* release: who finds the pass does not find how far the one before had come */
	__atomic_store_n(&ltr__note_progress.passes, ltr__note_progress.passes + 1,
			 __ATOMIC_RELEASE);
}

static void look_for_arrivals(void)
{
	uint16_t kernel = __atomic_load_n(&ltr__watch.events_kernel, __ATOMIC_RELAXED);
	uint16_t slots = __atomic_load_n(&ltr__watch.events_slots, __ATOMIC_RELAXED);

	if (kernel > seen_kernel || slots > seen_slots)
		begin();
	seen_kernel = kernel;
	seen_slots = slots;
}

bool ltr__note_stacks(void)
{
	int64_t start_ns;

	look_for_arrivals();
	if (next == end)
		return false;
	if (ltr__cold_is_on() || !ltr__watched())
		next = end;
	start_ns = ltr__real_ns();
	while (next < end && ltr__real_ns() - start_ns < SLICE_NS) {
		note_group(next++);
		set_looked(next * GROUP);
	}
	if (next == end)
		set_looked(ALL);
	return next < end;
}
