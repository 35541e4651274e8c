/* SPDX-License-Identifier: MIT */

/*
 * Threads that look for work, sleep, and are woken.
 *
 * A thread that finds nothing gives its processor back and sleeps: in the network poller if nobody
 * is there and there is something to wait for (deadlines, sockets), otherwise on its futex. Work
 * that is put where others may take it wakes one (ltr__announce), unless one is already looking
 * ("spinning"); the last that stops looking looks once more after it has said that it is idle. One
 * that sees work which is better left where it is naps in between, and counts as looking. The two
 * seq_cst fences, there and in ltr__announce(), make sure that one of both sees the other.
 *
 * ltr__sched.lock guards the lists of idle processors and sleeping threads, so a thread is either
 * in its list without a processor, or has one.
 */

#include "idle.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "fatal.h"
#include "fault.h"
#include "futex.h"
#include "monitor.h"
#include "poller.h"
#include "sanitize.h"
#include "seed.h"
#include "spare.h"
#include "timer.h"
#include "trace.h"

#define SPIN_NS           5000
#define RELAX_TIMES       8
#define NAP_MIN_NS        50000
#define NAP_MAX_NS        200000
#define STEAL_NEWBORNS    32u
#define STEAL_AT_ONCE     8u /* so many are worth the way whatever they do */
#define PATIENCE_MIN_NS   1000
#define PATIENCE_MAX_NS   256000
#define WORTH_STEALING_NS 20000

void ltr__idle_push(struct ltr__processor *processor)
{
	processor->next_idle = ltr__sched.idle;
	ltr__sched.idle = processor;
	__atomic_store_n(&ltr__sched.idle_count, ltr__sched.idle_count + 1, __ATOMIC_RELAXED);
}

struct ltr__processor *ltr__idle_pop(void)
{
	struct ltr__processor *processor = ltr__sched.idle;

	if (!processor)
		return NULL;
	ltr__sched.idle = processor->next_idle;
	/* seq_cst: pairs with ltr__monitor_run(): it sees us leave, or we see it asleep */
	__atomic_store_n(&ltr__sched.idle_count, ltr__sched.idle_count - 1, __ATOMIC_SEQ_CST);
	ltr__monitor_wake();
	return processor;
}

static void sleeping_remove(struct ltr__thread *thread)
{
	struct ltr__thread **link = &ltr__sched.sleeping;

	while (*link && *link != thread)
		link = &(*link)->next_sleeping;
	if (*link)
		*link = thread->next_sleeping;
}

/* --- threads -------------------------------------------------------------------------------- */

static void *thread_entry(void *argument)
{
	struct ltr__thread *thread = argument;

	ltr__current_thread = thread;
	__atomic_store_n(&thread->tid, (uint32_t)gettid(), __ATOMIC_RELAXED);
	ltr__fault_thread(thread);
	thread->ring = ltr__ring_new(thread->index);
	if (!thread->ring)
		ltr__fatal("out of memory: no ring for a thread");
#if defined(__SANITIZE_THREAD__)
	thread->sanitizer = __tsan_get_current_fiber();
#endif
	ltr__thread_main(thread);
	return NULL;
}

/* Signals are for the thread of ltr_run(), which runs no goroutines and is soon interrupted. */
static int start_thread(struct ltr__thread *thread)
{
	sigset_t all, before;
	pthread_t handle;
	int r;

	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGABRT);
	sigdelset(&all, SIGPROF);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&handle, NULL, thread_entry, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r == 0)
		pthread_detach(handle);
	return -r;
}

/* Under the lock: a thread structure for a new thread, or NULL. */
static struct ltr__thread *new_thread(void)
{
	struct ltr__thread *thread;

	if (ltr__sched.thread_count == LTR__THREAD_MAX)
		return NULL;
	thread = &ltr__sched.threads[ltr__sched.thread_count];
	thread->index = ltr__sched.thread_count++;
	return thread;
}

