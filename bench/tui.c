/* SPDX-License-Identifier: MIT */

/*
 * What the screen costs. For each view over a census of many goroutines: the longest pieces of work
 * that keys have to wait for (a renewal is spread over frames in slices, see tui/tui.c), all of a
 * renewal, drawing, and the longest piece of the first two renewals, in which memory is touched for
 * the first time. Then the whole screen on a pseudo-terminal,
 * as a person has it: the first screen, and its CPU time at four frames a second.
 *
 * Times are CPU time of the process, so that other work on the machine counts as little as may be;
 * the first screen is by the clock.
 *
 * tui [GOROUTINES [SECONDS]]
 */

#include <errno.h>
#include <inttypes.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check/check.h>
#include <probe/census_fill.h>
#include <tui/tui.h>
#include <tui/view.h>

#include "clock.h"

#define STACKS      1000
#define DEPTH       12
#define SITES       100
#define LABELS      1000
#define CHANNELS    1000
#define NOW_NS      1000000000000ull
#define TEXT_START  0x400000ull
#define SYMBOLS     65536
#define SYMBOL_STEP 0x100ull
#define SLICE       8192 /* as in tui/tui.c */
#define FEW         100000
#define WIDTH       120
#define HEIGHT      40
#define ROUNDS      5

static void must(int error)
{
	if (error) {
		fprintf(stderr, "bench tui: %s\n", strerror(-error));
		exit(1);
	}
}

static double cpu_ms(void)
{
	return clock_seconds(CLOCK_PROCESS_CPUTIME_ID) * 1e3;
}

static const struct ltr_symbol *find(void *context, uint64_t pc)
{
	static struct ltr_symbol symbols[SYMBOLS];
	static char names[SYMBOLS][16];
	size_t i = (size_t)((pc - TEXT_START) / SYMBOL_STEP);

	(void)context;
	if (i >= SYMBOLS)
		return NULL;
	if (!symbols[i].function) {
		snprintf(names[i], sizeof(names[i]), "function_%zu", i);
		symbols[i] = (struct ltr_symbol){.function = names[i],
						 .file = "/src/program.c",
						 .line = (uint32_t)i,
						 .module = UINT32_MAX,
						 .is_runtime = i < 64};
	}
	return &symbols[i];
}

static const struct ltr_symbol_source symbols = {.find = find};

struct parts {
	uint32_t stacks[STACKS];
	uint32_t sites[SITES];
	uint32_t labels[LABELS];
};

static void make_parts(struct ltr_census *census, struct parts *parts)
{
	for (size_t i = 0; i < STACKS; i++) {
		uint64_t pcs[DEPTH];

		for (size_t j = 0; j < DEPTH; j++)
			pcs[j] = TEXT_START +
				 (j < 2 ? j : 64 + (i * 31 + j * 977) % 60000) * SYMBOL_STEP + 4;
		must(ltr_census_intern_stack(census, pcs, DEPTH, &parts->stacks[i]));
	}
	for (uint32_t i = 0; i < SITES; i++)
		must(ltr_census_intern_site(census, "/src/program.c", "creator", i + 1,
					    &parts->sites[i]));
	for (uint32_t i = 0; i < LABELS; i++) {
		struct ltr_census_label label;
		char text[24];

		snprintf(text, sizeof(text), "%" PRIu32, i);
		must(ltr_census_intern_string(census, "tenant", &label.key));
		must(ltr_census_intern_string(census, text, &label.value));
		must(ltr_census_intern_labels(census, &label, 1, &parts->labels[i]));
	}
}

/* Half wait on channels, a third on descriptors of their own, the others are ready to run. */
static struct ltr_census *make_census(size_t count)
{
	struct parts *parts = malloc(sizeof(*parts));
	struct ltr_census *census;
	uint64_t random = 88172645463325252ull;

	must(parts ? 0 : -ENOMEM);
	must(ltr_census_new(&census));
	ltr_census_set_symbols(census, &symbols, NULL);
	make_parts(census, parts);
	must(ltr_census_snapshot_begin(census, NOW_NS));
	for (size_t i = 0; i < count; i++) {
		struct ltr_goroutine goroutine = {.id = i + 1, .parent_id = i / 100};
		size_t kind = i % 6;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		goroutine.since_ns = NOW_NS - random % 1000000000000ull;
		goroutine.created_ns = goroutine.since_ns;
		goroutine.state = kind < 3   ? LTR_STATE_CHAN
				  : kind < 5 ? LTR_STATE_NETWORK
					     : LTR_STATE_QUEUED;
		goroutine.reason = kind < 3   ? LTR_REASON_CHAN_RECEIVE
				   : kind < 5 ? LTR_REASON_IO_READ
					      : LTR_REASON_NONE;
		goroutine.object = kind < 3   ? 0x7f0000000000ull + random % CHANNELS * 64
				   : kind < 5 ? i
					      : 0;
		goroutine.stack = kind < 5 ? parts->stacks[random % STACKS] : 0;
		goroutine.site = parts->sites[random / 7 % SITES];
		goroutine.labels = parts->labels[random / 11 % LABELS];
		must(ltr_census_snapshot_put(census, &goroutine));
	}
	must(ltr_census_snapshot_end(census, true));
	free(parts);
	return census;
}

