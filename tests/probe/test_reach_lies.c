// SPDX-License-Identifier: MIT
/* A proof (ltr_probe_reach()) of a program that lies about its goroutines while it is looked at. */
#include "testing.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "fake_target.h"
#include "probe.h"

enum { WAITING = FAKE_SLABS * FAKE_DESCRIPTORS, PROOFS = 20 };

static void show_ids(pid_t pid, bool repeated)
{
	for (uint32_t i = 1; i < WAITING; i++)
		fake.descriptors[i / FAKE_DESCRIPTORS][i % FAKE_DESCRIPTORS].id = repeated ? 1 : 0;
	fake_poke(pid, fake.descriptors, sizeof(fake.descriptors));
}

/* Changes the program again and again until it is killed. */
static pid_t start_liar(pid_t pid)
{
	pid_t liar = fork();

	assert_true(liar >= 0);
	if (liar == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (bool repeated = true;; repeated = !repeated)
			show_ids(pid, repeated);
	}
	return liar;
}

/* What the program says is its runtime's: the descriptors, the stacks, and its only thread. */
static struct ltr_region regions[3];
static uint32_t region_count = 3;

static void tell_regions(void)
{
	regions[0] =
		(struct ltr_region){.low = (uint64_t)(uintptr_t)fake.descriptors,
				    .high = (uint64_t)(uintptr_t)(fake.descriptors + FAKE_SLABS),
				    .kind = LTR_REGION_PRIVATE};
	regions[1] = (struct ltr_region){.low = (uint64_t)(uintptr_t)fake.stack,
					 .high = (uint64_t)(uintptr_t)(fake.stack + WAITING),
					 .kind = LTR_REGION_STACKS};
	ltr_layout.regions = (uint64_t)(uintptr_t)regions;
	ltr_layout.region_count = (uint64_t)(uintptr_t)&region_count;
	ltr_layout.region_max = 3;
}

static void tell_thread(pid_t pid)
{
	uint64_t low = (uint64_t)(uintptr_t)__builtin_frame_address(0) & ~4095ull;

	regions[2] = (struct ltr_region){
		.low = low, .high = low + 4096, .kind = LTR_REGION_PRIVATE, .tid = (uint32_t)pid};
	fake_poke(pid, regions, sizeof(regions));
}

/* One goroutine in the first pass, the same one in every descriptor in the next. */
static void test_ids_that_repeat(void **state)
{
	(void)state;
	struct ltr_probe_options options = {.via = LTR_VIA_SNAPSHOT};
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};

	fake_reset();
	for (uint32_t i = 0; i < WAITING; i++)
		fake_add(i ? 0 : 1, LTR_STATE_CHAN, LTR_REASON_SELECT, NULL, 0, 64);
	tell_regions();
	pid_t pid = fake_start();
	tell_thread(pid);
	pid_t liar = start_liar(pid);
	if (ltr_probe_open((uint32_t)pid, &options, &probe, &why) == 0) {
		for (int i = 0; i < PROOFS; i++) {
			(void)ltr_probe_reach(probe, LTR_FREEZE_NEVER);
			(void)ltr_probe_refresh(probe);
		}
		ltr_probe_close(probe);
	}
	fake_stop(liar);
	fake_stop(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids_that_repeat),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