/*
 * Give an idle processor to a thread: a sleeping one, else the one in the poller, else a new one.
 */
void ltr__wake_processor(void)
{
	enum { SLEEPER, POLLER, NEWCOMER } kind = SLEEPER;
	struct ltr__processor *processor;
	struct ltr__thread *thread;

	ltr__lock(&ltr__sched.lock);
	processor = ltr__idle_pop();
	if (!processor) {
		ltr__unlock(&ltr__sched.lock);
		return;
	}
	thread = ltr__sched.sleeping;
	if (thread) {
		ltr__sched.sleeping = thread->next_sleeping;
	} else if (ltr__sched.poller_thread && !ltr__sched.poller_thread->processor) {
		thread = ltr__sched.poller_thread;
		kind = POLLER;
	} else {
		thread = new_thread();
		kind = NEWCOMER;
	}
	if (thread) {
		thread->spinning = true;
		/* release: the thread, woken or not, takes it from here (sleep_until_given) */
		__atomic_store_n(&thread->processor, processor, __ATOMIC_RELEASE);
		__atomic_fetch_add(&ltr__sched.spinning, 1, __ATOMIC_SEQ_CST);
	} else {
		ltr__idle_push(processor);
	}
	ltr__unlock(&ltr__sched.lock);
	if (!thread)
		return;
	if (kind == POLLER)
		ltr__poll_kick();
	else if (kind == SLEEPER)
		ltr__futex_post(&thread->word);
	else if (start_thread(thread) != 0)
		ltr__fatal("cannot start a thread: are there limits on processes or memory?");
}

void ltr__processor_init(uint32_t index)
{
	struct ltr__processor *processor = &ltr__sched.processors[index];

	processor->index = index;
	processor->next_timer_ns = INT64_MAX;
	processor->random = 0x9e3779b97f4a7c15u * (index + 1);
#ifdef LTR_HOSTILE
	processor->random = ltr__hostile_seed(index);
#endif
}

void ltr__sched_start(uint32_t processors)
{
	for (uint32_t i = processors; i-- > 0;) {
		ltr__processor_init(i);
		ltr__idle_push(&ltr__sched.processors[i]);
	}
	ltr__sched.processor_used = processors;
	ltr__spare_init();
}

void ltr__sched_stop(void)
{
	__atomic_store_n(&ltr__sched.stopping, 1, __ATOMIC_SEQ_CST);
}

static _Noreturn void stop_here(struct ltr__thread *thread)
{
	ltr__trace_flush(thread->ring);
	__atomic_fetch_add(&ltr__sched.stopped, 1, __ATOMIC_RELEASE);
	for (;;)
		pause();
}

/* --- looking for work ----------------------------------------------------------------------- */

static void stop_spinning(struct ltr__thread *thread)
{
	if (!thread->spinning)
		return;
	thread->spinning = false;
	/* The last one that looked and found: there may be more where that came from. */
	if (__atomic_fetch_sub(&ltr__sched.spinning, 1, __ATOMIC_SEQ_CST) == 1)
		ltr__announce();
}

/*
 * A goroutine that was woken by another one shares data with it, and is cheapest where it is, as long as
 * its turn comes soon: a few in a fifo that moves are left alone, or two goroutines that exchange a
 * message each 50 ns would be torn apart for each.
 */
static bool may_steal_fifo(struct ltr__thread *thread, const struct ltr__processor *from,
			   int64_t now_ns, bool *ret_waiting)
{
	uint32_t head = __atomic_load_n(&from->queue.head, __ATOMIC_ACQUIRE);
	uint32_t count = __atomic_load_n(&from->queue.tail, __ATOMIC_ACQUIRE) - head;

	if (count == 0)
		return false;
	if (count >= STEAL_AT_ONCE)
		return true;
	if (thread->seen[from->index].head != head || !thread->seen[from->index].since_ns) {
		thread->seen[from->index].head = head;
		thread->seen[from->index].since_ns = now_ns;
	}
	*ret_waiting = true;
	return now_ns - thread->seen[from->index].since_ns >= thread->patience_ns;
}

