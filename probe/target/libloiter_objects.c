// SPDX-License-Identifier: MIT
/*
 * What the census's goroutines wait on, but for locks, read from the program: not with each snapshot, but
 * when somebody asks. What cannot be read, or is of a program whose objects say nothing, is left out.
 *
 * Who waits for several channels has the cases of its select on its stack. Where that stands, the last
 * snapshot has noted; who has moved since is passed over.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "libloiter_private.h"

/* What a program that lies about its descriptors can have us remember: more are not known. */
#define SELECTS_MAX (1u << 20)
#define WANTED_MAX  (1u << 22) /* and what a batch of selects adds to that */

#define BATCH 256u

/* The largest that there is: of a channel, up to its words. */
#define OBJECT_BYTES (LTR__CHANNEL_WORDS_MAX + sizeof(struct ltr_channel_words))

struct wanted {
	uint64_t address;
	uint8_t kind;
};

struct wanted_list {
	struct wanted *all;
	uint32_t count;
	uint32_t capacity;
};

static int compare(const void *a, const void *b)
{
	const struct wanted *x = a;
	const struct wanted *y = b;
	int order = ltr__compare(x->address, y->address);

	return order ? order : ltr__compare(x->kind, y->kind);
}

static int want(struct wanted_list *list, uint64_t address, uint8_t kind)
{
	if (!address || address % 8 || !kind)
		return 0;
	/* Neighbours often wait for the same. */
	if (list->count && list->all[list->count - 1].address == address &&
	    list->all[list->count - 1].kind == kind)
		return 0;
	return ltr__append(&list->all, &list->count, &list->capacity,
			   &(struct wanted){address, kind}, sizeof(struct wanted));
}

/* Each once. */
static void sort(struct wanted_list *list)
{
	uint32_t kept = 0;

	if (list->count > 1)
		qsort(list->all, list->count, sizeof(*list->all), compare);
	for (uint32_t i = 0; i < list->count; i++)
		if (i == 0 || compare(&list->all[i], &list->all[kept - 1]) != 0)
			list->all[kept++] = list->all[i];
	list->count = kept;
}

/* How many bytes an object has before its struct ltr_sync_words. */
static size_t bytes_before(uint8_t kind)
{
	return kind == LTR_OBJECT_WAITGROUP ? 8 : kind == LTR_OBJECT_SEMAPHORE ? 16 : 0;
}

/* How much of an object is read; 0: it says nothing. */
static size_t bytes_of(const struct ltr_layout *layout, uint8_t kind)
{
	switch (kind) {
	case LTR_OBJECT_CHANNEL:
		return layout->channel_words
			       ? layout->channel_words + sizeof(struct ltr_channel_words)
			       : 0;
	case LTR_OBJECT_WAITGROUP:
	case LTR_OBJECT_COND:
	case LTR_OBJECT_SEMAPHORE:
		return layout->sync_words ? bytes_before(kind) + sizeof(struct ltr_sync_words) : 0;
	default:
		return 0;
	}
}

static void parse_channel(const struct ltr_layout *layout, const unsigned char *bytes,
			  struct ltr_object *object)
{
	struct ltr_channel_words words;
	struct ltr_channel_head head;

	memcpy(&words, bytes + layout->channel_words, sizeof(words));
	object->made_pc = words.made_pc;
	object->giver_id = words.sender_id;
	object->taker_id = words.receiver_id;
	if (!layout->channel_head || layout->channel_words < sizeof(head))
		return;
	memcpy(&head, bytes, sizeof(head));
	object->counted = true;
	object->closed = head.closed != 0;
	object->count = (int64_t)head.count;
	object->capacity = (int64_t)head.capacity;
}

static void parse_sync(const unsigned char *bytes, struct ltr_object *object)
{
	size_t before = bytes_before(object->kind);
	struct ltr_sync_words words;
	int64_t first[2] = {0};

	memcpy(first, bytes, before);
	memcpy(&words, bytes + before, sizeof(words));
	object->counted = before;
	object->count = object->kind == LTR_OBJECT_WAITGROUP ? first[0] >> 32 : first[1];
	object->capacity = object->kind == LTR_OBJECT_SEMAPHORE ? first[0] : 0;
	object->first_at = words.first_at;
	object->giver_id = words.giver_id;
	object->taker_id = words.taker_id;
	object->given_at = words.given_at;
	object->taken_at = words.taken_at;
}

