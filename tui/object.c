/* SPDX-License-Identifier: MIT */
/*
 * Counting goroutines by what they wait on.
 */
#include "object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE_PAGE (2u << 20)

void ltr__objects_done(struct ltr__objects *objects)
{
	free(objects->objects);
	free(objects->slots);
	*objects = (struct ltr__objects){0};
}

static uint32_t *slot_of(const struct ltr__objects *objects, const struct ltr__trait *trait)
{
	uint64_t mixed = trait->value + trait->kind;
	uint32_t at;

	/* programs choose addresses; hostile ones must not choose slots */
	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9ull;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebull;
	at = (uint32_t)(mixed ^ mixed >> 31) & (objects->slot_count - 1);
	while (objects->slots[at]) {
		const struct ltr__trait *there = &objects->objects[objects->slots[at] - 1].trait;

		if (there->value == trait->value && there->kind == trait->kind)
			break;
		at = (at + 1) & (objects->slot_count - 1);
	}
	return &objects->slots[at];
}

/* All free. Large pages if they can be had: a program of a million objects touches all of them. */
static uint32_t *allocate_slots(uint32_t count)
{
	size_t bytes = count * sizeof(uint32_t);
	uint32_t *slots;

	if (bytes < LARGE_PAGE)
		return calloc(count, sizeof(*slots));
	slots = aligned_alloc(LARGE_PAGE, bytes);
	if (!slots)
		return NULL;
	(void)madvise(slots, bytes, MADV_HUGEPAGE);
	return memset(slots, 0, bytes);
}

static int reserve_slots(struct ltr__objects *objects, uint64_t wanted)
{
	uint32_t count = objects->slot_count ? objects->slot_count : 512;
	uint32_t *slots;

	if (2 * wanted <= objects->slot_count)
		return 0;
	while (count < 2 * wanted) {
		if (count > UINT32_MAX / 2)
			return -ENOMEM;
		count *= 2;
	}
	slots = allocate_slots(count);
	if (!slots)
		return -ENOMEM;
	free(objects->slots);
	objects->slots = slots;
	objects->slot_count = count;
	for (uint32_t i = 0; i < objects->count; i++)
		*slot_of(objects, &objects->objects[i].trait) = i + 1;
	return 0;
}

/* Room for `wanted` objects in all, their slots included. */
static int reserve(struct ltr__objects *objects, uint64_t wanted)
{
	uint64_t capacity = objects->capacity ? objects->capacity : 256;
	struct ltr__object *more;

	if (wanted > objects->capacity) {
		while (capacity < wanted)
			capacity *= 2;
		if (capacity > UINT32_MAX / 4)
			return -ENOMEM;
		more = realloc(objects->objects, capacity * sizeof(*more));
		if (!more)
			return -ENOMEM;
		objects->objects = more;
		objects->capacity = (uint32_t)capacity;
	}
	return reserve_slots(objects, wanted);
}

void ltr__objects_begin(struct ltr__objects *objects, uint64_t expected)
{
	objects->count = 0;
	if (objects->slots)
		memset(objects->slots, 0, objects->slot_count * sizeof(*objects->slots));
	/* memory that is not written costs nothing, moving what is there would be felt; without it
	 * there is still growing by and by */
	(void)reserve(objects, expected);
}

void ltr__objects_hand_over(struct ltr__objects *objects, struct ltr__objects *to)
{
	struct ltr__objects before = *to;

	to->objects = objects->objects;
	to->count = objects->count;
	to->capacity = objects->capacity;
	objects->objects = before.objects;
	objects->count = 0;
	objects->capacity = before.capacity;
}

static void count_waiter(struct ltr__object *object, const struct ltr_goroutine *goroutine)
{
	switch (goroutine->reason) {
	case LTR_REASON_CHAN_SEND:
	case LTR_REASON_IO_WRITE:
		object->senders++;
		break;
	case LTR_REASON_CHAN_RECEIVE:
	case LTR_REASON_IO_READ:
	case LTR_REASON_IO_ACCEPT:
		object->receivers++;
		break;
	case LTR_REASON_SELECT:
		object->selects++;
		break;
	default:
		break;
	}
	object->waiting++;
	object->unsure += (goroutine->flags & LTR_IS_UNSURE) != 0;
	if (goroutine->since_ns && goroutine->since_ns < object->since_ns) {
		object->since_ns = goroutine->since_ns;
		object->is_exact = goroutine->flags & LTR_SINCE_EXACT;
		object->oldest = goroutine->id;
	}
}

int ltr__objects_add(struct ltr__objects *objects, const struct ltr_goroutine *goroutine)
{
	struct ltr__trait trait;
	uint32_t *slot;
	int error;

	if (!ltr__object_of(goroutine, &trait))
		return 0;
	error = reserve(objects, objects->count + UINT64_C(1));
	if (error)
		return error;
	slot = slot_of(objects, &trait);
	if (!*slot) {
		objects->objects[objects->count] = (struct ltr__object){
			.trait = trait,
			.since_ns = UINT64_MAX,
			.oldest = goroutine->id,
			.reason = goroutine->reason,
		};
		*slot = ++objects->count;
	}
	count_waiter(&objects->objects[*slot - 1], goroutine);
	return 0;
}

const struct ltr__object *ltr__objects_find(const struct ltr__objects *objects,
					    const struct ltr__trait *trait)
{
	uint32_t slot = objects->slot_count ? *slot_of(objects, trait) : 0;

	return slot ? &objects->objects[slot - 1] : NULL;
}

const char *ltr__object_kind(const struct ltr__object *object)
{
	switch (object->reason) {
	case LTR_REASON_CHAN_SEND:
	case LTR_REASON_CHAN_RECEIVE:
	case LTR_REASON_SELECT:
		return "channel";
	case LTR_REASON_MUTEX_LOCK:
		return "Mutex";
	case LTR_REASON_RWMUTEX_LOCK:
	case LTR_REASON_RWMUTEX_RLOCK:
		return "RWMutex";
	case LTR_REASON_WAITGROUP_WAIT:
		return "WaitGroup";
	case LTR_REASON_COND_WAIT:
		return "Cond";
	case LTR_REASON_SEMACQUIRE:
		return "semaphore";
	case LTR_REASON_ONCE_DO:
		return "Once";
	case LTR_REASON_IO_ACCEPT:
		return "listener";
	default:
		/* a connection most often, but also a pipe, a signal descriptor, ... */
		return object->trait.kind == LTR__TRAIT_FILE ? "descriptor" : "object";
	}
}
