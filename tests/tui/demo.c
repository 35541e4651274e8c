/* SPDX-License-Identifier: MIT */
/*
 * The screen over the made-up program of fixture.c: for looking at it, for golden screens
 * (tests/tui/golden.sh) and for the tests that need a real terminal.
 *
 *   tui_demo [--count N] [--hostile] [--lost N] [--unreadable N] [--end] [--way NAME]
 *            [--phase N] [--still] [--crash] [--judged] [--knots] [--recorded STEPS] [--kept] [--proof TIMES]
 *            [--gate FILE] [--found FILE]
 *            [--once] [--script FILE] [--screen WxH] [--filter F] [--sort S] [--view V] [--ascii]
 *            [--colours none|16|256|true] [--mouse] [--theme light|dark] [--interval MS] [--columns C]
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fixture.h"
#include "kept.h"
#include "played.h"

struct demo {
	struct fixture fixture;
	uint64_t last_ns;
	bool crashes;
	bool is_still;
	bool judges;
};

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* On a real terminal the screen polls often; the program moves four times a second. */
static int poll_in_time(void *context, int timeout_ms)
{
	struct demo *demo = context;
	struct ltr_tui_source source = fixture_source(&demo->fixture);
	uint64_t now = clock_ns();

	if (demo->crashes && demo->last_ns && now - demo->last_ns > 50000000)
		abort();
	if (demo->last_ns && now - demo->last_ns < 250000000 && !demo->fixture.ends)
		return 0;
	demo->last_ns = now;
	if (demo->is_still)
		source = fixture_still_source(&demo->fixture);
	return source.poll(&demo->fixture, timeout_ms);
}

static const struct ltr_census *census(void *context)
{
	return ((struct demo *)context)->fixture.census;
}

static int refresh(void *context)
{
	(void)context;
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "tui_demo: see tests/tui/demo.c for its options\n");
	return 64;
}

enum {
	COUNT = 1,
	HOSTILE,
	LOST,
	UNREADABLE,
	END,
	WAY,
	PHASE,
	STILL,
	CRASH,
	JUDGED,
	KNOTS,
	ONCE,
	SCRIPT,
	SCREEN,
	FILTER,
	SORT,
	VIEW,
	ASCII,
	COLOURS,
	MOUSE,
	THEME,
	INTERVAL,
	COLUMNS,
	RECORDED,
	UNKNOWN,
	KEPT,
	PROOF,
	GATE,
	FOUND
};

static const struct option long_options[] = {
	{"count", required_argument, NULL, COUNT},
	{"hostile", no_argument, NULL, HOSTILE},
	{"lost", required_argument, NULL, LOST},
	{"unreadable", required_argument, NULL, UNREADABLE},
	{"end", no_argument, NULL, END},
	{"way", required_argument, NULL, WAY},
	{"phase", required_argument, NULL, PHASE},
	{"still", no_argument, NULL, STILL},
	{"crash", no_argument, NULL, CRASH},
	{"judged", no_argument, NULL, JUDGED},
	{"knots", no_argument, NULL, KNOTS},
	{"once", no_argument, NULL, ONCE},
	{"script", required_argument, NULL, SCRIPT},
	{"screen", required_argument, NULL, SCREEN},
	{"filter", required_argument, NULL, FILTER},
	{"sort", required_argument, NULL, SORT},
	{"view", required_argument, NULL, VIEW},
	{"ascii", no_argument, NULL, ASCII},
	{"colours", required_argument, NULL, COLOURS},
	{"mouse", no_argument, NULL, MOUSE},
	{"theme", required_argument, NULL, THEME},
	{"interval", required_argument, NULL, INTERVAL},
	{"columns", required_argument, NULL, COLUMNS},
	{"recorded", required_argument, NULL, RECORDED},
	{"unknown", required_argument, NULL, UNKNOWN},
	{"proof", required_argument, NULL, PROOF},
	{"found", required_argument, NULL, FOUND},
	{"gate", required_argument, NULL, GATE},
	{"kept", no_argument, NULL, KEPT},
	{NULL, 0, NULL, 0},
};

struct setup {
	struct ltr_tui_options options;
	size_t count;
	enum fixture_kind kind;
	uint64_t lost;
	uint64_t unreadable;
	bool ends;
	const char *way;
	const char *unknown; /* why nothing is known of threads and sockets */
	uint32_t phase;
	unsigned recorded;
	bool is_kept;
	unsigned proof_takes;
	const char *gate;
	const char *found;
};

static int colours(const char *name)
{
	return !strcmp(name, "none")   ? LTR_TUI_COLOURS_NONE
	       : !strcmp(name, "16")   ? LTR_TUI_COLOURS_16
	       : !strcmp(name, "256")  ? LTR_TUI_COLOURS_256
	       : !strcmp(name, "true") ? LTR_TUI_COLOURS_TRUE
				       : LTR_TUI_COLOURS_AUTO;
}

