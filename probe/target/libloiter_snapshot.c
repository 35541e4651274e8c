// SPDX-License-Identifier: MIT
/*
 * A snapshot of a libloiter program, without stopping it. Descriptors are read in batches; for each
 * batch: all descriptors, the used part of the stacks of those that stand somewhere, all
 * descriptors again. Whoever has the same even sequence both times was read whole. The others are
 * tried again a few times, and in the end taken as they are, without a stack: a goroutine that
 * changes faster than it can be read is alive and moving, and in one of the states that were seen.
 *
 * A batch costs three system calls however many goroutines are in it (IOV_MAX permitting), because
 * descriptors are neighbours. The stack of a goroutine that has not moved since the census learnt
 * it is not read again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libloiter_private.h"

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define BATCH 4u /* more than one for a small input, and little to allocate for each */
#else
#define BATCH 1024u
#endif
#define ROUNDS           4
#define UNREADABLE_MAX   65536u /* give up: this program is not what it says */
#define ROUND_PAUSE_NS   20000
#define STACK_BYTES      ((size_t)8 * 1024)   /* of each stack, at first */
#define DEEP_STACK_BYTES ((size_t)256 * 1024) /* of a stack with frames beyond that */

/* A goroutine as it was read. */
struct reading {
	struct ltr_goroutine goroutine;
	uint32_t sequence;
	struct ltr__stack stack;
	uint64_t site;
	uint64_t name;
	uint64_t labels;
	uint64_t read_lock[2]; /* 0: none */
	const uint64_t *pcs;
	uint32_t depth; /* frames in pcs */
	bool stack_known;
	bool stack_damaged;
	bool skip; /* free, or to be tried again */
};

struct look {
	struct ltr__libloiter *target;
	struct ltr_census *census;
	struct ltr_clock_rate rate;
	uint64_t exact_ns;
	struct ltr__words words;
	struct ltr__locks locks;
	uint64_t unreadable;
	bool complete;
	bool in_doubt;
	bool first; /* the census knows nobody yet */
	bool last_round;

	uint64_t addresses[BATCH]; /* of the descriptors of this batch */
	uint32_t count;
	unsigned char *descriptors;
	struct reading readings[BATCH];
	uint64_t *pcs; /* of one goroutine after the other */
	size_t pc_count;
	struct ltr_process_piece pieces[BATCH];
	unsigned char *stacks;
	unsigned char *deep_stack;

	uint64_t *again; /* addresses to try in the next round */
	uint32_t again_count;
	uint32_t again_capacity;
};

uint64_t ltr__field(const struct ltr_layout *layout, const unsigned char *descriptor,
		    enum ltr_descriptor_field field)
{
	const unsigned char *at = descriptor + layout->fields[field].offset;
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;

	switch (layout->fields[field].bytes) {
	case 1:
		return *at;
	case 2:
		memcpy(&u16, at, sizeof(u16));
		return u16;
	case 4:
		memcpy(&u32, at, sizeof(u32));
		return u32;
	default:
		memcpy(&u64, at, sizeof(u64));
		return u64;
	}
}

static int try_again(struct look *look, uint32_t index)
{
	look->readings[index].skip = true;
	if (look->again_count == look->again_capacity) {
		uint32_t more = look->again_capacity ? look->again_capacity * 2 : 256;
		uint64_t *grown = realloc(look->again, more * sizeof(*look->again));
		if (!grown)
			return -ENOMEM;
		look->again = grown;
		look->again_capacity = more;
	}
	look->again[look->again_count++] = look->addresses[index];
	return 0;
}

static uint64_t to_ns(const struct look *look, uint64_t ticks)
{
	const struct ltr_clock_rate *rate = &look->rate;
	if (!ticks)
		return 0;
	double ns = (double)rate->base_ns +
		    ((double)ticks - (double)rate->base_ticks) * rate->ns_per_tick;
	/* The census shows nothing from the future, and 0 means "not known". */
	return ns < 1 ? 1 : ns > (double)rate->base_ns ? rate->base_ns : (uint64_t)ns;
}

static int read_descriptors(struct look *look)
{
	size_t bytes = look->target->layout.descriptor_bytes;

	for (uint32_t i = 0; i < look->count; i++)
		look->pieces[i] =
			(struct ltr_process_piece){.address = look->addresses[i],
						   .buffer = look->descriptors + i * bytes,
						   .bytes = bytes};
	return ltr_process_read_many(look->target->process, look->pieces, look->count);
}

