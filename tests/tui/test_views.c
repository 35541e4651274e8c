/* SPDX-License-Identifier: MIT */
/*
 * Properties of views and of whole frames, at every size from 1x1 to 60x30: nothing is drawn outside
 * the area, whatever the program is called, and what is drawn is harmless.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "frame.h"
#include "header.h"
#include "lifeline.h"
#include "list.h"
#include "rune.h"
#include "tui_private.h"

#define MARGIN   3
#define SENTINEL 0x2592u /* nobody draws this */
#define WIDTH    60
#define HEIGHT   30

struct stage {
	struct fixture fixture;
	struct ltr__scene scene;
	struct ltr__grid grid;
};

static void stage_init(struct stage *stage, enum fixture_kind kind, size_t count)
{
	char why[100];

	*stage = (struct stage){0};
	fixture_init(&stage->fixture, kind, count);
	stage->scene.moment.census = stage->fixture.census;
	assert_int_equal(ltr__filter_new("", &stage->scene.filter, why, sizeof(why)), 0);
}

static void stage_done(struct stage *stage)
{
	ltr__filter_free(stage->scene.filter);
	ltr__filter_free(stage->scene.search);
	ltr__stack_places_done(&stage->scene.places);
	ltr__grid_done(&stage->grid);
	fixture_done(&stage->fixture);
}

static void fill_with_sentinels(struct ltr__grid *grid)
{
	for (int i = 0; i < grid->width * grid->height; i++)
		grid->cells[i] = (struct ltr__cell){.rune = SENTINEL, .width = 1};
}

static bool is_inside(int x, int y, int width, int height)
{
	return x >= MARGIN && x < MARGIN + width && y >= MARGIN && y < MARGIN + height;
}

static void expect_harmless(const struct ltr__grid *grid, int x, int y)
{
	const struct ltr__cell *cell = ltr__grid_at(grid, x, y);

	assert_true(cell->style < LTR__STYLE_COUNT);
	if (cell->width == 0) {
		assert_true(x > 0 && ltr__grid_at(grid, x - 1, y)->width == 2);
		return;
	}
	assert_int_equal(ltr__rune_width(cell->rune), cell->width);
	if (cell->width == 2)
		assert_true(x + 1 < grid->width && ltr__grid_at(grid, x + 1, y)->width == 0);
	for (int i = 0; i < 2 && cell->marks[i]; i++)
		assert_int_equal(ltr__rune_width(cell->marks[i]), 0);
	if (grid->ascii)
		assert_true(cell->rune < 0x7f || cell->rune == SENTINEL);
}

static void expect_kept_inside(const struct ltr__grid *grid, int width, int height)
{
	for (int y = 0; y < grid->height; y++) {
		for (int x = 0; x < grid->width; x++) {
			const struct ltr__cell *cell = ltr__grid_at(grid, x, y);

			expect_harmless(grid, x, y);
			if (is_inside(x, y, width, height))
				continue;
			if (cell->rune != SENTINEL || cell->style || cell->marks[0])
				fail_msg("%dx%d: cell %d,%d outside is U+%04X, style %d", width,
					 height, x - MARGIN, y - MARGIN, cell->rune, cell->style);
		}
	}
}

static const enum ltr__action actions[] = {
	LTR__DO_UP,         LTR__DO_DOWN,     LTR__DO_PAGE_UP,   LTR__DO_PAGE_DOWN,
	LTR__DO_TOP,        LTR__DO_BOTTOM,   LTR__DO_SORT_NEXT, LTR__DO_SORT_PREVIOUS,
	LTR__DO_REVERSE,    LTR__DO_GROUP_BY, LTR__DO_CLICK,     LTR__DO_WHEEL_UP,
	LTR__DO_WHEEL_DOWN, LTR__DO_PARENT,   LTR__DO_RANGE,     LTR__DO_OBJECT,
	LTR__DO_HOLDER,     LTR__DO_UNFOLD,   LTR__DO_FOLD,      LTR__DO_FOLD_ALL,
	LTR__DO_MARK,       LTR__DO_OPEN,     LTR__DO_GRAPH_OF,
};

static void renew(struct stage *stage, struct ltr__view *view)
{
	size_t count = ltr__moment_count(&stage->scene.moment);
	int error;

	view->kind->begin(view, &stage->scene);
	assert_int_equal(view->kind->take(view, &stage->scene, 0, count / 2), 0);
	assert_int_equal(view->kind->take(view, &stage->scene, count / 2, count), 0);
	while ((error = view->kind->end(view, &stage->scene)) > 0)
		;
	assert_int_equal(error, 0);
}

