/* SPDX-License-Identifier: MIT */
/* loiter top: the live screen, or one screen as text. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tui/tui.h>

#include "cli.h"
#include "options.h"
#include "rewind.h"
#include "settings.h"
#include "target.h"
#include "top_source.h"

#define SNAPSHOT_NS         (1000 * LTR__MS_NS)
#define DEFAULT_INTERVAL_MS 250 /* as the screen's */
#define KEEP_NS             (30 * LTR__SECOND_NS)
#define KEEP_BYTES_MAX      ((size_t)64000000)

struct top_options {
	struct ltr__parsing parsing; /* first */
	struct ltr_tui_options tui;
	const char *log;
	bool waits;
	uint64_t older_than_ns;
	uint64_t keep_ns; /* 0: nothing is kept */
};

enum {
	KEY_ONCE = LTR__KEY_OWN,
	KEY_SCRIPT,
	KEY_SCREEN,
	KEY_INTERVAL,
	KEY_VIEW,
	KEY_FILTER,
	KEY_SORT,
	KEY_ASCII,
	KEY_MOUSE,
	KEY_COLOURS,
	KEY_LOG,
	KEY_WAITS,
	KEY_COLUMNS,
	KEY_OLDER_THAN,
	KEY_THEME,
	KEY_KEEP,
};

static const struct argp_option options[] = {
	LTR__OPTION_HELP,
	LTR__OPTION_PID,
	LTR__OPTION_VIA,
	LTR__OPTION_AT,
	{"once", KEY_ONCE, NULL, 0,
	 "print one screen as text and end; of a command, as it is after --interval", 0},
	{"interval", KEY_INTERVAL, "TIME", 0, "between two frames (250ms)", 0},
	{"view", KEY_VIEW, "NAME", 0,
	 "begin with this view: goroutines, groups, objects, overview, graph, verdicts or timeline",
	 0},
	{"filter", KEY_FILTER, "FILTER", 0, "begin with this filter, as typed at f", 0},
	{"sort", KEY_SORT, "COLUMN", 0, "sort by this column; -COLUMN the other way round", 0},
	{"columns", KEY_COLUMNS, "NAMES", 0, "columns of goroutines, as id,state,age,where", 0},
	{"ascii", KEY_ASCII, NULL, 0, "nothing but ASCII", 0},
	{"mouse", KEY_MOUSE, "yes|no", OPTION_ARG_OPTIONAL,
	 "let the mouse select, sort and scroll (yes); no: it is the terminal's", 0},
	{"colours", KEY_COLOURS, "N", 0, "auto, none, 16, 256 or true", 0},
	{"theme", KEY_THEME, "NAME", 0, "dark, light, or auto: what the terminal says", 0},
	{"script", KEY_SCRIPT, "FILE", 0, "type the keys in FILE, without a terminal", 0},
	{"screen", KEY_SCREEN, "WxH", 0, "size of the screen for --once and --script (80x24)", 0},
	{"waits", KEY_WAITS, NULL, 0,
	 "also learn how long goroutines are queued (costs the program a few ns a wait)", 0},
	{"older-than", KEY_OLDER_THAN, "TIME", 0,
	 "who waits longer without a deadline is suspect (not looked for)", 0},
	{"keep", KEY_KEEP, "TIME", 0,
	 "of a program that runs, keep the last TIME to go back in (30s; 0s: nothing; at most 64 MB)",
	 0},
	{"command-output", KEY_LOG, "FILE", 0,
	 "add what COMMAND prints to FILE; without this it is thrown away", 0},
	{0},
};

static error_t parse_screen(struct argp_state *state, const char *text, struct top_options *top)
{
	unsigned int width, height;
	int used = 0;

	if (sscanf(text, "%4ux%4u%n", &width, &height, &used) != 2 || text[used] || text[0] < '0' ||
	    text[0] > '9' || width == 0 || height == 0 || width > 1000 || height > 1000)
		return ltr__options_wrong(state, "--screen wants a size such as 80x24, not '%s'",
					  text);
	top->tui.width = width;
	top->tui.height = height;
	return 0;
}

static error_t parse_interval(struct argp_state *state, const char *text, struct top_options *top)
{
	uint64_t ns;
	error_t error = ltr__options_duration(state, "--interval", text, &ns);

	if (!error && (ns < 10 * LTR__MS_NS || ns > 3600 * LTR__SECOND_NS))
		return ltr__options_wrong(state, "--interval wants 10ms to 1h, not '%s'", text);
	if (!error)
		top->tui.interval_ms = (unsigned int)(ns / LTR__MS_NS);
	return error;
}