static void parse(const struct look *look, const unsigned char *descriptor, struct reading *reading)
{
	const struct ltr_layout *layout = &look->target->layout;
#define FIELD(name) ltr__field(layout, descriptor, LTR_FIELD_##name)
	uint16_t flags = (uint16_t)FIELD(flags);
	struct ltr_goroutine *goroutine = &reading->goroutine;

	*reading = (struct reading){.sequence = (uint32_t)FIELD(sequence),
				    .stack = {FIELD(saved_sp), FIELD(stack_low), FIELD(stack_high)},
				    .site = FIELD(site),
				    .name = FIELD(name),
				    .labels = FIELD(labels)};
	goroutine->id = FIELD(id);
	goroutine->parent_id = FIELD(parent_id);
	goroutine->state = (uint8_t)FIELD(state);
	goroutine->since_ns = to_ns(look, FIELD(since_ticks));
	goroutine->created_ns = to_ns(look, FIELD(created_ticks));
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
	if (goroutine->since_ns >= look->exact_ns || look->target->layout.coarse_ns == 0)
		goroutine->flags |= LTR_SINCE_EXACT;
	if (goroutine->id == 0 || goroutine->state == LTR_STATE_EXITED)
		reading->skip = true;
}

static bool is_waiting(uint8_t state)
{
	return state >= LTR_STATE_SLEEP && state <= LTR_STATE_SYNC;
}

/* Frames beyond the part that was read at first: more of it, for this one alone. */
static int unwind_deep(struct look *look, struct reading *reading, uint64_t *pcs)
{
	struct ltr_process_piece part = {.buffer = look->deep_stack};

	const struct ltr_layout *layout = &look->target->layout;

	part.bytes = ltr__stack_used(layout, &reading->stack, DEEP_STACK_BYTES, &part.address);
	if (!part.bytes)
		return -EBADMSG;
	int err = ltr_process_read_many(look->target->process, &part, 1);
	return err ? err : ltr__stack_walk(layout, &reading->stack, &part, pcs, &reading->depth);
}

/* What the census knows already about a goroutine that has not moved since. */
static bool reuse_stack(const struct look *look, struct reading *reading)
{
	const struct ltr_goroutine *known = NULL;

	if (!look->first)
		known = ltr_census_find(look->census, reading->goroutine.id);
	if (!known || !known->stack || known->transitions != reading->goroutine.transitions)
		return false;
	reading->goroutine.stack = known->stack;
	reading->stack_known = true;
	return true;
}

/* Bytes of stacks, and frames, lie behind each other: memory that was touched already. */
static int read_stacks(struct look *look)
{
	const struct ltr_layout *layout = &look->target->layout;
	uint32_t who[BATCH];
	uint32_t count = 0;
	size_t used = 0;

	for (uint32_t i = 0; i < look->count; i++) {
		struct reading *reading = &look->readings[i];
		if (reading->skip || !reading->stack.saved_sp || reuse_stack(look, reading))
			continue;
		struct ltr_process_piece *piece = &look->pieces[count];
		piece->buffer = look->stacks + used;
		piece->bytes =
			ltr__stack_used(layout, &reading->stack, STACK_BYTES, &piece->address);
		used += piece->bytes;
		if (piece->bytes)
			who[count++] = i;
		else
			reading->stack_damaged = true;
	}
	int err = ltr_process_read_many(look->target->process, look->pieces, count);
	look->pc_count = 0;
	for (uint32_t i = 0; i < count && !err; i++) {
		struct reading *reading = &look->readings[who[i]];
		uint64_t *pcs = look->pcs + look->pc_count;
		int walk = ltr__stack_walk(layout, &reading->stack, &look->pieces[i], pcs,
					   &reading->depth);
		if (walk == -ENODATA)
			walk = unwind_deep(look, reading, pcs);
		if (walk == -ESRCH || walk == -EPERM)
			err = walk;
		reading->stack_damaged = walk < 0;
		reading->pcs = pcs;
		look->pc_count += reading->depth;
	}
	return err;
}

