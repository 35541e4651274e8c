/* SPDX-License-Identifier: MIT */

/* What a census and a profile as JSON have in common (json_parts.h). */

#include <errno.h>
#include <inttypes.h>

#include "clean.h"
#include "json_parts.h"
#include "words.h"

/* The longest chain of inlined functions that is shown. */
#define INLINED_MAX 64

typedef struct json_object object;

static object *symbol_object(struct ltr__json *json, const struct ltr_symbol *symbol)
{
	object *to = json_object_new_object();

	ltr__json_add_known_text(json, to, "function", symbol->function);
	ltr__json_add_known_text(json, to, "file", symbol->file);
	ltr__json_add_known_number(json, to, "line", symbol->line);
	if (symbol->is_runtime)
		ltr__json_add_bool(json, to, "runtime", true);
	return to;
}

/* A frame: the function that has it, and those that were inlined at its address, innermost first. */
object *ltr__json_frame(struct ltr__json *json, const struct ltr_census *census, uint64_t address)
{
	const struct ltr_symbol *symbol = ltr_census_symbol(census, address);
	object *inlined = NULL;
	object *to;

	for (int i = 0; symbol->outer && i < INLINED_MAX; i++, symbol = symbol->outer) {
		if (!inlined)
			inlined = json_object_new_array();
		if (!inlined || json_object_array_add(inlined, symbol_object(json, symbol)))
			json->error = -ENOMEM;
	}
	to = symbol_object(json, symbol);
	ltr__json_add_known_address(json, to, "address", address);
	if (symbol->module < ltr_census_module_count(census))
		ltr__json_add_number(json, to, "module", symbol->module);
	if (inlined)
		ltr__json_add(json, to, "inlined", inlined);
	return to;
}

object *ltr__json_site(struct ltr__json *json, const struct ltr_census *census, uint32_t number)
{
	const struct ltr_census_position *site = ltr_census_site(census, number);
	object *to;

	if (!site)
		return NULL;
	to = json_object_new_object();
	ltr__json_add_known_text(json, to, "function", ltr_census_string(census, site->function));
	ltr__json_add_known_text(json, to, "file", ltr_census_string(census, site->file));
	ltr__json_add_known_number(json, to, "line", site->line);
	return to;
}

object *ltr__json_watch(struct ltr__json *json, const struct ltr_census *census)
{
	const struct ltr_census_info *info = ltr_census_info(census);
	object *to = json_object_new_object();
	char loss[LTR__LOSS_BYTES];

	ltr__loss_text(census, loss);
	ltr__json_add_text(json, to, "way", ltr_way_name(info->way));
	ltr__json_add_text(json, to, "way_reason", info->way_reason);
	ltr__json_add_bool(json, to, "complete", loss[0] == '\0');
	ltr__json_add_number(json, to, "lost", info->lost);
	ltr__json_add_number(json, to, "unreadable", info->unreadable);
	ltr__json_add_number(json, to, "events", info->events);
	ltr__json_add_number(json, to, "started_ns", info->started_ns);
	ltr__json_add_number(json, to, "now_ns", info->now_ns);
	ltr__json_add_number(json, to, "wall_ns", info->wall_ns);
	ltr__json_add_number(json, to, "coarse_ns", info->coarse_ns);
	ltr__json_add_known_text(json, to, "cpu_reason", info->cpu_reason);
	ltr__json_add_known_text(json, to, "threads_reason", info->threads_reason);
	ltr__json_add_known_text(json, to, "sockets_reason", info->sockets_reason);
	return to;
}

object *ltr__json_labels(struct ltr__json *json, const struct ltr_census *census, uint32_t set)
{
	size_t count;
	const struct ltr_census_label *labels = ltr_census_labels(census, set, &count);
	object *to = json_object_new_object();

	for (size_t i = 0; labels && i < count; i++) {
		char key[LTR__CLEAN_BYTES];
		object *value = ltr__json_text(ltr_census_string(census, labels[i].value));

		ltr__pprof_clean_utf8(key, sizeof(key), ltr_census_string(census, labels[i].key));
		if (!value || !to || json_object_object_add(to, key, value)) {
			json_object_put(value);
			json->error = -ENOMEM;
		}
	}
	return to;
}

static object *module_object(struct ltr__json *json, const struct ltr_module *module)
{
	object *to = json_object_new_object();

	ltr__json_add_text(json, to, "path", module->path);
	ltr__json_add_known_text(json, to, "build_id", module->build_id);
	ltr__json_add_known_address(json, to, "start", module->start);
	ltr__json_add_known_address(json, to, "end", module->end);
	ltr__json_add_number(json, to, "offset", module->offset);
	return to;
}

static object *stack_object(struct ltr__json *json, const struct ltr_census *census, uint32_t stack)
{
	size_t depth = 0;
	const uint64_t *pcs = ltr_census_stack(census, stack, &depth);
	object *to = json_object_new_array_ext((int)depth);

	for (size_t i = 0; pcs && i < depth; i++)
		if (!to || json_object_array_add(to, ltr__json_frame(json, census, pcs[i] - 1)))
			json->error = -ENOMEM;
	return to;
}

void ltr__json_put_stacks(struct ltr__json *json, const struct ltr_census *census, const bool *used)
{
	uint32_t count = ltr_census_stack_count(census);
	bool is_first = true;

	ltr__text_put(&json->text, ",\n\"stacks\":{");
	for (uint32_t i = 0; i < count && !json->error; i++) {
		if (!used[i])
			continue;
		ltr__text_format(&json->text, "%s\n\"%" PRIu32 "\":", is_first ? "" : ",", i);
		ltr__json_put(json, stack_object(json, census, i));
		is_first = false;
	}
	ltr__text_put(&json->text, "\n}");
}

void ltr__json_put_modules(struct ltr__json *json, const struct ltr_census *census)
{
	size_t count = ltr_census_module_count(census);

	ltr__text_put(&json->text, ",\n\"modules\":[");
	for (size_t i = 0; i < count && !json->error; i++) {
		ltr__text_put(&json->text, i == 0 ? "\n" : ",\n");
		ltr__json_put(json, module_object(json, ltr_census_module(census, i)));
	}
	ltr__text_put(&json->text, "\n]");
}
