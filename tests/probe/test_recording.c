// SPDX-License-Identifier: MIT
/*
 * Recordings: what a census has learnt is what is read back, wherever the file is cut and whichever of
 * its bytes is damaged. The calls on the census are random ones; no program could make most of them.
 */
#include "recorded.h"

#include <errno.h>

#include "record_format.h"

#define ROUNDS 40
#define CALLS  400

static uint64_t test_seed;

static void record(struct made *made, struct tape *tape, uint64_t seed, int calls, bool no_loss)
{
	const struct ltr_recorder_options options = {.sink = sink_of(tape)};

	*tape = (struct tape){.room = SIZE_MAX};
	make(made, seed, &options);
	made->no_loss = no_loss;
	look(made, true);
	for (int i = 0; i < calls; i++)
		call_something(made);
}

static void test_round_trip(void **state)
{
	(void)state;
	static struct tape tape;

	for (uint64_t round = 0; round < ROUNDS; round++) {
		struct made made;

		record(&made, &tape, test_seed + round, CALLS, false);
		ltr_census_advance(made.census, made.now_ns); /* what was set since the last one */
		assert_int_equal(ltr_recorder_finish(made.recorder), 0);

		struct ltr_probe *probe = replay_all(&tape, UINT64_MAX);
		const struct ltr_census *read = ltr_probe_census(probe);

		same_census(made.census, read);
		assert_int_equal(ltr_census_info(read)->way, LTR_WAY_FILE);
		assert_false(ltr_census_info(read)->cut);
		/* It does not change any more, and does not keep anybody waiting. */
		assert_int_equal(ltr_probe_poll(probe, 0), 0);
		assert_int_equal(ltr_probe_poll(probe, -1), 0);
		assert_int_equal(ltr_probe_refresh(probe), 0);
		same_census(made.census, read);
		ltr_probe_close(probe);
		free(tape.bytes);
		unmake(&made);
	}
}

/* Of a file that is cut, everything before the cut is there, and it says that it is cut. */
static void must_show_prefix(const struct tape *tape, const unsigned char *bytes, size_t length,
			     size_t whole_bytes)
{
	struct ltr_probe *probe = NULL;
	struct ltr_why why;
	size_t blocks = 0;
	int err = replay(bytes, length, UINT64_MAX, 0, &probe, &why);

	while (blocks < tape->block_count && tape->blocks[blocks].end <= whole_bytes)
		blocks++;
	if (err) {
		/* Header, META, and the block with the first look. */
		assert_true(blocks < 3);
		assert_true(err == -ENOEXEC || err == -ENODATA || err == -EPROTO);
		return;
	}
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(probe));

	assert_int_equal(info->cut, blocks < tape->block_count);
	assert_int_equal(info->events, tape->blocks[blocks - 1].events);
	assert_int_equal(info->lost, tape->blocks[blocks - 1].lost);
	ltr_probe_close(probe);
}

static void test_cut_anywhere(void **state)
{
	(void)state;
	static struct tape tape;
	struct made made;

	record(&made, &tape, test_seed, 60, false);
	assert_int_equal(ltr_recorder_finish(made.recorder), 0);
	print_message("%zu bytes, %zu blocks\n", tape.used, tape.block_count);
	for (size_t length = 0; length <= tape.used; length++)
		must_show_prefix(&tape, tape.bytes, length, length);
	free(tape.bytes);
	unmake(&made);
}

/* A byte that has changed is a cut at its block. */
static void test_damage_anywhere(void **state)
{
	(void)state;
	static struct tape tape;
	struct made made;
	struct chance chance = {test_seed};

	record(&made, &tape, test_seed, 60, false);
	assert_int_equal(ltr_recorder_finish(made.recorder), 0);
	for (size_t at = 0; at < tape.used; at++) {
		unsigned char was = tape.bytes[at];
		size_t whole = 0;

		for (size_t i = 0; i < tape.block_count && tape.blocks[i].end <= at; i++)
			whole = tape.blocks[i].end;
		if (at >= 12 && at < LTR__FILE_HEADER_BYTES)
			continue; /* means nothing yet */
		tape.bytes[at] ^= (unsigned char)(1 + chance_below(&chance, 255));
		must_show_prefix(&tape, tape.bytes, tape.used, whole);
		tape.bytes[at] = was;
	}
	free(tape.bytes);
	unmake(&made);
}