/* Half of its newborns, the oldest, but not too many; the first to run, the others into our deque. */
static struct ltr__goroutine *steal_newborns(struct ltr__processor *from, struct ltr__processor *to)
{
	struct ltr__goroutine *first = ltr__deque_steal(&from->queue);
	uint32_t more = first ? ltr__deque_count(&from->queue) / 2 : 0;

	if (more > STEAL_NEWBORNS)
		more = STEAL_NEWBORNS;
	while (more--) {
		struct ltr__goroutine *next = ltr__deque_steal(&from->queue);

		if (!next)
			break;
		if (!ltr__deque_put(&to->queue, next)) {
			ltr__inject(next, next, 1);
			break;
		}
	}
	return first;
}

static struct ltr__goroutine *steal_woken(struct ltr__thread *thread, struct ltr__processor *from,
					  int64_t now_ns, bool *ret_waiting)
{
	struct ltr__goroutine *goroutine = NULL;

	if (may_steal_fifo(thread, from, now_ns, ret_waiting))
		goroutine = ltr__fifo_steal(&from->queue, &thread->processor->queue);
	if (!goroutine && __atomic_load_n(&from->queue.slot_stale, __ATOMIC_RELAXED))
		goroutine = ltr__slot_take(&from->queue, false);
	if (goroutine)
		thread->stolen_ns = now_ns;
	return goroutine;
}

/* One look at all others. *ret_waiting: something is there that was left alone. */
static struct ltr__goroutine *steal(struct ltr__thread *thread, bool *ret_waiting)
{
	struct ltr__processor *self = thread->processor;
	uint32_t count = ltr__processors_used();
	uint32_t from = (uint32_t)(ltr__random(self) % count);
	struct ltr__goroutine *goroutine = NULL;
	int64_t now_ns;

	*ret_waiting = false;
	for (uint32_t i = 0; i < count && !goroutine; i++) {
		struct ltr__processor *other = &ltr__sched.processors[(from + i) % count];

		if (other != self)
			goroutine = steal_newborns(other, self);
	}
	if (goroutine)
		return goroutine;
	now_ns = ltr__now_ns();
	for (uint32_t i = 0; i < count && !goroutine; i++) {
		struct ltr__processor *other = &ltr__sched.processors[(from + i) % count];

		if (other != self)
			goroutine = steal_woken(thread, other, now_ns, ret_waiting);
	}
	return goroutine;
}

/*
 * Back without work: what was stolen last has lasted that long. If that was not worth the way, be
 * more patient with what is not ours.
 */
static void learn_patience(struct ltr__thread *thread)
{
	if (!thread->stolen_ns)
		return;
	if (ltr__now_ns() - thread->stolen_ns >= WORTH_STEALING_NS)
		thread->patience_ns /= 2;
	else
		thread->patience_ns *= 2;
	if (thread->patience_ns < PATIENCE_MIN_NS)
		thread->patience_ns = PATIENCE_MIN_NS;
	if (thread->patience_ns > PATIENCE_MAX_NS)
		thread->patience_ns = PATIENCE_MAX_NS;
	thread->stolen_ns = 0;
}

/* Timers and the network, everybody's; true if something may have come into our queue. */
static bool look_outside(void)
{
	struct ltr__goroutine *polled;
	bool found = false;

	if (ltr__timer_next() != INT64_MAX) {
		int64_t now_ns;

		if (ltr__seed.on)
			ltr__seed_jump();
		now_ns = ltr__now_ns();
		for (uint32_t i = 0; i < ltr__processors_used(); i++)
			found |= ltr__run_timers(&ltr__sched.processors[i], now_ns);
	}
	if (__atomic_load_n(&ltr__sched.net_waits, __ATOMIC_RELAXED) &&
	    !__atomic_load_n(&ltr__sched.poller, __ATOMIC_RELAXED) && ltr__poll(0, &polled)) {
		ltr__ready_list(polled);
		found = true;
	}
	return found;
}

