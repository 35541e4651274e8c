/* SPDX-License-Identifier: MIT */
/*
 * Reading a second time, after memory has changed: whatever refers now to what was not reached is
 * found, wherever it lies, and also if the heap is another one; and what refers to nothing is not.
 *
 * Who looks leaves addresses behind in its own memory. So what is looked at are copies of a process that
 * was forked before the first look, and made all blocks before that.
 *
 * All of it holds as well if only what was written to meanwhile is read again; so everything runs once
 * more like that, where the kernel has it.
 */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "reach_child.h"

#define HEAP_BLOCKS 40000u /* of a thousand bytes: several parts */
#define IN_USE      1u
#define SIZES       ((size_t)6)
#define OTHERS      ((size_t)5)

static const size_t sizes[SIZES] = {24, 100, 1000, 100000, 1000000, 40000000};

/* Inverted, so that they are no references. */
static uint64_t of_size[SIZES];
static uint64_t others[OTHERS]; /* of 5,000 bytes */
static uint64_t freed;          /* it refers to the first of the others */

static uint64_t **chain; /* the heap: each block refers to the one before */

static uint64_t of_arena[2]; /* of 5,000 bytes; from another arena of malloc(), as is: */
static uint64_t **arena_chain;

static bool watched;              /* only what was written to is read again */
static int orders[2], replies[2]; /* to who forks, and from it */

/* noinline: no register refers to any. */
static __attribute__((noinline)) void make_blocks(void)
{
	for (size_t i = 0; i < SIZES; i++)
		of_size[i] = ~(uint64_t)(uintptr_t)new_block(sizes[i]);
	for (size_t i = 0; i < OTHERS; i++)
		others[i] = ~(uint64_t)(uintptr_t)calloc(1, 5000);
	freed = ~(uint64_t)(uintptr_t)calloc(1, 5000);
	for (size_t i = 0; i < HEAP_BLOCKS; i++) {
		uint64_t **block = calloc(1, 1000);

		block[3] = (uint64_t *)chain;
		chain = block;
	}
}

static void *make_blocks_of_arena(void *unused)
{
	(void)unused;
	for (size_t i = 0; i < HEAP_BLOCKS / 10; i++) {
		uint64_t **block = calloc(1, 1000);

		block[3] = (uint64_t *)arena_chain;
		arena_chain = block;
		if (i == HEAP_BLOCKS / 20)
			for (size_t j = 0; j < 2; j++)
				of_arena[j] = ~(uint64_t)(uintptr_t)calloc(1, 5000);
	}
	return NULL;
}

static __attribute__((noinline)) void free_one(void)
{
	uint64_t *block = (uint64_t *)(uintptr_t)~freed;

	block[100] = ~others[0];
	free(block);
}

/* Forks a copy of itself for each byte that it gets, and says which. */
static void fork_on_demand(void)
{
	char order;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	while (read(orders[0], &order, 1) == 1) {
		pid_t pid = start_child();

		if (write(replies[1], &pid, sizeof(pid)) != sizeof(pid))
			break;
	}
	_exit(0);
}

/* A copy may not have come to its rest yet. */
static int watch(struct ltr_reach *reach)
{
	int error;

	while ((error = ltr_reach_watch_writes(reach, child_words)) == -EAGAIN)
		sched_yield();
	return error;
}

/* A copy, in which goroutine 1 waits. */
struct world {
	struct ltr_process *process;
	struct ltr_reach *reach;
	struct ltr_reach_goroutine goroutine;
	struct ltr_reach_region skip[2];
	pid_t pid;
};

static struct world new_world(uint64_t object)
{
	struct world world = {
		.goroutine = waiting(1, object, 16),
		.skip = {{(uint64_t)(uintptr_t)stacks,
			  (uint64_t)(uintptr_t)stacks + (uint64_t)STACKS * STACK_BYTES,
			  LTR_REACH_STACKS},
			 own_stack()},
	};
	struct ltr_why why;

