/* SPDX-License-Identifier: MIT */
#include "helper.h"

#include <sched.h>
#include <signal.h>
#include <stddef.h>

int ltr_helper_start(pthread_t *ret_thread, void *(*run)(void *context), void *context)
{
	static const int crashing[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
	pthread_t thread;
	sigset_t blocked;
	sigset_t before;
	int error;

	sigfillset(&blocked);
	for (size_t i = 0; i < sizeof(crashing) / sizeof(*crashing); i++)
		sigdelset(&blocked, crashing[i]);
	pthread_sigmask(SIG_SETMASK, &blocked, &before);
	error = -pthread_create(&thread, NULL, run, context);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!error)
		*ret_thread = thread;
	return error;
}

unsigned int ltr_helper_cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned int)CPU_COUNT(&set) : 1;
}
