/* SPDX-License-Identifier: MIT */
/*
 * Who waits for whom, drawn: whoever keeps others waiting stands above them. A cycle has a double line
 * at its left that leads from each member to the one that it waits for, and says so in a word.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "column.h"
#include "knots.h"
#include "view.h"

#define STEP 3 /* columns of a level */
#define LEFT 1

struct graph_view {
	struct ltr__view view;
	struct ltr__knots graph;
	struct ltr__list list; /* the `text` of a row is its index in the graph's */
	uint64_t wanted;       /* a goroutine that was asked for; 0: none */
	bool is_looking;       /* and is to be selected as soon as it is there */
};

static struct graph_view *graph_of(struct ltr__view *view)
{
	return (struct graph_view *)view;
}

static int graph_open(const struct ltr__scene *scene, const struct ltr__subject *subject,
		      struct ltr__view **ret_view)
{
	struct graph_view *graph = calloc(1, sizeof(*graph));

	(void)scene;
	if (!graph)
		return -ENOMEM;
	graph->view.kind = &ltr__view_graph;
	graph->wanted = subject->goroutine;
	graph->is_looking = subject->goroutine != 0;
	*ret_view = &graph->view;
	return 0;
}

static void graph_close(struct ltr__view *view)
{
	ltr__list_done(&graph_of(view)->list);
	ltr__knots_done(&graph_of(view)->graph);
	free(view);
}

static void graph_begin(struct ltr__view *view, struct ltr__scene *scene)
{
	const struct ltr_census_info *info = ltr__moment_info(&scene->moment);

	ltr__knots_begin(&graph_of(view)->graph,
			 info->by_state[LTR_STATE_CHAN] + info->by_state[LTR_STATE_SYNC]);
}

static int graph_take(struct ltr__view *view, struct ltr__scene *scene, size_t from, size_t to)
{
	int error = 0;

	for (size_t i = from; i < to && !error; i++) {
		const struct ltr_goroutine *goroutine = ltr__moment_at(&scene->moment, i);

		if (ltr__filter_lets(scene->filter, &scene->moment, goroutine))
			error = ltr__knots_add(&graph_of(view)->graph, goroutine);
	}
	return error;
}

/* An id that a row keeps while others come and go; no two of those on screen have the same. */
static uint64_t id_of(const struct ltr__knots_row *row, uint64_t before)
{
	uint64_t value = row->id ? row->id : row->object.trait.value;
	uint64_t id = (value * 8 + row->kind) * 0x9e3779b97f4a7c15ull;

	/* a member of several trees stands below several others */
	return row->kind == LTR__KNOTS_REST || row->depth ? id ^ before * 3 : id;
}

static int graph_end(struct ltr__view *view, struct ltr__scene *scene)
{
	struct graph_view *graph = graph_of(view);
	uint64_t above[LTR__KNOTS_DEPTH + 4] = {0};
	int error = ltr__knots_end(&graph->graph, &scene->moment, graph->wanted);
	int64_t found = -1;

	ltr__list_begin(&graph->list, false, NULL, NULL, graph->graph.row_count);
	for (size_t i = 0; i < graph->graph.row_count && !error; i++) {
		const struct ltr__knots_row *row = &graph->graph.rows[i];
		uint64_t id = id_of(row, row->depth ? above[row->depth - 1] : 0);

		above[row->depth] = id;
		if (row->id && row->id == graph->wanted && found < 0)
			found = (int64_t)i;
		error = ltr__list_add(&graph->list,
				      (struct ltr__row){.key = i, .id = id, .text = (uint32_t)i});
	}
	ltr__list_end(&graph->list);
	if (graph->is_looking && found >= 0 && !error) {
		ltr__list_select(&graph->list, graph->list.shown.rows[found]);
		graph->list.first = 0; /* with what stands above it, if there is room */
		graph->is_looking = false;
	}
	return error;
}

/* --- Drawing ------------------------------------------------------------------------------------- */

/* The lines at the left of a row; returns the column behind them. */
static int draw_lines(const struct ltr__knots_row *row, struct ltr__area line)
{
	int x = LEFT + row->depth * STEP;

	if (row->is_in_rail)
		ltr__put(line, LEFT, 0, LTR__STYLE_LOUD, 0x2551);
	if (row->kind == LTR__KNOTS_MEMBER || row->kind == LTR__KNOTS_CLOSE) {
		uint32_t corner = row->kind == LTR__KNOTS_CLOSE ? 0x255a
				  : row->is_last                ? 0x2554
								: 0x2560;

		ltr__put(line, LEFT, 0, LTR__STYLE_LOUD, corner);
		ltr__put(line, LEFT + 1, 0, LTR__STYLE_LOUD, 0x2550);
		return LEFT + STEP;
	}
	if (!row->depth)
		return x;
	for (int depth = 1; depth < row->depth; depth++) {
		if (row->rails >> depth & 1)
			ltr__put(line, LEFT + (depth - 1) * STEP + STEP, 0, LTR__STYLE_BAR_EMPTY,
				 0x2502);
	}
	ltr__put(line, x, 0, LTR__STYLE_BAR_EMPTY, row->is_last ? 0x2514 : 0x251c);
	ltr__put(line, x + 1, 0, LTR__STYLE_BAR_EMPTY, 0x2500);
	return x + STEP;
}

