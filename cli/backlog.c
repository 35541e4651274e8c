/* SPDX-License-Identifier: MIT */
#include "backlog.h"

#include <time.h>

#include "cli.h"

#define AWAIT_LEAST 100  /* fewer have run before anybody has looked at them */
#define CROWD_LEAST 1000 /* what is to be said, */
#define CROWD_PART  8    /* and of all: a program that computes may have any number */
#define FALL_PART   16   /* a queue that gets shorter by less is one that stays */
#define STAYS_LOOKS 3
#define LOOKS_MAX   32
#define PAUSE_NS    (20 * LTR__MS_NS)

static uint64_t queued(const struct ltr_census *census)
{
	return ltr_census_info(census)->by_state[LTR_STATE_QUEUED];
}

uint64_t ltr__backlog(const struct ltr_census *census)
{
	uint64_t count = queued(census);

	return count >= CROWD_LEAST && count >= ltr_census_count(census) / CROWD_PART ? count : 0;
}

int ltr__backlog_await(struct ltr_probe *probe, uint64_t *waited_ns)
{
	const struct timespec pause = {.tv_nsec = (long)PAUSE_NS};
	uint64_t start_ns = ltr__now_ns();
	uint64_t now = queued(ltr_probe_census(probe));
	int stays = 0;
	int error = 0;

	if (now < AWAIT_LEAST)
		return 0;
	for (int i = 0; i < LOOKS_MAX && now && stays < STAYS_LOOKS && !error; i++) {
		uint64_t before = now;

		nanosleep(&pause, NULL);
		error = ltr_probe_refresh_whole(probe);
		now = queued(ltr_probe_census(probe));
		stays = now > before - before / FALL_PART ? stays + 1 : 0;
	}
	*waited_ns += ltr__now_ns() - start_ns;
	return error;
}
