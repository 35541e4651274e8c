/* SPDX-License-Identifier: MIT */

/*
 * Notes of stacks: when somebody begins to watch, whoever waits has the note that layout.h
 * promises, and it leads to the frames that a walk from outside finds.
 */

#include "harness.h"

#include "goroutine.h"
#include "layout.h"
#include "note.h"
#include "trace.h"

#define COUNT  SCALED(3000)
#define DEPTHS 40 /* of calls; what is in the table ends at LTR_STACK_DEPTH_MAX */

LTR_CHAN(numbers, int);

static numbers never;

__attribute__((noinline)) static void descend(int depth)
{
	if (depth)
		descend(depth - 1);
	else
		ltr_recv(never, NULL);
	__asm__ volatile(""); /* it is no jump */
}

static void wait_deep(int *depth)
{
	descend(*depth);
}

static struct ltr__goroutine *descriptor(uint32_t number)
{
	return &ltr__slabs[number / LTR__SLAB_DESCRIPTORS][number % LTR__SLAB_DESCRIPTORS];
}

static uint32_t descriptor_count(void)
{
	return __atomic_load_n(&ltr__slab_count, __ATOMIC_ACQUIRE) * LTR__SLAB_DESCRIPTORS;
}

/* Whoever waits for the channel, and has left its stack. */
__attribute__((no_sanitize("thread"))) static bool stands(const struct ltr__goroutine *goroutine)
{
	return !(__atomic_load_n(&goroutine->sequence, __ATOMIC_ACQUIRE) & 1) && goroutine->id &&
	       goroutine->reason == LTR_REASON_CHAN_RECEIVE &&
	       __atomic_load_n((char *const *)&goroutine->saved_sp, __ATOMIC_ACQUIRE);
}

static void start(int first, int count)
{
	int standing;

	for (int i = first; i < first + count; i++)
		ltr_go(wait_deep, i % DEPTHS);
	do {
		standing = 0;
		ltr_yield();
		for (uint32_t i = 0; i < descriptor_count(); i++)
			standing += stands(descriptor(i));
	} while (standing < first + count);
}

/* Takes a slot, as who watches from outside does, and waits until the runtime has looked at all. */
static void begin_to_watch(uint16_t watchers)
{
	uint32_t passes = __atomic_load_n(&ltr__note_progress.passes, __ATOMIC_ACQUIRE);
	struct ltr_watch_slot *slot = &ltr__watch_slots[watchers - 1];

	slot->wants = LTR_WATCH_EVENTS;
	__atomic_store_n(&slot->heartbeat, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&slot->pid, (uint32_t)getpid(), __ATOMIC_RELEASE);
	__atomic_store_n(&ltr__watch.events_slots, watchers, __ATOMIC_RELEASE);
	while (__atomic_load_n(&ltr__note_progress.passes, __ATOMIC_ACQUIRE) == passes ||
	       __atomic_load_n(&ltr__note_progress.looked, __ATOMIC_ACQUIRE) != UINT32_MAX)
		ltr_yield();
}

/* layout.h, "Unwinding" */
__attribute__((no_sanitize("address", "thread"))) static uint32_t unwind(
	const struct ltr__goroutine *goroutine, uint64_t pcs[2 * DEPTHS])
{
	const uint64_t *frame =
		*(uint64_t *const *)(const void *)((const char *)goroutine->saved_sp +
						   ltr_layout.saved_fp_offset);
	uint32_t depth = 0;

	for (; frame; frame = (const uint64_t *)(uintptr_t)frame[0]) {
		expect((const char *)frame >= goroutine->stack_low &&
		       (const char *)frame <= goroutine->stack_high - 16 && depth < 2 * DEPTHS);
		pcs[depth++] = frame[1];
	}
	return depth;
}

/* How many have a note; it is right, and it is not missing where there can be one. Others end
 * meanwhile. */
__attribute__((no_sanitize("thread"))) static int check_notes(void)
{
	uint64_t pcs[2 * DEPTHS];
	int found = 0;

	for (uint32_t i = 0; i < descriptor_count(); i++) {
		const struct ltr__goroutine *goroutine = descriptor(i);
		const struct ltr_stack_note *note = &ltr__notes[i];
		uint32_t depth;
		bool noted;

		if (!stands(goroutine))
			continue;
		noted = note->id == goroutine->id && note->sequence == goroutine->sequence;
		depth = unwind(goroutine, pcs);
		expect(noted == (depth <= LTR_STACK_DEPTH_MAX));
		if (!noted)
			continue;
		expect(note->stack > 0 && note->stack < ltr__stack_count);
		expect(ltr__stacks[note->stack].depth == depth);
		expect(memcmp(ltr__stacks[note->stack].pcs, pcs, depth * sizeof(pcs[0])) == 0);
		found++;
	}
	return found;
}

static int all_that_wait_have_notes(int argc, char **argv)
{
	int found;

	(void)argc, (void)argv;
	never = ltr_make(numbers, 0);
	start(0, COUNT);
	begin_to_watch(1);
	found = check_notes();
	expect(found > COUNT / 2 && found < COUNT);
	return 0;
}

/* Those that wait for something else, or have come since. */
static int who_comes_later_is_told_the_same(int argc, char **argv)
{
	int found;

	(void)argc, (void)argv;
	never = ltr_make(numbers, 0);
	start(0, 100);
	begin_to_watch(1);
	found = check_notes();
	for (int i = 0; i < 50; i++)
		ltr_send(never, i); /* they end, and others get their descriptors */
	start(50, 100);
	begin_to_watch(2);
	expect(check_notes() > found);
	return 0;
}

/* A cold stack would be unpacked if it were looked at. */
static int cold_stacks_are_left_alone(int argc, char **argv)
{
	(void)argc, (void)argv;
	never = ltr_make(numbers, 0);
	start(0, 100);
	if (ltr_cold_after(LTR_MILLISECOND) < 0) {
		fprintf(stderr, "skipped: cold stacks cannot be had here\n");
		return 0;
	}
	begin_to_watch(1);
	for (uint32_t i = 0; i < descriptor_count(); i++)
		expect(ltr__notes[i].id == 0);
	return 0;
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(all_that_wait_have_notes),
		RULE(who_comes_later_is_told_the_same),
		RULE(cold_stacks_are_left_alone),
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