static void draw_goroutine(const struct ltr__scene *scene, const struct ltr__knots_row *row, int x,
			   struct ltr__area line)
{
	const struct ltr_goroutine *goroutine = ltr__moment_find(&scene->moment, row->id);
	const char *name = "";
	struct ltr__place place;

	if (goroutine)
		name = goroutine->name ? ltr_census_string(scene->moment.census, goroutine->name)
		       : goroutine->flags & LTR_IS_MAIN ? "main"
							: "";
	x += ltr__textf(line, x, 0, line.width - x, LTR__STYLE_STRONG, "%" PRIu64 "%s%s", row->id,
			*name ? " " : "", name);
	if (row->kind == LTR__KNOTS_CLOSE) {
		ltr__text(line, x, 0, line.width - x, LTR__STYLE_NORMAL,
			  ", the first of the cycle");
		return;
	}
	if (!goroutine) {
		ltr__text(line, x, 0, line.width - x, LTR__STYLE_WARNING, "  has ended");
		return;
	}
	if (row->is_reading)
		x += ltr__text(line, x, 0, line.width - x, LTR__STYLE_DIM, "  reading");
	x += 2;
	x += ltr__text(line, x, 0, line.width - x, ltr__state_style(goroutine->state),
		       goroutine->reason ? ltr_reason_name(goroutine->reason)
					 : ltr_state_name(goroutine->state));
	x += ltr__textf(line, x, 0, line.width - x, LTR__STYLE_NORMAL, "  %s",
			ltr__words_age(&scene->moment, goroutine).text);
	place = ltr__place_of(scene->moment.census, goroutine);
	ltr__draw_place(line, x + 2, 0, line.width - x - 2, &place);
}

static void draw_object(const struct ltr__knots_row *row, int x, struct ltr__area line)
{
	const struct ltr__object *object = &row->object;
	uint8_t state = object->reason && object->reason < LTR_REASON_COUNT
				? ltr_reason_state(object->reason)
				: LTR_STATE_SYNC;

	if (row->kind == LTR__KNOTS_ON)
		x += ltr__text(line, x, 0, line.width - x, LTR__STYLE_DIM, "waits for ");
	else if (row->depth)
		x += ltr__text(line, x, 0, line.width - x, LTR__STYLE_DIM,
			       row->is_reading ? "reads, holding " : "holds ");
	x += ltr__text(line, x, 0, line.width - x, ltr__state_style(state),
		       ltr__object_kind(object));
	x += ltr__textf(line, x, 0, line.width - x, LTR__STYLE_NORMAL, " 0x%" PRIx64,
			object->trait.value);
	x += 2;
	x += ltr__textf(line, x, 0, line.width - x, LTR__STYLE_STRONG, "%s wait%s",
			ltr__words_count(object->waiting).text, object->waiting == 1 ? "s" : "");
	if (object->senders && object->receivers)
		x += ltr__textf(line, x, 0, line.width - x, LTR__STYLE_NORMAL,
				" (%s to send, %s to receive)",
				ltr__words_count(object->senders).text,
				ltr__words_count(object->receivers).text);
	if (row->kind == LTR__KNOTS_ON)
		ltr__text(line, x, 0, line.width - x, LTR__STYLE_DIM, ", held by the next");
	else if (row->more > object->waiting)
		ltr__textf(line, x, 0, line.width - x, LTR__STYLE_NORMAL, ", %s with those behind",
			   ltr__words_count(row->more).text);
}

static void draw_rest(const struct ltr__knots_row *row, int x, struct ltr__area line)
{
	if (row->depth)
		ltr__textf(line, x, 0, line.width - x, LTR__STYLE_DIM, "… %s more",
			   ltr__words_count(row->more).text);
	else if (row->more)
		ltr__textf(line, x, 0, line.width - x, LTR__STYLE_DIM,
			   "… and %s more objects that fewer wait on",
			   ltr__words_count(row->more).text);
	else
		ltr__text(line, x, 0, line.width - x, LTR__STYLE_DIM,
			  "… there is more than there is room for");
}

static void draw_row(const struct ltr__scene *scene, const struct ltr__knots_row *row,
		     struct ltr__area line)
{
	int x = draw_lines(row, line);

