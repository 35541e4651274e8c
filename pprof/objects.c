/* SPDX-License-Identifier: MIT */
/* What is to be said of what goroutines wait on (objects.h). */
#include "objects.h"

#include <inttypes.h>
#include <stdio.h>

const struct ltr_lock *ltr__lock_of(const struct ltr_census *census,
				    const struct ltr_goroutine *goroutine)
{
	const struct ltr_census_info *info = ltr_census_info(census);

	/* Of a recording: who has waited since before the snapshot. */
	if (info->way != LTR_WAY_SNAPSHOT &&
	    (info->way != LTR_WAY_FILE || goroutine->since_ns > info->looked_ns))
		return NULL;
	return ltr_census_lock_of(census, goroutine);
}

size_t ltr__comers_of(const struct ltr_census *census, const struct ltr_object *object,
		      struct ltr__comer ret_comers[2])
{
	const struct ltr_object_words *words = ltr_object_words(object->kind);

	ret_comers[0] = (struct ltr__comer){words->give, words->giver_key, object->giver_id,
					    ltr_census_pc_of_half(census, object->given_at)};
	if (!words->take)
		return 1;
	ret_comers[1] = (struct ltr__comer){words->take, words->taker_key, object->taker_id,
					    ltr_census_pc_of_half(census, object->taken_at)};
	return 2;
}

void ltr__fill_text(const struct ltr_object *object, char ret_text[LTR__FILL_BYTES])
{
	const char *closed = object->closed ? ", closed" : "";

	ret_text[0] = '\0';
	if (!object->counted)
		return;
	if (object->kind == LTR_OBJECT_WAITGROUP)
		snprintf(ret_text, LTR__FILL_BYTES, "%" PRId64 " not done", object->count);
	else if (object->kind == LTR_OBJECT_SEMAPHORE)
		snprintf(ret_text, LTR__FILL_BYTES, "%" PRId64 " of %" PRId64 " taken",
			 object->count, object->capacity);
	else if (object->capacity)
		snprintf(ret_text, LTR__FILL_BYTES, "%" PRId64 " of %" PRId64 " in its buffer%s",
			 object->count, object->capacity, closed);
	else
		snprintf(ret_text, LTR__FILL_BYTES, "no buffer%s", closed);
}
