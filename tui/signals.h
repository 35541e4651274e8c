/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_SIGNALS_H
#define LOITER_TUI_SIGNALS_H

/*
 * Signals, for a program that has taken over a terminal. Those that ask for something are noted and
 * wake the loop through a file descriptor. Those that mean a crash write the terminal's own reset
 * sequence, give its settings back and then do what they would have done.
 *
 * Signals belong to the process: one user at a time. The handlers touch nothing but the state in
 * signals.c and are async-signal-safe.
 */

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

enum ltr__signal_request {
	LTR__SIGNALS_NOTHING,
	LTR__SIGNALS_END,     /* SIGINT, SIGTERM, SIGHUP, SIGQUIT: see ltr__signals_ended_by() */
	LTR__SIGNALS_SUSPEND, /* SIGTSTP: call ltr__signals_stop() when the terminal is restored */
	LTR__SIGNALS_REDRAW,  /* SIGCONT: somebody else may have used the terminal */
	LTR__SIGNALS_RESIZE,  /* SIGWINCH */
};

/* `reset`: what to write to `fd` so that the terminal is as before; at most 256 bytes are kept. */
int ltr__signals_take(int fd, const struct termios *before, const char *reset, size_t length);
void ltr__signals_give_back(void);

int ltr__signals_fd(void); /* readable when there is a request */
enum ltr__signal_request ltr__signals_next(void);
int ltr__signals_ended_by(void);

/* Stop this process as SIGTSTP does; returns when it continues. */
void ltr__signals_stop(void);

#endif
