/* SPDX-License-Identifier: MIT */
/*
 * list.c: what is on screen is what a full sort would show, and the selection stays with its row.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "list.h"

static const char *const words[] = {"", "alpha", "alphabet one", "alphabet two", "beta"};

static const char *word(const void *context, uint32_t number)
{
	(void)context;
	return words[number];
}

struct model {
	struct ltr__row rows[400];
	size_t count;
	bool descending;
};

static int model_compare(const void *left, const void *right, void *context)
{
	const struct ltr__row *a = left;
	const struct ltr__row *b = right;
	const struct model *model = context;
	int order = a->key < b->key ? -1 : a->key > b->key;

	if (!order)
		order = strcmp(words[a->text], words[b->text]);
	if (order)
		return model->descending ? -order : order;
	return a->id < b->id ? -1 : a->id > b->id;
}

static void fill(struct ltr__list *list, struct model *model)
{
	ltr__list_begin(list, model->descending, word, NULL, 0);
	for (size_t i = 0; i < model->count; i++)
		assert_int_equal(ltr__list_add(list, model->rows[i]), 0);
	ltr__list_end(list);
	qsort_r(model->rows, model->count, sizeof(model->rows[0]), model_compare, model);
}

static void expect_window(const struct ltr__list *list, const struct model *model)
{
	for (size_t i = list->first; i < list->first + list->height && i < list->shown.count; i++)
		assert_int_equal(list->shown.rows[i].id, model->rows[i].id);
	if (list->shown.count)
		assert_int_equal(list->selected.id, model->rows[list->rank].id);
}

static struct ltr__row random_row(uint64_t id)
{
	uint32_t text = (uint32_t)rand() % 5;

	return (struct ltr__row){
		.key = rand() % 4 ? ltr__list_text_key(words[text]) : 7, .id = id, .text = text};
}

static void windows_are_those_of_a_full_sort(void **state)
{
	static const enum ltr__action moves[] = {LTR__DO_UP,      LTR__DO_DOWN, LTR__DO_PAGE_DOWN,
						 LTR__DO_PAGE_UP, LTR__DO_TOP,  LTR__DO_BOTTOM};

	(void)state;
	srand(fixture_seed());
	for (int round = 0; round < 400; round++) {
		struct ltr__list list = {0};
		struct model model = {.count = (size_t)(rand() % 300), .descending = rand() % 2};

		for (size_t i = 0; i < model.count; i++)
			model.rows[i] = random_row(1 + i * 7919 % 100003);
		fill(&list, &model);
		for (int step = 0; step < 30; step++) {
			ltr__list_window(&list, 1 + rand() % 40);
			expect_window(&list, &model);
			ltr__list_act(&list, moves[rand() % 6], 0);
		}
		ltr__list_done(&list);
	}
}

static void numbers(struct ltr__list *list, uint64_t first, uint64_t last)
{
	ltr__list_begin(list, false, NULL, NULL, last);
	for (uint64_t i = first; i <= last; i++)
		ltr__list_add(list, (struct ltr__row){.key = i, .id = i});
	ltr__list_end(list);
	ltr__list_window(list, 10);
}

static void the_selection_stays_with_its_row_and_line(void **state)
{
	struct ltr__list list = {0};

	(void)state;
	numbers(&list, 100, 200);
	for (int i = 0; i < 30; i++)
		ltr__list_act(&list, LTR__DO_DOWN, 0);
	assert_int_equal(list.selected.id, 130);
	ltr__list_act(&list, LTR__DO_UP, 0); /* not at the edge of the window */
	assert_int_equal(list.rank - list.first, 8);
	numbers(&list, 50, 200); /* fifty are born before it */
	assert_int_equal(list.selected.id, 129);
	assert_int_equal(list.rank - list.first, 8);
	numbers(&list, 120, 200); /* many end */
	assert_int_equal(list.selected.id, 129);
	assert_int_equal(list.rank - list.first, 8);
	numbers(&list, 128, 200); /* not enough are left to keep the line */
	assert_int_equal(list.selected.id, 129);
	assert_int_equal(list.rank, 1);
	ltr__list_done(&list);
}

