/* SPDX-License-Identifier: MIT */

/*
 * See note.h. A goroutine may be woken while its stack is walked, and write to it, or end, and its
 * descriptor get another one: so the walk trusts nothing but the bounds of the stack, once they are
 * known to be those of one goroutine (ltr__is_still()), for the memory of stacks is never unmapped;
 * and what it found counts only if that goroutine has not moved afterwards. It is the walk that
 * outsiders make, and it finds the same frames.
 *
 * Nothing of a crowd of stacks is in a cache. So a group of them is walked together, a frame of
 * each at a time: where the next one lies is asked for before the others have their turn, and has
 * come after.
 */

#include "note.h"

#include "arch.h"
#include "cold.h"
#include "goroutine.h"
#include "region.h"
#include "reserve.h"
#include "scheduler.h"
#include "trace.h"

#define GROUP    32u
#define SLICE_NS 1000000 /* then the monitor looks after other things */
#define ALL      UINT32_MAX

/* The other half of the table is for who asks for the stacks of all waits. */
#define STACKS_MOST (LTR__STACK_MAX / 2)

_Static_assert(LTR__SLAB_DESCRIPTORS % GROUP == 0, "groups do not cross slabs");

_Static_assert(LTR__NOTE_MAX % LTR__SLAB_DESCRIPTORS == 0, "a slab has notes, or has none");

#define NOTES_BYTES ((size_t)LTR__NOTE_MAX * sizeof(struct ltr_stack_note))

struct ltr_stack_note *ltr__notes;
struct ltr_note_progress ltr__note_progress = {.looked = ALL};

static uint16_t seen_kernel, seen_slots; /* how many watched when we looked last */
static uint32_t next_group, group_end;   /* those that are left */

/* A goroutine that waits, and how far its stack has been walked. */
struct stand {
	const struct ltr__goroutine *goroutine;
	struct ltr_stack_note *note;
	uint64_t id;
	uint32_t sequence;
	uint32_t depth;   /* of what is in pcs */
	bool damaged;     /* or deeper than fits */
	const char *next; /* the frame pointer of the next frame; NULL: there is none */
	const char *low;
	const char *high;
	uint64_t pcs[LTR_STACK_DEPTH_MAX];
};

/*
 * The group that is walked, of the monitor alone. It is full of addresses that mean nothing to who
 * looks for references, so it lies with the notes, in memory that is said to be private.
 */
static struct stand *stands;

void ltr__note_init(void)
{
	size_t bytes = NOTES_BYTES + GROUP * sizeof(*stands);

	if (ltr__notes)
		return;
	ltr__notes = ltr__reserve(bytes);
	if (!ltr__notes)
		return;
	stands = (void *)((char *)ltr__notes + NOTES_BYTES);
	ltr__region_add(ltr__notes, bytes, LTR_REGION_PRIVATE, 0);
}

LTR__READS_AS_OUTSIDER static bool is_still(const struct stand *stand)
{
	return ltr__is_still(stand->goroutine, stand->id, stand->sequence);
}

/* False if it does not wait, is just being changed, or has its note. */
LTR__READS_AS_OUTSIDER static bool look_at(uint32_t number, struct stand *stand)
{
	const struct ltr__goroutine *goroutine =
		&ltr__slabs[number / LTR__SLAB_DESCRIPTORS][number % LTR__SLAB_DESCRIPTORS];
	const char *sp;

	stand->goroutine = goroutine;
	stand->note = &ltr__notes[number];
	/* acquire: pairs with ltr__transition(); saved_sp is written after the last of its stack */
	stand->sequence = __atomic_load_n(&goroutine->sequence, __ATOMIC_ACQUIRE);
	stand->id = goroutine->id;
	if (!stand->id || stand->sequence & 1 || goroutine->state < LTR_STATE_SLEEP ||
	    goroutine->state > LTR_STATE_SYNC ||
	    (stand->note->id == stand->id && stand->note->sequence == stand->sequence))
		return false;
	sp = __atomic_load_n((char *const *)&goroutine->saved_sp, __ATOMIC_ACQUIRE);
	stand->low = goroutine->stack_low;
	stand->high = goroutine->stack_high;
	if (!sp || !stand->low || stand->low >= stand->high || sp < stand->low ||
	    sp > stand->high - LTR__SAVED_FP_OFFSET - sizeof(uint64_t) || !is_still(stand))
		return false;
	stand->next = sp + LTR__SAVED_FP_OFFSET;
	stand->depth = 0;
	stand->damaged = false;
	return true;
}

