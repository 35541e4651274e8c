/* SPDX-License-Identifier: MIT */
/*
 * The language of filters: what it lets through of the made-up program, what it says about nonsense,
 * what it completes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "filter.h"
#include "filter_values.h"
#include "fixture.h"
#include "wording.h"

static struct fixture fixture;
static struct ltr__moment moment;

static int set_up(void **state)
{
	(void)state;
	fixture_init(&fixture, FIXTURE_SMALL, 60);
	moment = (struct ltr__moment){.census = fixture.census};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_done(&fixture);
	return 0;
}

static size_t count_with(struct ltr__filter *filter)
{
	size_t count = 0;

	for (size_t i = 0; i < ltr__moment_count(&moment); i++)
		count += ltr__filter_lets(filter, &moment, ltr__moment_at(&moment, i));
	return count;
}

/* How many goroutines a filter lets through, asked twice: the second time it remembers. */
static size_t count(const char *text)
{
	struct ltr__filter *filter;
	char why[200] = "";
	size_t first;

	if (ltr__filter_new(text, &filter, why, sizeof(why)))
		fail_msg("%s: %s", text, why);
	first = count_with(filter);
	assert_int_equal(count_with(filter), first);
	ltr__filter_free(filter);
	return first;
}

static void fields_select(void **state)
{
	(void)state;
	assert_int_equal(count(""), 60);
	assert_int_equal(count("   "), 60);
	assert_int_equal(count("state:chan"), 14);
	assert_int_equal(count("state:CHAN"), 14);
	assert_int_equal(count("state:chan,sync"), 22);
	assert_int_equal(count("state:s"), 10); /* syscall, sleep, sync */
	assert_int_equal(count("reason:\"chan send\""), 7);
	assert_int_equal(count("reason:chan"), 14);
	assert_int_equal(count("name:worker"), 14);
	assert_int_equal(count("func:serve"), 42);
	assert_int_equal(count("func:ltr_chan_send"), 7);
	assert_int_equal(count("fn:serve"), 42);
	assert_int_equal(count("function:serve"), 42);
	assert_int_equal(count("where:handle"), 7);
	assert_int_equal(count("where:handler.c:120"), 7);
	assert_int_equal(count("creator:serve_connection"), 7);
	assert_int_equal(count("creator:accept"), 35);
	assert_int_equal(count("label:conn"), 42);
	assert_int_equal(count("label:user=ALICE"), 14);
	assert_int_equal(count("label:user=mallory"), 0);
	assert_int_equal(count("label:nothing"), 0);
	assert_int_equal(count("is:main"), 1);
	assert_int_equal(count("is:main,daemon"), 2);
	assert_int_equal(count("is:unsure"), 0);
	assert_int_equal(count("id:1,2,7"), 3);
	assert_int_equal(count("parent:1"), 17);
	assert_int_equal(count("object:0x7f3a10009040"), 7);
}

static void ages_compare(void **state)
{
	(void)state;
	assert_int_equal(count("age>1m"), 5);
	assert_int_equal(count("age<=1m"), 55);
	assert_int_equal(count("age>=64s"), 3);
	assert_int_equal(count("age>64s"), 2);
	assert_int_equal(count("age<64s"), 57);
	assert_int_equal(count("age>1s age<1m"), 14);
	assert_int_equal(count("age>0.5m age<1m1s"), 3);
	/* in the made-up program each was created 5 ms before its wait began */
	assert_int_equal(count("life>64005ms"), 2);
	assert_int_equal(count("life>=64005ms"), 3);
	assert_int_equal(count("moves<=3") + count("moves>3"), 60);
	assert_int_equal(count("moves>=3"), 60);
	assert_int_equal(count("moves<3"), 0);
	assert_int_equal(count("moves>42"), 0);
}

static void terms_combine_and_negate(void **state)
{
	(void)state;
	assert_int_equal(count("state:chan name:worker"), 7);
	assert_int_equal(count("state:chan -name:worker"), 7);
	assert_int_equal(count("state:chan !name:worker"), 7);
	assert_int_equal(count("-state:chan -state:network"), 24);
	assert_int_equal(count("name:worker,conn"), 49);
}

static void bare_words_look_everywhere(void **state)
{
	(void)state;
	assert_int_equal(count("worker"), 14);
	assert_int_equal(count("handle_request"), 7);
	assert_int_equal(count("\"chan send\""), 7);
	assert_int_equal(count("alice"), 14);
	assert_int_equal(count("chan"), 14);
	assert_int_equal(count("42"), 1);
	assert_int_equal(count("-worker"), 46);
	assert_int_equal(count("std::vector"), 0);
}

static void expect_sentence(const char *text, const char *part)
{
	struct ltr__filter *filter = NULL;
	char why[200] = "";

	assert_int_equal(ltr__filter_new(text, &filter, why, sizeof(why)), -EINVAL);
	assert_null(filter);
	if (!strstr(why, part))
		fail_msg("%s: %s", text, why);
}

