// SPDX-License-Identifier: MIT
/*
 * A program's memory: the layout, and everything that it leads to. The input is the memory from
 * BASE_ADDRESS on, the layout first; what lies outside cannot be read. The process is none: the
 * functions that read it are replaced here.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fuzz_census.h"
#include "target/libloiter_private.h"

#define BASE_ADDRESS 0x10000000ull
#define SLABS        2
#define DESCRIPTORS  4

static const uint8_t *memory;
static size_t memory_bytes;

static size_t readable(uint64_t address, size_t bytes)
{
	uint64_t at = address - BASE_ADDRESS;

	if (address < BASE_ADDRESS || at >= memory_bytes)
		return 0;
	return bytes < memory_bytes - at ? bytes : memory_bytes - at;
}

int ltr_process_read(const struct ltr_process *process, uint64_t address, void *buffer,
		     size_t bytes)
{
	(void)process;
	if (!bytes)
		return 0; /* wherever that is */
	if (readable(address, bytes) != bytes)
		return -EFAULT;
	memcpy(buffer, memory + (address - BASE_ADDRESS), bytes);
	return 0;
}

int ltr_process_write(const struct ltr_process *process, uint64_t address, const void *buffer,
		      size_t bytes)
{
	(void)process, (void)address, (void)buffer, (void)bytes;
	return -EFAULT;
}

int ltr_process_read_many(const struct ltr_process *process, struct ltr_process_piece *pieces,
			  size_t count)
{
	(void)process;
	for (size_t i = 0; i < count; i++) {
		pieces[i].done = readable(pieces[i].address, pieces[i].bytes);
		if (pieces[i].done)
			memcpy(pieces[i].buffer, memory + (pieces[i].address - BASE_ADDRESS),
			       pieces[i].done);
	}
	return 0;
}

/* Nothing changes here while a reader waits. */
int __wrap_nanosleep(const struct timespec *time, struct timespec *ret_left);
int __wrap_nanosleep(const struct timespec *time, struct timespec *ret_left)
{
	(void)time, (void)ret_left;
	return 0;
}

