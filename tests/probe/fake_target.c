// SPDX-License-Identifier: MIT
/* See fake_target.h. */
#include "fake_target.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

struct ltr_layout ltr_layout __attribute__((section(LTR_LAYOUT_SECTION), used)) = {0};
struct fake fake;

static uint32_t added;

static uint64_t address(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

/* Stands for the two functions that a tracer attaches to. */
static void probed(void)
{
}

void fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
	added = 0;
	fake.slab_count = 2;
	fake.ring_count = FAKE_RINGS;
	fake.stack_count = 1;
	for (int i = 0; i < FAKE_SLABS; i++)
		fake.slabs[i] = address(fake.descriptors[i]);
	for (uint32_t i = 0; i < FAKE_RINGS; i++)
		fake.rings[i] = (struct ltr_ring){.records = address(fake.records[i]),
						  .capacity = FAKE_CAPACITY,
						  .tid = 100 + i};
	ltr_layout = (struct ltr_layout){
		.magic = LTR_LAYOUT_MAGIC,
		.version = LTR_LAYOUT_VERSION,
		.bytes = sizeof(ltr_layout),
		.ready = 1,
		.phase = LTR_PHASE_RUNNING,
		.clock = LTR_CLOCK_MONOTONIC,
		.processors = 2,
		.coarse_ns = 1000000,
		.slabs = address(fake.slabs),
		.slab_count = address(&fake.slab_count),
		.slab_max = FAKE_SLABS,
		.slab_descriptors = FAKE_DESCRIPTORS,
		.descriptor_bytes = sizeof(struct fake_descriptor),
		.saved_fp_offset = 16,
		.rings = address(fake.rings),
		.ring_count = address(&fake.ring_count),
		.ring_max = FAKE_RINGS,
		.event_bytes = sizeof(struct ltr_event),
		.watch = address(&fake.watch),
		.watch_slots = address(fake.slots),
		.handover = (uint64_t)(uintptr_t)probed,
		.want_stacks = (uint64_t)(uintptr_t)probed,
		.stacks = address(fake.stacks),
		.stack_count = address(&fake.stack_count),
		.stack_max = FAKE_STACKS,
		.lock_bytes = LTR_LOCK_WORDS_LEAST,
		.lock_bytes_all = sizeof(struct ltr_lock_words),
		.channel_words = offsetof(struct fake_channel, words),
		.sync_words = sizeof(struct ltr_sync_words),
		.channel_head = sizeof(struct ltr_channel_head),
		.case_bytes = sizeof(struct ltr_case_words),
		.note_bytes = sizeof(struct ltr_stack_note),
		.notes = address(fake.notes),
		.note_progress = address(&fake.note_progress),
		.note_max = sizeof(fake.notes) / sizeof(fake.notes[0]),
		.monitor_words = {address(&fake.monitor_words[0]), address(&fake.monitor_words[1])},
	};
#define FIELD(name, size)                     \
	ltr_layout.fields[LTR_FIELD_##name] = \
		(struct ltr_field){offsetof(struct fake_descriptor, name), size};
	LTR_DESCRIPTOR_FIELDS(FIELD)
	LTR_DESCRIPTOR_FIELDS_ADDED(FIELD)
#undef FIELD
}

struct fake_descriptor *fake_add(uint64_t id, uint8_t state, uint8_t reason, const uint64_t *pcs,
				 uint32_t depth, uint32_t frame_bytes)
{
	uint32_t index = added++;
	struct fake_descriptor *descriptor =
		&fake.descriptors[index / FAKE_DESCRIPTORS][index % FAKE_DESCRIPTORS];
	uint64_t *stack = fake.stack[index];
	uint32_t words = FAKE_STACK_BYTES / 8;
	uint32_t frame_words = frame_bytes / 8;
	uint32_t outermost = words - 4;
	uint32_t innermost = outermost - (depth - 1) * frame_words;
	uint32_t saved_sp = (depth ? innermost : outermost) - 16;

	assert(index < FAKE_SLABS * FAKE_DESCRIPTORS && (depth == 0 || innermost < words));
	*descriptor = (struct fake_descriptor){.id = id,
					       .state = state,
					       .reason = reason,
					       .sequence = 6,
					       .since_ticks = 1000,
					       .created_ticks = 500,
					       .stack_low = address(stack),
					       .stack_high = address(stack + words),
					       .saved_sp = address(stack + saved_sp)};
	stack[saved_sp + 2] = depth ? address(stack + innermost) : 0;
	for (uint32_t i = 0; i < depth; i++) {
		uint32_t at = innermost + i * frame_words;
		stack[at] = i + 1 < depth ? address(stack + at + frame_words) : 0;
		stack[at + 1] = pcs[i];
	}
	return descriptor;
}

struct ltr_event *fake_record(uint32_t ring, uint64_t position)
{
	return &fake.records[ring][position % FAKE_CAPACITY];
}

pid_t fake_start(void)
{
	pid_t pid = fork();

	assert(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

void fake_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void fake_poke(pid_t pid, const void *address, size_t bytes)
{
	struct iovec here = {(void *)(uintptr_t)address, bytes};
	struct iovec there = here;
	ssize_t done = process_vm_writev(pid, &here, 1, &there, 1, 0);

	if (done != (ssize_t)bytes)
		abort();
}
