// SPDX-License-Identifier: MIT
/*
 * A made-up program makes random transitions on several threads; its records reach the census in
 * random batches, rings against each other in any order, with snapshots at random moments in
 * between. When everything has been delivered, the census must equal the program, to the nanosecond
 * of each wait and to the bucket of each that has ended.
 */
#include "../wait_count.h"
#include "testing.h"

#include "census_fill.h"

#define GOROUTINES 200
#define RINGS      5
#define STACKS     12
#define RECORDS    8192 /* a ring */

struct made_goroutine {
	bool alive;
	struct ltr_goroutine is;
	uint32_t stack; /* where it stands, 1 .. STACKS; 0: nowhere */
};

/* A wait for a lock, from when it is counted. */
struct made_wait {
	uint64_t object;
	uint64_t from;
	uint64_t to;
	uint32_t unlocked_at; /* a stack; 0: it gave up, or nobody said where */
	bool finished;
};

struct made_ring {
	struct ltr_event records[RECORDS];
	uint32_t written;
	uint32_t delivered;
};

struct made_program {
	struct chance chance;
	struct made_goroutine goroutines[GOROUTINES]; /* by id - 1 */
	uint32_t born;
	uint32_t exited;
	uint64_t now;
	bool watched;           /* it emits records */
	bool counted;           /* the first snapshot is there */
	uint64_t counted_since; /* when that was */
	struct made_ring rings[RINGS];
	bool defined[STACKS + 1];
	struct ltr_wait_total totals[STACKS + 1][LTR_STATE_COUNT][LTR_REASON_COUNT];
	struct ltr_histogram histograms[LTR_STATE_COUNT][LTR_REASON_COUNT];
	struct made_wait lock_waits[RECORDS];
	size_t lock_wait_count;
	struct ltr_census *census;
};

static const struct ltr_clock_rate nanoseconds = {0, 0, 1.0};

static size_t make_stack(uint32_t number, uint64_t *pcs)
{
	for (uint32_t i = 0; i < 3; i++)
		pcs[i] = 0x1000 * number + i;
	return 3;
}

static void define(struct made_program *program, uint32_t number)
{
	uint64_t pcs[3];
	size_t depth = make_stack(number, pcs);

	if (program->defined[number])
		return;
	program->defined[number] = true;
	assert_int_equal(ltr_census_define_stack(program->census, number + 100, pcs, depth), 0);
}

static void histogram_add(struct ltr_histogram *histogram, uint64_t spent)
{
	uint32_t bucket = 0;

	while (spent > ltr_histogram_bound_ns(bucket))
		bucket++;
	histogram->buckets[bucket]++;
	histogram->count++;
	histogram->total_ns += spent;
}

static uint64_t counted_from(const struct made_program *program, const struct ltr_goroutine *is)
{
	return is->since_ns > program->counted_since ? is->since_ns : program->counted_since;
}

static void total_add(struct made_program *program, const struct made_goroutine *goroutine,
		      bool finished)
{
	uint64_t from = counted_from(program, &goroutine->is);
	uint32_t stack = goroutine->is.state > LTR_STATE_RUNNING ? goroutine->stack : 0;
	struct ltr_wait_total *total =
		&program->totals[stack][goroutine->is.state][goroutine->is.reason];
	uint64_t spent = program->now - from;

	total->count++;
	total->unfinished += !finished;
	total->total_ns += spent;
	if (spent > total->longest_ns)
		total->longest_ns = spent;
	if (finished)
		histogram_add(&program->histograms[goroutine->is.state][goroutine->is.reason],
			      spent);
}

static void emit(struct made_program *program, struct made_ring *ring, const struct ltr_event *e)
{
	if (!program->watched)
		return;
	assert_true(ring->written < RECORDS);
	ring->records[ring->written++] = *e;
}