static void parse(const struct ltr_layout *layout, const struct wanted *wanted,
		  const unsigned char *bytes, struct ltr_object *ret_object)
{
	*ret_object = (struct ltr_object){.address = wanted->address, .kind = wanted->kind};
	if (wanted->kind == LTR_OBJECT_CHANNEL)
		parse_channel(layout, bytes, ret_object);
	else
		parse_sync(bytes, ret_object);
}

static int read_batch(const struct ltr__libloiter *target, struct ltr_census *census,
		      const struct wanted *wanted, size_t count, unsigned char *buffer)
{
	struct ltr_process_piece pieces[BATCH];
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		pieces[i] = (struct ltr_process_piece){
			.address = wanted[i].address,
			.buffer = buffer + used,
			.bytes = bytes_of(&target->layout, wanted[i].kind),
		};
		used += pieces[i].bytes;
	}
	int err = ltr_process_read_many(target->process, pieces, (uint32_t)count);
	for (size_t i = 0; i < count && !err; i++) {
		struct ltr_object object;

		if (!pieces[i].bytes || pieces[i].done != pieces[i].bytes)
			continue;
		parse(&target->layout, &wanted[i], pieces[i].buffer, &object);
		err = ltr_census_object_put(census, &object);
	}
	return err;
}

static int read_objects(const struct ltr__libloiter *target, struct ltr_census *census,
			const struct wanted_list *list)
{
	unsigned char *buffer = malloc(BATCH * OBJECT_BYTES);
	int err = buffer ? 0 : -ENOMEM;

	for (size_t i = 0; i < list->count && !err; i += BATCH)
		err = read_batch(target, census, list->all + i,
				 list->count - i < BATCH ? list->count - i : BATCH, buffer);
	free(buffer);
	return err;
}

static bool find_mark(const unsigned char *bytes, size_t count, uint64_t address,
		      struct ltr_select_mark *ret_mark)
{
	for (size_t i = 0; i + sizeof(*ret_mark) <= count; i += 8) {
		struct ltr_select_mark mark;

		memcpy(&mark, bytes + i, sizeof(mark));
		if (mark.magic != LTR_SELECT_MAGIC || mark.address != address + i)
			continue;
		*ret_mark = mark;
		return true;
	}
	return false;
}

/* Those that can happen. Returns how many. */
static size_t read_cases(const struct ltr__libloiter *target, const struct ltr__select *select,
			 const struct ltr_select_mark *mark, struct ltr_select_case *ret_cases,
			 size_t most)
{
	struct ltr_case_words cases[LTR__CASES_MAX];
	size_t count = 0;

	if (!mark->cases || mark->cases % 8 || !mark->count || mark->count > LTR__CASES_MAX ||
	    ltr_process_read(target->process, mark->cases, cases, mark->count * sizeof(*cases)) < 0)
		return 0;
	for (uint32_t i = 0; i < mark->count && count < most; i++)
		if (cases[i].channel)
			ret_cases[count++] = (struct ltr_select_case){
				.goroutine_id = select->goroutine_id,
				.address = cases[i].channel,
				.transitions = select->transitions,
				.index = (uint8_t)i,
				.receives = cases[i].is_receive != 0,
			};
	return count;
}

static int put_cases(const struct ltr__libloiter *target, struct ltr_census *census,
		     const struct ltr__select *select, const struct ltr_select_mark *mark,
		     struct wanted_list *list)
{
	struct ltr_select_case cases[LTR__CASES_MAX];
	size_t count = read_cases(target, select, mark, cases, LTR__CASES_MAX);
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		err = want(list, cases[i].address, LTR_OBJECT_CHANNEL);
		if (!err)
			err = ltr_census_case_put(census, &cases[i]);
	}
	return err;
}

static bool stands(const struct ltr_census *census, const struct ltr__select *select)
{
	const struct ltr_goroutine *goroutine = ltr_census_find(census, select->goroutine_id);

	return goroutine && goroutine->reason == LTR_REASON_SELECT && !goroutine->object &&
	       goroutine->transitions == select->transitions;
}

