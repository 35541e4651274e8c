/* SPDX-License-Identifier: MIT */

/*
 * The portable switch. *save_sp is set before swapcontext() has saved anything: inside, nobody goes
 * on with a goroutine before a lock is released that is released after the switch; outside, readers
 * follow frame pointers, which are in place by then.
 */

#include <stddef.h>
#include <ucontext.h>

#include "arch.h"

struct ltr__context {
	void *frame; /* the frame pointer of ltr__switch()'s caller; NULL: not known */
	ucontext_t registers;
};

_Static_assert(offsetof(struct ltr__context, frame) == LTR__SAVED_FP_OFFSET, "see arch.h");

/*
 * Where a frame pointer points to {next frame pointer, return address}, as layout.h wants it.
 * Elsewhere outsiders see no frames of goroutines that wait.
 */
#if defined(__x86_64__) || defined(__aarch64__)
#define FRAME_RECORDS 1
#else
#define FRAME_RECORDS 0
#endif

/* A call whose result no compiler can remember. */
__attribute__((noinline)) struct ltr__thread *ltr__self(void)
{
	struct ltr__thread *thread = ltr__current_thread;

	__asm__ volatile("" : "+r"(thread)::"memory");
	return thread;
}

__attribute__((noinline)) struct ltr__thread *ltr__switch(void **save_sp, void *next_sp,
							  struct ltr__thread *thread)
{
	struct ltr__context *next = next_sp;
	struct ltr__context here;

	(void)thread; /* it is the running one: ltr__self() finds it on the other side */
	here.frame = FRAME_RECORDS ? *(void **)__builtin_frame_address(0) : NULL;
	/* release: who finds the address from outside finds the frames, too */
	__atomic_store_n(save_sp, &here, __ATOMIC_RELEASE);
	swapcontext(&here.registers, &next->registers);
	return ltr__self();
}

static void trampoline(void)
{
	/* End the chain of frames; this function never returns. */
	if (FRAME_RECORDS)
		*(void *volatile *)__builtin_frame_address(0) = NULL;
	ltr__goroutine_main(ltr__self());
}

void *ltr__first_frame(void *high)
{
	/* Apart from the trampoline's own frame, which makecontext() puts below. */
	struct ltr__context *context =
		(struct ltr__context *)((uintptr_t)((struct ltr__context *)high - 1) &
					~(uintptr_t)63);

	context->frame = NULL;
	getcontext(&context->registers);
	context->registers.uc_link = NULL;
	/* Only the upper end counts: stacks grow downward wherever Linux runs. */
	context->registers.uc_stack.ss_sp = (char *)context - 4096;
	context->registers.uc_stack.ss_size = 4096;
	makecontext(&context->registers, trampoline, 0);
	return context;
}
