/* SPDX-License-Identifier: MIT */
#ifndef LTR_SCHEDULER_H
#define LTR_SCHEDULER_H

/*
 * The scheduler: goroutines run on processors, processors on threads.
 *
 * A processor is the right to run goroutines, with a run queue, a timer heap and caches; there are
 * as many as goroutines may run at once. A thread is a thread of the operating system; to run
 * goroutines it needs a processor, inside a blocking call or while it polls the network it has none.
 *
 * ltr__park() and ltr__ready() are the only ways in which goroutines leave and enter the run queues
 * (with create, yield and exit): the one blocking primitive, thin on which everything else is.
 */

#include <stdbool.h>
#include <stdint.h>

#include "goroutine.h"
#include "lock.h"
#include "runqueue.h"
#include "seed.h"
#include "stack.h"

#define LTR__PROCESSOR_MAX 256u
#define LTR__THREAD_MAX    1024u
#define LTR__CALL_MAX      256u

/* How many free ones a processor keeps. */
#ifndef LTR__FREE_DESCRIPTORS
#define LTR__FREE_DESCRIPTORS 128u
#endif

/* Every so many picks the run queue looks at what the usual order could starve (Go: every 61). A power
 * of two. */
#ifndef LTR__FAIR_TICK
#define LTR__FAIR_TICK 64u
#endif

/* The deadline is here, too: comparing does not touch descriptors. */
struct ltr__timer_entry {
	int64_t deadline_ns;
	struct ltr__goroutine *goroutine;
};

struct ltr__processor {
	/* Owner only, but for what runqueue.h says about thieves. */
	struct ltr__runqueue queue;
	uint32_t tick; /* picks so far; the monitor watches it */
	uint32_t busy; /* 1: its owner is inside a queue operation; see ltr__sched.shared */
	uint32_t index;
	uint32_t retire; /* the monitor asks a spare processor's thread to leave it; atomic */
	uint64_t next_id;
	uint64_t end_id;
	struct ltr__goroutine *free_descriptors[LTR__FREE_DESCRIPTORS];
	uint32_t free_descriptor_count;
	uint32_t free_stack_count;
	char *free_stacks; /* of class 0, linked through their highest word */
	uint64_t random;

	/* Timers: guarded by timer_lock. next_timer_ns is read without it, as a hint. */
	uint32_t timer_lock __attribute__((aligned(64)));
	uint32_t timer_count;
	uint32_t timer_capacity;
	struct ltr__timer_entry *timers; /* a 4-ary heap by deadline */
	int64_t next_timer_ns;           /* INT64_MAX: none */

	struct ltr__processor *next_idle; /* guarded by ltr__sched.lock */
	bool spare_used;                  /* guarded by ltr__sched.lock; see spare.h */

	/* Monitor only: what it saw last, since when that has not changed, whom it marked. */
	uint32_t monitor_tick;
	bool monitor_stuck;
	struct ltr__goroutine *monitor_current;
	int64_t monitor_since_ns; /* 0: seen once only */
	int64_t monitor_cpu_ns;   /* what its thread had used of the CPU then */
	struct ltr__goroutine *monitor_marked;
} __attribute__((aligned(64)));

typedef void ltr__commit(void *argument);

struct ltr__thread {
	struct ltr__goroutine *current; /* atomic: the monitor looks at it */
	struct ltr__processor *processor;
	void *idle_sp; /* of the thread's own stack, while a goroutine runs */
	struct ltr_ring *ring;
	uint64_t step_ticks; /* the clock reading of this scheduling step; 0: none yet */

	/* What is left to do for the goroutine just left, once its registers are saved. */
	struct {
		ltr__commit *commit;
		void *argument;
		struct ltr__goroutine *goroutine; /* whose timer to arm; NULL: none */
		int64_t deadline_ns;
		bool poll; /* look at the network, once no lock is held */
	} after;

	uint32_t index;
	uint32_t tid;  /* atomic: the monitor asks the kernel about it; 0: does not run yet */
	uint32_t word; /* futex: 1 while it sleeps for want of work */
	bool spinning;
	/* How long what is not ours must have waited to be stolen; 0: nothing was stolen yet (idle.c). */
	int64_t patience_ns;
	int64_t stolen_ns; /* when this thread stole last; 0: it has not, since it was idle */
	struct ltr__thread *next_sleeping; /* guarded by ltr__sched.lock */
	/* The thread's own stack, for who overflows it (fault.c); NULL: not known. */
	const char *stack_low;
	size_t stack_bytes;
	size_t guard_bytes;
	/* The blocking call to make on the thread's own stack. */
	struct {
		void (*function)(void *);
		void *argument;
		struct ltr__goroutine *goroutine;
	} call;
	/* By processor: what this thread saw of its fifo, in this stretch of looking (idle.c). */
	struct {
		uint32_t head;
		int64_t since_ns; /* that it is the head */
	} seen[LTR__PROCESSOR_MAX];
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	const void *sanitizer_stack;
	size_t sanitizer_bytes;
	void *sanitizer;
#endif
} __attribute__((aligned(64)));

