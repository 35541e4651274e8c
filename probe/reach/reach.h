/* SPDX-License-Identifier: MIT */
#ifndef LOITER_REACH_H
#define LOITER_REACH_H

/*
 * Can anything alive still refer to what a goroutine waits on? Conservative marking from outside, as a
 * garbage collector without types would do it:
 *
 *   roots      goroutines that can go on by themselves (their stacks, registers saved on them, and
 *              descriptors), writable data of every mapped file, threads, and all memory of which
 *              nobody knows what it is
 *   blocks     what malloc() of the GNU C library has given out. A word that points anywhere into a
 *              block marks the block, and its words count then
 *   candidates goroutines that only another goroutine can wake. Their stacks count once they are
 *              reached: a marked word points into the used part of the stack (waiters lie there, so
 *              whoever has the object has them), or what they wait on lies in marked memory
 *
 * Candidates that are left cannot be woken. What is uncertain counts as alive, so a mistake is a leak
 * that is not found, never one that is not there. Words are taken as pointers with any tag in their
 * lowest or highest bits, but only where they are 8-aligned: pointers that are hidden (compressed,
 * xored, unaligned, kept in the kernel or in another process) are not seen.
 *
 * One pass reads the memory of a process once, keeps who refers to whom, and marks in that. While the
 * process runs, a pointer may slip through a pass; so who asks makes several passes, and takes for
 * proven only what none of them has reached. The process is hostile: every count, size and loop is bounded.
 */

#include "../process.h"

struct ltr_reach_goroutine {
	uint64_t id;
	uint64_t object; /* what it waits on; 0: not one thing (select), or nothing */
	uint64_t saved_sp;
	uint64_t stack_low; /* 0: it has no stack */
	uint64_t stack_high;
	/* What else it keeps, as it was copied from its descriptor. */
	const unsigned char *kept;
	uint32_t kept_bytes;
	uint32_t sequence;
	bool candidate;
	bool reached; /* ltr_reach_mark() sets it: for roots at once */
};

enum ltr_reach_kind {
	LTR_REACH_SKIP,   /* nothing in there counts */
	LTR_REACH_STACKS, /* of goroutines: only their used parts count */
};

struct ltr_reach_region {
	uint64_t low;
	uint64_t high;
	enum ltr_reach_kind kind;
};

struct ltr_reach_facts {
	uint64_t read_bytes;
	uint64_t unknown_bytes; /* of memory that nobody knows, and that counted as alive */
	uint64_t broken_heaps;  /* of malloc(), that could not be walked: alive as a whole */
};

/* What one pass knows of a process's memory. */
struct ltr_reach;

/* Nothing yet; at most `most_bytes` of stacks will be copied. -ENOMEM. */
int ltr_reach_new(const struct ltr_process *process, uint64_t most_bytes,
		  struct ltr_reach **ret_reach);

/*
 * Before memory is read for the first time: have the kernel note which pages the process writes to from
 * then on. ltr_reach_read_again() copies only those, so that a process which stands need not stand for
 * long; what is in them is looked at in ltr_reach_mark(), which also ends that. Meanwhile each page that
 * it writes to costs the process a fault, and large pages are split. A thread of it is stopped for a
 * moment, to get the descriptor that this needs (borrow.c): one that sleeps on one of the two futexes,
 * whose sleepers must not care how and when futex(2) returns (0: none). If it cannot be had, everything
 * goes on as without: -EPERM, -EAGAIN no thread is where it could be had from, -EBUSY the process may have
 * pages that devices write to without a fault (pinned.c), -EOPNOTSUPP and -ENOSYS not here.
 */
int ltr_reach_watch_writes(struct ltr_reach *reach, const uint64_t words[2]);

/*
 * Read the process's memory, once; `skip` is what to leave out or take otherwise. -ENOMEM: too large
 * for us, or for `most_bytes`; -ESRCH it has ended; -E2BIG: more address space than can be looked at;
 * others if it cannot be read. The sentence says so.
 */
int ltr_reach_read(struct ltr_reach *reach, const struct ltr_reach_region *skip, size_t skip_count,
		   struct ltr_why *ret_why);
struct ltr_reach *ltr_reach_free(struct ltr_reach *reach); /* takes NULL; returns NULL */

/*
 * Read the stacks of these goroutines: the used part of those that stand, all of the others. May be
 * called several times; all that was read counts. -ESRCH, -ENOMEM.
 */
int ltr_reach_read_stacks(struct ltr_reach *reach, struct ltr_reach_goroutine *goroutines,
			  size_t count);

/* Words that count as roots: registers. -ENOMEM. */
int ltr_reach_add_words(struct ltr_reach *reach, const uint64_t *words, size_t count);

/*
 * Read memory again, after marking, and keep what refers to what was not reached; much faster than the
 * first time. Before it, forget() what else was read; after it, read stacks and mark as before. A
 * goroutine that was reached must not be a candidate any more, nor may one that was not there. Whatever
 * this reading leaves unreached is unreached in it, be the first one as old as it may. It
 * uses all processors. Errors are those of ltr_reach_read().
 */
int ltr_reach_forget(struct ltr_reach *reach); /* -ENOMEM */
int ltr_reach_read_again(struct ltr_reach *reach, const struct ltr_reach_region *skip,
			 size_t skip_count, struct ltr_why *ret_why);

/*
 * Mark, and set `reached` of the goroutines; their stacks must have been read. Stacks of roots that
 * were read for other arrays of goroutines count, too. -ENOMEM.
 */
int ltr_reach_mark(struct ltr_reach *reach, struct ltr_reach_goroutine *goroutines, size_t count);

struct ltr_reach_facts ltr_reach_facts(const struct ltr_reach *reach);

/*
 * Stop all threads of a process (ptrace), read their registers into *ret_words (the caller frees
 * them), and let them go on. Between the two nothing in it moves, and the calling thread, which must be
 * the same, has a real-time priority, if it may have one: a process should not stand because ours
 * waits for a CPU. -EPERM if that is refused, and then nobody is stopped.
 */
struct ltr_reach_stop;
int ltr_reach_stop(const struct ltr_process *process, struct ltr_reach_stop **ret_stop,
		   struct ltr_why *ret_why);
const uint64_t *ltr_reach_stop_words(const struct ltr_reach_stop *stop, size_t *ret_count);
struct ltr_reach_stop *ltr_reach_go_on(struct ltr_reach_stop *stop); /* takes NULL; returns NULL */

/* The ids of its threads, sorted; the caller frees them. -ESRCH, -ENOMEM. */
int ltr_reach_threads(const struct ltr_process *process, uint32_t **ret_tids, size_t *ret_count);

#endif