/* The costs of one view in milliseconds, the highest of all rounds. */
struct costs {
	double begin, slice, all, end, draw;
};

static void keep_highest(double *highest, double value)
{
	*highest = value > *highest ? value : *highest;
}

static void renew(struct ltr__view *view, struct ltr__scene *scene, struct costs *costs)
{
	size_t count = ltr__moment_count(&scene->moment);
	double start = cpu_ms();
	double at = start;
	double before;
	int more;

	view->kind->begin(view, scene);
	keep_highest(&costs->begin, cpu_ms() - at);
	for (size_t i = 0; i < count; i += SLICE) {
		before = cpu_ms();
		must(view->kind->take(view, scene, i, i + SLICE < count ? i + SLICE : count));
		keep_highest(&costs->slice, cpu_ms() - before);
	}
	do {
		before = cpu_ms();
		more = view->kind->end(view, scene);
		at = cpu_ms();
		keep_highest(&costs->end, at - before);
	} while (more > 0);
	must(more);
	keep_highest(&costs->all, at - start);
}

static void measure_view(struct ltr__scene *scene, const struct ltr__view_kind *kind)
{
	struct ltr__subject everything = {0};
	struct ltr__grid grid = {0};
	struct costs costs = {0};
	struct costs first = {0};
	struct ltr__view *view;

	must(ltr__grid_resize(&grid, WIDTH, HEIGHT));
	must(kind->open(scene, &everything, &view));
	/* twice: what is shown and what is in the making each have memory of their own */
	renew(view, scene, &first);
	renew(view, scene, &first);
	for (int round = 0; round < ROUNDS; round++) {
		double start;

		renew(view, scene, &costs);
		start = cpu_ms();
		kind->draw(view, scene, ltr__grid_area(&grid));
		keep_highest(&costs.draw, cpu_ms() - start);
	}
	keep_highest(&first.slice, first.begin);
	keep_highest(&first.slice, first.end);
	printf("%-12s %8.2f %8.2f %8.2f %8.2f %9.1f %9.1f\n", kind->name, costs.begin, costs.slice,
	       costs.end, costs.draw, costs.all, first.slice);
	kind->close(view);
	ltr__grid_done(&grid);
}

/* Looking for what is wrong, as cli/verdicts.c does: who may be in a finding, then a judgement of those. */
static void measure_judging(const struct ltr_census *census)
{
	size_t count = ltr_census_count(census);
	uint32_t *among = calloc(count + 1, sizeof(*among));
	struct ltr_judge_options options = {.alive = true, .among = among};
	double slice = 0;
	double all = 0;
	double judging = 0;

	must(among ? 0 : -ENOMEM);
	for (int round = 0; round < ROUNDS; round++) {
		struct ltr_judgement *judgement;
		double start = cpu_ms();
		double at = start;

		options.among_count = 0;
		for (size_t i = 0; i < count; i++) {
			if (ltr_judge_concerns(census, &options, ltr_census_at(census, i)))
				among[options.among_count++] = (uint32_t)i;
			if ((i + 1) % SLICE)
				continue;
			keep_highest(&slice, cpu_ms() - at);
			at = cpu_ms();
		}
		at = cpu_ms();
		must(ltr_judgement_new(&judgement));
		must(ltr_judge_census(judgement, census, &options));
		ltr_judgement_free(judgement);
		keep_highest(&judging, cpu_ms() - at);
		keep_highest(&all, cpu_ms() - start);
	}
	printf("judging: slice %.2f, judgement of %zu %.2f, all %.1f ms\n", slice,
	       options.among_count, judging, all);
	free(among);
}

