/* SPDX-License-Identifier: MIT */
#include "helper.h"

#include <sched.h>
#include <signal.h>

static int create(pthread_t *ret_thread, size_t stack_bytes, void *(*run)(void *context),
		  void *context)
{
	pthread_attr_t attributes;
	int error = pthread_attr_init(&attributes);

	if (error)
		return -error;
	if (stack_bytes)
		error = pthread_attr_setstacksize(&attributes, stack_bytes);
	if (!error)
		error = pthread_create(ret_thread, &attributes, run, context);
	pthread_attr_destroy(&attributes);
	return -error;
}

int ltr_helper_start(pthread_t *ret_thread, size_t stack_bytes, void *(*run)(void *context),
		     void *context)
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
	error = create(&thread, stack_bytes, run, context);
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