	switch (row->kind) {
	case LTR__KNOTS_CYCLE:
		if (row->more == 1)
			ltr__text(line, LEFT, 0, line.width - LEFT, LTR__STYLE_LOUD,
				  "CYCLE: it waits for what it holds itself");
		else
			ltr__textf(line, LEFT, 0, line.width - LEFT, LTR__STYLE_LOUD,
				   "CYCLE of %s goroutines: each waits for what the next one holds",
				   ltr__words_count(row->more).text);
		break;
	case LTR__KNOTS_OBJECT:
	case LTR__KNOTS_ON:
		draw_object(row, x, line);
		break;
	case LTR__KNOTS_REST:
		draw_rest(row, x, line);
		break;
	default:
		draw_goroutine(scene, row, x, line);
	}
}

static void graph_draw(struct ltr__view *view, struct ltr__scene *scene, struct ltr__area area)
{
	struct graph_view *graph = graph_of(view);
	struct ltr__list *list = &graph->list;

	ltr__list_window(list, area.height);
	for (size_t i = 0; i < list->height && list->first + i < list->shown.count; i++) {
		struct ltr__area line = ltr__area_part(area, 0, (int)i, area.width, 1);

		if (line.height < 1 || line.width < 1)
			break;
		draw_row(scene, &graph->graph.rows[list->shown.rows[list->first + i].text], line);
		if (list->first + i == list->rank)
			ltr__table_draw_selected(line);
		if (scene->search)
			ltr__mark_text(line, 0, scene->search_text);
	}
	if (!list->shown.count)
		ltr__draw_note(area, ltr__filter_is_empty(scene->filter)
					     ? "nobody waits for anybody"
					     : "nothing matches the filter; F shows everything");
}

/* --- Actions ------------------------------------------------------------------------------------- */

static const struct ltr__knots_row *selected(const struct graph_view *graph)
{
	const struct ltr__list *list = &graph->list;

	return list->has_selected && list->selected.text < graph->graph.row_count
		       ? &graph->graph.rows[list->selected.text]
		       : NULL;
}

static struct ltr__want open_row(const struct ltr__knots_row *row)
{
	if (row && row->id)
		return (struct ltr__want){
			.kind = LTR__WANT_OPEN,
			.view = &ltr__view_goroutine,
			.subject = {.goroutine = row->id},
		};
	if (row && row->object.trait.value)
		return ltr__want_goroutines(&(struct ltr__subject){
			.trait_count = 1,
			.traits = {row->object.trait},
		});
	return (struct ltr__want){0};
}

static struct ltr__want graph_act(struct ltr__view *view, struct ltr__scene *scene,
				  enum ltr__action action, int line)
{
	struct graph_view *graph = graph_of(view);

	(void)scene;
	/* a click on what is selected opens it */
	if (action == LTR__DO_CLICK && line >= 0 && graph->list.has_selected &&
	    graph->list.first + (size_t)line == graph->list.rank)
		action = LTR__DO_OPEN;
	if (action == LTR__DO_OPEN)
		return open_row(selected(graph));
	ltr__list_act(&graph->list, action, line);
	return (struct ltr__want){0};
}

/* Goroutines are found by what is known of them, objects by those who wait on them. */
static bool graph_search(struct ltr__view *view, struct ltr__scene *scene, bool forward)
{
	struct graph_view *graph = graph_of(view);
	struct ltr__list_search search = ltr__list_search_begin(&graph->list, forward);

	for (size_t i = 0; i < graph->list.shown.count; i++) {
		const struct ltr__row *row = &graph->list.shown.rows[i];
		const struct ltr_goroutine *goroutine =
			ltr__moment_find(&scene->moment, graph->graph.rows[row->text].id);

		if (goroutine && ltr__filter_lets(scene->search, &scene->moment, goroutine))
			ltr__list_search_offer(&search, *row);
	}
	return ltr__list_search_end(&search);
}

static void graph_title(struct ltr__view *view, struct ltr__scene *scene, char *ret_text,
			size_t size)
{
	const struct ltr__knots *graph = &graph_of(view)->graph;

	(void)scene;
	if (graph->cycles)
		snprintf(ret_text, size, "who waits for whom, %zu cycle%s", graph->cycles,
			 graph->cycles == 1 ? "" : "s");
	else
		snprintf(ret_text, size, "who waits for whom");
}

static void graph_place(struct ltr__view *view, char *ret_text, size_t size)
{
	ltr__say_place(&graph_of(view)->list, ret_text, size);
}

const struct ltr__view_kind ltr__view_graph = {
	.name = "graph",
	.where = LTR__IN_GRAPH,
	.open = graph_open,
	.close = graph_close,
	.begin = graph_begin,
	.take = graph_take,
	.end = graph_end,
	.draw = graph_draw,
	.act = graph_act,
	.title = graph_title,
	.place = graph_place,
	.search = graph_search,
};
