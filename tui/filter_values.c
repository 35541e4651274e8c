/* SPDX-License-Identifier: MIT */
/*
 * Values for completion. Goroutines are counted by the numbers of the census first, so that each
 * text is looked at once.
 */
#include "filter_values.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "rune.h"
#include "wording.h"

#define GOROUTINES_MAX 100000
#define NUMBERS_MAX    4096
#define FRAMES_MAX     64
#define SLOTS          8192 /* not more than half full */

enum source { OF_NAMES, OF_STACKS, OF_PLACES, OF_SITES, OF_LABELS };

struct numbers {
	size_t count;
	struct {
		uint32_t number; /* 0: free */
		uint32_t goroutines;
	} slot[SLOTS];
};

struct search {
	const struct ltr_census *census;
	const char *part; /* what has been typed of the value, without its quote */
	struct ltr__filter_values *values;
};

static void count_number(struct numbers *numbers, uint32_t number)
{
	size_t at = number * 2654435761u % SLOTS;

	if (!number)
		return;
	while (numbers->slot[at].number && numbers->slot[at].number != number)
		at = (at + 1) % SLOTS;
	if (!numbers->slot[at].number) {
		if (numbers->count == NUMBERS_MAX)
			return;
		numbers->count++;
		numbers->slot[at].number = number;
	}
	numbers->slot[at].goroutines++;
}

static uint32_t number_of(const struct ltr_goroutine *goroutine, enum source source)
{
	switch (source) {
	case OF_NAMES:
		return goroutine->name;
	case OF_SITES:
		return goroutine->site;
	case OF_LABELS:
		return goroutine->labels;
	default:
		return goroutine->stack;
	}
}

/* Whether a person could type it: the prompt holds nothing else. */
static bool can_be_typed(const char *text)
{
	uint32_t rune;

	if (!*text || strlen(text) + 3 > LTR__VALUE_BYTES || strchr(text, '"'))
		return false;
	while ((rune = ltr__rune_next(&text))) {
		if (rune == LTR__RUNE_BAD || ltr__rune_width(rune) < 0)
			return false;
	}
	return true;
}

static void offer(struct search *search, const char *text, uint32_t goroutines)
{
	struct ltr__filter_values *values = search->values;
	char quoted[LTR__VALUE_BYTES];
	size_t least = 0;

	if (!can_be_typed(text) || !ltr__contains(text, search->part))
		return;
	snprintf(quoted, sizeof(quoted), strpbrk(text, " \t,") ? "\"%s\"" : "%s", text);
	for (size_t i = 0; i < values->count; i++) {
		if (!strcmp(values->value[i].text, quoted)) {
			values->value[i].goroutines += goroutines;
			return;
		}
		if (values->value[i].goroutines < values->value[least].goroutines)
			least = i;
	}
	if (values->count < LTR__VALUES_MAX)
		least = values->count++;
	else if (values->value[least].goroutines >= goroutines)
		return;
	memcpy(values->value[least].text, quoted, sizeof(quoted));
	values->value[least].goroutines = goroutines;
}

/* Whether a function occurs further in than frame `i`: one that calls itself counts once. */
static bool is_further_in(const struct search *search, const uint64_t *pcs, size_t i)
{
	const char *function = ltr_census_call_symbol(search->census, pcs[i])->function;

	for (size_t j = 0; j < i; j++) {
		if (!strcmp(ltr_census_call_symbol(search->census, pcs[j])->function, function))
			return true;
	}
	return false;
}

static void offer_stack(struct search *search, uint32_t number, uint32_t goroutines)
{
	size_t depth;
	const uint64_t *pcs = ltr_census_stack(search->census, number, &depth);

	for (size_t i = 0; pcs && i < depth && i < FRAMES_MAX; i++) {
		const struct ltr_symbol *symbol = ltr_census_call_symbol(search->census, pcs[i]);

		if (!symbol->is_runtime && !is_further_in(search, pcs, i))
			offer(search, symbol->function, goroutines);
	}
}

