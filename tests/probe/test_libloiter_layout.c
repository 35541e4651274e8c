// SPDX-License-Identifier: MIT
/*
 * Programs that are none, or of another version, or that lie about themselves in every field of
 * their layout and in all that it leads to, against a made-up one (fake_target.h).
 */
#include "../wait_count.h"
#include "testing.h"

#include <errno.h>
#include <unistd.h>

#include "fake_probe.h"

/* A layout that promises as much as it may, where nothing is mapped: after a while we give up. */
static void test_nothing_is_mapped(void **state)
{
	(void)state;

	fake_reset();
	fake.slab_count = FAKE_SLABS;
	for (int i = 0; i < FAKE_SLABS; i++)
		fake.slabs[i] = 0x10000;
	ltr_layout.slab_descriptors = (64u << 20) / sizeof(struct fake_descriptor);
	pid_t pid = fake_start();
	struct ltr_probe *probe = fake_open(pid, LTR_VIA_SNAPSHOT, false);
	const struct ltr_census *census = ltr_probe_census(probe);

	assert_int_equal(ltr_census_count(census), 0);
	assert_in_range(ltr_census_info(census)->unreadable, 65536, 65536 + 1024);
	ltr_probe_close(probe);
	fake_stop(pid);
}

static void test_unknown_version(void **state)
{
	(void)state;
	struct {
		uint64_t magic;
		uint32_t version;
	} head = {LTR_LAYOUT_MAGIC, 77};

	fake_reset();
	memset(&ltr_layout, 0x5a, sizeof(ltr_layout));
	memcpy(&ltr_layout, &head, 12);
	pid_t pid = fake_start();
	fake_refused(pid, -EPROTO, "layout version 77");
	fake_stop(pid);
}

/* What they differ in is no larger, and nothing that is read here. */
static void test_older_version(void **state)
{
	(void)state;
	fake_reset();
	ltr_layout.version = LTR_LAYOUT_VERSION_LEAST;
	fake_add(7, LTR_STATE_CHAN, LTR_REASON_SELECT, fake_pcs, 5, 64);
	pid_t pid = fake_start();
	struct ltr_probe *probe = fake_open(pid, LTR_VIA_SNAPSHOT, false);

	assert_int_equal(ltr_census_count(ltr_probe_census(probe)), 1);
	ltr_probe_close(probe);
	fake_stop(pid);

	fake_reset();
	ltr_layout.version = LTR_LAYOUT_VERSION_LEAST - 1;
	pid = fake_start();
	fake_refused(pid, -EPROTO, "layout version 0");
	fake_stop(pid);
}

static void test_not_started(void **state)
{
	(void)state;

	fake_reset();
	ltr_layout.ready = 0;
	pid_t pid = fake_start();
	fake_refused(pid, -EAGAIN, "has not started");
	memset(&ltr_layout, 0, sizeof(ltr_layout));
	fake_poke(pid, &ltr_layout, sizeof(ltr_layout));
	fake_refused(pid, -EAGAIN, "has not started");
	ltr_layout.magic = 0x123456789abcdef0;
	fake_poke(pid, &ltr_layout, sizeof(ltr_layout));
	fake_refused(pid, -EPROTO, "magic");
	fake_stop(pid);
}

static void test_no_goroutine_program(void **state)
{
	(void)state;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[0], STDIN_FILENO);
		close(ends[1]);
		execlp("cat", "cat", NULL);
		_exit(127);
	}
	/* Until exec has happened it is still us. */
	char link[256];
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	do {
		ssize_t length = readlink(path, link, sizeof(link) - 1);
		assert_true(length > 0);
		link[length] = '\0';
	} while (strstr(link, "test_probe"));
	fake_refused(pid, -ENOEXEC, "is not a goroutine program");
	close(ends[0]);
	close(ends[1]);
	fake_stop(pid);
}

