// SPDX-License-Identifier: MIT
/*
 * What objects say of themselves that somebody waits on, and the cases of selects. Each reading of all of
 * them begins anew; they are sorted when it ends.
 */
#include <errno.h>
#include <stdlib.h>

#include "census_private.h"

const struct ltr_object_words *ltr_object_words(uint8_t kind)
{
	static const struct ltr_object_words words[] = {
		[LTR_OBJECT_NONE] = {"object", "give", NULL, "last_giver", NULL, "made_at"},
		[LTR_OBJECT_CHANNEL] = {"channel", "send", "receive", "last_sender",
					"last_receiver", "made_at"},
		[LTR_OBJECT_WAITGROUP] = {"WaitGroup", "be done", "add", "last_done", "last_added",
					  "first_used_at"},
		[LTR_OBJECT_COND] = {"Cond", "signal", NULL, "last_signaled", NULL,
				     "first_used_at"},
		[LTR_OBJECT_SEMAPHORE] = {"semaphore", "release", "acquire", "last_released",
					  "last_acquired", "first_used_at"},
	};

	return &words[kind < sizeof(words) / sizeof(words[0]) ? kind : 0];
}

uint8_t ltr_census_object_kind(uint8_t reason)
{
	switch (reason) {
	case LTR_REASON_CHAN_RECEIVE:
	case LTR_REASON_CHAN_SEND:
	case LTR_REASON_SELECT:
		return LTR_OBJECT_CHANNEL;
	case LTR_REASON_WAITGROUP_WAIT:
		return LTR_OBJECT_WAITGROUP;
	case LTR_REASON_COND_WAIT:
		return LTR_OBJECT_COND;
	case LTR_REASON_SEMACQUIRE:
		return LTR_OBJECT_SEMAPHORE;
	default:
		return LTR_OBJECT_NONE;
	}
}

void ltr__objects_forget(struct ltr_census *census)
{
	census->object_count = 0;
	census->case_count = 0;
	census->objects_known = false;
}

void ltr_census_objects_begin(struct ltr_census *census, uint64_t now_ns)
{
	LTR__TAP(census, objects_begin, now_ns);
	ltr__objects_forget(census);
	census->objects_ns = now_ns;
}

int ltr_census_object_put(struct ltr_census *census, const struct ltr_object *object)
{
	LTR__TAP(census, object_put, object);
	return ltr__append(&census->objects, &census->object_count, &census->object_capacity,
			   object, sizeof(*object));
}

int ltr_census_case_put(struct ltr_census *census, const struct ltr_select_case *one)
{
	LTR__TAP(census, case_put, one);
	return ltr__append(&census->cases, &census->case_count, &census->case_capacity, one,
			   sizeof(*one));
}

static int compare_objects(const void *a, const void *b)
{
	const struct ltr_object *x = a;
	const struct ltr_object *y = b;
	int order = ltr__compare(x->address, y->address);

	return order ? order : ltr__compare(x->kind, y->kind);
}

static int compare_cases(const void *a, const void *b)
{
	const struct ltr_select_case *x = a;
	const struct ltr_select_case *y = b;
	int order = ltr__compare(x->goroutine_id, y->goroutine_id);

	return order ? order : ltr__compare(x->index, y->index);
}

void ltr_census_objects_end(struct ltr_census *census)
{
	LTR__TAP(census, objects_end);
	if (census->object_count > 1)
		qsort(census->objects, census->object_count, sizeof(*census->objects),
		      compare_objects);
	if (census->case_count > 1)
		qsort(census->cases, census->case_count, sizeof(*census->cases), compare_cases);
	census->objects_known = true;
}

static const struct ltr_object *find(const struct ltr_census *census, uint64_t address,
				     uint8_t kind)
{
	const struct ltr_object key = {.address = address, .kind = kind};

	if (!census->objects_known || !census->object_count || !address || !kind)
		return NULL;
	return bsearch(&key, census->objects, census->object_count, sizeof(key), compare_objects);
}

/*
 * Who began to wait after they were read may wait on something else at the same address. By a rounded
 * time that cannot be told from who began shortly before: what is known is given away then, too.
 */
static bool is_of(const struct ltr_census *census, const struct ltr_goroutine *goroutine)
{
	return census->objects_known && goroutine->since_ns <= census->objects_ns;
}

const struct ltr_object *ltr_census_object_of(const struct ltr_census *census,
					      const struct ltr_goroutine *goroutine)
{
	if (!is_of(census, goroutine))
		return NULL;
	return find(census, goroutine->object, ltr_census_object_kind(goroutine->reason));
}

