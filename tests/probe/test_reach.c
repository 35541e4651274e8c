/* SPDX-License-Identifier: MIT */
/*
 * Marking, on a process that is our own child and does nothing: what lies at an address here lies
 * there, too. Goroutines are made up. So each rule is tried alone: what leads to what is waited on,
 * and what does not.
 */

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "reach_child.h"

static struct ltr_reach_facts look(struct ltr_reach_goroutine *goroutines, size_t count)
{
	const struct ltr_reach_region skip[] = {
		{(uint64_t)(uintptr_t)stacks,
		 (uint64_t)(uintptr_t)stacks + (uint64_t)STACKS * STACK_BYTES, LTR_REACH_STACKS},
		own_stack(),
	};
	struct ltr_process *process = NULL;
	struct ltr_reach *reach = NULL;
	struct ltr_reach_facts facts;
	struct ltr_why why;
	pid_t pid = start_child();

	assert_int_equal(ltr_process_open((uint32_t)pid, &process, &why), 0);
	assert_int_equal(ltr_reach_new(process, 1u << 30, &reach), 0);
	assert_int_equal(ltr_reach_read(reach, skip, 2, &why), 0);
	assert_int_equal(ltr_reach_read_stacks(reach, goroutines, count), 0);
	assert_int_equal(ltr_reach_mark(reach, goroutines, count), 0);
	facts = ltr_reach_facts(reach);
	ltr_reach_free(reach);
	ltr_process_close(process);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return facts;
}

/* A block that nothing refers to, at hidden[0]; noinline: and no register does. */
static __attribute__((noinline)) void make_block(size_t bytes)
{
	hide(0, new_block(bytes));
}

static bool is_reached(uint64_t object)
{
	struct ltr_reach_goroutine goroutine = waiting(1, object, 16);
	struct ltr_reach_facts facts = look(&goroutine, 1);

	assert_int_equal(facts.broken_heaps, 0);
	return goroutine.reached;
}

static const size_t sizes[] = {24, 100, 1000, 5000, 100000, 1000000, 40000000};

static void nothing_refers_to_a_block(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		make_block(sizes[i]);
		assert_false(is_reached((uint64_t)~hidden[0]));
		assert_false(is_reached((uint64_t)~hidden[0] + sizes[i] - 24));
		free(shown(0));
	}
}

static void a_global_refers_to_any_part_of_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t usable;

		make_block(sizes[i]);
		usable = malloc_usable_size(shown(0));
		root = shown(0);
		assert_true(is_reached((uint64_t)~hidden[0] + usable - 24));
		root = (char *)shown(0) + usable / 2 + 3;
		assert_true(is_reached((uint64_t)~hidden[0]));
		root = (char *)shown(0) + usable; /* just behind it */
		assert_true(is_reached((uint64_t)~hidden[0]));
		root = (void *)((uintptr_t)shown(0) | (uintptr_t)0xfff7 << 48);
		assert_true(is_reached((uint64_t)~hidden[0]));
		root = NULL;
		free(shown(0));
	}
}

static void a_block_leads_on(void **state)
{
	(void)state;
	make_block(200);
	((uint64_t **)shown(0))[3] = new_block(3000);
	hide(1, ((uint64_t **)shown(0))[3]);
	((void **)shown(1))[374] = new_block(48); /* its last word */
	hide(2, ((void **)shown(1))[374]);
	assert_false(is_reached((uint64_t)~hidden[2]));
	root = shown(0);
	assert_true(is_reached((uint64_t)~hidden[2]));
	root = NULL;
	free(shown(2));
	free(shown(1));
	free(shown(0));
}

/* NOLINTBEGIN(clang-analyzer-unix.Malloc): hidden pointers are the point here; all are freed */
static void a_free_block_does_not(void **state)
{
	(void)state;
	make_block(48);
	hide(1, malloc(5000));
	hide(2, malloc(5000)); /* or the first would become part of the rest */
	((void **)shown(1))[100] = shown(0);
	root = shown(1);
	assert_true(is_reached((uint64_t)~hidden[0]));
	free(shown(1));
	assert_false(is_reached((uint64_t)~hidden[0]));
	root = NULL;
	free(shown(2));
	free(shown(0));
}

static void *make_block_elsewhere(void *argument)
{
	(void)argument;
	/* The first of this thread's arena, and one that is not. */
	hide(3, malloc(500));
	hide(0, malloc(500));
	return NULL;
}
/* NOLINTEND(clang-analyzer-unix.Malloc) */

