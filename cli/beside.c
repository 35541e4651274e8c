/* SPDX-License-Identifier: MIT */
/* Work beside the screen (beside.h). Whoever joins the thread sees what it wrote. */
#include "beside.h"

#include <time.h>

#include <probe/helper.h>

#include "cli.h"

static void *run(void *context)
{
	const struct ltr__beside *beside = context;

	beside->work(beside->argument);
	return NULL;
}

int ltr__beside_do(struct ltr__beside *beside, void (*work)(void *argument), void *argument,
		   unsigned int wait_ms)
{
	uint64_t end_ns = ltr__now_ns() + wait_ms * LTR__MS_NS;
	const struct timespec end = {
		.tv_sec = (time_t)(end_ns / LTR__SECOND_NS),
		.tv_nsec = (long)(end_ns % LTR__SECOND_NS),
	};
	int error;

	if (!beside->is_on) {
		beside->work = work;
		beside->argument = argument;
		error = ltr_helper_start(&beside->thread, run, beside);
		if (error)
			return error;
		beside->is_on = true;
	}
	if (pthread_clockjoin_np(beside->thread, NULL, CLOCK_MONOTONIC, &end))
		return 1;
	beside->is_on = false;
	return 0;
}

void ltr__beside_done(struct ltr__beside *beside)
{
	if (beside->is_on)
		pthread_join(beside->thread, NULL);
	beside->is_on = false;
}
