/* SPDX-License-Identifier: MIT */
/*
 * The terminal through ncursesw: the only file that includes curses. It owns what curses makes of
 * looks (looks.h), the meaning of curses' keys, and the terminal's state between open and close:
 * whatever ends the process meanwhile, signals.c gives the terminal back.
 *
 * Curses writes true colours only to a terminal whose description has RGB, and few have. Where the
 * environment says that the terminal can do it nevertheless, curses is given its description with
 * that added (terminfo.h).
 *
 * Curses wants the process to have the locale of its environment; open sets LC_CTYPE, close puts it
 * back.
 */
#include "terminal.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>

#include "looks.h"
#include "signals.h"
#include "terminfo.h"

struct screen {
	struct ltr__terminal terminal;
	SCREEN *curses;
	struct termios before;
	char *locale_before;
	bool has_colours;
	attr_t attributes[LTR__STYLE_COUNT];
};

static struct screen *screen_of(struct ltr__terminal *terminal)
{
	return (struct screen *)terminal;
}

static bool wants_colours(const struct ltr_tui_options *options)
{
	const char *no_color = getenv("NO_COLOR");

	if (options->colours == LTR_TUI_COLOURS_AUTO && no_color && *no_color)
		return false;
	return options->colours != LTR_TUI_COLOURS_NONE;
}

/* Some terminals tell their colours, "15;0": black behind white. Most are dark. */
static bool is_light(const struct ltr_tui_options *options)
{
	const char *colours = getenv("COLORFGBG");
	const char *back = colours ? strrchr(colours, ';') : NULL;

	if (options->theme != LTR_TUI_THEME_AUTO)
		return options->theme == LTR_TUI_THEME_LIGHT;
	return back && (!strcmp(back, ";7") || !strcmp(back, ";15"));
}

static const char *capability(const char *name)
{
	const char *value = tigetstr(name);

	return value == (char *)-1 ? NULL : value;
}

#define TRUE_COLOURS 0x1000000

/* Numbers of colours are their values: eight bits each of red, green and blue. */
static bool is_direct(void)
{
	const char *bits = capability("RGB");

	return tigetnum("colors") == TRUE_COLOURS &&
	       (tigetflag("RGB") > 0 || tigetnum("RGB") == 8 || (bits && !strcmp(bits, "8/8/8")));
}

/* Whether the environment knows better than the terminal's description, or the person. */
static bool is_said_to_be_direct(const struct ltr_tui_options *options)
{
	const char *says = getenv("COLORTERM");
	const char *term = getenv("TERM");

	if (options->colours != LTR_TUI_COLOURS_AUTO)
		return options->colours == LTR_TUI_COLOURS_TRUE;
	/* GNU screen hands on what the terminal around it says, and cannot do it. */
	if (term && !strncmp(term, "screen", strlen("screen")) && !getenv("TMUX"))
		return false;
	return says && (!strcmp(says, "truecolor") || !strcmp(says, "24bit"));
}

static attr_t attributes_of(unsigned int look)
{
	return (look & LTR__LOOK_BOLD ? A_BOLD : 0) | (look & LTR__LOOK_REVERSE ? A_REVERSE : 0) |
	       (look & LTR__LOOK_UNDERLINE ? A_UNDERLINE : 0);
}

static int direct_of(const struct ltr_tui_options *options, int colour, int colour256)
{
	return options->colours != LTR_TUI_COLOURS_256 ? colour
	       : colour256 < 0                         ? -1
						       : ltr__look_rgb(colour256);
}