static bool work_anywhere(void)
{
	if (__atomic_load_n(&ltr__sched.global_count, __ATOMIC_RELAXED))
		return true;
	for (uint32_t i = 0; i < ltr__processors_used(); i++)
		if (!ltr__runqueue_empty(&ltr__sched.processors[i].queue))
			return true;
	return false;
}

/* --- sleeping ------------------------------------------------------------------------------- */

/*
 * Under the lock: nobody can ever run again; unless the poller, if there is one, has just taken
 * somebody out. It may also sleep for a deadline that has been taken back since: then it has to be
 * woken, and find out itself that this is a deadlock.
 */
static bool is_deadlock(void)
{
	return ltr__sched.idle_count == ltr__sched.processor_count + ltr__sched.spares &&
	       !ltr__sched.calls && !ltr__sched.global_count &&
	       !__atomic_load_n(&ltr__sched.timers, __ATOMIC_ACQUIRE) &&
	       !__atomic_load_n(&ltr__sched.net_waits, __ATOMIC_ACQUIRE) &&
	       !__atomic_load_n(&ltr__sched.stopping, __ATOMIC_ACQUIRE) &&
	       !__atomic_load_n(&ltr__sched.main_done, __ATOMIC_ACQUIRE);
}

/* We have been idle and found work: take a processor back, if there is one. */
static void come_back(struct ltr__thread *thread)
{
	ltr__lock(&ltr__sched.lock);
	if (!thread->processor) {
		thread->processor = ltr__idle_pop();
		if (thread->processor)
			sleeping_remove(thread);
	}
	ltr__unlock(&ltr__sched.lock);
}

void ltr__inject_ready(struct ltr__thread *thread, struct ltr__goroutine *list, uint32_t count)
{
	struct ltr__goroutine *last;

	thread->step_ticks = 0;
	for (last = list;; last = last->next) {
		ltr__transition(thread, last, LTR_KIND_READY, LTR_STATE_QUEUED, LTR_REASON_NONE, 0,
				0);
		if (!last->next)
			break;
	}
	ltr__inject(list, last, count);
}

void ltr__inject_expired(struct ltr__thread *thread, int64_t now_ns)
{
	if (ltr__timer_next() > now_ns)
		return;
	for (uint32_t i = 0; i < ltr__processors_used(); i++) {
		struct ltr__goroutine *list;
		uint32_t count = ltr__timer_expire(&ltr__sched.processors[i], now_ns, &list);

		if (count)
			ltr__inject_ready(thread, list, count);
	}
}

/*
 * Wait in the poller as its only thread, without a processor, until a deadline, an event or a kick.
 * What comes out is queued on a processor if there is an idle one, globally otherwise, and deadlines
 * with it: their processors may be stuck.
 */
