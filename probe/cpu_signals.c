// SPDX-License-Identifier: MIT
/*
 * Samples of the CPUs of this very process, without eBPF and without any right: each thread that is
 * found has a timer on its own CPU time, whose SIGPROF goes to that thread. So nothing happens to a
 * thread that does nothing, and a sample is worth exactly one period of the thread's CPU time.
 *
 * Threads are found, not told: those of the runtime by their rings at each poll, all others in
 * /proc/self/task ten times a second. What a thread did before it was found is in no sample, and is
 * not counted as lost either; one that ends before the next look is never found. The caller's
 * thread is left out: it blocks what is sent, and is no part of the program.
 *
 * There is one sampler at most in a process (`user`), because there is one handler of SIGPROF. The
 * program's own is left alone, also if it comes later.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cpu_handler.h"
#include "process.h"

#define LOOK_NS 100000000ull /* between two looks at /proc */
#define NO_SLOT UINT32_MAX

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

struct thread {
	uint32_t tid; /* 0: nobody has this slot */
	bool armed;
	bool seen;
	timer_t timer;
};

struct sampler {
	struct sigaction before; /* what was done with SIGPROF */
	uint64_t period_ns;
	uint64_t random;
	uint64_t look_ns; /* when to look at /proc again */
	uint64_t refused; /* how often a thread of a look was refused its timer, not told yet */
	pid_t pid;        /* whose it is: a child of fork() has a copy, and none of its timers */
	uint32_t own_tid;
	const struct ltr_ring *rings;
	const uint32_t *ring_count;
	uint32_t ring_max;
	uint32_t ring_slots[]; /* by ring, the slot of its thread; NO_SLOT */
};

/* By slot. It outlives samplers: a slot is its thread's for as long as that lives
 * (cpu_handler.h). */
static struct thread threads[LTR__SLOT_MAX];
static uint32_t thread_count;
static pid_t owner; /* whose threads they are: a child of fork() has none of them */
static pid_t user;  /* atomic; the process that samples itself; 0, or a parent's: nobody */

/* The clock of a thread by its number: part of the kernel's ABI (CPUCLOCK_SCHED, per thread). */
static clockid_t cpu_clock(uint32_t tid)
{
	return (clockid_t)(~tid << 3 | 4 | 2);
}

/* The first sample is not a whole period away: threads that do little at a time would have none. */
static uint64_t first_ns(struct sampler *sampler)
{
	sampler->random ^= sampler->random << 13; /* xorshift64, Marsaglia 2003 */
	sampler->random ^= sampler->random >> 7;
	sampler->random ^= sampler->random << 17;
	return 1 + sampler->random % sampler->period_ns;
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / 1000000000u),
				 .tv_nsec = (long)(ns % 1000000000u)};
}

static int arm(struct sampler *sampler, uint32_t index)
{
	struct thread *thread = &threads[index];
	const struct itimerspec often = {.it_interval = timespec_of(sampler->period_ns),
					 .it_value = timespec_of(first_ns(sampler))};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
				 .sigev_signo = SIGPROF,
				 .sigev_value = ltr__slot_value(index)};

	event.sigev_notify_thread_id = (pid_t)thread->tid;
	if (timer_create(cpu_clock(thread->tid), &event, &thread->timer) < 0)
		return -errno;
	if (timer_settime(thread->timer, 0, &often, NULL) < 0) {
		int err = -errno;

		timer_delete(thread->timer);
		return err;
	}
	thread->armed = true;
	return 0;
}

static void disarm(struct thread *thread)
{
	if (thread->armed)
		timer_delete(thread->timer);
	thread->armed = false;
}

/* A timer whose thread has ended is idle, whoever has its number now; any other has a next time. */
static bool is_of_the_dead(const struct thread *thread)
{
	struct itimerspec left;

	return thread->armed && timer_gettime(thread->timer, &left) == 0 &&
	       left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0;
}

/* Not to be read in /proc: a look there passes over living threads while others end. */
static bool has_ended(const struct sampler *sampler, const struct thread *thread)
{
	if (thread->armed)
		return is_of_the_dead(thread);
	return tgkill(sampler->pid, (pid_t)thread->tid, 0) < 0 && errno == ESRCH;
}

static uint32_t find_slot(uint32_t tid)
{
	uint32_t free = NO_SLOT;

	for (uint32_t i = 0; i < thread_count; i++) {
		if (threads[i].tid == tid)
			return i;
		if (threads[i].tid == 0 && free == NO_SLOT)
			free = i;
	}
	if (free == NO_SLOT && thread_count < LTR__SLOT_MAX)
		free = thread_count++;
	if (free != NO_SLOT)
		threads[free] = (struct thread){.tid = tid};
	return free;
}

