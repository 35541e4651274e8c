/* SPDX-License-Identifier: MIT */
/*
 * The screen on a real terminal, as libvterm sees it: the same cells as without one, for several
 * TERMs; keys; sizes; and the terminal as it was before, however the program ends.
 *
 * The program is tui_demo; LTR_TUI_DEMO says where it is.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "looks.h"
#include "seat.h"

#define RMCUP "\033[?1049l"
#define MARK  "▸"

static const char *demo(void)
{
	const char *path = getenv("LTR_TUI_DEMO");

	if (!path)
		fail_msg("LTR_TUI_DEMO is not set");
	return path;
}

#define XTERM ((const char *const[]){"TERM=xterm-256color", NULL})
#define START(seat, environment, ...) \
	seat_start(seat, 80, 24, environment, (const char *const[]){demo(), __VA_ARGS__, NULL})

/* What the demo prints without a terminal; the caller frees it. */
static char *printed(const char *options)
{
	char command[512];
	char *text = calloc(1, 1 << 18);
	FILE *pipe;

	assert_non_null(text);
	snprintf(command, sizeof(command), "'%s' --once %s", demo(), options);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_true(fread(text, 1, (1 << 18) - 1, pipe) > 0);
	assert_int_equal(pclose(pipe), 0);
	return text;
}

static void expect_printed(struct seat *seat, const char *options)
{
	char *text = printed(options);

	seat_expect_screen(seat, text);
	free(text);
}

static void quit(struct seat *seat)
{
	seat_type(seat, "q");
	assert_int_equal(seat_wait(seat), 0);
	seat_expect_restored(seat);
	seat_done(seat);
}

static void terminals_show_what_the_grid_holds(void **state)
{
	static const char *const terms[] = {
		"TERM=xterm-256color", "TERM=xterm", "TERM=screen", "TERM=screen-256color",
		"TERM=tmux-256color",  "TERM=linux", "TERM=vt100"};

	(void)state;
	for (size_t i = 0; i < sizeof(terms) / sizeof(*terms); i++) {
		const char *const environment[] = {terms[i], NULL};
		struct seat seat;

		START(&seat, environment, "--still");
		expect_printed(&seat, "--still --screen 80x24");
		quit(&seat);
	}
}

static void hostile_names_stay_text(void **state)
{
	struct seat seat;

	(void)state;
	START(&seat, XTERM, "--still", "--hostile");
	expect_printed(&seat, "--still --hostile --screen 80x24");
	assert_int_equal(seat.titles, 0);
	quit(&seat);
}

static void without_utf8_all_is_ascii(void **state)
{
	const char *const environment[] = {"TERM=xterm-256color", "LC_ALL=C", NULL};
	struct seat seat;

	(void)state;
	START(&seat, environment, "--still");
	expect_printed(&seat, "--still --ascii --screen 80x24");
	for (size_t i = 0; i < seat.raw_length; i++)
		assert_true((unsigned char)seat.raw[i] < 0x80);
	quit(&seat);
}

static bool is_coloured(const VTermScreenCell *cell)
{
	return !VTERM_COLOR_IS_DEFAULT_FG(&cell->fg) || !VTERM_COLOR_IS_DEFAULT_BG(&cell->bg);
}

static bool is_reversed(const VTermScreenCell *cell)
{
	return cell->attrs.reverse;
}

static int count_cells(const struct seat *seat, bool (*is_one)(const VTermScreenCell *))
{
	VTermPos at;
	int count = 0;

	for (at.row = 0; at.row < seat->height; at.row++) {
		for (at.col = 0; at.col < seat->width; at.col++) {
			VTermScreenCell cell;

			vterm_screen_get_cell(seat->screen, at, &cell);
			count += is_one(&cell);
		}
	}
	return count;
}

static void colours_are_a_choice(void **state)
{
	const char *const plain[] = {"TERM=xterm-256color", "NO_COLOR=1", NULL};
	const char *const empty[] = {"TERM=xterm-256color", "NO_COLOR=", NULL};
	struct seat seat;

	(void)state;
	START(&seat, XTERM, "--still");
	expect_printed(&seat, "--still --screen 80x24");
	assert_true(seat_wrote(&seat, "\033[38;5;"));
	assert_true(count_cells(&seat, is_coloured) > 200);
	quit(&seat);
	START(&seat, empty, "--still");
	expect_printed(&seat, "--still --screen 80x24");
	assert_true(seat_wrote(&seat, "\033[38;5;"));
	quit(&seat);
	START(&seat, plain, "--still");
	expect_printed(&seat, "--still --screen 80x24");
	assert_int_equal(count_cells(&seat, is_coloured), 0);
	assert_true(count_cells(&seat, is_reversed) >= 2 * 80); /* heading and selection */
	quit(&seat);
	START(&seat, XTERM, "--still", "--colours", "16");
	expect_printed(&seat, "--still --screen 80x24");
	assert_false(seat_wrote(&seat, "\033[38;5;"));
	assert_true(seat_wrote(&seat, "\033[35m")); /* magenta: chan */
	quit(&seat);
}

