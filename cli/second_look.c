/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <time.h>

#include "cli.h"
#include "second_look.h"

/* Longer than a thread is kept from the CPU in the middle of a lock, on a machine that is not lost. */
#define PAUSE_NS (20 * LTR__MS_NS)

/* A program that runs may be torn under the reader; how often and how soon it is read again. */
#define LOOKS_MAX     10
#define LOOK_PAUSE_NS (20 * LTR__MS_NS)

int ltr__look_whole(struct ltr_probe *probe)
{
	const struct timespec pause = {.tv_nsec = (long)LOOK_PAUSE_NS};
	int error = 0;

	for (int i = 0; i < LOOKS_MAX; i++) {
		error = ltr_probe_refresh(probe);
		if (error < 0 || ltr_census_info(ltr_probe_census(probe))->unreadable == 0)
			break;
		nanosleep(&pause, NULL);
	}
	return error < 0 ? error : 0;
}

int ltr__look_again(struct ltr_probe *probe, struct ltr_look **ret_earlier)
{
	const struct timespec pause = {.tv_nsec = (long)PAUSE_NS};
	struct ltr_look *earlier;
	int error = ltr_look_new(ltr_probe_census(probe), &earlier);

	if (error)
		return error;
	if (ltr_look_suspects(earlier)) {
		nanosleep(&pause, NULL);
		error = ltr__look_whole(probe);
	}
	if (error)
		ltr_look_free(earlier);
	else
		*ret_earlier = earlier;
	return error;
}
