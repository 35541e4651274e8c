/* SPDX-License-Identifier: MIT */

/*
 * The census as a JSON document (json.h). Every line of it is one json-c object that is built,
 * written and freed, so memory does not grow with the number of goroutines.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "json.h"
#include "json_parts.h"
#include "json_value.h"
#include "objects.h"
#include "words.h"

#define SCHEMA_VERSION 1

struct document {
	const struct ltr_census *census;
	const struct ltr_choice *choice; /* NULL: all */
	bool *stack_used;
	uint32_t stack_count;
	struct ltr__json json;
};

typedef struct json_object object;

static object *program(struct document *document, const struct ltr_census_info *info)
{
	object *to = json_object_new_object();

	ltr__json_add_number(&document->json, to, "pid", info->pid);
	ltr__json_add_text(&document->json, to, "command", info->command);
	ltr__json_add_number(&document->json, to, "processors", info->processors);
	ltr__json_add_number(&document->json, to, "threads", info->threads);
	ltr__json_add_bool(&document->json, to, "gone", info->gone);
	return to;
}

static object *counts(struct document *document, const struct ltr_census_info *info)
{
	object *to = json_object_new_object();
	object *by_state = json_object_new_object();

	ltr__json_add_number(&document->json, to, "goroutines", ltr_census_count(document->census));
	ltr__json_add_number(&document->json, to, "created", info->created);
	ltr__json_add_number(&document->json, to, "exited", info->exited);
	for (unsigned int state = 0; state < LTR_STATE_COUNT; state++)
		ltr__json_add_known_number(&document->json, by_state,
					   ltr_state_name((uint8_t)state), info->by_state[state]);
	ltr__json_add(&document->json, to, "by_state", by_state);
	return to;
}

static void add_origin(struct document *document, object *to, const struct ltr_goroutine *goroutine)
{
	const struct ltr_census *census = document->census;
	bool has_site = ltr_census_site(census, goroutine->site);
	object *created_by;

	if (goroutine->entry_pc)
		ltr__json_add(
			&document->json, to, "entry",
			ltr__json_frame(&document->json, document->census, goroutine->entry_pc));
	if (!has_site && !goroutine->creation_pc)
		return;
	if (has_site) {
		created_by = ltr__json_site(&document->json, census, goroutine->site);
		ltr__json_add_known_address(&document->json, created_by, "address",
					    goroutine->creation_pc ? goroutine->creation_pc - 1
								   : 0);
	} else {
		created_by = ltr__json_frame(&document->json, document->census,
					     goroutine->creation_pc - 1);
	}
	ltr__json_add(&document->json, to, "created_by", created_by);
}

static void add_flags(struct document *document, object *to, uint16_t flags)
{
	if (flags & LTR_IS_MAIN)
		ltr__json_add_bool(&document->json, to, "main", true);
	if (flags & LTR_IS_DAEMON)
		ltr__json_add_bool(&document->json, to, "daemon", true);
	if (flags & LTR_IS_LONG)
		ltr__json_add_bool(&document->json, to, "long", true);
	if (flags & LTR_IS_UNSURE)
		ltr__json_add_bool(&document->json, to, "unsure", true);
}

static void add_holder(struct document *document, object *to, const struct ltr_goroutine *goroutine)
{
	const struct ltr_lock *lock = ltr__lock_of(document->census, goroutine);
	uint64_t pc = lock ? ltr_census_locked_pc(document->census, lock) : 0;

	if (!lock)
		return;
	ltr__json_add_known_number(&document->json, to, "held_by", lock->owner_id);
	ltr__json_add_known_number(&document->json, to, "readers", lock->readers);
	if (pc)
		ltr__json_add(&document->json, to, "locked_at",
			      ltr__json_frame(&document->json, document->census, pc - 1));
}

static void add_object(struct document *document, object *to, const struct ltr_object *about)
{
	const struct ltr_object_words *words = ltr_object_words(about->kind);
	uint64_t made = ltr_census_made_pc(document->census, about);
	struct ltr__comer comers[2];
	size_t count = ltr__comers_of(document->census, about, comers);

	ltr__json_add_text(&document->json, to, "kind", words->kind);
	ltr__json_add_known_address(&document->json, to, "address", about->address);
	if (made)
		ltr__json_add(&document->json, to, words->made_key,
			      ltr__json_frame(&document->json, document->census, made - 1));
	if (about->counted) {
		ltr__json_add_signed(&document->json, to, "count", about->count);
		if (about->kind != LTR_OBJECT_WAITGROUP)
			ltr__json_add_signed(&document->json, to, "capacity", about->capacity);
		if (about->kind == LTR_OBJECT_CHANNEL)
			ltr__json_add_bool(&document->json, to, "closed", about->closed);
	}
	for (size_t i = 0; i < count; i++) {
		object *comer;

		if (!comers[i].id)
			continue;
		comer = json_object_new_object();
		ltr__json_add_number(&document->json, comer, "id", comers[i].id);
		if (comers[i].pc)
			ltr__json_add(&document->json, comer, "by",
				      ltr__json_frame(&document->json, document->census,
						      comers[i].pc - 1));
		ltr__json_add(&document->json, to, comers[i].key, comer);
	}
}

