/* SPDX-License-Identifier: MIT */

/* The census of a web server that nobody runs (fixture.h). */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define FUNCTION_BYTES 0x1000
#define LINE_BYTES     0x20
#define LINES          (FUNCTION_BYTES / LINE_BYTES)

struct function {
	uint64_t start;
	const char *name;
	const char *file;
	uint32_t line;
	bool is_runtime;
};

static const struct function functions[] = {
	{PC_MAIN, "main", "/src/httpd.c", 10, false},
	{PC_SERVE, "serve", "/src/httpd.c", 40, false},
	{PC_REPLY, "reply", "/src/httpd.c", 80, false},
	{PC_ACCEPT, "accept_connections", "/src/httpd.c", 120, false},
	{PC_SEND, "ltr_send", "/lib/chan.c", 300, true},
	{PC_BLOCK, "ltr__block", "/lib/park.c", 100, true},
	{PC_TRAMPOLINE, "ltr__start", "/lib/sched.c", 500, true},
	{PC_INLINED, "handle", "/src/httpd.c", 200, false},
	{PC_HOSTILE, "evil\x1b[31m\xff",
	 "/src/\x9b"
	 "2J\n.c",
	 1, false},
};

#define FUNCTION_COUNT (sizeof(functions) / sizeof(functions[0]))

/* One symbol for each line of each function, and what is inlined into handle(). */
static struct ltr_symbol symbols[FUNCTION_COUNT][LINES];
static struct ltr_symbol parse[LINES];
static struct ltr_symbol wrap[LINES];

static const struct ltr_module modules[] = {
	{0x400000, 0x500000, 0x1000, "/usr/bin/httpd", "0123456789abcdef0123456789abcdef01234567"},
	{0x7f0000000000, 0x7f0000100000, 0, "/usr/lib/libstripped.so.1", ""},
};

static const struct ltr_symbol stripped = {.function = "", .file = "", .module = 1};

static const struct ltr_symbol *find(void *context, uint64_t pc)
{
	(void)context;
	if (pc >= modules[1].start && pc < modules[1].end)
		return &stripped;
	for (size_t i = 0; i < FUNCTION_COUNT; i++) {
		const struct function *function = &functions[i];
		uint64_t line = (pc - function->start) / LINE_BYTES;

		if (pc < function->start || line >= LINES)
			continue;
		symbols[i][line] = (struct ltr_symbol){
			.function = function->name,
			.file = function->file,
			.line = function->line + (uint32_t)line,
			.start = function->start,
			.is_runtime = function->is_runtime,
		};
		if (function->start != PC_INLINED)
			return &symbols[i][line];
		parse[line] = (struct ltr_symbol){.function = "parse",
						  .file = "/src/parse.h",
						  .line = 7,
						  .start = PC_INLINED,
						  .outer = &symbols[i][line]};
		wrap[line] = (struct ltr_symbol){.function = "ltr_wrap",
						 .file = "/lib/loiter.h",
						 .line = 9,
						 .start = PC_INLINED,
						 .is_runtime = true,
						 .outer = &parse[line]};
		return &wrap[line];
	}
	return NULL;
}

static size_t module_count(void *context)
{
	(void)context;
	return sizeof(modules) / sizeof(modules[0]);
}

static const struct ltr_module *module(void *context, size_t index)
{
	(void)context;
	return &modules[index];
}

static void no_free(void *context)
{
	(void)context;
}

void fixture_symbols(struct ltr_census *census)
{
	static const struct ltr_symbol_source source = {find, module_count, module, no_free};

	ltr_census_set_symbols(census, &source, NULL);
}

static void must(int err)
{
	if (err) {
		fprintf(stderr, "fixture: %s\n", strerror(-err));
		abort();
	}
}

static uint32_t string(struct ltr_census *census, const char *text)
{
	uint32_t number;

	must(ltr_census_intern_string(census, text, &number));
	return number;
}

static uint32_t labels(struct ltr_census *census, const char *key, const char *value)
{
	struct ltr_census_label label = {string(census, key), string(census, value)};
	uint32_t number;

	must(ltr_census_intern_labels(census, &label, 1, &number));
	return number;
}