/* To the frame at `next`, which is known to be in the stack. */
static void go_to(struct stand *stand, const char *next)
{
	if (next && (!ltr__may_be_frame(next, stand->next + 1, stand->high) ||
		     stand->depth == LTR_STACK_DEPTH_MAX)) {
		stand->damaged = true;
		next = NULL;
	}
	stand->next = next;
	__builtin_prefetch(next);
}

/* What was saved of its registers holds its frame pointer; each frame, that of the next one. */
LTR__READS_AS_OUTSIDER static void begin_walk(struct stand *stand)
{
	go_to(stand, (const char *)*(const uintptr_t *)(const void *)stand->next);
}

LTR__READS_AS_OUTSIDER static void walk_on(struct stand *stand)
{
	const uintptr_t *frame = (const void *)stand->next;

	stand->pcs[stand->depth++] = frame[1];
	go_to(stand, (const char *)frame[0]);
}

static void walk(uint32_t count)
{
	bool more = true;

	for (uint32_t i = 0; i < count; i++)
		begin_walk(&stands[i]);
	while (more) {
		more = false;
		for (uint32_t i = 0; i < count; i++) {
			if (!stands[i].next)
				continue;
			walk_on(&stands[i]);
			more = true;
		}
	}
}

static void put(const struct stand *stand, uint32_t stack)
{
	struct ltr_stack_note *note = stand->note;

	/* odd while it is written; release: pairs with readers outside */
	__atomic_store_n(&note->sequence, 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	note->id = stand->id;
	note->stack = stack;
	__atomic_store_n(&note->sequence, stand->sequence, __ATOMIC_RELEASE);
}

static void note_group(uint32_t group)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < GROUP; i++) {
		if (!look_at(group * GROUP + i, &stands[count]))
			continue;
		__builtin_prefetch(stands[count++].next);
	}
	walk(count);
	for (uint32_t i = 0; i < count; i++) {
		const struct stand *stand = &stands[i];
		uint32_t stack = 0;

		if (stand->depth && !stand->damaged && is_still(stand))
			stack = ltr__stack_number(stand->pcs, stand->depth, STACKS_MOST);
		if (stack)
			put(stand, stack);
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
	uint32_t slabs = __atomic_load_n(&ltr__slab_count, __ATOMIC_ACQUIRE);

	if (slabs > LTR__NOTE_MAX / LTR__SLAB_DESCRIPTORS)
		slabs = LTR__NOTE_MAX / LTR__SLAB_DESCRIPTORS;
	group_end = slabs * (LTR__SLAB_DESCRIPTORS / GROUP);
	next_group = 0;
	set_looked(0);
	/* release: who finds the pass does not find how far the one before had come */
	__atomic_store_n(&ltr__note_progress.passes, ltr__note_progress.passes + 1,
			 __ATOMIC_RELEASE);
}

static void look_for_arrivals(void)
{
	uint16_t kernel = __atomic_load_n(&ltr__watch.events_kernel, __ATOMIC_RELAXED);
	uint16_t slots = __atomic_load_n(&ltr__watch.events_slots, __ATOMIC_RELAXED);

	if (ltr__notes && (kernel > seen_kernel || slots > seen_slots))
		begin();
	seen_kernel = kernel;
	seen_slots = slots;
}

bool ltr__note_stacks(void)
{
	int64_t start_ns;

	look_for_arrivals();
	if (next_group == group_end)
		return false;
	if (ltr__cold_is_on() || !ltr__watched())
		next_group = group_end;
	start_ns = ltr__real_ns();
	while (next_group < group_end && ltr__real_ns() - start_ns < SLICE_NS) {
		note_group(next_group++);
		set_looked(next_group * GROUP);
	}
	if (next_group == group_end)
		set_looked(ALL);
	return next_group < group_end;
}