static void choose_looks(struct screen *screen, const struct ltr_tui_options *options)
{
	bool on_light = is_light(options);
	bool rich;
	bool direct;

	screen->has_colours = wants_colours(options) && has_colors() && start_color() == OK;
	screen->terminal.is_plain = !screen->has_colours;
	if (screen->has_colours)
		use_default_colors();
	rich = screen->has_colours && COLORS >= 256 && options->colours != LTR_TUI_COLOURS_16;
	direct = rich && is_direct();
	for (int i = 0; i < LTR__STYLE_COUNT; i++) {
		const struct ltr__look *look = ltr__look_of(on_light, (enum ltr__style)i);
		int front = rich ? look->front256 : look->front8;
		int back = rich ? look->back256 : look->back8;

		if (direct) {
			front = direct_of(options, look->front, look->front256);
			back = direct_of(options, look->back, look->back256);
		}
		screen->attributes[i] =
			attributes_of(screen->has_colours ? look->attributes : look->plain);
		if (screen->has_colours)
			init_extended_pair(i + 1, front, back);
	}
}

static void curses_size(struct ltr__terminal *terminal, int *ret_width, int *ret_height)
{
	(void)terminal;
	getmaxyx(stdscr, *ret_height, *ret_width);
}

static void show_cell(const struct screen *screen, const struct ltr__cell *cell, int x, int y)
{
	wchar_t text[CCHARW_MAX] = {(wchar_t)cell->rune, (wchar_t)cell->marks[0],
				    (wchar_t)cell->marks[1]};
	short pair = screen->has_colours ? (short)(cell->style + 1) : 0;
	cchar_t wide;

	if (setcchar(&wide, text, screen->attributes[cell->style], pair, NULL) == OK)
		mvadd_wch(y, x, &wide);
}

static void curses_show(struct ltr__terminal *terminal, const struct ltr__grid *grid)
{
	struct screen *screen = screen_of(terminal);
	int width;
	int height;

	getmaxyx(stdscr, height, width);
	for (int y = 0; y < grid->height && y < height; y++) {
		for (int x = 0; x < grid->width && x < width; x++) {
			const struct ltr__cell *cell = ltr__grid_at(grid, x, y);

			if (cell->width)
				show_cell(screen, cell, x, y);
		}
	}
	refresh();
}

static void curses_redraw(struct ltr__terminal *terminal)
{
	(void)terminal;
	clearok(curscr, TRUE);
}

static void curses_mouse(struct ltr__terminal *terminal, bool on)
{
	(void)terminal;
	mousemask(on ? BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED : 0, NULL);
	mouseinterval(0);
}

static void resize(void)
{
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
		resizeterm(size.ws_row < LTR__GRID_MAX_HEIGHT ? size.ws_row : LTR__GRID_MAX_HEIGHT,
			   size.ws_col < LTR__GRID_MAX_WIDTH ? size.ws_col : LTR__GRID_MAX_WIDTH);
}

/*
 * To the terminal as it was before. Where there is no other screen than ours, it stays, and what
 * comes goes below it.
 */
static void leave_screen(void)
{
	bool stays = !exit_ca_mode && !isendwin();

	endwin();
	if (!stays)
		return;
	putchar('\n');
	fflush(stdout);
}

/* Somebody else has used the terminal: enter our screen and modes again, from nothing. */
static struct ltr__input come_back(void)
{
	endwin();
	refresh();
	resize();
	clearok(curscr, TRUE);
	return (struct ltr__input){.kind = LTR__INPUT_RESIZE};
}

static struct ltr__input handle_signals(void)
{
	switch (ltr__signals_next()) {
	case LTR__SIGNALS_END:
		return (struct ltr__input){.kind = LTR__INPUT_SIGNAL,
					   .signal = ltr__signals_ended_by()};
	case LTR__SIGNALS_SUSPEND:
		leave_screen();
		ltr__signals_stop();
		return come_back();
	case LTR__SIGNALS_REDRAW:
		return come_back();
	case LTR__SIGNALS_RESIZE:
		resize();
		return (struct ltr__input){.kind = LTR__INPUT_RESIZE};
	default:
		return (struct ltr__input){.kind = LTR__INPUT_NONE};
	}
}

static struct ltr__input mouse(void)
{
	struct ltr__input input = {.kind = LTR__INPUT_NONE};
	MEVENT event;

