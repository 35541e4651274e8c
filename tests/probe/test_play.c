// SPDX-License-Identifier: MIT
/*
 * Recordings played back and forth. A made-up program keeps a diary of all that it does; whatever moment
 * is asked for, in whatever order, the census must be what the diary says. And of random calls that no
 * program could make, a moment must be the same whichever way one came to it.
 */
#include "recorded.h"

#include <errno.h>

#include "lifeline.h"
#include "timeline.h"

#define PEOPLE  60
#define DIARY   60000
#define PENDING 512
#define SEEKS   120

/* Whose life is followed while it is lived. */
#define FOLLOWED 7

static const struct ltr_clock_rate nanoseconds = {0, 0, 1.0};
static uint64_t test_seed;

/* One transition. */
struct entry {
	uint64_t ns;
	uint64_t id;
	uint32_t sequence;
	uint8_t state;
	uint8_t reason;
};

struct program {
	struct made made;
	struct tape tape;
	struct entry diary[DIARY];
	size_t count;
	uint64_t ids[PEOPLE]; /* who lives */
	size_t lives[PEOPLE]; /* the last entry of each */
	uint64_t next_id;
	uint64_t created;
	uint64_t exited;
	struct ltr_event pending[RINGS][PENDING];
	size_t pending_count[RINGS];
};

static void note(struct program *program, size_t who, struct ltr_event event)
{
	struct chance *chance = &program->made.chance;
	uint32_t ring = chance_below(chance, RINGS);

	program->made.now_ns += 1 + chance_below(chance, 20000);
	event.goroutine = program->ids[who];
	event.ticks = program->made.now_ns;
	event.sequence = program->diary[program->lives[who]].sequence + 1;
	if (event.kind == LTR_KIND_CREATE)
		event.sequence = 1;
	assert_true(program->count < DIARY && program->pending_count[ring] < PENDING);
	program->pending[ring][program->pending_count[ring]++] = event;
	program->lives[who] = program->count;
	program->diary[program->count++] = (struct entry){
		.ns = event.ticks,
		.id = event.goroutine,
		.sequence = event.sequence,
		.state = event.kind == LTR_KIND_EXIT ? LTR_STATE_EXITED : ltr_event_state(&event),
		.reason = event.kind == LTR_KIND_PARK ? event.reason : LTR_REASON_NONE,
	};
}

static void be_born(struct program *program, size_t who)
{
	program->ids[who] = program->next_id++;
	program->created++;
	note(program, who, (struct ltr_event){.kind = LTR_KIND_CREATE});
}

static void move(struct program *program, size_t who)
{
	static const uint8_t reasons[] = {LTR_REASON_CHAN_RECEIVE, LTR_REASON_MUTEX_LOCK,
					  LTR_REASON_SLEEP, LTR_REASON_IO_READ};
	struct chance *chance = &program->made.chance;
	struct ltr_event event = {.kind = LTR_KIND_READY};

	switch (program->diary[program->lives[who]].state) {
	case LTR_STATE_QUEUED:
		event.kind = LTR_KIND_START;
		break;
	case LTR_STATE_RUNNING:
		event.kind = chance_below(chance, 8) ? LTR_KIND_PARK : LTR_KIND_EXIT;
		event.reason = event.kind == LTR_KIND_PARK ? reasons[chance_below(chance, 4)] : 0;
		break;
	default:
		event.arg = program->ids[chance_below(chance, PEOPLE)];
	}
	note(program, who, event);
	if (event.kind == LTR_KIND_EXIT) {
		program->exited++;
		be_born(program, who);
	}
}

static void tell_counters(struct program *program)
{
	struct ltr_census_info *info = ltr_census_info_mut(program->made.census);

	info->created = program->created;
	info->exited = program->exited;
}

/* What the threads have written is read, in any order of the threads. */
static void read_rings(struct program *program)
{
	struct made *made = &program->made;
	uint32_t first = chance_below(&made->chance, RINGS);

	for (uint32_t i = 0; i < RINGS; i++) {
		uint32_t ring = (first + i) % RINGS;
		size_t count = program->pending_count[ring];

		assert_int_equal(ltr_census_apply(made->census, &nanoseconds, ring,
						  made->positions[ring], program->pending[ring],
						  count),
				 0);
		made->positions[ring] += count;
		program->pending_count[ring] = 0;
	}
	tell_counters(program);
	ltr_census_advance(made->census, made->now_ns);
}