static void check_census(const struct ltr_census *census)
{
	size_t count;

	fuzz_check_census(census);
	for (size_t i = 0; i < ltr_census_count(census); i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(census, i);

		fuzz_expect(goroutine->state < LTR_STATE_COUNT);
		(void)ltr_census_stack(census, goroutine->stack, &count);
		fuzz_expect(count <= LTR__FRAMES_MAX);
		(void)ltr_census_labels(census, goroutine->labels, &count);
		fuzz_expect(count <= LTR_LABEL_MAX);
	}
	for (size_t i = 0; i < ltr_census_lock_count(census); i++) {
		const struct ltr_lock *lock = ltr_census_lock(census, i);

		fuzz_expect(ltr_census_find_lock(census, lock->object) == lock);
		fuzz_expect(!lock->owner_id || !lock->readers);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ltr_process *process; /* ourselves, for its number */
	struct ltr__libloiter *target = calloc(1, sizeof(*target));
	struct ltr_census *census = NULL;
	struct ltr_why why = {""};
	int err;

	if (!process && ltr_process_open((uint32_t)getpid(), &process, &why) < 0)
		abort();
	memory = data;
	memory_bytes = size;
	if (!target || ltr_census_new(&census) < 0)
		abort();
	target->process = process;
	target->address = BASE_ADDRESS;
	target->stacks_defined = 1;
	err = ltr__layout_read(process, BASE_ADDRESS, &target->layout, &why);
	fuzz_expect(!err || why.text[0]);
	if (!err) {
		(void)ltr__libloiter_target.snapshot(target, census, 0);
		(void)ltr__libloiter_target.objects(target, census, UINT32_MAX);
		(void)ltr__libloiter_target.counters(target, ltr_census_info_mut(census));
		(void)ltr__libloiter_target.stacks(target, census, UINT32_MAX);
		check_census(census);
	}
	ltr_census_free(census);
	ltr__libloiter_target.close(target);
	return 0;
}

/* A program as it should be. Fields lie in another order than libloiter's. */
struct descriptor {
	uint8_t state, reason;
	uint16_t flags;
	uint32_t sequence;
	uint64_t labels, name, site, creation_pc, entry, stack_high, stack_low, saved_sp;
	uint64_t created_ticks, waker_id, since_ticks, object, parent_id, id;
	uint64_t read_lock_0, read_lock_1;
};

struct image {
	struct ltr_layout layout;
	uint64_t slabs[SLABS];
	uint32_t slab_count, ring_count, stack_count, pad;
	struct ltr_ring ring[2];
	struct ltr_watch watch;
	struct ltr_watch_slot slots[LTR_WATCH_SLOTS];
	struct ltr_stack_entry stacks[3];
	struct ltr_labels labels;
	struct ltr_site site;
	char file[16], function[16], name[16];
	struct descriptor descriptors[SLABS][DESCRIPTORS];
	uint64_t stack[SLABS * DESCRIPTORS][32];
	struct ltr_stack_note notes[SLABS * DESCRIPTORS];
	struct ltr_note_progress progress;
};

#define AT(member) (BASE_ADDRESS + offsetof(struct image, member))

static void fill_layout(struct image *image)
{
	image->layout = (struct ltr_layout){
		.magic = LTR_LAYOUT_MAGIC,
		.version = LTR_LAYOUT_VERSION,
		.bytes = sizeof(struct ltr_layout),
		.ready = 1,
		.phase = LTR_PHASE_RUNNING,
		.clock = LTR_CLOCK_MONOTONIC,
		.processors = 2,
		.coarse_ns = 1000000,
		.slabs = AT(slabs),
		.slab_count = AT(slab_count),
		.slab_max = SLABS,
		.slab_descriptors = DESCRIPTORS,
		.descriptor_bytes = sizeof(struct descriptor),
		.saved_fp_offset = 16,
		.rings = AT(ring),
		.ring_count = AT(ring_count),
		.ring_max = 2,
		.event_bytes = LTR_EVENT_BYTES,
		.watch = AT(watch),
		.watch_slots = AT(slots),
		.handover = 0x401000,
		.want_stacks = 0x401010,
		.stacks = AT(stacks),
		.stack_count = AT(stack_count),
		.stack_max = 3,
		.lock_bytes = LTR_LOCK_WORDS_LEAST,
		.lock_bytes_all = sizeof(struct ltr_lock_words),
		.channel_words = sizeof(struct ltr_channel_head),
		.sync_words = sizeof(struct ltr_sync_words),
		.channel_head = sizeof(struct ltr_channel_head),
		.case_bytes = sizeof(struct ltr_case_words),
		.note_bytes = sizeof(struct ltr_stack_note),
		.notes = AT(notes),
		.note_progress = AT(progress),
		.note_max = SLABS * DESCRIPTORS,
	};
#define FIELD(name, size)                        \
	image->layout.fields[LTR_FIELD_##name] = \
		(struct ltr_field){offsetof(struct descriptor, name), size};
	LTR_DESCRIPTOR_FIELDS(FIELD)
	LTR_DESCRIPTOR_FIELDS_ADDED(FIELD)
#undef FIELD
}

/* A goroutine that stands three frames deep. */
static void fill_goroutine(struct image *image, uint32_t index, uint8_t state, uint8_t reason)
{
	struct descriptor *descriptor =
		&image->descriptors[index / DESCRIPTORS][index % DESCRIPTORS];
	uint64_t low =
		BASE_ADDRESS + offsetof(struct image, stack) + index * sizeof(image->stack[0]);
	uint64_t *stack = image->stack[index];

	*descriptor = (struct descriptor){
		.state = state,
		.reason = reason,
		.sequence = 2 * index,
		.id = index + 1,
		.parent_id = index,
		.object = reason ? AT(slots) : 0,
		.since_ticks = 1000,
		.created_ticks = 500,
		.stack_low = low,
		.stack_high = low + sizeof(image->stack[0]),
		.saved_sp = low + 32,
		.site = AT(site),
		.name = AT(name),
		.labels = AT(labels),
		.read_lock_0 = AT(slots),
	};
	stack[6] = low + 10ull * 8; /* saved_fp_offset */
	for (uint32_t i = 10; i < 30; i += 8) {
		stack[i] = i + 8 < 30 ? low + (i + 8ull) * 8 : 0;
		stack[i + 1] = 0x401000 + i;
	}
}

size_t fuzz_seed(size_t n, uint8_t *buffer, size_t bytes)
{
	static struct image image;

	if (n > 1 || bytes < sizeof(image))
		return 0;
	memset(&image, 0, sizeof(image));
	fill_layout(&image);
	image.slab_count = SLABS;
	image.ring_count = 2;
	image.stack_count = 3;
	image.ring[0] =
		(struct ltr_ring){.records = AT(stack), .capacity = 8, .tid = 7, .created = 9};
	for (uint32_t i = 0; i < SLABS; i++)
		image.slabs[i] = BASE_ADDRESS + offsetof(struct image, descriptors) +
				 i * sizeof(image.descriptors[0]);
	for (uint32_t i = 1; i < 3; i++)
		image.stacks[i] =
			(struct ltr_stack_entry){1, 3, {0x401020, 0x401030, 0x401040 + i}};
	image.labels = (struct ltr_labels){.count = 2, .label = {{"team", "blue"}, {"area", "51"}}};
	image.site = (struct ltr_site){(char *)AT(file), (char *)AT(function), 42};
	memcpy(image.file, "file.c", 7);
	memcpy(image.function, "function", 9);
	memcpy(image.name, "name", 5);
	for (uint32_t i = 0; n == 0 && i < SLABS * DESCRIPTORS; i++)
		fill_goroutine(&image, i, i % 2 ? LTR_STATE_CHAN : LTR_STATE_QUEUED,
			       i % 2 ? LTR_REASON_CHAN_SEND : 0);
	if (n == 0) /* of one that is not at rest, and of two that are */
		for (uint32_t i = 1; i < 4; i++)
			image.notes[i] = (struct ltr_stack_note){i + 1, 2 * i, i % 2 + 1};
	if (n == 0) { /* one waits for a lock; whatever lies there */
		image.descriptors[1][1].state = LTR_STATE_SYNC;
		image.descriptors[1][1].reason = LTR_REASON_RWMUTEX_LOCK;
	}
	memcpy(buffer, &image, sizeof(image));
	return sizeof(image);
}
