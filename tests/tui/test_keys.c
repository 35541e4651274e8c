/* SPDX-License-Identifier: MIT */
/*
 * Whole runs from scripts: any keys and any sizes do no harm, the table of keys is sound, options and
 * scripts that make no sense end in a sentence. LTR_FUZZ_ROUNDS makes it longer.
 */
#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "filter.h"
#include "fixture.h"
#include "key.h"
#include "rune.h"

#define SCRIPT_PATH 64

static char folder[] = "/tmp/loiter-keys-XXXXXX";

/* A script in a file of its own; the caller removes it. */
static void write_script(char *ret_path, const char *text)
{
	FILE *file;
	int fd;

	snprintf(ret_path, SCRIPT_PATH, "/tmp/loiter-tui-XXXXXX");
	fd = mkstemp(ret_path);
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	fputs(text, file);
	fclose(file);
}

struct outcome {
	int error;
	char why[256];
	char *printed;
	size_t length;
};

static struct outcome run(struct fixture *fixture, struct ltr_tui_options options,
			  const char *script)
{
	struct ltr_tui_source source = fixture_source(fixture);
	struct outcome outcome = {0};
	struct ltr_tui_end end;
	char path[SCRIPT_PATH];

	if (script) {
		write_script(path, script);
		options.script = path;
	}
	options.output = open_memstream(&outcome.printed, &outcome.length);
	outcome.error = ltr_tui_run(&options, &source, &end);
	fclose(options.output);
	memcpy(outcome.why, end.why, sizeof(outcome.why));
	assert_int_equal(end.signal, 0);
	if (script)
		unlink(path);
	return outcome;
}

/* Runs and looks for `part` in what was printed, or in the sentence of the error. */
static void expect(struct ltr_tui_options options, const char *script, int error, const char *part)
{
	struct fixture fixture;
	struct outcome outcome;

	fixture_init(&fixture, FIXTURE_SMALL, 60);
	outcome = run(&fixture, options, script);
	if (outcome.error != error || !strstr(error ? outcome.why : outcome.printed, part))
		fail_msg("%d, %s, %s", outcome.error, outcome.why, outcome.printed);
	free(outcome.printed);
	fixture_done(&fixture);
}

static void options_without_sense_get_a_sentence(void **state)
{
	struct ltr_tui_options once = {.once = true};

	(void)state;
	expect((struct ltr_tui_options){.once = true, .filter = "state:blue"}, NULL, -EINVAL,
	       "no state is called 'blue'");
	expect((struct ltr_tui_options){.once = true, .sort = "beauty"}, NULL, -EINVAL,
	       "cannot be sorted by 'beauty'");
	expect((struct ltr_tui_options){.once = true, .sort = "-"}, NULL, -EINVAL,
	       "cannot be sorted by '-'");
	expect((struct ltr_tui_options){.once = true, .view = "moon"}, NULL, -EINVAL,
	       "no view 'moon'");
	expect((struct ltr_tui_options){.script = "/nowhere/at/all"}, NULL, -ENOENT,
	       "/nowhere/at/all cannot be read");
	expect(once, "dance\n", -EINVAL, "line 1 of the script: there is no such command");
	expect(once, "screen\n\nkeys <Nose>\n", -EINVAL, "line 3 of the script: no key");
	expect(once, "resize 5\n", -EINVAL, "resize needs a size");
	expect(once, "resize 0x7\n", -EINVAL, "resize needs a size");
}

static void options_choose_the_first_screen(void **state)
{
	(void)state;
	expect((struct ltr_tui_options){.once = true}, NULL, 0, "1-17 of 63");
	expect((struct ltr_tui_options){.once = true, .view = "groups"}, NULL, 0, "by stack");
	expect((struct ltr_tui_options){.once = true, .view = "groups", .sort = "oldest"}, NULL, 0,
	       "OLDEST▼");
	expect((struct ltr_tui_options){.once = true, .sort = "-id"}, NULL, 0, "ID▼");
	expect((struct ltr_tui_options){.once = true, .filter = "name:worker"}, NULL, 0,
	       "filter name:worker");
	expect((struct ltr_tui_options){.once = true, .ascii = true}, NULL, 0, ">  11 conn");
}

