// SPDX-License-Identifier: MIT
/*
 * Goroutines and events as differences to their neighbours: what changes little between two of them
 * is a short number, often 0, and zstd makes next to nothing of many of those. Each write_ function
 * has its read_ function below it, and the two must say the same.
 *
 * An event's argument is compared with the last of its kind (the same channel, the same waker), its
 * sequence with what would come next after the last event whose goroutine has the same low bits.
 */
#include "record_format.h"

/* X(field): of struct ltr_goroutine, 64 bits or fewer, in the order in which they are written. */
#define GOROUTINE_FIELDS(X) \
	X(id)               \
	X(parent_id)        \
	X(since_ns)         \
	X(created_ns)       \
	X(object)           \
	X(waker_id)         \
	X(entry_pc)         \
	X(creation_pc)      \
	X(stack)            \
	X(site)             \
	X(name)             \
	X(labels)           \
	X(transitions)      \
	X(state)            \
	X(reason)           \
	X(flags)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void ltr__write_goroutine(struct ltr__writing *writing, struct ltr__delta *delta,
			  const struct ltr_goroutine *goroutine)
{
	const struct ltr_goroutine *last = &delta->goroutine;

#define WRITE(field) ltr__write_signed(writing, (uint64_t)goroutine->field - (uint64_t)last->field);
	GOROUTINE_FIELDS(WRITE)
#undef WRITE
	delta->goroutine = *goroutine;
}

void ltr__read_goroutine(struct ltr__reading *reading, struct ltr__delta *delta,
			 struct ltr_goroutine *ret_goroutine)
{
	struct ltr_goroutine *last = &delta->goroutine;

#define READ(field) \
	last->field = (__typeof__(last->field))(last->field + ltr__read_signed(reading));
	GOROUTINE_FIELDS(READ)
#undef READ
	*ret_goroutine = *last;
}

static uint64_t *last_arg(struct ltr__delta *delta, uint8_t kind)
{
	return &delta->arg[kind & (COUNT(delta->arg) - 1)];
}

static uint32_t *last_sequence(struct ltr__delta *delta, uint64_t goroutine)
{
	return &delta->sequence[goroutine & (COUNT(delta->sequence) - 1)];
}

void ltr__write_event(struct ltr__writing *writing, struct ltr__delta *delta,
		      const struct ltr_event *event)
{
	unsigned char *at = ltr__write_room(writing, 3 + 4 * LTR__NUMBER_BYTES_MAX);
	uint64_t *arg = last_arg(delta, event->kind);
	uint32_t *sequence = last_sequence(delta, event->goroutine);

	if (!at)
		return;
	*at++ = event->kind;
	*at++ = event->reason;
	*at++ = event->flags;
	at = ltr__put_number(at, ltr__signed_number(event->goroutine - delta->event.goroutine));
	at = ltr__put_number(at, ltr__signed_number(event->ticks - delta->event.ticks));
	at = ltr__put_number(at, ltr__signed_number(event->arg - *arg));
	at = ltr__put_number(at, event->sequence - (*sequence + 1));
	writing->used = (size_t)(at - writing->bytes);
	delta->event = *event;
	*arg = event->arg;
	*sequence = event->sequence;
}

void ltr__read_event(struct ltr__reading *reading, struct ltr__delta *delta,
		     struct ltr_event *ret_event)
{
	const unsigned char *small = ltr__read_bytes(reading, 3);
	struct ltr_event *event = &delta->event;

	*ret_event = (struct ltr_event){0};
	if (!small)
		return;
	event->kind = small[0];
	event->reason = small[1];
	event->flags = small[2];
	event->goroutine += ltr__read_signed(reading);
	event->ticks += ltr__read_signed(reading);

	uint64_t *arg = last_arg(delta, event->kind);
	uint32_t *sequence = last_sequence(delta, event->goroutine);

	event->arg = *arg + ltr__read_signed(reading);
	event->sequence = *sequence + 1 + (uint32_t)ltr__read_number(reading);
	*arg = event->arg;
	*sequence = event->sequence;
	*ret_event = *event;
}
