/* SPDX-License-Identifier: MIT */
/*
 * The wait-for graph: on random programs it finds the cycles that there are, shows each of their members
 * once, counts everybody, and stays within its bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "knots.h"

#define NOW     UINT64_C(100000000000)
#define LOCKS   16
#define PEOPLE  24
#define ROUNDS  3000
#define ADDRESS UINT64_C(0x1000)
#define NOBODY  0
#define MANY    5000

static void must(int error)
{
	assert_int_equal(error, 0);
}

static void put(struct ltr_census *census, uint64_t id, uint64_t object)
{
	struct ltr_goroutine goroutine = {
		.id = id,
		.since_ns = NOW - id,
		.object = object,
		.transitions = 3,
		.state = object ? LTR_STATE_SYNC : LTR_STATE_RUNNING,
		.reason = object ? LTR_REASON_MUTEX_LOCK : 0,
	};

	must(ltr_census_snapshot_put(census, &goroutine));
}

static uint64_t address_of(unsigned lock)
{
	return ADDRESS + lock * 64;
}

struct program {
	struct ltr_census *census;
	struct ltr__moment moment;
	struct ltr__knots graph;
};

static void take(struct program *program, uint64_t wanted)
{
	size_t count = ltr__moment_count(&program->moment);

	ltr__knots_begin(&program->graph, count);
	for (size_t i = 0; i < count; i++)
		must(ltr__knots_add(&program->graph, ltr__moment_at(&program->moment, i)));
	must(ltr__knots_end(&program->graph, &program->moment, wanted));
	assert_true(program->graph.row_count <= LTR__KNOTS_ROWS);
}

static void begin(struct program *program)
{
	*program = (struct program){0};
	must(ltr_census_new(&program->census));
	program->moment.census = program->census;
	must(ltr_census_snapshot_begin(program->census, NOW));
}

static void done(struct program *program)
{
	ltr__knots_done(&program->graph);
	ltr__moment_release(&program->moment);
	ltr_census_free(program->census);
}

static size_t count_rows(const struct ltr__knots *graph, enum ltr__knots_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < graph->row_count; i++)
		count += graph->rows[i].kind == kind;
	return count;
}

static size_t rows_of(const struct ltr__knots *graph, enum ltr__knots_kind kind, uint64_t id)
{
	size_t count = 0;

	for (size_t i = 0; i < graph->row_count; i++)
		count += graph->rows[i].kind == kind && graph->rows[i].id == id;
	return count;
}

/* Who comes back to himself along: waits for a lock, that somebody holds, who waits ... */
static bool is_in_cycle(const unsigned *waits, const unsigned *owner, unsigned id)
{
	unsigned at = id;

	for (int steps = 0; steps <= PEOPLE; steps++) {
		if (!waits[at])
			return false;
		at = owner[waits[at] - 1];
		if (!at)
			return false;
		if (at == id)
			return true;
	}
	return false;
}

static size_t cycles_of(const unsigned *waits, const unsigned *owner)
{
	bool seen[PEOPLE + 1] = {false};
	size_t cycles = 0;

	for (unsigned id = 1; id <= PEOPLE; id++) {
		if (seen[id] || !is_in_cycle(waits, owner, id))
			continue;
		cycles++;
		for (unsigned at = id; !seen[at]; at = owner[waits[at] - 1])
			seen[at] = true;
	}
	return cycles;
}