static int rgb(const VTermColor *colour)
{
	return colour->rgb.red << 16 | colour->rgb.green << 8 | colour->rgb.blue;
}

/* A colour that is neither the terminal's own nor one of its palette. */
static bool is_true(const VTermScreenCell *cell)
{
	return (VTERM_COLOR_IS_RGB(&cell->fg) && !VTERM_COLOR_IS_DEFAULT_FG(&cell->fg)) ||
	       (VTERM_COLOR_IS_RGB(&cell->bg) && !VTERM_COLOR_IS_DEFAULT_BG(&cell->bg));
}

static int wanted_back;

static bool has_back(const VTermScreenCell *cell)
{
	return VTERM_COLOR_IS_RGB(&cell->bg) && rgb(&cell->bg) == wanted_back;
}

static int wanted_front;

static bool has_front(const VTermScreenCell *cell)
{
	return VTERM_COLOR_IS_RGB(&cell->fg) && rgb(&cell->fg) == wanted_front;
}

/* The screen has true colours, all of them those of a theme: the selected row is as the table says. */
static void expect_true_colours(const char *const *environment, const char *theme,
				const char *colours)
{
	struct seat seat;

	START(&seat, environment, "--still", "--theme", theme, "--colours", colours);
	expect_printed(&seat, "--still --screen 80x24");
	wanted_back = ltr__look_of(theme[0] == 'l', LTR__STYLE_SELECTED)->back;
	assert_int_equal(count_cells(&seat, has_back), 80);
	wanted_front = ltr__look_of(theme[0] == 'l', LTR__STYLE_STATE_NETWORK)->front;
	assert_true(count_cells(&seat, has_front) > 10);
	assert_int_equal(count_cells(&seat, is_true), count_cells(&seat, is_coloured));
	seat_press(&seat, VTERM_KEY_DOWN);
	seat_press(&seat, VTERM_KEY_ENTER);
	seat_expect(&seat, "Where it waits");
	quit(&seat);
}

static void true_colours_are_used_if_the_environment_says_so(void **state)
{
	static const char *const terms[] = {"TERM=xterm-256color", "TERM=tmux-256color",
					    "TERM=xterm", "TERM=rxvt-unicode-256color"};

	(void)state;
	for (size_t i = 0; i < sizeof(terms) / sizeof(*terms); i++) {
		const char *const environment[] = {terms[i], "COLORTERM=truecolor", NULL};

		expect_true_colours(environment, "dark", "auto");
	}
	expect_true_colours((const char *const[]){"TERM=xterm", "COLORTERM=24bit", NULL}, "light",
			    "auto");
	expect_true_colours(
		(const char *const[]){"TERM=screen-256color", "TMUX=x", "COLORTERM=24bit", NULL},
		"light", "auto");
	expect_true_colours(XTERM, "light", "true");
}

/* As xterm-direct, which is not everywhere, but for the name of a space of colours: libvterm knows none. */
#define SET(what) "\\E[" what ":2:%p1%{65536}%/%d:%p1%{256}%/%{255}%&%d:%p1%{255}%&%dm"
#define DIRECT                                             \
	"loiter-direct|takes colours as they are,\n"       \
	"\tRGB, colors#0x1000000, pairs#0x7fff, initc@,\n" \
	"\tsetab=" SET("48") ",\n\tsetaf=" SET("38") ",\n\tuse=xterm-256color,\n"

static void true_colours_are_used_if_the_description_says_so(void **state)
{
	char folder[] = "/tmp/loiter-terminfo-XXXXXX";
	char text[256];
	const char *const environment[] = {"TERM=loiter-direct", text, NULL};
	FILE *pipe;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(text, sizeof(text), "tic -x -o '%s' -", folder);
	pipe = popen(text, "w");
	assert_non_null(pipe);
	fputs(DIRECT, pipe);
	assert_int_equal(pclose(pipe), 0);
	snprintf(text, sizeof(text), "TERMINFO=%s", folder);
	expect_true_colours(environment, "dark", "auto");
	snprintf(text, sizeof(text), "rm -r '%s'", folder);
	assert_int_equal(system(text), 0);
}

