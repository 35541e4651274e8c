/* SPDX-License-Identifier: MIT */

/*
 * What each port (runtime/src/arch.h) has to keep, as rules: registers survive a switch, the chain of
 * frames ends, unwinders end, guard pages guard.
 */

#include "harness.h"

#include <execinfo.h>
#include <unistd.h>

#include "scheduler.h"
#include "trace.h"

#define FRAMES_MAX 64

/* --- registers ---------------------------------------------------------------------------------- */

/* Eight of each, so that the compiler has to keep them in registers that calls preserve. */
static __attribute__((noinline)) void keep_registers(uint64_t seed)
{
	uint64_t a = seed, b = seed + 1, c = seed + 2, d = seed + 3, e = seed + 4, f = seed + 5,
		 g = seed + 6, h = seed + 7;
	double i = (double)a, j = (double)b, k = (double)c, l = (double)d, m = (double)e,
	       n = (double)f, o = (double)g, p = (double)h;

	for (int round = 0; round < 1000; round++) {
		/* The compiler cannot know any more what is in them. */
		__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
		__asm__ volatile("" : "+r"(e), "+r"(f), "+r"(g), "+r"(h));
#if defined(__aarch64__)
		__asm__ volatile("" : "+w"(i), "+w"(j), "+w"(k), "+w"(l));
		__asm__ volatile("" : "+w"(m), "+w"(n), "+w"(o), "+w"(p));
#else
		__asm__ volatile("" : "+m"(i), "+m"(j), "+m"(k), "+m"(l));
		__asm__ volatile("" : "+m"(m), "+m"(n), "+m"(o), "+m"(p));
#endif
		ltr_yield();
		expect(a == seed && b == seed + 1 && c == seed + 2 && d == seed + 3);
		expect(e == seed + 4 && f == seed + 5 && g == seed + 6 && h == seed + 7);
		expect(i == (double)seed && j == (double)(seed + 1) && k == (double)(seed + 2) &&
		       l == (double)(seed + 3));
		expect(m == (double)(seed + 4) && n == (double)(seed + 5) &&
		       o == (double)(seed + 6) && p == (double)(seed + 7));
	}
}

struct keeper {
	uint64_t seed;
	struct ltr_waitgroup *done;
};

static void keeper(struct keeper *self)
{
	keep_registers(self->seed);
	ltr_waitgroup_done(self->done);
}

static int registers_survive(int argc, char **argv)
{
	struct ltr_waitgroup done = {0};

	(void)argc, (void)argv;
	for (uint64_t i = 1; i <= 16; i++) {
		ltr_waitgroup_add(&done, 1);
		ltr_go(keeper, (struct keeper){i * 1000, &done});
	}
	ltr_waitgroup_wait(&done);
	return 0;
}

/* --- frames ------------------------------------------------------------------------------------- */

/* Follow the chain as layout.h says; returns how many frames there are before its proper end. */
static int walk(const struct ltr__goroutine *goroutine, const void *frame)
{
	const uint64_t *fp = frame;
	int depth = 0;

	while (fp) {
		const uint64_t *next;

		expect((const char *)fp >= goroutine->stack_low);
		expect((const char *)fp <= goroutine->stack_high - 16);
		expect(((uintptr_t)fp & 7) == 0);
		expect(fp[1] != 0 || fp[0] == 0);
		next = (const uint64_t *)(uintptr_t)fp[0];
		expect(!next || next > fp);
		expect(++depth < FRAMES_MAX);
		fp = next;
	}
	return depth;
}

static __attribute__((noinline)) int walk_deeper(int levels)
{
	int depth = levels ? walk_deeper(levels - 1) + 1
			   : walk(ltr__self()->current, __builtin_frame_address(0));

	__asm__ volatile(""); /* no tail call */
	return depth;
}

static void walks(struct ltr_waitgroup **done)
{
	int shallow = walk_deeper(0);

	expect(shallow >= 2);
	expect(walk_deeper(10) == shallow + 20); /* ten more frames, counted once more on the way */
	ltr_waitgroup_done(*done);
}

