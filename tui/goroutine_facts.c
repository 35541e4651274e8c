/* SPDX-License-Identifier: MIT */
/* What is told of one goroutine line by line: what it waits on, its thread, where it comes from. */
#include "goroutine_facts.h"

#include <inttypes.h>

#include "object_facts.h"

#define CASES_SHOWN 8

void ltr__draw_fact(struct ltr__pen *pen, const char *name)
{
	ltr__text(pen->area, 1, pen->y, LTR__FACTS_AT - 2, LTR__STYLE_DIM, name);
}

int ltr__draw_goroutine(struct ltr__area area, int x, int y, const struct ltr__scene *scene,
			uint64_t id)
{
	const struct ltr_goroutine *goroutine = ltr__moment_find(&scene->moment, id);
	int start = x;

	x += ltr__textf(area, x, y, area.width - x, LTR__STYLE_NORMAL, "goroutine %" PRIu64, id);
	if (!goroutine)
		return x + ltr__text(area, x, y, area.width - x, LTR__STYLE_DIM, " (ended)") -
		       start;
	if (goroutine->name)
		x += 1 + ltr__text(area, x + 1, y, area.width - x - 1, LTR__STYLE_STRONG,
				   ltr_census_string(scene->moment.census, goroutine->name));
	else if (goroutine->flags & LTR_IS_MAIN)
		x += 1 + ltr__text(area, x + 1, y, area.width - x - 1, LTR__STYLE_DIM, "main");
	return x - start;
}

uint64_t ltr__holder_of(const struct ltr__scene *scene, const struct ltr_goroutine *goroutine)
{
	const struct ltr_lock *lock = NULL;
	struct ltr__trait object;

	if (ltr__object_of(goroutine, &object))
		lock = ltr__lock_at(&scene->moment, &object);
	return lock ? lock->owner_id : 0;
}

/* Returns where the line goes on. */
static int draw_descriptor(struct ltr__pen *pen, const struct ltr__scene *scene,
			   const struct ltr_goroutine *goroutine)
{
	struct ltr__area area = pen->area;
	struct ltr_census_socket socket;
	int x = LTR__FACTS_AT;

	x += ltr__textf(area, x, pen->y, area.width - x, LTR__STYLE_NORMAL,
			"file descriptor %" PRIu64, goroutine->object);
	if (!ltr_census_socket(scene->moment.census, goroutine, &socket)) {
		const char *reason = ltr__moment_info(&scene->moment)->sockets_reason;

		if (reason[0])
			x += ltr__textf(area, x, pen->y, area.width - x, LTR__STYLE_DIM,
					" (its addresses are not known: %s)", reason);
		return x;
	}
	if (socket.local[0])
		x += ltr__textf(area, x, pen->y, area.width - x, LTR__STYLE_DIM, " at %s",
				socket.local);
	if (socket.peer[0])
		x += ltr__textf(area, x, pen->y, area.width - x, LTR__STYLE_NORMAL, " from %s",
				socket.peer);
	return x;
}

static void draw_object(struct ltr__pen *pen, const struct ltr__scene *scene,
			const struct ltr_goroutine *goroutine, uint64_t sharing)
{
	struct ltr__trait object;
	int x = LTR__FACTS_AT;

	if (!ltr__object_of(goroutine, &object))
		return;
	ltr__draw_fact(pen, "waits on");
	if (object.kind == LTR__TRAIT_FILE)
		x = draw_descriptor(pen, scene, goroutine);
	else
		x += ltr__textf(pen->area, x, pen->y, pen->area.width - x, LTR__STYLE_NORMAL,
				"%s 0x%" PRIx64,
				ltr_object_words(ltr_census_object_kind(goroutine->reason))->kind,
				goroutine->object);
	if (sharing)
		ltr__textf(pen->area, x, pen->y, pen->area.width - x, LTR__STYLE_DIM,
			   ", with %s other%s", ltr__words_count(sharing).text,
			   sharing == 1 ? "" : "s");
	pen->y++;
}

/* Where a call is, behind a word for it. Returns the columns. */
static int draw_call(const struct ltr__pen *pen, int x, const struct ltr_census *census,
		     const char *word, uint64_t pc)
{
	struct ltr__place place = ltr__place_of_symbol(ltr_census_call_place(census, pc), pc);
	int start = x;

	x += ltr__text(pen->area, x, pen->y, pen->area.width - x, LTR__STYLE_DIM, word);
	x += ltr__draw_place(pen->area, x, pen->y, pen->area.width - x, &place);
	return x - start;
}

