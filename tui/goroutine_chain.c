/* SPDX-License-Identifier: MIT */
/* Why a goroutine does not move, and whether it ever will: along the locks, and by what was found. */
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

/* What the one at the end of it does: all the others wait for that. */
static int draw_root(struct ltr__pen *pen, int x, const struct ltr__scene *scene, uint64_t id)
{
	const struct ltr_goroutine *root = ltr__moment_find(&scene->moment, id);
	uint64_t age_ns = root ? ltr__moment_age(&scene->moment, root) : 0;
	int start = x;

	if (!root)
		return ltr__text(pen->area, x, pen->y, pen->area.width - x, LTR__STYLE_WARNING,
				 "has ended and can release nothing");
	x += ltr__textf(pen->area, x, pen->y, pen->area.width - x, LTR__STYLE_NORMAL, "is in %s",
			root->reason ? ltr_reason_name(root->reason) : ltr_state_name(root->state));
	if (age_ns)
		x += ltr__textf(pen->area, x, pen->y, pen->area.width - x, LTR__STYLE_NORMAL,
				" for %s", ltr__words_duration(age_ns).text);
	return x - start;
}

void ltr__draw_chain(struct ltr__pen *pen, const struct ltr__scene *scene,
		     const struct ltr_goroutine *goroutine)
{
	struct chain chain = chain_of(scene, goroutine);
	struct ltr__area area = pen->area;
	int x = LTR__FACTS_AT;

	if (!ltr__holder_of(scene, goroutine))
		return;
	ltr__draw_fact(pen, "held by");
	if (!chain.count) {
		ltr__text(area, x, pen->y++, area.width - x, LTR__STYLE_WARNING,
			  "itself: it waits for what only it can release");
		return;
	}
	x += ltr__draw_goroutine(area, x, pen->y, scene, chain.ids[0]);
	ltr__text(area, x, pen->y++, area.width - x, LTR__STYLE_DIM, " when it was read last");
	x = LTR__FACTS_AT;
	x += ltr__text(area, x, pen->y, area.width - x, LTR__STYLE_DIM, "which ");
	for (size_t i = 1; i < chain.count; i++)
		x += ltr__textf(area, x, pen->y, area.width - x, LTR__STYLE_NORMAL,
				i == 1 ? "waits for %" PRIu64 : ", that for %" PRIu64,
				chain.ids[i]);
	if (chain.is_circle)
		ltr__textf(area, x, pen->y, area.width - x, LTR__STYLE_WARNING,
			   "%sfor one of these: a circle", chain.count == 1 ? "waits " : ", that ");
	else if (chain.has_more)
		ltr__text(area, x, pen->y, area.width - x, LTR__STYLE_NORMAL, " and so on");
	else {
		if (chain.count > 1)
			x += ltr__text(area, x, pen->y, area.width - x, LTR__STYLE_DIM, "; that ");
		draw_root(pen, x, scene, chain.ids[chain.count - 1]);
	}
	pen->y++;
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
