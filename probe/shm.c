// SPDX-License-Identifier: MIT
/*
 * Way "shm". We take a watch slot in the program (layout.h tells how), and from then on read each
 * ring from where we stand to its head. The writer never waits for us: what it has overwritten is
 * lost and shows as a jump of the position. A copy may be overtaken while it is made, so the head
 * is read again afterwards, and what may have been overwritten meanwhile is thrown away.
 */
#include "shm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"

#define INTERVAL_MS   2
#define CAPACITY_MAX  (1u << 20)
#define RECORDS_PIECE 16384u /* copied at once */
#define HEARTBEAT_NS  (LTR_WATCH_TIMEOUT_NS / 20)

/* A poll ends after about so many, 128 full rings of libloiter: no claim can hold us here for long. The
 * next poll goes on with the next ring. */
#define POLL_RECORDS (4u << 20)

struct shm {
	struct ltr_process *process;
	struct ltr_layout layout;
	bool stacks;
	uint32_t pid; /* ours, what we write into the slot */
	uint32_t slot;
	uint64_t heartbeat;
	uint64_t beaten_ns;
	struct ltr_ring *rings;
	uint64_t *positions; /* by ring: the next to deliver */
	uint32_t ring_count;
	uint32_t anchored;  /* rings below have told the sink where they begin */
	uint32_t next_ring; /* where the next poll begins */
	uint32_t copied;    /* records, during this poll */
	struct ltr_event *records;
};

void ltr__shm_valid(uint64_t position, uint64_t head, uint64_t head_after, uint32_t capacity,
		    uint64_t *ret_from, uint64_t *ret_to)
{
	uint64_t from = position;

	/* The slot of the next record may be half written already, so one less than the capacity
	 * is safe. */
	if (head_after - from >= capacity)
		from = head_after - capacity + 1;
	if ((int64_t)(head - from) < 0)
		from = head;
	*ret_from = from;
	*ret_to = head;
}

static uint64_t slot_address(const struct shm *shm, uint32_t slot)
{
	return shm->layout.watch_slots + slot * sizeof(struct ltr_watch_slot);
}

/* Raise one of the counts of struct ltr_watch to at least 1. */
static int raise_count(const struct shm *shm, size_t offset)
{
	uint16_t count;
	uint64_t address = shm->layout.watch + offset;

	int err = ltr_process_read(shm->process, address, &count, sizeof(count));
	if (err || count)
		return err;
	count = 1;
	return ltr_process_write(shm->process, address, &count, sizeof(count));
}

/* Stacks first: no PARK is to have a record and no stack. */
static int raise_counts(const struct shm *shm)
{
	int err = 0;
	if (shm->stacks)
		err = raise_count(shm, offsetof(struct ltr_watch, stacks_slots));
	if (!err)
		err = raise_count(shm, offsetof(struct ltr_watch, events_slots));
	return err;
}

static int find_free_slot(struct shm *shm)
{
	struct ltr_watch_slot slots[LTR_WATCH_SLOTS];

	int err = ltr_process_read(shm->process, shm->layout.watch_slots, slots, sizeof(slots));
	if (err)
		return err;
	for (uint32_t i = 0; i < LTR_WATCH_SLOTS; i++) {
		if (slots[i].pid)
			continue;
		/* Another one than the runtime may have heard there last. */
		shm->heartbeat = slots[i].heartbeat;
		shm->slot = i;
		return 0;
	}
	return -EBUSY;
}

/* In the order that layout.h asks for: what is wanted, then who, then the counts. */
static int take_slot(struct shm *shm)
{
	int err = find_free_slot(shm);
	if (err)
		return err;
	struct ltr_watch_slot slot = {
		.wants = shm->stacks ? LTR_WATCH_EVENTS | LTR_WATCH_STACKS : LTR_WATCH_EVENTS,
		.heartbeat = ++shm->heartbeat,
	};
	uint64_t address = slot_address(shm, shm->slot);
	err = ltr_process_write(shm->process, address, &slot, sizeof(slot));
	if (!err)
		err = ltr_process_write(shm->process, address, &shm->pid, sizeof(shm->pid));
	if (!err)
		err = raise_counts(shm);
	shm->beaten_ns = ltr_process_now_ns();
	return err;
}