static void take_snapshot(struct program *program)
{
	struct made *made = &program->made;

	tell_counters(program);
	assert_int_equal(ltr_census_snapshot_begin(made->census, made->now_ns), 0);
	for (size_t who = 0; who < PEOPLE; who++) {
		const struct entry *is = &program->diary[program->lives[who]];
		const struct ltr_goroutine goroutine = {
			.id = is->id,
			.since_ns = is->ns,
			.transitions = is->sequence,
			.state = is->state,
			.reason = is->reason,
			.flags = LTR_SINCE_EXACT,
		};

		assert_int_equal(ltr_census_snapshot_put(made->census, &goroutine), 0);
	}
	assert_int_equal(ltr_census_snapshot_end(made->census, true), 0);
}

/* Snapshots come at any time, also while records are on their way. */
static void live(struct program *program, uint64_t seed, int turns, bool finishes)
{
	const struct ltr_recorder_options options = {.sink = sink_of(&program->tape)};

	*program = (struct program){.tape.room = SIZE_MAX, .next_id = 1};
	make(&program->made, seed, &options);
	for (size_t who = 0; who < PEOPLE; who++)
		be_born(program, who);
	assert_int_equal(ltr_census_follow(program->made.census, FOLLOWED), 0);
	ltr_census_follow_live(program->made.census, FOLLOWED);
	read_rings(program);
	take_snapshot(program);
	for (int turn = 0; turn < turns; turn++) {
		for (uint32_t i = chance_below(&program->made.chance, 60); i > 0; i--)
			move(program, chance_below(&program->made.chance, PEOPLE));
		if (turn % 7 != 3)
			read_rings(program);
		if (turn % 25 == 24) {
			program->made.now_ns += 150000000;
			take_snapshot(program);
		}
	}
	read_rings(program);
	if (finishes)
		assert_int_equal(ltr_recorder_finish(program->made.recorder), 0);
}

static struct ltr_probe *play(const struct tape *tape)
{
	const struct ltr_replay_options options = {.at_ns = UINT64_MAX, .seeks = true};
	struct ltr_probe *probe = NULL;
	struct ltr_why why;
	int err = replay_with(tape->bytes, tape->used, &options, &probe, &why);

	if (err)
		print_message("%s\n", why.text);
	assert_int_equal(err, 0);
	return probe;
}

/* Everybody is as the diary says. */
static void must_be_as_written(const struct program *program, const struct ltr_census *census,
			       uint64_t moment_ns)
{
	static struct entry last[DIARY];
	size_t living = 0;

	memset(last, 0, program->next_id * sizeof(*last));
	for (size_t i = 0; i < program->count && program->diary[i].ns <= moment_ns; i++)
		last[program->diary[i].id] = program->diary[i];
	for (uint64_t id = 1; id < program->next_id; id++) {
		const struct ltr_goroutine *is = ltr_census_find(census, id);

		if (!last[id].id || last[id].state == LTR_STATE_EXITED) {
			assert_null(is);
			continue;
		}
		living++;
		assert_non_null(is);
		assert_int_equal(is->transitions, last[id].sequence);
		assert_int_equal(is->state, last[id].state);
		assert_int_equal(is->reason, last[id].reason);
		assert_int_equal(is->since_ns, last[id].ns);
		assert_false(is->flags & LTR_IS_UNSURE);
	}
	assert_int_equal(ltr_census_count(census), living);
	assert_int_equal(ltr_census_info(census)->lost, 0);
}

/* A moment of some kind: anywhere, near the last one, just when something happened. */
static uint64_t choose_moment(const struct program *program, struct chance *chance,
			      const struct ltr_timeline *timeline, uint64_t last_ns)
{
	uint64_t span = timeline->end_ns - timeline->begin_ns;
	uint64_t moment_ns = timeline->begin_ns + chance_next(chance) % (span + 1);

	switch (chance_below(chance, 4)) {
	case 0:
		moment_ns = last_ns + chance_below(chance, 3000000);
		break;
	case 1:
		moment_ns = last_ns - chance_below(chance, 3000000);
		break;
	case 2:
		moment_ns = program->diary[chance_below(chance, (uint32_t)program->count)].ns;
		break;
	default:
		break;
	}
	if (moment_ns < timeline->begin_ns)
		return timeline->begin_ns;
	return moment_ns > timeline->end_ns ? timeline->end_ns : moment_ns;
}