	assert_int_equal(write(orders[1], "x", 1), 1);
	assert_int_equal(read(replies[0], &world.pid, sizeof(world.pid)), sizeof(world.pid));
	assert_int_equal(ltr_process_open((uint32_t)world.pid, &world.process, &why), 0);
	assert_int_equal(ltr_reach_new(world.process, 1u << 30, &world.reach), 0);
	if (watched)
		assert_int_equal(watch(world.reach), 0);
	return world;
}

static void write_word(const struct world *world, uint64_t at, uint64_t word)
{
	assert_int_equal(ltr_process_write(world->process, at, &word, sizeof(word)), 0);
}

static void set_root(const struct world *world, uint64_t word)
{
	write_word(world, (uint64_t)(uintptr_t)&root, word);
}

static void mark(struct world *world)
{
	assert_int_equal(ltr_reach_read_stacks(world->reach, &world->goroutine, 1), 0);
	assert_int_equal(ltr_reach_mark(world->reach, &world->goroutine, 1), 0);
}

/* Nothing leads to it, at first. */
static void first_look(struct world *world)
{
	struct ltr_why why;

	assert_int_equal(ltr_reach_read(world->reach, world->skip, 2, &why), 0);
	mark(world);
	assert_int_equal(ltr_reach_facts(world->reach).broken_heaps, 0);
	assert_false(world->goroutine.reached);
}

/* Whether it is reached now, by memory or by these words. */
static bool second_look(struct world *world, const uint64_t *words, size_t count)
{
	struct ltr_why why;

	assert_int_equal(ltr_reach_forget(world->reach), 0);
	assert_int_equal(ltr_reach_add_words(world->reach, words, count), 0);
	assert_int_equal(ltr_reach_read_again(world->reach, world->skip, 2, &why), 0);
	mark(world);
	return world->goroutine.reached;
}

static uint64_t end(struct world *world)
{
	uint64_t broken = ltr_reach_facts(world->reach).broken_heaps;

	ltr_reach_free(world->reach);
	ltr_process_close(world->process);
	kill(world->pid, SIGKILL);
	return broken;
}

static void what_has_not_changed_stays(void **state)
{
	(void)state;
	for (size_t i = 0; i < SIZES; i++) {
		struct world world = new_world(~of_size[i] + sizes[i] - 24);

		first_look(&world);
		for (int again = 0; again < 3; again++)
			assert_false(second_look(&world, NULL, 0));
		assert_int_equal(end(&world), 0);
	}
}

static void a_global_refers_to_it_now(void **state)
{
	(void)state;
	for (size_t i = 0; i < SIZES; i++) {
		struct world world = new_world(~of_size[i] + sizes[i] - 24);

		first_look(&world);
		assert_false(second_look(&world, NULL, 0));
		set_root(&world, (~of_size[i] + sizes[i] / 2) | 0xfff7ull << 48);
		assert_true(second_look(&world, NULL, 0));
		assert_int_equal(end(&world), 0);
	}
}

static void a_register_refers_to_it(void **state)
{
	struct world world = new_world(~others[0]);
	uint64_t word = ~others[0] + 4999;

	(void)state;
	first_look(&world);
	assert_true(second_look(&world, &word, 1));
	assert_int_equal(end(&world), 0);
}

/* At the beginning and the end of the heap, and between. */
static void a_block_that_is_alive_refers_to_it(void **state)
{
	(void)state;
	for (size_t steps = 0; steps < HEAP_BLOCKS; steps += HEAP_BLOCKS / 5 - 1) {
		struct world world = new_world(~others[0]);
		uint64_t **block = chain;

		first_look(&world);
		for (size_t i = 0; i < steps; i++)
			block = (uint64_t **)block[3];
		write_word(&world, (uint64_t)(uintptr_t)&block[124], ~others[0]); /* its last */
		assert_true(second_look(&world, NULL, 0));
		assert_int_equal(end(&world), 0);
	}
}

