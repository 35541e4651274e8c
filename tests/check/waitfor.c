/* SPDX-License-Identifier: MIT */
/*
 * The wait-for graph, held against the definition: who can reach itself, by closing the relation over
 * all triples, in random graphs of a few goroutines; and a large one, that must not take for ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <check/waitfor.h>

#define MOST 12

struct made {
	struct ltr__waitfor graph;
	uint32_t waits[MOST];
	uint32_t holders_at[MOST + 1];
	uint32_t holders[MOST * MOST];
};

static uint64_t seed;

static uint32_t below(uint32_t limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 32) * limit >> 32);
}

static void make(struct made *made)
{
	uint32_t used = 0;

	made->graph = (struct ltr__waitfor){.goroutines = 1 + below(MOST),
					    .objects = 1 + below(MOST),
					    .waits = made->waits,
					    .holders_at = made->holders_at,
					    .holders = made->holders};
	for (uint32_t i = 0; i < made->graph.goroutines; i++)
		made->waits[i] = below(5) ? below(made->graph.objects) : LTR__NOBODY;
	for (uint32_t o = 0; o < made->graph.objects; o++) {
		uint32_t count = below(3) ? 1 : below(4); /* most objects have one */

		made->holders_at[o] = used;
		while (count--) /* twice the same is a reader that has locked twice */
			made->holders[used++] = below(made->graph.goroutines);
	}
	made->holders_at[made->graph.objects] = used;
}

static bool waits_for(const struct ltr__waitfor *graph, uint32_t a, uint32_t b)
{
	uint32_t object = graph->waits[a];

	if (object == LTR__NOBODY)
		return false;
	for (uint32_t i = graph->holders_at[object]; i < graph->holders_at[object + 1]; i++)
		if (graph->holders[i] == b)
			return true;
	return false;
}

/* steps[a][b]: by how few a leads to b; 0: not at all */
static void close_over(const struct ltr__waitfor *graph, uint32_t steps[MOST][MOST])
{
	for (uint32_t a = 0; a < graph->goroutines; a++)
		for (uint32_t b = 0; b < graph->goroutines; b++)
			steps[a][b] = waits_for(graph, a, b);
	for (uint32_t round = 0; round < graph->goroutines; round++)
		for (uint32_t a = 0; a < graph->goroutines; a++)
			for (uint32_t b = 0; b < graph->goroutines; b++)
				for (uint32_t c = 0; c < graph->goroutines; c++) {
					uint32_t sum = steps[a][c] + steps[c][b];

					if (steps[a][c] && steps[c][b] &&
					    (!steps[a][b] || sum < steps[a][b]))
						steps[a][b] = sum;
				}
}

static void check_path(const struct made *made, const uint32_t *cycle, uint32_t first,
		       uint32_t steps[MOST][MOST], uint32_t *scratch)
{
	uint32_t path[MOST];
	uint32_t length = ltr__waitfor_path(&made->graph, cycle, first, scratch, path);

	assert_int_equal(length, steps[first][first]);
	assert_int_equal(path[0], first);
	for (uint32_t i = 0; i < length; i++)
		assert_true(waits_for(&made->graph, path[i], path[(i + 1) % length]));
}

static void check_spread(const struct made *made)
{
	uint32_t marks[MOST], expected[MOST];
	uint32_t n = made->graph.goroutines;

	for (uint32_t i = 0; i < n; i++)
		marks[i] = expected[i] = below(4) ? 0 : 1 + i;
	assert_int_equal(ltr__waitfor_spread(&made->graph, marks), 0);
	for (uint32_t round = 0; round < n; round++)
		for (uint32_t a = 0; a < n; a++)
			for (uint32_t b = 0; b < n; b++)
				if (!expected[a] && expected[b] && waits_for(&made->graph, a, b))
					expected[a] = LTR__NOBODY; /* of somebody or other */
	for (uint32_t a = 0; a < n; a++) {
		assert_int_equal(marks[a] != 0, expected[a] != 0);
		if (!marks[a] || expected[a] == marks[a])
			continue;
		/* It is the mark of one that it waits for. */
		bool found = false;

		for (uint32_t b = 0; b < n; b++)
			found = found || (waits_for(&made->graph, a, b) && marks[b] == marks[a]);
		assert_true(found);
	}
}