/* What it waits on, or the cases of its select; as old as the last look at them. */
static void add_waits_on(struct document *document, object *to,
			 const struct ltr_goroutine *goroutine)
{
	const struct ltr_object *about = ltr_census_object_of(document->census, goroutine);
	size_t count;
	const struct ltr_select_case *cases =
		ltr_census_cases_of(document->census, goroutine, &count);
	object *list;

	if (about) {
		object *one = json_object_new_object();

		add_object(document, one, about);
		ltr__json_add(&document->json, to, "waits_on", one);
	}
	if (!cases)
		return;
	list = json_object_new_array();
	for (size_t i = 0; i < count; i++) {
		object *one = json_object_new_object();

		ltr__json_add_number(&document->json, one, "case", cases[i].index);
		ltr__json_add_text(&document->json, one, "does",
				   cases[i].receives ? "receive" : "send");
		about = ltr_census_case_object(document->census, &cases[i]);
		if (about)
			add_object(document, one, about);
		else
			ltr__json_add_known_address(&document->json, one, "address",
						    cases[i].address);
		if (!list || json_object_array_add(list, one))
			document->json.error = -ENOMEM;
	}
	ltr__json_add(&document->json, to, "cases", list);
}

/* Of the thread that it is on. */
static void add_thread(struct document *document, object *to, const struct ltr_goroutine *goroutine)
{
	const struct ltr_census *census = document->census;
	const struct ltr_thread *thread = ltr_census_thread_of(census, goroutine);
	object *about;

	if (!thread)
		return;
	about = json_object_new_object();
	ltr__json_add_number(&document->json, about, "tid", thread->tid);
	if (thread->state != LTR_THREAD_UNKNOWN)
		ltr__json_add_text(&document->json, about, "state",
				   ltr_thread_state_name(thread->state));
	ltr__json_add_known_number(&document->json, about, "since_ns", thread->since_ns);
	ltr__json_add_known_text(&document->json, about, "syscall",
				 ltr_census_string(census, thread->call_name));
	if (thread->call >= 0)
		ltr__json_add_number(&document->json, about, "syscall_number",
				     (uint64_t)thread->call);
	ltr__json_add(&document->json, to, "thread", about);
}

/* That it waits on; the names of sockets are the program's. */
static void add_socket(struct document *document, object *to, const struct ltr_goroutine *goroutine)
{
	struct ltr_census_socket socket;
	object *about;

	if (goroutine->state != LTR_STATE_NETWORK ||
	    !ltr_census_socket(document->census, goroutine, &socket))
		return;
	about = json_object_new_object();
	ltr__json_add_known_text(&document->json, about, "local", socket.local);
	ltr__json_add_known_text(&document->json, about, "peer", socket.peer);
	ltr__json_add(&document->json, to, "socket", about);
}

static object *goroutine_object(struct document *document, const struct ltr_goroutine *goroutine)
{
	const struct ltr_census *census = document->census;
	object *to = json_object_new_object();
	size_t depth;

