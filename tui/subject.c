/* SPDX-License-Identifier: MIT */
/*
 * Traits of goroutines.
 */
#include "subject.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wording.h"

/* A stack of a higher number is looked at each time. */
#define PLACES_MAX (1u << 26)

void ltr__stack_places_done(struct ltr__stack_places *places)
{
	free(places->pcs);
	*places = (struct ltr__stack_places){0};
}

static uint64_t find_pc(const struct ltr_census *census, uint32_t stack)
{
	size_t first = ltr_census_first_frame(census, stack);
	size_t depth;
	const uint64_t *pcs = ltr_census_stack(census, stack, &depth);

	if (!pcs || !depth)
		return 0;
	return pcs[first < depth ? first : 0];
}

static bool reserve(struct ltr__stack_places *places, uint32_t stack)
{
	uint32_t capacity = places->capacity ? places->capacity : 256;
	uint64_t *pcs;

	if (stack < places->capacity)
		return true;
	if (stack >= PLACES_MAX)
		return false;
	while (capacity <= stack)
		capacity *= 2;
	pcs = realloc(places->pcs, capacity * sizeof(*pcs));
	if (!pcs)
		return false;
	memset(pcs + places->capacity, 0, (capacity - places->capacity) * sizeof(*pcs));
	places->pcs = pcs;
	places->capacity = capacity;
	return true;
}

uint64_t ltr__stack_places_pc(struct ltr__stack_places *places, const struct ltr_census *census,
			      uint32_t stack)
{
	if (!stack)
		return 0;
	if (!reserve(places, stack))
		return find_pc(census, stack);
	if (!places->pcs[stack])
		places->pcs[stack] = find_pc(census, stack);
	return places->pcs[stack];
}

static bool has_label(const struct ltr_census *census, uint32_t labels,
		      const struct ltr__trait *trait)
{
	size_t count;
	const struct ltr_census_label *label = ltr_census_labels(census, labels, &count);

	for (size_t i = 0; label && i < count; i++) {
		if (trait->kind == LTR__TRAIT_KEY && label[i].key == trait->value)
			return true;
		if (trait->kind == LTR__TRAIT_LABEL &&
		    ((uint64_t)label[i].key << 32 | label[i].value) == trait->value)
			return true;
	}
	return false;
}

bool ltr__object_of(const struct ltr_goroutine *goroutine, struct ltr__trait *ret_trait)
{
	bool is_file = goroutine->state == LTR_STATE_NETWORK;

	if (!is_file && (!goroutine->object || (goroutine->state != LTR_STATE_CHAN &&
						goroutine->state != LTR_STATE_SYNC)))
		return false;
	ret_trait->kind = is_file ? LTR__TRAIT_FILE : LTR__TRAIT_OBJECT;
	ret_trait->value = goroutine->object;
	return true;
}

const struct ltr_tui_finding *ltr__finding_of(const struct ltr_tui_findings *findings, uint64_t key)
{
	for (size_t i = 0; findings && i < findings->count; i++) {
		if (findings->findings[i].key == key)
			return &findings->findings[i];
	}
	return NULL;
}

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

bool ltr__finding_has(const struct ltr_tui_finding *finding, uint64_t id)
{
	return finding->id_count &&
	       bsearch(&id, finding->ids, finding->id_count, sizeof(id), compare_ids);
}

static bool is_found(const struct ltr_tui_findings *findings, uint64_t key, uint64_t id)
{
	const struct ltr_tui_finding *finding = ltr__finding_of(findings, key);

	return finding && ltr__finding_has(finding, id);
}