static void test_every_moment_is_as_it_was(void **state)
{
	(void)state;
	static struct program program;

	for (uint64_t round = 0; round < 6; round++) {
		live(&program, test_seed + round, 300, true);

		struct ltr_probe *probe = play(&program.tape);
		const struct ltr_census *census = ltr_probe_census(probe);
		const struct ltr_timeline *timeline = ltr_probe_timeline(probe);
		struct chance chance = {test_seed ^ round};
		uint64_t moment_ns = timeline->end_ns;
		struct ltr_why why;

		assert_int_equal(ltr_census_info(census)->now_ns, program.made.now_ns);
		must_be_as_written(&program, census, moment_ns);
		for (int i = 0; i < SEEKS; i++) {
			moment_ns = choose_moment(&program, &chance, timeline, moment_ns);
			assert_int_equal(ltr_probe_seek(probe, moment_ns, &why), 0);
			assert_int_equal(ltr_census_info(census)->now_ns, moment_ns);
			must_be_as_written(&program, census, moment_ns);
		}
		ltr_probe_close(probe);
		free(program.tape.bytes);
		unmake(&program.made);
	}
}

/* The whole of it in small steps: each goes on from the one before. */
static void test_forwards_in_small_steps(void **state)
{
	(void)state;
	static struct program program;
	struct ltr_why why;

	live(&program, test_seed, 120, true);

	struct ltr_probe *probe = play(&program.tape);
	const struct ltr_timeline *timeline = ltr_probe_timeline(probe);
	struct chance chance = {test_seed};

	for (uint64_t at_ns = timeline->begin_ns; at_ns <= timeline->end_ns;
	     at_ns += 1 + chance_below(&chance, 4000000)) {
		assert_int_equal(ltr_probe_seek(probe, at_ns, &why), 0);
		must_be_as_written(&program, ltr_probe_census(probe), at_ns);
	}
	ltr_probe_close(probe);
	free(program.tape.bytes);
	unmake(&program.made);
}

static void test_the_timeline_is_what_moments_show(void **state)
{
	(void)state;
	static struct program program;
	struct ltr_why why;

	live(&program, test_seed, 200, true);

	struct ltr_probe *probe = play(&program.tape);
	const struct ltr_timeline *timeline = ltr_probe_timeline(probe);
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(probe));

	assert_false(timeline->cut);
	assert_true(timeline->count > 20);
	assert_int_equal(timeline->samples[0].now_ns, timeline->begin_ns);
	for (size_t i = 0; i < timeline->count; i++) {
		const struct ltr_timeline_sample *sample = &timeline->samples[i];

		assert_true(!i || sample->now_ns > sample[-1].now_ns);
		assert_int_equal(ltr_probe_seek(probe, sample->now_ns, &why), 0);
		assert_int_equal(info->now_ns, sample->now_ns);
		assert_int_equal(info->lost, sample->lost);
		assert_int_equal(info->events, sample->events);
		assert_memory_equal(info->by_state, sample->by_state, sizeof(info->by_state));
	}
	ltr_probe_close(probe);
	free(program.tape.bytes);
	unmake(&program.made);
}

static void same_moment(const struct ltr_census *a, const struct ltr_census *b)
{
	const struct ltr_census_info *x = ltr_census_info(a);
	const struct ltr_census_info *y = ltr_census_info(b);

	assert_int_equal(x->now_ns, y->now_ns);
	assert_int_equal(x->events, y->events);
	assert_int_equal(x->lost, y->lost);
	assert_int_equal(x->created, y->created);
	assert_int_equal(x->exited, y->exited);
	assert_memory_equal(x->by_state, y->by_state, sizeof(x->by_state));
	assert_int_equal(ltr_census_count(a), ltr_census_count(b));
	for (size_t i = 0; i < ltr_census_count(a); i++) {
		struct ltr_goroutine one = *ltr_census_at(a, i);
		const struct ltr_goroutine *other = ltr_census_find(b, one.id);

		assert_non_null(other);
		/* These calls give one number of the program to several stacks. */
		one.stack = other->stack;
		/* Who is born between two readings of the rings, one of which tells of a loss, may be
		 * told of it or not. How much was lost is the same. */
		one.flags =
			(uint16_t)((one.flags & ~LTR_IS_UNSURE) | (other->flags & LTR_IS_UNSURE));
		assert_memory_equal(&one, other, sizeof(one));
	}
	same_kernel(a, b);
}

