/* SPDX-License-Identifier: MIT */
/*
 * Threads of a process, and stopping all of them. A thread that is stopped starts no others, so when
 * a look at the list finds nobody who still runs, nobody does. Threads that end meanwhile are
 * forgotten. Whatever happens, everybody who was stopped goes on in the end: the kernel lets them go
 * when we end, too.
 */

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "private.h"

#define THREADS_MAX     65536u
#define ROUNDS_MAX      64u
#define REGISTERS_BYTES 16384u /* vector registers included */

#ifndef NT_X86_XSTATE
#define NT_X86_XSTATE 0x202
#endif

struct ltr_reach_stop {
	bool hurried; /* what our own thread had before: */
	int policy;
	struct sched_param priority;
	uint32_t *tids; /* stopped by us */
	int *signals;   /* what each was about to get when it stopped */
	size_t count;
	size_t capacity;
	uint64_t *words;
	size_t word_count;
};

static int compare_tids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

int ltr_reach_threads(const struct ltr_process *process, uint32_t **ret_tids, size_t *ret_count)
{
	uint32_t *tids = NULL;
	size_t count = 0, capacity = 0;
	const struct dirent *entry;
	char path[64];
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%u/task", ltr_process_pid(process));
	folder = opendir(path);
	if (!folder)
		return errno == ENOENT ? -ESRCH : -errno;
	while ((entry = readdir(folder)) && count < THREADS_MAX) {
		unsigned long tid = strtoul(entry->d_name, NULL, 10);

		if (!tid || tid > INT32_MAX)
			continue;
		if (count == capacity) {
			void *grown;

			capacity = capacity ? capacity * 2 : 64;
			grown = reallocarray(tids, capacity, sizeof(*tids));
			if (!grown) {
				free(tids);
				closedir(folder);
				return -ENOMEM;
			}
			tids = grown;
		}
		tids[count++] = (uint32_t)tid;
	}
	closedir(folder);
	if (!count) {
		free(tids);
		return -ESRCH;
	}
	qsort(tids, count, sizeof(*tids), compare_tids);
	*ret_tids = tids;
	*ret_count = count;
	return 0;
}

static bool is_stopped(const struct ltr_reach_stop *stop, uint32_t tid)
{
	for (size_t i = 0; i < stop->count; i++)
		if (stop->tids[i] == tid)
			return true;
	return false;
}

static int make_room(struct ltr_reach_stop *stop)
{
	size_t more = stop->capacity ? stop->capacity * 2 : 64;
	void *tids, *signals;

	if (stop->count < stop->capacity)
		return 0;
	tids = reallocarray(stop->tids, more, sizeof(*stop->tids));
	if (tids)
		stop->tids = tids;
	signals = reallocarray(stop->signals, more, sizeof(*stop->signals));
	if (signals)
		stop->signals = signals;
	if (!tids || !signals)
		return -ENOMEM;
	stop->capacity = more;
	return 0;
}

/* 1: it stands, 0: it has ended. */
static int stop_one(struct ltr_reach_stop *stop, uint32_t tid)
{
	int status, number;
	int error = make_room(stop);

	if (error)
		return error;
	if (ptrace(PTRACE_SEIZE, (pid_t)tid, NULL, NULL) != 0)
		return errno == ESRCH ? 0 : -errno;
	if (ptrace(PTRACE_INTERRUPT, (pid_t)tid, NULL, NULL) != 0)
		return errno == ESRCH ? 0 : -errno;
	while (waitpid((pid_t)tid, &status, __WALL) < 0)
		if (errno != EINTR)
			return 0;
	if (!WIFSTOPPED(status))
		return 0;
	/* It may have been about to get a signal: that is given back to it. */
	number = WSTOPSIG(status);
	stop->signals[stop->count] = status >> 16 == PTRACE_EVENT_STOP ? 0 : number;
	stop->tids[stop->count++] = tid;
	return 1;
}