static void blocks_of_other_arenas(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, make_block_elsewhere, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_false(is_reached((uint64_t)~hidden[0]));
	root = shown(0);
	assert_true(is_reached((uint64_t)~hidden[0] + 100));
	assert_false(is_reached((uint64_t)~hidden[3]));
	root = NULL;
	free(shown(0));
	free(shown(3));
}

static uintptr_t outgrown[1000]; /* as hidden[] */
static size_t outgrown_count;

/* Until its arena has a heap more, and what is left of the one before is given back to it. */
static void *outgrow_heap(void *argument)
{
	const uintptr_t heap = ~(((uintptr_t)64 << 20) - 1);

	(void)argument;
	do /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		outgrown[outgrown_count++] = ~(uintptr_t)malloc(100000);
	while (outgrown_count < 1000 &&
	       (~outgrown[outgrown_count - 1] & heap) == (~outgrown[0] & heap));
	return NULL;
}

static void a_heap_that_was_outgrown(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, outgrow_heap, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_in_range(outgrown_count, 3, 999);
	assert_false(is_reached((uint64_t)~outgrown[1]));
	root = (void *)~outgrown[1]; /* NOLINT(performance-no-int-to-ptr) */
	assert_true(is_reached((uint64_t)~outgrown[1]));
	root = NULL;
	while (outgrown_count)
		free((void *)~outgrown[--outgrown_count]); /* NOLINT(performance-no-int-to-ptr) */
}