static int read_selects(const struct ltr__libloiter *target, struct ltr_census *census,
			uint32_t most, struct wanted_list *list)
{
	const struct ltr__selects *selects = &target->selects;
	struct ltr_process_piece pieces[BATCH];
	uint32_t last = selects->count < most ? selects->count : most;
	uint32_t before = list->count;
	unsigned char *buffer = malloc((size_t)BATCH * LTR_SELECT_MARK_BYTES);
	int err = buffer ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < last && list->count - before < WANTED_MAX && !err;) {
		const struct ltr__select *who[BATCH];
		uint32_t count = 0;

		for (; i < last && count < BATCH; i++) {
			const struct ltr__select *select = &selects->all[i];
			struct ltr_process_piece *piece = &pieces[count];

			piece->buffer = buffer + (size_t)count * LTR_SELECT_MARK_BYTES;
			piece->bytes = ltr__stack_used(&target->layout, &select->stack,
						       LTR_SELECT_MARK_BYTES, &piece->address);
			if (piece->bytes && stands(census, select))
				who[count++] = select;
		}
		err = ltr_process_read_many(target->process, pieces, count);
		for (uint32_t j = 0; j < count && !err; j++) {
			struct ltr_select_mark mark;

			if (find_mark(pieces[j].buffer, pieces[j].done, pieces[j].address, &mark))
				err = put_cases(target, census, who[j], &mark, list);
		}
	}
	free(buffer);
	return err;
}

int ltr__selects_note(struct ltr__selects *selects, const struct ltr__select *select)
{
	if (selects->count == SELECTS_MAX)
		return 0;
	return ltr__append(&selects->all, &selects->count, &selects->capacity, select,
			   sizeof(*select));
}

int ltr__libloiter_objects(void *context, struct ltr_census *census, uint32_t most)
{
	const struct ltr__libloiter *target = context;
	struct wanted_list list = {0};
	int err = 0;

	ltr_census_objects_begin(census, ltr_process_now_ns());
	for (size_t i = 0; i < ltr_census_count(census) && !err; i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(census, i);

		uint8_t kind = ltr_census_object_kind(goroutine->reason);

		if (bytes_of(&target->layout, kind))
			err = want(&list, goroutine->object, kind);
	}
	if (!err && target->layout.case_bytes && target->layout.channel_words)
		err = read_selects(target, census, most, &list);
	if (!err) {
		sort(&list);
		list.count = list.count < most ? list.count : most;
		err = read_objects(target, census, &list);
	}
	free(list.all);
	if (!err)
		ltr_census_objects_end(census);
	return err;
}

int ltr__libloiter_object(void *context, uint64_t address, uint8_t kind,
			  struct ltr_object *ret_object)
{
	const struct ltr__libloiter *target = context;
	const struct wanted wanted = {address, kind};
	unsigned char bytes[OBJECT_BYTES];
	size_t count = bytes_of(&target->layout, kind);

	if (!count || address % 8)
		return -ENOENT;
	int err = ltr_process_read(target->process, address, bytes, count);
	if (!err)
		parse(&target->layout, &wanted, bytes, ret_object);
	return err;
}

size_t ltr__libloiter_cases(void *context, uint64_t id, uint32_t transitions,
			    struct ltr_select_case *ret_cases, size_t most)
{
	const struct ltr__libloiter *target = context;
	unsigned char bytes[LTR_SELECT_MARK_BYTES];
	struct ltr_process_piece piece = {.buffer = bytes};
	struct ltr_select_mark mark;

	if (!target->layout.case_bytes || !target->layout.channel_words)
		return 0;
	for (uint32_t i = 0; i < target->selects.count; i++) {
		const struct ltr__select *select = &target->selects.all[i];

		if (select->goroutine_id != id || select->transitions != transitions)
			continue;
		piece.bytes = ltr__stack_used(&target->layout, &select->stack, sizeof(bytes),
					      &piece.address);
		if (!piece.bytes || ltr_process_read_many(target->process, &piece, 1) < 0 ||
		    !find_mark(bytes, piece.done, piece.address, &mark))
			return 0;
		return read_cases(target, select, &mark, ret_cases, most);
	}
	return 0;
}