static uint32_t site(struct ltr_census *census, const char *function, uint32_t line)
{
	uint32_t number;

	must(ltr_census_intern_site(census, "/src/httpd.c", function, line, &number));
	return number;
}

static uint32_t stack(struct ltr_census *census, const uint64_t *pcs, size_t depth)
{
	uint32_t number;

	must(ltr_census_intern_stack(census, pcs, depth, &number));
	return number;
}

struct ltr_census *fixture_empty(void)
{
	struct ltr_census *census;
	struct ltr_census_info *info;

	must(ltr_census_new(&census));
	fixture_symbols(census);
	info = ltr_census_info_mut(census);
	info->pid = 4711;
	info->processors = 4;
	info->threads = 5;
	info->way = LTR_WAY_SNAPSHOT;
	info->started_ns = FIXTURE_NOW_NS - 10 * SECOND_NS;
	info->now_ns = FIXTURE_NOW_NS;
	info->wall_ns = FIXTURE_WALL_NS;
	strcpy(info->command, "/usr/bin/httpd --port 80");
	return census;
}

static void put(struct ltr_census *census, struct ltr_goroutine goroutine)
{
	goroutine.transitions = 2;
	must(ltr_census_snapshot_put(census, &goroutine));
}

static void put_waiting(struct ltr_census *census)
{
	static const uint64_t main_pcs[] = {PC_BLOCK + 0x41, PC_MAIN + 0x47, PC_TRAMPOLINE + 0x21};
	static const uint64_t reply_pcs[] = {PC_BLOCK + 0x41, PC_SEND + 0x65, PC_REPLY + 0xe9,
					     PC_SERVE + 0x25, PC_TRAMPOLINE + 0x21};
	static const uint64_t accept_pcs[] = {PC_BLOCK + 0x41, PC_ACCEPT + 0x63,
					      PC_TRAMPOLINE + 0x21};
	static const uint64_t inlined_pcs[] = {PC_BLOCK + 0x41, PC_INLINED + 0x85, PC_SERVE + 0x45,
					       PC_TRAMPOLINE + 0x21};
	uint32_t accept_site = site(census, "main", 14);
	uint32_t serve_site = site(census, "accept_connections", 123);

	put(census, (struct ltr_goroutine){.id = 1,
					   .since_ns = FIXTURE_NOW_NS - 5 * SECOND_NS,
					   .state = LTR_STATE_SYNC,
					   .reason = LTR_REASON_WAITGROUP_WAIT,
					   .entry_pc = PC_MAIN,
					   .flags = LTR_IS_MAIN,
					   .stack = stack(census, main_pcs, 3)});
	put(census, (struct ltr_goroutine){.id = 2,
					   .parent_id = 1,
					   .since_ns = FIXTURE_NOW_NS - SECOND_NS,
					   .state = LTR_STATE_NETWORK,
					   .reason = LTR_REASON_IO_ACCEPT,
					   .object = 7,
					   .entry_pc = PC_ACCEPT,
					   .creation_pc = PC_MAIN + 0x95,
					   .site = accept_site,
					   .name = string(census, "acceptor"),
					   .flags = LTR_IS_DAEMON,
					   .stack = stack(census, accept_pcs, 3)});
	for (uint64_t id = 10; id < 13; id++)
		put(census,
		    (struct ltr_goroutine){.id = id,
					   .parent_id = 2,
					   .since_ns = FIXTURE_NOW_NS - 3 * MINUTE_NS,
					   .state = LTR_STATE_CHAN,
					   .reason = LTR_REASON_CHAN_SEND,
					   .object = 0x5550000 + id,
					   .entry_pc = PC_SERVE,
					   .creation_pc = PC_ACCEPT + 0x71,
					   .site = serve_site,
					   .labels = id == 12 ? labels(census, "tenant", "b")
							      : labels(census, "tenant", "a"),
					   .stack = stack(census, reply_pcs, 5)});
	put(census, (struct ltr_goroutine){.id = 13,
					   .parent_id = 2,
					   .since_ns = FIXTURE_NOW_NS - 2 * SECOND_NS,
					   .state = LTR_STATE_SLEEP,
					   .reason = LTR_REASON_SLEEP,
					   .entry_pc = PC_SERVE,
					   .creation_pc = PC_ACCEPT + 0x71,
					   .site = serve_site,
					   .stack = stack(census, inlined_pcs, 4)});
}

