// SPDX-License-Identifier: MIT
/*
 * Reading a batch of goroutines, without stopping anybody. See libloiter_snapshot.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "libloiter_snapshot.h"

#define STACK_BYTES      ((size_t)8 * 1024)   /* of each stack, at first */
#define DEEP_STACK_BYTES ((size_t)256 * 1024) /* of a stack with frames beyond that */

enum pass { FIRST, SECOND };

static void try_again(struct ltr__as_read *reading)
{
	reading->skip = true;
	reading->again = true;
}

static uint64_t to_ns(const struct ltr__batch *batch, uint64_t ticks)
{
	const struct ltr_clock_rate *rate = &batch->look->rate;
	if (!ticks)
		return 0;
	double ns = (double)rate->base_ns +
		    ((double)ticks - (double)rate->base_ticks) * rate->ns_per_tick;
	/* The census shows nothing from the future, and 0 means "not known". */
	return ns < 1 ? 1 : ns > (double)rate->base_ns ? rate->base_ns : (uint64_t)ns;
}

/* And the notes that there are. */
static int read_descriptors(struct ltr__batch *batch, enum pass pass)
{
	size_t bytes = batch->look->target->layout.descriptor_bytes;
	size_t noted_bytes = batch->notes ? batch->count * sizeof(batch->noted[pass][0]) : 0;
	struct ltr_process_piece *notes = &batch->pieces[batch->count];
	int err;

	for (uint32_t i = 0; i < batch->count; i++)
		batch->pieces[i] =
			(struct ltr_process_piece){.address = batch->addresses[i],
						   .buffer = batch->descriptors + i * bytes,
						   .bytes = bytes};
	*notes = (struct ltr_process_piece){
		.address = batch->notes, .buffer = batch->noted[pass], .bytes = noted_bytes};
	err = ltr_process_read_many(batch->look->target->process, batch->pieces, batch->count + 1);
	batch->has_notes[pass] = noted_bytes && notes->done == noted_bytes;
	return err;
}

static void parse(const struct ltr__batch *batch, const unsigned char *descriptor,
		  struct ltr__as_read *reading)
{
	const struct ltr_layout *layout = &batch->look->target->layout;
#define FIELD(name) LTR__FIELD_OF(layout, descriptor, name)
	uint16_t flags = (uint16_t)FIELD(flags);
	struct ltr_goroutine *goroutine = &reading->goroutine;

	*reading = (struct ltr__as_read){
		.sequence = (uint32_t)FIELD(sequence),
		.stack = {FIELD(saved_sp), FIELD(stack_low), FIELD(stack_high)},
		.site = FIELD(site),
		.name = FIELD(name),
		.labels = FIELD(labels)};
	goroutine->id = FIELD(id);
	goroutine->parent_id = FIELD(parent_id);
	goroutine->state = (uint8_t)FIELD(state);
	goroutine->since_ns = to_ns(batch, FIELD(since_ticks));
	goroutine->created_ns = to_ns(batch, FIELD(created_ticks));
	goroutine->waker_id = FIELD(waker_id);
	goroutine->entry_pc = FIELD(entry);
	goroutine->creation_pc = FIELD(creation_pc);
	goroutine->transitions = reading->sequence >> 1;
	if (ltr_reason_state((uint8_t)FIELD(reason)) == goroutine->state) {
		goroutine->reason = (uint8_t)FIELD(reason);
		goroutine->object = FIELD(object);
	}
	if (goroutine->reason && layout->fields[LTR_FIELD_read_lock_0].bytes)
		reading->read_lock[0] = FIELD(read_lock_0);
	if (goroutine->reason && layout->fields[LTR_FIELD_read_lock_1].bytes)
		reading->read_lock[1] = FIELD(read_lock_1);
#undef FIELD
	if (flags & LTR_GOROUTINE_MAIN)
		goroutine->flags |= LTR_IS_MAIN;
	if (flags & LTR_GOROUTINE_DAEMON)
		goroutine->flags |= LTR_IS_DAEMON;
	if (flags & LTR_GOROUTINE_LONG && goroutine->state == LTR_STATE_RUNNING)
		goroutine->flags |= LTR_IS_LONG;
	if (flags & LTR_GOROUTINE_TIMED && goroutine->reason)
		goroutine->flags |= LTR_IS_TIMED;
	if (goroutine->since_ns >= batch->look->exact_ns ||
	    batch->look->target->layout.coarse_ns == 0)
		goroutine->flags |= LTR_SINCE_EXACT;
	if (goroutine->id == 0 || goroutine->state == LTR_STATE_EXITED)
		reading->skip = true;
}