/* Sees to it that the thread is sampled: 0, and its slot. -ENOMEM, -EAGAIN: no slot, no timer is
 * left; -EINVAL, -ESRCH: it has ended. */
static int take_thread(struct sampler *sampler, uint32_t tid, const struct ltr_ring *ring,
		       uint32_t *ret_index)
{
	uint32_t index = find_slot(tid);
	struct ltr__slot *slot = index == NO_SLOT ? NULL : ltr__slot_at(index);

	*ret_index = NO_SLOT;
	if (!slot)
		return -ENOMEM;
	*ret_index = index;
	if (ring)
		__atomic_store_n(&slot->ring, ring, __ATOMIC_RELEASE);
	threads[index].seen = true;
	if (is_of_the_dead(&threads[index]))
		disarm(&threads[index]);
	return threads[index].armed ? 0 : arm(sampler, index);
}

static void take_rings(struct sampler *sampler)
{
	/* acquire: pairs with the runtime's release: their headers are whole */
	uint32_t count = __atomic_load_n(sampler->ring_count, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < count && i < sampler->ring_max; i++) {
		const struct ltr_ring *ring = &sampler->rings[i];
		uint32_t tid = __atomic_load_n(&ring->tid, __ATOMIC_RELAXED);
		uint32_t known = sampler->ring_slots[i];

		if (tid == 0 || tid == sampler->own_tid)
			continue;
		if (known == NO_SLOT || threads[known].tid != tid)
			(void)take_thread(sampler, tid, ring, &sampler->ring_slots[i]);
	}
}

static void forget_thread(uint32_t index)
{
	disarm(&threads[index]);
	threads[index].tid = 0;
	if (ltr__slot_at(index))
		__atomic_store_n(&ltr__slot_at(index)->ring, NULL, __ATOMIC_RELEASE);
}

/* All threads of the process; those that have ended give their slots back. */
static void look_at_proc(struct sampler *sampler)
{
	DIR *tasks = opendir("/proc/self/task");
	const struct dirent *task;

	if (!tasks)
		return;
	for (uint32_t i = 0; i < thread_count; i++)
		threads[i].seen = false;
	while ((task = readdir(tasks))) {
		uint32_t tid = (uint32_t)strtoul(task->d_name, NULL, 10);

		if (tid != 0 && tid != sampler->own_tid) {
			uint32_t index;
			int err = take_thread(sampler, tid, NULL, &index);

			sampler->refused += err == -EAGAIN || err == -ENOMEM;
		}
	}
	closedir(tasks);
	for (uint32_t i = 0; i < thread_count; i++)
		if (threads[i].tid != 0 && !threads[i].seen && has_ended(sampler, &threads[i]))
			forget_thread(i);
}

static void look_for_threads(struct sampler *sampler)
{
	uint64_t now_ns = ltr_process_now_ns();

	if (now_ns >= sampler->look_ns) {
		look_at_proc(sampler);
		sampler->look_ns = now_ns + LOOK_NS;
	}
	take_rings(sampler); /* after that: who has ended has no slot any more */
}

static bool is_ours(const struct sigaction *action)
{
	return action->sa_flags & SA_SIGINFO && action->sa_sigaction == ltr__handler;
}

static bool has_handler(void)
{
	struct sigaction action;

	return sigaction(SIGPROF, NULL, &action) == 0 && is_ours(&action);
}

static int install(struct sampler *sampler, struct ltr_why *ret_why)
{
	struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};

	if (sigaction(SIGPROF, NULL, &sampler->before) < 0)
		return ltr_why_set(ret_why, -errno, "SIGPROF is refused: %s", strerror(errno));
	if (sampler->before.sa_flags & SA_SIGINFO ||
	    (sampler->before.sa_handler != SIG_DFL && sampler->before.sa_handler != SIG_IGN)) {
		if (!is_ours(&sampler->before)) /* a child's parent may have installed ours */
			return ltr_why_set(ret_why, -EBUSY,
					   "the program handles SIGPROF itself, and its handler is "
					   "left alone");
		sampler->before = (struct sigaction){.sa_handler = SIG_DFL};
	}
	action.sa_sigaction = ltr__handler;
	sigfillset(&action.sa_mask); /* on a stack that may be small, one after the other */
	sigaction(SIGPROF, &action, NULL);
	return 0;
}

/*
 * No timer is there any more, but its signal may still be pending on a thread that blocks it, and
 * would end the program if there were no handler. Ignoring a signal throws away what is pending.
 */
