/* SPDX-License-Identifier: MIT */
/*
 * The columns of groups.
 */
#include "group_columns.h"

#include <inttypes.h>
#include <stdio.h>

#include "chart.h"

static const struct ltr__group *group_of(const void *item)
{
	return ((const struct ltr__group_item *)item)->group;
}

static const struct ltr__tally *tally_of(const void *item)
{
	return &group_of(item)->shown;
}

static uint64_t count_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	const struct ltr__group *group = item;

	(void)scene;
	(void)ret_text;
	return group->shown.count;
}

static void count_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	(void)scene;
	ltr__text_right(area, 0, 0, area.width, LTR__STYLE_STRONG,
			ltr__words_count(tally_of(item)->count).text);
}

/* How much of everything that was counted. */
static void share_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	const struct ltr__group_item *of = item;

	(void)scene;
	ltr__bar(area, 0, 0, area.width, ltr__state_style(of->group->shown.state),
		 of->group->shown.count, of->groups->total);
}

static int64_t growth_of(const struct ltr__group *group)
{
	return (int64_t)group->shown.count - group->marked;
}

static uint64_t growth_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	(void)scene;
	(void)ret_text;
	return (uint64_t)(growth_of(item) + INT64_C(0x100000000));
}

static void growth_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	int64_t growth = growth_of(group_of(item));
	struct ltr__words words = ltr__words_count((uint64_t)(growth < 0 ? -growth : growth));
	char text[64];

	(void)scene;
	snprintf(text, sizeof(text), "%s%s", growth > 0 ? "+" : growth < 0 ? "-" : "", words.text);
	ltr__text_right(area, 0, 0, area.width, growth > 0 ? LTR__STYLE_WARNING : LTR__STYLE_DIM,
			text);
}

/* Counts from the mark until now, the highest fills a cell. */
static void past_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	const struct ltr__group_item *of = item;
	double values[LTR__GROUP_SAMPLES];
	unsigned count = of->groups->ticks;

	(void)scene;
	if (count > LTR__GROUP_SAMPLES)
		count = LTR__GROUP_SAMPLES;
	for (unsigned i = 0; i < count; i++)
		values[i] = of->group->samples[i];
	ltr__spark(area, 0, 0, area.width, ltr__state_style(of->group->shown.state), values,
		   (int)count, 0);
}

static uint64_t oldest_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	const struct ltr__group *group = item;

	(void)scene;
	(void)ret_text;
	return UINT64_MAX - group->shown.oldest_ns;
}

static void oldest_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	const struct ltr__tally *tally = tally_of(item);
	struct ltr_goroutine oldest = {
		.since_ns = tally->oldest_ns == UINT64_MAX ? 0 : tally->oldest_ns,
		.flags = tally->is_exact ? LTR_SINCE_EXACT : 0,
	};

	ltr__text_right(area, 0, 0, area.width, LTR__STYLE_NORMAL,
			ltr__words_age(&scene->moment, &oldest).text);
}

static uint64_t state_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	const struct ltr__group *group = item;

	(void)scene;
	(void)ret_text;
	return (uint64_t)group->shown.state << 8 | group->shown.reason;
}

/* The reason if they all have the same, else their state, else how many are in which. */
static void state_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	const struct ltr__tally *tally = tally_of(item);
	int x = 0;

	(void)scene;
	if (tally->state < LTR_STATE_COUNT) {
		bool has_reason = tally->reason && tally->reason < LTR_REASON_COUNT;

		ltr__text(area, 0, 0, area.width, ltr__state_style(tally->state),
			  has_reason ? ltr_reason_name(tally->reason)
				     : ltr_state_name(tally->state));
		return;
	}
	for (unsigned state = 0; state < LTR_STATE_COUNT && x < area.width; state++) {
		if (!tally->by_state[state])
			continue;
		x += ltr__textf(area, x, 0, area.width - x, ltr__state_style((uint8_t)state),
				"%s %s", ltr__words_short_count(tally->by_state[state]).text,
				ltr_state_name((uint8_t)state));
		x++;
	}
}

/*
 * Who called the function where they wait, outwards: at most `most` of them. Returns the columns.
 */
static int draw_callers(const struct ltr__scene *scene, uint32_t stack, int most,
			struct ltr__area area)
{
	const struct ltr_census *census = scene->moment.census;
	size_t depth;
	const uint64_t *pcs = ltr_census_stack(census, stack, &depth);
	int x = 0;