	ltr__json_add_number(&document->json, to, "id", goroutine->id);
	ltr__json_add_known_number(&document->json, to, "parent", goroutine->parent_id);
	ltr__json_add_known_text(&document->json, to, "name",
				 ltr_census_string(census, goroutine->name));
	ltr__json_add_text(&document->json, to, "state", ltr_state_name(goroutine->state));
	ltr__json_add_known_text(&document->json, to, "reason", ltr_reason_name(goroutine->reason));
	add_flags(document, to, goroutine->flags);
	if (goroutine->since_ns)
		ltr__json_add_number(&document->json, to, "age_ns",
				     ltr_census_age_ns(census, goroutine));
	ltr__json_add_known_number(&document->json, to, "since_ns", goroutine->since_ns);
	ltr__json_add_known_number(&document->json, to, "created_ns", goroutine->created_ns);
	ltr__json_add_known_address(&document->json, to, "object", goroutine->object);
	add_holder(document, to, goroutine);
	add_waits_on(document, to, goroutine);
	add_thread(document, to, goroutine);
	add_socket(document, to, goroutine);
	ltr__json_add_known_number(&document->json, to, "waker", goroutine->waker_id);
	ltr__json_add_number(&document->json, to, "transitions", goroutine->transitions);
	add_origin(document, to, goroutine);
	if (goroutine->labels)
		ltr__json_add(&document->json, to, "labels",
			      ltr__json_labels(&document->json, census, goroutine->labels));
	if (ltr_census_stack(census, goroutine->stack, &depth) && depth > 0 &&
	    goroutine->stack < document->stack_count) {
		ltr__json_add_number(&document->json, to, "stack", goroutine->stack);
		document->stack_used[goroutine->stack] = true;
	}
	return to;
}

/* Whose something in totals is. */
static void add_group(struct document *document, object *to, uint32_t group)
{
	const struct ltr_census *census = document->census;
	const struct ltr_census_group *whose = ltr_census_group(census, group);

	ltr__json_add_known_text(&document->json, to, "name",
				 ltr_census_string(census, whose->name));
	if (ltr_census_site(census, whose->site))
		ltr__json_add(&document->json, to, "created_by",
			      ltr__json_site(&document->json, census, whose->site));
	if (whose->labels)
		ltr__json_add(&document->json, to, "labels",
			      ltr__json_labels(&document->json, census, whose->labels));
}

static object *wait_object(struct document *document, const struct ltr_wait_total *total)
{
	object *to = json_object_new_object();

	ltr__json_add_text(&document->json, to, "state", ltr_state_name(total->state));
	ltr__json_add_known_text(&document->json, to, "reason", ltr_reason_name(total->reason));
	ltr__json_add_number(&document->json, to, "count", total->count);
	ltr__json_add_number(&document->json, to, "unfinished", total->unfinished);
	ltr__json_add_number(&document->json, to, "total_ns", total->total_ns);
	ltr__json_add_number(&document->json, to, "longest_ns", total->longest_ns);
	add_group(document, to, total->group);
	if (total->stack && total->stack < document->stack_count) {
		ltr__json_add_number(&document->json, to, "stack", total->stack);
		document->stack_used[total->stack] = true;
	}
	return to;
}

static void put_goroutines(struct document *document, const struct ltr_goroutine **goroutines)
{
	size_t count = ltr_census_count(document->census);
	bool is_first = true;

	if (document->choice)
		ltr__text_put(&document->json.text, ",\n\"chosen\":true");
	ltr__text_put(&document->json.text, ",\n\"goroutines\":[");
	for (size_t i = 0; i < count && !document->json.error; i++) {
		if (!ltr_choice_has(document->choice, goroutines[i]))
			continue;
		ltr__text_put(&document->json.text, is_first ? "\n" : ",\n");
		ltr__json_put(&document->json, goroutine_object(document, goroutines[i]));
		is_first = false;
	}
	ltr__text_put(&document->json.text, "\n]");
}

static void put_waits(struct document *document)
{
	size_t count;
	int err;

	if (document->choice)
		return;
	err = ltr_census_wait_count(document->census, &count);
	if (err && !document->json.error)
		document->json.error = err;
	if (err || count == 0)
		return;
	ltr__text_put(&document->json.text, ",\n\"waits\":[");
	for (size_t i = 0; i < count && !document->json.error; i++) {
		ltr__text_put(&document->json.text, i == 0 ? "\n" : ",\n");
		ltr__json_put(&document->json,
			      wait_object(document, ltr_census_wait(document->census, i)));
	}
	ltr__text_put(&document->json.text, "\n]");
}

static object *contention_object(struct document *document, const struct ltr_contention *contention)
{
	object *to = json_object_new_object();

	ltr__json_add_known_text(&document->json, to, "reason",
				 ltr_reason_name(contention->reason));
	ltr__json_add_number(&document->json, to, "count", contention->count);
	ltr__json_add_number(&document->json, to, "total_ns", contention->total_ns);
	ltr__json_add_known_address(&document->json, to, "object", contention->object);
	add_group(document, to, contention->group);
	if (contention->stack && contention->stack < document->stack_count) {
		ltr__json_add_number(&document->json, to, "stack", contention->stack);
		document->stack_used[contention->stack] = true;
	}
	return to;
}