	if (getmouse(&event) != OK)
		return input;
	input.x = event.x;
	input.y = event.y;
	if (event.bstate & BUTTON1_PRESSED)
		input.key = LTR__KEY_CLICK;
	else if (event.bstate & BUTTON4_PRESSED)
		input.key = LTR__KEY_WHEEL_UP;
	else if (event.bstate & BUTTON5_PRESSED)
		input.key = LTR__KEY_WHEEL_DOWN;
	else
		return input;
	input.kind = LTR__INPUT_KEY;
	return input;
}

static uint32_t key_of(wint_t code)
{
	static const struct {
		wint_t code;
		uint32_t key;
	} keys[] = {
		{KEY_UP, LTR__KEY_UP},         {KEY_DOWN, LTR__KEY_DOWN},
		{KEY_LEFT, LTR__KEY_LEFT},     {KEY_RIGHT, LTR__KEY_RIGHT},
		{KEY_PPAGE, LTR__KEY_PAGE_UP}, {KEY_NPAGE, LTR__KEY_PAGE_DOWN},
		{KEY_HOME, LTR__KEY_HOME},     {KEY_END, LTR__KEY_END},
		{KEY_FIND, LTR__KEY_HOME},     {KEY_SELECT, LTR__KEY_END},
		{KEY_A1, LTR__KEY_HOME},       {KEY_C1, LTR__KEY_END},
		{KEY_DC, LTR__KEY_DELETE},     {KEY_F(1), LTR__KEY_F1},
		{KEY_ENTER, LTR__KEY_ENTER},   {KEY_BACKSPACE, LTR__KEY_BACKSPACE},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (keys[i].code == code)
			return keys[i].key;
	}
	return 0;
}

/* A key that has come; INPUT_NONE if there is none. */
static struct ltr__input next_key(void)
{
	struct ltr__input input = {.kind = LTR__INPUT_NONE};
	wint_t code;
	int kind = get_wch(&code);

	if (kind == KEY_CODE_YES && code == KEY_MOUSE)
		return mouse();
	if (kind == KEY_CODE_YES)
		input.key = key_of(code);
	else if (kind == OK)
		input.key = code == '\n'   ? LTR__KEY_ENTER
			    : code == '\b' ? LTR__KEY_BACKSPACE
					   : code;
	if (input.key)
		input.kind = LTR__INPUT_KEY;
	return input;
}

/* Input that is readable without any byte in it means that the terminal is gone. */
static bool is_dead(const struct pollfd *input)
{
	int bytes = 0;

	if (input->revents & (POLLERR | POLLHUP | POLLNVAL))
		return true;
	return input->revents & POLLIN && (ioctl(input->fd, FIONREAD, &bytes) || !bytes);
}

static struct ltr__input curses_wait(struct ltr__terminal *terminal, int timeout_ms, int fd)
{
	struct pollfd wait[] = {
		{.fd = STDIN_FILENO, .events = POLLIN},
		{.fd = ltr__signals_fd(), .events = POLLIN},
		{.fd = fd, .events = POLLIN}, /* negative: not looked at */
	};
	struct ltr__input input = handle_signals();

	if (input.kind == LTR__INPUT_NONE)
		input = next_key();
	if (input.kind != LTR__INPUT_NONE)
		return input;
	if (poll(wait, 3, timeout_ms) < 0)
		return (struct ltr__input){.kind = LTR__INPUT_NONE};
	if (wait[1].revents)
		return handle_signals();
	if (is_dead(&wait[0])) {
		snprintf(terminal->why, sizeof(terminal->why), "the terminal went away");
		return (struct ltr__input){.kind = LTR__INPUT_FAILED, .error = -EIO};
	}
	return wait[0].revents & POLLIN ? next_key() : (struct ltr__input){.kind = LTR__INPUT_NONE};
}

static int curses_finish(struct ltr__terminal *terminal)
{
	(void)terminal;
	return 0;
}

static struct ltr__terminal *curses_close(struct ltr__terminal *terminal)
{
	struct screen *screen = screen_of(terminal);

