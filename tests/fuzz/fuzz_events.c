// SPDX-License-Identifier: MIT
/*
 * What comes through a ring: batches of records from several rings, between snapshots, losses and
 * stacks that become known. The input is a list of steps.
 */
#include "fuzz.h"

#include <string.h>

#include "census_fill.h"
#include "fuzz_census.h"

#define RECORDS_MAX 16
#define GOROUTINES  64 /* so few that records meet each other */

struct step {
	uint8_t what; /* modulo STEP_KINDS */
	uint8_t ring;
	uint8_t count;
	int8_t jump; /* of the position; mostly 0 */
	uint32_t value;
};

enum { APPLY, SNAPSHOT, ADVANCE, LOSS, STACK, DOUBT, STEP_KINDS };

struct stream {
	const uint8_t *data;
	size_t size;
	uint64_t positions[256];
	uint64_t now_ns;
};

static bool take(struct stream *stream, void *ret, size_t bytes)
{
	if (stream->size < bytes)
		return false;
	memcpy(ret, stream->data, bytes);
	stream->data += bytes;
	stream->size -= bytes;
	return true;
}

static void apply(struct ltr_census *census, struct stream *stream, const struct step *step)
{
	const struct ltr_clock_rate rate = {.base_ticks = step->value % 3 ? 0 : step->value,
					    .ns_per_tick = step->value % 5 ? 1.0 : 1e300};
	struct ltr_event records[RECORDS_MAX];
	size_t count = 0;

	while (count < step->count % (RECORDS_MAX + 1) &&
	       take(stream, &records[count], sizeof(records[0]))) {
		records[count].goroutine %= GOROUTINES;
		count++;
	}
	stream->positions[step->ring] += (uint64_t)(int64_t)(step->jump / 16);
	(void)ltr_census_apply(census, &rate, step->ring, stream->positions[step->ring], records,
			       count);
	stream->positions[step->ring] += count;
}

static void snapshot(struct ltr_census *census, struct stream *stream, const struct step *step)
{
	struct ltr_goroutine goroutine;

	(void)ltr_census_snapshot_begin(census, stream->now_ns);
	for (uint32_t i = 0; i < step->count && take(stream, &goroutine, sizeof(goroutine)); i++) {
		goroutine.id %= GOROUTINES;
		(void)ltr_census_snapshot_put(census, &goroutine);
	}
	(void)ltr_census_snapshot_end(census, step->value & 1);
}

/* Small, since the table of numbers grows with them, or beyond what there may be. */
static uint32_t stack_number(uint32_t value)
{
	return value >> 31 ? value : value & 0xffff;
}

static void one_step(struct ltr_census *census, struct stream *stream, const struct step *step)
{
	uint64_t pcs[8];

	switch (step->what % STEP_KINDS) {
	case APPLY:
		apply(census, stream, step);
		break;
	case SNAPSHOT:
		snapshot(census, stream, step);
		break;
	case ADVANCE:
		stream->now_ns += step->value;
		ltr_census_advance(census, stream->now_ns);
		break;
	case LOSS:
		ltr_census_note_loss(census, step->value);
		break;
	case STACK:
		if (take(stream, pcs, sizeof(pcs)))
			(void)ltr_census_define_stack(census, stack_number(step->value), pcs,
						      step->count % 9);
		break;
	case DOUBT:
		ltr_census_note_doubt(census);
		break;
	}
}

static void check_census(const struct ltr_census *census)
{
	fuzz_check_census(census);
	fuzz_expect(ltr_census_count(census) <= GOROUTINES);
	for (size_t i = 0; i < wait_count_of(census); i++) {
		const struct ltr_wait_total *total = ltr_census_wait(census, i);

		fuzz_expect(total->longest_ns <= total->total_ns);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream stream = {.data = data, .size = size};
	struct ltr_census *census = NULL;
	struct step step;

	if (ltr_census_new(&census) < 0)
		abort();
	if (size % 2 && ltr_census_keep_waits(census) < 0)
		abort();
	ltr_census_info_mut(census)->way = LTR_WAY_SHM;
	while (take(&stream, &step, sizeof(step))) {
		one_step(census, &stream, &step);
		check_census(census);
	}
	ltr_census_free(census);
	return 0;
}

static void put_event(struct fuzz_writer *writer, uint64_t id, uint8_t kind, uint8_t reason,
		      uint32_t sequence)
{
	struct ltr_event event = {.goroutine = id,
				  .ticks = 100ull * sequence,
				  .kind = kind,
				  .reason = reason,
				  .sequence = sequence};

	fuzz_put(writer, &event, sizeof(event));
}

/* Goroutines are born, run, wait, are woken and end; in two rings, with a snapshot between. */
size_t fuzz_seed(size_t n, uint8_t *buffer, size_t bytes)
{
	const struct step first = {APPLY, 0, 5, 0, 1}, second = {APPLY, 1, 3, 0, 1};
	const struct step look = {SNAPSHOT, 0, 1, 0, 1}, later = {ADVANCE, 0, 0, 0, 5000};
	const struct step lost = {APPLY, 1, 1, 64, 1}, stack = {STACK, 0, 4, 0, 3};
	const struct ltr_goroutine seen = {.id = 2, .state = LTR_STATE_CHAN, .transitions = 2};
	const uint64_t pcs[8] = {0x401000, 0x401010, 0x401020, 0x401030};
	struct fuzz_writer writer = {buffer, 0};

	if (n > 1 || bytes < 4096)
		return 0;
	fuzz_put(&writer, &first, sizeof(first));
	put_event(&writer, 1, LTR_KIND_CREATE, 0, 0);
	put_event(&writer, 1, LTR_KIND_START, 0, 1);
	put_event(&writer, 2, LTR_KIND_CREATE, 0, 0);
	put_event(&writer, 1, LTR_KIND_PARK, LTR_REASON_CHAN_RECEIVE, 2);
	put_event(&writer, 2, LTR_KIND_START, 0, 1);
	fuzz_put(&writer, &look, sizeof(look));
	fuzz_put(&writer, &seen, sizeof(seen));
	fuzz_put(&writer, &stack, sizeof(stack));
	fuzz_put(&writer, pcs, sizeof(pcs));
	fuzz_put(&writer, &later, sizeof(later));
	fuzz_put(&writer, &second, sizeof(second));
	put_event(&writer, 1, LTR_KIND_READY, 0, 3);
	put_event(&writer, 1, LTR_KIND_START, 0, 4);
	put_event(&writer, 1, LTR_KIND_EXIT, 0, 5);
	fuzz_put(&writer, &lost, sizeof(lost));
	put_event(&writer, 2, LTR_KIND_EXIT, 0, 9);
	fuzz_put(&writer, &later, sizeof(later));
	/* An odd size keeps wait totals. */
	return writer.size % 2 == n ? writer.size : writer.size + 1;
}
