/* SPDX-License-Identifier: MIT */

/*
 * Cold stacks. What a goroutine that has been parked for long has on its stack is packed into a
 * small block, and the pages of the stack are given back. Whoever touches the stack then, its
 * goroutine included, waits in the kernel until the page has been filled again: nothing else in the
 * runtime knows that there are such stacks, and no path of it pays.
 *
 * One thread does all this, packing and filling, and owns everything in here but the counter; so
 * there is no lock. Others wait for it at any place where they touch a stack, whatever locks they
 * hold. Therefore it waits for nobody: it takes no lock of the runtime or of libc (no malloc, no
 * stdio) and touches no stack, and no page of the window that may be missing.
 *
 * To pack one stack, which may be woken or written to at any moment:
 *   1. Read the descriptor: parked, registers saved, at transition number s.
 *   2. Move the pages into the window. The kernel does this atomically against all who touch
 *      them; from here on they wait for us. Pages that it has pinned it refuses to move.
 *   3. Read the sequence again. If it is still s, the goroutine has not run until the pages were
 *      gone, so what was below its stack pointer then is dead, and what is above does not change.
 *      If not, all pages go back.
 *   4. Copy what lives into a block, and remember the block under the stack's address.
 * The living part lies in the top page of the stack or is not packed. Any other page that is
 * missing was dead, or never touched, and is filled with zeros.
 */

#include "cold.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "fatal.h"
#include "packed.h"
#include "region.h"
#include "reserve.h"
#include "scheduler.h"
#include "userfault.h"

/* The address space, by units: the top unit of a stack is its place in the table. */
#define UNIT_BYTES   (64u << 10)
#define UNIT_SHIFT   16
#define LEAF_SHIFT   26 /* a leaf is for one arena: LTR__ARENA_BYTES, aligned to that */
#define LEAF_UNITS   (1u << (LEAF_SHIFT - UNIT_SHIFT))
#define ADDRESS_BITS 47

/* Of the top unit all but the lowest page, which may be the guard. */
#define PACK_BYTES (UNIT_BYTES - LTR__STACK_GUARD_BYTES)

#define WINDOW_UNITS   64u
#define FAULTS_AT_ONCE 16u
#define LOOKS_AT_ONCE  256u /* between two looks for faults */
#define IDLE_SHARE     20   /* looking at descriptors may take one part in so many of the time */

_Static_assert(LTR__ARENA_BYTES == 1u << LEAF_SHIFT, "a leaf for each arena");

struct leaf {
	struct ltr__packed *packed[LEAF_UNITS];
};

static struct {
	int fd;
	int64_t after_ns;
	struct leaf **leaves; /* by address >> LEAF_SHIFT; there: the arena is registered */
	/*
	 * By descriptor number. Its sequence when we looked last; if its stack is packed, plus 1,
	 * which no goroutine that rests has.
	 */
	uint32_t *seen;
	char *window; /* WINDOW_UNITS units; those below window_used hold pages not needed any more */
	uint32_t window_used;
	char *page;         /* to fill from */
	char *zeros;        /* a page of them */
	int64_t packing_ns; /* spent in this round on something else than looking */
	bool active;        /* something has happened in this round */
} cold;

static uint32_t started; /* 1: cold is there or being made */

/* Written by the cold thread; atomic for ltr_cold_count() and ltr_cold_packs(). */
static uint64_t packed_count, pack_count;

/* --- the table ------------------------------------------------------------------------------ */

static struct ltr__packed **find_place(const char *address)
{
	uintptr_t number = (uintptr_t)address;
	struct leaf *leaf = number >> ADDRESS_BITS ? NULL : cold.leaves[number >> LEAF_SHIFT];

	return leaf ? &leaf->packed[(number >> UNIT_SHIFT) % LEAF_UNITS] : NULL;
}