/* The number of a name in a list; -1: it is not there. */
static int find_name(const char *const *names, int count, const char *text)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(names[i], text) == 0)
			return i;
	}
	return -1;
}

static error_t parse_theme(struct argp_state *state, const char *text, struct top_options *top)
{
	static const char *const names[] = {
		[LTR_TUI_THEME_AUTO] = "auto",
		[LTR_TUI_THEME_DARK] = "dark",
		[LTR_TUI_THEME_LIGHT] = "light",
	};
	int theme = find_name(names, 3, text);

	if (theme < 0)
		return ltr__options_wrong(state, "--theme wants auto, dark or light, not '%s'",
					  text);
	top->tui.theme = (enum ltr_tui_theme)theme;
	return 0;
}

static error_t parse_colours(struct argp_state *state, const char *text, struct top_options *top)
{
	static const char *const names[] = {
		[LTR_TUI_COLOURS_AUTO] = "auto", [LTR_TUI_COLOURS_NONE] = "none",
		[LTR_TUI_COLOURS_16] = "16",     [LTR_TUI_COLOURS_256] = "256",
		[LTR_TUI_COLOURS_TRUE] = "true",
	};

	int colours = find_name(names, 5, text);

	if (colours < 0)
		return ltr__options_wrong(
			state, "--colours wants auto, none, 16, 256 or true, not '%s'", text);
	top->tui.colours = (enum ltr_tui_colours)colours;
	return 0;
}