static void draw_comer(struct ltr__pen *pen, const struct ltr__scene *scene,
		       struct ltr__came_last last, uint64_t self_id)
{
	struct ltr__area area = pen->area;
	int x = LTR__FACTS_AT;

	if (!last.verb || last.id == self_id)
		return;
	ltr__draw_fact(pen, "");
	x += ltr__textf(area, x, pen->y, area.width - x, LTR__STYLE_DIM, "last to %s: ", last.verb);
	if (last.id)
		x += ltr__draw_goroutine(area, x, pen->y, scene, last.id);
	else
		x += ltr__text(area, x, pen->y, area.width - x, LTR__STYLE_NORMAL, "nobody, ever");
	if (last.id && last.pc)
		draw_call(pen, x, scene->moment.census, " at ", last.pc);
	pen->y++;
}

/* The cases of a select, a line each, and who should come to it. */
static void draw_cases(struct ltr__pen *pen, const struct ltr__scene *scene,
		       const struct ltr_goroutine *goroutine)
{
	const struct ltr_census *census = scene->moment.census;
	struct ltr_select_case cases[CASES_SHOWN];
	struct ltr_object objects[CASES_SHOWN];
	size_t count = ltr_census_cases_now(census, goroutine, cases, objects, CASES_SHOWN);
	struct ltr__area area = pen->area;

	for (size_t i = 0; i < count; i++) {
		uint64_t made = ltr_census_made_pc(census, &objects[i]);
		int x = LTR__FACTS_AT;

		ltr__draw_fact(pen, i ? "" : "waits on");
		x += ltr__textf(area, x, pen->y, area.width - x, LTR__STYLE_NORMAL,
				"case %u %s channel 0x%" PRIx64 "  ", cases[i].index,
				cases[i].receives ? "receives from" : "sends to", cases[i].address);
		x += ltr__textf(area, x, pen->y, area.width - x,
				objects[i].closed ? LTR__STYLE_WARNING : LTR__STYLE_NORMAL, "%s ",
				ltr__object_fill(&objects[i]).text);
		if (made)
			draw_call(pen, x, census, "made at ", made);
		pen->y++;
		if (objects[i].kind)
			draw_comer(pen, scene,
				   ltr__object_came_last(census, &objects[i],
							 cases[i].receives ? LTR_REASON_CHAN_RECEIVE
									   : LTR_REASON_CHAN_SEND,
							 true),
				   goroutine->id);
	}
}

/* What the object says of itself. */
static void draw_object_facts(struct ltr__pen *pen, const struct ltr__scene *scene,
			      const struct ltr_goroutine *goroutine)
{
	const struct ltr_census *census = scene->moment.census;
	struct ltr__area area = pen->area;
	struct ltr_object object;
	uint64_t made;
	int x = LTR__FACTS_AT;

	if (!ltr_census_object_now(census, goroutine, &object))
		return;
	made = ltr_census_made_pc(census, &object);
	if (made || object.counted) {
		ltr__draw_fact(pen, "");
		if (made) {
			x += draw_call(pen, x, census,
				       object.made_pc ? "made at " : "first used at ", made);
			x += ltr__text(area, x, pen->y, area.width - x, LTR__STYLE_DIM, "  ");
		}
		ltr__text(area, x, pen->y++, area.width - x,
			  object.closed ? LTR__STYLE_WARNING : LTR__STYLE_NORMAL,
			  ltr__object_fill(&object).text);
	}
	for (int others = 1; others >= 0; others--)
		draw_comer(pen, scene,
			   ltr__object_came_last(census, &object, goroutine->reason, others),
			   goroutine->id);
}

/* Why nothing is known of it, if that is so of all. */
static void draw_no_thread(struct ltr__pen *pen, const struct ltr__scene *scene,
			   const struct ltr_goroutine *goroutine)
{
	const char *reason = ltr__moment_info(&scene->moment)->threads_reason;

	if (!reason[0] || ltr_census_thread_count(scene->moment.census) > 0 ||
	    (goroutine->state != LTR_STATE_RUNNING && goroutine->state != LTR_STATE_SYSCALL))
		return;
	ltr__draw_fact(pen, "thread");
	ltr__textf(pen->area, LTR__FACTS_AT, pen->y++, pen->area.width - LTR__FACTS_AT,
		   LTR__STYLE_DIM, "not known: %s", reason);
}