static void put_contentions(struct document *document)
{
	size_t count;
	int err;

	if (document->choice)
		return;
	err = ltr_census_contention_count(document->census, &count);
	if (err && !document->json.error)
		document->json.error = err;
	if (err || count == 0)
		return;
	ltr__text_put(&document->json.text, ",\n\"contentions\":[");
	for (size_t i = 0; i < count && !document->json.error; i++) {
		ltr__text_put(&document->json.text, i == 0 ? "\n" : ",\n");
		ltr__json_put(
			&document->json,
			contention_object(document, ltr_census_contention(document->census, i)));
	}
	ltr__text_put(&document->json.text, "\n]");
}

/* Only the buckets with something in them. */
static object *buckets_object(struct document *document, const struct ltr_histogram *histogram)
{
	object *to = json_object_new_array();

	for (uint32_t i = 0; i < LTR_HISTOGRAM_BUCKETS; i++) {
		uint64_t bound_ns = ltr_histogram_bound_ns(i);
		object *bucket;

		if (!histogram->buckets[i])
			continue;
		bucket = json_object_new_object();
		if (bound_ns != UINT64_MAX)
			ltr__json_add_number(&document->json, bucket, "up_to_ns", bound_ns);
		ltr__json_add_number(&document->json, bucket, "count", histogram->buckets[i]);
		if (!to || json_object_array_add(to, bucket))
			document->json.error = -ENOMEM;
	}
	return to;
}

static object *histogram_object(struct document *document, const struct ltr_histogram *histogram)
{
	object *to = json_object_new_object();

	ltr__json_add_text(&document->json, to, "state", ltr_state_name(histogram->state));
	ltr__json_add_known_text(&document->json, to, "reason", ltr_reason_name(histogram->reason));
	ltr__json_add_number(&document->json, to, "count", histogram->count);
	ltr__json_add_number(&document->json, to, "total_ns", histogram->total_ns);
	ltr__json_add(&document->json, to, "buckets", buckets_object(document, histogram));
	return to;
}

static void put_histograms(struct document *document)
{
	size_t count = ltr_census_histogram_count(document->census);

	if (count == 0 || document->choice)
		return;
	ltr__text_put(&document->json.text, ",\n\"histograms\":[");
	for (size_t i = 0; i < count && !document->json.error; i++) {
		ltr__text_put(&document->json.text, i == 0 ? "\n" : ",\n");
		ltr__json_put(
			&document->json,
			histogram_object(document, ltr_census_histogram(document->census, i)));
	}
	ltr__text_put(&document->json.text, "\n]");
}

static void put_head(struct document *document)
{
	const struct ltr_census_info *info = ltr_census_info(document->census);

	ltr__text_format(
		&document->json.text,
		"{\"format\":\"loiter census\",\"version\":%d,\n\"program\":", SCHEMA_VERSION);
	ltr__json_put(&document->json, program(document, info));
	ltr__text_put(&document->json.text, ",\n\"watch\":");
	ltr__json_put(&document->json, ltr__json_watch(&document->json, document->census));
	ltr__text_put(&document->json.text, ",\n\"counts\":");
	ltr__json_put(&document->json, counts(document, info));
}

static void free_goroutines(const struct ltr_goroutine ***goroutines)
{
	free(*goroutines);
}

static int write_document(struct document *document, struct ltr_sink sink)
{
	__attribute__((cleanup(free_goroutines))) const struct ltr_goroutine **goroutines = NULL;
	int err = ltr__goroutines_by_id(document->census, &goroutines);

	if (err)
		return err;
	ltr__text_init(&document->json.text, sink);
	put_head(document);
	put_goroutines(document, goroutines);
	put_waits(document);
	put_contentions(document);
	put_histograms(document);
	ltr__json_put_stacks(&document->json, document->census, document->stack_used);
	ltr__json_put_modules(&document->json, document->census);
	ltr__text_put(&document->json.text, "\n}\n");
	err = ltr__text_finish(&document->json.text);
	return document->json.error ? document->json.error : err;
}

int ltr_json_write(const struct ltr_census *census, struct ltr_sink sink)
{
	return ltr_json_write_chosen(census, NULL, sink);
}

int ltr_json_write_chosen(const struct ltr_census *census, const struct ltr_choice *choice,
			  struct ltr_sink sink)
{
	struct document document = {.census = census, .choice = choice};
	int err;

	document.stack_count = ltr_census_stack_count(census);
	document.stack_used = calloc((size_t)document.stack_count + 1, sizeof(bool));
	if (!document.stack_used)
		return -ENOMEM;
	err = write_document(&document, sink);
	free(document.stack_used);
	return err;
}
