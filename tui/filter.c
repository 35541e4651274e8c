/* SPDX-License-Identifier: MIT */
/*
 * The filter: the test of a goroutine against parsed terms (filter_parse.c makes them). Each term
 * remembers its verdicts by number, see remembered(): the numbers of a census mean the same for ever.
 */
#include "filter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter_term.h"
#include "wording.h"

/* Numbers are small and dense; one beyond this is decided each time. */
#define MEMO_MAX (1u << 26)

enum { UNDECIDED = 0, NO = 1, YES = 2 };

static uint8_t *memo_slot(struct ltr__memo *memo, uint32_t number)
{
	uint32_t capacity = memo->capacity ? memo->capacity : 256;
	uint8_t *verdicts;

	if (number < memo->capacity)
		return &memo->verdicts[number];
	if (number >= MEMO_MAX)
		return NULL;
	while (capacity <= number)
		capacity *= 2;
	verdicts = realloc(memo->verdicts, capacity);
	if (!verdicts)
		return NULL;
	memset(verdicts + memo->capacity, UNDECIDED, capacity - memo->capacity);
	memo->verdicts = verdicts;
	memo->capacity = capacity;
	return &verdicts[number];
}

typedef bool decide_function(const struct ltr__term *term, const struct ltr_census *census,
			     uint32_t number);

/* The verdict about a number that is not 0. */
static bool remembered(struct ltr__term *term, enum ltr__memo_of of,
		       const struct ltr_census *census, uint32_t number, decide_function *decide)
{
	uint8_t *slot;

	if (!number)
		return false;
	slot = memo_slot(&term->memos[of], number);
	if (!slot)
		return decide(term, census, number);
	if (*slot == UNDECIDED)
		*slot = decide(term, census, number) ? YES : NO;
	return *slot == YES;
}

/* `bit` may be any number that a program or a file claims. */
static bool has(uint64_t set, unsigned bit)
{
	return bit < 64 && (set >> bit & 1);
}

bool ltr__contains(const char *text, const char *part)
{
	return strcasestr(text, part) != NULL;
}

/* Whether one of the term's values is part of `text`. */
static bool any_in(const struct ltr__term *term, const char *text)
{
	for (size_t i = 0; i < term->value_count; i++) {
		if (ltr__contains(text, term->values[i]))
			return true;
	}
	return false;
}

static bool place_matches(const struct ltr__term *term, const struct ltr__place *place)
{
	char line[320];

	if (any_in(term, place->function))
		return true;
	snprintf(line, sizeof(line), "%s:%" PRIu32, place->file, place->line);
	return place->file[0] && any_in(term, line);
}

static bool decide_name(const struct ltr__term *term, const struct ltr_census *census,
			uint32_t number)
{
	return any_in(term, ltr_census_string(census, number));
}

static bool decide_site(const struct ltr__term *term, const struct ltr_census *census,
			uint32_t number)
{
	struct ltr__place place = ltr__place_of_site(census, number);

	return place_matches(term, &place);
}

static bool decide_where(const struct ltr__term *term, const struct ltr_census *census,
			 uint32_t number)
{
	struct ltr__place place = ltr__place_of_stack(census, number);

	return place_matches(term, &place);
}

static bool decide_function_on_stack(const struct ltr__term *term, const struct ltr_census *census,
				     uint32_t number)
{
	size_t depth;
	const uint64_t *pcs = ltr_census_stack(census, number, &depth);

	for (size_t i = 0; pcs && i < depth; i++) {
		const struct ltr_symbol *symbol = ltr_census_call_symbol(census, pcs[i]);

		for (int inlined = 0; symbol && inlined < 64; inlined++, symbol = symbol->outer) {
			if (any_in(term, symbol->function))
				return true;
		}
	}
	return false;
}

static bool decide_labels(const struct ltr__term *term, const struct ltr_census *census,
			  uint32_t number)
{
	size_t count;
	const struct ltr_census_label *label = ltr_census_labels(census, number, &count);

	for (size_t i = 0; label && i < count; i++) {
		const char *key = ltr_census_string(census, label[i].key);
		const char *value = ltr_census_string(census, label[i].value);

		if (term->field == LTR__FIELD_TEXT && (any_in(term, key) || any_in(term, value)))
			return true;
		if (term->field == LTR__FIELD_LABEL && !strcmp(key, term->values[0]) &&
		    (term->value_count < 2 || ltr__contains(value, term->values[1])))
			return true;
	}
	return false;
}

static bool number_is_one_of(const struct ltr__term *term, uint64_t number)
{
	for (size_t i = 0; i < term->value_count; i++) {
		if (term->numbers[i] == number)
			return true;
	}
	return false;
}

static bool compares(const struct ltr__term *term, uint64_t value)
{
	switch (term->comparison) {
	case LTR__LESS:
		return value < term->numbers[0];
	case LTR__LESS_OR_EQUAL:
		return value <= term->numbers[0];
	case LTR__GREATER_OR_EQUAL:
		return value >= term->numbers[0];
	default:
		return value > term->numbers[0];
	}
}