static void expect_no_true_colours(const char *const *environment, const char *colours)
{
	struct seat seat;

	START(&seat, environment, "--still", "--colours", colours);
	expect_printed(&seat, "--still --screen 80x24");
	assert_int_equal(count_cells(&seat, is_true), 0);
	assert_false(seat_wrote(&seat, "8;2;"));
	quit(&seat);
}

static void true_colours_are_a_choice(void **state)
{
	(void)state;
	expect_no_true_colours((const char *const[]){"TERM=xterm-256color", "COLORTERM=truecolor",
						     "NO_COLOR=1", NULL},
			       "auto");
	expect_no_true_colours(
		(const char *const[]){"TERM=xterm-256color", "COLORTERM=truecolor", NULL}, "256");
	expect_no_true_colours(
		(const char *const[]){"TERM=xterm-256color", "COLORTERM=truecolor", NULL}, "16");
	expect_no_true_colours((const char *const[]){"TERM=xterm-256color", "COLORTERM=yes", NULL},
			       "auto");
	/* GNU screen hands on what the terminal around it says */
	expect_no_true_colours(
		(const char *const[]){"TERM=screen-256color", "TMUX", "COLORTERM=truecolor", NULL},
		"auto");
	/* no colours at all */
	expect_no_true_colours((const char *const[]){"TERM=vt100", "COLORTERM=truecolor", NULL},
			       "auto");
}

static void keys_of_a_terminal_arrive(void **state)
{
	struct seat seat;

	(void)state;
	START(&seat, XTERM, "--still", "--sort", "id");
	seat_expect(&seat, MARK "   1 ");
	seat_press(&seat, VTERM_KEY_DOWN);
	seat_expect(&seat, MARK "   2 ");
	seat_press(&seat, VTERM_KEY_PAGEDOWN);
	seat_expect(&seat, MARK "  18 ");
	seat_press(&seat, VTERM_KEY_END);
	seat_expect(&seat, MARK "  60 ");
	seat_press(&seat, VTERM_KEY_HOME);
	seat_expect(&seat, MARK "   1 ");
	seat_press(&seat, VTERM_KEY_ENTER);
	seat_expect(&seat, "Where it waits");
	seat_press(&seat, VTERM_KEY_ESCAPE);
	seat_expect(&seat, MARK "   1 ");
	seat_type(&seat, "fname:w\xc3\xb6rker");
	seat_expect(&seat, "nothing matches");
	seat_press(&seat, VTERM_KEY_LEFT);
	seat_press(&seat, VTERM_KEY_LEFT);
	seat_press(&seat, VTERM_KEY_LEFT);
	seat_press(&seat, VTERM_KEY_LEFT);
	seat_press(&seat, VTERM_KEY_BACKSPACE);
	seat_type(&seat, "o\r");
	seat_expect(&seat, "1-14 of 14");
	quit(&seat);
}

/* The description that true colours need has what the mouse needs. */
static void the_mouse_selects_if_asked_for(void **state)
{
	const char *const environments[][3] = {
		{"TERM=xterm-256color", NULL},
		{"TERM=xterm-256color", "COLORTERM=truecolor", NULL},
		{"TERM=tmux-256color", NULL},
	};
	struct seat seat;

	(void)state;
	for (size_t i = 0; i < sizeof(environments) / sizeof(*environments); i++) {
		START(&seat, environments[i], "--still", "--sort", "id", "--mouse");
		seat_expect(&seat, MARK "   1 ");
		vterm_mouse_move(seat.vterm, 9, 10, VTERM_MOD_NONE);
		vterm_mouse_button(seat.vterm, 1, true, VTERM_MOD_NONE);
		vterm_mouse_button(seat.vterm, 1, false, VTERM_MOD_NONE);
		seat_expect(&seat, MARK "   4 ");
		quit(&seat);
	}
}

static void the_mouse_is_ours_or_the_terminals(void **state)
{
	struct seat seat;

	(void)state;
	START(&seat, XTERM, "--still", "--sort", "id");
	seat_expect(&seat, MARK "   1 ");
	seat_type(&seat, "M");
	seat_expect(&seat, "the mouse selects, sorts and scrolls");
	vterm_mouse_move(seat.vterm, 9, 10, VTERM_MOD_NONE);
	vterm_mouse_button(seat.vterm, 1, true, VTERM_MOD_NONE);
	vterm_mouse_button(seat.vterm, 1, false, VTERM_MOD_NONE);
	seat_expect(&seat, MARK "   4 ");
	seat_type(&seat, "M");
	seat_expect(&seat, "the mouse is the terminal's");
	quit(&seat);
}