static void put_without_stack(struct ltr_census *census)
{
	uint32_t serve_site = site(census, "accept_connections", 123);

	put(census, (struct ltr_goroutine){.id = 20,
					   .parent_id = 2,
					   .since_ns = FIXTURE_NOW_NS - SECOND_NS / 2,
					   .state = LTR_STATE_QUEUED,
					   .entry_pc = PC_SERVE,
					   .creation_pc = PC_ACCEPT + 0x71,
					   .site = serve_site});
	put(census, (struct ltr_goroutine){.id = 21,
					   .parent_id = 2,
					   .since_ns = FIXTURE_NOW_NS - SECOND_NS / 4,
					   .state = LTR_STATE_RUNNING,
					   .entry_pc = PC_SERVE,
					   .creation_pc = PC_ACCEPT + 0x71,
					   .site = serve_site});
	put(census,
	    (struct ltr_goroutine){.id = 22, .state = LTR_STATE_QUEUED, .site = serve_site});
	put(census, (struct ltr_goroutine){
			    .id = 23, .state = LTR_STATE_QUEUED, .creation_pc = PC_ACCEPT + 0x71});
	put(census, (struct ltr_goroutine){.id = 24, .state = LTR_STATE_QUEUED});
}

static void put_odd(struct ltr_census *census)
{
	static const uint64_t hostile_pcs[] = {PC_BLOCK + 0x41, PC_HOSTILE + 0x11};
	static const uint64_t stripped_pcs[] = {PC_BLOCK + 0x41, PC_STRIPPED + 0x11,
						PC_SERVE + 0x45, 0x10};
	static const uint64_t runtime_pcs[] = {PC_BLOCK + 0x41, PC_TRAMPOLINE + 0x61};

	put(census,
	    (struct ltr_goroutine){.id = 30,
				   .state = LTR_STATE_SYSCALL,
				   .reason = LTR_REASON_SYSCALL,
				   .since_ns = FIXTURE_NOW_NS - SECOND_NS,
				   .name = string(census, "\x1b]0;owned\x07 \"q\" \xe2\x80\xae"),
				   .labels = labels(census, "pprof::x", ""),
				   .stack = stack(census, hostile_pcs, 2)});
	put(census, (struct ltr_goroutine){.id = 31,
					   .state = LTR_STATE_CHAN,
					   .reason = LTR_REASON_SELECT,
					   .since_ns = FIXTURE_NOW_NS - SECOND_NS,
					   .labels = labels(census, "go::k,{}", "v\xc3\xa9\xc3(\n"),
					   .stack = stack(census, stripped_pcs, 4)});
	put(census, (struct ltr_goroutine){.id = 32,
					   .state = LTR_STATE_SLEEP,
					   .reason = LTR_REASON_SLEEP,
					   .flags = LTR_IS_DAEMON,
					   .stack = stack(census, runtime_pcs, 2)});
}

/* A goroutine with a label that works in reply(), 3 : 1 with the runtime. */
static void add_cpu(struct ltr_census *census)
{
	static const uint64_t reply_pcs[] = {PC_REPLY + 0x44, PC_SERVE + 0x25,
					     PC_TRAMPOLINE + 0x21};
	static const uint64_t runtime_pcs[] = {PC_BLOCK + 0x10};

	ltr_census_info_mut(census)->cpu_period_ns = FIXTURE_CPU_PERIOD_NS;
	ltr_census_info_mut(census)->cpu_started_ns = FIXTURE_NOW_NS - 5 * SECOND_NS;
	for (int i = 0; i < 3; i++)
		must(ltr_census_add_cpu_sample(census, FIXTURE_NOW_NS, 10, i == 2, reply_pcs, 3));
	must(ltr_census_add_cpu_sample(census, FIXTURE_NOW_NS, 0, false, runtime_pcs, 1));
}