static void an_output_that_cannot_be_written_is_told(void **state)
{
	struct fixture fixture;
	struct ltr_tui_source source;
	struct ltr_tui_options options = {.once = true, .output = fopen("/dev/full", "w")};
	struct ltr_tui_end end;

	(void)state;
	assert_non_null(options.output);
	fixture_init(&fixture, FIXTURE_SMALL, 60);
	source = fixture_source(&fixture);
	assert_int_equal(ltr_tui_run(&options, &source, &end), -EIO);
	assert_non_null(strstr(end.why, "cannot be written"));
	fclose(options.output);
	fixture_done(&fixture);
}

static void a_script_can_wait_for_the_program(void **state)
{
	(void)state;
	/* handlers pile up, two a moment: twelve more are there after six moments */
	expect((struct ltr_tui_options){.view = "groups"}, "until +12\nscreen\n", 0, "+12");
	expect((struct ltr_tui_options){.once = true},
	       "keys fname:handler<Enter>\nuntil of 31\nscreen\n", 0, "of 31");
}

/* Rows that have no room on the screen are in the file; nothing that is there is written over. */
static void what_is_shown_is_saved(void **state)
{
	char text[65536];
	FILE *file;
	size_t length;
	int lines = 0;

	(void)state;
	assert_int_equal(symlink("/dev/null", "loiter-4242-goroutines-1.txt"), 0);
	expect((struct ltr_tui_options){.filter = "name:conn"}, "keys et\nscreen\n", 0,
	       "what is shown is in loiter-4242-goroutines-2.txt");
	file = fopen("loiter-4242-goroutines-2.txt", "r");
	assert_non_null(file);
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = 0;
	assert_non_null(strstr(text, "goroutines   filter name:conn\n"));
	for (const char *at = text; (at = strstr(at, " conn ")); at++)
		lines++;
	assert_int_equal(lines, 36);
	assert_int_equal(unlink("loiter-4242-goroutines-1.txt"), 0);
	assert_int_equal(unlink("loiter-4242-goroutines-2.txt"), 0);
	if (geteuid() == 0)
		return; /* may write everywhere */
	assert_int_equal(chdir("/"), 0);
	expect((struct ltr_tui_options){.once = true}, "keys et\nscreen\n", 0,
	       "this could not be saved: Permission denied");
	assert_int_equal(chdir(folder), 0);
}

static int failing_poll(void *context, int timeout_ms)
{
	(void)context;
	(void)timeout_ms;
	return -ENOMEM;
}

static void a_program_that_cannot_be_read_is_told_and_shown_on(void **state)
{
	struct fixture fixture;
	struct ltr_tui_source source;
	struct ltr_tui_options options = {.once = true};
	struct ltr_tui_end end;
	char *printed = NULL;
	size_t length;

	(void)state;
	fixture_init(&fixture, FIXTURE_SMALL, 60);
	source = fixture_still_source(&fixture);
	source.poll = failing_poll;
	options.output = open_memstream(&printed, &length);
	assert_int_equal(ltr_tui_run(&options, &source, &end), 0);
	fclose(options.output);
	assert_non_null(strstr(printed, "FAILED: the program cannot be read: Cannot allocate"));
	assert_non_null(strstr(printed, "of 60"));
	free(printed);
	fixture_done(&fixture);
}

static void no_two_actions_share_a_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < ltr__binding_count; i++) {
		const struct ltr__binding *binding = &ltr__bindings[i];

		for (unsigned bit = 1; bit <= LTR__IN_HELP; bit <<= 1) {
			if (!(binding->where & bit))
				continue;
			for (size_t j = 0; j < 4 && binding->keys[j]; j++)
				assert_int_equal(
					ltr__key_action(binding->keys[j], bit | LTR__IN_ALL),
					binding->action);
		}
	}
	assert_int_equal(ltr__key_action(0x1f600, ~0u), LTR__DO_NOTHING);
}