static void lock_wait_add(struct made_program *program, const struct ltr_goroutine *is,
			  uint32_t unlocked_at, bool finished)
{
	if (!ltr_census_is_lock_wait(is->reason))
		return;
	assert_true(program->lock_wait_count < RECORDS);
	program->lock_waits[program->lock_wait_count++] =
		(struct made_wait){.object = is->object,
				   .from = counted_from(program, is),
				   .to = program->now,
				   .unlocked_at = unlocked_at,
				   .finished = finished};
}

/* Who is about to become ready waited for a lock: sometimes its waker says where it unlocks. */
static uint32_t unlock(struct made_program *program, const struct ltr_goroutine *is,
		       struct made_ring *ring)
{
	uint32_t stack = 1 + chance_below(&program->chance, STACKS);
	struct ltr_event event = {.goroutine = is->id,
				  .ticks = program->now,
				  .arg = stack + 100,
				  .sequence = is->transitions + 1,
				  .kind = LTR_KIND_STACK};

	if (!ltr_census_is_lock_wait(is->reason) || chance_below(&program->chance, 4) == 0)
		return 0;
	emit(program, ring, &event);
	return stack;
}

static void become(struct made_program *program, struct made_goroutine *goroutine, uint8_t kind,
		   uint8_t reason, uint64_t arg)
{
	struct made_ring *ring = &program->rings[chance_below(&program->chance, RINGS)];
	struct ltr_goroutine *is = &goroutine->is;
	uint32_t unlocked_at = kind == LTR_KIND_READY ? unlock(program, is, ring) : 0;
	struct ltr_event event = {.goroutine = is->id,
				  .ticks = program->now,
				  .arg = arg,
				  .sequence = ++is->transitions,
				  .kind = kind,
				  .reason = reason};

	if (program->counted && kind != LTR_KIND_CREATE) {
		total_add(program, goroutine, true);
		lock_wait_add(program, is, unlocked_at, true);
	}
	if (kind == LTR_KIND_START && is->transitions == 2) {
		event.flags = LTR_EVENT_FIRST;
		event.arg = is->creation_pc = 0x4000 + is->id;
	}
	emit(program, ring, &event);
	is->state = ltr_event_state(&event);
	is->reason = reason;
	is->object = kind == LTR_KIND_PARK ? arg : 0;
	is->since_ns = program->now;
	if (kind == LTR_KIND_READY)
		is->waker_id = arg;
	if (kind == LTR_KIND_PARK) {
		goroutine->stack = 1 + chance_below(&program->chance, STACKS);
		event.kind = LTR_KIND_STACK;
		event.arg = goroutine->stack + 100;
		emit(program, ring, &event);
	} else if (kind != LTR_KIND_READY) {
		goroutine->stack = 0;
	}
}

static void create(struct made_program *program)
{
	if (program->born == GOROUTINES)
		return;
	uint64_t parent = program->born ? 1 + chance_below(&program->chance, program->born) : 0;
	struct made_goroutine *goroutine = &program->goroutines[program->born++];
	goroutine->alive = true;
	goroutine->is.id = program->born;
	goroutine->is.parent_id = parent;
	goroutine->is.created_ns = program->now;
	become(program, goroutine, LTR_KIND_CREATE, 0, parent);
}

