/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The kernel side: it copies and counts, nothing else.
 *
 * The first program sits at ltr__handover(records, count, position, ring) of one process and copies
 * the records into the BPF ring buffer. bpf_ringbuf_reserve() wants a constant size, so there are
 * four classes; a batch takes the smallest that it fits into. (A buffer of one's own per CPU with
 * bpf_ringbuf_output() would need exactly the room it fills, but a uprobe's program may be preempted
 * by another one on the same CPU, and would send that one's records.)
 *
 * Nobody is woken for a batch: that costs the watched program more than the copy. User space looks
 * every few milliseconds and is woken only when the buffer fills up past wake_bytes.
 *
 * Loads on every kernel since 5.11: ring buffer, mapped globals and atomic additions, no more.
 */

#include <linux/bpf.h>
#include <linux/ptrace.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "batch.h"

/* Set before load. */
const volatile uint64_t wake_bytes = 1u << 20;

struct ltr_batch_losses losses;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4u << 20); /* ebpf/records.c sets it before load */
} batches SEC(".maps");

/* How many records of each ring were dropped. The runtime hands over one batch of a ring at a time. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* as many as there are rings; ebpf/records.c sets it before load */
	__type(key, uint32_t);
	__type(value, uint64_t);
} dropped SEC(".maps");

struct span {
	const void *records;
	uint64_t count;
	uint64_t position;
	uint32_t ring;
};

static __always_inline int drop(const struct span *span, uint64_t *ring_dropped, uint64_t *loss)
{
	__sync_fetch_and_add(ring_dropped, span->count);
	__sync_fetch_and_add(loss, span->count);
	return 0;
}

/*
 * `room` is a constant, and span->count <= room. What a batch does not fill of its class is left as it
 * is: nobody reads it.
 */
static __always_inline int copy(const struct span *span, uint64_t *ring_dropped,
				const uint32_t room)
{
	const uint64_t size = sizeof(struct ltr_batch) + room * LTR_EVENT_BYTES;
	struct ltr_batch *batch = bpf_ringbuf_reserve(&batches, size, 0);

	if (!batch)
		return drop(span, ring_dropped, &losses.full_records);

	/*
	 * span->count <= room, but the compiler may have compared another copy of it than the one
	 * it uses here, and verifiers before 6.9 do not see that they are the same: ask once more,
	 * of a value that the compiler knows nothing about.
	 */
	uint64_t bytes = span->count * LTR_EVENT_BYTES;

	asm volatile("" : "+r"(bytes));
	if (bytes > room * LTR_EVENT_BYTES ||
	    bpf_probe_read_user(batch->records, bytes, span->records)) {
		bpf_ringbuf_discard(batch, BPF_RB_NO_WAKEUP);
		return drop(span, ring_dropped, &losses.fault_records);
	}
	batch->position = span->position;
	batch->dropped = *ring_dropped;
	batch->ring = span->ring;
	batch->count = span->count;

	/* Only the batch that passes the mark wakes: a reader that lags is awake already. */
	uint64_t filled = bpf_ringbuf_query(&batches, BPF_RB_AVAIL_DATA);
	uint64_t before = filled - size - BPF_RINGBUF_HDR_SZ;

	bpf_ringbuf_submit(batch, before < wake_bytes && filled >= wake_bytes ? BPF_RB_FORCE_WAKEUP
									      : BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("uprobe")
int BPF_KPROBE(loiter_handover, const void *records, uint64_t count, uint64_t position,
	       uint64_t ring)
{
	struct span span = {records, count, position, ring};
	uint64_t *ring_dropped = ring > UINT32_MAX ? 0 : bpf_map_lookup_elem(&dropped, &span.ring);

	if (!ring_dropped || count == 0 || count > LTR_BATCH_MAX) {
		__sync_fetch_and_add(&losses.refused_batches, 1);
		return 0;
	}
	if (count <= 32)
		return copy(&span, ring_dropped, 32);
	if (count <= 128)
		return copy(&span, ring_dropped, 128);
	if (count <= 512)
		return copy(&span, ring_dropped, 512);
	return copy(&span, ring_dropped, LTR_BATCH_MAX);
}

/* At ltr__want_stacks(), which nobody calls: what counts is that the kernel raises its semaphore. */
SEC("uprobe")
int loiter_want_stacks(void *context)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