/* False: it is none of the screen's, or makes no sense. */
static bool parse_screen(struct ltr_tui_options *options, int option)
{
	switch (option) {
	case ONCE:
		options->once = true;
		return true;
	case SCRIPT:
		options->script = optarg;
		return true;
	case SCREEN:
		return sscanf(optarg, "%ux%u", &options->width, &options->height) == 2;
	case FILTER:
		options->filter = optarg;
		return true;
	case SORT:
		options->sort = optarg;
		return true;
	case VIEW:
		options->view = optarg;
		return true;
	case ASCII:
		options->ascii = true;
		return true;
	case COLOURS:
		options->colours = colours(optarg);
		return true;
	case THEME:
		options->theme =
			!strcmp(optarg, "light") ? LTR_TUI_THEME_LIGHT : LTR_TUI_THEME_DARK;
		return true;
	case MOUSE:
		options->mouse = true;
		return true;
	case COLUMNS:
		options->columns = optarg;
		return true;
	case INTERVAL:
		options->interval_ms = (unsigned)strtoul(optarg, NULL, 10);
		return true;
	default:
		return false;
	}
}

/* The same of the program's. */
static bool parse_program(struct setup *setup, struct demo *demo, int option)
{
	switch (option) {
	case COUNT:
		setup->count = strtoul(optarg, NULL, 10);
		return true;
	case HOSTILE:
		setup->kind = FIXTURE_HOSTILE;
		return true;
	case LOST:
		setup->lost = strtoull(optarg, NULL, 10);
		return true;
	case UNREADABLE:
		setup->unreadable = strtoull(optarg, NULL, 10);
		return true;
	case END:
		setup->ends = true;
		return true;
	case WAY:
		setup->way = optarg;
		return true;
	case UNKNOWN:
		setup->unknown = optarg;
		return true;
	case PHASE:
		setup->phase = (uint32_t)strtoul(optarg, NULL, 10);
		return true;
	case STILL:
		demo->is_still = true;
		return true;
	case CRASH:
		demo->crashes = true;
		return true;
	case KNOTS:
		setup->kind = FIXTURE_KNOTS;
		return true;
	case JUDGED:
		demo->judges = true;
		return true;
	case RECORDED:
		setup->recorded = (unsigned)strtoul(optarg, NULL, 10);
		return true;
	case PROOF:
		setup->proof_takes = (unsigned)strtoul(optarg, NULL, 10);
		return true;
	case FOUND:
		setup->found = optarg;
		return true;
	case GATE:
		setup->gate = optarg;
		return true;
	case KEPT:
		setup->is_kept = true;
		return true;
	default:
		return false;
	}
}

static int parse(struct setup *setup, struct demo *demo, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (!parse_screen(&setup->options, option) && !parse_program(setup, demo, option))
			return usage();
	}
	return 0;
}

static void apply(const struct setup *setup, struct demo *demo)
{
	struct ltr_census_info *info;

	fixture_init(&demo->fixture, setup->kind, setup->count);
	demo->fixture.ends = setup->ends;
	demo->fixture.proof_takes = setup->proof_takes;
	info = ltr_census_info_mut(demo->fixture.census);
	info->phase = setup->phase;
	info->unreadable = setup->unreadable;
	if (setup->lost && !setup->recorded && !setup->is_kept)
		ltr_census_note_loss(demo->fixture.census, setup->lost);
	if (setup->unknown) {
		snprintf(info->threads_reason, sizeof(info->threads_reason), "%s", setup->unknown);
		snprintf(info->sockets_reason, sizeof(info->sockets_reason), "%s", setup->unknown);
	}
	if (setup->way && !strcmp(setup->way, "shm")) {
		info->way = LTR_WAY_SHM;
		snprintf(info->way_reason, sizeof(info->way_reason),
			 "eBPF was refused: CAP_BPF and CAP_PERFMON are missing");
	}
}

int main(int argc, char **argv)
{
	struct setup setup = {.count = 60};
	struct demo demo = {0};
	struct ltr_tui_source source = {
		.context = &demo, .poll = poll_in_time, .refresh = refresh, .census = census};
	struct ltr_tui_end end;
	struct played played;
	struct kept kept;
	int error = parse(&setup, &demo, argc, argv);

	if (error)
		return error;
	apply(&setup, &demo);
	if (setup.options.script || setup.options.once)
		source = demo.is_still ? fixture_still_source(&demo.fixture)
				       : fixture_source(&demo.fixture);
	if (setup.recorded) {
		played_init(&played, &demo.fixture, setup.recorded, setup.lost);
		played.gate = setup.gate;
		source = played_source(&played);
		if (setup.found)
			played_judges(&played, &source, setup.found);
	}
	if (setup.is_kept) {
		kept_init(&kept, &demo.fixture, setup.lost);
		source = kept_source(&kept);
	}
	if (demo.judges)
		(setup.is_kept ? kept_judges : fixture_judges)(&source);
	error = ltr_tui_run(&setup.options, &source, &end);
	if (setup.recorded)
		played_done(&played);
	if (setup.is_kept)
		kept_done(&kept);
	fixture_done(&demo.fixture);
	if (end.why[0])
		fprintf(stderr, "tui_demo: %s\n", end.why);
	if (end.signal)
		raise(end.signal);
	return error ? 1 : 0;
}