struct ltr__sched {
	/*
	 * 0: there is one processor and nobody steals, so its owner does without locked instructions.
	 * spare.c changes it while the owner is not inside a queue operation (`busy`). Atomic.
	 */
	uint32_t shared;
	uint32_t processor_count;          /* LTR_PROCS; with spare ones there are more (spare.h) */
	uint32_t processor_used;           /* of `processors`, from the front; atomic; grows only */
	struct ltr__processor *processors; /* LTR__PROCESSOR_MAX */
	struct ltr__thread *threads;       /* LTR__THREAD_MAX, used from the front */

	/* From here on written often; the above is not, and everybody reads it. */
	uint32_t lock __attribute__((aligned(64)));
	uint32_t thread_count; /* guarded by lock; grows only */

	/* Guarded by lock; the counts are read without it, as hints. */
	struct ltr__processor *idle;
	struct ltr__thread *sleeping;
	struct ltr__goroutine *global_first; /* made ready without a processor, or overflown */
	struct ltr__goroutine *global_last;
	uint32_t global_count;
	uint32_t idle_count;
	uint32_t spares;    /* spare processors in use, idle ones too; changed by spare.c */
	uint32_t spare_max; /* 0: none, ever; set before there are threads */
	struct ltr__thread *poller_thread; /* waits in the network poller, not in `sleeping` */
	uint32_t poller;                   /* 1: there is one */
	uint32_t calls;                    /* threads in blocking calls */
	struct ltr__thread *napper;        /* one that looks, and sleeps a little; atomic */
	uint32_t spinning;                 /* threads that look for work; atomic */
	uint32_t timers;                   /* in all heaps; atomic */
	uint32_t net_waits;                /* goroutines parked on the network; atomic */
	uint32_t stopping;                 /* atomic; set once */
	uint32_t stopped;                  /* threads that have seen it; atomic */

	uint32_t main_done; /* futex of the thread in ltr_run() */
	int main_status;
	uint64_t next_id; /* atomic */
};

extern struct ltr__sched ltr__sched;

#ifdef LTR_HOSTILE
/* May yield. */
void ltr__hostile_point(struct ltr__thread *thread);
#endif

/* Ends the program: `call` was made where there is no goroutine. */
_Noreturn void ltr__no_caller(const char *call);

/*
 * The goroutine that calls; ends the program with a message naming `call` if there is none. In a
 * seeded run others may run first (seed.h): to be called before any lock is taken, and before
 * anything is read that they may change.
 */
static inline struct ltr__goroutine *ltr__caller(const char *call)
{
	struct ltr__thread *thread = ltr__self();
	struct ltr__goroutine *self;

	if (__builtin_expect(!thread || !thread->current, 0))
		ltr__no_caller(call);
	self = thread->current;
	if (__builtin_expect(ltr__seed.on, 0))
		return ltr__seed_point(self);
#ifdef LTR_HOSTILE
	ltr__hostile_point(thread);
#endif
	return self;
}

/*
 * Park the calling goroutine until somebody makes it ready. When its registers are saved, and on
 * whatever stack comes next: a timer is armed for `deadline_ns` (not for LTR_FOREVER), then
 * `commit(argument)` runs, which typically releases the lock that guards the wait queue. `argument`
 * must not lie on a stack that may go away once that lock is free.
 *
 * Who may be woken from several sides (a deadline, a select) has run.claim = 1 before anybody can
 * find it, and wakers call ltr__claim() first.
 */
void ltr__park(enum ltr_reason reason, uint64_t object, int64_t deadline_ns, ltr__commit *commit,
	       void *argument);

/* The commit that releases a lock, a uint32_t. */
void ltr__unlock_commit(void *lock);

/* Park while this thread makes a blocking call on its own stack (call.c). */
void ltr__park_for_call(struct ltr__goroutine *self, void (*function)(void *), void *argument);

/* Make a parked goroutine ready; it is queued on the calling thread's processor. `waker_id` 0: the
 * runtime. The goroutine must be parked (its lock released) and, if it has a claim, claimed. */
void ltr__ready(struct ltr__goroutine *goroutine, uint64_t waker_id);

/* The same for each of a list by next. */
void ltr__ready_each(struct ltr__goroutine *list, uint64_t waker_id);

