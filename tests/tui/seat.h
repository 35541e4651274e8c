/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TESTS_TUI_SEAT_H
#define LOITER_TESTS_TUI_SEAT_H

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

struct seat {
	pid_t child;
	int master;
	int control; /* to the boss, see seat_start_with_boss() */
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
void seat_start(struct seat *seat, int width, int height, const char *const *environment,
		const char *const *arguments);

/* The same under a parent that controls jobs as a shell does, for suspending. */
void seat_start_with_boss(struct seat *seat, int width, int height, const char *const *environment,
			  const char *const *arguments);
void seat_expect_stopped(struct seat *seat);
void seat_continue(struct seat *seat);

void seat_type(struct seat *seat, const char *bytes);
void seat_press(struct seat *seat, VTermKey key);
void seat_resize(struct seat *seat, int width, int height);

/* Read on until a text is on screen, or the screen is as given (lines without blanks at the end). */
void seat_expect(struct seat *seat, const char *text);
void seat_expect_screen(struct seat *seat, const char *lines);

/* Read to the end and return the status of waitpid(). */
int seat_wait(struct seat *seat);

/* The terminal's settings are those of before. */
void seat_expect_restored(const struct seat *seat);
bool seat_wrote(const struct seat *seat, const char *bytes);

void seat_done(struct seat *seat);

#endif
