/* SPDX-License-Identifier: MIT */

/*
 * Arenas of stacks. An arena is one mapping, without huge pages (a touched stack would cost its
 * whole stride), aligned to its size (cold.c), cut into stacks of one class from its low end. The
 * guard of a stack is installed when it is cut: by MADV_GUARD_INSTALL, which costs no mapping (Linux
 * 6.13), else by mprotect, until the process has no mappings left (vm.max_map_count).
 *
 * Small stacks are cut ahead, the more of them the more there were before: their guards in one system
 * call, their highest pages in another, where the kernel takes such lists from a process for itself
 * (6.15). A page that a goroutine touches first costs a trap of its own, of 1 µs and more (16 on a
 * virtual machine with shadow page tables, where a page that is already there costs 9).
 *
 * Free stacks are kept in lists, linked through their highest word (the page that is warm). Class 0
 * has a cache in each processor, which trades with the common list in batches.
 */

#include "stack.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fatal.h"
#include "region.h"
#include "reserve.h"
#include "scheduler.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* linux/pidfd.h: instead of a descriptor, this process. */
#define SELF (-10001)

/* How many stacks are cut ahead at most. */
#define AHEAD_MAX 32u

#ifdef LTR__STACK_CACHE_MAX
#define CACHE_MAX LTR__STACK_CACHE_MAX
#else
#define CACHE_MAX 64u
#endif
#define CACHE_BATCH (CACHE_MAX / 2)

static struct pool {
	uint32_t lock;
	char *free; /* written under the lock, by set_free(); refill() reads it without, as a hint */
	char *arena; /* what is left of the newest arena */
	char *arena_end;
	char *ready_end; /* up to here they have guards and pages */
	uint32_t ahead;  /* how many to make ready next; 0: none yet */
} pools[LTR__STACK_CLASS_COUNT];

/* What is known of the kernel. */
static atomic_bool guard_proved, no_guard_install, guards_missing, no_lists;

size_t ltr__stack_bytes(uint32_t stack_class)
{
	static const size_t bytes[] = {
#define CLASS(number, size) [number] = size,
		LTR__STACK_CLASSES(CLASS)
#undef CLASS
	};

	return bytes[stack_class];
}

uint32_t ltr__stack_class(size_t bytes)
{
	uint32_t stack_class = 0;

	while (stack_class < LTR__STACK_CLASS_COUNT - 1 &&
	       ltr__stack_bytes(stack_class) - LTR__STACK_GUARD_BYTES < bytes &&
	       ltr__stack_bytes(stack_class) != bytes)
		stack_class++;
	return stack_class;
}

static char **link_of(char *low, uint32_t stack_class)
{
	return (char **)(void *)(low + ltr__stack_bytes(stack_class) - sizeof(char *));
}

/* For the hostile build: a stack goes to the free ones, comes from them. */
static void released(char *low, uint32_t stack_class)
{
	(void)low;
	(void)stack_class;
#ifdef LTR_HOSTILE
	ltr__hostile_poison(low + ltr__stack_bytes(stack_class));
#endif
}

static void taken(const char *low, uint32_t stack_class)
{
	(void)low;
	(void)stack_class;
#ifdef LTR_HOSTILE
	ltr__hostile_check(low + ltr__stack_bytes(stack_class));
#endif
}

static void set_free(struct pool *pool, char *low)
{
	__atomic_store_n(&pool->free, low, __ATOMIC_RELAXED);
}

/*
 * Whether the kernel finds nothing to read there: it copies a signal mask in before it looks at what
 * to do with it, and ~0 is nothing that it does.
 */
static bool is_unreadable(const char *address)
{
	return syscall(SYS_rt_sigprocmask, ~0, address, NULL, sizeof(uint64_t)) != 0 &&
	       errno == EFAULT;
}

/*
 * The same advice for a part of each of `count` stacks, from the lowest up. Returns for how many the
 * kernel has taken it.
 */
static uint32_t advise_each(char *first, size_t stride, uint32_t count, size_t part_bytes,
			    int advice)
{
	struct iovec part[AHEAD_MAX];
	ssize_t advised;

	for (uint32_t i = 0; i < count; i++)
		part[i] = (struct iovec){first + i * stride, part_bytes};
	advised = process_madvise(SELF, part, count, advice, 0);
	return advised > 0 ? (uint32_t)((size_t)advised / part_bytes) : 0;
}

static void install_guard(char *low)
{
	if (!no_guard_install) {
		/* Emulators take any advice and do nothing (qemu-user): look once. */
		if (madvise(low, LTR__STACK_GUARD_BYTES, MADV_GUARD_INSTALL) == 0 &&
		    (guard_proved || is_unreadable(low))) {
			guard_proved = true;
			return;
		}
		no_guard_install = true;
	}
	if (mprotect(low, LTR__STACK_GUARD_BYTES, PROT_NONE) != 0 &&
	    !atomic_exchange(&guards_missing, true))
		ltr__warn("no guard pages for stacks from now on (vm.max_map_count?): an overflow "
			  "would go unnoticed");
}