	if (screen->curses) {
		leave_screen();
		delscreen(screen->curses);
		tcsetattr(STDIN_FILENO, TCSADRAIN, &screen->before);
	}
	ltr__signals_give_back();
	if (screen->locale_before)
		setlocale(LC_CTYPE, screen->locale_before);
	free(screen->locale_before);
	free(screen);
	return NULL;
}

static const struct ltr__terminal_kind curses_kind = {
	.size = curses_size,
	.show = curses_show,
	.redraw = curses_redraw,
	.mouse = curses_mouse,
	.wait = curses_wait,
	.finish = curses_finish,
	.close = curses_close,
};

/* What leaves our screen, collected from the terminal's description. */
static struct {
	char bytes[256];
	size_t length;
} reset;

static int collect(int byte)
{
	if (reset.length < sizeof(reset.bytes))
		reset.bytes[reset.length++] = (char)byte;
	return byte;
}

static void collect_reset(void)
{
	static const char *const names[] = {"sgr0", "rmkx", "cnorm", "rmcup"};

	reset.length = 0;
	/* the mouse may have been switched on meanwhile */
	if (tigetflag("XM") > 0 || capability("kmous"))
		tputs("\033[?1000l\033[?1006l", 1, collect);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = capability(names[i]);

		if (value)
			tputs(value, 1, collect);
	}
	/* as leave_screen() */
	if (!capability("rmcup")) {
		tputs(tparm(capability("cup"), tigetnum("lines") - 1, 0), 1, collect);
		tputs("\r\n", 1, collect);
	}
}

/* Whether TERM names a terminal that we can draw on. */
static int check_terminal(char *ret_why, size_t why_size)
{
	const char *name = getenv("TERM");
	int error;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		snprintf(ret_why, why_size, "standard input and output are not a terminal");
		return -ENOTTY;
	}
	if (!name || !*name) {
		snprintf(ret_why, why_size, "TERM is not set: which terminal is this?");
		return -ENOTSUP;
	}
	if (setupterm(NULL, STDOUT_FILENO, &error) != OK) {
		snprintf(ret_why, why_size, "there is no description of a terminal '%.60s' (TERM)",
			 name);
		return -ENOTSUP;
	}
	if (!capability("cup") || !capability("clear")) {
		snprintf(ret_why, why_size, "a terminal '%.60s' (TERM) cannot move its cursor",
			 name);
		return -ENOTSUP;
	}
	return 0;
}

/* What differs in the description of a terminal that takes colours as they are. */
static void make_direct(const TERMTYPE *known, signed char *flags, int *numbers,
			const char **strings)
{
	numbers[&max_colors - known->Numbers] = TRUE_COLOURS;
	numbers[&max_pairs - known->Numbers] = 0x10000;
	flags[&can_change - known->Booleans] = 0;
	strings[&initialize_color - known->Strings] = NULL;
	strings[&initialize_pair - known->Strings] = NULL;
	strings[&set_foreground - known->Strings] = NULL;
	strings[&set_background - known->Strings] = NULL;
	strings[&set_a_foreground - known->Strings] =
		"\033[38;2;%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;%p1%{255}%&%dm";
	strings[&set_a_background - known->Strings] =
		"\033[48;2;%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;%p1%{255}%&%dm";
}

/*
 * The description of the terminal (that of setupterm), with true colours, for TERMINFO; to be
 * freed. NULL: there is none. What curses shows of a description has numbers of 16 bits; only those
 * of colours and pairs may be larger, and these are replaced.
 */