/*
 * Tell the program that we are still here. If we were not heard for too long (we were stopped, say),
 * or another watcher was faster to take the same slot, a slot is taken anew. Until then nobody may have
 * asked for records: those were not written, so no position tells of them.
 */
static int beat(struct shm *shm, const struct ltr_event_sink *sink)
{
	uint64_t now_ns = ltr_process_now_ns();
	struct ltr_watch_slot slot;

	if (now_ns - shm->beaten_ns < HEARTBEAT_NS)
		return 0;
	uint64_t address = slot_address(shm, shm->slot);
	int err = ltr_process_read(shm->process, address, &slot, sizeof(slot));
	if (err)
		return err;
	if (slot.pid != shm->pid) {
		err = take_slot(shm);
		if (!err)
			sink->lost(sink->context, 1);
		return err;
	}
	shm->heartbeat = slot.heartbeat + 1;
	shm->beaten_ns = now_ns;
	err = ltr_process_write(shm->process, address + offsetof(struct ltr_watch_slot, heartbeat),
				&shm->heartbeat, sizeof(shm->heartbeat));
	return err ? err : raise_counts(shm);
}

/* All ring headers as they are now; rings that are new begin at 0. */
static int read_rings(struct shm *shm)
{
	uint32_t count;
	int err = ltr_process_read(shm->process, shm->layout.ring_count, &count, sizeof(count));
	if (err)
		return err;
	if (count > shm->layout.ring_max)
		count = shm->layout.ring_max;
	if (count > shm->ring_count) {
		struct ltr_ring *rings = realloc(shm->rings, count * sizeof(*rings));
		if (!rings)
			return -ENOMEM;
		shm->rings = rings;
		uint64_t *positions = realloc(shm->positions, count * sizeof(*positions));
		if (!positions)
			return -ENOMEM;
		memset(positions + shm->ring_count, 0,
		       (count - shm->ring_count) * sizeof(*positions));
		shm->positions = positions;
		shm->ring_count = count;
	}
	return ltr_process_read(shm->process, shm->layout.rings, shm->rings,
				shm->ring_count * sizeof(*shm->rings));
}

static bool is_usable(const struct ltr_ring *ring)
{
	return ring->records >= 4096 && ring->records < 1ull << 56 && ring->capacity >= 2 &&
	       ring->capacity <= CAPACITY_MAX && (ring->capacity & (ring->capacity - 1)) == 0;
}

/* Copies records [from, from + count) of a ring, in one piece or two. */
static int copy_records(struct shm *shm, const struct ltr_ring *ring, uint64_t from, uint32_t count)
{
	uint32_t first = (uint32_t)(from & (ring->capacity - 1));
	uint32_t straight = ring->capacity - first < count ? ring->capacity - first : count;
	struct ltr_process_piece pieces[2] = {
		{.address = ring->records + first * sizeof(struct ltr_event),
		 .buffer = shm->records,
		 .bytes = straight * sizeof(struct ltr_event)},
		{.address = ring->records,
		 .buffer = shm->records + straight,
		 .bytes = (count - straight) * sizeof(struct ltr_event)},
	};

	int err = ltr_process_read_many(shm->process, pieces, 2);
	if (!err && (pieces[0].done < pieces[0].bytes || pieces[1].done < pieces[1].bytes))
		err = -EFAULT;
	return err;
}

/* Delivers a ring up to the head that was read before; 1 if there was something. */
static int drain_ring(struct shm *shm, uint32_t index, const struct ltr_event_sink *sink)
{
	const struct ltr_ring *ring = &shm->rings[index];
	uint64_t *position = &shm->positions[index];
	uint64_t head_address = shm->layout.rings + index * sizeof(*ring);
	int some = 0;

	if (!is_usable(ring) || (int64_t)(ring->head - *position) <= 0)
		return 0;
	if (ring->head - *position > ring->capacity)
		*position = ring->head - ring->capacity;
	while (*position < ring->head && shm->copied < POLL_RECORDS) {
		uint64_t left = ring->head - *position;
		uint32_t count = left < RECORDS_PIECE ? (uint32_t)left : RECORDS_PIECE;
		uint64_t end = *position + count;
		uint64_t head_after;
		uint64_t from;
		uint64_t to;
		int err = copy_records(shm, ring, *position, count);
		shm->copied += count;
		if (!err)
			err = ltr_process_read(shm->process, head_address, &head_after,
					       sizeof(head_after));
		if (err)
			return err;
		ltr__shm_valid(*position, end, head_after, ring->capacity, &from, &to);
		if (to > from) {
			err = sink->records(sink->context, index, from,
					    shm->records + (from - *position), to - from);
			if (err)
				return err;
			some = 1;
		}
		*position = end;
	}
	return some;
}