static void step(struct made_program *program)
{
	struct chance *chance = &program->chance;

	/* Now and then a long time, for the higher buckets; less than records are held back for. */
	program->now += 1 + chance_below(chance, 50) +
			(chance_below(chance, 60) ? 0 : 1ull << chance_below(chance, 21));
	if (!program->born || chance_below(chance, 8) == 0) {
		create(program);
		return;
	}
	struct made_goroutine *goroutine =
		&program->goroutines[chance_below(chance, program->born)];
	if (!goroutine->alive)
		return;
	switch (goroutine->is.state) {
	case LTR_STATE_QUEUED:
		become(program, goroutine, LTR_KIND_START, 0, 0);
		break;
	case LTR_STATE_RUNNING:
		if (chance_below(chance, 6) == 0) {
			become(program, goroutine, LTR_KIND_YIELD, 0, 0);
		} else if (chance_below(chance, 10) == 0) {
			become(program, goroutine, LTR_KIND_EXIT, 0, 0);
			goroutine->alive = false;
			program->exited++;
		} else {
			uint8_t reason = (uint8_t)(1 + chance_below(chance, LTR_REASON_COUNT - 1));
			become(program, goroutine, LTR_KIND_PARK, reason, chance_below(chance, 9));
		}
		break;
	default:
		become(program, goroutine, LTR_KIND_READY, 0, chance_below(chance, 5));
	}
}

static void deliver(struct made_program *program, struct made_ring *ring, uint32_t count)
{
	if (count > ring->written - ring->delivered)
		count = ring->written - ring->delivered;
	assert_int_equal(ltr_census_apply(program->census, &nanoseconds,
					  (uint32_t)(ring - program->rings), ring->delivered,
					  ring->records + ring->delivered, count),
			 0);
	ring->delivered += count;
}

static void snapshot(struct made_program *program)
{
	struct ltr_census *census = program->census;

	assert_int_equal(ltr_census_snapshot_begin(census, program->now), 0);
	uint32_t first = program->born ? chance_below(&program->chance, program->born) : 0;
	for (uint32_t i = 0; i < program->born; i++) {
		struct made_goroutine *goroutine =
			&program->goroutines[(first + i) % program->born];
		if (!goroutine->alive)
			continue;
		struct ltr_goroutine reading = goroutine->is;
		uint64_t pcs[3];
		if (goroutine->stack) {
			size_t depth = make_stack(goroutine->stack, pcs);
			assert_int_equal(
				ltr_census_intern_stack(census, pcs, depth, &reading.stack), 0);
		}
		assert_int_equal(ltr_census_snapshot_put(census, &reading), 0);
	}
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
}

static uint32_t stack_number(const struct made_program *program, uint32_t stack)
{
	uint64_t pcs[3];
	uint32_t number = 0;

	if (stack) {
		size_t depth = make_stack(stack, pcs);
		assert_int_equal(ltr_census_intern_stack(program->census, pcs, depth, &number), 0);
	}
	return number;
}

static void compare_goroutines(const struct made_program *program)
{
	uint64_t by_state[LTR_STATE_COUNT] = {0};
	size_t alive = 0;

	for (uint32_t i = 0; i < program->born; i++) {
		const struct made_goroutine *made = &program->goroutines[i];
		const struct ltr_goroutine *is = ltr_census_find(program->census, made->is.id);
		if (!made->alive) {
			assert_null(is);
			continue;
		}
		alive++;
		by_state[made->is.state]++;
		assert_non_null(is);
		assert_int_equal(is->state, made->is.state);
		assert_int_equal(is->reason, made->is.reason);
		assert_int_equal(is->transitions, made->is.transitions);
		assert_int_equal(is->object, made->is.object);
		assert_int_equal(is->since_ns, made->is.since_ns);
		assert_int_equal(is->created_ns, made->is.created_ns);
		assert_int_equal(is->parent_id, made->is.parent_id);
		assert_int_equal(is->waker_id, made->is.waker_id);
		assert_int_equal(is->creation_pc, made->is.creation_pc);
		assert_int_equal(is->stack, stack_number(program, made->stack));
		assert_int_equal(is->flags & LTR_IS_UNSURE, 0);
	}
	assert_int_equal(ltr_census_count(program->census), alive);
	assert_memory_equal(by_state, ltr_census_info(program->census)->by_state, sizeof(by_state));
}

