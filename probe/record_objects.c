// SPDX-License-Identifier: MIT
/* What objects say of themselves, as entries of a log. Their places are wanted by name. */
#include "record_private.h"

void ltr__record_objects_begin(void *context, uint64_t now_ns)
{
	struct ltr_recorder *recorder = context;

	if (ltr__record_begin(recorder, LTR__ENTRY_OBJECTS))
		ltr__write_number(&recorder->log, now_ns);
}

static void want(struct ltr_recorder *recorder, uint64_t pc)
{
	if (pc)
		ltr__want_symbol(recorder, pc - 1);
}

void ltr__record_object(void *context, const struct ltr_object *object)
{
	struct ltr_recorder *recorder = context;
	struct ltr__writing *log = &recorder->log;

	if (!ltr__record_begin(recorder, LTR__ENTRY_OBJECT))
		return;
	ltr__write_number(log, object->kind);
	ltr__write_number(log, object->counted | object->closed << 1);
	ltr__write_number(log, object->address);
	ltr__write_number(log, object->made_pc);
	ltr__write_number(log, object->giver_id);
	ltr__write_number(log, object->taker_id);
	ltr__write_signed(log, (uint64_t)object->count);
	ltr__write_signed(log, (uint64_t)object->capacity);
	ltr__write_number(log, object->first_at);
	ltr__write_number(log, object->given_at);
	ltr__write_number(log, object->taken_at);
	want(recorder, ltr_census_made_pc(recorder->census, object));
	want(recorder, ltr_census_pc_of_half(recorder->census, object->given_at));
	want(recorder, ltr_census_pc_of_half(recorder->census, object->taken_at));
}

void ltr__record_case(void *context, const struct ltr_select_case *one)
{
	struct ltr_recorder *recorder = context;
	struct ltr__writing *log = &recorder->log;

	if (!ltr__record_begin(recorder, LTR__ENTRY_CASE))
		return;
	ltr__write_number(log, one->goroutine_id);
	ltr__write_number(log, one->address);
	ltr__write_number(log, one->transitions);
	ltr__write_number(log, one->index);
	ltr__write_number(log, one->receives);
}

void ltr__record_objects_end(void *context)
{
	ltr__record_begin(context, LTR__ENTRY_OBJECTS_END);
}
