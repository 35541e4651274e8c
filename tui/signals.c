/* SPDX-License-Identifier: MIT */
/*
 * Signals. A handler that only notes sets its bit in `noted` and writes a byte into a pipe. The
 * handler of crashes uses what ltr__signals_take() has prepared; it runs on a stack of its own, so
 * that it also works when the stack is what has overflowed.
 */
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { NOTED_END = 1, NOTED_SUSPEND = 2, NOTED_CONTINUE = 4, NOTED_RESIZE = 8 };

static const int asking[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH};
static const int crashing[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct {
	bool is_taken;
	int fd;
	struct termios before;
	char reset[256];
	size_t reset_length;
	int pipe[2];
	volatile sig_atomic_t noted;
	volatile sig_atomic_t ended_by;
	struct sigaction old_asking[COUNT(asking)];
	struct sigaction old_crashing[COUNT(crashing)];
	stack_t old_stack;
	_Alignas(16) char stack[16384];
} signals = {.pipe = {-1, -1}};

static void note(int number)
{
	int error = errno;
	ssize_t written;

	if (number == SIGTSTP)
		__atomic_fetch_or(&signals.noted, NOTED_SUSPEND, __ATOMIC_RELAXED);
	else if (number == SIGCONT)
		__atomic_fetch_or(&signals.noted, NOTED_CONTINUE, __ATOMIC_RELAXED);
	else if (number == SIGWINCH)
		__atomic_fetch_or(&signals.noted, NOTED_RESIZE, __ATOMIC_RELAXED);
	else {
		signals.ended_by = number;
		__atomic_fetch_or(&signals.noted, NOTED_END, __ATOMIC_RELAXED);
	}
	written = write(signals.pipe[1], "", 1); /* full: somebody will read it anyway */
	(void)written;
	errno = error;
}

/* Restore the terminal, then let the signal do what it does to a program that has no handler. */
static void crash(int number, siginfo_t *info, void *context)
{
	ssize_t written = write(signals.fd, signals.reset, signals.reset_length);

	(void)written;
	tcsetattr(signals.fd, TCSANOW, &signals.before);
	for (size_t i = 0; i < COUNT(crashing); i++) {
		if (crashing[i] == number)
			sigaction(number, &signals.old_crashing[i], NULL);
	}
	(void)context;
	/* A fault happens again when we return, with its address; what was sent has to be sent. */
	if (info->si_code <= 0)
		raise(number);
}

static void install(const int *numbers, size_t count, struct sigaction *old,
		    const struct sigaction *action)
{
	for (size_t i = 0; i < count; i++)
		sigaction(numbers[i], action, &old[i]);
}

int ltr__signals_take(int fd, const struct termios *before, const char *reset, size_t length)
{
	struct sigaction noting = {.sa_handler = note};
	struct sigaction saving = {.sa_sigaction = crash,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
	stack_t stack = {.ss_sp = signals.stack, .ss_size = sizeof(signals.stack)};

	if (pipe2(signals.pipe, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	signals.fd = fd;
	signals.before = *before;
	signals.reset_length = length < sizeof(signals.reset) ? length : sizeof(signals.reset);
	memcpy(signals.reset, reset, signals.reset_length);
	signals.noted = 0;
	signals.ended_by = 0;
	sigaltstack(&stack, &signals.old_stack);
	sigemptyset(&noting.sa_mask);
	sigemptyset(&saving.sa_mask);
	install(asking, COUNT(asking), signals.old_asking, &noting);
	install(crashing, COUNT(crashing), signals.old_crashing, &saving);
	signals.is_taken = true;
	return 0;
}

void ltr__signals_give_back(void)
{
	if (!signals.is_taken)
		return;
	for (size_t i = 0; i < COUNT(asking); i++)
		sigaction(asking[i], &signals.old_asking[i], NULL);
	for (size_t i = 0; i < COUNT(crashing); i++)
		sigaction(crashing[i], &signals.old_crashing[i], NULL);
	if (!(signals.old_stack.ss_flags & SS_ONSTACK))
		sigaltstack(&signals.old_stack, NULL);
	close(signals.pipe[0]);
	close(signals.pipe[1]);
	signals.pipe[0] = -1;
	signals.pipe[1] = -1;
	signals.is_taken = false;
}

int ltr__signals_fd(void)
{
	return signals.pipe[0];
}

static bool take_note(int bit)
{
	return __atomic_fetch_and(&signals.noted, ~bit, __ATOMIC_RELAXED) & bit;
}

enum ltr__signal_request ltr__signals_next(void)
{
	char bytes[64];

	while (read(signals.pipe[0], bytes, sizeof(bytes)) > 0)
		;
	if (take_note(NOTED_END))
		return LTR__SIGNALS_END;
	if (take_note(NOTED_SUSPEND))
		return LTR__SIGNALS_SUSPEND;
	if (take_note(NOTED_CONTINUE))
		return LTR__SIGNALS_REDRAW;
	if (take_note(NOTED_RESIZE))
		return LTR__SIGNALS_RESIZE;
	return LTR__SIGNALS_NOTHING;
}

int ltr__signals_ended_by(void)
{
	return signals.ended_by;
}

void ltr__signals_stop(void)
{
	struct sigaction stopping = {.sa_handler = SIG_DFL};
	struct sigaction ours;

	sigemptyset(&stopping.sa_mask);
	sigaction(SIGTSTP, &stopping, &ours);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &ours, NULL);
}
