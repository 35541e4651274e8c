/* SPDX-License-Identifier: MIT */
/* A program that runs may be torn under the reader; how often and how soon it is read again. */
#include <time.h>

#include "probe.h"

#define LOOKS_MAX     10
#define LOOK_PAUSE_NS 20000000

int ltr_probe_refresh_whole(struct ltr_probe *probe)
{
	const struct timespec pause = {.tv_nsec = LOOK_PAUSE_NS};
	int error = 0;

	for (int i = 0; i < LOOKS_MAX; i++) {
		if (i > 0)
			nanosleep(&pause, NULL);
		error = ltr_probe_refresh(probe);
		if (error < 0 || ltr_census_info(ltr_probe_census(probe))->unreadable == 0)
			break;
	}
	return error < 0 ? error : 0;
}
