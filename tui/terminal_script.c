/* SPDX-License-Identifier: MIT */
/*
 * The terminal that is not there: keys from a script, screens as text to a file. What a script does
 * is a matter of its lines alone, never of time, but for `until`, which waits for the program.
 *
 *   # a comment                        frame         show the next moment of the program
 *   keys jjj<Enter><C-d>               renew         the same, after reading all of it again
 *   resize 40x10                       until TEXT    frames until TEXT is on screen (10 s)
 *   click 12 5                         the mouse, at a column and a line from 0
 *   screen                             styles        the styles of the cells, a letter each
 *
 * If no line prints a screen, the last one is printed at the end.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rune.h"
#include "terminal.h"

#define LINE_BYTES (LTR__GRID_MAX_WIDTH * 12 + 16)
#define SCRIPT_MAX (1 << 20)
#define UNTIL_MS   10000
#define UNTIL_STEP 20 /* ms between looks, unless the program wakes us */

struct script {
	struct ltr__terminal terminal;
	char *text; /* owned; NULL: none */
	const char *at;
	int line;
	const char *keys; /* the rest of a `keys` line, up to its newline; NULL: none */
	int width;
	int height;
	FILE *output;
	const struct ltr__grid *shown;
	bool has_printed;
	uint64_t until_ns; /* when `until` gives up; 0: it has not begun */
};

static struct script *script_of(struct ltr__terminal *terminal)
{
	return (struct script *)terminal;
}

static void script_size(struct ltr__terminal *terminal, int *ret_width, int *ret_height)
{
	*ret_width = script_of(terminal)->width;
	*ret_height = script_of(terminal)->height;
}

static void script_show(struct ltr__terminal *terminal, const struct ltr__grid *grid)
{
	script_of(terminal)->shown = grid;
}

static void script_redraw(struct ltr__terminal *terminal)
{
	(void)terminal;
}