/* The place of a stack that is to be packed; its arena is registered with the first. */
static struct ltr__packed **make_place(char *address)
{
	uintptr_t number = (uintptr_t)address;
	char *arena = address - number % LTR__ARENA_BYTES;
	struct leaf *leaf;

	if (find_place(address) || number >> ADDRESS_BITS)
		return find_place(address);
	leaf = mmap(NULL, sizeof(*leaf), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	if (leaf == MAP_FAILED)
		return NULL;
	if (ltr__userfault_register(cold.fd, arena, LTR__ARENA_BYTES) < 0) {
		munmap(leaf, sizeof(*leaf));
		return NULL;
	}
	cold.leaves[number >> LEAF_SHIFT] = leaf;
	return find_place(address);
}

/* --- filling -------------------------------------------------------------------------------- */

static void fill(char *page, const char *from)
{
	int r = ltr__userfault_fill(cold.fd, page, from);

	/* The others wait for this page: there is no way on without it. */
	if (r == -ENOMEM)
		ltr__fatal("out of memory: a page for a stack that was packed away");
	if (r < 0 && r != -ESRCH && r != -ENOENT)
		ltr__fatal("cannot fill a page of a stack that was packed away: %s",
			   strerrordesc_np(-r));
}

static void serve(struct ltr__fault fault)
{
	struct ltr__packed **place = find_place(fault.page);
	struct ltr__packed *packed = place ? *place : NULL;
	bool top = (uintptr_t)fault.page % UNIT_BYTES == UNIT_BYTES - LTR__PAGE_BYTES;

	cold.active = true;
	if (!packed || !top) {
		fill(fault.page, cold.zeros);
		return;
	}
	memset(cold.page, 0, LTR__PAGE_BYTES - packed->bytes);
	memcpy(cold.page + LTR__PAGE_BYTES - packed->bytes, packed->content, packed->bytes);
	cold.seen[packed->goroutine] = 0; /* it may be packed again, after a while */
	*place = NULL;
	ltr__packed_free(packed);
	__atomic_store_n(&packed_count, packed_count - 1, __ATOMIC_RELAXED);
	fill(fault.page, cold.page);
}

static void serve_all(void)
{
	struct ltr__fault faults[FAULTS_AT_ONCE];
	size_t found;

	do {
		found = ltr__userfault_read(cold.fd, faults, FAULTS_AT_ONCE);
		for (size_t i = 0; i < found; i++)
			serve(faults[i]);
	} while (found);
}

/* --- packing -------------------------------------------------------------------------------- */

static bool is_parked(uint8_t state)
{
	return state >= LTR_STATE_SYSCALL && state <= LTR_STATE_SYNC;
}

/* Once a move has begun the pages must come back: nobody else has them. */
static void put_back(char *from, char *window, int64_t bytes)
{
	if (bytes > 0 && ltr__userfault_move(cold.fd, from, window, (size_t)bytes) != bytes)
		ltr__fatal("cannot put a stack back that was to be packed away");
}

static bool pack(uint32_t number, struct ltr__goroutine *goroutine, uint32_t sequence)
{
	const char *sp = __atomic_load_n((char **)&goroutine->saved_sp, __ATOMIC_ACQUIRE);
	char *high = goroutine->stack_high;
	char *from = high - PACK_BYTES;
	char *window = cold.window + (size_t)cold.window_used * UNIT_BYTES;
	size_t used = (size_t)(high - sp);
	struct ltr__packed **place, *packed;
	int64_t moved;

	if (!sp || used > LTR__PACKED_BYTES_MAX || (uintptr_t)high % UNIT_BYTES)
		return false;
	place = make_place(from);
	packed = place ? ltr__packed_new(used) : NULL;
	if (!packed)
		return false;
	moved = ltr__userfault_move(cold.fd, window, from, PACK_BYTES);
	if (moved != (int64_t)PACK_BYTES ||
	    __atomic_load_n(&goroutine->sequence, __ATOMIC_ACQUIRE) != sequence) {
		put_back(from, window, moved);
		ltr__packed_free(packed);
		return false;
	}
	packed->goroutine = number;
	packed->bytes = (uint32_t)used;
	memcpy(packed->content, window + PACK_BYTES - used, used);
	*place = packed;
	__atomic_store_n(&packed_count, packed_count + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&pack_count, pack_count + 1, __ATOMIC_RELAXED);
	if (++cold.window_used == WINDOW_UNITS) {
		(void)madvise(cold.window, (size_t)WINDOW_UNITS * UNIT_BYTES, MADV_DONTNEED);
		cold.window_used = 0;
	}
	return true;
}

/* Pack it if it has not moved since we looked last. */
static bool look_at(uint32_t number, struct ltr__goroutine *goroutine)
{
	uint32_t sequence = __atomic_load_n(&goroutine->sequence, __ATOMIC_ACQUIRE);
	int64_t start_ns;
	bool done;

	if (cold.seen[number] == (sequence | 1) || sequence & 1 || !is_parked(goroutine->state))
		return false;
	if (cold.seen[number] != sequence) {
		cold.seen[number] = sequence;
		cold.active = true;
		return false;
	}
	start_ns = ltr__now_ns();
	done = pack(number, goroutine, sequence);
	if (done)
		cold.seen[number] = sequence | 1;
	cold.packing_ns += ltr__now_ns() - start_ns;
	return done;
}

static void look_at_all(void)
{
	uint32_t slabs = __atomic_load_n(&ltr__slab_count, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < slabs; i++)
		for (uint32_t j = 0; j < LTR__SLAB_DESCRIPTORS; j++)
			if (look_at(i * LTR__SLAB_DESCRIPTORS + j, &ltr__slabs[i][j]) ||
			    j % LOOKS_AT_ONCE == 0)
				serve_all();
}

/* --- the thread ----------------------------------------------------------------------------- */

/* Serve until then. */
static void wait_until(int64_t until_ns)
{
	struct pollfd fd = {.fd = cold.fd, .events = POLLIN};

	for (;;) {
		int64_t wait_ns = until_ns - ltr__now_ns();
		struct timespec timeout = {wait_ns / 1000000000, wait_ns % 1000000000};

		serve_all();
		if (wait_ns <= 0)
			return;
		(void)ppoll(&fd, 1, &timeout, NULL);
	}
}

/* How often goroutines were picked: while nobody is, nobody parks. */
static uint64_t count_picks(void)
{
	uint64_t picks = 0;

	for (uint32_t i = 0; i < ltr__sched.processor_count; i++)
		picks += __atomic_load_n(&ltr__sched.processors[i].tick, __ATOMIC_RELAXED);
	return picks;
}

static void *cold_thread(void *argument)
{
	uint64_t picks_before = 0;

	(void)argument;
	ltr__region_add(cold.page, LTR__PAGE_BYTES, LTR_REGION_PRIVATE, (uint32_t)gettid());
	for (;;) {
		int64_t start_ns = ltr__now_ns(), looking_ns, wait_ns = cold.after_ns;
		uint64_t picks = count_picks();

		if (cold.active || picks != picks_before) {
			cold.active = false;
			cold.packing_ns = 0;
			look_at_all();
			looking_ns = ltr__now_ns() - start_ns - cold.packing_ns;
			if (wait_ns < looking_ns * IDLE_SHARE)
				wait_ns = looking_ns * IDLE_SHARE;
			picks_before = picks;
		}
		wait_until(ltr__now_ns() + wait_ns);
	}
	return NULL;
}

static int start_thread(void)
{
	sigset_t all, before;
	pthread_t handle;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&handle, NULL, cold_thread, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r == 0)
		pthread_detach(handle);
	return -r;
}

