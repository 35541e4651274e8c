/* SPDX-License-Identifier: MIT */

/*
 * The run queue (runqueue.h) under the checker: an owner that puts and takes, and one or two thieves.
 * However they meet, each goroutine comes out once. Queues of 4, a deque that begins at 2 and grows.
 */

#include "atomics.h"

#define LTR__FIFO_CAPACITY      4u
#define LTR__DEQUE_CAPACITY     2
#define LTR__DEQUE_CAPACITY_MAX 8

#include "runqueue.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define GOROUTINES 8u
#define QUEUES     3u /* the owner's, and one for each thief */

/* Indices begin shortly before they wrap around. */
#define FIRST_INDEX (UINT32_MAX - 1)

static struct ltr__goroutine goroutines[GOROUTINES];
static struct ltr__runqueue queue[QUEUES];
/* Written by no two threads at once unless a goroutine was taken twice: which is the failure. */
static unsigned put_count, taken[GOROUTINES];

static void start(void)
{
	memset(queue, 0, sizeof(queue));
	memset(taken, 0, sizeof(taken));
	put_count = 0;
	for (unsigned i = 0; i < QUEUES; i++)
		queue[i].head = queue[i].tail = FIRST_INDEX;
	model_name(&queue[0], sizeof(queue[0]), "owner's");
	model_name(&queue[1], sizeof(queue[0]), "thief 1's");
	model_name(&queue[2], sizeof(queue[0]), "thief 2's");
}

static struct ltr__goroutine *next_goroutine(void)
{
	return &goroutines[put_count++];
}

static void took(const struct ltr__goroutine *goroutine)
{
	if (!goroutine)
		return;
	model_expect(goroutine >= goroutines && goroutine < goroutines + put_count);
	model_expect(taken[goroutine - goroutines]++ == 0);
}

/* What is left comes out of the queues as if nobody else were there. */
static void all_came_out_once(void)
{
	for (unsigned i = 0; i < QUEUES; i++) {
		struct ltr__goroutine *left;

		took(ltr__slot_take(&queue[i], true));
		while ((left = ltr__fifo_take(&queue[i], true)))
			took(left);
		while ((left = ltr__deque_take(&queue[i], true)))
			took(left);
		model_expect(ltr__runqueue_empty(&queue[i]));
	}
	for (unsigned i = 0; i < put_count; i++)
		model_expect(taken[i] == 1);
}

/* --- slot --------------------------------------------------------------------------------------- */

static void slot_owner(unsigned number)
{
	(void)number;
	for (int i = 0; i < 3; i++)
		took(ltr__slot_put(&queue[0], next_goroutine(), false));
	took(ltr__slot_take(&queue[0], false));
}

static void slot_thief(unsigned number)
{
	(void)number;
	took(ltr__slot_take(&queue[0], false));
	took(ltr__slot_take(&queue[0], false));
}

/* --- fifo --------------------------------------------------------------------------------------- */

static void fifo_put(void)
{
	struct ltr__goroutine *goroutine = next_goroutine();

	if (!ltr__fifo_put(&queue[0], goroutine))
		took(goroutine); /* full: the global queue's */
}

static void fifo_owner(unsigned number)
{
	(void)number;
	for (int i = 0; i < 3; i++)
		fifo_put();
	took(ltr__fifo_take(&queue[0], false));
	for (int i = 0; i < 2; i++)
		fifo_put();
	took(ltr__fifo_take(&queue[0], false));
}

/* It overflows while a thief reads the places that are written again. */
static void fifo_full_owner(unsigned number)
{
	(void)number;
	for (int i = 0; i < 4; i++)
		fifo_put();
	took(ltr__fifo_take(&queue[0], false));
	fifo_put();
	fifo_put();
}

static void fifo_short_owner(unsigned number)
{
	(void)number;
	fifo_put();
	fifo_put();
	took(ltr__fifo_take(&queue[0], false));
}

static void fifo_thief(unsigned number)
{
	took(ltr__fifo_steal(&queue[0], &queue[number]));
	took(ltr__fifo_take(&queue[number], false));
}

/* --- deque -------------------------------------------------------------------------------------- */

static void deque_put(void)
{
	struct ltr__goroutine *goroutine = next_goroutine();

	if (!ltr__deque_put(&queue[0], goroutine))
		took(goroutine);
}

static void deque_owner(unsigned number)
{
	(void)number;
	deque_put();
	deque_put();
	took(ltr__deque_take(&queue[0], false));
	took(ltr__deque_take(&queue[0], false));
	deque_put();
	took(ltr__deque_take(&queue[0], false));
}

static void deque_growing_owner(unsigned number)
{
	(void)number;
	deque_put();
	deque_put();
	deque_put(); /* grows */
	took(ltr__deque_take(&queue[0], false));
	took(ltr__deque_take(&queue[0], false));
}

static void deque_short_owner(unsigned number)
{
	(void)number;
	deque_put();
	deque_put();
	took(ltr__deque_take(&queue[0], false));
	took(ltr__deque_take(&queue[0], false));
}

static void deque_thief(unsigned number)
{
	(void)number;
	took(ltr__deque_steal(&queue[0]));
	took(ltr__deque_steal(&queue[0]));
}

static void deque_short_thief(unsigned number)
{
	(void)number;
	took(ltr__deque_steal(&queue[0]));
}

/* --- the programs ------------------------------------------------------------------------------- */

#define RUNQUEUE(title, count, owner, first, second)                                    \
	{                                                                               \
		.name = title, .thread_count = count, .thread = {owner, first, second}, \
		.start = start, .end = all_came_out_once, .delayed_stores = true,       \
	}

static const struct model_program right[] = {
	RUNQUEUE("slot, two thieves", 3, slot_owner, slot_thief, slot_thief),
	RUNQUEUE("fifo, a thief", 2, fifo_owner, fifo_thief, NULL),
	RUNQUEUE("full fifo, a thief", 2, fifo_full_owner, fifo_thief, NULL),
	RUNQUEUE("fifo, two thieves", 3, fifo_short_owner, fifo_thief, fifo_thief),
	RUNQUEUE("deque, a thief", 2, deque_owner, deque_thief, NULL),
	RUNQUEUE("growing deque, a thief", 2, deque_growing_owner, deque_thief, NULL),
	RUNQUEUE("deque, two thieves", 3, deque_short_owner, deque_short_thief, deque_short_thief),
	RUNQUEUE("longer deque, two thieves", 3, deque_owner, deque_short_thief, deque_short_thief),
};

static void nothing_is_lost_or_taken_twice(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		struct model_result result;

		if (!model_explore(&right[i], &result))
			model_print_schedule(stderr);
		model_print_result(&right[i], &result);
		assert_string_equal(result.failure, "");
	}
}

/* What each queue relies on, taken away, has to be missed. */
static void what_is_broken_is_found(void **state)
{
	static const struct model_broken broken[] = {
		{0, MODEL_ATOMICITY}, {1, MODEL_ATOMICITY}, {1, MODEL_RELEASE},
		{4, MODEL_ATOMICITY}, {4, MODEL_RELEASE},   {4, MODEL_FENCES},
		{5, MODEL_FENCES},    {6, MODEL_FENCES},
	};

	(void)state;
	assert_true(
		model_miss_all(right, broken, sizeof(broken) / sizeof(broken[0]), model_explore));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_or_taken_twice),
		cmocka_unit_test(what_is_broken_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
