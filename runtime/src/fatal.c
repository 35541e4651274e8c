/* SPDX-License-Identifier: MIT */

/*
 * Reports of the end, written with nothing but write(): the heap may be in any state. Functions are
 * named by dladdr(), which knows what the program exports (the CMake target links it with
 * -rdynamic); where it knows nothing, the address is for addr2line.
 */

#include "fatal.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "gate.h"
#include "layout.h"
#include "scheduler.h"
#include "trace.h"

#define FRAMES_MAX     32
#define GOROUTINES_MAX 1000

void ltr__say_line(const char *format, ...)
{
	char line[512];
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(line))
		n = sizeof(line) - 1;
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return;
}

void ltr__say_address(const void *pc)
{
	const char *address = pc;
	Dl_info info;

	/* a return address: the call is just before it */
	if (!dladdr(address - 1, &info))
		ltr__say_line("\t%p\n", pc);
	else if (info.dli_sname)
		ltr__say_line("\t%s+%#zx (%s+%#zx)\n", info.dli_sname,
			      (size_t)(address - (const char *)info.dli_saddr), info.dli_fname,
			      (size_t)(address - (const char *)info.dli_fbase));
	else
		ltr__say_line("\t%s+%#zx\n", info.dli_fname,
			      (size_t)(address - (const char *)info.dli_fbase));
}

LTR__READS_AS_OUTSIDER static void say_stack(const struct ltr__goroutine *goroutine,
					     const void *frame)
{
	const uint64_t *fp = frame;

	for (int i = 0;; i++) {
		const uint64_t *next;

		if (i == FRAMES_MAX) {
			ltr__say_line("\t...\n");
			return;
		}
		if (!ltr__may_be_frame(fp, goroutine->stack_low, goroutine->stack_high))
			return;
		next = (const uint64_t *)(uintptr_t)fp[0];
		if (next == NULL) /* the trampoline's frame says nothing to anybody */
			return;
		ltr__say_address((const void *)(uintptr_t)fp[1]);
		if (next <= fp)
			return;
		fp = next;
	}
}

static void say_heading(const struct ltr__goroutine *goroutine)
{
	const char *reason = ltr_reason_name(goroutine->reason);

	ltr__say_line("\ngoroutine %llu%s%s%s [%s]:\n", (unsigned long long)goroutine->id,
		      goroutine->name ? " \"" : "", goroutine->name ? goroutine->name : "",
		      goroutine->name ? "\"" : "",
		      *reason ? reason : ltr_state_name(goroutine->state));
}

static void say_creator(const struct ltr__goroutine *goroutine)
{
	if (goroutine->parent_id && goroutine->site)
		ltr__say_line("created by %s in goroutine %llu\n\t%s:%llu\n",
			      goroutine->site->function, (unsigned long long)goroutine->parent_id,
			      goroutine->site->file, (unsigned long long)goroutine->site->line);
}

static void say_who(const struct ltr__goroutine *goroutine)
{
	ltr__say_line("goroutine %llu", (unsigned long long)goroutine->id);
	if (goroutine->name)
		ltr__say_line(" \"%s\"", goroutine->name);
	if (goroutine->parent_id && goroutine->site)
		ltr__say_line(" (created at %s:%llu)", goroutine->site->file,
			      (unsigned long long)goroutine->site->line);
}

void ltr__say_overflow(const struct ltr__goroutine *goroutine, size_t stack_bytes, const void *pc,
		       const void *frame)
{
	ltr__say_line("fatal error: stack overflow in ");
	say_who(goroutine);
	ltr__say_line(", its stack is %zu KiB\n", stack_bytes >> 10);
	if (stack_bytes < ltr__stack_bytes(LTR__STACK_CLASS_COUNT - 1))
		ltr__say_line(
			"(ltr_go_with() gives it up to %zu KiB, ltr_blocking() a thread's stack)\n",
			ltr__stack_bytes(LTR__STACK_CLASS_COUNT - 1) >> 10);
	say_heading(goroutine);
	ltr__say_address((const char *)pc + 1); /* no return address */
	say_stack(goroutine, frame);
	say_creator(goroutine);
}

void ltr__say_call_overflow(const struct ltr__goroutine *goroutine, size_t stack_bytes)
{
	ltr__say_line("fatal error: stack overflow in a blocking call of ");
	say_who(goroutine);
	ltr__say_line(", its thread's stack is %zu KiB (ulimit -s)\n", stack_bytes >> 10);
	say_heading(goroutine);
	say_creator(goroutine);
}

void ltr__warn(const char *message)
{
	ltr__say_line("loiter: %s\n", message);
}

_Noreturn void ltr__fatal(const char *format, ...)
{
	struct ltr__thread *thread = ltr__self();
	char message[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	ltr__say_line("fatal error: %s\n", message);
	if (thread && thread->current) {
		say_heading(thread->current);
		say_stack(thread->current, __builtin_frame_address(0));
		say_creator(thread->current);
	} else if (thread && thread->call.goroutine) {
		say_heading(thread->call.goroutine);
		say_creator(thread->call.goroutine);
	}
	_exit(LTR__FATAL_STATUS);
}

LTR__READS_AS_OUTSIDER static void say_parked(const struct ltr__goroutine *goroutine)
{
	const char *sp = goroutine->saved_sp;

	say_heading(goroutine);
	if (sp)
		say_stack(goroutine, *(void *const *)(const void *)(sp + LTR__SAVED_FP_OFFSET));
	say_creator(goroutine);
}

_Noreturn void ltr__fatal_deadlock(void)
{
	uint32_t shown = 0, all = 0;

	ltr__layout_phase(LTR_PHASE_DEADLOCK);
	if (ltr__gate_say(LTR_GATE_DEADLOCK, 0))
		while (ltr__gate_held(1000))
			;
	ltr__say_line("fatal error: all goroutines are asleep - deadlock!\n");
	for (uint32_t i = 0; i < ltr__slab_count; i++)
		for (uint32_t j = 0; j < LTR__SLAB_DESCRIPTORS; j++) {
			if (!ltr__slabs[i][j].id)
				continue;
			all++;
			if (shown < GOROUTINES_MAX) {
				say_parked(&ltr__slabs[i][j]);
				shown++;
			}
		}
	if (shown < all)
		ltr__say_line("\n... and %u more goroutines\n", all - shown);
	_exit(LTR__FATAL_STATUS);
}
