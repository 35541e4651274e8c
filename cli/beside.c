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

int ltr__beside_begin(struct ltr__beside *beside, void (*work)(void *argument), void *argument)
{
	int error;

	beside->work = work;
	beside->argument = argument;
	beside->end_fd = eventfd(0, EFD_CLOEXEC);
	if (beside->end_fd < 0)
		return -errno;
	error = ltr_helper_start(&beside->thread, 0, run, beside);
	if (error)
		close(beside->end_fd);
	beside->is_on = !error;
	return error;
}

bool ltr__beside_is_done(struct ltr__beside *beside, unsigned int wait_ms)
{
	struct pollfd end = {.fd = beside->end_fd, .events = POLLIN};

	if (beside->is_on && poll(&end, 1, (int)wait_ms) > 0)
		ltr__beside_done(beside);
	return !beside->is_on;
}

int ltr__beside_do(struct ltr__beside *beside, void (*work)(void *argument), void *argument,
		   unsigned int wait_ms)
{
	int error = beside->is_on ? 0 : ltr__beside_begin(beside, work, argument);

	return error ? error : !ltr__beside_is_done(beside, wait_ms);
}

void ltr__beside_done(struct ltr__beside *beside)
{
	if (!beside->is_on)
		return;
	pthread_join(beside->thread, NULL);
	close(beside->end_fd);
	beside->is_on = false;
}
