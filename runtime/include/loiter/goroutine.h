/* SPDX-License-Identifier: MIT */
#ifndef LOITER_GOROUTINE_H
#define LOITER_GOROUTINE_H

/* Starting goroutines, ending them, telling who they are, and calling what blocks a thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <loiter/declare.h>
#include <loiter/layout.h>
#include <loiter/time.h>

/*
 * Wrong pointer types in ltr_go(), ltr_send() and ltr_recv() are errors and not only warnings, as
 * they are by default from GCC 14 on, and always in C++.
 */
#ifndef __cplusplus
#pragma GCC diagnostic error "-Wincompatible-pointer-types"
#pragma GCC diagnostic error "-Wint-conversion"
#endif

LTR__DECLARE_BEGIN

/*
 * Run `main_goroutine` and everything that it starts; returns what it returned, as soon as it has
 * returned: other goroutines end with it, wherever they are. Called once, by the thread that runs
 * main(). Processors (threads that run goroutines at once): as many as CPUs this process may use, or
 * what LTR_PROCS says (1 .. 256). While goroutines compute for more than 100 ms without a call that
 * could park, or block their threads, more run (docs/runtime.md), up to LTR_SPARES (0 .. 256).
 *
 * If no goroutine can ever run again, it reports each one's reason and stack to standard error and
 * ends the process with status 2, as Go does.
 *
 * Returns -ENOMEM or -EAGAIN if threads or memory for the runtime itself could not be had, -EINVAL
 * if LTR_PROCS, LTR_SPARES or LTR_URING (0, 1: docs/runtime.md) is no number of its range or LTR_COLD
 * no duration (<loiter/cold.h>), -EALREADY if the runtime runs or has run before, -ENOTSUP if the
 * kernel's pages are too large for small stacks (more than 16 KiB, or 4 KiB on x86-64).
 */
int ltr_run(int (*main_goroutine)(int argc, char **argv), int argc, char **argv);

/*
 * Start a goroutine: `go function(argument)`. The argument, of any type, is copied to the new
 * goroutine's stack (at most 4,096 bytes), and `function` gets a pointer to its own copy:
 *
 *	static void greet(struct greeting *g) ...
 *	ltr_go(greet, (struct greeting){"hello", 3});
 *
 * A function that takes nothing is started by `ltr_go(function)` and must take `void`.
 * Returns the new goroutine's id. Never blocks. Makes no system call while there are stacks of ended
 * goroutines; ends the program with a message when memory for a goroutine cannot be had.
 */
#define ltr_go(function, ...) ltr_go_with(NULL, function __VA_OPT__(, __VA_ARGS__))

struct ltr_go_options {
	const char *name;   /* copied, cut at 63 bytes; NULL: none */
	bool daemon;        /* meant to live as long as the program: no leak */
	size_t stack_bytes; /* 0: 64 KiB; rounded up to the next class, at most 8 MiB */
};

/* As ltr_go(), with `options` (NULL: none), a pointer to struct ltr_go_options. */
#define ltr_go_with(options, function, ...)                                              \
	({                                                                               \
		static const struct ltr_site ltr__site = {__FILE__, __func__, __LINE__}; \
		__VA_OPT__(LTR__ARGUMENT(__VA_ARGS__);)                                  \
		void (*ltr__function)(LTR__PARAMETER(__VA_ARGS__)) = (function);         \
		ltr__go((options), &ltr__site, (void (*)(void *))ltr__function,          \
			LTR__ADDRESS(__VA_ARGS__), LTR__BYTES(__VA_ARGS__));             \
	})

#ifdef __cplusplus
#define LTR__ARGUMENT(...)                                              \
	auto ltr__argument = (__VA_ARGS__);                             \
	static_assert(__is_trivially_copyable(decltype(ltr__argument)), \
		      "a goroutine's argument is copied byte by byte")
#else
#define LTR__ARGUMENT(...) __auto_type ltr__argument = (__VA_ARGS__)
#endif
#define LTR__PARAMETER(...)       LTR__SELECT(__VA_OPT__(__typeof__(ltr__argument) *, ) void, )
#define LTR__ADDRESS(...)         LTR__SELECT(__VA_OPT__(&ltr__argument, ) NULL, )
#define LTR__BYTES(...)           LTR__SELECT(__VA_OPT__(sizeof(ltr__argument), ) 0, )
#define LTR__SELECT(...)          LTR__SELECT_(__VA_ARGS__)
#define LTR__SELECT_(chosen, ...) chosen

uint64_t ltr__go(const struct ltr_go_options *options, const struct ltr_site *site,
		 void (*function)(void *), const void *argument, size_t argument_bytes);

/* Let the others that can run do so first. */
void ltr_yield(void);

/*
 * Run function(argument) when this goroutine ends: after its function has returned or at ltr_exit(),
 * last deferred first, by the goroutine itself, which may block in there and may defer more.
 * (For the end of a block or function, C has __attribute__((cleanup)).)
 * The main goroutine's run before ltr_run() returns. Never blocks.
 */
void ltr_defer(void (*function)(void *argument), void *argument);

/*
 * End this goroutine here, deferred functions included. Other functions on its stack do not go on:
 * what they hold (memory, locks) stays held. In the main goroutine it means that ltr_run() waits
 * for all others to end, and then reports a deadlock as Go does.
 */
__attribute__((noreturn)) void ltr_exit(void);

/* Who am I: 64-bit ids, never used again; 1 is the main goroutine. 0 outside of goroutines. */
uint64_t ltr_id(void);
uint64_t ltr_parent_id(void);

/* What people see instead of a number. Copied, cut at 63 bytes; NULL or "": none. */
void ltr_set_name(const char *name);

/*
 * Label this goroutine; those that it starts from now on inherit its labels. An empty or NULL value
 * takes the label away. Key and value are cut at 23 and 39 bytes. -ENOSPC: it has LTR_LABEL_MAX.
 */
int ltr_set_label(const char *key, const char *value);

/* This goroutine is meant to live as long as the program: the leak check leaves it out. */
void ltr_set_daemon(bool daemon);

/* How many goroutines there are, with this one. An estimate while others start and end. */
uint64_t ltr_count(void);

/* How many can run at once. */
unsigned ltr_processors(void);

/*
 * Run function(argument), which may block its thread (file I/O, getaddrinfo, a foreign library), on
 * a thread's own large stack, without holding up the other goroutines: this one is in state
 * "syscall", and its processor goes on with others. The call cannot be abandoned once it runs; the
 * deadline bounds the wait for a thread: at most 256 such calls run at once.
 * In there no ltr_ call may be made, but ltr_now(), ltr_after() and ltr_id().
 *   -ETIMEDOUT  the function was not run
 */
#define ltr_blocking(function, argument, ...) \
	ltr__blocking((function), (argument), LTR__DEADLINE(__VA_ARGS__))

int ltr__blocking(void (*function)(void *argument), void *argument, int64_t deadline_ns);

LTR__DECLARE_END

#endif