static bool is_waiting(uint8_t state)
{
	return state >= LTR_STATE_SLEEP && state <= LTR_STATE_SYNC;
}

/* Frames beyond the part that was read at first: more of it, for this one alone. */
static int unwind_deep(struct ltr__batch *batch, struct ltr__as_read *reading, uint64_t *pcs)
{
	struct ltr_process_piece part = {.buffer = batch->deep_stack};

	const struct ltr_layout *layout = &batch->look->target->layout;

	part.bytes = ltr__stack_used(layout, &reading->stack, DEEP_STACK_BYTES, &part.address);
	if (!part.bytes)
		return -EBADMSG;
	int err = ltr_process_read_many(batch->look->target->process, &part, 1);
	return err ? err : ltr__stack_walk(layout, &reading->stack, &part, pcs, &reading->depth);
}

/* What the census knows already about a goroutine that has not moved since. */
static bool reuse_stack(const struct ltr__batch *batch, struct ltr__as_read *reading)
{
	const struct ltr_goroutine *known = NULL;

	if (batch->look->known)
		known = ltr_census_find(batch->look->known, reading->goroutine.id);
	if (!known || !known->stack || known->transitions != reading->goroutine.transitions)
		return false;
	reading->goroutine.stack = known->stack;
	reading->stack_known = true;
	return true;
}

/* The stack that is noted for who was read like this; 0: none. */
static uint32_t noted_stack(const struct ltr__batch *batch, uint32_t i, enum pass pass)
{
	const struct ltr_stack_note *note = &batch->noted[pass][i];
	const struct ltr__as_read *reading = &batch->readings[i];

	return batch->has_notes[pass] && note->id == reading->goroutine.id &&
			       note->sequence == reading->sequence
		       ? note->stack
		       : 0;
}

/* Bytes of stacks, and frames, lie behind each other: memory that was touched already. */
static int read_stacks(struct ltr__batch *batch)
{
	const struct ltr_layout *layout = &batch->look->target->layout;
	uint32_t who[LTR__BATCH];
	uint32_t count = 0;
	size_t used = 0;

	for (uint32_t i = 0; i < batch->count; i++) {
		struct ltr__as_read *reading = &batch->readings[i];
		if (reading->skip || !reading->stack.saved_sp || reuse_stack(batch, reading))
			continue;
		reading->noted = noted_stack(batch, i, FIRST);
		if (reading->noted)
			continue;
		struct ltr_process_piece *piece = &batch->pieces[count];
		piece->buffer = batch->stacks + used;
		piece->bytes =
			ltr__stack_used(layout, &reading->stack, STACK_BYTES, &piece->address);
		used += piece->bytes;
		if (piece->bytes)
			who[count++] = i;
		else
			reading->stack_damaged = true;
	}
	int err = ltr_process_read_many(batch->look->target->process, batch->pieces, count);
	batch->pc_count = 0;
	for (uint32_t i = 0; i < count && !err; i++) {
		struct ltr__as_read *reading = &batch->readings[who[i]];
		uint64_t *pcs = batch->pcs + batch->pc_count;
		int walk = ltr__stack_walk(layout, &reading->stack, &batch->pieces[i], pcs,
					   &reading->depth);
		if (walk == -ENODATA)
			walk = unwind_deep(batch, reading, pcs);
		if (walk == -ESRCH || walk == -EPERM)
			err = walk;
		reading->stack_damaged = walk < 0;
		reading->pcs = pcs;
		batch->pc_count += reading->depth;
	}
	return err;
}

