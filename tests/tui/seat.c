/* SPDX-License-Identifier: MIT */
/*
 * The pseudo-terminal. The program waits for a byte in a pipe before it runs, so that the settings
 * of the terminal can be read before anybody has changed them.
 */
#include "seat.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 10000

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void write_all(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return; /* it has ended: what waits for its screen will say so */
		bytes += written;
		length -= (size_t)written;
	}
}

static void answer(const char *bytes, size_t length, void *context)
{
	write_all(((struct seat *)context)->master, bytes, length);
}

static int note_property(VTermProp property, VTermValue *value, void *context)
{
	(void)value;
	if (property == VTERM_PROP_TITLE || property == VTERM_PROP_ICONNAME)
		((struct seat *)context)->titles++;
	return 1;
}

static const VTermScreenCallbacks callbacks = {.settermprop = note_property};

static void set_environment(const char *const *environment)
{
	unsetenv("NO_COLOR");
	unsetenv("COLORTERM");
	unsetenv("LANG");
	setenv("LC_ALL", "C.UTF-8", 1);
	for (; *environment; environment++) {
		if (strchr(*environment, '='))
			putenv((char *)*environment);
		else
			unsetenv(*environment);
	}
}

/* The parent that stops, reports with a byte, and waits for one to go on: a shell in a few lines. */
static void boss(int control, const char *const *arguments)
{
	pid_t child = fork();
	int status;

	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		signal(SIGTTOU, SIG_IGN);
		tcsetpgrp(STDIN_FILENO, getpgrp());
		signal(SIGTTOU, SIG_DFL);
		execv(arguments[0], (char *const *)arguments);
		_exit(127);
	}
	signal(SIGTTOU, SIG_IGN);
	while (waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status)) {
		char byte = 's';

		tcsetpgrp(STDIN_FILENO, getpgrp());
		if (write(control, &byte, 1) != 1 || read(control, &byte, 1) != 1)
			_exit(126);
		tcsetpgrp(STDIN_FILENO, child);
		kill(-child, SIGCONT);
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128);
}

static void start(struct seat *seat, int width, int height, const char *const *environment,
		  const char *const *arguments, bool with_boss)
{
	struct winsize size = {.ws_row = (unsigned short)height, .ws_col = (unsigned short)width};
	int control[2];
	int go[2];
	char byte = 'g';

	*seat = (struct seat){.width = width, .height = height};
	assert_int_equal(pipe(go), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, control), 0);
	seat->child = forkpty(&seat->master, NULL, NULL, &size);
	assert_true(seat->child >= 0);
	if (!seat->child) {
		/* whoever ends the test ends what it has started */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(control[0]);
		close(go[1]);
		if (read(go[0], &byte, 1) != 1)
			_exit(125);
		close(go[0]);
		set_environment(environment);
		if (with_boss)
			boss(control[1], arguments);
		execv(arguments[0], (char *const *)arguments);
		_exit(127);
	}
	close(control[1]);
	close(go[0]);
	seat->control = control[0];
	assert_int_equal(tcgetattr(seat->master, &seat->before), 0);
	assert_int_equal(write(go[1], &byte, 1), 1);
	close(go[1]);
	seat->vterm = vterm_new(height, width);
	vterm_set_utf8(seat->vterm, 1);
	vterm_output_set_callback(seat->vterm, answer, seat);
	seat->screen = vterm_obtain_screen(seat->vterm);
	vterm_screen_enable_altscreen(seat->screen, 1);
	vterm_screen_set_callbacks(seat->screen, &callbacks, seat);
	vterm_screen_reset(seat->screen, 1);
	seat->titles = 0;
}

void seat_start(struct seat *seat, int width, int height, const char *const *environment,
		const char *const *arguments)
{
	start(seat, width, height, environment, arguments, false);
}

void seat_start_with_boss(struct seat *seat, int width, int height, const char *const *environment,
			  const char *const *arguments)
{
	start(seat, width, height, environment, arguments, true);
}

void seat_type(struct seat *seat, const char *bytes)
{
	write_all(seat->master, bytes, strlen(bytes));
}

void seat_press(struct seat *seat, VTermKey key)
{
	vterm_keyboard_key(seat->vterm, key, VTERM_MOD_NONE);
}

void seat_resize(struct seat *seat, int width, int height)
{
	struct winsize size = {.ws_row = (unsigned short)height, .ws_col = (unsigned short)width};

	seat->width = width;
	seat->height = height;
	vterm_set_size(seat->vterm, height, width);
	assert_int_equal(ioctl(seat->master, TIOCSWINSZ, &size), 0);
}