/* Losses, doubts and snapshots that were not whole included. */
static void test_one_moment_by_many_ways(void **state)
{
	(void)state;
	static struct tape tape;

	for (uint64_t round = 0; round < 12; round++) {
		const struct ltr_recorder_options options = {.sink = sink_of(&tape)};
		struct chance chance = {test_seed + round};
		struct made made;
		struct ltr_why why;

		tape = (struct tape){.room = SIZE_MAX};
		make(&made, test_seed + round, &options);
		look(&made, true);
		for (int i = 0; i < 300; i++)
			call_something(&made);
		assert_int_equal(ltr_recorder_finish(made.recorder), 0);

		struct ltr_probe *one = play(&tape);
		const struct ltr_timeline *timeline = ltr_probe_timeline(one);
		uint64_t span = timeline->end_ns - timeline->begin_ns;

		for (int i = 0; i < 40; i++) {
			struct ltr_probe *other = play(&tape);
			uint64_t to_ns = timeline->begin_ns + chance_next(&chance) % (span + 1);
			uint64_t step_ns = 1 + chance_next(&chance) % 300000000;

			/* One comes in steps from before, the other at once. */
			for (uint64_t ns = to_ns - 3 * step_ns; ns < to_ns; ns += step_ns)
				assert_int_equal(ltr_probe_seek(one, ns, &why), 0);
			assert_int_equal(ltr_probe_seek(one, to_ns, &why), 0);
			assert_int_equal(ltr_probe_seek(other, to_ns, &why), 0);
			same_moment(ltr_probe_census(one), ltr_probe_census(other));
			ltr_probe_close(other);
		}
		ltr_probe_close(one);
		free(tape.bytes);
		unmake(&made);
	}
}

static void test_a_cut_recording_is_played_to_its_cut(void **state)
{
	(void)state;
	static struct program program;
	struct ltr_why why;

	live(&program, test_seed, 100, false);
	program.tape.used -= 5;

	struct ltr_probe *probe = play(&program.tape);
	const struct ltr_timeline *timeline = ltr_probe_timeline(probe);
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(probe));

	assert_true(timeline->cut);
	assert_true(info->cut);
	assert_true(timeline->end_ns > timeline->begin_ns);
	assert_int_equal(ltr_probe_seek(probe, timeline->begin_ns, &why), 0);
	assert_false(info->cut); /* not at this moment */
	assert_int_equal(ltr_probe_seek(probe, UINT64_MAX, &why), 0);
	assert_true(info->cut);
	assert_int_equal(info->now_ns, timeline->end_ns);
	ltr_probe_close(probe);
	free(program.tape.bytes);
	unmake(&program.made);
}

/* Somebody writes over the file: the moment before stays, with a sentence. */
static void test_a_file_that_changes(void **state)
{
	(void)state;
	static struct program program;
	struct ltr_why why = {""};

	live(&program, test_seed, 200, true);

	struct ltr_probe *probe = play(&program.tape);
	const struct ltr_timeline *timeline = ltr_probe_timeline(probe);
	const struct ltr_census *census = ltr_probe_census(probe);
	uint64_t early_ns = timeline->begin_ns + 1000;
	size_t kept = program.tape.blocks[5].end;
	struct ltr_probe *other;
	struct ltr_why ignored;

	assert_int_equal(ltr_probe_seek(probe, early_ns, &why), 0);
	/* Same file, cut. */
	if (replay(program.tape.bytes, kept, UINT64_MAX, 0, &other, &ignored) == 0)
		ltr_probe_close(other);
	assert_int_equal(ltr_probe_seek(probe, timeline->end_ns - 1000, &why), -EIO);
	assert_non_null(strstr(why.text, "has changed since it was opened"));
	assert_int_equal(ltr_census_info(census)->now_ns, early_ns);
	must_be_as_written(&program, census, early_ns);
	ltr_probe_close(probe);
	free(program.tape.bytes);
	unmake(&program.made);
}

/* All that the diary has of a goroutine, and nothing else. */
static void must_be_the_life_of(const struct program *program, const struct ltr_census *census,
				uint64_t id)
{
	const struct ltr_lifeline *lifeline = ltr_census_lifeline(census);
	size_t at = 0;

	assert_non_null(lifeline);
	assert_int_equal(lifeline->id, id);
	for (size_t i = 0; i < program->count; i++) {
		const struct entry *entry = &program->diary[i];

		if (entry->id != id)
			continue;
		assert_true(at < lifeline->count);
		assert_int_equal(lifeline->at[at].sequence, entry->sequence);
		assert_int_equal(lifeline->at[at].state, entry->state);
		assert_int_equal(lifeline->at[at].reason, entry->reason);
		assert_int_equal(lifeline->at[at].ns, entry->ns);
		at++;
	}
	assert_int_equal(at, lifeline->count);
	assert_int_equal(lifeline->forgotten, 0);
}