static void a_row_that_goes_leaves_its_place_selected(void **state)
{
	struct ltr__list list = {0};

	(void)state;
	numbers(&list, 1, 20);
	for (int i = 0; i < 4; i++)
		ltr__list_act(&list, LTR__DO_DOWN, 0);
	assert_int_equal(list.selected.id, 5);
	ltr__list_begin(&list, false, NULL, NULL, 0);
	for (uint64_t i = 1; i <= 20; i++) {
		if (i != 5)
			ltr__list_add(&list, (struct ltr__row){.key = i, .id = i});
	}
	ltr__list_end(&list);
	ltr__list_window(&list, 10);
	assert_int_equal(list.selected.id, 6);
	numbers(&list, 1, 3); /* so few that there is no such place */
	assert_int_equal(list.selected.id, 3);
	numbers(&list, 2, 1); /* none */
	assert_false(list.has_selected);
	numbers(&list, 8, 9);
	assert_true(list.has_selected);
	ltr__list_done(&list);
}

static void the_top_is_a_place_until_somebody_moves(void **state)
{
	struct ltr__list list = {0};

	(void)state;
	numbers(&list, 100, 200);
	assert_int_equal(list.selected.id, 100);
	numbers(&list, 50, 200);
	assert_int_equal(list.selected.id, 50);
	ltr__list_act(&list, LTR__DO_DOWN, 0);
	ltr__list_act(&list, LTR__DO_UP, 0);
	numbers(&list, 40, 200);
	assert_int_equal(list.selected.id, 50);
	ltr__list_act(&list, LTR__DO_TOP, 0);
	numbers(&list, 30, 200);
	assert_int_equal(list.selected.id, 30);
	ltr__list_done(&list);
}

static uint64_t search(struct ltr__list *list, bool forward, uint64_t divisor)
{
	struct ltr__list_search search = ltr__list_search_begin(list, forward);

	for (size_t i = 0; i < list->shown.count; i++) {
		if (list->shown.rows[i].id % divisor == 0)
			ltr__list_search_offer(&search, list->shown.rows[i]);
	}
	return ltr__list_search_end(&search) ? list->selected.id : 0;
}

static void a_search_goes_round(void **state)
{
	struct ltr__list list = {0};

	(void)state;
	numbers(&list, 1, 100);
	assert_int_equal(search(&list, true, 40), 40);
	assert_int_equal(search(&list, true, 40), 80);
	assert_int_equal(search(&list, true, 40), 40);
	assert_int_equal(search(&list, false, 40), 80);
	assert_int_equal(search(&list, false, 40), 40);
	assert_int_equal(search(&list, true, 1000), 0);
	assert_int_equal(list.selected.id, 40);
	ltr__list_done(&list);
}

static void text_keys_sort_as_texts_do(void **state)
{
	(void)state;
	assert_true(ltr__list_text_key("") < ltr__list_text_key("a"));
	assert_true(ltr__list_text_key("a") < ltr__list_text_key("ab"));
	assert_true(ltr__list_text_key("ab") < ltr__list_text_key("b"));
	assert_true(ltr__list_text_key("z") < ltr__list_text_key("\xc3\xa4"));
	assert_int_equal(ltr__list_text_key("12345678"), ltr__list_text_key("123456789"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_are_those_of_a_full_sort),
		cmocka_unit_test(the_selection_stays_with_its_row_and_line),
		cmocka_unit_test(a_row_that_goes_leaves_its_place_selected),
		cmocka_unit_test(the_top_is_a_place_until_somebody_moves),
		cmocka_unit_test(a_search_goes_round),
		cmocka_unit_test(text_keys_sort_as_texts_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