static void draw_at_all_sizes(struct stage *stage, const struct ltr__view_kind *kind,
			      const struct ltr__subject *subject)
{
	struct ltr__view *view;
	char text[100];

	assert_int_equal(kind->open(&stage->scene, subject, &view), 0);
	for (int height = 1; height <= HEIGHT; height++) {
		for (int width = 1; width <= WIDTH; width++) {
			stage->grid.ascii = rand() % 4 == 0;
			ltr__grid_resize(&stage->grid, width + 2 * MARGIN, height + 2 * MARGIN);
			fill_with_sentinels(&stage->grid);
			renew(stage, view);
			kind->draw(view, &stage->scene,
				   ltr__area_part(ltr__grid_area(&stage->grid), MARGIN, MARGIN,
						  width, height));
			expect_kept_inside(&stage->grid, width, height);
			kind->act(view, &stage->scene,
				  actions[(size_t)rand() % (sizeof(actions) / sizeof(*actions))],
				  rand() % HEIGHT - 3);
			kind->title(view, &stage->scene, text, sizeof(text));
			kind->place(view, text, sizeof(text));
		}
	}
	kind->close(view);
}

/* Counters that jump, vanish and come back. */
static void fill_history(struct stage *stage)
{
	struct ltr_census_info *info = ltr_census_info_mut(stage->fixture.census);

	for (uint64_t i = 0; i < 1000; i++) {
		struct ltr_tui_usage usage = {.program_cpu_ns = i % 7 ? (uint64_t)rand() * i : 0,
					      .program_bytes = UINT64_MAX,
					      .own_cpu_ns = i * 1000,
					      .own_bytes = i % 3};

		info->now_ns += (uint64_t)rand() % 1000000000;
		info->created = i % 9 ? UINT64_MAX : 0;
		info->lost = i % 11 ? i : 0;
		for (size_t state = 0; state < LTR_STATE_COUNT; state++)
			info->by_state[state] = (uint64_t)rand() << i % 33;
		ltr__history_add(&stage->scene.history, stage->fixture.census, &usage);
	}
}

/* All states, in any order of time. */
static void make_a_life(struct stage *stage, uint64_t id, size_t length)
{
	uint64_t now_ns = ltr_census_info(stage->fixture.census)->now_ns;

	assert_int_equal(ltr_census_follow(stage->fixture.census, id), 0);
	for (size_t i = 0; i < length * 3; i++) {
		struct ltr_transition transition = {
			.ns = now_ns - (uint64_t)rand() + (uint64_t)(rand() % 1000000000),
			.waker_id = i % 3 ? 0 : UINT64_MAX,
			.sequence = (uint32_t)i,
			.state = (uint8_t)(rand() % LTR_STATE_COUNT),
			.reason = (uint8_t)(rand() % LTR_REASON_COUNT),
		};

		ltr_census_lifeline_add(stage->fixture.census, &transition);
	}
}

/* Recordings of no time and of all time, with moments beyond both ends. */
static void draw_timelines(struct stage *stage)
{
	static struct ltr_timeline_sample samples[300];
	struct ltr_census_info *info = ltr_census_info_mut(stage->fixture.census);
	struct ltr__subject everything = {0};
	uint64_t now_ns = info->now_ns;

	for (int kind = 0; kind < 4; kind++) {
		struct ltr_timeline timeline = {
			.begin_ns = kind == 3 ? 0 : now_ns,
			.end_ns = kind == 0   ? now_ns
				  : kind == 3 ? UINT64_MAX
					      : now_ns + 60000000000u,
			.samples = samples,
			.count = kind == 1 ? 0 : 300,
			.cut = kind != 0,
		};
		uint64_t span = timeline.end_ns - timeline.begin_ns;

		for (uint64_t i = 0; i < 300; i++) {
			samples[i].now_ns = timeline.begin_ns + span / 300 * i;
			samples[i].lost = i / 7;
			for (size_t state = 0; state < LTR_STATE_COUNT; state++)
				samples[i].by_state[state] = (uint64_t)rand() << i % 33;
		}
		ltr__player_init(&stage->scene.player, &timeline);
		for (int at = 0; at < 3; at++) {
			info->now_ns = timeline.begin_ns + span / 2 * (uint64_t)at;
			draw_at_all_sizes(stage, &ltr__view_timeline, &everything);
		}
	}
	info->now_ns = now_ns;
	ltr__player_init(&stage->scene.player, NULL);
}

