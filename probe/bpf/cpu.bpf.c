/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the CPUs are doing for one process: the program sits on a clock event of every CPU and copies
 * the user stack of whoever runs there, if that is a thread of the process, and the goroutine that
 * its ring (layout.h) says is on that thread.
 *
 * One event a CPU, and not one a thread: threads come and go, and none of them can be missed so.
 * The process and its threads are known by the numbers that they have in their own pid namespace,
 * which are the ones in the rings.
 *
 * The sample is taken on the thread itself while it does nothing else, so the ring cannot change
 * meanwhile: stack and goroutine belong together, but for the few instructions in which the runtime
 * switches from one goroutine to the next.
 *
 * Loads on every kernel since 5.11.
 */

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include <loiter/layout.h>

#include "sample.h"

/* Rings that are looked at for a thread that is not known yet. */
#define RINGS_MAX 1024

/* A thread without a ring may have one later: when to look again. */
#define AGAIN_NS 100000000ull

#define NO_RING UINT32_MAX

/* Set before load. */
const volatile uint64_t namespace_device;
const volatile uint64_t namespace_inode;
const volatile uint32_t process; /* in that namespace */
const volatile uint64_t rings;
const volatile uint64_t ring_count;
const volatile uint32_t ring_max;

uint64_t lost_samples; /* only grows; atomic additions */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4u << 20); /* ebpf.c sets it before load */
} samples SEC(".maps");

struct place {
	uint64_t looked_ns;
	uint32_t ring; /* NO_RING: it had none */
	uint32_t reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, uint32_t);
	__type(value, struct place);
} places SEC(".maps");

static __always_inline int read_ring(uint32_t index, struct ltr_ring *ring)
{
	const void *address = (const void *)(rings + (uint64_t)index * sizeof(*ring));

	return bpf_probe_read_user(ring, sizeof(*ring), address) == 0; /* it is there */
}

/* Ring headers are read one by one: the last of them is left in `ring`. */
static __always_inline uint32_t find_ring(uint32_t thread, struct ltr_ring *ring)
{
	uint32_t count = 0;

	if (bpf_probe_read_user(&count, sizeof(count), (const void *)ring_count))
		return NO_RING;
	if (count > ring_max)
		count = ring_max;
	for (uint32_t i = 0; i < RINGS_MAX; i++) {
		if (i >= count)
			break;
		if (read_ring(i, ring) && ring->tid == thread)
			return i;
	}
	return NO_RING;
}

/* The ring of the thread, or all 0. */
static __always_inline void read_ring_of(uint32_t thread, struct ltr_ring *ring)
{
	struct place *known = bpf_map_lookup_elem(&places, &thread);
	uint64_t now_ns = bpf_ktime_get_ns();

	if (known && known->ring != NO_RING && read_ring(known->ring, ring) && ring->tid == thread)
		return;

	struct place found = {now_ns, NO_RING, 0};

	if (!known || known->ring != NO_RING || now_ns - known->looked_ns >= AGAIN_NS) {
		found.ring = find_ring(thread, ring);
		bpf_map_update_elem(&places, &thread, &found, BPF_ANY);
	}
	if (found.ring == NO_RING)
		__builtin_memset(ring, 0, sizeof(*ring));
}

SEC("perf_event")
int loiter_sample(void *context)
{
	struct bpf_pidns_info who;

	if (bpf_get_ns_current_pid_tgid(namespace_device, namespace_inode, &who, sizeof(who)) ||
	    who.tgid != process)
		return 0;

	struct ltr_cpu_sample *sample = bpf_ringbuf_reserve(&samples, sizeof(*sample), 0);

	if (!sample) {
		__sync_fetch_and_add(&lost_samples, 1);
		return 0;
	}

	struct ltr_ring ring = {0};

	read_ring_of(who.pid, &ring);

	long bytes = bpf_get_stack(context, sample->pcs, sizeof(sample->pcs), BPF_F_USER_STACK);

	sample->time_ns = bpf_ktime_get_ns();
	sample->depth = bytes > 0 ? bytes / sizeof(sample->pcs[0]) : 0;
	sample->in_call = ring.in_call;
	sample->goroutine = ring.running;
	bpf_ringbuf_submit(sample, BPF_RB_NO_WAKEUP);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
