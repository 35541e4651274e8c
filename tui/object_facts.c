/* SPDX-License-Identifier: MIT */
/* What objects say of themselves, in a few words. */
#include "object_facts.h"

#include <inttypes.h>
#include <stdio.h>

struct ltr__words_short ltr__object_fill(const struct ltr_object *object)
{
	struct ltr__words_short words = {""};

	if (!object->counted)
		return words;
	if (object->kind == LTR_OBJECT_WAITGROUP)
		snprintf(words.text, sizeof(words.text), "%" PRId64 " left", object->count);
	else if (object->closed && !object->count)
		snprintf(words.text, sizeof(words.text), "closed");
	else
		snprintf(words.text, sizeof(words.text), "%s%" PRId64 "/%" PRId64,
			 object->closed ? "closed " : "", object->count, object->capacity);
	return words;
}

struct ltr__came_last ltr__object_came_last(const struct ltr_census *census,
					    const struct ltr_object *object, uint8_t reason,
					    bool others)
{
	const struct ltr_object_words *words = ltr_object_words(object->kind);
	bool gives = others == (reason != LTR_REASON_CHAN_SEND);

	if (gives)
		return (struct ltr__came_last){words->give, object->giver_id,
					       ltr_census_pc_of_half(census, object->given_at)};
	if (!words->take)
		return (struct ltr__came_last){0};
	return (struct ltr__came_last){words->take, object->taker_id,
				       ltr_census_pc_of_half(census, object->taken_at)};
}
