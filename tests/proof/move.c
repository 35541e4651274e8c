/* SPDX-License-Identifier: MIT */
/*
 * Goroutines that wait, each on a channel to which one block of a large heap refers, and no other; and
 * others that move those references from block to block all the time, and make and free blocks. So no
 * reading of memory that goes on meanwhile sees all of them. One in ten has lost its channel. When all wait
 * the program prints "planted wait_lost N" and "ready"; at the first byte on standard input it wakes who
 * can be woken, and returns 0 if they have ended.
 */

#include <loiter.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

LTR_CHAN(numbers, int);

#define MOVERS       4u
#define CELLS        20000u /* of each mover */
#define MOVES        200u   /* before others get their turn */
#define CELL_WORDS   60u    /* at most */
#define LOST_PART    10
#define REMADE_MOVES 16u /* one in so many makes a block anew */

struct cell {
	numbers channel; /* or nil */
	uint64_t words[];
};

static struct mover {
	struct cell **cells;
	uint64_t random_state;
} movers[MOVERS];

static int waiting; /* atomic */
static bool no_more;
static struct ltr_waitgroup all, moving;

static uint32_t any(struct mover *mover, uint32_t below)
{
	mover->random_state = mover->random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(mover->random_state >> 33) % below;
}

static struct cell *new_cell(struct mover *mover)
{
	return calloc(1, sizeof(struct cell) + any(mover, CELL_WORDS) * sizeof(uint64_t));
}

static void move(struct mover *mover)
{
	struct cell **from = &mover->cells[any(mover, CELLS)];
	struct cell **to = &mover->cells[any(mover, CELLS)];
	numbers channel = (*from)->channel;

	(*from)->channel = (*to)->channel;
	(*to)->channel = channel;
	if (any(mover, REMADE_MOVES))
		return;
	channel = (*from)->channel;
	free(*from);
	*from = new_cell(mover);
	(*from)->channel = channel;
}

static void move_on(struct mover **mover)
{
	while (!__atomic_load_n(&no_more, __ATOMIC_RELAXED)) {
		for (uint32_t i = 0; i < MOVES; i++)
			move(*mover);
		ltr_yield();
	}
	ltr_waitgroup_done(&moving);
}

static void wait_for_one(numbers *channel)
{
	int n;

	__atomic_fetch_add(&waiting, 1, __ATOMIC_RELAXED);
	ltr_recv(*channel, &n);
	ltr_waitgroup_done(&all);
}

static __attribute__((noinline)) void wait_lost(int count)
{
	for (int i = 0; i < count; i++)
		ltr_go(wait_for_one, ltr_make(numbers, 0));
}

static void wait_moved(int count)
{
	for (int i = 0; i < count; i++) {
		struct mover *mover = &movers[(uint32_t)i % MOVERS];
		numbers channel = ltr_make(numbers, 0);

		ltr_waitgroup_add(&all, 1);
		mover->cells[((uint32_t)i / MOVERS) % CELLS]->channel = channel;
		ltr_go(wait_for_one, channel);
	}
}

static void wake_all(void)
{
	for (uint32_t i = 0; i < MOVERS; i++)
		for (uint32_t j = 0; j < CELLS; j++)
			if (movers[i].cells[j]->channel.chan)
				ltr_send(movers[i].cells[j]->channel, 1);
	ltr_waitgroup_wait(&all);
}

static int run(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 1000;
	int lost = count / LOST_PART;
	struct ltr_conn *input;
	char byte;

	for (uint32_t i = 0; i < MOVERS; i++) {
		movers[i].random_state = i;
		movers[i].cells = calloc(CELLS, sizeof(*movers[i].cells));
		for (uint32_t j = 0; j < CELLS; j++)
			movers[i].cells[j] = new_cell(&movers[i]);
	}
	wait_moved(count);
	wait_lost(lost);
	while (__atomic_load_n(&waiting, __ATOMIC_RELAXED) < count + lost)
		ltr_yield();
	for (uint32_t i = 0; i < MOVERS; i++) {
		struct mover *mover = &movers[i];

		ltr_waitgroup_add(&moving, 1);
		ltr_go(move_on, mover);
	}
	printf("planted wait_lost %d\nready\n", lost);
	fflush(stdout);
	if (ltr_conn_adopt(dup(STDIN_FILENO), &input) < 0 || ltr_read(input, &byte, 1) != 1)
		return 1;
	ltr_conn_close(input);
	__atomic_store_n(&no_more, true, __ATOMIC_RELAXED);
	ltr_waitgroup_wait(&moving);
	wake_all();
	printf("woken: %d\n", count);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