static void offer_labels(struct search *search, uint32_t number, uint32_t goroutines)
{
	size_t count;
	const struct ltr_census_label *label = ltr_census_labels(search->census, number, &count);
	char text[LTR__VALUE_BYTES];

	for (size_t i = 0; label && i < count; i++) {
		const char *key = ltr_census_string(search->census, label[i].key);
		int length = snprintf(text, sizeof(text), "%s=%s", key,
				      ltr_census_string(search->census, label[i].value));

		/* the language ends a key at its first '=' */
		if (*key && !strchr(key, '=') && length < (int)sizeof(text))
			offer(search, text, goroutines);
	}
}

static void offer_number(struct search *search, enum source source, uint32_t number,
			 uint32_t goroutines)
{
	switch (source) {
	case OF_NAMES:
		offer(search, ltr_census_string(search->census, number), goroutines);
		break;
	case OF_STACKS:
		offer_stack(search, number, goroutines);
		break;
	case OF_PLACES:
		offer(search, ltr__place_of_stack(search->census, number).function, goroutines);
		break;
	case OF_SITES:
		offer(search, ltr__place_of_site(search->census, number).function, goroutines);
		break;
	case OF_LABELS:
		offer_labels(search, number, goroutines);
		break;
	}
}

static int commonest_first(const void *left, const void *right)
{
	const struct ltr__filter_values *values = NULL;
	const __typeof__(values->value[0]) *a = left;
	const __typeof__(values->value[0]) *b = right;

	if (a->goroutines != b->goroutines)
		return a->goroutines > b->goroutines ? -1 : 1;
	return strcmp(a->text, b->text);
}

/* The beginning of the last word, behind a '-' or '!'. */
static const char *last_word(const char *text)
{
	const char *word = text;
	bool is_quoted = false;

	for (const char *at = text; *at; at++) {
		if (*at == '"')
			is_quoted = !is_quoted;
		if (!is_quoted && isspace((unsigned char)*at))
			word = at + 1;
	}
	return word + (*word == '-' || *word == '!');
}

/* The part of a value that has been typed in `text`; NULL: its field has no such values. */
static const char *typed_value(const char *text, enum source *ret_source)
{
	static const struct {
		const char *name;
		enum source source;
	} sources[] = {{"name:", OF_NAMES},      {"func:", OF_STACKS},  {"fn:", OF_STACKS},
		       {"function:", OF_STACKS}, {"where:", OF_PLACES}, {"creator:", OF_SITES},
		       {"createdby:", OF_SITES}, {"label:", OF_LABELS}};
	const char *word = last_word(text);

	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		const char *value = word + strlen(sources[i].name);

		if (strncasecmp(word, sources[i].name, strlen(sources[i].name)) != 0)
			continue;
		*ret_source = sources[i].source;
		if (*ret_source != OF_LABELS && strrchr(value, ','))
			value = strrchr(value, ',') + 1;
		return value;
	}
	return NULL;
}

void ltr__filter_values(const struct ltr__moment *moment, const char *text,
			struct ltr__filter_values *ret_values)
{
	struct search search = {.census = moment->census, .values = ret_values};
	size_t count = ltr__moment_count(moment);
	struct numbers *numbers;
	enum source source;
	const char *value = typed_value(text, &source);

	*ret_values = (struct ltr__filter_values){0};
	if (!value)
		return;
	numbers = calloc(1, sizeof(*numbers));
	if (!numbers)
		return; /* no completion then */
	ret_values->replaced = strlen(value);
	search.part = value + (*value == '"');
	for (size_t i = 0; i < count && i < GOROUTINES_MAX; i++)
		count_number(numbers, number_of(ltr__moment_at(moment, i), source));
	for (size_t i = 0; i < SLOTS; i++) {
		if (numbers->slot[i].number)
			offer_number(&search, source, numbers->slot[i].number,
				     numbers->slot[i].goroutines);
	}
	free(numbers);
	qsort(ret_values->value, ret_values->count, sizeof(ret_values->value[0]), commonest_first);
}