/* One that is aligned to its size; the next is usually mapped just below and is aligned as well. */
static char *map_arena(void)
{
	char *low = ltr__reserve(LTR__ARENA_BYTES);
	size_t before = -(uintptr_t)low % LTR__ARENA_BYTES;

	if (!low || !before)
		return low;
	munmap(low, LTR__ARENA_BYTES);
	low = ltr__reserve(2 * (size_t)LTR__ARENA_BYTES);
	if (!low)
		return NULL;
	before = -(uintptr_t)low % LTR__ARENA_BYTES;
	if (before)
		munmap(low, before);
	munmap(low + before + LTR__ARENA_BYTES, LTR__ARENA_BYTES - before);
	return low + before;
}

/* Under the pool's lock: guards, and pages if there are several, for the next stacks of the arena. */
static void make_ready(struct pool *pool, size_t bytes)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	uint32_t count = pool == &pools[0] && pool->ahead ? pool->ahead : 1, guarded = 0;

	if (count > (size_t)(pool->arena_end - pool->arena) / bytes)
		count = (uint32_t)((size_t)(pool->arena_end - pool->arena) / bytes);
	if (count > 1 && guard_proved && !no_lists) {
		guarded = advise_each(pool->arena, bytes, count, LTR__STACK_GUARD_BYTES,
				      MADV_GUARD_INSTALL);
		no_lists = guarded == 0;
	}
	for (uint32_t i = guarded; i < count; i++)
		install_guard(pool->arena + i * bytes);
	if (count > 1 && !no_lists) /* if it fails, they are touched one by one */
		(void)advise_each(pool->arena + bytes - page_bytes, bytes, count, page_bytes,
				  MADV_POPULATE_WRITE);
	pool->ready_end = pool->arena + count * bytes;
	pool->ahead = 2 * count < AHEAD_MAX ? 2 * count : AHEAD_MAX;
}

/* Under the pool's lock. */
static char *cut(struct pool *pool, size_t bytes)
{
	char *low;

	if (pool->arena == pool->arena_end) {
		low = map_arena();
		if (!low)
			return NULL;
		(void)madvise(low, LTR__ARENA_BYTES, MADV_NOHUGEPAGE);
		ltr__region_add(low, LTR__ARENA_BYTES, LTR_REGION_STACKS, 0);
		pool->arena = pool->ready_end = low;
		pool->arena_end = low + LTR__ARENA_BYTES;
	}
	if (pool->arena == pool->ready_end)
		make_ready(pool, bytes);
	low = pool->arena;
	pool->arena += bytes;
	return low;
}

static char *common_get(uint32_t stack_class)
{
	struct pool *pool = &pools[stack_class];
	char *low, *free;

	ltr__lock(&pool->lock);
	low = free = pool->free;
	if (free)
		set_free(pool, *link_of(free, stack_class));
	else
		low = cut(pool, ltr__stack_bytes(stack_class));
	ltr__unlock(&pool->lock);
	if (free)
		taken(free, stack_class);
	return low;
}

static void common_put(uint32_t stack_class, char *low)
{
	struct pool *pool = &pools[stack_class];

	ltr__lock(&pool->lock);
	*link_of(low, stack_class) = pool->free;
	set_free(pool, low);
	ltr__unlock(&pool->lock);
}

/* Under no lock: fill the processor's cache from the common list, not from the arena. */
static void refill(struct ltr__processor *processor)
{
	struct pool *pool = &pools[0];

	if (!__atomic_load_n(&pool->free, __ATOMIC_RELAXED))
		return;
	ltr__lock(&pool->lock);
	while (pool->free && processor->free_stack_count < CACHE_BATCH) {
		char *low = pool->free;

		set_free(pool, *link_of(low, 0));
		*link_of(low, 0) = processor->free_stacks;
		processor->free_stacks = low;
		processor->free_stack_count++;
	}
	ltr__unlock(&pool->lock);
}

static void drain(struct ltr__processor *processor)
{
	struct pool *pool = &pools[0];

	ltr__lock(&pool->lock);
	for (uint32_t i = 0; i < CACHE_BATCH; i++) {
		char *low = processor->free_stacks;

		processor->free_stacks = *link_of(low, 0);
		*link_of(low, 0) = pool->free;
		set_free(pool, low);
	}
	processor->free_stack_count -= CACHE_BATCH;
	ltr__unlock(&pool->lock);
}

char *ltr__stack_get(struct ltr__processor *processor, uint32_t stack_class)
{
	char *low;

	if (stack_class != 0)
		return common_get(stack_class);
	if (!processor->free_stacks)
		refill(processor);
	low = processor->free_stacks;
	if (!low)
		return common_get(0);
	processor->free_stacks = *link_of(low, 0);
	processor->free_stack_count--;
	taken(low, 0);
	return low;
}

void ltr__stack_put(struct ltr__processor *processor, uint32_t stack_class, char *low)
{
	released(low, stack_class);
	if (stack_class != 0) {
		common_put(stack_class, low);
		return;
	}
	*link_of(low, 0) = processor->free_stacks;
	processor->free_stacks = low;
	if (++processor->free_stack_count >= CACHE_MAX)
		drain(processor);
}