static void names_of_keys_are_understood(void **state)
{
	const char *text = "a<Up><C-d>é<lt><space><Nope>";

	(void)state;
	assert_int_equal(ltr__key_take(&text), 'a');
	assert_int_equal(ltr__key_take(&text), LTR__KEY_UP);
	assert_int_equal(ltr__key_take(&text), 4);
	assert_int_equal(ltr__key_take(&text), 0xe9);
	assert_int_equal(ltr__key_take(&text), '<');
	assert_int_equal(ltr__key_take(&text), ' ');
	assert_int_equal(ltr__key_take(&text), 0);
	assert_string_equal(text, "");
}

static void random_line(FILE *script)
{
	static const char *const tokens[] = {
		"j",      "k",       "G",      "g",          "<Enter>",     "<Esc>",
		"<Tab>",  "f",       "/",      "n",          "N",           "s",
		"S",      "r",       "1",      "2",          "c",           "p",
		"w",      "<Space>", "u",      "?",          "<PageDown>",  "<PageUp>",
		"<Home>", "<End>",   "<Left>", "<Right>",    "<Backspace>", "<Delete>",
		"<C-u>",  "<C-w>",   "<C-l>",  "state:chan", "age>1s",      "-",
		"\"",     "x",       "漢",     "conn",       "<F1>",        "F",
		"<lt>",   ">",
	};

	switch (rand() % 8) {
	case 0:
		fprintf(script, "resize %dx%d\n", 1 + rand() % 130, 1 + rand() % 50);
		break;
	case 1:
		fprintf(script, "frame\n");
		break;
	case 2:
		fprintf(script, "%s\n", rand() % 9 ? "renew" : rand() % 2 ? "screen" : "styles");
		break;
	default:
		fprintf(script, "keys ");
		for (int i = 1 + rand() % 12; i > 0; i--)
			fputs(tokens[(size_t)rand() % (sizeof(tokens) / sizeof(*tokens))], script);
		fputc('\n', script);
	}
}

static long number_from(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text ? strtol(text, NULL, 10) : otherwise;
}

static void expect_clean_lines(const char *printed)
{
	const char *at = printed;
	uint32_t rune;

	while ((rune = ltr__rune_next(&at)))
		assert_true(rune == '\n' || ltr__rune_width(rune) >= 0);
}

static void any_keys_and_sizes_do_no_harm(void **state)
{
	long rounds = number_from("LTR_FUZZ_ROUNDS", 60);

	(void)state;
	print_message("%ld rounds\n", rounds);
	srand(fixture_seed());
	for (long round = 0; round < rounds; round++) {
		struct ltr_tui_options options = {.ascii = rand() % 4 == 0};
		enum fixture_kind kind = rand() % 2 ? FIXTURE_HOSTILE : FIXTURE_SMALL;
		struct fixture fixture;
		struct outcome outcome;
		char *script;
		size_t length;
		FILE *file = open_memstream(&script, &length);

		for (int i = 0; i < 60; i++)
			random_line(file);
		fclose(file);
		fixture_init(&fixture, kind, 20 + (size_t)rand() % 100);
		outcome = run(&fixture, options, script);
		if (outcome.error)
			fail_msg("%s\n%s", outcome.why, script);
		expect_clean_lines(outcome.printed);
		free(outcome.printed);
		free(script);
		fixture_done(&fixture);
	}
}

/* Keys may save files: in a folder that is ours. */
static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	glob_t files;

	(void)state;
	if (!glob("loiter-*.txt", 0, NULL, &files)) {
		for (size_t i = 0; i < files.gl_pathc; i++)
			unlink(files.gl_pathv[i]);
		globfree(&files);
	}
	return chdir("/") || rmdir(folder) ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_without_sense_get_a_sentence),
		cmocka_unit_test(options_choose_the_first_screen),
		cmocka_unit_test(an_output_that_cannot_be_written_is_told),
		cmocka_unit_test(a_script_can_wait_for_the_program),
		cmocka_unit_test(what_is_shown_is_saved),
		cmocka_unit_test(a_program_that_cannot_be_read_is_told_and_shown_on),
		cmocka_unit_test(no_two_actions_share_a_key),
		cmocka_unit_test(names_of_keys_are_understood),
		cmocka_unit_test(any_keys_and_sizes_do_no_harm),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