static void nonsense_gets_a_sentence(void **state)
{
	char longest[400];

	(void)state;
	expect_sentence("state:blue", "no state is called 'blue'");
	expect_sentence("state:", "needs a value");
	expect_sentence("state:chan,", "needs a value");
	expect_sentence("reason:boredom", "no reason to wait is called 'boredom'");
	expect_sentence("age>5", "unit");
	expect_sentence("age>", "unit");
	expect_sentence("age>1x", "unit");
	expect_sentence("age>-1s", "unit");
	expect_sentence("age:5s", "age is compared: age>1s or age<1s");
	expect_sentence("moves:5", "moves is compared: moves>9 or moves<9");
	expect_sentence("moves>5s", "moves needs a number, not '5s'");
	expect_sentence("moves>-1", "moves needs a number");
	expect_sentence("life>5", "life needs a time");
	expect_sentence("age>99999999999999999999999d", "unit");
	expect_sentence("colour:red", "no 'colour:'");
	expect_sentence("id:many", "needs a number");
	expect_sentence("id:99999999999999999999", "needs a number");
	expect_sentence("id:-5", "needs a number");
	expect_sentence("label:", "needs a key");
	expect_sentence("label:=x", "needs a key");
	expect_sentence("is:happy", "not 'happy'");
	expect_sentence("-", "needs a word");
	expect_sentence("\"open", "quote is not closed");
	expect_sentence("name:\"open", "quote is not closed");
	expect_sentence("id:1,2,3,4,5,6,7,8,9", "at most 8");
	expect_sentence("a b c d e f g h i j k l m n o p q", "at most 16 terms");
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = 0;
	expect_sentence(longest, "at most 255 bytes");
}

static void any_text_is_a_filter_or_a_sentence(void **state)
{
	static const char alphabet[] = "stateage:>=<,\" -!5sm\\\xff\xc3\xa4()";

	(void)state;
	srand(fixture_seed());
	for (int round = 0; round < 20000; round++) {
		struct ltr__filter *filter;
		char text[40];
		char why[200] = "";
		size_t length = (size_t)rand() % (sizeof(text) - 1);
		size_t replaced = 0;

		for (size_t i = 0; i < length; i++)
			text[i] = alphabet[(size_t)rand() % (sizeof(alphabet) - 1)];
		text[length] = 0;
		for (size_t i = 0; i < 3 && ltr__filter_complete(text, i, &replaced); i++)
			assert_true(replaced <= length);
		if (ltr__filter_new(text, &filter, why, sizeof(why))) {
			assert_true(why[0]);
			continue;
		}
		count_with(filter);
		ltr__filter_free(filter);
	}
}

static void a_search_takes_its_text_as_it_is(void **state)
{
	struct ltr__filter *filter;

	(void)state;
	assert_int_equal(ltr__filter_new_search("state:chan", &filter), 0);
	assert_int_equal(count_with(filter), 0);
	ltr__filter_free(filter);
	assert_int_equal(ltr__filter_new_search("IO wait", &filter), 0);
	assert_int_equal(count_with(filter), 22);
	ltr__filter_free(filter);
	assert_int_equal(ltr__filter_new_search("", &filter), -EINVAL);
}

static void expect_completion(const char *text, size_t index, const char *wanted, size_t replaced)
{
	size_t got;
	const char *word = ltr__filter_complete(text, index, &got);

	if (!wanted) {
		assert_null(word);
		return;
	}
	assert_non_null(word);
	assert_string_equal(word, wanted);
	assert_int_equal(got, replaced);
}

static void words_are_completed(void **state)
{
	(void)state;
	expect_completion("", 0, "state:", 0);
	expect_completion("st", 0, "state:", 2);
	expect_completion("st", 1, "stack:", 2);
	expect_completion("st", 2, NULL, 0);
	expect_completion("foo -re", 0, "reason:", 2);
	expect_completion("state:s", 0, "syscall", 1);
	expect_completion("state:s", 1, "sleep", 1);
	expect_completion("state:chan,sy", 0, "syscall", 2);
	expect_completion("reason:\"chan s", 0, "\"chan send\"", 7);
	expect_completion("reason:sel", 0, "\"select\"", 3);
	expect_completion("is:d", 0, "daemon", 1);
	expect_completion("name:x", 0, NULL, 0);
}

