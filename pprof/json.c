/* SPDX-License-Identifier: MIT */

/*
 * The only file that knows json-c (json.h). Every line of the document is one json-c object that is
 * built, written and freed, so memory does not grow with the number of goroutines.
 *
 * Building: json-c takes ownership of a value that is added to an object. A value that could not be
 * had is NULL; the adding functions note that in `error` and go on.
 */

#include <errno.h>
#include <inttypes.h>
#include <json-c/json_object.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clean.h"
#include "json.h"
#include "text_writer.h"
#include "words.h"

#define SCHEMA_VERSION 1

/* The longest chain of inlined functions that is shown. */
#define INLINED_MAX 64

struct document {
	const struct ltr_census *census;
	int error; /* -ENOMEM while building */
	bool *stack_used;
	uint32_t stack_count;
	struct ltr__text text;
};

typedef struct json_object object;

static void add(struct document *document, object *to, const char *key, object *value)
{
	if (!value || !to ||
	    json_object_object_add_ex(to, key, value, JSON_C_OBJECT_ADD_CONSTANT_KEY)) {
		json_object_put(value);
		document->error = -ENOMEM;
	}
}

static void add_number(struct document *document, object *to, const char *key, uint64_t number)
{
	add(document, to, key, json_object_new_uint64(number));
}

static void add_bool(struct document *document, object *to, const char *key, bool value)
{
	add(document, to, key, json_object_new_boolean(value));
}

static object *new_text(const char *text)
{
	char clean[LTR__CLEAN_BYTES];
	size_t bytes = ltr__clean_utf8(clean, sizeof(clean), text);

	return json_object_new_string_len(clean, (int)bytes);
}

static void add_text(struct document *document, object *to, const char *key, const char *text)
{
	add(document, to, key, new_text(text));
}

/* What is not known is left out, so that nobody takes it for a value. */
static void add_known_text(struct document *document, object *to, const char *key, const char *text)
{
	if (text[0])
		add_text(document, to, key, text);
}

static void add_known_number(struct document *document, object *to, const char *key,
			     uint64_t number)
{
	if (number)
		add_number(document, to, key, number);
}

/* Addresses are strings: most readers of JSON hold numbers in 53 bits. */
static void add_known_address(struct document *document, object *to, const char *key,
			      uint64_t address)
{
	char hex[32];

	snprintf(hex, sizeof(hex), "0x%" PRIx64, address);
	if (address)
		add_text(document, to, key, hex);
}

/*
 * json-c escapes what JSON requires. Other controls (DEL, C1, direction marks) can only be inside a
 * string, so they may be escaped afterwards.
 */
static void put_escaped(struct ltr__text *text, const char *json, size_t bytes)
{
	size_t start = 0;
	size_t at = 0;

	while (at < bytes) {
		size_t length;
		uint32_t character = ltr__utf8_next(json + at, bytes - at, &length);

		if (character != UINT32_MAX && ltr__is_control(character)) {
			ltr__text_bytes(text, json + start, at - start);
			ltr__text_format(text, "\\u%04x", character);
			start = at + length;
		}
		at += length;
	}
	ltr__text_bytes(text, json + start, bytes - start);
}

/* Writes and frees `value`. */
static void put(struct document *document, object *value)
{
	size_t bytes = 0;
	const char *json =
		value ? json_object_to_json_string_length(
				value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
				&bytes)
		      : NULL;

	if (json)
		put_escaped(&document->text, json, bytes);
	else
		document->error = -ENOMEM;
	json_object_put(value);
}

static object *symbol_object(struct document *document, const struct ltr_symbol *symbol)
{
	object *to = json_object_new_object();

	add_known_text(document, to, "function", symbol->function);
	add_known_text(document, to, "file", symbol->file);
	add_known_number(document, to, "line", symbol->line);
	if (symbol->is_runtime)
		add_bool(document, to, "runtime", true);
	return to;
}

/* A frame: the function that has it, and those that were inlined at its address, innermost first. */
static object *frame(struct document *document, uint64_t address)
{
	const struct ltr_symbol *symbol = ltr_census_symbol(document->census, address);
	object *inlined = NULL;
	object *to;

	for (int i = 0; symbol->outer && i < INLINED_MAX; i++, symbol = symbol->outer) {
		if (!inlined)
			inlined = json_object_new_array();
		if (!inlined || json_object_array_add(inlined, symbol_object(document, symbol)))
			document->error = -ENOMEM;
	}
	to = symbol_object(document, symbol);
	add_known_address(document, to, "address", address);
	if (symbol->module < ltr_census_module_count(document->census))
		add_number(document, to, "module", symbol->module);
	if (inlined)
		add(document, to, "inlined", inlined);
	return to;
}

static object *program(struct document *document, const struct ltr_census_info *info)
{
	object *to = json_object_new_object();

	add_number(document, to, "pid", info->pid);
	add_text(document, to, "command", info->command);
	add_number(document, to, "processors", info->processors);
	add_number(document, to, "threads", info->threads);
	add_bool(document, to, "gone", info->gone);
	return to;
}