static void measure_views(size_t count)
{
	struct ltr__scene *scene = calloc(1, sizeof(*scene));
	struct ltr_census *census = make_census(count);
	char why[100];

	must(scene ? 0 : -ENOMEM);
	scene->moment.census = census;
	must(ltr__filter_new("", &scene->filter, why, sizeof(why)));
	ltr__history_add(&scene->history, census, NULL);
	printf("%zu goroutines, %dx%d; ms of CPU time, the highest of %d\n"
	       "%-12s %8s %8s %8s %8s %9s %9s\n",
	       count, WIDTH, HEIGHT, ROUNDS, "view", "begin", "slice", "end", "draw", "renewal",
	       "1st piece");
	for (size_t i = 0; ltr__view_by_index(i); i++)
		measure_view(scene, ltr__view_by_index(i));
	measure_judging(census);
	ltr__filter_free(scene->filter);
	ltr__stack_places_done(&scene->places);
	ltr_census_free(census);
	free(scene);
}

/* The program's time goes on; nothing else does. */
static int poll_program(void *context, int timeout_ms)
{
	(void)timeout_ms;
	ltr_census_info_mut(context)->now_ns =
		NOW_NS + (uint64_t)(clock_seconds(CLOCK_MONOTONIC) * 1e9);
	return 0;
}

static const struct ltr_census *census_of(void *context)
{
	return context;
}

static struct ltr_tui_source source_of(struct ltr_census *census)
{
	ltr_census_info_mut(census)->way = LTR_WAY_EBPF;
	return (struct ltr_tui_source){
		.context = census, .poll = poll_program, .census = census_of};
}

static void measure_first_screen(size_t count)
{
	struct ltr_census *census = make_census(count);
	struct ltr_tui_source source = source_of(census);
	struct ltr_tui_options options = {.once = true, .width = WIDTH, .height = HEIGHT};
	struct ltr_tui_end end;
	double start = clock_seconds(CLOCK_MONOTONIC);
	double cpu = cpu_ms();

	options.output = fopen("/dev/null", "w");
	must(options.output ? 0 : -errno);
	must(ltr_tui_run(&options, &source, &end));
	printf("first screen, %zu goroutines: %.1f ms by the clock, %.1f of CPU time\n", count,
	       (clock_seconds(CLOCK_MONOTONIC) - start) * 1e3, cpu_ms() - cpu);
	fclose(options.output);
	ltr_census_free(census);
}

/* The child: the screen on its terminal; tells what it used. */
static void run_screen(size_t count, const char *view, int result)
{
	struct ltr_census *census = make_census(count);
	struct ltr_tui_source source = source_of(census);
	struct ltr_tui_options options = {.view = view};
	struct ltr_tui_end end;
	double used[2] = {cpu_ms(), clock_seconds(CLOCK_MONOTONIC)};

	setenv("TERM", "xterm-256color", 1);
	if (write(result, "r", 1) != 1 || ltr_tui_run(&options, &source, &end))
		_exit(1);
	used[0] = cpu_ms() - used[0];
	used[1] = (clock_seconds(CLOCK_MONOTONIC) - used[1]) * 1e3;
	_exit(write(result, used, sizeof(used)) != sizeof(used));
}

static void read_all(int fd, double until)
{
	char bytes[65536];

	while (clock_seconds(CLOCK_MONOTONIC) < until && read(fd, bytes, sizeof(bytes)) > 0)
		;
}

static void measure_screen(size_t count, const char *view, double length)
{
	struct winsize size = {.ws_col = WIDTH, .ws_row = HEIGHT};
	double used[2];
	int result[2];
	int master;
	char ready;
	pid_t child;

	must(pipe(result) ? -errno : 0);
	fflush(stdout);
	child = forkpty(&master, NULL, NULL, &size);
	must(child < 0 ? -errno : 0);
	if (!child)
		run_screen(count, view, result[1]);
	close(result[1]);
	if (read(result[0], &ready, 1) != 1)
		must(-EIO);
	read_all(master, clock_seconds(CLOCK_MONOTONIC) + length);
	if (write(master, "q", 1) != 1)
		must(-EIO);
	read_all(master, clock_seconds(CLOCK_MONOTONIC) + 10);
	if (read(result[0], used, sizeof(used)) != sizeof(used))
		must(-EIO);
	waitpid(child, NULL, 0);
	close(result[0]);
	close(master);
	printf("on a terminal, %zu goroutines, %-10s at 4 frames/s: %5.2f %% of a CPU\n", count,
	       view, used[0] / used[1] * 100);
}

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
	double length = argc > 2 ? strtod(argv[2], NULL) : 10;

	measure_views(count);
	measure_first_screen(60);
	measure_first_screen(FEW);
	measure_first_screen(count);
	for (size_t i = 0; ltr_tui_view_name(i); i++)
		measure_screen(FEW, ltr_tui_view_name(i), length);
	measure_screen(count, ltr_tui_view_name(0), length);
	return 0;
}
