/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TESTS_TUI_PTY_H
#define LOITER_TESTS_TUI_PTY_H

/*
 * A program on a terminal of its own: a pseudo-terminal whose other end is libvterm, which knows what
 * a person would see. Everything waits for what it needs, for at most ten seconds; then it fails the
 * test and shows the screen.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

#include <vterm.h>

struct pty {
	pid_t child;
	int master;
	int control; /* to the boss, see pty_start_with_boss() */
	int width;
	int height;
	VTerm *vterm;
	VTermScreen *screen;
	struct termios before;
	char *raw; /* all that the program wrote */
	size_t raw_length;
	int titles; /* how often something changed the window's title */
};

/* Environment: "NAME=value" entries that are added, or taken away if there is no '='; NULL ends. */
void pty_start(struct pty *pty, int width, int height, const char *const *environment,
	       const char *const *arguments);

/* The same under a parent that controls jobs as a shell does, for suspending. */
void pty_start_with_boss(struct pty *pty, int width, int height, const char *const *environment,
			 const char *const *arguments);
void pty_expect_stopped(struct pty *pty);
void pty_continue(struct pty *pty);

void pty_type(struct pty *pty, const char *bytes);
void pty_press(struct pty *pty, VTermKey key);
void pty_resize(struct pty *pty, int width, int height);

/* Read on until a text is on screen, or the screen is as given (lines without blanks at the end). */
void pty_expect(struct pty *pty, const char *text);
void pty_expect_screen(struct pty *pty, const char *lines);

/* Read to the end and return the status of waitpid(). */
int pty_wait(struct pty *pty);

/* The terminal's settings are those of before. */
void pty_expect_restored(const struct pty *pty);
bool pty_wrote(const struct pty *pty, const char *bytes);

void pty_done(struct pty *pty);

#endif