static void script_mouse(struct ltr__terminal *terminal, bool on)
{
	(void)terminal;
	(void)on;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static struct ltr__input failed(struct script *script, int error, const char *what)
{
	snprintf(script->terminal.why, sizeof(script->terminal.why), "line %d of the script: %s",
		 script->line, what);
	return (struct ltr__input){.kind = LTR__INPUT_FAILED, .error = error};
}

static void print_screen(struct script *script)
{
	char line[LINE_BYTES];

	script->has_printed = true;
	for (int y = 0; script->shown && y < script->shown->height; y++) {
		ltr__grid_line(script->shown, y, line, sizeof(line));
		fprintf(script->output, "%s\n", line);
	}
}

static void print_styles(struct script *script)
{
	static const char letters[] = {
#define LTR__STYLE(NAME, letter) letter,
		LTR__STYLES(LTR__STYLE)
#undef LTR__STYLE
	};

	script->has_printed = true;
	for (int y = 0; script->shown && y < script->shown->height; y++) {
		for (int x = 0; x < script->shown->width; x++)
			fputc(letters[ltr__grid_at(script->shown, x, y)->style], script->output);
		fputc('\n', script->output);
	}
}

static bool shows(const struct script *script, const char *text, size_t length)
{
	char wanted[256];
	char line[LINE_BYTES];

	snprintf(wanted, sizeof(wanted), "%.*s", (int)length, text);
	for (int y = 0; script->shown && y < script->shown->height; y++) {
		ltr__grid_line(script->shown, y, line, sizeof(line));
		if (strstr(line, wanted))
			return true;
	}
	return false;
}

/* The length of the line at `at`, without its newline and blanks at its end. */
static size_t line_length(const char *at)
{
	size_t length = strcspn(at, "\n");

	while (length && (at[length - 1] == ' ' || at[length - 1] == '\r'))
		length--;
	return length;
}

static void next_line(struct script *script)
{
	script->at += strcspn(script->at, "\n");
	if (*script->at)
		script->at++;
	script->line++;
	script->keys = NULL;
	script->until_ns = 0;
}

/* The argument of command `name` if it stands at the line; NULL if another one does. */
static const char *argument_of(const struct script *script, const char *name)
{
	size_t length = strlen(name);

	if (strncmp(script->at, name, length) != 0)
		return NULL;
	if (script->at[length] == ' ')
		return script->at + length + 1;
	return strchr("\r\n", script->at[length]) ? script->at + length : NULL;
}

static struct ltr__input wait_until(struct script *script, const char *text, int fd)
{
	struct pollfd news = {.fd = fd, .events = POLLIN};

	if (shows(script, text, line_length(text))) {
		next_line(script);
		return (struct ltr__input){.kind = LTR__INPUT_NONE};
	}
	if (!script->until_ns)
		script->until_ns = now_ns() + UNTIL_MS * 1000000ull;
	else if (now_ns() > script->until_ns)
		return failed(script, -ETIMEDOUT, "the text did not appear");
	else
		poll(&news, fd >= 0, UNTIL_STEP);
	return (struct ltr__input){.kind = LTR__INPUT_FRAME};
}

static struct ltr__input take_key(struct script *script)
{
	const char *end = script->at + line_length(script->at);
	uint32_t key;

	if (script->keys >= end) {
		next_line(script);
		return (struct ltr__input){.kind = LTR__INPUT_NONE};
	}
	key = ltr__key_take(&script->keys);
	if (!key || script->keys > end)
		return failed(script, -EINVAL, "no key has this name");
	return (struct ltr__input){.kind = LTR__INPUT_KEY, .key = key};
}

static struct ltr__input click(struct script *script, const char *place)
{
	struct ltr__input input = {.kind = LTR__INPUT_KEY, .key = LTR__KEY_CLICK};

	if (sscanf(place, "%d %d", &input.x, &input.y) != 2)
		return failed(script, -EINVAL, "click needs a place, as 12 5: column and line");
	next_line(script);
	return input;
}

static struct ltr__input resize(struct script *script, const char *size)
{
	int width;
	int height;

	if (sscanf(size, "%dx%d", &width, &height) != 2 || width < 1 || height < 1)
		return failed(script, -EINVAL, "resize needs a size, as 80x24");
	script->width = width;
	script->height = height;
	next_line(script);
	return (struct ltr__input){.kind = LTR__INPUT_RESIZE};
}

/* Does what the line says; INPUT_NONE: go on with the next one. */
static struct ltr__input run_line(struct script *script, int fd)
{
	enum ltr__input_kind kind = LTR__INPUT_NONE;
	const char *argument;

	if (script->keys)
		return take_key(script);
	if ((argument = argument_of(script, "keys"))) {
		script->keys = argument;
		return (struct ltr__input){.kind = LTR__INPUT_NONE};
	}
	if ((argument = argument_of(script, "until")))
		return wait_until(script, argument, fd);
	if ((argument = argument_of(script, "resize")))
		return resize(script, argument);
	if ((argument = argument_of(script, "click")))
		return click(script, argument);
	if (argument_of(script, "screen"))
		print_screen(script);
	else if (argument_of(script, "styles"))
		print_styles(script);
	else if (argument_of(script, "frame"))
		kind = LTR__INPUT_FRAME;
	else if (argument_of(script, "renew"))
		kind = LTR__INPUT_RENEW;
	else if (*script->at != '#' && line_length(script->at))
		return failed(script, -EINVAL,
			      "there is no such command; there are keys, click, frame, renew, "
			      "until, resize, screen, styles");
	next_line(script);
	return (struct ltr__input){.kind = kind};
}

static struct ltr__input script_wait(struct ltr__terminal *terminal, int timeout_ms, int fd)
{
	struct script *script = script_of(terminal);

	(void)timeout_ms;
	while (script->at && *script->at) {
		struct ltr__input input = run_line(script, fd);

		if (input.kind != LTR__INPUT_NONE)
			return input;
	}
	return (struct ltr__input){.kind = LTR__INPUT_END};
}

static struct ltr__terminal *script_close(struct ltr__terminal *terminal)
{
	struct script *script = script_of(terminal);

	free(script->text);
	free(script);
	return NULL;
}

/* Prints the last screen if nothing was printed. -EIO if the output could not be written. */
static int script_finish(struct ltr__terminal *terminal)
{
	struct script *script = script_of(terminal);

	if (!script->has_printed)
		print_screen(script);
	if (fflush(script->output) || ferror(script->output)) {
		snprintf(terminal->why, sizeof(terminal->why), "the screen cannot be written: %s",
			 strerror(errno));
		return -EIO;
	}
	return 0;
}

static const struct ltr__terminal_kind script_kind = {
	.size = script_size,
	.show = script_show,
	.redraw = script_redraw,
	.mouse = script_mouse,
	.wait = script_wait,
	.finish = script_finish,
	.close = script_close,
};

static int read_script(const char *path, char **ret_text)
{
	FILE *file = fopen(path, "re");
	size_t length;
	char *text;
	int error = 0;

	if (!file)
		return -errno;
	text = malloc(SCRIPT_MAX + 1);
	if (!text) {
		fclose(file);
		return -ENOMEM;
	}
	length = fread(text, 1, SCRIPT_MAX + 1, file);
	if (ferror(file))
		error = -errno;
	else if (length > SCRIPT_MAX)
		error = -EFBIG;
	fclose(file);
	if (error) {
		free(text);
		return error;
	}
	text[length] = 0;
	*ret_text = text;
	return 0;
}

int ltr__terminal_open_script(const struct ltr_tui_options *options,
			      struct ltr__terminal **ret_terminal, char *ret_why, size_t why_size)
{
	struct script *script = calloc(1, sizeof(*script));
	int error;

	if (!script)
		return -ENOMEM;
	script->terminal.kind = &script_kind;
	script->terminal.is_scripted = true;
	script->terminal.is_ascii = options->ascii;
	script->terminal.is_plain = options->colours == LTR_TUI_COLOURS_NONE;
	script->width = options->width ? (int)options->width : 80;
	script->height = options->height ? (int)options->height : 24;
	script->output = options->output ? options->output : stdout;
	script->line = 1;
	if (options->script) {
		error = read_script(options->script, &script->text);
		if (error) {
			snprintf(ret_why, why_size, "the script %.120s cannot be read: %s",
				 options->script, strerror(-error));
			script_close(&script->terminal);
			return error;
		}
		script->at = script->text;
	}
	*ret_terminal = &script->terminal;
	return 0;
}