	for (size_t i = ltr_census_first_frame(census, stack) + 1; pcs && i < depth && most; i++) {
		const struct ltr_symbol *symbol = ltr_census_call_symbol(census, pcs[i]);

		if (symbol->is_runtime || !symbol->function[0])
			continue;
		if (x)
			x += ltr__text(area, x, 0, area.width - x, LTR__STYLE_DIM, " ← ");
		x += ltr__text(area, x, 0, area.width - x, LTR__STYLE_DIM, symbol->function);
		if (x >= area.width)
			break;
		most--;
	}
	return x;
}

static bool has_callers(const struct ltr_census *census, uint32_t stack)
{
	size_t depth;
	const uint64_t *pcs = ltr_census_stack(census, stack, &depth);

	for (size_t i = ltr_census_first_frame(census, stack) + 1; pcs && i < depth; i++) {
		if (!ltr_census_call_symbol(census, pcs[i])->is_runtime)
			return true;
	}
	return false;
}

/* A way to the place where they wait: by its next function. */
static void draw_way(const struct ltr__scene *scene, uint32_t stack, struct ltr__area area)
{
	if (!has_callers(scene->moment.census, stack)) {
		ltr__text(area, 0, 0, area.width, LTR__STYLE_DIM, "where they began");
		return;
	}
	ltr__text(area, 0, 0, area.width, LTR__STYLE_DIM, "called by ");
	area = ltr__area_part(area, 10, 0, area.width - 10, 1);
	if (!draw_callers(scene, stack, 1, area))
		ltr__text(area, 0, 0, area.width, LTR__STYLE_DIM, "(not known)");
}

static void callers_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	const struct ltr__group *group = group_of(item);

	if (group->trait.kind == LTR__TRAIT_PLACE && group->children > 1)
		ltr__textf(area, 0, 0, area.width, LTR__STYLE_DIM, "%" PRIu32 " ways%s",
			   group->children, group->is_open ? "" : ", + shows them");
	else if (group->stack)
		draw_callers(scene, group->stack, 64, area);
}

static struct ltr__place place_of(const struct ltr_census *census, const struct ltr__trait *trait)
{
	if (trait->kind == LTR__TRAIT_SITE)
		return ltr__place_of_site(census, (uint32_t)trait->value);
	return ltr__place_of_symbol(ltr_census_call_symbol(census, trait->value), trait->value);
}

static void draw_trait(const struct ltr__scene *scene, const struct ltr__group *group,
		       struct ltr__area area, bool is_by_stack)
{
	const struct ltr_census *census = scene->moment.census;
	const struct ltr__trait *trait = &group->trait;
	struct ltr__place place;

	switch (trait->kind) {
	case LTR__TRAIT_PLACE:
	case LTR__TRAIT_SITE:
		place = place_of(census, trait);
		if (trait->value)
			ltr__draw_place(area, 0, 0, area.width, &place);
		else
			ltr__text(area, 0, 0, area.width, LTR__STYLE_DIM, "(not known)");
		break;
	case LTR__TRAIT_STACK:
		draw_way(scene, group->stack, area);
		break;
	case LTR__TRAIT_KEY:
		ltr__text(area, 0, 0, area.width, LTR__STYLE_STRONG,
			  ltr_census_string(census, (uint32_t)trait->value));
		break;
	case LTR__TRAIT_LABEL:
		ltr__text(area, 0, 0, area.width, LTR__STYLE_NORMAL,
			  ltr_census_string(census, (uint32_t)trait->value));
		break;
	case LTR__TRAIT_STACKLESS:
		if (is_by_stack) {
			ltr__text(area, 0, 0, area.width, LTR__STYLE_DIM, "(no stack)");
			break;
		}
		__attribute__((fallthrough));
	case LTR__TRAIT_STATE:
		ltr__text(area, 0, 0, area.width, ltr__state_style((uint8_t)trait->value),
			  ltr_state_name((uint8_t)trait->value));
		break;
	case LTR__TRAIT_REASON:
		ltr__text(area, 0, 0, area.width, LTR__STYLE_NORMAL,
			  ltr_reason_name((uint8_t)trait->value));
		break;
	case LTR__TRAIT_UNLABELLED:
		ltr__text(area, 0, 0, area.width, LTR__STYLE_DIM, "(no labels)");
		break;
	default:
		ltr__text(area, 0, 0, area.width, LTR__STYLE_DIM, "(others)");
		break;
	}
}