static bool age_matches(const struct ltr__term *term, const struct ltr__moment *moment,
			const struct ltr_goroutine *goroutine)
{
	return goroutine->since_ns && compares(term, ltr__moment_age(moment, goroutine));
}

/* What is not known is not compared. */
static bool life_matches(const struct ltr__term *term, const struct ltr__moment *moment,
			 const struct ltr_goroutine *goroutine)
{
	uint64_t now = ltr__moment_info(moment)->now_ns;
	uint64_t created = goroutine->created_ns;

	return created && compares(term, now > created ? now - created : 0);
}

static bool where_matches(struct ltr__term *term, const struct ltr_census *census,
			  const struct ltr_goroutine *goroutine)
{
	struct ltr__place place;

	if (goroutine->stack)
		return remembered(term, LTR__MEMO_WHERE, census, goroutine->stack, decide_where);
	place = ltr__place_of(census, goroutine);
	return place_matches(term, &place);
}

static bool creator_matches(struct ltr__term *term, const struct ltr_census *census,
			    const struct ltr_goroutine *goroutine)
{
	struct ltr__place place;

	if (goroutine->site)
		return remembered(term, LTR__MEMO_SITE, census, goroutine->site, decide_site);
	place = ltr__creator_of(census, goroutine);
	return place_matches(term, &place);
}

static bool function_matches(struct ltr__term *term, const struct ltr_census *census,
			     const struct ltr_goroutine *goroutine)
{
	if (remembered(term, LTR__MEMO_STACK, census, goroutine->stack, decide_function_on_stack))
		return true;
	return goroutine->entry_pc &&
	       any_in(term, ltr_census_symbol(census, goroutine->entry_pc)->function);
}

static bool text_matches(struct ltr__term *term, const struct ltr_census *census,
			 const struct ltr_goroutine *goroutine)
{
	char id[24];

	if (has(term->reasons, goroutine->reason) || has(term->states, goroutine->state))
		return true;
	if (remembered(term, LTR__MEMO_NAME, census, goroutine->name, decide_name) ||
	    where_matches(term, census, goroutine) || creator_matches(term, census, goroutine) ||
	    remembered(term, LTR__MEMO_LABELS, census, goroutine->labels, decide_labels))
		return true;
	if (!term->is_digits)
		return false;
	snprintf(id, sizeof(id), "%" PRIu64, goroutine->id);
	return any_in(term, id);
}

static bool term_holds(struct ltr__term *term, const struct ltr__moment *moment,
		       const struct ltr_goroutine *goroutine)
{
	const struct ltr_census *census = moment->census;

	switch (term->field) {
	case LTR__FIELD_STATE:
		return has(term->states, goroutine->state);
	case LTR__FIELD_REASON:
		return has(term->reasons, goroutine->reason);
	case LTR__FIELD_AGE:
		return age_matches(term, moment, goroutine);
	case LTR__FIELD_LIFE:
		return life_matches(term, moment, goroutine);
	case LTR__FIELD_MOVES:
		return compares(term, goroutine->transitions);
	case LTR__FIELD_FUNCTION:
		return function_matches(term, census, goroutine);
	case LTR__FIELD_WHERE:
		return where_matches(term, census, goroutine);
	case LTR__FIELD_CREATOR:
		return creator_matches(term, census, goroutine);
	case LTR__FIELD_NAME:
		return remembered(term, LTR__MEMO_NAME, census, goroutine->name, decide_name);
	case LTR__FIELD_LABEL:
		return remembered(term, LTR__MEMO_LABELS, census, goroutine->labels, decide_labels);
	case LTR__FIELD_IS:
		return goroutine->flags & term->numbers[0];
	case LTR__FIELD_ID:
		return number_is_one_of(term, goroutine->id);
	case LTR__FIELD_PARENT:
		return number_is_one_of(term, goroutine->parent_id);
	case LTR__FIELD_OBJECT:
		return number_is_one_of(term, goroutine->object);
	case LTR__FIELD_STACK:
		return number_is_one_of(term, goroutine->stack);
	case LTR__FIELD_SITE:
		return number_is_one_of(term, goroutine->site);
	case LTR__FIELD_TEXT:
		return text_matches(term, census, goroutine);
	}
	return false;
}

bool ltr__filter_is_empty(const struct ltr__filter *filter)
{
	return filter->term_count == 0;
}

bool ltr__filter_lets(struct ltr__filter *filter, const struct ltr__moment *moment,
		      const struct ltr_goroutine *goroutine)
{
	for (size_t i = 0; i < filter->term_count; i++) {
		struct ltr__term *term = &filter->terms[i];

		if (term_holds(term, moment, goroutine) == term->is_negated)
			return false;
	}
	return true;
}

struct ltr__filter *ltr__filter_free(struct ltr__filter *filter)
{
	if (!filter)
		return NULL;
	for (size_t i = 0; i < filter->term_count; i++) {
		for (size_t j = 0; j < LTR__MEMO_COUNT; j++)
			free(filter->terms[i].memos[j].verdicts);
	}
	free(filter);
	return NULL;
}