static void test_at(void **state)
{
	(void)state;
	static struct tape tape;
	static struct tape part;

	for (uint64_t round = 0; round < ROUNDS; round++) {
		struct made made;
		struct made before;
		int calls = 1 + (int)(round * 7 % 150);

		record(&made, &tape, test_seed + round, 200, true);
		assert_int_equal(ltr_recorder_finish(made.recorder), 0);
		/* The same life, up to some moment. */
		record(&before, &part, test_seed + round, calls, true);

		struct ltr_probe *probe = replay_all(&tape, before.now_ns - STARTED);
		const struct ltr_census *read = ltr_probe_census(probe);

		same_goroutines(before.census, read, made.census);
		assert_int_equal(ltr_census_info(read)->events,
				 ltr_census_info(before.census)->events);
		ltr_probe_close(probe);

		/* Before anything: the first look. */
		probe = replay_all(&tape, 0);
		assert_int_equal(ltr_census_info(ltr_probe_census(probe))->events, 0);
		assert_true(ltr_census_count(ltr_probe_census(probe)) > 0);
		ltr_probe_close(probe);
		free(tape.bytes);
		free(part.bytes);
		unmake(&made);
		unmake(&before);
	}
}

static struct ltr_cpu_seen seen_samples[8];
static size_t seen_count;

static void note_sample(void *context, const struct ltr_census *census,
			const struct ltr_cpu_seen *seen)
{
	(void)context, (void)census;
	assert_true(seen_count < sizeof(seen_samples) / sizeof(*seen_samples));
	seen_samples[seen_count++] = *seen;
}

static void note_step(void *context, const struct ltr_census *census, const struct ltr_step *step)
{
	(void)context, (void)census, (void)step;
}

static uint64_t samples_until(const struct tape *tape, uint64_t moment_ns, uint64_t *ret_events)
{
	struct ltr_probe *probe = replay_all(tape, moment_ns - STARTED);
	const struct ltr_census *census = ltr_probe_census(probe);
	uint64_t samples = 0;

	for (size_t i = 0; i < ltr_census_cpu_count(census); i++)
		samples += ltr_census_cpu(census, i)->samples;
	*ret_events = ltr_census_info(census)->events;
	ltr_probe_close(probe);
	return samples;
}

/*
 * A sample says itself when it was taken and who ran. It and records come by the next look, after the
 * clock has gone on: what is shown of a moment has those from before it, and no others.
 */
static void test_samples_and_their_moments(void **state)
{
	(void)state;
	static const uint64_t pcs[] = {0x7000, 0x6001};
	static const struct ltr_clock_rate nanoseconds = {0, 0, 1.0};
	static struct tape tape;
	const uint64_t at_ns[] = {STARTED + 1000, STARTED + 3000, STARTED + 5000, STARTED + 9000};
	const struct ltr_event late = {
		.goroutine = 77, .ticks = STARTED + 3500, .sequence = 1, .kind = LTR_KIND_CREATE};
	const struct ltr_steps steps = {.take = note_step, .sample = note_sample};
	const struct ltr_replay_options options = {.at_ns = UINT64_MAX, .steps = &steps};
	struct ltr_probe *probe = NULL;
	struct ltr_why why;
	struct made made;
	uint64_t events;

	tape = (struct tape){.room = SIZE_MAX};
	make(&made, test_seed,
	     &(struct ltr_recorder_options){.sink = sink_of(&tape), .last_ns = 0});
	tape.census = made.census;
	look(&made, true);
	for (size_t i = 0; i < 4; i++) {
		if (i == 2)
			assert_int_equal(
				ltr_census_apply(made.census, &nanoseconds, 0, 0, &late, 1), 0);
		assert_int_equal(
			ltr_census_add_cpu_sample(made.census, at_ns[i], 40 + i, i & 1, pcs, 2), 0);
		/* The second sample is not known yet when the clock stands at 4000. */
		ltr_census_advance(made.census, i == 0 ? STARTED + 4000 : at_ns[i] + 1000);
	}
	assert_int_equal(ltr_recorder_finish(made.recorder), 0);

	seen_count = 0;
	assert_int_equal(replay_with(tape.bytes, tape.used, &options, &probe, &why), 0);
	ltr_probe_close(probe);
	assert_int_equal(seen_count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(seen_samples[i].at_ns, at_ns[i]);
		assert_int_equal(seen_samples[i].goroutine_id, 40 + i);
		assert_int_equal(seen_samples[i].what.samples, 1);
		assert_int_equal(seen_samples[i].what.state,
				 i & 1 ? LTR_STATE_SYSCALL : LTR_STATE_RUNNING);
	}
	assert_int_equal(samples_until(&tape, STARTED + 2999, &events), 1);
	assert_int_equal(events, 0);
	assert_int_equal(samples_until(&tape, STARTED + 3000, &events), 2);
	assert_int_equal(events, 0);
	assert_int_equal(samples_until(&tape, STARTED + 3500, &events), 2);
	assert_int_equal(events, 1);
	assert_int_equal(samples_until(&tape, STARTED + 8999, &events), 3);
	assert_int_equal(samples_until(&tape, STARTED + SECOND, &events), 4);
	free(tape.bytes);
	unmake(&made);
}

