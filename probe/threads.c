// SPDX-License-Identifier: MIT
/*
 * Which goroutine is on which thread is in the rings (layout.h). They are read before and after the
 * kernel is asked; what has changed meanwhile is left out.
 */
#include "threads.h"

#include <errno.h>
#include <inttypes.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "census_fill.h"
#include "process_private.h"
#include "reach/reach.h"

/* Threads with a goroutine that are looked at: of these, from /proc. */
#define THREADS_MAX      65536u
#define PROC_THREADS_MAX 1024u

struct ltr_threads {
	struct ltr_process *process;
	uint64_t rings;
	uint64_t ring_count;
	uint32_t ring_max;
	struct ltr_thread_reader *reader; /* NULL: /proc */
};

struct ltr_threads *ltr__threads_close(struct ltr_threads *threads)
{
	if (threads)
		ltr__thread_reader_close(threads->reader);
	free(threads);
	return NULL;
}

int ltr__threads_open(const struct ltr_event_target *what, bool may_use_ebpf,
		      struct ltr_threads **ret_threads, struct ltr_why *ret_why)
{
	struct ltr_threads *threads = calloc(1, sizeof(*threads));
	int err;

	if (!threads)
		return -ENOMEM;
	threads->process = what->process;
	threads->rings = what->layout->rings;
	threads->ring_count = what->layout->ring_count;
	threads->ring_max = what->layout->ring_max;
	if (may_use_ebpf)
		err = ltr__thread_reader_open(what, &threads->reader, ret_why);
	else
		err = ltr_why_set(ret_why, -EOPNOTSUPP, "eBPF was not asked for");
	if (err == -ENOMEM) {
		ltr__threads_close(threads);
		return -ENOMEM;
	}
	if (!err)
		ret_why->text[0] = '\0';
	*ret_threads = threads;
	return 0;
}

/* The rings, all of them; the caller frees them. */
static int read_rings(const struct ltr_threads *threads, struct ltr_ring **ret_rings,
		      uint32_t *ret_count)
{
	uint32_t count;
	int err = ltr_process_read(threads->process, threads->ring_count, &count, sizeof(count));

	if (err)
		return err;
	if (count > threads->ring_max)
		count = threads->ring_max;
	if (count > THREADS_MAX)
		count = THREADS_MAX;
	struct ltr_ring *rings = calloc(count ? count : 1, sizeof(*rings));
	if (!rings)
		return -ENOMEM;
	err = ltr_process_read(threads->process, threads->rings, rings, count * sizeof(*rings));
	if (err) {
		free(rings);
		return err;
	}
	*ret_rings = rings;
	*ret_count = count;
	return 0;
}

static uint8_t state_of_letter(char letter)
{
	switch (letter) {
	case 'R':
		return LTR_THREAD_ACTIVE;
	case 'S':
		return LTR_THREAD_ASLEEP;
	case 'D':
		return LTR_THREAD_BLOCKED;
	case 'T':
	case 't':
		return LTR_THREAD_STOPPED;
	default:
		return LTR_THREAD_UNKNOWN;
	}
}

/* Two files; `stat` has the thread's name in parentheses, which may hold anything. */
static void read_proc(const struct ltr_threads *threads, uint32_t tid,
		      struct ltr_kernel_thread *thread)
{
	char path[64];
	char text[1024];
	const char *after;

	thread->call = -1;
	snprintf(path, sizeof(path), "task/%" PRIu32 "/stat", tid);
	if (ltr__process_slurp(ltr_process_pid(threads->process), path, text, sizeof(text)) < 0)
		return;
	after = strrchr(text, ')');
	if (after && after[1] == ' ')
		thread->state = state_of_letter(after[2]);
	snprintf(path, sizeof(path), "task/%" PRIu32 "/syscall", tid);
	if (ltr__process_slurp(ltr_process_pid(threads->process), path, text, sizeof(text)) > 0 &&
	    text[0] >= '0' && text[0] <= '9')
		thread->call = (int32_t)strtol(text, NULL, 10);
}

static int compare_tids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The threads that goroutines run on, in order; the caller frees them. */
static int busy_tids(const struct ltr_ring *rings, uint32_t count, uint32_t **ret_tids,
		     size_t *ret_count)
{
	uint32_t *tids = calloc(count ? count : 1, sizeof(*tids));
	size_t length = 0;

	if (!tids)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		if (rings[i].tid && rings[i].running)
			tids[length++] = rings[i].tid;
	qsort(tids, length, sizeof(*tids), compare_tids);
	*ret_tids = tids;
	*ret_count = length;
	return 0;
}