static void wait_in_poller(struct ltr__thread *thread)
{
	struct ltr__goroutine *polled = NULL;
	int64_t until_ns, next_ns, timeout_ns = -1, before_ns = ltr__real_ns();
	bool has_processor;
	uint32_t count;

	until_ns = ltr__timer_next();
	__atomic_store_n(&ltr__poll_until_ns, until_ns, __ATOMIC_RELAXED);
	/* seq_cst: pairs with the one in ltr__poll_deadline(): it sees until, or we its timer */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	next_ns = ltr__timer_next();
	if (next_ns > until_ns) /* who arms a later one counts on us to look again by then */
		next_ns = until_ns;
	if (next_ns != INT64_MAX) {
		timeout_ns = next_ns - ltr__now_ns();
		if (timeout_ns < 0)
			timeout_ns = 0;
	} else if (!__atomic_load_n(&ltr__sched.net_waits, __ATOMIC_ACQUIRE)) {
		timeout_ns = 0; /* nothing to wait for any more: it may be a deadlock */
	}
	count = ltr__poll(timeout_ns, &polled);
	if (ltr__seed.on) /* what comes from outside takes its time */
		ltr__clock_advance(ltr__real_ns() - before_ns);
	__atomic_store_n(&ltr__poll_until_ns, INT64_MIN, __ATOMIC_RELAXED);
	ltr__coarse_renew();

	ltr__lock(&ltr__sched.lock);
	if (!thread->processor)
		thread->processor = ltr__idle_pop();
	has_processor = thread->processor != NULL;
	ltr__unlock(&ltr__sched.lock);
	/* Somebody may give us one now; what came out is for the others then. */
	if (!has_processor) {
		if (count)
			ltr__inject_ready(thread, polled, count);
		ltr__inject_expired(thread, ltr__now_ns());
	} else if (count) {
		ltr__ready_list(polled);
	}
	/* Not before what came out is queued: who has no poller may find a deadlock. */
	ltr__lock(&ltr__sched.lock);
	__atomic_store_n(&ltr__sched.poller, 0, __ATOMIC_RELEASE);
	ltr__sched.poller_thread = NULL;
	ltr__unlock(&ltr__sched.lock);
}

static void sleep_until_given(struct ltr__thread *thread)
{
	while (!__atomic_load_n(&thread->processor, __ATOMIC_ACQUIRE)) {
		if (__atomic_load_n(&ltr__sched.stopping, __ATOMIC_RELAXED))
			return;
		ltr__futex_wait(&thread->word, -1);
	}
	ltr__coarse_renew();
}