/* Open, look, poll, look again and close: whatever comes, it must come back. */
static void use(pid_t pid)
{
	struct ltr_probe_options options = {.via = LTR_VIA_SHM, .waits = true};
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};

	int err = ltr_probe_open((uint32_t)pid, &options, &probe, &why);
	if (err) {
		assert_string_not_equal(why.text, "");
		return;
	}
	(void)ltr_probe_poll(probe, 0);
	(void)ltr_probe_refresh(probe);
	(void)ltr_probe_objects(probe);
	(void)wait_count_of(ltr_probe_census(probe));
	if (ltr_census_lock_count(ltr_probe_census(probe)))
		(void)ltr_census_locked_pc(ltr_probe_census(probe),
					   ltr_census_lock(ltr_probe_census(probe), 0));
	ltr_probe_close(probe);
}

static void fill_program(void)
{
	fake_reset();
	for (uint64_t id = 1; id <= 100; id++) {
		struct fake_descriptor *made =
			fake_add(id, LTR_STATE_CHAN, LTR_REASON_SELECT, fake_pcs, 5, 64);
		made->site = (uint64_t)(uintptr_t)&fake_site;
		made->name = (uint64_t)(uintptr_t)fake_name;
		made->labels = (uint64_t)(uintptr_t)&fake_labels;
	}
	for (int i = 0; i < 100; i += 3) { /* and some wait for locks */
		struct fake_descriptor *made =
			&fake.descriptors[i / FAKE_DESCRIPTORS][i % FAKE_DESCRIPTORS];
		made->state = LTR_STATE_SYNC;
		made->reason = LTR_REASON_RWMUTEX_LOCK;
		made->object = (uint64_t)(uintptr_t)&fake.locks[i % FAKE_LOCKS];
		made->read_lock_0 = made->object;
	}
	for (uint64_t i = 0; i < 100; i++)
		*fake_record(0, i) = (struct ltr_event){.goroutine = 1 + i % 50,
							.kind = (uint8_t)(i % LTR_KIND_COUNT),
							.sequence = 4};
	fake.rings[0].head = 100;
	fake.stack_count = 3;
	fake.stacks[1].depth = 3;
	fake.stacks[2].depth = 77;
}

/* Each word of the layout in turn becomes each of these. */
static void test_layout_lies(void **state)
{
	(void)state;
	const uint32_t values[] = {0, 1, 2, 7, 4096, 0x7fffffff, 0x80000000, UINT32_MAX};
	uint32_t *words = (uint32_t *)&ltr_layout;

	fill_program();
	pid_t pid = fake_start();
	for (size_t word = 0; word < sizeof(ltr_layout) / 4; word++)
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			uint32_t good = words[word];
			words[word] = values[i];
			fake_poke(pid, &words[word], 4);
			use(pid);
			/* The reader may have written where it was sent. */
			words[word] = good;
			fake_poke(pid, &ltr_layout, sizeof(ltr_layout));
			fake_poke(pid, &fake, sizeof(fake));
		}
	fake_stop(pid);
}

/* The same for what the layout leads to: some bytes become others, anywhere. */
static void test_memory_lies(void **state)
{
	(void)state;
	struct chance chance = {chance_seed()};
	struct fake *good = malloc(sizeof(*good));
	size_t interesting = offsetof(struct fake, stack);

	fill_program();
	memcpy(good, &fake, sizeof(fake));
	pid_t pid = fake_start();
	for (int round = 0; round < 400; round++) {
		for (uint32_t i = 0; i < 1 + chance_below(&chance, 200); i++) {
			uint64_t value = chance_next(&chance);
			uint32_t bytes = 1u << chance_below(&chance, 4);
			size_t at = (size_t)chance_below(&chance, (uint32_t)interesting / bytes);
			at *= bytes;
			if (chance_below(&chance, 2))
				value = chance_below(&chance, 2) ? UINT64_MAX : value & 0xff;
			memcpy((char *)&fake + at, &value, bytes);
		}
		fake_poke(pid, &fake, interesting);
		use(pid);
		memcpy(&fake, good, interesting);
		fake_poke(pid, &fake, interesting);
	}
	fake_stop(pid);
	free(good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_mapped),    cmocka_unit_test(test_unknown_version),
		cmocka_unit_test(test_older_version),        cmocka_unit_test(test_not_started),
		cmocka_unit_test(test_no_goroutine_program), cmocka_unit_test(test_layout_lies),
		cmocka_unit_test(test_memory_lies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
