/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

static const struct {
	const char *function;
	const char *file;
	bool is_runtime;
} functions[] = {
	[F_SEND] = {"reply", "/src/httpd/httpd.c", false},
	[F_HANDLER] = {"handle_request", "/src/httpd/httpd.c", false},
	[F_SERVE] = {"serve", "/src/httpd/server.c", false},
	[F_MAIN] = {"main_goroutine", "/src/httpd/main.c", false},
	[F_WORKER] = {"worker", "/src/httpd/pool.c", false},
	[F_RUNTIME] = {"ltr__send", "/src/runtime/channel.c", true},
	[F_HOSTILE] = {"evil\033[31m\nfunction\xff\xe2\x80\xae", "/src/\a\rname.c", false},
};

#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

static struct ltr_symbol symbols[FUNCTIONS * 0x100];
static const struct ltr_symbol unknown = {
	.function = "",
	.file = "",
	.module = UINT32_MAX,
};

static const struct ltr_symbol *find(void *context, uint64_t pc)
{
	uint64_t offset = pc - 0x1000;
	struct ltr_symbol *symbol;

	(void)context;
	if (pc < 0x1000 || offset / 0x100 >= FUNCTIONS)
		return &unknown;
	symbol = &symbols[offset];
	symbol->function = functions[offset / 0x100].function;
	symbol->file = functions[offset / 0x100].file;
	symbol->is_runtime = functions[offset / 0x100].is_runtime;
	symbol->line = (uint32_t)(10 * (offset / 0x100) + offset % 0x100);
	symbol->module = UINT32_MAX;
	return symbol;
}

static size_t module_count(void *context)
{
	(void)context;
	return 1;
}

static const struct ltr_module *module(void *context, size_t index)
{
	static const struct ltr_module all = {.start = 0x1000,
					      .end = 0x1000 + FUNCTIONS * 0x100,
					      .path = "/src/httpd/httpd",
					      .build_id = ""};

	(void)context;
	return index == 0 ? &all : NULL;
}

static const struct ltr_symbol_source source = {
	.find = find, .module_count = module_count, .module = module};

struct ltr_census *census_make(uint32_t phase, const char *command)
{
	struct ltr_census *census = NULL;
	struct ltr_census_info *info;

	assert_int_equal(ltr_census_new(&census), 0);
	ltr_census_set_symbols(census, &source, NULL);
	ltr_census_advance(census, NOW_NS);
	info = ltr_census_info_mut(census);
	info->pid = 4711;
	info->phase = phase;
	snprintf(info->command, sizeof(info->command), "%s", command);
	return census;
}

static uint32_t make_site(struct ltr_census *census, uint64_t created, const char *file)
{
	const struct ltr_symbol *symbol = find(NULL, created);
	uint32_t site = 0;

	assert_int_equal(ltr_census_intern_site(census, file ? file : symbol->file,
						symbol->function, symbol->line, &site),
			 0);
	return site;
}

void census_add(struct ltr_census *census, const struct people *people)
{
	struct ltr_goroutine goroutine = {
		.parent_id = people->parent,
		.entry_pc = people->entry,
		/* find() is asked for the call: one before the address it returns to */
		.creation_pc = people->created ? people->created + 1 : 0,
		.object = people->object,
		.transitions = 3 + people->moved,
		.state = people->reason ? ltr_reason_state(people->reason) : people->state,
		.reason = people->reason,
		.flags = people->flags,
	};
	uint64_t stack[8];
	size_t depth = 0;

	for (; depth < 8 && people->stack[depth]; depth++)
		stack[depth] = people->stack[depth] + 1;
	if (depth)
		assert_int_equal(ltr_census_intern_stack(census, stack, depth, &goroutine.stack),
				 0);
	if (people->created && !people->no_site)
		goroutine.site = make_site(census, people->created, people->site_file);
	if (people->name)
		assert_int_equal(ltr_census_intern_string(census, people->name, &goroutine.name),
				 0);
	if (people->label[0]) {
		struct ltr_census_label label;

		assert_int_equal(ltr_census_intern_string(census, people->label[0], &label.key), 0);
		assert_int_equal(ltr_census_intern_string(census, people->label[1], &label.value),
				 0);
		assert_int_equal(ltr_census_intern_labels(census, &label, 1, &goroutine.labels), 0);
	}
	assert_int_equal(ltr_census_snapshot_begin(census, NOW_NS), 0);
	for (size_t i = 0; i < (people->count ? people->count : 1); i++) {
		goroutine.id = people->id + i;
		goroutine.since_ns =
			people->age_ns ? NOW_NS + people->late_ns - people->age_ns - i * SECOND / 10
				       : 0;
		assert_int_equal(ltr_census_snapshot_put(census, &goroutine), 0);
	}
	/* false: what was there before stays */
	assert_int_equal(ltr_census_snapshot_end(census, false), 0);
	/* No snapshot makes anybody unsure, and a loss everybody: reach in for a single one. */
	for (size_t i = 0;
	     (people->flags & LTR_IS_UNSURE) && i < (people->count ? people->count : 1); i++)
		((struct ltr_goroutine *)ltr_census_find(census, people->id + i))->flags |=
			LTR_IS_UNSURE;
}

void census_add_locks(struct ltr_census *census, const struct ltr_lock *locks,
		      const struct ltr_reader *readers)
{
	assert_int_equal(ltr_census_snapshot_begin(census, NOW_NS), 0);
	for (; locks && locks->object; locks++)
		assert_int_equal(ltr_census_snapshot_lock(census, locks), 0);
	for (; readers && readers->object; readers++)
		assert_int_equal(ltr_census_snapshot_reader(census, readers), 0);
	assert_int_equal(ltr_census_snapshot_end(census, false), 0);
}

void census_add_replies(struct ltr_census *census, size_t count)
{
	census_add(census,
		   &(struct people){.id = 12,
				    .count = count,
				    .parent = 1,
				    .age_ns = 12 * SECOND / 10,
				    .reason = LTR_REASON_CHAN_SEND,
				    .name = "reply",
				    .entry = AT(F_HANDLER, 0),
				    .created = AT(F_SERVE, 4),
				    .stack = {AT(F_RUNTIME, 1), AT(F_SEND, 2), AT(F_HANDLER, 3)}});
}

char *report_in(const char *format, const struct ltr_judgement *judgement,
		const struct ltr_report_options *options)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	assert_int_equal(ltr_report_write(judgement, format, options, out), 0);
	fclose(out);
	return text;
}

char *report_text(const struct ltr_judgement *judgement, const struct ltr_report_options *options)
{
	return report_in("text", judgement, options);
}

void assert_golden(const char *name, const char *text)
{
	const char *mode = getenv("LTR_GOLDEN");
	char path[4096];
	char *expected = NULL;
	size_t capacity = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/check/golden/%s", LTR_TEST_SOURCE, name);
	if (mode && strcmp(mode, "write") == 0) {
		file = fopen(path, "w");
		assert_non_null(file);
		fputs(text, file);
		fclose(file);
	}
	file = fopen(path, "r");
	if (!file)
		fail_msg("there is no %s; it should hold:\n%s", path, text);
	if (getdelim(&expected, &capacity, '\0', file) < 0)
		fail_msg("cannot read %s", path);
	fclose(file);
	if (strcmp(expected, text) != 0)
		print_error("--- %s\n%s--- but was\n%s---\n", name, expected, text);
	assert_string_equal(expected, text);
	free(expected);
}