static void values_come_from_the_program(void **state)
{
	struct ltr__filter_values values;

	(void)state;
	ltr__filter_values(&moment, "state:chan name:", &values);
	assert_int_equal(values.count, 6);
	assert_string_equal(values.value[0].text, "conn");
	assert_int_equal(values.value[0].goroutines, 35);
	assert_string_equal(values.value[1].text, "worker");
	ltr__filter_values(&moment, "-name:acc", &values);
	assert_int_equal(values.count, 1);
	assert_int_equal(values.replaced, 3);
	ltr__filter_values(&moment, "fn:serve", &values);
	assert_int_equal(values.count, 1);
	assert_string_equal(values.value[0].text, "serve_connection");
	ltr__filter_values(&moment, "label:user=", &values);
	assert_int_equal(values.count, 3);
	ltr__filter_values(&moment, "creator:x,acc", &values);
	assert_int_equal(values.count, 1);
	assert_int_equal(values.replaced, 3);
	ltr__filter_values(&moment, "state:", &values);
	assert_int_equal(values.count, 0);
	ltr__filter_values(&moment, "name:\"no such", &values);
	assert_int_equal(values.count, 0);
}

/* Whatever a program is called: what completion offers is a filter, and one that finds something. */
static void offered_values_are_filters(void **state)
{
	static const char *const fields[] = {"name:", "func:", "where:", "creator:", "label:"};
	struct fixture hostile;
	struct ltr__moment there;
	struct ltr__filter_values values;

	(void)state;
	fixture_init(&hostile, FIXTURE_HOSTILE, 90);
	there = (struct ltr__moment){.census = hostile.census};
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		ltr__filter_values(&there, fields[i], &values);
		for (size_t j = 0; j < values.count; j++) {
			struct ltr__filter *filter;
			char text[LTR__FILTER_BYTES];
			char why[200] = "";
			size_t found = 0;

			snprintf(text, sizeof(text), "%s%s", fields[i], values.value[j].text);
			if (ltr__filter_new(text, &filter, why, sizeof(why)))
				fail_msg("%s: %s", text, why);
			for (size_t k = 0; k < ltr__moment_count(&there); k++)
				found +=
					ltr__filter_lets(filter, &there, ltr__moment_at(&there, k));
			if (found < values.value[j].goroutines)
				fail_msg("%s: %zu found", text, found);
			ltr__filter_free(filter);
		}
	}
	fixture_done(&hostile);
}

static void expect_words(struct ltr__words words, const char *wanted)
{
	assert_string_equal(words.text, wanted);
}

static void numbers_are_readable(void **state)
{
	uint64_t ns = 0;

	(void)state;
	expect_words(ltr__words_count(0), "0");
	expect_words(ltr__words_count(999), "999");
	expect_words(ltr__words_count(1000), "1,000");
	expect_words(ltr__words_count(UINT64_MAX), "18,446,744,073,709,551,615");
	expect_words(ltr__words_short_count(999), "999");
	expect_words(ltr__words_short_count(1000), "1.00k");
	expect_words(ltr__words_short_count(10243), "10.2k");
	expect_words(ltr__words_short_count(999499), "999k");
	expect_words(ltr__words_short_count(999600), "1.00M");
	expect_words(ltr__words_short_count(UINT64_MAX), "18.4E");
	expect_words(ltr__words_duration(0), "0ns");
	expect_words(ltr__words_duration(350999), "350µs");
	expect_words(ltr__words_duration(1299999), "1.2ms");
	expect_words(ltr__words_duration(999999999), "999ms");
	expect_words(ltr__words_duration(3490000000), "3.4s");
	expect_words(ltr__words_duration(59999999999), "59s");
	expect_words(ltr__words_duration(130000000000), "2m10s");
	expect_words(ltr__words_duration(11040000000000), "3h04m");
	expect_words(ltr__words_duration(446400000000000), "5d04h");
	expect_words(ltr__words_duration(UINT64_MAX), "213503d");
	expect_words(ltr__words_rate(0.44), "0.4");
	expect_words(ltr__words_rate(118.2), "118");
	assert_int_equal(ltr__words_parse_duration("2m10s", &ns), 0);
	assert_int_equal(ns, 130000000000);
	assert_int_equal(ltr__words_parse_duration("500us", &ns), 0);
	assert_int_equal(ns, 500000);
	assert_int_equal(ltr__words_parse_duration("500µs", &ns), 0);
	assert_int_equal(ltr__words_parse_duration("1.5s", &ns), 0);
	assert_int_equal(ns, 1500000000);
	assert_int_equal(ltr__words_parse_duration("5", &ns), -EINVAL);
	assert_int_equal(ltr__words_parse_duration("s", &ns), -EINVAL);
	assert_int_equal(ltr__words_parse_duration("1.5.2s", &ns), -EINVAL);
	assert_int_equal(ns, 1500000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_select),
		cmocka_unit_test(ages_compare),
		cmocka_unit_test(terms_combine_and_negate),
		cmocka_unit_test(bare_words_look_everywhere),
		cmocka_unit_test(nonsense_gets_a_sentence),
		cmocka_unit_test(any_text_is_a_filter_or_a_sentence),
		cmocka_unit_test(a_search_takes_its_text_as_it_is),
		cmocka_unit_test(words_are_completed),
		cmocka_unit_test(values_come_from_the_program),
		cmocka_unit_test(offered_values_are_filters),
		cmocka_unit_test(numbers_are_readable),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