static void unknown_memory_counts(void **state)
{
	void **map =
		mmap(NULL, 1 << 22, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	make_block(48);
	map[100000] = shown(0);
	assert_true(is_reached((uint64_t)~hidden[0]));
	map[100000] = NULL;
	assert_false(is_reached((uint64_t)~hidden[0]));
	/* What is waited on in there is anybody's. */
	assert_true(is_reached((uint64_t)(uintptr_t)&map[5]));
	munmap(map, 1 << 22);
	free(shown(0));
}

/* Memory that lies behind a file which is only read is none of that file's. */
static void what_lies_behind_a_file(void **state)
{
	enum { BYTES = 1 << 20 };
	char *file = mmap(NULL, BYTES + 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t *block = (uint64_t *)(file + 4096);
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_ptr_equal(mmap(file, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0), file);
	/* As a block that malloc() has mapped, but for its last page. */
	assert_int_equal(mprotect(block, BYTES - 4096, PROT_READ | PROT_WRITE), 0);
	block[1] = (BYTES - 4096) | 2;
	make_block(48);
	block[500] = (uint64_t)(uintptr_t)shown(0);
	assert_false(is_reached((uint64_t)~hidden[0]));
	root = block + 2;
	assert_true(is_reached((uint64_t)~hidden[0]));
	root = NULL;
	close(fd);
	munmap(file, BYTES + 4096);
	free(shown(0));
}

/* A mapping that looks like a heap of malloc(), and is none: all of it counts. */
static void what_only_looks_like_a_heap(void **state)
{
	const uint64_t bytes = 1 << 20;
	uint64_t *map = mmap(NULL, 128 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t *heap =
		(uint64_t *)(((uintptr_t)map + (64 << 20) - 1) & ~(uintptr_t)((64 << 20) - 1));
	struct ltr_reach_goroutine goroutine;

	(void)state;
	make_block(48);
	assert_int_equal(mprotect(heap, bytes, PROT_READ | PROT_WRITE), 0);
	heap[0] = (uint64_t)(uintptr_t)heap + 48;
	heap[2] = heap[3] = bytes;
	heap[4] = 4096;
	heap[(48 + 2208) / 8 + 1] = 0x31;
	heap[(48 + 2208 + 0x30) / 8 + 1] = 0x12345678; /* leads out of it */
	heap[50000] = (uint64_t)(uintptr_t)shown(0);
	goroutine = waiting(1, ~hidden[0], 16);
	assert_int_equal(look(&goroutine, 1).broken_heaps, 1);
	assert_true(goroutine.reached);
	munmap(map, 128 << 20);
	free(shown(0));
}

/*
 * The heap of a thread's arena that has grown between the two times when it is asked how large it is: its
 * header tells more than was there, and so does the size of its last block.
 */
static void an_arena_that_grows_is_a_heap(void **state)
{
	const uint64_t bytes = 1 << 20, grown = 2 << 20, first = 48 + 2208;
	uint64_t *map = mmap(NULL, 128 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t *heap =
		(uint64_t *)(((uintptr_t)map + (64 << 20) - 1) & ~(uintptr_t)((64 << 20) - 1));
	struct ltr_reach_goroutine goroutine;

	(void)state;
	assert_int_equal(mprotect(heap, bytes, PROT_READ | PROT_WRITE), 0);
	heap[0] = (uint64_t)(uintptr_t)heap + 48;
	heap[2] = heap[3] = grown;
	heap[4] = 4096;
	heap[first / 8 + 1] = 0x31;
	heap[(first + 0x30) / 8 + 1] = (grown - first - 0x30) | 1;
	hide(0, heap + first / 8 + 2);
	goroutine = waiting(1, ~hidden[0], 16);
	assert_int_equal(look(&goroutine, 1).broken_heaps, 0);
	assert_false(goroutine.reached);
	root = shown(0);
	goroutine = waiting(1, ~hidden[0], 16);
	look(&goroutine, 1);
	assert_true(goroutine.reached);
	root = NULL;
	munmap(map, 128 << 20);
}

static void its_own_stack_does_not_count(void **state)
{
	(void)state;
	make_block(48);
	top_of(1)[-3] = (uint64_t)(uintptr_t)shown(0);
	assert_false(is_reached((uint64_t)~hidden[0]));
	/* What is waited on may lie there itself. */
	assert_false(is_reached((uint64_t)(uintptr_t)&top_of(1)[-8]));
	root = &top_of(1)[-5];
	assert_true(is_reached((uint64_t)(uintptr_t)&top_of(1)[-8]));
	assert_true(is_reached((uint64_t)~hidden[0]));
	root = &top_of(1)[-30]; /* below the stack pointer */
	assert_false(is_reached((uint64_t)(uintptr_t)&top_of(1)[-8]));
	root = NULL;
	free(shown(0));
}

/* 1 waits on the block of which 2 knows, 2 on one of which 3 knows; each reaches the one before. */
static void who_waits_reaches_others(void **state)
{
	struct ltr_reach_goroutine goroutines[3];

	(void)state;
	make_block(48);
	hide(1, new_block(48));
	hide(2, new_block(48));
	top_of(2)[-4] = (uint64_t)(uintptr_t)shown(0);
	top_of(3)[-4] = (uint64_t)(uintptr_t)shown(1);
	for (int live = 0; live < 2; live++) {
		for (uint64_t i = 0; i < 3; i++)
			goroutines[i] = waiting(i + 1, ~hidden[i], 16);
		root = live ? shown(2) : NULL;
		look(goroutines, 3);
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(goroutines[i].reached, live);
	}
	/* And the last of them can go on by itself. */
	root = NULL;
	for (uint64_t i = 0; i < 3; i++)
		goroutines[i] = waiting(i + 1, ~hidden[i], 16);
	goroutines[2].candidate = false;
	look(goroutines, 3);
	assert_true(goroutines[0].reached && goroutines[1].reached && goroutines[2].reached);
	for (size_t i = 0; i < 3; i++)
		free(shown(i));
}

static void a_select_is_reached_by_its_waiters(void **state)
{
	(void)state;
	assert_false(is_reached(0));
	root = &top_of(1)[-2];
	assert_true(is_reached(0));
	root = NULL;
}

/* One that runs: all of its stack, used or not, and what its descriptor keeps. */
static void who_runs_is_a_root(void **state)
{
	struct ltr_reach_goroutine goroutines[2];
	uint64_t kept;

	(void)state;
	make_block(48);
	hide(1, new_block(48));
	kept = (uint64_t)(uintptr_t)shown(1);
	top_of(2)[-3000] = (uint64_t)(uintptr_t)shown(0);
	goroutines[1] = waiting(2, 0, 0);
	goroutines[1].saved_sp = 0;
	goroutines[1].candidate = false;
	goroutines[0] = waiting(1, ~hidden[0], 16);
	look(goroutines, 2);
	assert_true(goroutines[0].reached);
	goroutines[0] = waiting(1, ~hidden[1], 16);
	goroutines[1].kept = (const unsigned char *)&kept;
	goroutines[1].kept_bytes = sizeof(kept);
	look(goroutines, 2);
	assert_true(goroutines[0].reached);
	free(shown(0));
	free(shown(1));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(nothing_refers_to_a_block),
		TEST(a_global_refers_to_any_part_of_it),
		TEST(a_block_leads_on),
		TEST(a_free_block_does_not),
		TEST(blocks_of_other_arenas),
		TEST(a_heap_that_was_outgrown),
		TEST(unknown_memory_counts),
		TEST(an_arena_that_grows_is_a_heap),
		TEST(what_lies_behind_a_file),
		TEST(what_only_looks_like_a_heap),
		TEST(its_own_stack_does_not_count),
		TEST(who_waits_reaches_others),
		TEST(a_select_is_reached_by_its_waiters),
		TEST(who_runs_is_a_root),
	};

	return cmocka_run_group_tests_name("reach", tests, NULL, NULL);
}
