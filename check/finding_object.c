/* SPDX-License-Identifier: MIT */
/* What goroutines of a finding wait on, copied out of the census with who came to it last. */

#include "finding_private.h"

static const struct ltr_finding_frame unknown = {.function = "", .file = ""};

static void copy_call(struct ltr__box *box, const struct ltr_census *census, uint64_t pc,
		      struct ltr_finding_frame *ret_frame)
{
	*ret_frame = unknown;
	if (pc)
		ltr__copy_symbol(box, ltr_census_call_place(census, pc), pc, ret_frame);
}

static void copy_comer(struct ltr__box *box, const struct ltr_census *census, uint64_t id,
		       uint32_t at, struct ltr_finding_comer *ret_comer)
{
	const struct ltr_goroutine *goroutine = ltr_census_find(census, id);

	*ret_comer = (struct ltr_finding_comer){
		.id = id,
		.ended = id && !goroutine,
		.created = unknown,
		.at = unknown,
	};
	copy_call(box, census, id ? ltr_census_pc_of_half(census, at) : 0, &ret_comer->by);
	if (!goroutine)
		return;
	ret_comer->state = goroutine->state;
	ret_comer->reason = goroutine->reason;
	ltr__copy_creation(box, census, goroutine, &ret_comer->created);
	ltr__copy_position(box, census, goroutine, &ret_comer->at);
}

static void copy_object(struct ltr__box *box, const struct ltr_census *census,
			const struct ltr_object *object, bool receives)
{
	struct ltr_finding_object *to = &box->objects[box->finding.object_count++];

	*to = (struct ltr_finding_object){
		.address = object->address,
		.kind = object->kind,
		.receives = receives,
		.counted = object->counted,
		.closed = object->closed,
		.count = object->count,
		.capacity = object->capacity,
	};
	copy_call(box, census, ltr_census_made_pc(census, object), &to->made);
	copy_comer(box, census, object->giver_id, object->given_at, &to->giver);
	copy_comer(box, census, object->taker_id, object->taken_at, &to->taker);
	box->finding.objects = box->objects;
}

static void copy_cases(struct ltr__box *box, const struct ltr_census *census,
		       const struct ltr_goroutine *goroutine)
{
	size_t count;
	const struct ltr_select_case *cases = ltr_census_cases_of(census, goroutine, &count);

	box->finding.case_count = count;
	for (size_t i = 0; i < count && box->finding.object_count < LTR_FINDING_OBJECTS; i++) {
		const struct ltr_object *object = ltr_census_case_object(census, &cases[i]);

		if (!object)
			continue;
		copy_object(box, census, object, cases[i].receives);
		box->objects[box->finding.object_count - 1].is_case = true;
		box->objects[box->finding.object_count - 1].index = cases[i].index;
	}
}

void ltr__copy_objects(struct ltr__box *box, const struct ltr_census *census,
		       const struct ltr_goroutine *goroutine)
{
	const struct ltr_object *object = ltr_census_object_of(census, goroutine);

	if (!object) {
		copy_cases(box, census, goroutine);
		return;
	}
	/* Which case of a select on one channel it is, is not kept: the end that it came to last. */
	copy_object(box, census, object,
		    goroutine->reason == LTR_REASON_SELECT
			    ? object->giver_id != goroutine->id
			    : goroutine->reason != LTR_REASON_CHAN_SEND);
}

static uint64_t some_reader(const struct ltr_census *census, uint64_t address)
{
	size_t count = ltr_census_reader_count(census);

	for (size_t i = 0; i < count; i++)
		if (ltr_census_reader(census, i)->object == address)
			return ltr_census_reader(census, i)->goroutine_id;
	return 0;
}

void ltr__copy_same_lock(struct ltr__box *box, const struct ltr_census *census,
			 const struct ltr__claim *claims, size_t count)
{
	const struct ltr_lock *lock = ltr_census_lock_of(census, claims[0].goroutine);
	struct ltr_finding_lock *to = &box->lock;

	if (!lock || (!lock->owner_id && !lock->readers))
		return;
	for (size_t i = 1; i < count; i++)
		if (claims[i].goroutine->object != claims[0].goroutine->object)
			return;
	*to = (struct ltr_finding_lock){
		.address = lock->object,
		.holder_id = lock->owner_id,
		.readers = lock->readers,
		.ended = lock->owner_id && !ltr_census_find(census, lock->owner_id),
	};
	if (!lock->owner_id)
		to->reader_id = some_reader(census, lock->object);
	copy_call(box, census, ltr_census_locked_pc(census, lock), &to->locked);
	copy_comer(box, census, lock->unlocker_id, 0, &to->unlocker);
	box->finding.lock = to;
}