static int shm_poll(void *context, const struct ltr_event_sink *sink)
{
	struct shm *shm = context;
	int some = 0;

	int err = beat(shm, sink);
	if (!err)
		err = read_rings(shm);
	for (; shm->anchored < shm->ring_count && !err; shm->anchored++)
		err = sink->records(sink->context, shm->anchored, shm->positions[shm->anchored],
				    NULL, 0);
	uint32_t first = shm->next_ring;
	shm->copied = 0;
	for (uint32_t i = 0; i < shm->ring_count && shm->copied < POLL_RECORDS && !err; i++) {
		uint32_t ring = (first + i) % shm->ring_count;
		int got = drain_ring(shm, ring, sink);
		shm->next_ring = (ring + 1) % shm->ring_count;
		/* A ring that lies about itself is its own loss, not that of the others. */
		if (got < 0 && got != -EFAULT)
			err = got;
		some |= got > 0;
	}
	return err ? err : some;
}

static void shm_close(void *context)
{
	struct shm *shm = context;
	struct ltr_watch_slot slot;
	const uint32_t nobody = 0;

	if (!shm)
		return;
	uint64_t address = slot_address(shm, shm->slot);
	if (shm->slot < LTR_WATCH_SLOTS &&
	    ltr_process_read(shm->process, address, &slot, sizeof(slot)) == 0 &&
	    slot.pid == shm->pid)
		(void)ltr_process_write(shm->process, address, &nobody, sizeof(nobody));
	free(shm->rings);
	free(shm->positions);
	free(shm->records);
	free(shm);
}

static int shm_start(struct shm *shm)
{
	shm->records = malloc(RECORDS_PIECE * sizeof(*shm->records));
	if (!shm->records)
		return -ENOMEM;
	/* Where we begin is read before the records are switched on: none is missed. */
	int err = read_rings(shm);
	for (uint32_t i = 0; i < shm->ring_count && !err; i++)
		shm->positions[i] = shm->rings[i].head;
	return err ? err : take_slot(shm);
}

static int shm_open(const struct ltr_event_target *what, void **ret_context,
		    struct ltr_why *ret_why)
{
	if (!what->layout->watch || !what->layout->watch_slots)
		return ltr_why_set(ret_why, -EOPNOTSUPP,
				   "this program has no way to be watched from outside");
	struct shm *shm = calloc(1, sizeof(*shm));
	if (!shm)
		return ltr_why_set(ret_why, -ENOMEM, "out of memory");
	shm->process = what->process;
	shm->layout = *what->layout;
	shm->stacks = what->stacks;
	shm->pid = (uint32_t)getpid();
	shm->slot = LTR_WATCH_SLOTS;

	int err = shm_start(shm);
	if (err == -EBUSY)
		ltr_why_set(ret_why, err = -EOPNOTSUPP, "%d others watch this program already",
			    LTR_WATCH_SLOTS);
	else if (err == -ESRCH)
		ltr_why_set(ret_why, err, "process %u has ended", ltr_process_pid(what->process));
	else if (err)
		ltr_why_set(ret_why, err, "cannot take a watch slot in the program: %s",
			    strerror(-err));
	if (err) {
		shm_close(shm);
		return err;
	}
	*ret_context = shm;
	return 0;
}

static int shm_fd(void *context)
{
	(void)context;
	return -1;
}

const struct ltr_event_source_ops ltr__shm_source = {
	.name = "shm",
	.way = LTR_WAY_SHM,
	.interval_ms = INTERVAL_MS,
	.open = shm_open,
	.poll = shm_poll,
	.fd = shm_fd,
	.close = shm_close,
};