/* First reading of a batch: who is there, and who is being changed just now. */
static int first_pass(struct ltr__batch *batch)
{
	size_t bytes = batch->look->target->layout.descriptor_bytes;
	int err = read_descriptors(batch, FIRST);

	for (uint32_t i = 0; i < batch->count && !err; i++) {
		struct ltr__as_read *reading = &batch->readings[i];
		if (batch->pieces[i].done < bytes) {
			*reading = (struct ltr__as_read){.skip = true};
			batch->unreadable++;
			batch->complete = false;
			continue;
		}
		parse(batch, batch->descriptors + i * bytes, reading);
		if (reading->skip || batch->look->last_round)
			continue;
		bool leaving = is_waiting(reading->goroutine.state) && !reading->stack.saved_sp;
		if (reading->sequence & 1 || leaving)
			try_again(reading);
	}
	return err;
}

/* Second reading: whatever has moved meanwhile does not belong together. */
static int second_pass(struct ltr__batch *batch)
{
	const struct ltr_layout *layout = &batch->look->target->layout;
	size_t bytes = layout->descriptor_bytes;
	int err = read_descriptors(batch, SECOND);

	for (uint32_t i = 0; i < batch->count && !err; i++) {
		struct ltr__as_read *reading = &batch->readings[i];
		const unsigned char *now = batch->descriptors + i * bytes;
		if (reading->skip)
			continue;
		if (batch->pieces[i].done == bytes &&
		    LTR__FIELD_OF(layout, now, id) == reading->goroutine.id &&
		    LTR__FIELD_OF(layout, now, sequence) == reading->sequence &&
		    !(reading->sequence & 1) &&
		    (!reading->noted || noted_stack(batch, i, SECOND) == reading->noted))
			continue;
		if (!batch->look->last_round) {
			try_again(reading);
			continue;
		}
		/*
		 * Its thread has stood in the middle of the change all the time: it lost the CPU
		 * there, perhaps before it could see that somebody watches. Then this change has no
		 * record.
		 */
		if (LTR__FIELD_OF(layout, now, sequence) == reading->sequence)
			batch->in_doubt = true;
		/* Another goroutine has the descriptor now: this one has ended. */
		if (LTR__FIELD_OF(layout, now, id) != reading->goroutine.id)
			reading->skip = true;
		reading->depth = 0;
		reading->stack_damaged = false;
		reading->goroutine.stack = 0;
		reading->stack_known = true;
	}
	return err;
}

void ltr__batch_read(struct ltr__batch *batch)
{
	batch->unreadable = 0;
	batch->complete = true;
	batch->in_doubt = false;
	if (batch->notes)
		ltr__notes_await(batch->look->notes, batch->end);
	batch->err = first_pass(batch);
	if (!batch->err)
		batch->err = read_stacks(batch);
	if (!batch->err)
		batch->err = second_pass(batch);
}

struct ltr__batch *ltr__batch_new(const struct ltr__look *look)
{
	struct ltr__batch *batch = malloc(sizeof(*batch));

	if (!batch)
		return NULL;
	batch->look = look;
	batch->count = 0;
	batch->descriptors = malloc(LTR__BATCH * (size_t)look->target->layout.descriptor_bytes);
	batch->stacks = malloc(LTR__BATCH * STACK_BYTES);
	batch->deep_stack = malloc(DEEP_STACK_BYTES);
	batch->pcs = malloc(sizeof(*batch->pcs) * LTR__BATCH * LTR__FRAMES_MAX);
	if (batch->descriptors && batch->stacks && batch->deep_stack && batch->pcs)
		return batch;
	return ltr__batch_free(batch);
}

struct ltr__batch *ltr__batch_free(struct ltr__batch *batch)
{
	if (!batch)
		return NULL;
	free(batch->descriptors);
	free(batch->stacks);
	free(batch->deep_stack);
	free(batch->pcs);
	free(batch);
	return NULL;
}