static void views_stay_in_their_area(void **state)
{
	struct stage stage;

	(void)state;
	srand(fixture_seed());
	for (int kind = FIXTURE_SMALL; kind <= FIXTURE_HOSTILE; kind++) {
		struct ltr__subject everything = {.help_for = ~0u};

		stage_init(&stage, kind, 90);
		assert_int_equal(ltr__filter_new_search("a", &stage.scene.search), 0);
		strcpy(stage.scene.search_text, "a");
		draw_at_all_sizes(&stage, &ltr__view_goroutines, &everything);
		draw_at_all_sizes(&stage, &ltr__view_groups, &everything);
		draw_at_all_sizes(&stage, &ltr__view_objects, &everything);
		draw_at_all_sizes(&stage, &ltr__view_overview, &everything);
		draw_at_all_sizes(&stage, &ltr__view_timeline, &everything);
		draw_timelines(&stage);
		fill_history(&stage);
		draw_at_all_sizes(&stage, &ltr__view_overview, &everything);
		draw_at_all_sizes(&stage, &ltr__view_graph, &everything);
		draw_at_all_sizes(&stage, &ltr__view_verdicts, &everything);
		stage.scene.findings = fixture_findings(kind);
		draw_at_all_sizes(&stage, &ltr__view_verdicts, &everything);
		for (uint64_t key = 0; key < 4; key++)
			draw_at_all_sizes(&stage, &ltr__view_finding,
					  &(struct ltr__subject){.finding = key});
		draw_at_all_sizes(&stage, &ltr__view_help, &everything);
		draw_at_all_sizes(&stage, &ltr__view_goroutine, &everything);
		for (size_t i = 0; i < 30; i++) {
			const struct ltr_goroutine *goroutine =
				ltr_census_at(stage.fixture.census, i * 3 % 90);
			struct ltr__subject subject = {.goroutine = goroutine->id};

			if (i % 15 == 0)
				make_a_life(&stage, goroutine->id, i);
			if (i % 10 == 0)
				draw_at_all_sizes(&stage, &ltr__view_goroutine, &subject);
		}
		stage_done(&stage);
	}
}

/* Whoever needs it most has the smallest screen. */
static void help_is_whole_on_80_columns(void **state)
{
	const struct ltr__subject everything = {.help_for = ~0u};
	struct ltr__view *view;
	struct stage stage;

	(void)state;
	stage_init(&stage, FIXTURE_SMALL, 20);
	assert_int_equal(ltr__view_help.open(&stage.scene, &everything, &view), 0);
	ltr__grid_resize(&stage.grid, 80, 200);
	ltr__grid_clear(&stage.grid);
	ltr__view_help.draw(view, &stage.scene, ltr__grid_area(&stage.grid));
	for (int y = 0; y < stage.grid.height; y++) {
		if (ltr__grid_at(&stage.grid, 79, y)->rune == 0x2026)
			fail_msg("line %d is cut off", y);
	}
	ltr__view_help.close(view);
	stage_done(&stage);
}

static void headers_stay_in_their_area(void **state)
{
	struct stage stage;
	struct ltr_census_info *info;

	(void)state;
	stage_init(&stage, FIXTURE_HOSTILE, 40);
	info = ltr_census_info_mut(stage.fixture.census);
	info->lost = UINT64_MAX;
	info->unreadable = UINT64_MAX;
	info->phase = 3;
	info->events = UINT64_MAX;
	info->created = UINT64_MAX;
	stage.scene.is_ended = true;
	stage.scene.findings = fixture_findings(FIXTURE_HOSTILE);
	strcpy(stage.scene.error, "\033c everything is wrong");
	for (int height = 1; height <= HEIGHT; height++) {
		for (int width = 1; width <= WIDTH; width++) {
			int lines = 1 + (height + width) % 9;

			ltr__grid_resize(&stage.grid, width + 2 * MARGIN, lines + 2 * MARGIN);
			fill_with_sentinels(&stage.grid);
			ltr__header_draw(&stage.scene,
					 ltr__area_part(ltr__grid_area(&stage.grid), MARGIN, MARGIN,
							width, lines),
					 height);
			expect_kept_inside(&stage.grid, width, lines);
			assert_true(ltr__header_height(&stage.scene, width, height) <= 13);
		}
	}
	stage_done(&stage);
}