static object *watch(struct document *document, const struct ltr_census_info *info)
{
	object *to = json_object_new_object();
	char loss[LTR__LOSS_BYTES];

	ltr__loss_text(document->census, loss);
	add_text(document, to, "way", ltr_way_name(info->way));
	add_text(document, to, "way_reason", info->way_reason);
	add_bool(document, to, "complete", loss[0] == '\0');
	add_number(document, to, "lost", info->lost);
	add_number(document, to, "unreadable", info->unreadable);
	add_number(document, to, "events", info->events);
	add_number(document, to, "started_ns", info->started_ns);
	add_number(document, to, "now_ns", info->now_ns);
	add_number(document, to, "wall_ns", info->wall_ns);
	add_number(document, to, "coarse_ns", info->coarse_ns);
	return to;
}

static object *counts(struct document *document, const struct ltr_census_info *info)
{
	object *to = json_object_new_object();
	object *by_state = json_object_new_object();

	add_number(document, to, "goroutines", ltr_census_count(document->census));
	add_number(document, to, "created", info->created);
	add_number(document, to, "exited", info->exited);
	for (uint8_t state = 0; state < LTR_STATE_COUNT; state++)
		add_known_number(document, by_state, ltr_state_name(state), info->by_state[state]);
	add(document, to, "by_state", by_state);
	return to;
}

static object *labels_object(struct document *document, const struct ltr_census_label *labels,
			     size_t count)
{
	object *to = json_object_new_object();

	for (size_t i = 0; i < count; i++) {
		char key[LTR__CLEAN_BYTES];
		object *value = new_text(ltr_census_string(document->census, labels[i].value));

		ltr__clean_utf8(key, sizeof(key),
				ltr_census_string(document->census, labels[i].key));
		if (!value || !to || json_object_object_add(to, key, value)) {
			json_object_put(value);
			document->error = -ENOMEM;
		}
	}
	return to;
}

static void add_origin(struct document *document, object *to, const struct ltr_goroutine *goroutine)
{
	const struct ltr_census *census = document->census;
	const struct ltr_census_position *site = ltr_census_site(census, goroutine->site);
	object *created_by;

	if (goroutine->entry_pc)
		add(document, to, "entry", frame(document, goroutine->entry_pc));
	if (!site && !goroutine->creation_pc)
		return;
	if (site) {
		created_by = json_object_new_object();
		add_known_text(document, created_by, "function",
			       ltr_census_string(census, site->function));
		add_known_text(document, created_by, "file", ltr_census_string(census, site->file));
		add_known_number(document, created_by, "line", site->line);
		add_known_address(document, created_by, "address",
				  goroutine->creation_pc ? goroutine->creation_pc - 1 : 0);
	} else {
		created_by = frame(document, goroutine->creation_pc - 1);
	}
	add(document, to, "created_by", created_by);
}

static void add_flags(struct document *document, object *to, uint16_t flags)
{
	if (flags & LTR_IS_MAIN)
		add_bool(document, to, "main", true);
	if (flags & LTR_IS_DAEMON)
		add_bool(document, to, "daemon", true);
	if (flags & LTR_IS_UNSURE)
		add_bool(document, to, "unsure", true);
}

static object *goroutine_object(struct document *document, const struct ltr_goroutine *goroutine)
{
	const struct ltr_census *census = document->census;
	size_t label_count;
	const struct ltr_census_label *labels =
		ltr_census_labels(census, goroutine->labels, &label_count);
	object *to = json_object_new_object();
	size_t depth;

	add_number(document, to, "id", goroutine->id);
	add_known_number(document, to, "parent", goroutine->parent_id);
	add_known_text(document, to, "name", ltr_census_string(census, goroutine->name));
	add_text(document, to, "state", ltr_state_name(goroutine->state));
	add_known_text(document, to, "reason", ltr_reason_name(goroutine->reason));
	add_flags(document, to, goroutine->flags);
	if (goroutine->since_ns)
		add_number(document, to, "age_ns", ltr_census_age_ns(census, goroutine));
	add_known_number(document, to, "since_ns", goroutine->since_ns);
	add_known_number(document, to, "created_ns", goroutine->created_ns);
	add_known_address(document, to, "object", goroutine->object);
	add_known_number(document, to, "waker", goroutine->waker_id);
	add_number(document, to, "transitions", goroutine->transitions);
	add_origin(document, to, goroutine);
	if (labels && label_count > 0)
		add(document, to, "labels", labels_object(document, labels, label_count));
	if (ltr_census_stack(census, goroutine->stack, &depth) && depth > 0 &&
	    goroutine->stack < document->stack_count) {
		add_number(document, to, "stack", goroutine->stack);
		document->stack_used[goroutine->stack] = true;
	}
	return to;
}

static object *wait_object(struct document *document, const struct ltr_wait_total *total)
{
	object *to = json_object_new_object();