/* --- starting ------------------------------------------------------------------------------- */

static void give_back(void *memory, size_t bytes)
{
	if (memory)
		munmap(memory, bytes);
}

#define LEAVES_BYTES (sizeof(struct leaf *) << (ADDRESS_BITS - LEAF_SHIFT))
#define SEEN_BYTES   ((size_t)LTR__SLAB_MAX * LTR__SLAB_DESCRIPTORS * sizeof(uint32_t))
#define WINDOW_BYTES ((size_t)WINDOW_UNITS * UNIT_BYTES)

static void done(void)
{
	if (cold.fd >= 0)
		close(cold.fd);
	give_back(cold.leaves, LEAVES_BYTES);
	give_back(cold.seen, SEEN_BYTES);
	give_back(cold.window, WINDOW_BYTES);
	give_back(cold.page, LTR__PAGE_BYTES);
	give_back(cold.zeros, LTR__PAGE_BYTES);
}

static int init(int64_t duration_ns)
{
	int r;

	cold.after_ns = duration_ns;
	cold.active = true;
	cold.leaves = ltr__reserve(LEAVES_BYTES);
	cold.seen = ltr__reserve(SEEN_BYTES);
	cold.window = ltr__reserve(WINDOW_BYTES);
	cold.page = ltr__reserve(LTR__PAGE_BYTES);
	cold.zeros = ltr__reserve(LTR__PAGE_BYTES);
	cold.fd = ltr__userfault_open();
	if (cold.fd < 0)
		return cold.fd;
	if (!cold.leaves || !cold.seen || !cold.window || !cold.page || !cold.zeros)
		return -ENOMEM;
	(void)madvise(cold.window, WINDOW_BYTES, MADV_NOHUGEPAGE);
	ltr__region_add(cold.window, WINDOW_BYTES, LTR_REGION_PRIVATE, 0);
	r = ltr__userfault_register(cold.fd, cold.window, WINDOW_BYTES);
	return r < 0 ? r : start_thread();
}

