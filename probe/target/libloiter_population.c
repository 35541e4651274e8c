// SPDX-License-Identifier: MIT
/*
 * All goroutines at one moment, for who looks for references to what they wait on.
 */
#include "libloiter_population.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ltr__population_done(struct ltr__population *population)
{
	free(population->goroutines);
	free(population->slabs);
	free(population->running);
	*population = (struct ltr__population){0};
}

static bool waits_for_others(uint8_t reason)
{
	switch (reason) {
	case LTR_REASON_CHAN_RECEIVE:
	case LTR_REASON_CHAN_SEND:
	case LTR_REASON_CHAN_RECEIVE_NIL:
	case LTR_REASON_CHAN_SEND_NIL:
	case LTR_REASON_SELECT:
	case LTR_REASON_SELECT_NO_CASES:
	case LTR_REASON_MUTEX_LOCK:
	case LTR_REASON_RWMUTEX_RLOCK:
	case LTR_REASON_RWMUTEX_LOCK:
	case LTR_REASON_WAITGROUP_WAIT:
	case LTR_REASON_COND_WAIT:
	case LTR_REASON_SEMACQUIRE:
	case LTR_REASON_ONCE_DO:
		return true;
	default:
		return false;
	}
}

/* A runtime has fewer processors and calls; more is a lie, and would have to be compared. */
#define RUNNING_MAX 4096u

static int note_running(struct ltr__population *population, uint64_t id, uint32_t sequence)
{
	if (population->running_count == RUNNING_MAX)
		return -EPROTO;
	if (population->running_count == population->running_capacity) {
		size_t more = population->running_capacity ? population->running_capacity * 2 : 64;
		void *grown = reallocarray(population->running, more, 2 * sizeof(uint64_t));

		if (!grown)
			return -ENOMEM;
		population->running = grown;
		population->running_capacity = more;
	}
	population->running[2 * population->running_count] = id;
	population->running[2 * population->running_count + 1] = sequence;
	population->running_count++;
	return 0;
}

/*
 * What outsiders know of it is no reference; what else is in there may be, and so may what lies where
 * the fields are that came later: the argument of one that has not begun.
 */
static void clear_fields(const struct ltr_layout *layout, unsigned char *descriptor)
{
	for (size_t i = 0; i < LTR_FIELD_REQUIRED; i++)
		memset(descriptor + layout->fields[i].offset, 0, layout->fields[i].bytes);
}

static int take_descriptor(struct ltr__population *population, const struct ltr_layout *layout,
			   unsigned char *descriptor)
{
#define FIELD(name) LTR__FIELD_OF(layout, descriptor, name)
	struct ltr_reach_goroutine goroutine = {
		.id = FIELD(id),
		.sequence = (uint32_t)FIELD(sequence),
		.object = FIELD(object),
		.saved_sp = FIELD(saved_sp),
		.stack_low = FIELD(stack_low),
		.stack_high = FIELD(stack_high),
		.kept = descriptor,
		.kept_bytes = layout->descriptor_bytes,
	};
	uint8_t state = (uint8_t)FIELD(state);
	uint8_t reason = (uint8_t)FIELD(reason);
	uint16_t flags = (uint16_t)FIELD(flags);
#undef FIELD

	if (goroutine.id == 0 || state == LTR_STATE_EXITED)
		return 0;
	clear_fields(layout, descriptor);
	goroutine.candidate = !(goroutine.sequence & 1) && goroutine.saved_sp &&
			      !(flags & LTR_GOROUTINE_TIMED) && waits_for_others(reason) &&
			      ltr_reason_state(reason) == state;
	if (goroutine.sequence & 1)
		goroutine.saved_sp = 0;
	population->some_call = population->some_call || state == LTR_STATE_SYSCALL;
	population->goroutines[population->count++] = goroutine;
	return state == LTR_STATE_RUNNING || state == LTR_STATE_SYSCALL
		       ? note_running(population, goroutine.id, goroutine.sequence)
		       : 0;
}

static int compare_ids(const void *a, const void *b)
{
	const struct ltr_reach_goroutine *x = a;
	const struct ltr_reach_goroutine *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* What there is, is used again: memory that was never touched would take longer than to read it. */
static int make_room(struct ltr__population *population, size_t capacity, uint64_t slab_bytes)
{
	if (population->capacity < capacity) {
		free(population->goroutines);
		population->capacity = 0;
		population->goroutines = calloc(capacity + 1, sizeof(*population->goroutines));
		if (!population->goroutines)
			return -ENOMEM;
		population->capacity = capacity;
	}
	if (population->slab_bytes < slab_bytes || !population->slabs) {
		free(population->slabs);
		population->slab_bytes = 0;
		population->slabs = malloc(slab_bytes ? slab_bytes : 1);
		if (!population->slabs)
			return -ENOMEM;
		population->slab_bytes = slab_bytes;
	}
	return 0;
}

static bool is_sorted(const struct ltr__population *population)
{
	for (size_t i = 1; i < population->count; i++)
		if (population->goroutines[i - 1].id > population->goroutines[i].id)
			return false;
	return true;
}

static int read_slabs(const struct ltr__libloiter *target, uint64_t most_bytes,
		      const uint64_t *slabs, uint32_t count, struct ltr__population *population)
{
	const struct ltr_layout *layout = &target->layout;
	size_t slab_bytes = (size_t)layout->slab_descriptors * layout->descriptor_bytes;
	uint64_t total = (uint64_t)slab_bytes * count;
	int err = 0;

	if (total > most_bytes)
		return -ENOMEM;
	err = make_room(population, (size_t)layout->slab_descriptors * count, total);
	if (err)
		return err;
	for (uint32_t i = 0; i < count && !err; i++) {
		unsigned char *slab = population->slabs + i * slab_bytes;

		err = ltr_process_read(target->process, slabs[i], slab, slab_bytes);
		for (uint32_t j = 0; j < layout->slab_descriptors && !err; j++)
			err = take_descriptor(population, layout,
					      slab + (size_t)j * layout->descriptor_bytes);
	}
	return err;
}

int ltr__population_read(const struct ltr__libloiter *target, uint64_t most_bytes,
			 struct ltr__population *population)
{
	uint64_t *slabs;
	uint32_t count;
	bool all;
	int err = ltr__slab_addresses(target, &slabs, &count, &all);

	population->count = population->running_count = 0;
	population->some_call = false;
	if (err)
		return err;
	err = all ? read_slabs(target, most_bytes, slabs, count, population) : -EPROTO;
	free(slabs);
	if (!err && !is_sorted(population))
		qsort(population->goroutines, population->count, sizeof(*population->goroutines),
		      compare_ids);
	return err;
}