static char *describe_direct(void)
{
	const TERMTYPE *known = &cur_term->type;
	size_t names = (size_t)known->ext_Booleans + known->ext_Numbers + known->ext_Strings;
	signed char *flags = calloc(known->num_Booleans + 1u, sizeof(*flags));
	int *numbers = calloc(known->num_Numbers, sizeof(*numbers));
	const char **strings = calloc(known->num_Strings, sizeof(*strings));
	const char **extended = calloc(names + 1, sizeof(*extended));
	char *text = NULL;

	if (flags && numbers && strings && extended) {
		const struct ltr__terminfo info = {
			.names = known->term_names,
			.flags = flags,
			.numbers = numbers,
			.strings = strings,
			.extended_names = extended,
			.flag_count = known->num_Booleans + 1u,
			.number_count = known->num_Numbers,
			.string_count = known->num_Strings,
			.extended_flags = known->ext_Booleans + 1u,
			.extended_numbers = known->ext_Numbers,
			.extended_strings = known->ext_Strings,
		};

		for (size_t i = 0; i < known->num_Booleans; i++)
			flags[i] = known->Booleans[i];
		for (size_t i = 0; i < known->num_Numbers; i++)
			numbers[i] = known->Numbers[i];
		for (size_t i = 0; i < known->num_Strings; i++)
			strings[i] = known->Strings[i] == (char *)-1 ? NULL : known->Strings[i];
		for (size_t i = 0; i < names; i++)
			extended[i < known->ext_Booleans ? i : i + 1] = known->ext_Names[i];
		flags[known->num_Booleans] = 1;
		extended[known->ext_Booleans] = "RGB";
		make_direct(known, flags, numbers, strings);
		text = ltr__terminfo_hex(&info);
	}
	free(flags);
	free(numbers);
	free(strings);
	free(extended);
	return text;
}

/* As newterm(), with a description of the terminal that nobody else sees. */
static SCREEN *start_as(const char *description)
{
	const char *there = getenv("TERMINFO");
	char *before = there ? strdup(there) : NULL;
	SCREEN *curses = NULL;

	if (!there || before) {
		setenv("TERMINFO", description, 1);
		curses = newterm(NULL, stdout, stdin);
		if (before)
			setenv("TERMINFO", before, 1);
		else
			unsetenv("TERMINFO");
	}
	free(before);
	return curses;
}

/* With true colours if the terminal has them, whatever its description says. */
static SCREEN *start_terminal(const struct ltr_tui_options *options)
{
	bool is_rich = capability("setaf") && tigetnum("colors") >= 8 && !is_direct();
	char *direct = is_rich && wants_colours(options) && is_said_to_be_direct(options)
			       ? describe_direct()
			       : NULL;
	SCREEN *curses = direct ? start_as(direct) : NULL;

	free(direct);
	return curses ? curses : newterm(NULL, stdout, stdin);
}

static int start_curses(struct screen *screen, const struct ltr_tui_options *options)
{
	TERMINAL *checked = cur_term;
	int error;

	collect_reset();
	/* before curses, which takes only the signals that nobody has taken */
	error = ltr__signals_take(STDOUT_FILENO, &screen->before, reset.bytes, reset.length);
	if (error)
		return error;
	screen->curses = start_terminal(options);
	if (!screen->curses)
		return -ENOTSUP;
	del_curterm(checked);
	set_escdelay(25);
	cbreak();
	noecho();
	nonl();
	curs_set(0);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	leaveok(stdscr, TRUE);
	if (options->mouse)
		curses_mouse(&screen->terminal, true);
	choose_looks(screen, options);
	resize();
	return 0;
}

int ltr__terminal_open_curses(const struct ltr_tui_options *options,
			      struct ltr__terminal **ret_terminal, char *ret_why, size_t why_size)
{
	int error = check_terminal(ret_why, why_size);
	struct screen *screen;

	if (error)
		return error;
	screen = calloc(1, sizeof(*screen));
	if (!screen)
		return -ENOMEM;
	screen->terminal.kind = &curses_kind;
	screen->locale_before = strdup(setlocale(LC_CTYPE, NULL));
	setlocale(LC_CTYPE, "");
	screen->terminal.is_ascii = options->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	if (tcgetattr(STDIN_FILENO, &screen->before))
		error = -errno;
	else
		error = start_curses(screen, options);
	if (error) {
		snprintf(ret_why, why_size, "the terminal cannot be set up: %s", strerror(-error));
		curses_close(&screen->terminal);
		return error;
	}
	*ret_terminal = &screen->terminal;
	return 0;
}