/* What was not reached refers to it; that is reached later, or not at all. */
static void those_that_were_not_reached_lead_on(void **state)
{
	struct world world = new_world(~others[0]);

	(void)state;
	write_word(&world, ~others[1] + 40, ~others[0]);
	write_word(&world, ~others[2] + 48, ~others[1]);
	first_look(&world);
	write_word(&world, ~others[3] + 56, ~others[2]);
	assert_false(second_look(&world, NULL, 0));
	set_root(&world, ~others[3]);
	assert_true(second_look(&world, NULL, 0));
	assert_int_equal(end(&world), 0);
}

static void a_link_between_them_is_gone(void **state)
{
	struct world world = new_world(~others[0]);

	(void)state;
	write_word(&world, ~others[1] + 40, ~others[0]);
	write_word(&world, ~others[2] + 48, ~others[1]);
	first_look(&world);
	write_word(&world, ~others[2] + 48, 0);
	set_root(&world, ~others[2]);
	/* Of a block of several pages all words count that were in those not written to, and more. */
	assert_int_equal(second_look(&world, NULL, 0), watched);
	assert_int_equal(end(&world), 0);
}

static void a_free_block_does_not_count(void **state)
{
	struct world world = new_world(~others[0]);

	(void)state;
	first_look(&world);
	write_word(&world, ~freed + 808, ~others[0]);
	assert_false(second_look(&world, NULL, 0));
	assert_int_equal(end(&world), 0);
}

/*
 * A block that was not reached has become part of the one before it, which is alive: what it refers to
 * is alive, too.
 */
static void a_block_has_become_part_of_another(void **state)
{
	struct world world = new_world(~others[0]);
	uint64_t second = (uint64_t)(uintptr_t)chain[3];
	uint64_t first = (uint64_t)(uintptr_t)((uint64_t **)chain[3])[3];

	(void)state;
	assert_int_equal(second - first, 1008);
	write_word(&world, (uint64_t)(uintptr_t)&chain[3], first);
	write_word(&world, second + 24, 0);
	write_word(&world, second + 80, ~others[0]);
	first_look(&world);
	assert_false(second_look(&world, NULL, 0));
	write_word(&world, first - 8, 2016 | IN_USE);
	assert_true(second_look(&world, NULL, 0));
	assert_int_equal(end(&world), 0);
}

/* Nothing was written to where it was free, but before and behind it. */
static void a_free_block_was_given_out(void **state)
{
	struct world world = new_world(~others[0]);
	uint64_t size, next_size;

	(void)state;
	write_word(&world, ~freed + 2408, ~others[0]);
	assert_int_equal(ltr_process_read(world.process, ~freed - 8, &size, 8), 0);
	size &= ~7ull;
	assert_int_equal(ltr_process_read(world.process, ~freed - 8 + size, &next_size, 8), 0);
	assert_false(next_size & IN_USE);
	first_look(&world);
	write_word(&world, ~freed - 8 + size, next_size | IN_USE);
	assert_true(second_look(&world, NULL, 0));
	assert_int_equal(end(&world), 0);
}

/* One whose header and words nobody has written to since, with another in it. */
static void a_block_is_part_of_one_before_it_now(void **state)
{
	struct world world = new_world(~others[0]);
	uint64_t before = (uint64_t)(uintptr_t)chain, first = before, steps = 0;

	(void)state;
	/* Blocks of the chain lie one behind the other, the last one highest. */
	while (steps < 20) {
		first = (uint64_t)(uintptr_t)((uint64_t **)(uintptr_t)first)[3];
		steps++;
	}
	assert_int_equal(before - first, 20160);
	/* Those between are not reached, and one of them refers to what is waited on. */
	write_word(&world, before + 24, first);
	write_word(&world, first + 10080 + 80, ~others[0]);
	first_look(&world);
	assert_false(second_look(&world, NULL, 0));
	ltr_reach_free(world.reach);
	assert_int_equal(ltr_reach_new(world.process, 1u << 30, &world.reach), 0);
	if (watched)
		assert_int_equal(watch(world.reach), 0);
	world.goroutine = waiting(1, ~others[0], 16);
	first_look(&world);
	write_word(&world, first - 8, 20160 | IN_USE);
	assert_true(second_look(&world, NULL, 0));
	assert_int_equal(end(&world), 0);
}