static void prompts_stay_in_their_line(void **state)
{
	struct ltr__grid grid = {0};
	struct ltr__prompt prompt;

	(void)state;
	ltr__prompt_open(&prompt, LTR__DO_FILTER, "");
	strcpy(prompt.why, "there is something wrong with this, and it takes many words to say");
	for (int i = 0; i < 400; i++) {
		static const uint32_t keys[] = {'a', 0x6f22,        0x301,        LTR__KEY_LEFT,
						' ', 0x1f600,       LTR__KEY_TAB, 'x',
						'y', LTR__KEY_HOME, LTR__KEY_END};
		int width = 1 + i % WIDTH;

		ltr__prompt_key(&prompt, keys[(size_t)i % (sizeof(keys) / sizeof(*keys))], NULL);
		assert_true(strlen(prompt.text) < sizeof(prompt.text));
		assert_true(prompt.cursor <= strlen(prompt.text));
		ltr__grid_resize(&grid, width + 2 * MARGIN, 1 + 2 * MARGIN);
		fill_with_sentinels(&grid);
		ltr__prompt_draw(&prompt,
				 ltr__area_part(ltr__grid_area(&grid), MARGIN, MARGIN, width, 1));
		expect_kept_inside(&grid, width, 1);
	}
	ltr__grid_done(&grid);
}

static void a_held_moment_does_not_move(void **state)
{
	struct stage stage;
	uint64_t id = 0;

	(void)state;
	stage_init(&stage, FIXTURE_SMALL, 60);
	assert_int_equal(ltr__moment_hold(&stage.scene.moment), 0);
	for (int i = 0; i < 100; i++)
		fixture_step(&stage.fixture);
	assert_int_equal(ltr__moment_count(&stage.scene.moment), 60);
	for (size_t i = 0; i < 60; i++) {
		const struct ltr_goroutine *held = ltr__moment_at(&stage.scene.moment, i);

		assert_true(held->id > id);
		id = held->id;
		assert_ptr_equal(ltr__moment_find(&stage.scene.moment, id), held);
	}
	assert_null(ltr__moment_find(&stage.scene.moment, 61));
	assert_non_null(ltr_census_find(stage.fixture.census, 61));
	ltr__moment_release(&stage.scene.moment);
	assert_int_equal(ltr__moment_count(&stage.scene.moment),
			 ltr_census_count(stage.fixture.census));
	stage_done(&stage);
}

static bool has_text(const struct ltr__grid *grid, const char *text)
{
	char line[WIDTH * 2 + 1];

	for (int y = 0; y < grid->height; y++) {
		int length = 0;

		for (int x = 0; x < grid->width && length < WIDTH * 2; x++) {
			uint32_t rune = ltr__grid_at(grid, x, y)->rune;

			line[length++] = rune < 0x7f ? (char)rune : '?';
		}
		line[length] = '\0';
		if (strstr(line, text))
			return true;
	}
	return false;
}

static void expect_text(const struct ltr__grid *grid, const char *text)
{
	if (!has_text(grid, text))
		fail_msg("'%s' is nowhere", text);
}

static void expect_no_text(const struct ltr__grid *grid, const char *text)
{
	if (has_text(grid, text))
		fail_msg("'%s' is there", text);
}

static void draw_in(struct stage *stage, const struct ltr__view_kind *kind,
		    const struct ltr__subject *subject, int width)
{
	struct ltr__view *view;

	assert_int_equal(kind->open(&stage->scene, subject, &view), 0);
	ltr__grid_resize(&stage->grid, width, HEIGHT);
	ltr__grid_clear(&stage->grid);
	renew(stage, view);
	kind->draw(view, &stage->scene, ltr__grid_area(&stage->grid));
	kind->close(view);
}

static void draw_once(struct stage *stage, const struct ltr__view_kind *kind,
		      const struct ltr__subject *subject)
{
	draw_in(stage, kind, subject, WIDTH * 2);
}