static error_t parse_mouse(struct argp_state *state, const char *text, struct top_options *top)
{
	top->tui.mouse = !text || strcmp(text, "yes") == 0;
	if (!top->tui.mouse && strcmp(text, "no") != 0)
		return ltr__options_wrong(state, "--mouse wants yes or no, not '%s'", text);
	return 0;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct top_options *top = state->input;

	switch (key) {
	case KEY_ONCE:
		top->tui.once = true;
		return 0;
	case KEY_SCRIPT:
		top->tui.script = argument;
		return 0;
	case KEY_SCREEN:
		return parse_screen(state, argument, top);
	case KEY_INTERVAL:
		return parse_interval(state, argument, top);
	case KEY_VIEW:
		top->tui.view = argument;
		return 0;
	case KEY_FILTER:
		top->tui.filter = argument;
		return 0;
	case KEY_SORT:
		top->tui.sort = argument;
		return 0;
	case KEY_ASCII:
		top->tui.ascii = true;
		return 0;
	case KEY_MOUSE:
		return parse_mouse(state, argument, top);
	case KEY_COLOURS:
		return parse_colours(state, argument, top);
	case KEY_THEME:
		return parse_theme(state, argument, top);
	case KEY_COLUMNS:
		top->tui.columns = argument;
		return 0;
	case KEY_WAITS:
		top->waits = true;
		return 0;
	case KEY_OLDER_THAN:
		return ltr__options_duration(state, "--older-than", argument, &top->older_than_ns);
	case KEY_KEEP:
		return ltr__options_duration(state, "--keep", argument, &top->keep_ns);
	case KEY_LOG:
		top->log = argument;
		return 0;
	default:
		return ltr__options_common(key, argument, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "-p PID\n-- COMMAND...\nFILE.ltr",
	.doc = "Show a program's goroutines live: who runs, who waits, on what and for how long. ? "
	       "shows the keys. A recording is played: Space, and t for its timeline.\v"
	       "The program is not stopped. A command runs with /dev/null as its input while the "
	       "screen is on, stays on the screen after it has ended, and is ended with SIGTERM when "
	       "you quit. Without a terminal use --once.\n\n"
	       "Options of taste (view, sort, columns, filter, colours, ascii, mouse, interval, "
	       "older-than, keep, theme, via, waits) may stand in $XDG_CONFIG_HOME/loiter/top.conf, a line each, without dashes: "
	       "sort = -age.\n\n"
	       "Exit status: 0; 1 if the program cannot be watched or there is no usable terminal; "
	       "64, 126 and 127 as a shell.\n\n"
	       "Examples:\n"
	       "  loiter top -p $(pidof httpd)\n"
	       "  loiter top --once --screen 120x40 --sort age -p 4711",
};

/* One screen of a command: not of its first moment, but of what it has come to by then. */
static void let_it_run(const struct top_options *top, struct ltr__target *target)
{
	unsigned int ms = top->tui.interval_ms ? top->tui.interval_ms : DEFAULT_INTERVAL_MS;
	uint64_t end_ns = ltr__now_ns() + ms * LTR__MS_NS;
	uint64_t now_ns;

	while (!ltr__target_is_over(target) && (now_ns = ltr__now_ns()) < end_ns)
		if (ltr__target_poll(target, (int)((end_ns - now_ns) / LTR__MS_NS) + 1) < 0)
			return;
	ltr_probe_refresh(ltr__target_probe(target)); /* if it has ended: its last moment */
}

static int run_screen(const struct top_options *top, struct ltr__target *target,
		      struct ltr__rewind *rewind)
{
	struct ltr__top_source *source = NULL;
	struct ltr_tui_end end = {0};
	int error;

	if (top->tui.once && top->parsing.program)
		let_it_run(top, target);
	error = ltr__top_source_new(target, top->parsing.file, rewind, top->older_than_ns, &source);
	if (!error)
		error = ltr_tui_run(&top->tui, ltr__top_source_of(source), &end);
	ltr__top_source_free(source);
	ltr__target_close(target, true);
	if (error) {
		ltr__say("%s", end.why[0] ? end.why : strerror(-error));
		return error == -EINVAL ? LTR__STATUS_USAGE : LTR__STATUS_FAILED;
	}
	if (end.signal) {
		fflush(stdout);
		signal(end.signal, SIG_DFL);
		raise(end.signal);
	}
	return LTR__STATUS_OK;
}

/* What may stand in the file of settings: options that are a matter of taste. */
static const char *const setting_names[] = {"ascii", "colours", "columns",    "filter", "interval",
					    "keep",  "mouse",   "older-than", "sort",   "theme",
					    "via",   "view",    "waits",      NULL};

/* A script does the same for everybody. */
static bool takes_script(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (!strncmp(argv[i], "--script", 8))
			return true;
	}
	return false;
}

/*
 * To go back in: everything that views show of the program. NULL: that cannot be had, which is
 * said.
 */
static struct ltr__rewind *keep(uint64_t keep_ns, struct ltr_probe_options *probe)
{
	struct ltr__rewind *rewind = NULL;
	int error = ltr__rewind_new(keep_ns, KEEP_BYTES_MAX, &rewind);

	if (error) {
		ltr__say("nothing is kept to go back in: %s", strerror(-error));
		return NULL;
	}
	probe->recorder = ltr__rewind_recorder(rewind);
	probe->sockets = true;
	return rewind;
}

static int run(int argc, char **argv)
{
	struct top_options top = {.parsing = {.takes_pid = true, .takes_file = true},
				  .tui = {.mouse = true},
				  .keep_ns = KEEP_NS};
	struct ltr__target_options target_options = {.background = true, .output = -1};
	struct ltr__rewind *rewind = NULL;
	struct ltr__target *target;
	struct ltr_why why;
	int status;
	int error;

	LTR__CLEANUP_SETTINGS struct ltr__settings settings = {0};

	if (!takes_script(argc, argv)) {
		error = ltr__settings_read("top", setting_names, &settings, why.text,
					   sizeof(why.text));
		if (!error)
			error = ltr__settings_add(&settings, argc, argv);
		if (error) {
			ltr__say("%s", error == -ENOMEM ? strerror(ENOMEM) : why.text);
			return error == -EINVAL ? LTR__STATUS_USAGE : LTR__STATUS_FAILED;
		}
		argc = (int)settings.count;
		argv = settings.arguments;
	}
	if (!ltr__options_parse(&argp, argc, argv, &top.parsing, &status))
		return status;
	if (top.log) {
		target_options.output =
			open(top.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
		if (target_options.output < 0) {
			ltr__say("cannot write the command's output to %s: %m", top.log);
			return LTR__STATUS_FAILED;
		}
	}
	target_options.pid = top.parsing.pid;
	target_options.file = top.parsing.file;
	target_options.at_ns = top.parsing.at_ns;
	target_options.seeks = !top.tui.once;
	target_options.command = top.parsing.program;
	target_options.probe.via = top.parsing.via;
	target_options.probe.waits = top.waits;
	target_options.probe.snapshot_ns = SNAPSHOT_NS;
	target_options.probe.threads = true;
	if (top.keep_ns && !top.tui.once && (top.parsing.pid || top.parsing.program))
		rewind = keep(top.keep_ns, &target_options.probe);
	error = ltr__target_open(&target_options, &target, &why, &status);
	if (target_options.output >= 0)
		close(target_options.output); /* the command has its own */
	if (error)
		ltr__say("%s", why.text);
	else
		status = run_screen(&top, target, rewind);
	ltr__rewind_free(rewind);
	return status;
}

const struct ltr__command ltr__command_top = {
	.name = "top",
	.summary = "show goroutines live",
	.run = run,
};