static void compare_waits(struct made_program *program)
{
	size_t expected = 0;

	for (uint32_t i = 0; i < program->born; i++)
		if (program->goroutines[i].alive)
			total_add(program, &program->goroutines[i], false);
	for (uint32_t stack = 0; stack <= STACKS; stack++)
		for (uint32_t state = 0; state < LTR_STATE_COUNT; state++)
			for (uint32_t reason = 0; reason < LTR_REASON_COUNT; reason++)
				expected += program->totals[stack][state][reason].count > 0;

	assert_int_equal(wait_count_of(program->census), expected);
	for (size_t i = 0; i < expected; i++) {
		const struct ltr_wait_total *is = ltr_census_wait(program->census, i);
		size_t depth;
		const uint64_t *pcs = ltr_census_stack(program->census, is->stack, &depth);
		uint32_t stack = pcs ? (uint32_t)(pcs[0] / 0x1000) : 0;
		const struct ltr_wait_total *made = &program->totals[stack][is->state][is->reason];
		assert_int_equal(is->count, made->count);
		assert_int_equal(is->unfinished, made->unfinished);
		assert_int_equal(is->total_ns, made->total_ns);
		assert_int_equal(is->longest_ns, made->longest_ns);
	}
}

static void compare_histograms(const struct made_program *program)
{
	size_t expected = 0;

	for (uint32_t state = 0; state < LTR_STATE_COUNT; state++)
		for (uint32_t reason = 0; reason < LTR_REASON_COUNT; reason++)
			expected += program->histograms[state][reason].count > 0;
	assert_int_equal(ltr_census_histogram_count(program->census), expected);
	assert_null(ltr_census_histogram(program->census, expected));
	for (size_t i = 0; i < expected; i++) {
		const struct ltr_histogram *is = ltr_census_histogram(program->census, i);
		const struct ltr_histogram *made = &program->histograms[is->state][is->reason];

		assert_int_equal(is->count, made->count);
		assert_int_equal(is->total_ns, made->total_ns);
		assert_memory_equal(is->buckets, made->buckets, sizeof(made->buckets));
	}
}

/* The first moment from `from` on at which somebody says that they unlock it; UINT64_MAX: none. */
static uint64_t next_unlock(const struct made_program *program, uint64_t object, uint64_t from,
			    uint32_t *ret_stack)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < program->lock_wait_count; i++) {
		const struct made_wait *wait = &program->lock_waits[i];

		if (wait->object != object || !wait->unlocked_at || wait->to < from ||
		    wait->to >= first)
			continue;
		first = wait->to;
		*ret_stack = wait->unlocked_at;
	}
	return first;
}

/* How long there is somebody who waits for it, without a break, from `from` on. */
static uint64_t waited_until(const struct made_program *program, uint64_t object, uint64_t from)
{
	uint64_t until = from;

	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < program->lock_wait_count; i++) {
			const struct made_wait *wait = &program->lock_waits[i];

			if (wait->object != object || wait->from >= until || wait->to <= until)
				continue;
			until = wait->to;
			more = true;
		}
	}
	return until;
}

#define OBJECTS 9

struct made_charges {
	uint64_t ns[STACKS + 1]; /* 0: nobody */
	uint64_t count[STACKS + 1];
	uint64_t unfinished_ns[OBJECTS];
	uint64_t unfinished[OBJECTS];
};

/*
 * Each wait in parts: up to an unlocking, it is that one's; the rest is laid to who unlocks next, if
 * there is somebody who waits until then.
 */
static void charge(const struct made_program *program, const struct made_wait *wait,
		   struct made_charges *charges)
{
	uint64_t from = wait->from;
	uint32_t stack = 0;
	uint64_t end = next_unlock(program, wait->object, from + 1, &stack);

