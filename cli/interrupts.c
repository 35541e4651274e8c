/* SPDX-License-Identifier: MIT */
/* Requests to end, as something that can be asked for; see interrupts.h. */

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "interrupts.h"

void ltr__interrupts_begin(struct ltr__interrupts *interrupts)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &interrupts->before);
	interrupts->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

bool ltr__interrupts_came(const struct ltr__interrupts *interrupts)
{
	struct pollfd news = {.fd = interrupts->fd, .events = POLLIN};

	return interrupts->fd >= 0 && poll(&news, 1, 0) > 0;
}

void ltr__interrupts_end(struct ltr__interrupts *interrupts)
{
	struct signalfd_siginfo taken;

	if (interrupts->fd >= 0) {
		while (read(interrupts->fd, &taken, sizeof(taken)) > 0)
			;
		close(interrupts->fd);
	}
	interrupts->fd = -1;
	sigprocmask(SIG_SETMASK, &interrupts->before, NULL);
}