/* What the kernel says of the thread that it is on. */
static void draw_thread(struct ltr__pen *pen, const struct ltr__scene *scene,
			const struct ltr_goroutine *goroutine)
{
	const struct ltr_census *census = scene->moment.census;
	const struct ltr_thread *thread = ltr_census_thread_of(census, goroutine);
	uint64_t now = ltr__moment_info(&scene->moment)->now_ns;
	const char *call;
	int x = LTR__FACTS_AT;

	if (!thread) {
		draw_no_thread(pen, scene, goroutine);
		return;
	}
	call = ltr_census_string(census, thread->call_name);
	ltr__draw_fact(pen, "thread");
	x += ltr__textf(pen->area, x, pen->y, pen->area.width - x, LTR__STYLE_NORMAL,
			"%" PRIu32 " %s", thread->tid, ltr_thread_state_name(thread->state));
	if (thread->since_ns && thread->since_ns <= now)
		x += ltr__textf(pen->area, x, pen->y, pen->area.width - x, LTR__STYLE_DIM,
				" for %s", ltr__words_duration(now - thread->since_ns).text);
	if (call[0]) {
		x += ltr__text(pen->area, x, pen->y, pen->area.width - x, LTR__STYLE_DIM, " in ");
		ltr__text(pen->area, x, pen->y, pen->area.width - x, LTR__STYLE_STRONG, call);
	}
	pen->y++;
}

static void draw_labels(struct ltr__pen *pen, const struct ltr_census *census, uint32_t labels)
{
	size_t count;
	const struct ltr_census_label *label = ltr_census_labels(census, labels, &count);

	if (!label || !count)
		return;
	ltr__draw_fact(pen, "labels");
	for (size_t i = 0; i < count; i++)
		ltr__textf(pen->area, LTR__FACTS_AT, pen->y++, pen->area.width - LTR__FACTS_AT,
			   LTR__STYLE_NORMAL, "%s=%s", ltr_census_string(census, label[i].key),
			   ltr_census_string(census, label[i].value));
}

static void draw_origin(struct ltr__pen *pen, const struct ltr__scene *scene,
			const struct ltr_goroutine *goroutine)
{
	uint64_t now = ltr__moment_info(&scene->moment)->now_ns;
	int x = LTR__FACTS_AT;

	ltr__draw_fact(pen, "created");
	if (goroutine->created_ns && goroutine->created_ns <= now)
		x += ltr__textf(pen->area, x, pen->y, pen->area.width - x, LTR__STYLE_NORMAL,
				"%s ago ", ltr__words_duration(now - goroutine->created_ns).text);
	if (goroutine->parent_id) {
		x += ltr__text(pen->area, x, pen->y, pen->area.width - x, LTR__STYLE_DIM, "by ");
		ltr__draw_goroutine(pen->area, x, pen->y, scene, goroutine->parent_id);
	} else {
		ltr__text(pen->area, x, pen->y, pen->area.width - x, LTR__STYLE_DIM,
			  "by no goroutine");
	}
	pen->y++;
	if (goroutine->waker_id) {
		ltr__draw_fact(pen, "woken by");
		ltr__draw_goroutine(pen->area, LTR__FACTS_AT, pen->y++, scene, goroutine->waker_id);
	}
}

void ltr__draw_facts(struct ltr__pen *pen, const struct ltr__scene *scene,
		     const struct ltr_goroutine *goroutine, uint64_t sharing, uint64_t children)
{
	draw_object(pen, scene, goroutine, sharing);
	draw_object_facts(pen, scene, goroutine);
	draw_cases(pen, scene, goroutine);
	ltr__draw_chain(pen, scene, goroutine);
	ltr__draw_found(pen, scene, goroutine->id);
	draw_thread(pen, scene, goroutine);
	draw_origin(pen, scene, goroutine);
	if (goroutine->flags & (LTR_IS_MAIN | LTR_IS_DAEMON)) {
		ltr__draw_fact(pen, "is");
		ltr__textf(pen->area, LTR__FACTS_AT, pen->y++, pen->area.width - LTR__FACTS_AT,
			   LTR__STYLE_NORMAL, "%s%s",
			   goroutine->flags & LTR_IS_MAIN ? "the main goroutine " : "",
			   goroutine->flags & LTR_IS_DAEMON ? "declared to live for ever" : "");
	}
	if (children) {
		ltr__draw_fact(pen, "children");
		ltr__textf(pen->area, LTR__FACTS_AT, pen->y++, pen->area.width - LTR__FACTS_AT,
			   LTR__STYLE_NORMAL, "%s that live%s", ltr__words_count(children).text,
			   children == 1 ? "s" : "");
	}
	ltr__draw_fact(pen, "moves");
	ltr__textf(pen->area, LTR__FACTS_AT, pen->y++, pen->area.width - LTR__FACTS_AT,
		   LTR__STYLE_NORMAL, "%s changes of state",
		   ltr__words_count(goroutine->transitions).text);
	draw_labels(pen, scene->moment.census, goroutine->labels);
}