static bool can_be(void)
{
	/* Sanitizers have shadows of stacks; ucontext saves below saved_sp, too (arch_generic.h). */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(LTR_ARCH_GENERIC)
	return false;
#else
	return sysconf(_SC_PAGESIZE) == LTR__PAGE_BYTES;
#endif
}

static int start(int64_t duration_ns)
{
	int r;

	if (duration_ns < LTR_MILLISECOND || duration_ns > 60 * LTR_MINUTE)
		return -EINVAL;
	if (!can_be())
		return -ENOSYS;
	if (__atomic_exchange_n(&started, 1, __ATOMIC_ACQ_REL))
		return -EALREADY;
	r = init(duration_ns);
	if (r < 0) {
		done();
		__atomic_store_n(&started, 0, __ATOMIC_RELEASE);
	}
	return r;
}

int ltr_cold_after(int64_t duration_ns)
{
	ltr__caller("ltr_cold_after");
	return start(duration_ns);
}

bool ltr__cold_is_on(void)
{
	return __atomic_load_n(&started, __ATOMIC_ACQUIRE);
}

uint64_t ltr_cold_count(void)
{
	return __atomic_load_n(&packed_count, __ATOMIC_RELAXED);
}

uint64_t ltr_cold_packs(void)
{
	return __atomic_load_n(&pack_count, __ATOMIC_RELAXED);
}

/* "250ms", "1s" */
static int64_t parse(const char *duration)
{
	char *end;
	long number = strtol(duration, &end, 10);

	if (number < 1 || number > 3600000)
		return -1;
	if (strcmp(end, "ms") == 0)
		return number * LTR_MILLISECOND;
	return strcmp(end, "s") == 0 ? number * LTR_SECOND : -1;
}

int ltr__cold_from_environment(void)
{
	const char *duration = secure_getenv("LTR_COLD");
	int r;

	if (!duration || !*duration)
		return 0;
	r = start(parse(duration));
	if (r == -EINVAL)
		return r;
	if (r < 0)
		dprintf(STDERR_FILENO, "loiter: LTR_COLD: no stack will be packed away: %s\n",
			strerrordesc_np(-r));
	return 0;
}