static void random_graphs_are_as_defined(void **state)
{
	const char *given = getenv("LTR_TEST_SEED");
	uint32_t cycles_seen = 0;

	(void)state;
	seed = given ? strtoull(given, NULL, 0) : 0x5eed1e55;
	printf("LTR_TEST_SEED=%#llx\n", (unsigned long long)seed);
	seed += !seed;
	for (int round = 0; round < 100000; round++) {
		struct made made;
		uint32_t steps[MOST][MOST], cycle[MOST], scratch[2 * MOST] = {0};
		uint32_t count = 0;
		bool is_shown[MOST + 1] = {false};

		make(&made);
		close_over(&made.graph, steps);
		assert_int_equal(ltr__waitfor_cycles(&made.graph, cycle, &count), 0);
		for (uint32_t a = 0; a < made.graph.goroutines; a++) {
			assert_int_equal(cycle[a] != 0, steps[a][a] != 0);
			assert_true(cycle[a] <= count);
			for (uint32_t b = 0; b < made.graph.goroutines; b++)
				assert_int_equal(cycle[a] && cycle[a] == cycle[b],
						 (a == b && cycle[a]) ||
							 (steps[a][b] && steps[b][a]));
			if (cycle[a] && !is_shown[cycle[a]]) /* each once */
				check_path(&made, cycle, a, steps, scratch);
			is_shown[cycle[a]] = true;
		}
		cycles_seen += count;
		check_spread(&made);
	}
	assert_true(cycles_seen > 10000); /* or the graphs were too easy */
}

static void nothing_is_nothing(void **state)
{
	uint32_t nothing[2] = {0}, count = 7;
	const struct ltr__waitfor graph = {
		.waits = nothing, .holders_at = nothing, .holders = nothing};

	(void)state;
	assert_int_equal(ltr__waitfor_cycles(&graph, nothing, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(ltr__waitfor_spread(&graph, nothing), 0);
}

/* Each waits for the next one's; in the end the last waits for the first one's, or not. */
static void a_million_in_a_row(void **state)
{
	const uint32_t many = 1000000;
	uint32_t *numbers = malloc(8 * ((size_t)many + 1) * sizeof(*numbers));
	uint32_t *waits = numbers, *at = waits + many, *holders = at + many + 1;
	uint32_t *cycle = holders + many, *scratch = cycle + many,
		 *path = scratch + 2 * (size_t)many;
	const struct ltr__waitfor graph = {many, many, waits, at, holders};
	uint32_t count = 0;

	(void)state;
	assert_non_null(numbers);
	for (uint32_t i = 0; i < many; i++) {
		at[i] = i;
		holders[i] = i;
		waits[i] = (i + 1) % many;
	}
	at[many] = many;
	memset(scratch, 0, 2 * (size_t)many * sizeof(*scratch));
	assert_int_equal(ltr__waitfor_cycles(&graph, cycle, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(ltr__waitfor_path(&graph, cycle, 3, scratch, path), many);
	assert_int_equal(path[1], 4);
	waits[many - 1] = LTR__NOBODY;
	assert_int_equal(ltr__waitfor_cycles(&graph, cycle, &count), 0);
	assert_int_equal(count, 0);
	memset(cycle, 0, many * sizeof(*cycle));
	cycle[many - 1] = 9;
	assert_int_equal(ltr__waitfor_spread(&graph, cycle), 0);
	assert_int_equal(cycle[0], 9);
	free(numbers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_graphs_are_as_defined),
		cmocka_unit_test(nothing_is_nothing),
		cmocka_unit_test(a_million_in_a_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