static void another_arena(void **state)
{
	struct world world = new_world(~of_arena[0]);

	(void)state;
	first_look(&world);
	assert_false(second_look(&world, NULL, 0));
	assert_int_equal(end(&world), 0);
	for (size_t steps = 0; steps < HEAP_BLOCKS / 10; steps += HEAP_BLOCKS / 50 - 1) {
		uint64_t **block = arena_chain;

		world = new_world(~of_arena[0]);
		first_look(&world);
		for (size_t i = 0; i < steps; i++)
			block = (uint64_t **)block[3];
		write_word(&world, (uint64_t)(uintptr_t)&block[124], ~of_arena[1]);
		write_word(&world, ~of_arena[1] + 4000, ~of_arena[0]);
		assert_true(second_look(&world, NULL, 0));
		assert_int_equal(end(&world), 0);
	}
}

/* A heap that cannot be walked any more is alive as a whole. */
static void a_heap_is_damaged(void **state)
{
	struct world world = new_world(~others[0]);

	(void)state;
	first_look(&world);
	write_word(&world, (uint64_t)(uintptr_t)chain - 8, 24 | IN_USE);
	assert_true(second_look(&world, NULL, 0));
	assert_int_equal(end(&world), 1);
}

static void its_own_stack_is_referred_to(void **state)
{
	struct world world = new_world(~others[0]);

	(void)state;
	first_look(&world);
	write_word(&world, (uint64_t)(uintptr_t)&top_of(1)[-3], ~others[0]);
	assert_false(second_look(&world, NULL, 0));
	set_root(&world, (uint64_t)(uintptr_t)&top_of(1)[-40]); /* below the stack pointer */
	assert_false(second_look(&world, NULL, 0));
	set_root(&world, (uint64_t)(uintptr_t)&top_of(1)[-5]);
	assert_true(second_look(&world, NULL, 0));
	assert_int_equal(end(&world), 0);
}

/* -EAGAIN, and others that are bugs, are no reason to leave it out. */
static bool can_watch(void)
{
	struct world world = new_world(~others[0]);
	int error = watch(world.reach);

	end(&world);
	if (error == -EOPNOTSUPP || error == -ENOSYS || error == -EPERM || error == -EACCES) {
		printf("writes cannot be watched here: %s\n", strerror(-error));
		return false;
	}
	return true;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_not_changed_stays),
		cmocka_unit_test(a_global_refers_to_it_now),
		cmocka_unit_test(a_register_refers_to_it),
		cmocka_unit_test(a_block_that_is_alive_refers_to_it),
		cmocka_unit_test(those_that_were_not_reached_lead_on),
		cmocka_unit_test(a_link_between_them_is_gone),
		cmocka_unit_test(a_free_block_does_not_count),
		cmocka_unit_test(a_block_has_become_part_of_another),
		cmocka_unit_test(a_free_block_was_given_out),
		cmocka_unit_test(a_block_is_part_of_one_before_it_now),
		cmocka_unit_test(another_arena),
		cmocka_unit_test(a_heap_is_damaged),
		cmocka_unit_test(its_own_stack_is_referred_to),
	};
	pthread_t thread;
	pid_t pid;
	int failed;

	if (set_up(NULL) < 0 || pipe(orders) < 0 || pipe(replies) < 0)
		return 1;
	make_blocks();
	if (pthread_create(&thread, NULL, make_blocks_of_arena, NULL) != 0 ||
	    pthread_join(thread, NULL) != 0)
		return 1;
	free_one();
	pid = fork();
	if (pid < 0)
		return 1;
	if (pid == 0)
		fork_on_demand();
	failed = cmocka_run_group_tests_name("reach again", tests, NULL, NULL);
	watched = can_watch();
	if (watched)
		failed += cmocka_run_group_tests_name("reach again, what was written", tests, NULL,
						      NULL);
	return failed;
}