static void a_light_theme_has_other_colours(void **state)
{
	struct seat dark;
	struct seat light;

	(void)state;
	START(&dark, XTERM, "--still", "--theme", "dark");
	/* The last line: all above it, the selection too, has been written. */
	seat_expect(&dark, "q quit");
	assert_true(seat_wrote(&dark, "48;5;24m"));
	assert_false(seat_wrote(&dark, "48;5;153m"));
	quit(&dark);
	START(&light, XTERM, "--still", "--theme", "light");
	seat_expect(&light, "q quit");
	assert_true(seat_wrote(&light, "48;5;153m"));
	assert_false(seat_wrote(&light, "48;5;24m"));
	quit(&light);
}

static void a_terminal_may_change_its_size(void **state)
{
	static const int sizes[][2] = {{120, 40}, {20, 5}, {1, 1}, {220, 60}, {80, 24}};
	struct seat seat;

	(void)state;
	START(&seat, XTERM, "--still");
	seat_expect(&seat, "of 60");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		char options[64];

		snprintf(options, sizeof(options), "--still --screen %dx%d", sizes[i][0],
			 sizes[i][1]);
		seat_resize(&seat, sizes[i][0], sizes[i][1]);
		expect_printed(&seat, options);
	}
	quit(&seat);
}

/* Start, wait for the screen, send a signal, and expect to find the terminal as it was. */
static void expect_restored_after(int number)
{
	struct seat seat;
	int status;

	START(&seat, XTERM, "--still");
	seat_expect(&seat, "of 60");
	assert_int_equal(kill(seat.child, number), 0);
	status = seat_wait(&seat);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), number);
	assert_true(seat_wrote(&seat, RMCUP));
	seat_expect_restored(&seat);
	seat_done(&seat);
}

static void signals_end_it_with_the_terminal_restored(void **state)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		expect_restored_after(numbers[i]);
}

static void crashes_leave_the_terminal_restored(void **state)
{
	static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
	struct seat seat;
	int status;

	(void)state;
	/* the sanitizers have handlers of their own, which end the process in their own way */
	if (!getenv("LTR_SANITIZED")) {
		for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
			expect_restored_after(numbers[i]);
	}
	START(&seat, XTERM, "--crash");
	status = seat_wait(&seat);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_true(seat_wrote(&seat, RMCUP));
	seat_expect_restored(&seat);
	seat_done(&seat);
}

static bool is_empty(const struct seat *seat, int row)
{
	VTermPos at = {.row = row};
	VTermScreenCell cell;

	for (; at.col < seat->width; at.col++) {
		vterm_screen_get_cell(seat->screen, at, &cell);
		if (cell.chars[0] && cell.chars[0] != ' ')
			return false;
	}
	return true;
}

/* A terminal without another screen keeps ours, and what comes then has a line of its own. */
static void what_stays_is_not_written_over(void **state)
{
	static const int numbers[] = {0, SIGTERM, SIGSEGV};
	const char *const environment[] = {"TERM=vt100", NULL};
	size_t count = getenv("LTR_SANITIZED") ? 2 : 3;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		struct seat seat;

		START(&seat, environment, "--still");
		expect_printed(&seat, "--still --screen 80x24");
		assert_false(is_empty(&seat, 23));
		if (numbers[i])
			kill(seat.child, numbers[i]);
		else
			seat_type(&seat, "q");
		seat_wait(&seat);
		seat_expect(&seat, "q quit");
		assert_true(is_empty(&seat, 23));
		seat_expect_restored(&seat);
		seat_done(&seat);
	}
}

static void the_interrupt_key_ends_it(void **state)
{
	struct seat seat;
	int status;

	(void)state;
	START(&seat, XTERM, "--still");
	seat_expect(&seat, "of 60");
	seat_type(&seat, "\003");
	status = seat_wait(&seat);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGINT);
	seat_expect_restored(&seat);
	seat_done(&seat);
}

static void it_can_be_suspended_and_resumed(void **state)
{
	struct seat seat;

	(void)state;
	seat_start_with_boss(&seat, 80, 24, XTERM, (const char *const[]){demo(), "--still", NULL});
	for (int round = 0; round < 3; round++) {
		expect_printed(&seat, "--still --screen 80x24");
		seat_type(&seat, "\032");
		seat_expect_stopped(&seat);
		seat_expect_restored(&seat);
		assert_true(seat_wrote(&seat, RMCUP));
		seat.raw_length = 0;
		seat_continue(&seat);
	}
	expect_printed(&seat, "--still --screen 80x24");
	quit(&seat);
}