static int frames_end(int argc, char **argv)
{
	struct ltr_waitgroup done = {0};

	(void)argc, (void)argv;
	ltr_waitgroup_add(&done, 1);
	ltr_go(walks, &done);
	ltr_waitgroup_wait(&done);
	walks(&(struct ltr_waitgroup *){(ltr_waitgroup_add(&done, 1), &done)});
	return 0;
}

LTR_CHAN(numbers, int);

static void waits(numbers *channel)
{
	ltr_recv(*channel, NULL);
}

static const struct ltr__goroutine *find(uint64_t id)
{
	for (uint32_t i = 0; i < ltr__slab_count; i++)
		for (uint32_t j = 0; j < LTR__SLAB_DESCRIPTORS; j++)
			if (__atomic_load_n(&ltr__slabs[i][j].id, __ATOMIC_ACQUIRE) == id)
				return &ltr__slabs[i][j];
	return NULL;
}

/* As an outsider finds it: through saved_sp and the offset that the layout says. */
static int parked_frames_end(int argc, char **argv)
{
	numbers channel = ltr_make(numbers, 0);
	uint64_t id = ltr_go(waits, channel);
	const struct ltr__goroutine *other = find(id);
	const char *sp;

	(void)argc, (void)argv;
	expect(other);
	/* It stands when it is in state chan and its registers are saved. */
	while (__atomic_load_n(&other->state, __ATOMIC_ACQUIRE) != LTR_STATE_CHAN ||
	       !(sp = __atomic_load_n(&other->saved_sp, __ATOMIC_ACQUIRE)))
		ltr_yield();
	expect(sp > other->stack_low && sp < other->stack_high);
	/* park, the receive, the function, and what called that */
	expect(walk(other, *(void *const *)(const void *)(sp + LTR__SAVED_FP_OFFSET)) >= 4);
	ltr_send(channel, 1);
	ltr_free(channel);
	return 0;
}

static void unwinds(struct ltr_waitgroup **done)
{
	void *pcs[FRAMES_MAX];
	int depth = backtrace(pcs, FRAMES_MAX);

	expect(depth >= 2 && depth < FRAMES_MAX);
	ltr_waitgroup_done(*done);
}

/* Debuggers, exceptions and backtrace() go by the call frame information instead. */
static int unwinding_ends(int argc, char **argv)
{
	struct ltr_waitgroup done = {0};

	(void)argc, (void)argv;
	for (int i = 0; i < 3; i++) {
		ltr_waitgroup_add(&done, 1);
		ltr_go(unwinds, &done);
	}
	ltr_waitgroup_wait(&done);
	return 0;
}

/* --- guards ------------------------------------------------------------------------------------- */

struct prober {
	int pipe;
	struct ltr_waitgroup *done;
};

/* write() copies from the address and says EFAULT where there is nothing. */
static void probe_guard(struct prober *prober)
{
	const char *low = ltr__self()->current->stack_low;

	expect(write(prober->pipe, low, 1) == -1 && errno == EFAULT);
	expect(write(prober->pipe, low + LTR__STACK_GUARD_BYTES - 1, 1) == -1 && errno == EFAULT);
	expect(write(prober->pipe, low + LTR__STACK_GUARD_BYTES, 1) == 1);
	ltr_waitgroup_done(prober->done);
}

static int guards_guard(int argc, char **argv)
{
	static const size_t bytes[] = {0, 128 << 10, 512 << 10, 4 << 20};
	struct ltr_waitgroup done = {0};
	int ends[2];

	(void)argc, (void)argv;
	expect(pipe(ends) == 0);
	for (int i = 0; i < 40; i++) {
		struct ltr_go_options options = {.stack_bytes = bytes[i % 4]};

		ltr_waitgroup_add(&done, 1);
		ltr_go_with(&options, probe_guard, (struct prober){ends[1], &done});
	}
	ltr_waitgroup_wait(&done);
	return 0;
}

static const struct rule rules[] = {
	RULE(registers_survive), RULE(frames_end),   RULE(parked_frames_end),
	RULE(unwinding_ends),    RULE(guards_guard),
};

int main(void)
{
	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