static int stop_all(const struct ltr_process *process, struct ltr_reach_stop *stop)
{
	bool more = true;

	for (uint32_t round = 0; more; round++) {
		uint32_t *tids = NULL;
		size_t count = 0;
		int error = ltr_reach_threads(process, &tids, &count);

		if (error)
			return error;
		more = false;
		for (size_t i = 0; i < count && error >= 0; i++) {
			if (is_stopped(stop, tids[i]))
				continue;
			error = stop_one(stop, tids[i]);
			more = more || error > 0;
		}
		free(tids);
		if (error < 0)
			return error;
		if (round == ROUNDS_MAX)
			return -EAGAIN;
	}
	return stop->count ? 0 : -ESRCH;
}

static ssize_t read_set(uint32_t tid, int set, unsigned char *registers)
{
	struct iovec place = {registers, REGISTERS_BYTES};

	if (ptrace(PTRACE_GETREGSET, (pid_t)tid, (void *)(intptr_t)set, &place) != 0)
		return -1;
	return (ssize_t)place.iov_len;
}

/* General registers must be had; of the others whatever there is. */
static int read_registers(struct ltr_reach_stop *stop)
{
	static const int sets[] = {NT_PRSTATUS, NT_X86_XSTATE, NT_PRFPREG};
	unsigned char *registers = malloc(REGISTERS_BYTES);
	size_t capacity = 0;
	int error = registers ? 0 : -ENOMEM;

	for (size_t i = 0; i < stop->count && !error; i++) {
		for (size_t j = 0; j < sizeof(sets) / sizeof(sets[0]) && !error; j++) {
			ssize_t got = read_set(stop->tids[i], sets[j], registers);
			size_t words = got > 0 ? (size_t)got / 8 : 0;

			if (!words && j == 0 && errno != ESRCH)
				error = -EPERM;
			if (stop->word_count + words > capacity) {
				size_t room = (capacity + words) * 2;
				void *grown = reallocarray(stop->words, room, 8);

				error = grown ? error : -ENOMEM;
				if (!grown)
					break;
				stop->words = grown;
				capacity = room;
			}
			if (words)
				memcpy(stop->words + stop->word_count, registers, words * 8);
			stop->word_count += words;
		}
	}
	free(registers);
	return error;
}

/*
 * As long as others stand because of us, we come before all who have no such priority, if we may; so on a
 * busy machine they do not stand while somebody else has the CPU.
 */
static void hurry(struct ltr_reach_stop *stop)
{
	const struct sched_param least = {.sched_priority = sched_get_priority_min(SCHED_RR)};

	stop->policy = sched_getscheduler(0);
	stop->hurried = (stop->policy == SCHED_OTHER || stop->policy == SCHED_BATCH) &&
			sched_getparam(0, &stop->priority) == 0 &&
			sched_setscheduler(0, SCHED_RR, &least) == 0;
}

int ltr_reach_stop(const struct ltr_process *process, struct ltr_reach_stop **ret_stop,
		   struct ltr_why *ret_why)
{
	struct ltr_reach_stop *stop = calloc(1, sizeof(*stop));
	int error;

	if (!stop)
		return ltr_why_set(ret_why, -ENOMEM, "out of memory");
	hurry(stop);
	error = stop_all(process, stop);
	if (!error)
		error = read_registers(stop);
	if (error) {
		ltr_reach_go_on(stop);
		return ltr_why_set(ret_why, error, "its threads cannot be stopped: %s",
				   strerror(-error));
	}
	*ret_stop = stop;
	return 0;
}

const uint64_t *ltr_reach_stop_words(const struct ltr_reach_stop *stop, size_t *ret_count)
{
	*ret_count = stop->word_count;
	return stop->words;
}

struct ltr_reach_stop *ltr_reach_go_on(struct ltr_reach_stop *stop)
{
	if (!stop)
		return NULL;
	for (size_t i = 0; i < stop->count; i++)
		ptrace(PTRACE_DETACH, (pid_t)stop->tids[i], NULL,
		       (void *)(intptr_t)stop->signals[i]);
	if (stop->hurried)
		sched_setscheduler(0, stop->policy, &stop->priority);
	free(stop->tids);
	free(stop->signals);
	free(stop->words);
	free(stop);
	return NULL;
}
