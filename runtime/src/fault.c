/* SPDX-License-Identifier: MIT */

/* See fault.h. */

#include "fault.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "fatal.h"
#include "region.h"
#include "reserve.h"

#define ALTERNATE_BYTES (128u << 10) /* address space: what is used of it is touched */

static const int signals[] = {SIGSEGV, SIGBUS};
static struct sigaction before[2];

struct registers {
	const char *pc;
	const char *sp;
	const void *fp;
};

static struct registers registers_of(const ucontext_t *context)
{
#if defined(__x86_64__)
	const greg_t *all = context->uc_mcontext.gregs;

	return (struct registers){(const char *)(uintptr_t)all[REG_RIP],
				  (const char *)(uintptr_t)all[REG_RSP],
				  (const void *)(uintptr_t)all[REG_RBP]};
#elif defined(__aarch64__)
	const mcontext_t *all = &context->uc_mcontext;

	return (struct registers){(const char *)(uintptr_t)all->pc,
				  (const char *)(uintptr_t)all->sp,
				  (const void *)(uintptr_t)all->regs[29]};
#else
	(void)context;
	return (struct registers){0};
#endif
}

/*
 * A stack that is used up: a touch of its guard, or of what lies below it with the stack pointer out of
 * the stack, too (a frame that is larger than the guard).
 */
static bool is_used_up(const char *low, size_t guard_bytes, const char *address, const char *sp)
{
	if (address >= low && address < low + guard_bytes)
		return true;
	return sp < low + guard_bytes && sp > low - ALTERNATE_BYTES &&
	       address < low + guard_bytes && address > low - ALTERNATE_BYTES;
}

static void explain(const siginfo_t *info, const ucontext_t *context)
{
	const struct ltr__thread *thread = ltr__self();
	struct registers at = registers_of(context);
	const char *address = info->si_addr;

	if (!thread)
		return;
	if (thread->current) {
		const struct ltr__goroutine *goroutine = thread->current;

		if (is_used_up(goroutine->stack_low, LTR__STACK_GUARD_BYTES, address, at.sp))
			ltr__say_overflow(goroutine,
					  (size_t)(goroutine->stack_high - goroutine->stack_low),
					  at.pc, at.fp);
	} else if (thread->call.goroutine && thread->stack_low) {
		/* glibc counts its guard to the stack or not, depending on its version */
		if (is_used_up(thread->stack_low - thread->guard_bytes, 2 * thread->guard_bytes,
			       address, at.sp))
			ltr__say_call_overflow(thread->call.goroutine, thread->stack_bytes);
	}
}

/* As if we were not there. */
static void pass_on(int number, siginfo_t *info, void *context, const struct sigaction *action)
{
	if (action->sa_flags & SA_SIGINFO) {
		action->sa_sigaction(number, info, context);
		return;
	}
	if (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN) {
		action->sa_handler(number);
		return;
	}
	if (action->sa_handler == SIG_IGN && info->si_code <= 0)
		return;
	/* Back to where it happened, to happen again; what somebody has sent is sent again. */
	signal(number, SIG_DFL);
	if (info->si_code <= 0)
		raise(number);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	const struct sigaction *action = &before[number == SIGSEGV ? 0 : 1];

	if (info->si_code > 0)
		explain(info, context);
	pthread_sigmask(SIG_BLOCK, &action->sa_mask, NULL);
	pass_on(number, info, context, action);
}

static bool sanitizer_does_it(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return true;
#else
	return false;
#endif
}

void ltr__fault_init(void)
{
	struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};

	if (sanitizer_does_it())
		return;
	action.sa_sigaction = on_fault;
	sigemptyset(&action.sa_mask);
	for (int i = 0; i < 2; i++)
		sigaction(signals[i], &action, &before[i]);
}

void ltr__fault_thread(struct ltr__thread *thread)
{
	stack_t alternate = {.ss_size = ALTERNATE_BYTES};
	pthread_attr_t attributes;
	void *low;

	if (sanitizer_does_it())
		return;
	alternate.ss_sp = ltr__reserve(ALTERNATE_BYTES);
	if (!alternate.ss_sp || sigaltstack(&alternate, NULL) != 0)
		return;
	if (pthread_getattr_np(pthread_self(), &attributes) != 0)
		return;
	if (pthread_attr_getstack(&attributes, &low, &thread->stack_bytes) == 0 &&
	    pthread_attr_getguardsize(&attributes, &thread->guard_bytes) == 0)
		thread->stack_low = low;
	/* Not the top, where the C library has the thread's variables. */
	if (thread->stack_low)
		ltr__region_add(low,
				(size_t)((const char *)__builtin_frame_address(0) - (char *)low),
				LTR_REGION_CALLS, (uint32_t)gettid());
	pthread_attr_destroy(&attributes);
}