/* First reading of a batch: who is there, and who is being changed just now. */
static int first_pass(struct look *look)
{
	size_t bytes = look->target->layout.descriptor_bytes;
	int err = read_descriptors(look);

	for (uint32_t i = 0; i < look->count && !err; i++) {
		struct reading *reading = &look->readings[i];
		if (look->pieces[i].done < bytes) {
			*reading = (struct reading){.skip = true};
			look->unreadable++;
			look->complete = false;
			continue;
		}
		parse(look, look->descriptors + i * bytes, reading);
		if (reading->skip || look->last_round)
			continue;
		bool leaving = is_waiting(reading->goroutine.state) && !reading->stack.saved_sp;
		if (reading->sequence & 1 || leaving)
			err = try_again(look, i);
	}
	return err;
}

/* Second reading: whatever has moved meanwhile does not belong together. */
static int second_pass(struct look *look)
{
	const struct ltr_layout *layout = &look->target->layout;
	size_t bytes = layout->descriptor_bytes;
	int err = read_descriptors(look);

	for (uint32_t i = 0; i < look->count && !err; i++) {
		struct reading *reading = &look->readings[i];
		const unsigned char *now = look->descriptors + i * bytes;
		if (reading->skip)
			continue;
		if (look->pieces[i].done == bytes &&
		    ltr__field(layout, now, LTR_FIELD_id) == reading->goroutine.id &&
		    ltr__field(layout, now, LTR_FIELD_sequence) == reading->sequence &&
		    !(reading->sequence & 1))
			continue;
		if (!look->last_round) {
			err = try_again(look, i);
			continue;
		}
		/*
		 * Its thread has stood in the middle of the change all the time: it lost the CPU
		 * there, perhaps before it could see that somebody watches. Then this change has no
		 * record.
		 */
		if (ltr__field(layout, now, LTR_FIELD_sequence) == reading->sequence)
			look->in_doubt = true;
		/* Another goroutine has the descriptor now: this one has ended. */
		if (ltr__field(layout, now, LTR_FIELD_id) != reading->goroutine.id)
			reading->skip = true;
		reading->depth = 0;
		reading->stack_damaged = false;
		reading->goroutine.stack = 0;
		reading->stack_known = true;
	}
	return err;
}

static int put_select(struct look *look, const struct reading *reading)
{
	const struct ltr_goroutine *goroutine = &reading->goroutine;

	if (goroutine->reason != LTR_REASON_SELECT || goroutine->object || !reading->stack.saved_sp)
		return 0;
	return ltr__selects_note(
		&look->target->selects,
		&(struct ltr__select){goroutine->id, goroutine->transitions, reading->stack});
}

static int put_locks(struct look *look, const struct reading *reading)
{
	const struct ltr_goroutine *goroutine = &reading->goroutine;
	int err = 0;

	if (look->target->layout.lock_bytes && ltr_census_is_lock_wait(goroutine->reason))
		err = ltr__locks_want(&look->locks, goroutine->object);
	for (int i = 0; i < 2 && !err; i++)
		if (reading->read_lock[i])
			err = ltr_census_snapshot_reader(
				look->census,
				&(struct ltr_reader){reading->read_lock[i], goroutine->id});
	return err;
}

static int put_all(struct look *look)
{
	int err = 0;

	for (uint32_t i = 0; i < look->count && !err; i++) {
		const struct reading *reading = &look->readings[i];
		if (reading->skip)
			continue;
		err = ltr__words_want_name(&look->words, reading->name);
		if (!err)
			err = ltr__words_want_labels(&look->words, reading->labels);
	}
	if (!err)
		err = ltr__words_read(&look->words);

	for (uint32_t i = 0; i < look->count && !err; i++) {
		struct reading *reading = &look->readings[i];
		struct ltr_goroutine *goroutine = &reading->goroutine;
		if (reading->skip)
			continue;
		if (!reading->stack_known)
			err = ltr_census_intern_stack(look->census, reading->pcs, reading->depth,
						      &goroutine->stack);
		if (!err)
			err = ltr__words_site(&look->words, reading->site, &goroutine->site);
		goroutine->name = ltr__words_name(&look->words, reading->name);
		goroutine->labels = ltr__words_labels(&look->words, reading->labels);
		look->unreadable += reading->stack_damaged;
		if (!err)
			err = ltr_census_snapshot_put(look->census, goroutine);
		if (!err)
			err = put_locks(look, reading);
		if (!err)
			err = put_select(look, reading);
	}
	return err;
}

