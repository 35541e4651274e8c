// SPDX-License-Identifier: MIT
/*
 * What of a program's memory is its runtime's own: the table that says so changes while it is read, and
 * threads of the process that only look are in it, too.
 */
#include "testing.h"

#include <unistd.h>

#include "fake_probe.h"
#include "target/libloiter_proof.h"

#define FAR 0x700000000000ull

static bool skips(const struct ltr__own *own, uint64_t address)
{
	for (size_t i = 0; i < own->skip_count; i++)
		if (own->skip[i].low <= address && address < own->skip[i].high)
			return true;
	return false;
}

/* A reader may see the kind of a region that it has not seen the bounds of. */
static void test_who_is_just_being_written(void **state)
{
	static const struct ltr_region regions[] = {
		{.low = FAR, .high = FAR + 0x1000, .kind = LTR_REGION_PRIVATE},
		{.low = FAR + 0x2000, .high = FAR + 0x3000},
		{.high = FAR + 0x5000, .kind = LTR_REGION_PRIVATE},
		{.high = FAR + 0x5000, .kind = LTR_REGION_STACKS},
		{.low = FAR + 0x6000, .kind = LTR_REGION_PRIVATE},
	};
	static const uint32_t count = sizeof(regions) / sizeof(regions[0]);
	struct ltr__libloiter *target = calloc(1, sizeof(*target));
	struct ltr__own own = {0};
	struct ltr_why why;

	(void)state;
	fake_reset();
	assert_non_null(target);
	target->layout = ltr_layout;
	target->layout.regions = (uint64_t)(uintptr_t)regions;
	target->layout.region_count = (uint64_t)(uintptr_t)&count;
	target->layout.region_max = count;
	assert_int_equal(ltr_process_open((uint32_t)getpid(), &target->process, &why), 0);
	assert_int_equal(ltr__own_find(&own, target, false), 0);
	assert_true(skips(&own, (uint64_t)(uintptr_t)fake.descriptors));
	assert_true(skips(&own, FAR));
	assert_false(skips(&own, FAR + 0x2000));
	assert_false(skips(&own, FAR + 0x4000));
	assert_false(skips(&own, FAR + 0x6000));
	assert_false(skips(&own, (uint64_t)(uintptr_t)target));
	ltr__own_done(&own);
	ltr_process_close(target->process);
	free(target);
}

static struct ltr_region table[4];
static uint32_t table_count;

/* Of those, the ones that our stack is in. */
static uint32_t count_aside(void)
{
	uint32_t count = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		count += table[i].kind == LTR_REGION_PRIVATE &&
			 table[i].tid == (uint32_t)gettid() &&
			 table[i].low < (uint64_t)(uintptr_t)&count &&
			 table[i].high > (uint64_t)(uintptr_t)&count;
	return count;
}

/* As many places as look at once are taken, however often they come and go. */
static void test_who_looks_gives_its_place_back(void **state)
{
	(void)state;
	fake_reset();
	ltr_layout.regions = (uint64_t)(uintptr_t)table;
	ltr_layout.region_count = (uint64_t)(uintptr_t)&table_count;
	ltr_layout.region_max = sizeof(table) / sizeof(table[0]);
	for (int round = 0; round < 10; round++) {
		struct ltr_probe *probes[2];

		for (uint32_t i = 0; i < 2; i++) {
			probes[i] = fake_open(getpid(), LTR_VIA_SNAPSHOT, false);
			assert_int_equal(ltr_probe_step_aside(probes[i]), 0);
			assert_int_equal(count_aside(), i + 1);
		}
		ltr_probe_close(probes[round % 2]);
		assert_int_equal(count_aside(), 1);
		ltr_probe_close(probes[1 - round % 2]);
		assert_int_equal(count_aside(), 0);
		assert_int_equal(table_count, 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_just_being_written),
		cmocka_unit_test(test_who_looks_gives_its_place_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
