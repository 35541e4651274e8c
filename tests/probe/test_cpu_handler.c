/* SPDX-License-Identifier: MIT */
/* The handler of SIGPROF, called as a function, and what is read from the ring that it writes. */
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "cpu_handler.h"
#include "testing.h"

#define SLOT        7u
#define DEPTH_MOST  128u
#define FRAME_COUNT 200u /* more than a sample has */
#define AT          0x1000u

struct seen {
	uint64_t samples;
	uint64_t lost;
	size_t depth; /* of the last one */
	uint64_t pcs[DEPTH_MOST];
	int answer;
};

static int see_sample(void *context, uint64_t at_ns, uint64_t goroutine, bool in_call,
		      const uint64_t *pcs, size_t depth)
{
	struct seen *seen = context;

	(void)at_ns;
	assert_true(depth <= DEPTH_MOST);
	assert_int_equal(goroutine, 0);
	assert_false(in_call);
	seen->samples++;
	seen->depth = depth;
	memcpy(seen->pcs, pcs, depth * sizeof(pcs[0]));
	return seen->answer;
}

static void see_loss(void *context, uint64_t samples)
{
	((struct seen *)context)->lost += samples;
}

static int take(struct seen *seen)
{
	const struct ltr_cpu_sink sink = {seen, see_sample, see_loss};

	*seen = (struct seen){.answer = seen->answer};
	return ltr__slot_take(ltr__slot_at(SLOT), &sink);
}

/* A stack of frames, each of two words: where the caller's is, and where it returns to. */
static uint64_t stack[2 * FRAME_COUNT];

static void build_stack(void)
{
	for (uint64_t i = 0; i < FRAME_COUNT; i++) {
		stack[2 * i] = i + 1 < FRAME_COUNT ? (uint64_t)(uintptr_t)&stack[2 * i + 2] : 0;
		stack[2 * i + 1] = AT + i + 1;
	}
}

static void set_registers(ucontext_t *context, uint64_t pc, uint64_t fp)
{
#if defined(__x86_64__)
	context->uc_mcontext.gregs[REG_RIP] = (greg_t)pc;
	context->uc_mcontext.gregs[REG_RSP] = (greg_t)(uintptr_t)stack;
	context->uc_mcontext.gregs[REG_RBP] = (greg_t)fp;
#elif defined(__aarch64__)
	context->uc_mcontext.pc = pc;
	context->uc_mcontext.sp = (uintptr_t)stack;
	context->uc_mcontext.regs[29] = fp;
#else
	(void)context, (void)pc, (void)fp;
#endif
}

/* A signal of the slot's timer, `overrun` periods late, on a thread whose stack has `deep`
 * frames. */
static void signal_slot(int overrun, bool deep)
{
	siginfo_t info = {.si_code = SI_TIMER};
	static ucontext_t context;

	info.si_value = ltr__slot_value(SLOT);
	info.si_overrun = overrun;
	set_registers(&context, AT, deep ? (uint64_t)(uintptr_t)stack : 0);
	ltr__handler(SIGPROF, &info, &context);
}

static int set_up(void **state)
{
	(void)state;
	ltr__handler_prepare(getpid());
	build_stack();
	if (!ltr__slot_at(SLOT))
		return -1;
	ltr__slot_clear(ltr__slot_at(SLOT));
	return 0;
}

static void a_stack_is_as_deep_as_a_sample(void **state)
{
	struct seen seen = {0};

	(void)state;
	if (!ltr__handler_knows_registers())
		skip();
	signal_slot(0, false);
	assert_int_equal(take(&seen), 1);
	assert_int_equal(seen.samples, 1);
	assert_int_equal(seen.depth, 1);
	assert_int_equal(seen.pcs[0], AT);
	signal_slot(2, true);
	assert_int_equal(take(&seen), 1);
	assert_int_equal(seen.samples, 3); /* the periods that it was late */
	assert_int_equal(seen.depth, DEPTH_MOST);
	for (size_t i = 0; i < DEPTH_MOST; i++)
		assert_int_equal(seen.pcs[i], AT + i);
	assert_int_equal(take(&seen), 0);
}

/* Over the ring's end many times, too. */
static void what_a_full_ring_does_not_take_is_lost(void **state)
{
	struct seen seen = {0};

	(void)state;
	for (uint64_t round = 0; round < 100; round++) {
		uint64_t signals = LTR__SLOT_WORDS / 4 + round;

		for (uint64_t i = 0; i < signals; i++)
			signal_slot(0, i % 7 == 0);
		assert_int_equal(take(&seen), 1);
		assert_true(seen.samples > 0);
		assert_true(seen.lost > 0);
		assert_int_equal(seen.samples + seen.lost, signals);
		assert_int_equal(take(&seen), 0);
	}
	for (uint64_t i = 0; i < LTR__SLOT_WORDS; i++)
		signal_slot(9, true);
	assert_int_equal(take(&seen), 1);
	assert_int_equal(seen.samples + seen.lost, 10 * LTR__SLOT_WORDS);
}

static void what_is_too_late_is_lost(void **state)
{
	struct seen seen = {0};

	(void)state;
	signal_slot(1000, false);
	assert_int_equal(take(&seen), 1);
	assert_int_equal(seen.samples, 1);
	assert_int_equal(seen.lost, 1000);
}

/* Words that no handler writes: more than a stack has, than there is, than a signal stands for. */
static void a_torn_ring_is_lost(void **state)
{
	static const uint64_t firsts[] = {(DEPTH_MOST + 1) | 1ull << 32, 0xffff | 1ull << 32,
					  10 | 1ull << 32, 1 | 0xffffffffull << 32};
	struct ltr__slot *slot = ltr__slot_at(SLOT);
	struct seen seen = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		uint64_t at = slot->head;

		signal_slot(0, false);
		slot->words[at % LTR__SLOT_WORDS] = firsts[i];
		assert_int_equal(take(&seen), 1);
		assert_int_equal(seen.samples, 0);
		assert_int_equal(seen.lost, 1);
		signal_slot(0, false); /* what comes then is whole */
		assert_int_equal(take(&seen), 1);
		assert_int_equal(seen.samples, 1);
		assert_int_equal(seen.lost, 0);
	}
}

static void who_reads_may_stop(void **state)
{
	struct seen seen = {.answer = -12};

	(void)state;
	signal_slot(0, false);
	signal_slot(0, true);
	assert_int_equal(take(&seen), -12);
	seen.answer = 0;
	assert_int_equal(take(&seen), 1);
	assert_int_equal(seen.samples, 1);
	assert_int_equal(seen.depth, DEPTH_MOST);
}

static void a_signal_of_others_is_nothing(void **state)
{
	static ucontext_t context;
	siginfo_t info = {.si_code = SI_TIMER};
	struct seen seen = {0};

	(void)state;
	ltr__handler(SIGPROF, &info, &context); /* a timer of the program's */
	info.si_value = ltr__slot_value(LTR__SLOT_MAX);
	ltr__handler(SIGPROF, &info, &context);
	info.si_value = ltr__slot_value(SLOT);
	info.si_code = SI_USER;
	ltr__handler(SIGPROF, &info, &context);
	assert_int_equal(take(&seen), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_stack_is_as_deep_as_a_sample, set_up),
		cmocka_unit_test_setup(what_a_full_ring_does_not_take_is_lost, set_up),
		cmocka_unit_test_setup(what_is_too_late_is_lost, set_up),
		cmocka_unit_test_setup(a_torn_ring_is_lost, set_up),
		cmocka_unit_test_setup(who_reads_may_stop, set_up),
		cmocka_unit_test_setup(a_signal_of_others_is_nothing, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