static int do_batch(struct look *look)
{
	int err = first_pass(look);
	if (!err)
		err = read_stacks(look);
	if (!err)
		err = second_pass(look);
	if (!err)
		err = put_all(look);
	look->count = 0;
	return err;
}

static int look_at(struct look *look, uint64_t address)
{
	look->addresses[look->count++] = address;
	return look->count == BATCH ? do_batch(look) : 0;
}

/* Nothing is looked at once too much could not be read; then it is no whole snapshot. */
static int look_at_slab(struct look *look, uint64_t slab)
{
	const struct ltr_layout *layout = &look->target->layout;
	int err = 0;

	for (uint32_t i = 0; i < layout->slab_descriptors && !err; i++) {
		if (look->unreadable >= UNREADABLE_MAX) {
			look->complete = false;
			break;
		}
		err = look_at(look, slab + (uint64_t)i * layout->descriptor_bytes);
	}
	return err;
}

static int first_round(struct look *look)
{
	uint64_t *slabs;
	uint32_t count;
	bool all;

	int err = ltr__slab_addresses(look->target, &slabs, &count, &all);
	if (err)
		return err;
	if (!all)
		look->complete = false;
	ltr_census_reserve(look->census, (size_t)count * look->target->layout.slab_descriptors);
	for (uint32_t i = 0; i < count && !err; i++)
		err = look_at_slab(look, slabs[i]);
	free(slabs);
	return err ? err : do_batch(look);
}

static int next_round(struct look *look)
{
	uint64_t *addresses = look->again;
	uint32_t count = look->again_count;
	int err = 0;

	look->again = NULL;
	look->again_count = look->again_capacity = 0;
	nanosleep(&(struct timespec){.tv_nsec = ROUND_PAUSE_NS}, NULL);
	for (uint32_t i = 0; i < count && !err; i++)
		err = look_at(look, addresses[i]);
	free(addresses);
	return err ? err : do_batch(look);
}

static int look_around(struct look *look)
{
	int err = first_round(look);

	for (int round = 1; round < ROUNDS && !err && look->again_count; round++) {
		look->last_round = round + 1 == ROUNDS;
		err = next_round(look);
	}
	return err;
}

int ltr__libloiter_snapshot(void *context, struct ltr_census *census, uint64_t exact_ns)
{
	struct ltr__libloiter *target = context;
	struct look *look = malloc(sizeof(*look));
	if (!look)
		return -ENOMEM;
	memset(look, 0, offsetof(struct look, addresses));
	look->target = target;
	look->census = census;
	look->exact_ns = exact_ns;
	look->complete = true;
	look->first = ltr_census_count(census) == 0;
	look->words.target = target;
	look->words.census = census;
	look->count = 0;
	look->again = NULL;
	look->again_count = look->again_capacity = 0;
	look->descriptors = malloc((size_t)BATCH * target->layout.descriptor_bytes);
	look->stacks = malloc(BATCH * STACK_BYTES);
	look->deep_stack = malloc(DEEP_STACK_BYTES);
	look->pcs = malloc(sizeof(*look->pcs) * BATCH * LTR__FRAMES_MAX);
	ltr__libloiter_rate(target, &look->rate);

	int err = look->descriptors && look->stacks && look->deep_stack && look->pcs ? 0 : -ENOMEM;
	if (!err)
		err = ltr_census_snapshot_begin(census, ltr_process_now_ns());
	if (!err) {
		target->selects.count = 0;
		err = look_around(look);
		if (!err)
			err = ltr__locks_read(&look->locks, target, census);
		int end = ltr_census_snapshot_end(census, look->complete && !err);
		err = err ? err : end;
		if (!err && look->in_doubt)
			ltr_census_note_doubt(census);
		ltr_census_info_mut(census)->unreadable = look->unreadable;
	}
	ltr__words_done(&look->words);
	ltr__locks_done(&look->locks);
	free(look->descriptors);
	free(look->stacks);
	free(look->deep_stack);
	free(look->pcs);
	free(look->again);
	free(look);
	/* Where the layout's own tables are not mapped any more, another program runs here now. */
	return err == -EFAULT ? -ESRCH : err;
}