/* There is nothing to run. Returns when there may be, with a processor or without. */
static void go_idle(struct ltr__thread *thread)
{
	bool deadlock, is_polled, was_spinning = thread->spinning;

	ltr__trace_flush(thread->ring);
	ltr__lock(&ltr__sched.lock);
	if (ltr__sched.global_count) {
		if (!thread->processor)
			thread->processor = ltr__idle_pop();
		if (thread->processor) {
			ltr__unlock(&ltr__sched.lock);
			return;
		}
	}
	if (thread->processor)
		ltr__idle_push(thread->processor);
	thread->processor = NULL;
	__atomic_store_n(&thread->word, 0, __ATOMIC_RELAXED);
	thread->next_sleeping = ltr__sched.sleeping;
	ltr__sched.sleeping = thread;
	thread->spinning = false;
	deadlock = is_deadlock();
	is_polled = ltr__sched.poller;
	ltr__unlock(&ltr__sched.lock);
	if (deadlock && !is_polled)
		ltr__fatal_deadlock();
	if (deadlock)
		ltr__poll_kick();
	if (was_spinning)
		__atomic_fetch_sub(&ltr__sched.spinning, 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* see ltr__announce() */
	/* Who naps looks again soon, and tells the others when it has found work. */
	if (!__atomic_load_n(&ltr__sched.napper, __ATOMIC_RELAXED) && work_anywhere()) {
		come_back(thread);
		/* acquire: it may have been given to us meanwhile (ltr__wake_processor) */
		if (__atomic_load_n(&thread->processor, __ATOMIC_ACQUIRE))
			return;
	}
	if (__atomic_load_n(&ltr__sched.timers, __ATOMIC_RELAXED) ||
	    __atomic_load_n(&ltr__sched.net_waits, __ATOMIC_RELAXED)) {
		bool poll = false;

		ltr__lock(&ltr__sched.lock);
		if (!thread->processor && !ltr__sched.poller) {
			sleeping_remove(thread);
			__atomic_store_n(&ltr__sched.poller, 1, __ATOMIC_RELAXED);
			ltr__sched.poller_thread = thread;
			poll = true;
		}
		ltr__unlock(&ltr__sched.lock);
		if (poll) {
			wait_in_poller(thread);
			return;
		}
	}
	sleep_until_given(thread);
}

/* Whether a thread that looks for work has to do something else. */
static bool is_called_away(const struct ltr__thread *thread)
{
	return __atomic_load_n(&ltr__sched.stopping, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&thread->processor->retire, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&ltr__sched.global_count, __ATOMIC_RELAXED);
}

/*
 * Sleep a little, but count as looking, so that nobody is woken for work that may stay where it is.
 * One thread at a time. False: another one does.
 */
static bool nap(struct ltr__thread *thread, int64_t nap_ns)
{
	struct ltr__thread *nobody = NULL;

	__atomic_store_n(&thread->word, 0, __ATOMIC_RELAXED);
	if (!__atomic_compare_exchange_n(&ltr__sched.napper, &nobody, thread, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		return false;
	ltr__futex_wait(&thread->word, nap_ns);
	nobody = thread;
	__atomic_compare_exchange_n(&ltr__sched.napper, &nobody, NULL, false, __ATOMIC_RELAXED,
				    __ATOMIC_RELAXED);
	ltr__coarse_renew();
	return true;
}

void ltr__wake_napper(struct ltr__thread *napper)
{
	if (__atomic_compare_exchange_n(&ltr__sched.napper, &napper, NULL, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED))
		ltr__futex_post(&napper->word);
}

/*
 * Look at what the others have, for a few microseconds, and as long as they have something that may
 * not be taken yet, in between naps. NULL: there may be something elsewhere, or *ret_idle.
 */
static struct ltr__goroutine *look_at_others(struct ltr__thread *thread, bool *ret_idle)
{
	int64_t start_ns = ltr__now_ns(), nap_ns = NAP_MIN_NS;
	bool waiting;

	*ret_idle = false;
	learn_patience(thread);
	for (uint32_t i = 0; i < ltr__processors_used(); i++)
		thread->seen[i].since_ns = 0;
	for (;;) {
		struct ltr__goroutine *goroutine = steal(thread, &waiting);

		if (goroutine || is_called_away(thread))
			return goroutine;
		if (ltr__now_ns() - start_ns < SPIN_NS) {
			for (int i = 0; i < RELAX_TIMES; i++)
				ltr__relax();
			continue;
		}
		if (!waiting || !nap(thread, nap_ns)) {
			*ret_idle = true;
			return NULL;
		}
		if (look_outside())
			return NULL;
		nap_ns = nap_ns * 2 < NAP_MAX_NS ? nap_ns * 2 : NAP_MAX_NS;
	}
}

static struct ltr__goroutine *find_work(struct ltr__thread *thread)
{
	struct ltr__goroutine *goroutine;
	bool idle;

	for (;;) {
		if (__atomic_load_n(&ltr__sched.stopping, __ATOMIC_RELAXED))
			stop_here(thread);
		if (thread->processor &&
		    __atomic_load_n(&thread->processor->retire, __ATOMIC_RELAXED))
			ltr__spare_leave(thread);
		if (!thread->processor) {
			go_idle(thread);
			continue;
		}
		goroutine = ltr__pick(thread);
		if (goroutine)
			break;
		goroutine = ltr__take_global(thread->processor);
		if (goroutine)
			break;
		if (look_outside())
			continue;
		if (!thread->spinning && ltr__shared()) {
			thread->spinning = true;
			__atomic_fetch_add(&ltr__sched.spinning, 1, __ATOMIC_SEQ_CST);
		}
		idle = true;
		goroutine = ltr__shared() ? look_at_others(thread, &idle) : NULL;
		if (goroutine)
			break;
		if (idle)
			go_idle(thread);
	}
	stop_spinning(thread);
	return goroutine;
}

void ltr__thread_main(struct ltr__thread *thread)
{
	for (;;) {
		struct ltr__goroutine *goroutine = find_work(thread);

		ltr__run_goroutine(thread, goroutine);
		while (thread->call.function)
			ltr__make_call(thread);
	}
}
