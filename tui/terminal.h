/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_TERMINAL_H
#define LOITER_TUI_TERMINAL_H

/*
 * What the loop needs of a terminal: a size, keys, and a place to show a grid. Two kinds: curses
 * (terminal_curses.c, the only file of the project that includes curses) and scripts
 * (terminal_script.c, which need no terminal at all).
 */

#include <stdbool.h>
#include <stdint.h>

#include "grid.h"
#include "key.h"
#include "tui.h"

enum ltr__input_kind {
	LTR__INPUT_NONE,   /* nothing within the time */
	LTR__INPUT_KEY,    /* `key`, see key.h; `x` and `y` where the mouse was */
	LTR__INPUT_RESIZE, /* ask for the size again and draw everything */
	LTR__INPUT_FRAME,  /* a script wants the next moment of the program, at once */
	LTR__INPUT_RENEW,  /* the same after a full reading of it */
	LTR__INPUT_SIGNAL, /* `signal` asks us to end */
	LTR__INPUT_END,    /* no more input, ever: end of the script, death of the terminal */
	LTR__INPUT_FAILED, /* `error`, a negative errno, and ltr__terminal.why */
};

struct ltr__input {
	enum ltr__input_kind kind;
	uint32_t key;
	int x;
	int y;
	int signal;
	int error;
};

struct ltr__terminal;

struct ltr__terminal_kind {
	void (*size)(struct ltr__terminal *terminal, int *ret_width, int *ret_height);
	void (*show)(struct ltr__terminal *terminal, const struct ltr__grid *grid);

	/* What is on the real screen may be anything: the next show draws all of it. */
	void (*redraw)(struct ltr__terminal *terminal);

	/* Let the mouse be ours, or the terminal's own. */
	void (*mouse)(struct ltr__terminal *terminal, bool on);

	/* Wait at most `timeout_ms` for input, or until `fd` (-1: none) is readable. */
	struct ltr__input (*wait)(struct ltr__terminal *terminal, int timeout_ms, int fd);

	/* The person is done: what is still to be written is. -EIO, with the reason in `why`. */
	int (*finish)(struct ltr__terminal *terminal);

	/* Restores the terminal and frees. Takes a half-opened one. Returns NULL. */
	struct ltr__terminal *(*close)(struct ltr__terminal *terminal);
};

/* The part that all kinds have; each kind's own struct begins with it. */
struct ltr__terminal {
	const struct ltr__terminal_kind *kind;
	bool is_ascii;    /* can show nothing but ASCII */
	bool is_plain;    /* has no colours */
	bool is_scripted; /* input decides when frames are made, not the clock */
	char why[256];    /* what went wrong, in words */
};

/*
 * Take over the terminal of standard input and output. Errors leave it alone and say why:
 *   -ENOTTY  one of them is no terminal
 *   -ENOTSUP TERM is unset or unknown, or this terminal cannot move its cursor
 * One at a time: signals are the process's.
 */
int ltr__terminal_open_curses(const struct ltr_tui_options *options,
			      struct ltr__terminal **ret_terminal, char *ret_why, size_t why_size);

/*
 * Keys come from options->script (NULL: none), the screens go to options->output. Errors are those
 * of reading the file, -ENOMEM, -EFBIG; a line that makes no sense is an INPUT_FAILED.
 */
int ltr__terminal_open_script(const struct ltr_tui_options *options,
			      struct ltr__terminal **ret_terminal, char *ret_why, size_t why_size);

#endif