const struct ltr_select_case *ltr_census_cases_of(const struct ltr_census *census,
						  const struct ltr_goroutine *goroutine,
						  size_t *ret_count)
{
	const struct ltr_select_case key = {.goroutine_id = goroutine->id};
	const struct ltr_select_case *first = NULL;
	size_t low = 0, high = census->case_count;

	*ret_count = 0;
	if (!census->objects_known || goroutine->reason != LTR_REASON_SELECT)
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_cases(&census->cases[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < census->case_count; low++) {
		const struct ltr_select_case *one = &census->cases[low];

		if (one->goroutine_id != goroutine->id ||
		    one->transitions != goroutine->transitions)
			break;
		first = first ? first : one;
		++*ret_count;
	}
	return first;
}

const struct ltr_object *ltr_census_case_object(const struct ltr_census *census,
						const struct ltr_select_case *one)
{
	return find(census, one->address, LTR_OBJECT_CHANNEL);
}

void ltr_census_set_object_finder(struct ltr_census *census, ltr_object_find *find_object,
				  ltr_cases_find *find_cases, void *context)
{
	census->find_object = find_object;
	census->find_cases = find_cases;
	census->find_object_context = context;
}

/* Of who has moved on, the program could only tell what is no longer its business. */
static bool stands(const struct ltr_census *census, const struct ltr_goroutine *goroutine)
{
	const struct ltr_goroutine *now = ltr_census_find(census, goroutine->id);

	return !census->info.gone && now && now->transitions == goroutine->transitions;
}

bool ltr_census_object_now(const struct ltr_census *census, const struct ltr_goroutine *goroutine,
			   struct ltr_object *ret_object)
{
	uint8_t kind = ltr_census_object_kind(goroutine->reason);
	const struct ltr_object *object;

	if (!kind || !goroutine->object)
		return false;
	if (census->find_object && stands(census, goroutine) &&
	    census->find_object(census->find_object_context, goroutine->object, kind, ret_object) ==
		    0)
		return true;
	object = ltr_census_object_of(census, goroutine);
	if (object)
		*ret_object = *object;
	return object;
}

static size_t known_cases(const struct ltr_census *census, const struct ltr_goroutine *goroutine,
			  struct ltr_select_case *ret_cases, struct ltr_object *ret_objects,
			  size_t most)
{
	size_t count;
	const struct ltr_select_case *cases = ltr_census_cases_of(census, goroutine, &count);

	count = count < most ? count : most;
	for (size_t i = 0; i < count; i++) {
		const struct ltr_object *object = ltr_census_case_object(census, &cases[i]);

		ret_cases[i] = cases[i];
		ret_objects[i] = object ? *object : (struct ltr_object){0};
	}
	return count;
}

size_t ltr_census_cases_now(const struct ltr_census *census, const struct ltr_goroutine *goroutine,
			    struct ltr_select_case *ret_cases, struct ltr_object *ret_objects,
			    size_t most)
{
	size_t count = 0;

	if (goroutine->reason != LTR_REASON_SELECT || goroutine->object)
		return 0;
	if (census->find_cases && stands(census, goroutine))
		count = census->find_cases(census->find_object_context, goroutine->id,
					   goroutine->transitions, ret_cases, most);
	if (!count)
		return known_cases(census, goroutine, ret_cases, ret_objects, most);
	for (size_t i = 0; i < count; i++)
		if (census->find_object(census->find_object_context, ret_cases[i].address,
					LTR_OBJECT_CHANNEL, &ret_objects[i]))
			ret_objects[i] = (struct ltr_object){0};
	return count;
}

/*
 * The program keeps the lower half only. Code takes so little of the address space that there is
 * hardly ever more than one place that it can mean; where there is, none is known.
 */
uint64_t ltr_census_pc_of_half(const struct ltr_census *census, uint32_t half)
{
	size_t count = ltr_census_module_count(census);
	uint64_t found = 0;

	if (!half)
		return 0;
	for (size_t i = 0; i < count; i++) {
		const struct ltr_module *module = ltr_census_module(census, i);
		uint64_t pc = (module->start & ~(uint64_t)UINT32_MAX) | half;

		/* It is the call before it that lies in the module. */
		if (pc <= module->start)
			pc += (uint64_t)UINT32_MAX + 1;
		if (pc <= module->start || pc > module->end || pc == found)
			continue;
		if (found)
			return 0;
		found = pc;
	}
	return found;
}

uint64_t ltr_census_made_pc(const struct ltr_census *census, const struct ltr_object *object)
{
	return object->made_pc ? object->made_pc : ltr_census_pc_of_half(census, object->first_at);
}
