/* SPDX-License-Identifier: MIT */
/*
 * Why a goroutine does not move, and whether it ever will: along the locks, and by what was found.
 */
#include <inttypes.h>

#include "goroutine_facts.h"

#define CHAIN_SHOWN 8 /* who wait for each other */

/* From whom to whom; `last` waits for no lock, unless it is a circle, or there are more. */
struct chain {
	uint64_t ids[CHAIN_SHOWN];
	size_t count;
	bool is_circle;
	bool has_more;
};

static uint64_t holder_of_id(const struct ltr__scene *scene, uint64_t id)
{
	const struct ltr_goroutine *goroutine = ltr__moment_find(&scene->moment, id);

	return goroutine ? ltr__holder_of(scene, goroutine) : 0;
}

static bool has(const struct chain *chain, uint64_t id)
{
	for (size_t i = 0; i < chain->count; i++) {
		if (chain->ids[i] == id)
			return true;
	}
	return false;
}

static struct chain chain_of(const struct ltr__scene *scene, const struct ltr_goroutine *goroutine)
{
	struct chain chain = {0};
	uint64_t id = ltr__holder_of(scene, goroutine);

	while (id && chain.count < CHAIN_SHOWN && id != goroutine->id && !has(&chain, id)) {
		chain.ids[chain.count++] = id;
		id = holder_of_id(scene, id);
	}
	chain.is_circle = id && (id == goroutine->id || has(&chain, id));
	chain.has_more = id && !chain.is_circle;
	return chain;
}

/*
 * Whether it waits for ever. Who holds a lock is as old as the last reading of the program, and
 * what they wait for is as of this moment: a chain of both proves nothing, so only a judge's word
 * counts.
 */
static bool waits_for_ever(const struct ltr__scene *scene, uint64_t id)
{
	const struct ltr_tui_findings *findings = scene->findings;

	for (size_t i = 0; findings && i < findings->count; i++) {
		if (findings->findings[i].is_serious &&
		    ltr__finding_has(&findings->findings[i], id))
			return true;
	}
	return false;
}

/* What the one at the end of it does: all the others wait for that. */
static void draw_root(struct ltr__pen *pen, int x, const struct ltr__scene *scene, uint64_t id,
		      bool is_found)
{
	const struct ltr_goroutine *root = ltr__moment_find(&scene->moment, id);
	uint64_t age_ns = root ? ltr__moment_age(&scene->moment, root) : 0;
	struct ltr__area area = pen->area;

	if (!root) {
		ltr__text(area, x, pen->y, area.width - x,
			  is_found ? LTR__STYLE_WARNING : LTR__STYLE_DIM,
			  is_found ? "has ended and can release nothing" : "has ended");
		return;
	}
	x += ltr__textf(area, x, pen->y, area.width - x, LTR__STYLE_NORMAL, "is in %s",
			root->reason ? ltr_reason_name(root->reason) : ltr_state_name(root->state));
	if (age_ns)
		ltr__textf(area, x, pen->y, area.width - x, LTR__STYLE_NORMAL, " for %s",
			   ltr__words_duration(age_ns).text);
}

/* All between the first and the end of it. */
static void draw_links(struct ltr__pen *pen, const struct chain *chain, const char *waits)
{
	struct ltr__area area = pen->area;
	int x = LTR__FACTS_AT;

	if (chain->count < 2)
		return;
	x += ltr__textf(area, x, pen->y, area.width - x, LTR__STYLE_DIM, "which %s ", waits);
	for (size_t i = 1; i < chain->count; i++)
		x += ltr__textf(area, x, pen->y, area.width - x, LTR__STYLE_NORMAL,
				i == 1 ? "for %" PRIu64 : ", that for %" PRIu64, chain->ids[i]);
	pen->y++;
}

/* A line of its own, which the links cannot push off the screen. */
static void draw_end(struct ltr__pen *pen, const struct ltr__scene *scene,
		     const struct chain *chain, bool is_found)
{
	uint64_t last = chain->ids[chain->count - 1];
	const char *waits = is_found ? "waits" : "waited";
	struct ltr__area area = pen->area;
	int x = LTR__FACTS_AT;

	if (!is_found && chain->count == 1 && !ltr__moment_find(&scene->moment, last))
		return; /* the line above says that it has ended */
	if (chain->count == 1)
		x += ltr__text(area, x, pen->y, area.width - x, LTR__STYLE_DIM, "which ");
	else if (is_found && !chain->is_circle && !chain->has_more)
		x += ltr__textf(area, x, pen->y, area.width - x, LTR__STYLE_NORMAL,
				"all wait for %" PRIu64 ", which ", last);
	else
		x += ltr__textf(area, x, pen->y, area.width - x, LTR__STYLE_DIM,
				"the last, %" PRIu64 ", ", last);
	if (chain->is_circle)
		ltr__textf(area, x, pen->y, area.width - x,
			   is_found ? LTR__STYLE_WARNING : LTR__STYLE_NORMAL,
			   "%s for one of these%s", waits, is_found ? ": a circle" : "");
	else if (chain->has_more)
		ltr__textf(area, x, pen->y, area.width - x, LTR__STYLE_NORMAL,
			   "%s for others, and so on", waits);
	else
		draw_root(pen, x, scene, last, is_found);
	pen->y++;
}

void ltr__draw_chain(struct ltr__pen *pen, const struct ltr__scene *scene,
		     const struct ltr_goroutine *goroutine)
{
	struct chain chain = chain_of(scene, goroutine);
	bool found = waits_for_ever(scene, goroutine->id);
	struct ltr__area area = pen->area;
	int x = LTR__FACTS_AT;

	if (!ltr__holder_of(scene, goroutine))
		return;
	ltr__draw_fact(pen, "held by");
	if (!chain.count && found) {
		ltr__text(area, x, pen->y++, area.width - x, LTR__STYLE_WARNING,
			  "itself: it waits for what only it can release");
		return;
	}
	x += chain.count ? ltr__draw_goroutine(area, x, pen->y, scene, chain.ids[0])
			 : ltr__text(area, x, pen->y, area.width - x, LTR__STYLE_NORMAL, "itself");
	ltr__text(area, x, pen->y++, area.width - x, LTR__STYLE_DIM, " when it was read last");
	if (!chain.count)
		return;
	draw_links(pen, &chain, found ? "waits" : "waited");
	draw_end(pen, scene, &chain, found);
}

void ltr__draw_found(struct ltr__pen *pen, const struct ltr__scene *scene, uint64_t id)
{
	const struct ltr_tui_findings *findings = scene->findings;
	int x = LTR__FACTS_AT;

	for (size_t i = 0; findings && i < findings->count; i++) {
		const struct ltr_tui_finding *finding = &findings->findings[i];

		if (!ltr__finding_has(finding, id))
			continue;
		ltr__draw_fact(pen, "found");
		x += ltr__text(pen->area, x, pen->y, pen->area.width - x,
			       ltr__finding_style(finding), finding->grade);
		if (finding->count > 1)
			x += ltr__textf(pen->area, x, pen->y, pen->area.width - x,
					LTR__STYLE_NORMAL, ", with %s other%s",
					ltr__words_count(finding->count - 1).text,
					finding->count == 2 ? "" : "s");
		ltr__text(pen->area, x, pen->y++, pen->area.width - x, LTR__STYLE_DIM,
			  ": 7 says why, and what to do");
		return;
	}
}
