/* SPDX-License-Identifier: MIT */
#ifndef TESTS_PROBE_LIVE_PROGRAM_H
#define TESTS_PROBE_LIVE_PROGRAM_H

/*
 * What the programs that are watched have in common: how they talk with the test (live_child.h),
 * and the things that their goroutines do.
 */

#include <loiter.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

LTR_CHAN(numbers, int);

static inline void live__say(void *text)
{
	fputs(text, stdout);
	fflush(stdout);
}

static inline void live__read(void *ret_more)
{
	char byte;

	*(bool *)ret_more = read(STDIN_FILENO, &byte, 1) == 1;
}

static inline void live_say(char *line)
{
	ltr_blocking(live__say, line);
}

/* Waits to be sent a byte; false: nobody will. */
static inline bool live_may_go_on(void)
{
	bool more;

	ltr_blocking(live__read, &more);
	return more;
}

struct live_work {
	numbers meet;
	numbers never;
	struct ltr_mutex mutex;
	int64_t sleep_most_us;
	void (*start_short_life)(void);
};

/* One of six things, and how: by `chance`. */
static inline void live_do_one_thing(struct live_work *work, uint32_t chance)
{
	int value;

	switch (chance % 6) {
	case 0:
		ltr_yield();
		break;
	case 1:
		ltr_sleep(chance % work->sleep_most_us * LTR_MICROSECOND);
		break;
	case 2:
		work->start_short_life();
		break;
	case 3:
		ltr_mutex_lock(&work->mutex);
		ltr_yield();
		ltr_mutex_unlock(&work->mutex);
		break;
	case 4:
		ltr_send(work->meet, (int)chance, ltr_after(LTR_MILLISECOND));
		break;
	case 5:
		ltr_select(ltr_after(100 * LTR_MICROSECOND), LTR_RECV(work->meet, &value),
			   LTR_RECV(work->never, &value));
		break;
	}
}

#endif
