/* SPDX-License-Identifier: MIT */
#ifndef TESTS_PROBE_FAKE_TARGET_H
#define TESTS_PROBE_FAKE_TARGET_H

/*
 * A goroutine program without a runtime: the test binary itself carries an `ltr_layout`, with
 * descriptors, stacks, rings and all else that layout.h promises, none of it moving. Its descriptors
 * have their fields in another order than libloiter's, so a reader that does not go by the layout
 * finds nothing. fake_start() forks a child that only sleeps; the child's memory lies at the same
 * addresses as ours, so a test changes it with fake_poke(). What the reader writes into a child
 * that lies about its addresses hurts nobody.
 */

#include <loiter/event.h>
#include <loiter/layout.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FAKE_SLABS       4
#define FAKE_DESCRIPTORS 64 /* a slab */
#define FAKE_RINGS       3
#define FAKE_CAPACITY    256
#define FAKE_STACKS      8
#define FAKE_LOCKS       4
#define FAKE_STACK_BYTES 16384

struct fake_descriptor {
	uint8_t state;
	uint8_t reason;
	uint16_t flags;
	uint32_t sequence;
	uint64_t labels;
	uint64_t name;
	uint64_t site;
	uint64_t creation_pc;
	uint64_t entry;
	uint64_t stack_high;
	uint64_t stack_low;
	uint64_t saved_sp;
	uint64_t created_ticks;
	uint64_t waker_id;
	uint64_t since_ticks;
	uint64_t object;
	uint64_t parent_id;
	uint64_t id;
	uint64_t of_no_interest;
	uint64_t read_lock_1;
	uint64_t read_lock_0;
};

#define FAKE_CHANNELS 2

struct fake {
	uint32_t slab_count;
	uint32_t ring_count;
	uint32_t stack_count;
	uint64_t slabs[FAKE_SLABS];
	struct fake_descriptor descriptors[FAKE_SLABS][FAKE_DESCRIPTORS];
	struct ltr_ring rings[FAKE_RINGS] __attribute__((aligned(64)));
	struct ltr_event records[FAKE_RINGS][FAKE_CAPACITY];
	struct ltr_watch watch;
	struct ltr_watch_slot slots[LTR_WATCH_SLOTS];
	struct ltr_stack_entry stacks[FAKE_STACKS];
	struct ltr_lock_words locks[FAKE_LOCKS];
	struct fake_channel {
		struct ltr_channel_head head;
		uint64_t own;
		struct ltr_channel_words words;
	} channels[FAKE_CHANNELS];
	struct {
		uint64_t before[2]; /* of a WaitGroup one, of a Cond none */
		struct ltr_sync_words words;
	} sync;
	struct ltr_case_words cases[4];
	struct ltr_stack_note notes[FAKE_SLABS * FAKE_DESCRIPTORS];
	struct ltr_note_progress note_progress;
	uint32_t monitor_words[2];
	uint64_t stack[FAKE_SLABS * FAKE_DESCRIPTORS][FAKE_STACK_BYTES / 8];
};

extern struct ltr_layout ltr_layout; /* the one that a reader finds */
extern struct fake fake;

/* The program as it should be: no goroutines, two slabs, three empty rings. */
void fake_reset(void);

/* A goroutine in the next free descriptor; it stands at `depth` frames pcs[0 ..], each
 * `frame_bytes` long. Its number is its index. */
struct fake_descriptor *fake_add(uint64_t id, uint8_t state, uint8_t reason, const uint64_t *pcs,
				 uint32_t depth, uint32_t frame_bytes);

/* Where the record at this position of a ring lies. */
struct ltr_event *fake_record(uint32_t ring, uint64_t position);

/* Fork the child; it is like us at this moment. */
pid_t fake_start(void);
void fake_stop(pid_t pid);

/* Write into the child what lies at `address` here. */
void fake_poke(pid_t pid, const void *address, size_t bytes);

#endif