/* Who goes from a program to what was kept of it goes on with the same numbers of stacks. */
static void same_numbers(const struct ltr_census *is, const struct ltr_census *read)
{
	for (uint32_t stack = 1; stack < ltr_census_stack_count(is); stack++) {
		size_t depth;
		size_t read_depth;
		const uint64_t *pcs = ltr_census_stack(is, stack, &depth);
		const uint64_t *read_pcs = ltr_census_stack(read, stack, &read_depth);

		assert_int_equal(depth, read_depth);
		assert_memory_equal(pcs, read_pcs, depth * sizeof(*pcs));
	}
}

static void test_ring(void **state)
{
	(void)state;
	static struct tape tape;
	const struct ltr_recorder_options options = {.last_ns = SECOND};
	struct ltr_recorder_counts counts;
	uint64_t most_bytes = 0;
	struct made made;

	make(&made, test_seed, &options);
	made.no_loss = true;
	tape = (struct tape){.room = SIZE_MAX, .census = made.census};
	struct ltr_record_sink sink = sink_of(&tape);
	assert_int_equal(ltr_recorder_write(made.recorder, &sink), -ENODATA);
	look(&made, true);
	for (int i = 0; i < 3000; i++) {
		call_something(&made);
		ltr_recorder_counts(made.recorder, &counts);
		most_bytes = counts.bytes > most_bytes ? counts.bytes : most_bytes;
		if (i % 500 != 499)
			continue;
		/* Whole at its end: what is hidden or unsure in a long life is not in a short one. */
		made.now_ns += 2 * SECOND;
		ltr_census_advance(made.census, made.now_ns);
		look(&made, true);
		made.now_ns += 2 * SECOND;
		ltr_census_advance(made.census, made.now_ns);
		look(&made, true);
		ltr_census_advance(made.census, made.now_ns);
		tape.used = tape.block_count = 0;
		assert_int_equal(ltr_recorder_write(made.recorder, &sink), 0);

		struct ltr_probe *probe = replay_all(&tape, UINT64_MAX);
		const struct ltr_census *read = ltr_probe_census(probe);
		const struct ltr_census_info *info = ltr_census_info(read);

		assert_false(info->cut);
		assert_true(info->started_ns <= made.now_ns - SECOND);
		assert_true(info->started_ns >= made.now_ns - 4 * SECOND);
		assert_int_equal(info->now_ns, made.now_ns);
		assert_int_equal(ltr_census_count(read), ltr_census_count(made.census));
		for (size_t at = 0; at < ltr_census_count(read); at++) {
			const struct ltr_goroutine *got = ltr_census_at(read, at);
			const struct ltr_goroutine *is = ltr_census_find(made.census, got->id);

			assert_non_null(is);
			assert_int_equal(got->site, is->site);
			assert_int_equal(got->name, is->name);
			assert_int_equal(got->labels, is->labels);
			same_symbols(made.census, read, got->stack);
			assert_string_equal(ltr_census_string(made.census, is->name),
					    ltr_census_string(read, got->name));
		}
		same_numbers(made.census, read);
		ltr_probe_close(probe);
	}
	ltr_recorder_counts(made.recorder, &counts);
	print_message("at most %llu bytes were kept\n", (unsigned long long)most_bytes);
	/* A second of thirty. */
	assert_true(counts.from_ns + 4 * SECOND >= made.now_ns);
	free(tape.bytes);
	unmake(&made);
}