static void uninstall(const struct sampler *sampler)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	if (!has_handler())
		return;
	sigaction(SIGPROF, &ignore, NULL);
	sigaction(SIGPROF, &sampler->before, NULL);
}

/* A child of fork() finds its parent's number there, whose samples are none of its own. */
static bool take_use(void)
{
	pid_t self = getpid();
	pid_t before = __atomic_load_n(&user, __ATOMIC_RELAXED);

	while (before != self)
		if (__atomic_compare_exchange_n(&user, &before, self, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

static void release_use(void)
{
	__atomic_store_n(&user, 0, __ATOMIC_RELEASE); /* pairs with take_use() */
}

static void close_sampler(void *context)
{
	struct sampler *sampler = context;

	if (!sampler)
		return;
	if (sampler->pid == getpid()) {
		for (uint32_t i = 0; i < thread_count; i++)
			disarm(&threads[i]);
		uninstall(sampler);
		release_use();
	} else if (__atomic_load_n(&user, __ATOMIC_ACQUIRE) != getpid()) {
		uninstall(sampler); /* a child that does not sample itself has inherited it */
	}
	free(sampler);
}

static struct sampler *sampler_new(const struct ltr_event_target *what, uint32_t rate_hz)
{
	size_t slots_bytes = what->layout->ring_max * sizeof(uint32_t);
	struct sampler *sampler = calloc(1, sizeof(*sampler) + slots_bytes);

	if (!sampler)
		return NULL;
	memset(sampler->ring_slots, 0xff, slots_bytes); /* NO_SLOT */
	sampler->ring_max = what->layout->ring_max;
	sampler->rings = (const struct ltr_ring *)(uintptr_t)what->layout->rings;
	sampler->ring_count = (const uint32_t *)(uintptr_t)what->layout->ring_count;
	sampler->period_ns = ltr_cpu_period_ns(rate_hz);
	sampler->random = ltr_process_now_ns() | 1;
	sampler->own_tid = (uint32_t)gettid();
	sampler->pid = getpid();
	return sampler;
}

/* Timers of a parent are not there, and its threads neither. */
static void forget_parent(void)
{
	pid_t self = getpid();

	if (owner != self)
		for (uint32_t i = 0; i < thread_count; i++) {
			threads[i].armed = false;
			forget_thread(i);
		}
	owner = self;
	ltr__handler_prepare(self);
	for (uint32_t i = 0; i < thread_count; i++)
		if (ltr__slot_at(i))
			ltr__slot_clear(ltr__slot_at(i));
}

static int start(struct sampler *sampler, struct ltr_why *ret_why)
{
	int err = install(sampler, ret_why);
	uint32_t armed = 0;

	if (err)
		return err;
	look_for_threads(sampler);
	for (uint32_t i = 0; i < thread_count; i++)
		armed += threads[i].armed;
	if (armed == 0 && sampler->refused > 0)
		return ltr_why_set(ret_why, -EAGAIN,
				   "the kernel gives the threads no timers: see ulimit -i");
	return 0;
}

static int open_sampler(const struct ltr_event_target *what, uint32_t rate_hz, void **ret_sampler,
			struct ltr_why *ret_why)
{
	struct sampler *sampler;
	int err;

	if (!ltr__handler_knows_registers())
		return ltr_why_set(ret_why, -EOPNOTSUPP,
				   "the registers of this machine are not known");
	if (!take_use())
		return ltr_why_set(ret_why, -EBUSY, "this process samples itself already");
	sampler = sampler_new(what, rate_hz);
	if (!sampler) {
		release_use();
		return ltr_why_set(ret_why, -ENOMEM, "no memory");
	}
	forget_parent();
	err = start(sampler, ret_why);
	if (err)
		close_sampler(sampler);
	else
		*ret_sampler = sampler;
	return err;
}

static int poll_sampler(void *context, const struct ltr_cpu_sink *sink)
{
	struct sampler *sampler = context;
	int some = 0;

	if (sampler->pid != getpid())
		return 0;
	look_for_threads(sampler);
	if (sampler->refused) /* as if it had worked all the time up to the next look */
		sink->lost(sink->context, sampler->refused * LOOK_NS / sampler->period_ns);
	sampler->refused = 0;
	for (uint32_t i = 0; i < thread_count; i++) {
		struct ltr__slot *slot = ltr__slot_at(i);
		int got = slot ? ltr__slot_take(slot, sink) : 0;

		if (got < 0)
			return got;
		some |= got;
	}
	return has_handler() ? some : -EBUSY;
}

const struct ltr_cpu_ops ltr__cpu_signals = {
	.open = open_sampler,
	.poll = poll_sampler,
	.close = close_sampler,
};