static void what_the_kernel_says_is_shown(void **state)
{
	static const bool in_call[] = {false, true};
	struct stage stage;
	struct ltr_goroutine goroutines[] = {
		{.id = 9001, .state = LTR_STATE_RUNNING, .transitions = 2},
		{.id = 9002,
		 .state = LTR_STATE_SYSCALL,
		 .reason = LTR_REASON_SYSCALL,
		 .transitions = 2},
	};
	struct ltr_thread threads[] = {
		{.goroutine_id = 9001, .tid = 41, .call = -1, .state = LTR_THREAD_READY},
		{.goroutine_id = 9002, .tid = 42, .call = 74, .state = LTR_THREAD_BLOCKED},
	};
	struct ltr__subject subject = {.goroutine = 9002};

	(void)state;
	stage_init(&stage, FIXTURE_SMALL, 0);
	struct ltr_census *census = stage.fixture.census;

	assert_int_equal(ltr_census_snapshot_begin(census, 1), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(ltr_census_snapshot_put(census, &goroutines[i]), 0);
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	threads[1].since_ns = ltr_census_info(census)->now_ns - 3000000000ull;
	assert_int_equal(ltr_census_intern_string(census, "fsync", &threads[1].call_name), 0);
	assert_int_equal(ltr_census_set_threads(census, threads, in_call, 2), 0);

	draw_once(&stage, &ltr__view_goroutines, &subject);
	expect_text(&stage.grid, "running ready ");
	expect_text(&stage.grid, "syscall fsync ");
	draw_once(&stage, &ltr__view_goroutine, &subject);
	expect_text(&stage.grid, "42 blocked for 3.0s in fsync");
	subject.goroutine = 9001;
	draw_once(&stage, &ltr__view_goroutine, &subject);
	expect_text(&stage.grid, "41 ready ");
	stage_done(&stage);
}

/* Of FIXTURE_KNOTS with 60 goroutines: who waits how. */
enum {
	IN_CIRCLE = 61,     /* for 62, who waits for it */
	BEHIND_CIRCLE = 64, /* for 63, who waits for 61 */
	FOR_ITSELF = 66,
	LAST_OF_CHAIN = 74, /* for 73, and so on to 69, which waits for nobody */
	DEEPER = 81,        /* the same, deeper than is shown */
	FOR_ENDED = 82,
};

static void draw_page(struct stage *stage, uint64_t id)
{
	draw_in(stage, &ltr__view_goroutine, &(struct ltr__subject){.goroutine = id}, 80);
}

/* Who holds a lock is known of the last reading only: by itself it proves nothing. */
static void a_chain_of_locks_is_no_verdict(void **state)
{
	static const uint64_t ids[] = {IN_CIRCLE,     BEHIND_CIRCLE, FOR_ITSELF,
				       LAST_OF_CHAIN, DEEPER,        FOR_ENDED};
	struct stage stage;

	(void)state;
	stage_init(&stage, FIXTURE_KNOTS, 60);
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		draw_page(&stage, ids[i]);
		expect_text(&stage.grid, " when it was read last");
		expect_no_text(&stage.grid, "circle");
		expect_no_text(&stage.grid, "only it can release");
		expect_no_text(&stage.grid, "can release nothing");
		expect_no_text(&stage.grid, "all wait");
	}
	draw_page(&stage, IN_CIRCLE);
	expect_text(&stage.grid, "which waited for one of these ");
	draw_page(&stage, BEHIND_CIRCLE);
	expect_text(&stage.grid, "which waited for 61, that for 62 ");
	expect_text(&stage.grid, "the last, 62, waited for one of these ");
	draw_page(&stage, FOR_ITSELF);
	expect_text(&stage.grid, "itself when it was read last");
	draw_page(&stage, FOR_ENDED);
	expect_text(&stage.grid, "goroutine 999999 (ended) when it was read last");
	draw_page(&stage, LAST_OF_CHAIN);
	expect_text(&stage.grid, "which waited for 72, that for 71, that for 70, that for 69 ");
	expect_text(&stage.grid, "the last, 69, is in ");
	stage_done(&stage);
}