static inline bool ltr__claim(struct ltr__goroutine *goroutine)
{
	uint32_t open = 1;

	/* acq_rel: the winner sees what the waiter wrote, the waiter what the winner will write */
	return __atomic_compare_exchange_n(&goroutine->run.claim, &open, 0, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

/* Put many at once behind the global queue and wake who may run them. `first` is a list by next. */
void ltr__inject(struct ltr__goroutine *first, struct ltr__goroutine *last, uint32_t count);

/* How many of ltr__sched.processors have ever been in use: whose queues and timers to look at. */
static inline uint32_t ltr__processors_used(void)
{
	/* acquire: pairs with the release in ltr__spare_add: they are whole */
	return __atomic_load_n(&ltr__sched.processor_used, __ATOMIC_ACQUIRE);
}

static inline bool ltr__shared(void)
{
	/* acquire: pairs with share_no_more(): what thieves have taken is seen to be gone */
	return __atomic_load_n(&ltr__sched.shared, __ATOMIC_ACQUIRE);
}

/*
 * Around the owner's operations on what only goroutines on processors touch: its run queue, the locks
 * of objects. Returns whether nobody else runs goroutines: that holds until ltr__leave_alone(),
 * because the monitor that changes it waits for that. No fence: the monitor calls membarrier()
 * between its store to `shared` and its load of `busy` (spare.c). Does not nest.
 */
static inline bool ltr__enter_alone(struct ltr__processor *processor)
{
	__atomic_store_n(&processor->busy, 1, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return !ltr__shared();
}

static inline void ltr__leave_alone(struct ltr__processor *processor)
{
	/* release: pairs with the monitor's acquire: what was done is seen */
	__atomic_store_n(&processor->busy, 0, __ATOMIC_RELEASE);
}

/*
 * Change a word that only goroutines change from `from` to `to`, without a locked instruction. False: it
 * is not `from`, or others run goroutines. Acquires and releases as if it were atomic.
 */
static inline __attribute__((always_inline)) bool ltr__exchange_alone(uint32_t *word, uint32_t from,
								      uint32_t to)
{
	struct ltr__processor *processor = ltr__self()->processor;
	bool done;

	if (__atomic_load_n(&ltr__sched.shared, __ATOMIC_RELAXED))
		return false;
	done = ltr__enter_alone(processor) && __atomic_load_n(word, __ATOMIC_ACQUIRE) == from;
	if (done)
		__atomic_store_n(word, to, __ATOMIC_RELEASE);
	ltr__leave_alone(processor);
	return done;
}

/*
 * Take a lock that only goroutines take: without a locked instruction while nobody else runs any. It
 * is released by ltr__unlock().
 */
static inline __attribute__((always_inline)) void ltr__object_lock(uint32_t *lock)
{
	if (__builtin_expect(!ltr__exchange_alone(lock, 0, 1), 1))
		ltr__lock(lock);
}

/* The same, if nobody holds it; returns whether. */
static inline __attribute__((always_inline)) bool ltr__object_trylock(uint32_t *lock)
{
	return ltr__exchange_alone(lock, 0, 1) || ltr__trylock(lock);
}

/* Work was put where others may take it: wake a processor if one is idle. */
void ltr__announce(void);
void ltr__wake_napper(struct ltr__thread *napper);
void ltr__wake_processor(void);

/* All processors are there, idle; threads start when there is work for them. */
void ltr__sched_start(uint32_t processors);
void ltr__sched_stop(void);

/* For goroutine.c: leave the ended goroutine's stack for ever. */
_Noreturn void ltr__finish(struct ltr__thread *thread, struct ltr__goroutine *goroutine);
/* The same, but if the next to run is a newborn that fits, return it to run on this very stack. */
struct ltr__goroutine *ltr__finish_or_adopt(struct ltr__thread *thread,
					    struct ltr__goroutine *goroutine);
/* What a goroutine does first on a stack that was switched to. */
void ltr__after_switch(struct ltr__thread *thread);

/* Put a new goroutine where the thread's processor, or a thief, finds it. */
void ltr__queue_newborn(struct ltr__thread *thread, struct ltr__goroutine *newborn);

uint64_t ltr__next_id(struct ltr__processor *processor);

/* Set by the main goroutine's function when it returns (and not by ltr_exit()). */
extern bool ltr__main_has_returned;
/* The main goroutine and its deferred functions are through: ltr_run() may return. */
void ltr__main_done(void);

static inline uint64_t ltr__random(struct ltr__processor *processor)
{
	uint64_t x = processor->random; /* xorshift64, Marsaglia 2003 */

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return processor->random = x;
}

#endif
