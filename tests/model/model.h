/* SPDX-License-Identifier: MIT */
#ifndef LTR_MODEL_H
#define LTR_MODEL_H

/*
 * A checker that runs a few logical threads over the real code of the runtime in every order that
 * there is. atomics.h, included before the code under test, makes each of its atomic accesses a
 * point at which another thread may go on; model_explore() runs the program again and again, a
 * different way each time, until no way is left.
 *
 * What the orders cover:
 *   - all interleavings of atomic accesses. Two that differ only in the order of accesses that
 *     cannot see each other count as one (sleep sets, Godefroid 1996).
 *   - with `delayed_stores` also that stores reach the others late: a thread sees its own at once,
 *     the others at any later moment; relaxed ones to different addresses in any order, a release
 *     only after all before it. A seq_cst fence, and a read-modify-write that releases, wait for
 *     what was stored before. That is more than x86 does (TSO) and what aarch64 does to stores.
 *
 * What they do not: loads are never early, so a missing acquire is not found; read-modify-writes and
 * stores to ordinary variables reach memory at once; and what an ordinary access races with is seen
 * only where model_watch() makes it a point, too (the tsan build is for data races). Waiting in a
 * loop is understood if the loop calls ltr__relax().
 *
 * To know that a program of the model can fail, take away what the code relies on (`without`).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define MODEL_THREADS_MAX 4

/* What the code under test loses. */
enum model_loss {
	MODEL_FENCES = 1,    /* seq_cst fences do nothing */
	MODEL_RELEASE = 2,   /* release stores are relaxed ones */
	MODEL_ATOMICITY = 4, /* a read-modify-write is a load and a store */
	MODEL_LOCKS = 8,     /* locks let everybody in */
};

struct model_program {
	const char *name;
	unsigned thread_count;
	/* Called with the thread's number. Deterministic but for what it reads. */
	void (*thread[MODEL_THREADS_MAX])(unsigned number);
	/* Before each run: bring all that the threads use into its first state. */
	void (*start)(void);
	/* When a thread, by number, goes on: thread-local variables of the code. May be NULL. */
	void (*enter)(unsigned number);
	/* After each run, when no thread can go on any more. */
	void (*end)(void);
	bool delayed_stores;
	bool may_sleep;   /* that a thread still waits at the end is not a failure: end() looks */
	bool all_orders;  /* no reduction: to check the checker */
	unsigned without; /* enum model_loss */
};

struct model_result {
	uint64_t schedules; /* run to their end */
	uint64_t cut;       /* given up on the way: another order of the same */
	uint64_t steps;
	unsigned longest; /* schedule, in steps */
	double cpu_seconds;
	char failure[256]; /* of the first schedule that failed, which is the last; "" */
};

/* Returns whether all schedules were right. */
bool model_explore(const struct model_program *program, struct model_result *ret_result);

/* The schedule that failed, a step a line. */
void model_print_schedule(FILE *to);

/* One line for each program: how much was explored, what failed. */
void model_print_result(const struct model_program *printed, const struct model_result *shown);

/*
 * What the programs rely on, taken away, has to be missed: explores each program with its loss by
 * `explore`, which is model_explore() or calls it, and says what was found. Returns false if a loss
 * went unnoticed.
 */
struct model_broken {
	unsigned program; /* of `programs` */
	unsigned without; /* MODEL_FENCES ... */
};
bool model_miss_all(const struct model_program *programs, const struct model_broken *broken,
		    size_t count,
		    bool (*explore)(const struct model_program *program,
				    struct model_result *ret_result));

/* "fences" and so on. */
const char *model_loss_name(unsigned loss);

/* --- for what runs inside --------------------------------------------------------------------- */

/* This schedule is wrong. In a thread it does not return. */
void model_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define model_expect(condition)                                                  \
	do {                                                                     \
		if (!(condition))                                                \
			model_fail("%s:%d: %s", __FILE__, __LINE__, #condition); \
	} while (0)

/* The calling thread ends here. */
_Noreturn void model_exit(void);
/* Whether a thread has come to its end. For end(). */
bool model_is_done(unsigned number);

/* Zeroed memory until the end of this run. */
void *model_alloc(size_t bytes);
/* For model_print_schedule(). */
void model_name(const void *address, size_t bytes, const char *name);
/* No choice depends on these bytes: accesses to them are no points. */
void model_ignore(const void *address, size_t bytes);

/* Ordinary variables whose accesses are points, too (plain.c), in order and at once. */
void model_watch(const void *address, size_t bytes);
void model_plain_read(const void *address, size_t bytes);
void model_plain_write(const void *address, size_t bytes);

/* The blocking operations: the thread goes on only when it can. */
void model_lock(uint32_t *lock);    /* until it is 0; makes it 1 */
void model_wait(uint32_t *word);    /* until it is not 0; makes it 0 */
void model_post(uint32_t *word);    /* makes it 1; what was stored before is seen */
void model_relax(void);             /* until any other thread has written anything */
void model_time_passes(int64_t ns); /* each thread has a clock of its own, from 1 ms on */
int64_t model_now_ns(void);

/* What atomics.h makes of the builtins. */
uint64_t model_load(const void *address, size_t bytes);
void model_store(void *address, uint64_t value, size_t bytes, int order);
uint64_t model_exchange(void *address, uint64_t value, size_t bytes, int order);
uint64_t model_fetch_add(void *address, uint64_t value, size_t bytes, int order);
bool model_compare_exchange(void *address, void *expected, uint64_t desired, size_t bytes,
			    int order);
void model_fence(int order);

#endif