/* Below /proc, threads have the numbers of whoever mounted it; in the rings, those of the program. */
static int ask_proc(const struct ltr_threads *threads, const struct ltr_ring *rings, uint32_t count,
		    struct ltr_kernel_thread **ret_list, size_t *ret_count)
{
	struct ltr_kernel_thread *list = calloc(PROC_THREADS_MAX, sizeof(*list));
	uint32_t *busy = NULL, *there = NULL, *own = NULL;
	size_t busy_count, there_count = 0, length = 0;
	int err = list ? busy_tids(rings, count, &busy, &busy_count) : -ENOMEM;

	if (!err)
		err = ltr_reach_threads(threads->process, &there, &there_count);
	if (err && err != -ENOMEM && err != -ESRCH)
		err = 0; /* then nothing is known of them: there_count is 0 */
	if (!err) {
		own = malloc(there_count * sizeof(*own));
		err = own ? 0 : -ENOMEM;
	}
	if (!err) {
		memcpy(own, there, there_count * sizeof(*own));
		ltr_process_own_tids(threads->process, own, there_count);
	}
	for (size_t i = 0; i < there_count && length < PROC_THREADS_MAX && !err; i++) {
		if (!bsearch(&own[i], busy, busy_count, sizeof(*busy), compare_tids))
			continue;
		list[length].tid = own[i];
		read_proc(threads, there[i], &list[length++]);
	}
	free(busy);
	free(there);
	free(own);
	if (err) {
		free(list);
		return err;
	}
	*ret_list = list;
	*ret_count = length;
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = ((const struct ltr_kernel_thread *)a)->tid;
	uint32_t y = ((const struct ltr_kernel_thread *)b)->tid;

	return x < y ? -1 : x > y;
}

static int name_call(struct ltr_census *census, struct ltr_thread *thread)
{
	char *name;
	int err;

	if (thread->call < 0)
		return 0;
	name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, thread->call);
	err = ltr_census_intern_string(census, name, &thread->call_name);
	free(name);
	return err;
}

struct look {
	struct ltr_ring *before;
	struct ltr_ring *after;
	struct ltr_kernel_thread *list;
	struct ltr_thread *threads;
	bool *in_call;
	uint32_t before_count;
	uint32_t after_count;
	size_t list_count;
	size_t count;
};

static void look_done(struct look *look)
{
	free(look->before);
	free(look->after);
	free(look->list);
	free(look->threads);
	free(look->in_call);
}

/* Whoever was on the same thread before and after. */
static int match(struct look *look, struct ltr_census *census)
{
	struct ltr_kernel_thread key = {0};

	look->threads = calloc(look->list_count + 1, sizeof(*look->threads));
	look->in_call = calloc(look->list_count + 1, sizeof(*look->in_call));
	if (!look->threads || !look->in_call)
		return -ENOMEM;
	qsort(look->list, look->list_count, sizeof(*look->list), compare);
	for (uint32_t i = 0; i < look->before_count && i < look->after_count; i++) {
		const struct ltr_ring *ring = &look->before[i];
		const struct ltr_kernel_thread *is;

		if (!ring->running || ring->running != look->after[i].running ||
		    ring->tid != look->after[i].tid || ring->in_call != look->after[i].in_call)
			continue;
		key.tid = ring->tid;
		is = bsearch(&key, look->list, look->list_count, sizeof(*look->list), compare);
		if (!is || look->count == look->list_count)
			continue;
		struct ltr_thread *thread = &look->threads[look->count];
		*thread = (struct ltr_thread){.goroutine_id = ring->running,
					      .since_ns = is->since_ns,
					      .tid = is->tid,
					      .call = is->call,
					      .state = is->state};
		int err = name_call(census, thread);
		if (err)
			return err;
		look->in_call[look->count++] = ring->in_call != 0;
	}
	return 0;
}

static int take(const struct ltr_threads *threads, struct look *look)
{
	int err = read_rings(threads, &look->before, &look->before_count);

	if (!err && threads->reader)
		err = ltr__thread_reader_read(threads->reader, &look->list, &look->list_count);
	else if (!err)
		err = ask_proc(threads, look->before, look->before_count, &look->list,
			       &look->list_count);
	return err ? err : read_rings(threads, &look->after, &look->after_count);
}

int ltr__threads_look(struct ltr_threads *threads, struct ltr_census *census)
{
	struct look look = {0};
	int err = take(threads, &look);

	if (!err)
		err = match(&look, census);
	if (!err)
		err = ltr_census_set_threads(census, look.threads, look.in_call, look.count);
	look_done(&look);
	return err;
}
