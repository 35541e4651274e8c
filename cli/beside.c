/* SPDX-License-Identifier: MIT */
/* Work beside the screen (beside.h). Whoever joins the thread sees what it wrote. */
#include "beside.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <probe/helper.h>

static void *run(void *context)
{
	const struct ltr__beside *beside = context;

	beside->work(beside->argument);
	eventfd_write(beside->end_fd, 1);
	return NULL;
}

static int start(struct ltr__beside *beside)
{
	int error;

	beside->end_fd = eventfd(0, EFD_CLOEXEC);
	if (beside->end_fd < 0)
		return -errno;
	error = ltr_helper_start(&beside->thread, 0, run, beside);
	if (error)
		close(beside->end_fd);
	beside->is_on = !error;
	return error;
}

static void finish(struct ltr__beside *beside)
{
	pthread_join(beside->thread, NULL);
	close(beside->end_fd);
	beside->is_on = false;
}

int ltr__beside_do(struct ltr__beside *beside, void (*work)(void *argument), void *argument,
		   unsigned int wait_ms)
{
	struct pollfd end = {.events = POLLIN};
	int error;

	if (!beside->is_on) {
		beside->work = work;
		beside->argument = argument;
		error = start(beside);
		if (error)
			return error;
	}
	end.fd = beside->end_fd;
	if (poll(&end, 1, (int)wait_ms) <= 0)
		return 1;
	finish(beside);
	return 0;
}

void ltr__beside_done(struct ltr__beside *beside)
{
	if (beside->is_on)
		finish(beside);
}