struct ltr_census *fixture_census(bool lossy)
{
	struct ltr_census *census = fixture_empty();

	must(ltr_census_snapshot_begin(census, FIXTURE_NOW_NS));
	put_waiting(census);
	put_without_stack(census);
	put_odd(census);
	must(ltr_census_snapshot_end(census, true));
	add_cpu(census);
	if (lossy) {
		ltr_census_note_loss(census, 12);
		ltr_census_info_mut(census)->unreadable = 2;
	}
	return census;
}

void fixture_prove(struct ltr_census *census, bool conclusive)
{
	struct ltr_reach_info *reach = &ltr_census_info_mut(census)->reach;

	*reach = (struct ltr_reach_info){.tried = true, .conclusive = conclusive, .passes = 3};
	if (!conclusive)
		strcpy(reach->note, "goroutine 7 ran\x1b all the time, and its registers are not "
				    "seen");
	for (size_t i = 0; i < ltr_census_count(census); i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(census, i);

		ltr_census_note_reach(census, goroutine->id, goroutine->transitions,
				      goroutine->id < 10 || goroutine->id > 12);
	}
}

static int memory_write(void *context, const void *data, size_t bytes)
{
	struct memory *memory = context;
	char *grown;

	if (++memory->calls == memory->fail_at)
		return -ENOSPC;
	grown = realloc(memory->data, memory->bytes + bytes + 1);
	if (!grown)
		return -ENOMEM;
	memcpy(grown + memory->bytes, data, bytes);
	memory->data = grown;
	memory->bytes += bytes;
	memory->data[memory->bytes] = '\0';
	return 0;
}

struct ltr_sink memory_sink(struct memory *memory)
{
	return (struct ltr_sink){memory_write, memory};
}

void memory_done(struct memory *memory)
{
	free(memory->data);
	*memory = (struct memory){0};
}

char *read_file(const char *path, size_t *ret_bytes)
{
	FILE *file = fopen(path, "rb");
	size_t capacity = 4096;
	size_t bytes = 0;
	char *data = malloc(capacity + 1);

	if (!file || !data) {
		if (file)
			fclose(file);
		free(data);
		return NULL;
	}
	for (;;) {
		size_t got = fread(data + bytes, 1, capacity - bytes, file);
		char *grown;

		bytes += got;
		if (got == 0)
			break;
		if (bytes < capacity)
			continue;
		capacity *= 2;
		grown = realloc(data, capacity + 1);
		if (!grown)
			abort();
		data = grown;
	}
	fclose(file);
	data[bytes] = '\0';
	*ret_bytes = bytes;
	return data;
}

static void print_difference(const char *name, const char *want, const char *got)
{
	unsigned int line = 1;

	while (*want && *want == *got) {
		line += *want == '\n';
		want++;
		got++;
	}
	fprintf(stderr, "%s differs at line %u:\nwant: %.*s\ngot:  %.*s\n", name, line,
		(int)strcspn(want, "\n"), want, (int)strcspn(got, "\n"), got);
}

bool is_golden(const char *name, const char *text, size_t bytes)
{
	char path[4096];
	size_t golden_bytes;
	char *golden;
	bool same;

	snprintf(path, sizeof(path), "%s/%s", GOLDEN_FOLDER, name);
	if (getenv("LTR_UPDATE_GOLDEN")) {
		FILE *file = fopen(path, "wb");

		if (!file || fwrite(text, 1, bytes, file) != bytes || fclose(file) != 0)
			abort();
	}
	golden = read_file(path, &golden_bytes);
	if (!golden) {
		fprintf(stderr, "%s: cannot be read\n", path);
		return false;
	}
	same = golden_bytes == bytes && memcmp(golden, text, bytes) == 0;
	if (!same)
		print_difference(name, golden, text);
	free(golden);
	return same;
}
