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
 * There are two programs, of which one is loaded: rings are gone over by bpf_loop(), which a verifier sees
 * through at once, or on kernels before 5.17 by a loop, every turn of which it goes through (30 ms).
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
	__uint(max_entries, 4u << 20); /* ebpf/cpu.c sets it before load */
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

/* For a thread; the ring that is its own, or else the last one that was looked at. */
struct search {
	struct ltr_ring ring;
	uint32_t thread;
	uint32_t found; /* its index, or NO_RING */
};

/* Not 0: found. */
static long look_at(uint32_t index, void *context)
{
	struct search *search = context;

	if (!read_ring(index, &search->ring) || search->ring.tid != search->thread)
		return 0;
	search->found = index;
	return 1;
}

static __always_inline void find_ring(struct search *search, const int by_loop_function)
{
	uint32_t count = 0;

	if (bpf_probe_read_user(&count, sizeof(count), (const void *)ring_count))
		return;
	if (count > ring_max)
		count = ring_max;
	if (count > RINGS_MAX)
		count = RINGS_MAX;
	if (by_loop_function) {
		bpf_loop(count, look_at, search, 0);
		return;
	}
	for (uint32_t i = 0; i < RINGS_MAX; i++)
		if (i >= count || look_at(i, search))
			break;
}

/* The ring of search->thread, or all 0. */
static __always_inline void read_ring_of(struct search *search, const int by_loop_function)
{
	struct ltr_ring *ring = &search->ring;
	struct place *known = bpf_map_lookup_elem(&places, &search->thread);
	uint64_t now_ns = bpf_ktime_get_ns();

	if (known && known->ring != NO_RING && read_ring(known->ring, ring) &&
	    ring->tid == search->thread)
		return;
	if (!known || known->ring != NO_RING || now_ns - known->looked_ns >= AGAIN_NS) {
		find_ring(search, by_loop_function);

		struct place place = {now_ns, search->found, 0};

		bpf_map_update_elem(&places, &search->thread, &place, BPF_ANY);
	}
	if (search->found == NO_RING)
		__builtin_memset(ring, 0, sizeof(*ring));
}

static __always_inline int sample_thread(void *context, const int by_loop_function)
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

	struct search search = {.thread = who.pid, .found = NO_RING};

	read_ring_of(&search, by_loop_function);

	long bytes = bpf_get_stack(context, sample->pcs, sizeof(sample->pcs), BPF_F_USER_STACK);

	sample->time_ns = bpf_ktime_get_ns();
	sample->depth = bytes > 0 ? bytes / sizeof(sample->pcs[0]) : 0;
	sample->in_call = search.ring.in_call;
	sample->goroutine = search.ring.running;
	bpf_ringbuf_submit(sample, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("perf_event")
int loiter_sample(void *context)
{
	return sample_thread(context, 1);
}

SEC("perf_event")
int loiter_sample_old(void *context)
{
	return sample_thread(context, 0);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