static bool has_trait(const struct ltr__trait *trait, struct ltr__stack_places *places,
		      const struct ltr_tui_findings *findings, const struct ltr_census *census,
		      const struct ltr_goroutine *goroutine)
{
	struct ltr__trait object;

	switch (trait->kind) {
	case LTR__TRAIT_PLACE:
		return goroutine->stack &&
		       ltr__stack_places_pc(places, census, goroutine->stack) == trait->value;
	case LTR__TRAIT_STACK:
		return goroutine->stack == trait->value;
	case LTR__TRAIT_SITE:
		return goroutine->site == trait->value;
	case LTR__TRAIT_KEY:
	case LTR__TRAIT_LABEL:
		return has_label(census, goroutine->labels, trait);
	case LTR__TRAIT_UNLABELLED:
		return !goroutine->labels;
	case LTR__TRAIT_STATE:
		return goroutine->state == trait->value;
	case LTR__TRAIT_STACKLESS:
		return !goroutine->stack && goroutine->state == trait->value;
	case LTR__TRAIT_REASON:
		return goroutine->reason == trait->value;
	case LTR__TRAIT_OBJECT:
	case LTR__TRAIT_FILE:
		return ltr__object_of(goroutine, &object) && object.kind == trait->kind &&
		       object.value == trait->value;
	case LTR__TRAIT_PARENT:
		return goroutine->parent_id == trait->value;
	case LTR__TRAIT_FINDING:
		return is_found(findings, trait->value, goroutine->id);
	case LTR__TRAIT_OTHER:
		return false;
	}
	return false;
}

bool ltr__subject_has(const struct ltr__subject *subject, struct ltr__stack_places *places,
		      const struct ltr_tui_findings *findings, const struct ltr_census *census,
		      const struct ltr_goroutine *goroutine)
{
	for (unsigned i = 0; i < subject->trait_count; i++) {
		if (!has_trait(&subject->traits[i], places, findings, census, goroutine))
			return false;
	}
	return true;
}

const struct ltr_lock *ltr__lock_at(const struct ltr__moment *moment,
				    const struct ltr__trait *trait)
{
	return trait->kind == LTR__TRAIT_OBJECT ? ltr__moment_lock(moment, trait->value) : NULL;
}

static const char *known(const char *function)
{
	return function[0] ? function : "an unknown place";
}

void ltr__subject_say(const struct ltr__subject *subject, const struct ltr_census *census,
		      char *ret_text, size_t size)
{
	const struct ltr__trait *trait;
	uint64_t value;

	ret_text[0] = 0;
	if (!subject->trait_count)
		return;
	trait = &subject->traits[subject->trait_count - 1];
	value = trait->value;
	switch (trait->kind) {
	case LTR__TRAIT_PLACE:
		snprintf(ret_text, size, "at %.80s",
			 known(ltr_census_call_symbol(census, value)->function));
		break;
	case LTR__TRAIT_STACK:
		snprintf(ret_text, size, "at %.80s",
			 known(ltr__place_of_stack(census, (uint32_t)value).function));
		break;
	case LTR__TRAIT_SITE:
		snprintf(ret_text, size, "created by %.80s",
			 known(ltr__place_of_site(census, (uint32_t)value).function));
		break;
	case LTR__TRAIT_KEY:
		snprintf(ret_text, size, "with label %.60s",
			 ltr_census_string(census, (uint32_t)value));
		break;
	case LTR__TRAIT_LABEL:
		snprintf(ret_text, size, "with %.40s=%.40s",
			 ltr_census_string(census, (uint32_t)(value >> 32)),
			 ltr_census_string(census, (uint32_t)value));
		break;
	case LTR__TRAIT_UNLABELLED:
		snprintf(ret_text, size, "without labels");
		break;
	case LTR__TRAIT_STATE:
		snprintf(ret_text, size, "in state %s", ltr_state_name((uint8_t)value));
		break;
	case LTR__TRAIT_STACKLESS:
		snprintf(ret_text, size, "without a stack, %s", ltr_state_name((uint8_t)value));
		break;
	case LTR__TRAIT_REASON:
		snprintf(ret_text, size, "in %s", ltr_reason_name((uint8_t)value));
		break;
	case LTR__TRAIT_OBJECT:
		snprintf(ret_text, size, "on 0x%" PRIx64, value);
		break;
	case LTR__TRAIT_FILE:
		snprintf(ret_text, size, "on fd %" PRIu64, value);
		break;
	case LTR__TRAIT_PARENT:
		snprintf(ret_text, size, "created by goroutine %" PRIu64, value);
		break;
	case LTR__TRAIT_FINDING:
		snprintf(ret_text, size, "of a finding");
		break;
	case LTR__TRAIT_OTHER:
		snprintf(ret_text, size, "of other groups");
		break;
	}
}