	add_text(document, to, "state", ltr_state_name(total->state));
	add_known_text(document, to, "reason", ltr_reason_name(total->reason));
	add_number(document, to, "count", total->count);
	add_number(document, to, "unfinished", total->unfinished);
	add_number(document, to, "total_ns", total->total_ns);
	add_number(document, to, "longest_ns", total->longest_ns);
	if (total->stack && total->stack < document->stack_count) {
		add_number(document, to, "stack", total->stack);
		document->stack_used[total->stack] = true;
	}
	return to;
}

static object *module_object(struct document *document, const struct ltr_module *module)
{
	object *to = json_object_new_object();

	add_text(document, to, "path", module->path);
	add_known_text(document, to, "build_id", module->build_id);
	add_known_address(document, to, "start", module->start);
	add_known_address(document, to, "end", module->end);
	add_number(document, to, "offset", module->offset);
	return to;
}

static object *stack_object(struct document *document, uint32_t stack)
{
	size_t depth = 0;
	const uint64_t *pcs = ltr_census_stack(document->census, stack, &depth);
	object *to = json_object_new_array_ext((int)depth);

	for (size_t i = 0; pcs && i < depth; i++)
		if (!to || json_object_array_add(to, frame(document, pcs[i] - 1)))
			document->error = -ENOMEM;
	return to;
}

static void put_goroutines(struct document *document, const struct ltr_goroutine **goroutines)
{
	size_t count = ltr_census_count(document->census);

	ltr__text_put(&document->text, ",\n\"goroutines\":[");
	for (size_t i = 0; i < count && !document->error; i++) {
		ltr__text_put(&document->text, i == 0 ? "\n" : ",\n");
		put(document, goroutine_object(document, goroutines[i]));
	}
	ltr__text_put(&document->text, "\n]");
}

static void put_waits(struct document *document)
{
	size_t count = ltr_census_wait_count(document->census);

	if (count == 0)
		return;
	ltr__text_put(&document->text, ",\n\"waits\":[");
	for (size_t i = 0; i < count && !document->error; i++) {
		ltr__text_put(&document->text, i == 0 ? "\n" : ",\n");
		put(document, wait_object(document, ltr_census_wait(document->census, i)));
	}
	ltr__text_put(&document->text, "\n]");
}

/* Only the stacks that were mentioned. */
static void put_stacks(struct document *document)
{
	bool first = true;

	ltr__text_put(&document->text, ",\n\"stacks\":{");
	for (uint32_t i = 0; i < document->stack_count && !document->error; i++) {
		if (!document->stack_used[i])
			continue;
		ltr__text_format(&document->text, "%s\n\"%" PRIu32 "\":", first ? "" : ",", i);
		put(document, stack_object(document, i));
		first = false;
	}
	ltr__text_put(&document->text, "\n}");
}

static void put_modules(struct document *document)
{
	size_t count = ltr_census_module_count(document->census);

	ltr__text_put(&document->text, ",\n\"modules\":[");
	for (size_t i = 0; i < count && !document->error; i++) {
		ltr__text_put(&document->text, i == 0 ? "\n" : ",\n");
		put(document, module_object(document, ltr_census_module(document->census, i)));
	}
	ltr__text_put(&document->text, "\n]");
}

static void put_head(struct document *document)
{
	const struct ltr_census_info *info = ltr_census_info(document->census);

	ltr__text_format(
		&document->text,
		"{\"format\":\"loiter census\",\"version\":%d,\n\"program\":", SCHEMA_VERSION);
	put(document, program(document, info));
	ltr__text_put(&document->text, ",\n\"watch\":");
	put(document, watch(document, info));
	ltr__text_put(&document->text, ",\n\"counts\":");
	put(document, counts(document, info));
}

static void document_free(struct document **document)
{
	if (*document)
		free((*document)->stack_used);
	free(*document);
}

static void free_goroutines(const struct ltr_goroutine ***goroutines)
{
	free(*goroutines);
}

int ltr_json_write(const struct ltr_census *census, struct ltr_sink sink)
{
	__attribute__((cleanup(document_free))) struct document *document =
		calloc(1, sizeof(*document));
	__attribute__((cleanup(free_goroutines))) const struct ltr_goroutine **goroutines = NULL;
	int err;

	if (!document)
		return -ENOMEM;
	document->census = census;
	document->stack_count = ltr_census_stack_count(census);
	document->stack_used = calloc((size_t)document->stack_count + 1, sizeof(bool));
	if (!document->stack_used)
		return -ENOMEM;
	err = ltr__goroutines_by_id(census, &goroutines);
	if (err)
		return err;
	ltr__text_init(&document->text, sink);
	put_head(document);
	put_goroutines(document, goroutines);
	put_waits(document);
	put_stacks(document);
	put_modules(document);
	ltr__text_put(&document->text, "\n}\n");
	err = ltr__text_finish(&document->text);
	return document->error ? document->error : err;
}