/* Reads what there is within the time. False: the program has closed its end. */
static bool read_some(struct seat *seat, long timeout_ms)
{
	struct pollfd ready = {.fd = seat->master, .events = POLLIN};
	char bytes[4096];
	ssize_t length;

	if (poll(&ready, 1, (int)timeout_ms) <= 0)
		return true;
	length = read(seat->master, bytes, sizeof(bytes));
	if (length <= 0)
		return length < 0 && errno == EINTR;
	vterm_input_write(seat->vterm, bytes, (size_t)length);
	seat->raw = realloc(seat->raw, seat->raw_length + (size_t)length + 1);
	assert_non_null(seat->raw);
	memcpy(seat->raw + seat->raw_length, bytes, (size_t)length);
	seat->raw_length += (size_t)length;
	seat->raw[seat->raw_length] = 0;
	return true;
}

/* The screen as lines; the caller frees it. */
static char *screen_text(const struct seat *seat)
{
	size_t size = (size_t)seat->height * ((size_t)seat->width * 12 + 2) + 1;
	char *text = malloc(size);
	size_t length = 0;

	assert_non_null(text);
	for (int y = 0; y < seat->height; y++) {
		VTermRect line = {.start_row = y, .end_row = y + 1, .end_col = seat->width};

		length += vterm_screen_get_text(seat->screen, text + length, size - length, line);
		while (length && text[length - 1] == ' ')
			length--;
		text[length++] = '\n';
	}
	text[length] = 0;
	return text;
}

typedef bool matches_function(const char *screen, const char *wanted);

static bool contains(const char *screen, const char *wanted)
{
	return strstr(screen, wanted) != NULL;
}

static bool equals(const char *screen, const char *wanted)
{
	return !strcmp(screen, wanted);
}

static void expect(struct seat *seat, matches_function *matches, const char *wanted)
{
	long deadline = now_ms() + PATIENCE_MS;
	bool is_open = true;
	char *text;

	for (;;) {
		text = screen_text(seat);
		if (matches(text, wanted))
			break;
		if (!is_open || now_ms() > deadline) {
			fprintf(stderr, "wanted:\n%s\nthe screen:\n%s\n", wanted, text);
			fail_msg("%s", is_open ? "it did not appear" : "the program has ended");
		}
		free(text);
		is_open = read_some(seat, 100);
	}
	free(text);
}

void seat_expect(struct seat *seat, const char *text)
{
	expect(seat, contains, text);
}

void seat_expect_screen(struct seat *seat, const char *lines)
{
	expect(seat, equals, lines);
}

void seat_expect_stopped(struct seat *seat)
{
	struct pollfd ready = {.fd = seat->control, .events = POLLIN};
	long deadline = now_ms() + PATIENCE_MS;
	char byte;

	while (poll(&ready, 1, 0) <= 0) {
		assert_true(now_ms() < deadline);
		read_some(seat, 20);
	}
	assert_int_equal(read(seat->control, &byte, 1), 1);
	assert_int_equal(byte, 's');
	read_some(seat, 0);
}

void seat_continue(struct seat *seat)
{
	assert_int_equal(write(seat->control, "c", 1), 1);
}

int seat_wait(struct seat *seat)
{
	long deadline = now_ms() + PATIENCE_MS;
	int status;

	while (read_some(seat, 100)) {
		if (now_ms() > deadline) {
			kill(seat->child, SIGKILL);
			fail_msg("the program does not end");
		}
	}
	assert_int_equal(waitpid(seat->child, &status, 0), seat->child);
	seat->child = 0;
	return status;
}

void seat_expect_restored(const struct seat *seat)
{
	struct termios now;

	assert_int_equal(tcgetattr(seat->master, &now), 0);
	assert_int_equal(now.c_iflag, seat->before.c_iflag);
	assert_int_equal(now.c_oflag, seat->before.c_oflag);
	assert_int_equal(now.c_cflag, seat->before.c_cflag);
	assert_int_equal(now.c_lflag, seat->before.c_lflag);
	assert_memory_equal(now.c_cc, seat->before.c_cc, sizeof(now.c_cc));
}

bool seat_wrote(const struct seat *seat, const char *bytes)
{
	return seat->raw && memmem(seat->raw, seat->raw_length, bytes, strlen(bytes));
}

void seat_done(struct seat *seat)
{
	if (seat->child > 0) {
		kill(seat->child, SIGKILL);
		waitpid(seat->child, NULL, 0);
	}
	if (seat->master >= 0)
		close(seat->master);
	close(seat->control);
	vterm_free(seat->vterm);
	free(seat->raw);
}