/* What is found is told, whole, on a screen of 80 columns. */
static void of_what_is_found_the_chain_says_why(void **state)
{
	static const uint64_t ids[] = {IN_CIRCLE,     BEHIND_CIRCLE, FOR_ITSELF,
				       LAST_OF_CHAIN, DEEPER,        FOR_ENDED};
	struct ltr_tui_finding finding = {.key = 1,
					  .is_serious = true,
					  .grade = "deadlock",
					  .title = "",
					  .advice = "",
					  .count = 6,
					  .ids = ids,
					  .id_count = sizeof(ids) / sizeof(*ids)};
	const struct ltr_tui_findings findings = {.findings = &finding, .count = 1, .note = ""};
	struct stage stage;

	(void)state;
	stage_init(&stage, FIXTURE_KNOTS, 60);
	stage.scene.findings = &findings;
	draw_page(&stage, IN_CIRCLE);
	expect_text(&stage.grid, "which waits for one of these: a circle");
	draw_page(&stage, BEHIND_CIRCLE);
	expect_text(&stage.grid, "which waits for 61, that for 62 ");
	expect_text(&stage.grid, "the last, 62, waits for one of these: a circle");
	draw_page(&stage, FOR_ITSELF);
	expect_text(&stage.grid, "itself: it waits for what only it can release");
	draw_page(&stage, FOR_ENDED);
	expect_text(&stage.grid, "which has ended and can release nothing");
	draw_page(&stage, LAST_OF_CHAIN);
	expect_text(&stage.grid, "all wait for 69, which is in ");
	draw_page(&stage, DEEPER);
	expect_text(&stage.grid, "waits for others, and so on");
	/* That it waits for long is no reason to say that it does for ever. */
	finding.is_serious = false;
	draw_page(&stage, FOR_ENDED);
	expect_no_text(&stage.grid, "can release nothing");
	stage_done(&stage);
}

/* The advice is of use only to who looks at a program that runs. */
static void of_a_stack_that_is_missing_it_says_why(void **state)
{
	static const struct ltr_timeline timeline = {.begin_ns = 1, .end_ns = 2};
	struct ltr_goroutine queued = {.id = 9001, .state = LTR_STATE_QUEUED, .transitions = 2};
	const struct ltr__subject subject = {.goroutine = 9001};
	struct stage stage;

	(void)state;
	stage_init(&stage, FIXTURE_SMALL, 0);
	assert_int_equal(ltr_census_snapshot_begin(stage.fixture.census, 1), 0);
	assert_int_equal(ltr_census_snapshot_put(stage.fixture.census, &queued), 0);
	assert_int_equal(ltr_census_snapshot_end(stage.fixture.census, true), 0);
	draw_once(&stage, &ltr__view_goroutine, &subject);
	expect_text(&stage.grid, "no stack is known yet (u reads the program)");
	stage.scene.is_ended = true;
	draw_once(&stage, &ltr__view_goroutine, &subject);
	expect_text(&stage.grid, "no stack was read while it was there");
	stage.scene.is_ended = false;
	stage.scene.player.timeline = &timeline;
	draw_once(&stage, &ltr__view_goroutine, &subject);
	expect_text(&stage.grid, "no stack is recorded of this moment");
	stage_done(&stage);
}

/* Of the one way to the function with which goroutines began there is no caller to be told. */
static void ways_of_groups_are_told_whole(void **state)
{
	struct ltr__subject everything = {0};
	struct ltr__view *view;
	struct stage stage;

	(void)state;
	stage_init(&stage, FIXTURE_SMALL, 60);
	assert_int_equal(ltr__view_groups.open(&stage.scene, &everything, &view), 0);
	ltr__grid_resize(&stage.grid, WIDTH * 2, 2 * HEIGHT);
	ltr__grid_clear(&stage.grid);
	renew(&stage, view);
	ltr__view_groups.act(view, &stage.scene, LTR__DO_FOLD_ALL, 0);
	renew(&stage, view);
	ltr__view_groups.draw(view, &stage.scene, ltr__grid_area(&stage.grid));
	expect_text(&stage.grid, "called by serve_");
	expect_text(&stage.grid, "where they began");
	expect_no_text(&stage.grid, "called by  ");
	ltr__view_groups.close(view);
	stage_done(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(views_stay_in_their_area),
		cmocka_unit_test(help_is_whole_on_80_columns),
		cmocka_unit_test(headers_stay_in_their_area),
		cmocka_unit_test(prompts_stay_in_their_line),
		cmocka_unit_test(a_held_moment_does_not_move),
		cmocka_unit_test(what_the_kernel_says_is_shown),
		cmocka_unit_test(of_a_stack_that_is_missing_it_says_why),
		cmocka_unit_test(a_chain_of_locks_is_no_verdict),
		cmocka_unit_test(of_what_is_found_the_chain_says_why),
		cmocka_unit_test(ways_of_groups_are_told_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