/* What the group is, moved to the right below the one that it is in. */
static void what_draw(const struct ltr__scene *scene, const void *item, struct ltr__area area)
{
	const struct ltr__group_item *of = item;
	const struct ltr__group *group = of->group;
	bool is_by_stack = of->groups->by == LTR__BY_STACK;
	unsigned least = is_by_stack ? 1 : 0; /* one way to a place is told in its own row */
	int x = 2 * group->depth;

	if (group->children > least || (group->children && group->is_open))
		ltr__put(area, x, 0, LTR__STYLE_KEY, group->is_open ? '-' : '+');
	draw_trait(scene, group, ltr__area_part(area, x + 2, 0, area.width - x - 2, 1),
		   is_by_stack);
}

static uint64_t what_key(const struct ltr__scene *scene, const void *item, uint32_t *ret_text)
{
	const struct ltr_census *census = scene->moment.census;
	const struct ltr__group *group = item;
	uint64_t value = group->trait.value;

	(void)ret_text;
	switch (group->trait.kind) {
	case LTR__TRAIT_PLACE:
	case LTR__TRAIT_SITE:
		return ltr__list_text_key(place_of(census, &group->trait).function);
	case LTR__TRAIT_KEY:
	case LTR__TRAIT_LABEL:
		return ltr__list_text_key(ltr_census_string(census, (uint32_t)value));
	default:
		return value;
	}
}

/* name, heading, importance, least, wanted, share, extra, right, descending, key, text, draw */
#define COUNT_COLUMN                                                                         \
	{                                                                                    \
		"count", "COUNT", 1, 6, 9, 0, false, true, true, count_key, NULL, count_draw \
	}
#define GROWTH_COLUMN                                                                            \
	{                                                                                        \
		"growth", "GROWTH", 3, 7, 8, 0, false, true, true, growth_key, NULL, growth_draw \
	}
#define PAST_COLUMN                                                                       \
	{                                                                                 \
		"past", "SINCE MARK", 7, 11, 24, 0, false, false, true, growth_key, NULL, \
			past_draw                                                         \
	}
#define SHARE_COLUMN                                                                          \
	{                                                                                     \
		"share", "SHARE", 8, 5, 10, 0, true, false, true, count_key, NULL, share_draw \
	}
#define OLDEST_COLUMN                                                                            \
	{                                                                                        \
		"oldest", "OLDEST", 5, 7, 7, 0, false, true, true, oldest_key, NULL, oldest_draw \
	}
#define WHAT_COLUMN(heading)                                                                   \
	{                                                                                      \
		"where", heading, 2, 11, 36, 1, false, false, false, what_key, NULL, what_draw \
	}
#define STATES_COLUMN                                                                    \
	{                                                                                \
		"state", "THEY ARE", 4, 12, 30, 2, false, false, false, state_key, NULL, \
			state_draw                                                       \
	}

static const struct ltr__column stack_columns[] = {
	COUNT_COLUMN,
	GROWTH_COLUMN,
	PAST_COLUMN,
	SHARE_COLUMN,
	OLDEST_COLUMN,
	{"state", "WAITS FOR", 4, 19, 19, 0, false, false, false, state_key, NULL, state_draw},
	WHAT_COLUMN("WHERE"),
	{"callers", "CALLED BY", 6, 12, 30, 2, false, false, false, what_key, NULL, callers_draw},
};

static const struct ltr__column creator_columns[] = {
	COUNT_COLUMN,  GROWTH_COLUMN, PAST_COLUMN,
	SHARE_COLUMN,  OLDEST_COLUMN, WHAT_COLUMN("CREATED BY"),
	STATES_COLUMN,
};

static const struct ltr__column label_columns[] = {
	COUNT_COLUMN,  GROWTH_COLUMN,        PAST_COLUMN,   SHARE_COLUMN,
	OLDEST_COLUMN, WHAT_COLUMN("LABEL"), STATES_COLUMN,
};

static const struct ltr__column state_columns[] = {
	COUNT_COLUMN, GROWTH_COLUMN, PAST_COLUMN, SHARE_COLUMN, OLDEST_COLUMN, WHAT_COLUMN("STATE"),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void ltr__group_table(enum ltr__group_by by, struct ltr__table *ret_table)
{
	static const struct ltr__table tables[LTR__GROUP_BY_COUNT] = {
		[LTR__BY_STACK] = {.columns = stack_columns, .count = COUNT(stack_columns)},
		[LTR__BY_CREATOR] = {.columns = creator_columns, .count = COUNT(creator_columns)},
		[LTR__BY_LABEL] = {.columns = label_columns, .count = COUNT(label_columns)},
		[LTR__BY_STATE] = {.columns = state_columns, .count = COUNT(state_columns)},
	};

	*ret_table = tables[by];
}