/* Which addresses somebody has asked for, each once. */
struct asked {
	uint64_t pcs[2000];
	size_t count;
};

static const struct ltr_symbol *note_asked(void *context, uint64_t pc)
{
	struct asked *asked = context;

	for (size_t i = 0; i < asked->count; i++)
		if (asked->pcs[i] == pc)
			return NULL;
	assert_true(asked->count < sizeof(asked->pcs) / sizeof(*asked->pcs));
	asked->pcs[asked->count++] = pc;
	return NULL;
}

/* However little time there is at each flush, nothing is left for the one who waits. */
static void test_early_symbols(void **state)
{
	static struct asked asked;
	static struct tape tape;
	struct ltr_symbol_source source = {.find = note_asked};
	size_t before;

	(void)state;
	for (int early = 0; early <= 1; early++) {
		const struct ltr_recorder_options options = {.last_ns = 1000000 * SECOND,
							     .symbols_early = early};
		struct made made;

		make(&made, test_seed, &options);
		asked.count = 0;
		ltr_census_set_symbols(made.census, &source, &asked);
		look(&made, true);
		for (size_t i = 0; i < sizeof(asked.pcs) / sizeof(*asked.pcs); i++) {
			made.now_ns += SECOND;
			ltr_census_advance(made.census, made.now_ns);
		}
		before = asked.count;
		tape = (struct tape){.room = SIZE_MAX, .census = made.census};
		struct ltr_record_sink sink = sink_of(&tape);
		assert_int_equal(ltr_recorder_write(made.recorder, &sink), 0);
		assert_true(asked.count > 0);
		assert_int_equal(before, early ? asked.count : 0);
		free(tape.bytes);
		unmake(&made);
	}
}

/* Whatever happens, no more is kept than one may; and what is kept can be read. */
static void test_small_ring(void **state)
{
	(void)state;
	static struct tape tape;
	const struct ltr_recorder_options options = {.last_ns = 1000 * SECOND, .bytes_max = 20000};
	struct ltr_recorder_counts counts;
	uint64_t first_ns = 0;
	struct made made;

	make(&made, test_seed, &options);
	made.no_loss = true;
	tape = (struct tape){.room = SIZE_MAX, .census = made.census};
	struct ltr_record_sink sink = sink_of(&tape);
	for (int i = 0; i < 3000; i++) {
		call_something(&made);
		if (i % 20)
			continue;
		look(&made, true);
		ltr_recorder_counts(made.recorder, &counts);
		assert_true(counts.bytes <= options.bytes_max);
		first_ns = first_ns ? first_ns : counts.from_ns;
	}
	ltr_recorder_counts(made.recorder, &counts);
	assert_true(counts.from_ns > first_ns);
	assert_int_equal(ltr_recorder_write(made.recorder, &sink), 0);

	struct ltr_probe *probe = replay_all(&tape, UINT64_MAX);

	assert_int_equal(ltr_census_info(ltr_probe_census(probe))->started_ns, counts.from_ns);
	ltr_probe_close(probe);
	free(tape.bytes);
	unmake(&made);
}

/* A full disk ends the recording, not the watching, and is told. */
static void test_full_disk(void **state)
{
	(void)state;
	static struct tape tape;

	for (size_t room = 0; room < 4000; room += 61) {
		struct made made;
		const struct ltr_recorder_options options = {.sink = sink_of(&tape)};

		tape = (struct tape){.room = room};
		make(&made, test_seed, &options);
		look(&made, true);
		for (int i = 0; i < 100; i++)
			call_something(&made);
		assert_int_equal(ltr_recorder_finish(made.recorder), -ENOSPC);
		assert_int_equal(ltr_recorder_error(made.recorder), -ENOSPC);
		assert_true(ltr_census_info(made.census)->events > 0);
		free(tape.bytes);
		unmake(&made);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_damage_anywhere),
		cmocka_unit_test(test_at),
		cmocka_unit_test(test_samples_and_their_moments),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_early_symbols),
		cmocka_unit_test(test_small_ring),
		cmocka_unit_test(test_full_disk),
	};
	test_seed = chance_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