static void the_death_of_the_terminal_ends_it(void **state)
{
	struct seat seat;
	int status;

	(void)state;
	START(&seat, XTERM, "--still");
	seat_expect(&seat, "of 60");
	close(seat.master);
	seat.master = -1;
	assert_int_equal(waitpid(seat.child, &status, 0), seat.child);
	seat.child = 0;
	assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGHUP : WEXITSTATUS(status) == 1);
	seat_done(&seat);
}

static void expect_refused(const char *term, const char *sentence)
{
	const char *const environment[] = {term, NULL};
	struct seat seat;
	int status;

	START(&seat, environment, "--still");
	status = seat_wait(&seat);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	if (!seat_wrote(&seat, sentence))
		fail_msg("%s: %s", term, seat.raw);
	assert_false(seat_wrote(&seat, "\033"));
	seat_expect_restored(&seat);
	seat_done(&seat);
}

static void unfit_terminals_are_refused_in_words(void **state)
{
	(void)state;
	expect_refused("TERM=dumb", "'dumb' (TERM) cannot move its cursor");
	expect_refused("TERM=never-heard-of", "no description of a terminal 'never-heard-of'");
	expect_refused("TERM=", "TERM is not set");
	expect_refused("TERM", "TERM is not set");
}

static void no_terminal_is_told_in_words(void **state)
{
	char command[512];
	char line[256] = "";
	FILE *pipe;

	(void)state;
	snprintf(command, sizeof(command), "'%s' 2>&1 </dev/null", demo());
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(line, sizeof(line), pipe));
	assert_true(WEXITSTATUS(pclose(pipe)) == 1);
	assert_non_null(strstr(line, "are not a terminal"));
}

static void a_program_that_ends_stays_on_screen(void **state)
{
	struct seat seat;

	(void)state;
	START(&seat, XTERM, "--end");
	seat_expect(&seat, "ENDED: the program is gone; this is its last state");
	seat_expect(&seat, MARK "  11 conn");
	seat_type(&seat, "j");
	seat_expect(&seat, MARK "  41 conn");
	quit(&seat);
}

/* It takes its time, in which the screen is there for other things. */
static void a_proof_runs_apart(void **state)
{
	struct seat seat;

	(void)state;
	START(&seat, XTERM, "--judged", "--proof", "1000000000");
	seat_expect(&seat, "1-17 of");
	seat_type(&seat, "7P");
	seat_expect(&seat, "looking at all references, for ");
	seat_expect(&seat, "(P: stop)");
	seat_type(&seat, "1");
	seat_expect(&seat, "(7 P: stop)");
	seat_type(&seat, "/handler\r");
	seat_expect(&seat, "search handler");
	seat_type(&seat, "7P");
	seat_expect(&seat, "stopped; nothing was proven");
	seat_type(&seat, "P");
	seat_expect(&seat, "looking at all references, for ");
	quit(&seat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(terminals_show_what_the_grid_holds),
		cmocka_unit_test(hostile_names_stay_text),
		cmocka_unit_test(without_utf8_all_is_ascii),
		cmocka_unit_test(colours_are_a_choice),
		cmocka_unit_test(true_colours_are_used_if_the_environment_says_so),
		cmocka_unit_test(true_colours_are_used_if_the_description_says_so),
		cmocka_unit_test(true_colours_are_a_choice),
		cmocka_unit_test(keys_of_a_terminal_arrive),
		cmocka_unit_test(the_mouse_selects_if_asked_for),
		cmocka_unit_test(the_mouse_is_ours_or_the_terminals),
		cmocka_unit_test(a_proof_runs_apart),
		cmocka_unit_test(a_light_theme_has_other_colours),
		cmocka_unit_test(a_terminal_may_change_its_size),
		cmocka_unit_test(signals_end_it_with_the_terminal_restored),
		cmocka_unit_test(crashes_leave_the_terminal_restored),
		cmocka_unit_test(what_stays_is_not_written_over),
		cmocka_unit_test(the_interrupt_key_ends_it),
		cmocka_unit_test(it_can_be_suspended_and_resumed),
		cmocka_unit_test(the_death_of_the_terminal_ends_it),
		cmocka_unit_test(unfit_terminals_are_refused_in_words),
		cmocka_unit_test(no_terminal_is_told_in_words),
		cmocka_unit_test(a_program_that_ends_stays_on_screen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
