// SPDX-License-Identifier: MIT
/*
 * What objects say of themselves, from a log into a census. What makes no sense is taken as it is: it is
 * a program's word all the same.
 */
#include <errno.h>

#include "recording_private.h"

static bool is_passed_over(const struct ltr__replay *replay)
{
	return replay->is_late || replay->is_skimming;
}

int ltr__replay_objects(struct ltr__replay *replay, struct ltr__reading *reading)
{
	uint64_t now_ns = ltr__read_number(reading);

	if (reading->bad)
		return -EBADMSG;
	if (!is_passed_over(replay))
		ltr_census_objects_begin(replay->census, now_ns);
	return 0;
}

int ltr__replay_object(struct ltr__replay *replay, struct ltr__reading *reading)
{
	struct ltr_object object = {.kind = (uint8_t)ltr__read_bounded(reading, UINT8_MAX)};
	uint64_t flags = ltr__read_number(reading);

	object.counted = flags & 1;
	object.closed = flags & 2;
	object.address = ltr__read_number(reading);
	object.made_pc = ltr__read_number(reading);
	object.giver_id = ltr__read_number(reading);
	object.taker_id = ltr__read_number(reading);
	object.count = (int64_t)ltr__read_signed(reading);
	object.capacity = (int64_t)ltr__read_signed(reading);
	object.first_at = (uint32_t)ltr__read_bounded(reading, UINT32_MAX);
	object.given_at = (uint32_t)ltr__read_bounded(reading, UINT32_MAX);
	object.taken_at = (uint32_t)ltr__read_bounded(reading, UINT32_MAX);
	if (reading->bad)
		return -EBADMSG;
	return is_passed_over(replay) ? 0 : ltr_census_object_put(replay->census, &object);
}

int ltr__replay_case(struct ltr__replay *replay, struct ltr__reading *reading)
{
	struct ltr_select_case one = {.goroutine_id = ltr__read_number(reading)};

	one.address = ltr__read_number(reading);
	one.transitions = (uint32_t)ltr__read_bounded(reading, UINT32_MAX);
	one.index = (uint8_t)ltr__read_bounded(reading, UINT8_MAX);
	one.receives = ltr__read_number(reading);
	if (reading->bad)
		return -EBADMSG;
	return is_passed_over(replay) ? 0 : ltr_census_case_put(replay->census, &one);
}

int ltr__replay_objects_end(struct ltr__replay *replay, struct ltr__reading *reading)
{
	(void)reading;
	if (!is_passed_over(replay))
		ltr_census_objects_end(replay->census);
	return 0;
}