static void cycles_are_found_and_shown_whole(void **state)
{
	size_t found = 0;

	(void)state;
	srand(fixture_seed());
	for (int round = 0; round < ROUNDS; round++) {
		unsigned waits[PEOPLE + 1] = {0};
		unsigned owner[LOCKS] = {0};
		struct program program;
		size_t waiting = 0;

		begin(&program);
		for (unsigned id = 1; id <= PEOPLE; id++) {
			waits[id] = rand() % 4 ? 1 + (unsigned)rand() % LOCKS : 0;
			waiting += waits[id] != 0;
			put(program.census, id, waits[id] ? address_of(waits[id] - 1) : 0);
		}
		for (unsigned lock = 0; lock < LOCKS; lock++) {
			/* of a lock that nobody waits for nothing is known */
			bool is_known = false;

			for (unsigned id = 1; id <= PEOPLE; id++)
				is_known = is_known || waits[id] == lock + 1;
			owner[lock] = is_known && rand() % 5 ? 1 + (unsigned)rand() % PEOPLE : 0;
			if (is_known)
				must(ltr_census_snapshot_lock(
					program.census,
					&(struct ltr_lock){.object = address_of(lock),
							   .owner_id = owner[lock]}));
		}
		must(ltr_census_snapshot_end(program.census, true));
		take(&program, NOBODY);
		assert_int_equal(program.graph.cycles, cycles_of(waits, owner));
		assert_int_equal(count_rows(&program.graph, LTR__KNOTS_CYCLE),
				 program.graph.cycles);
		assert_int_equal(count_rows(&program.graph, LTR__KNOTS_CLOSE),
				 program.graph.cycles);
		for (unsigned id = 1; id <= PEOPLE; id++)
			assert_int_equal(rows_of(&program.graph, LTR__KNOTS_MEMBER, id),
					 is_in_cycle(waits, owner, id));
		found += program.graph.cycles;
		/* the same from a moment that is held */
		must(ltr__moment_hold(&program.moment));
		take(&program, 1 + (uint64_t)(rand() % PEOPLE));
		assert_int_equal(program.graph.cycles, cycles_of(waits, owner));
		done(&program);
	}
	assert_true(found > ROUNDS / 10);
}

static void a_chain_of_any_length_is_folded(void **state)
{
	struct program program;

	(void)state;
	begin(&program);
	put(program.census, 1, 0);
	for (unsigned i = 0; i < MANY; i++) {
		put(program.census, i + 2, address_of(i));
		must(ltr_census_snapshot_lock(
			program.census,
			&(struct ltr_lock){.object = address_of(i), .owner_id = i + 1}));
	}
	must(ltr_census_snapshot_end(program.census, true));
	take(&program, NOBODY);
	assert_int_equal(program.graph.cycles, 0);
	assert_int_equal(program.graph.rows[0].id, 1);
	assert_int_equal(program.graph.rows[1].more, MANY);
	assert_true(program.graph.row_count <= LTR__KNOTS_DEPTH + 2);
	assert_int_equal(count_rows(&program.graph, LTR__KNOTS_REST), 1);
	done(&program);
}

static void the_one_with_most_behind_is_first_and_who_is_asked_for_before(void **state)
{
	struct program program;

	(void)state;
	begin(&program);
	for (uint64_t id = 1; id <= MANY; id++)
		put(program.census, id, address_of(id < 3000 ? (unsigned)id : 4000));
	must(ltr_census_snapshot_end(program.census, true));
	take(&program, NOBODY);
	assert_int_equal(program.graph.rows[0].kind, LTR__KNOTS_OBJECT);
	assert_int_equal(program.graph.rows[0].object.trait.value, address_of(4000));
	assert_int_equal(program.graph.rows[0].object.waiting, MANY - 2999);
	/* the last row counts what there is no room for */
	assert_int_equal(program.graph.rows[program.graph.row_count - 1].kind, LTR__KNOTS_REST);
	assert_true(program.graph.rows[program.graph.row_count - 1].more > 2000);
	take(&program, 2777);
	assert_int_equal(program.graph.rows[0].object.trait.value, address_of(2777));
	assert_int_equal(program.graph.rows[1].id, 2777);
	assert_int_equal(program.graph.rows[2].object.trait.value, address_of(4000));
	done(&program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cycles_are_found_and_shown_whole),
		cmocka_unit_test(a_chain_of_any_length_is_folded),
		cmocka_unit_test(the_one_with_most_behind_is_first_and_who_is_asked_for_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