	for (; end <= wait->to; end = next_unlock(program, wait->object, from + 1, &stack)) {
		charges->ns[stack] += end - from;
		from = end;
	}
	if (wait->finished)
		charges->count[wait->unlocked_at]++;
	else
		charges->unfinished[wait->object]++;
	if (from == wait->to)
		return;
	uint64_t until = waited_until(program, wait->object, wait->to);
	if (end <= until)
		charges->ns[stack] += wait->to - from;
	else if (until == program->now && charges->unfinished[wait->object])
		charges->unfinished_ns[wait->object] += wait->to - from;
	else
		charges->ns[0] += wait->to - from;
}

static void compare_contentions(struct made_program *program)
{
	struct made_charges made = {0}, is = {0};

	for (uint32_t i = 0; i < program->born; i++)
		if (program->goroutines[i].alive)
			lock_wait_add(program, &program->goroutines[i].is, 0, false);
	/* The unfinished ones first: who waits for what to the end has to be known. */
	for (size_t i = program->lock_wait_count; i-- > 0;)
		charge(program, &program->lock_waits[i], &made);
	/* A lock without an address cannot be told from none. */
	made.ns[0] += made.unfinished_ns[0];
	made.count[0] += made.unfinished[0];
	made.unfinished_ns[0] = made.unfinished[0] = 0;
	size_t count;
	assert_int_equal(ltr_census_contention_count(program->census, &count), 0);
	for (size_t i = 0; i < count; i++) {
		const struct ltr_contention *one = ltr_census_contention(program->census, i);
		size_t depth;
		const uint64_t *pcs = ltr_census_stack(program->census, one->stack, &depth);
		uint32_t stack = pcs ? (uint32_t)(pcs[0] / 0x1000) : 0;

		if (one->object) {
			assert_true(one->object < OBJECTS);
			is.unfinished_ns[one->object] += one->total_ns;
			is.unfinished[one->object] += one->count;
		} else {
			is.ns[stack] += one->total_ns;
			is.count[stack] += one->count;
		}
	}
	assert_memory_equal(&is, &made, sizeof(is));
}

static void one_life(uint64_t seed)
{
	struct made_program *program = calloc(1, sizeof(*program));
	assert_non_null(program);
	program->chance.state = seed;
	program->now = 1000;
	assert_int_equal(ltr_census_new(&program->census), 0);
	assert_int_equal(ltr_census_keep_waits(program->census), 0);

	uint32_t before = chance_below(&program->chance, 400);
	for (uint32_t i = 0; i < before; i++)
		step(program);
	program->watched = true;
	ltr_census_info_mut(program->census)->way = LTR_WAY_SHM;
	/* Between the switching on and the first snapshot things happen too. */
	uint32_t between = chance_below(&program->chance, 100);
	for (uint32_t i = 0; i < between; i++)
		step(program);
	program->counted = true;
	program->counted_since = program->now;
	ltr_census_info_mut(program->census)->started_ns = program->now;
	snapshot(program);

	for (uint32_t i = 0; i < 6000; i++) {
		step(program);
		uint32_t what = chance_below(&program->chance, 40);
		if (what < 6)
			deliver(program, &program->rings[chance_below(&program->chance, RINGS)],
				chance_below(&program->chance, 60));
		else if (what < 8)
			define(program, 1 + chance_below(&program->chance, STACKS));
		else if (what == 8)
			snapshot(program);
		else if (what == 9)
			ltr_census_advance(program->census, program->now);
	}
	for (uint32_t stack = 1; stack <= STACKS; stack++)
		define(program, stack);
	for (uint32_t ring = 0; ring < RINGS; ring++)
		deliver(program, &program->rings[ring], RECORDS);
	ltr_census_advance(program->census, program->now);

	assert_int_equal(ltr_census_info(program->census)->lost, 0);
	compare_goroutines(program);
	compare_waits(program);
	compare_histograms(program);
	compare_contentions(program);
	ltr_census_free(program->census);
	free(program);
}

static void test_equals_the_program(void **state)
{
	(void)state;
	struct chance chance = {chance_seed()};

	for (int i = 0; i < 60; i++)
		one_life(chance_next(&chance));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equals_the_program),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
