// SPDX-License-Identifier: MIT
/*
 * A program for test_attach_often.c. For each byte that it is sent it becomes busy or quiet by
 * turns, and says "busy", or "quiet N", where N is how many goroutines there are by its own count.
 * While it is busy, goroutines come and go, every fourth time faster than a slow reader can follow;
 * while it is quiet nobody moves. At the end of its input it returns.
 */
#include "live_program.h"

#include <stdatomic.h>

#define WORKERS 100

static numbers nobody;
static numbers next_turn;           /* closed when there is work again, and made anew */
static struct ltr_waitgroup moving; /* workers and short lives that do not rest */
static atomic_int living = 1;       /* the main goroutine */
static atomic_int resting;
static atomic_bool busy;
static atomic_bool storm;

static void enter(void)
{
	atomic_fetch_add(&living, 1);
	ltr_waitgroup_add(&moving, 1);
}

/* The last thing that a goroutine does. */
static void leave(void)
{
	atomic_fetch_sub(&living, 1);
	ltr_waitgroup_done(&moving);
}

static void short_life(void)
{
	ltr_yield();
	leave();
}

static void start_short_life(void)
{
	enter();
	ltr_go(short_life);
}

static struct live_work work = {.sleep_most_us = 300, .start_short_life = start_short_life};

/* Until the next turn, and not counted as moving: start_turn() counts it again. */
static void rest(uint32_t chance)
{
	numbers here = next_turn;
	int value;

	atomic_fetch_add(&resting, 1);
	ltr_waitgroup_done(&moving);
	if (chance % 2)
		ltr_recv(here, &value);
	else
		ltr_select(LTR_FOREVER, LTR_RECV(here, &value), LTR_SEND(nobody, 1));
}

/* It ends in the middle of the work, and another takes its place; or when the work does; or it
 * rests. */
static void worker(uint32_t *seed)
{
	uint32_t chance = *seed;

	for (;;) {
		while (atomic_load(&busy)) {
			chance = chance * 1664525 + 1013904223;
			live_do_one_thing(&work, chance >> 8);
			if (!atomic_load(&storm))
				ltr_sleep((chance >> 8) % 2048 * LTR_MICROSECOND);
			if (chance >> 28 == 0) {
				enter();
				ltr_go(worker, chance);
				leave();
				return;
			}
		}
		if (chance >> 9 & 1) {
			leave();
			return;
		}
		rest(chance >> 10);
	}
}

/* Returns what has been closed: those who have waited there may use it until it is quiet. */
static numbers start_turn(uint32_t number)
{
	numbers gate = next_turn;
	int rested = atomic_exchange(&resting, 0);

	atomic_store(&storm, number % 4 == 3);
	atomic_store(&busy, true);
	next_turn = ltr_make(numbers, 0);
	ltr_waitgroup_add(&moving, rested);
	ltr_close(gate);
	for (uint32_t i = (uint32_t)rested; i < WORKERS; i++) {
		enter();
		ltr_go(worker, (number * WORKERS + i) * 2654435761u);
	}
	return gate;
}

static int run(int argc, char **argv)
{
	char count[32];

	(void)argc, (void)argv;
	work.never = ltr_make(numbers, 0);
	nobody = ltr_make(numbers, 0);
	work.meet = ltr_make(numbers, 0);
	next_turn = ltr_make(numbers, 0);
	for (uint32_t turn = 0;; turn++) {
		if (!live_may_go_on())
			return 0;
		numbers gate = start_turn(turn);
		live_say("busy\n");
		(void)live_may_go_on();
		atomic_store(&busy, false);
		ltr_waitgroup_wait(&moving);
		ltr_free(gate);
		snprintf(count, sizeof(count), "quiet %d\n", atomic_load(&living));
		live_say(count);
	}
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