static void test_one_life(void **state)
{
	(void)state;
	static struct program program;
	struct ltr_why why;

	live(&program, test_seed, 200, true);
	must_be_the_life_of(&program, program.made.census, FOLLOWED);

	struct ltr_probe *probe = play(&program.tape);
	const struct ltr_census *census = ltr_probe_census(probe);
	struct chance chance = {test_seed};

	assert_null(ltr_census_lifeline(census));
	for (int i = 0; i < 20; i++) {
		uint64_t id = 1 + chance_below(&chance, (uint32_t)program.next_id - 1);
		int more;

		while ((more = ltr_probe_follow(probe, id)) > 0) {
			/* The moment on screen goes its own way meanwhile. */
			if (chance_below(&chance, 8) == 0)
				assert_int_equal(ltr_probe_seek(probe, chance_next(&chance), &why),
						 0);
		}
		assert_int_equal(more, 0);
		must_be_the_life_of(&program, census, id);
	}
	assert_int_equal(ltr_probe_follow(probe, 0), 0);
	assert_null(ltr_census_lifeline(census));
	ltr_probe_close(probe);
	free(program.tape.bytes);
	unmake(&program.made);
}

/* Of a life that is too long the last part is kept. */
static void test_a_long_life_is_bounded(void **state)
{
	(void)state;
	struct ltr_transition transition = {.state = LTR_STATE_CHAN};
	struct ltr_census *census;

	assert_int_equal(ltr_census_new(&census), 0);
	assert_int_equal(ltr_census_follow(census, 1), 0);
	for (uint32_t i = 1; i <= 3 * LTR_LIFELINE_MAX; i++) {
		transition.sequence = i;
		ltr_census_lifeline_add(census, &transition);
	}
	const struct ltr_lifeline *lifeline = ltr_census_lifeline(census);

	assert_true(lifeline->count >= LTR_LIFELINE_MAX / 2);
	assert_true(lifeline->count <= LTR_LIFELINE_MAX);
	assert_int_equal(lifeline->count + lifeline->forgotten, 3 * LTR_LIFELINE_MAX);
	assert_int_equal(lifeline->at[lifeline->count - 1].sequence, 3 * LTR_LIFELINE_MAX);
	ltr_census_free(census);
}

static void test_what_cannot_be_played(void **state)
{
	(void)state;
	static struct program program;
	struct ltr_why why = {""};

	live(&program, test_seed, 10, true);

	struct ltr_probe *probe = replay_all(&program.tape, UINT64_MAX);

	assert_null(ltr_probe_timeline(probe));
	assert_int_equal(ltr_probe_seek(probe, 0, &why), -EOPNOTSUPP);
	assert_true(why.text[0]);
	ltr_probe_close(probe);
	free(program.tape.bytes);
	unmake(&program.made);
}

/* Whoever leaves does not wait: what is read ends, and no other moment is gone to. */
static void test_what_is_unwanted_ends(void **state)
{
	(void)state;
	static struct program program;
	atomic_bool is_unwanted = true;
	const struct ltr_replay_options options = {
		.at_ns = UINT64_MAX, .seeks = true, .is_unwanted = &is_unwanted};
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};

	live(&program, test_seed, 100, true);
	assert_int_equal(replay_with(program.tape.bytes, program.tape.used, &options, &probe, &why),
			 -ECANCELED);
	assert_null(probe);
	atomic_store(&is_unwanted, false);
	assert_int_equal(replay_with(program.tape.bytes, program.tape.used, &options, &probe, &why),
			 0);
	assert_int_equal(ltr_probe_seek(probe, ltr_probe_timeline(probe)->begin_ns, &why), 0);
	atomic_store(&is_unwanted, true);
	assert_int_equal(ltr_probe_seek(probe, ltr_probe_timeline(probe)->end_ns, &why),
			 -ECANCELED);
	ltr_probe_close(probe);
	free(program.tape.bytes);
	unmake(&program.made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_moment_is_as_it_was),
		cmocka_unit_test(test_forwards_in_small_steps),
		cmocka_unit_test(test_the_timeline_is_what_moments_show),
		cmocka_unit_test(test_one_moment_by_many_ways),
		cmocka_unit_test(test_a_cut_recording_is_played_to_its_cut),
		cmocka_unit_test(test_a_file_that_changes),
		cmocka_unit_test(test_one_life),
		cmocka_unit_test(test_a_long_life_is_bounded),
		cmocka_unit_test(test_what_cannot_be_played),
		cmocka_unit_test(test_what_is_unwanted_ends),
	};
	test_seed = chance_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
