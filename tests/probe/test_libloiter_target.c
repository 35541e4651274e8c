// SPDX-License-Identifier: MIT
/*
 * Reading a program from outside, against a made-up one (fake_target.h): first as it should be,
 * then torn, damaged, of another version, lying about itself in every field, and dead.
 */
#include "../wait_count.h"
#include "testing.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "fake_target.h"
#include "target/target.h"

static const uint64_t pcs[] = {0x1111, 0x2222, 0x3333, 0x4444, 0x5555};
static const struct ltr_site site = {"made/up.c", "maker", 42};
static const char name[] = "a name";
static const struct ltr_labels labels = {.count = 2, .label = {{"team", "blue"}, {"area", "51"}}};

static struct ltr_probe *open_probe(pid_t pid, enum ltr_via via, bool waits)
{
	struct ltr_probe_options options = {.via = via, .waits = waits};
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};

	int err = ltr_probe_open((uint32_t)pid, &options, &probe, &why);
	if (err)
		print_message("%s\n", why.text);
	assert_int_equal(err, 0);
	return probe;
}

/* Opening must fail, and say something. */
static void refused(pid_t pid, int with, const char *sentence)
{
	struct ltr_probe_options options = {.via = LTR_VIA_SNAPSHOT};
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};

	assert_int_equal(ltr_probe_open((uint32_t)pid, &options, &probe, &why), with);
	assert_null(probe);
	if (!strstr(why.text, sentence))
		fail_msg("\"%s\" does not say \"%s\"", why.text, sentence);
}

static void test_everything_is_read(void **state)
{
	(void)state;
	size_t count;

	fake_reset();
	struct fake_descriptor *made = fake_add(7, LTR_STATE_CHAN, LTR_REASON_SELECT, pcs, 5, 64);
	made->parent_id = 1;
	made->object = 0xabc;
	made->waker_id = 3;
	made->entry = 0x9000;
	made->creation_pc = 0x9100;
	made->flags = LTR_GOROUTINE_DAEMON | LTR_GOROUTINE_LONG; /* a mark that comes late */
	made->site = (uint64_t)(uintptr_t)&site;
	made->name = (uint64_t)(uintptr_t)name;
	made->labels = (uint64_t)(uintptr_t)&labels;
	made = fake_add(8, LTR_STATE_RUNNING, 0, NULL, 0, 0);
	made->saved_sp = 0;
	made->flags = LTR_GOROUTINE_LONG;
	fake_add(1, LTR_STATE_SLEEP, LTR_REASON_SLEEP, pcs, 5, 64)->flags = LTR_GOROUTINE_MAIN;
	fake.rings[0].created = 5;
	fake.rings[1].created = 2;
	fake.rings[1].exited = 4;
	fake.rings[2].tid = 0;
	pid_t pid = fake_start();
	struct ltr_probe *probe = open_probe(pid, LTR_VIA_SNAPSHOT, false);
	const struct ltr_census *census = ltr_probe_census(probe);

	assert_int_equal(ltr_census_count(census), 3);
	const struct ltr_goroutine *is = ltr_census_find(census, 7);
	assert_int_equal(is->parent_id, 1);
	assert_int_equal(is->state, LTR_STATE_CHAN);
	assert_int_equal(is->reason, LTR_REASON_SELECT);
	assert_int_equal(is->object, 0xabc);
	assert_int_equal(is->waker_id, 3);
	assert_int_equal(is->entry_pc, 0x9000);
	assert_int_equal(is->creation_pc, 0x9100);
	assert_int_equal(is->flags, LTR_IS_DAEMON | LTR_IS_READ);
	assert_int_equal(is->transitions, 3);
	assert_int_equal(is->since_ns, 1000);
	assert_int_equal(is->created_ns, 500);
	assert_string_equal(ltr_census_string(census, is->name), name);
	const struct ltr_census_position *position = ltr_census_site(census, is->site);
	assert_string_equal(ltr_census_string(census, position->file), site.file);
	assert_string_equal(ltr_census_string(census, position->function), site.function);
	assert_int_equal(position->line, 42);
	const struct ltr_census_label *label = ltr_census_labels(census, is->labels, &count);
	assert_int_equal(count, 2);
	assert_string_equal(ltr_census_string(census, label[0].key), "area");
	assert_string_equal(ltr_census_string(census, label[1].value), "blue");
	const uint64_t *stack = ltr_census_stack(census, is->stack, &count);
	assert_int_equal(count, 5);
	assert_memory_equal(stack, pcs, sizeof(pcs));

	assert_int_equal(ltr_census_find(census, 8)->stack, 0);
	assert_int_equal(ltr_census_find(census, 8)->flags, LTR_IS_LONG | LTR_IS_READ);
	assert_int_equal(ltr_census_find(census, 1)->flags, LTR_IS_MAIN | LTR_IS_READ);
	assert_int_equal(ltr_census_find(census, 1)->stack, is->stack);
	const struct ltr_census_info *info = ltr_census_info(census);
	assert_int_equal(info->created, 7);
	assert_int_equal(info->exited, 4);
	assert_int_equal(info->threads, 2);
	assert_int_equal(info->processors, 2);
	assert_int_equal(info->phase, LTR_PHASE_RUNNING);
	assert_int_equal(info->pid, pid);
	assert_int_equal(info->unreadable, 0);
	assert_int_equal(info->coarse_ns, 1000000);
	assert_int_equal(info->way, LTR_WAY_SNAPSHOT);
	assert_string_not_equal(info->way_reason, "");
	ltr_probe_close(probe);
	fake_stop(pid);
}

/* Frames beyond the part that is read at first, and more frames than are kept. */
/* Six goroutines around two locks, and one that waits for nothing that could be a lock. */
static void add_lockers(void)
{
	uint64_t mutex = (uint64_t)(uintptr_t)&fake.locks[0];
	uint64_t rwmutex = (uint64_t)(uintptr_t)&fake.locks[1];
	struct fake_descriptor *made;

	fake.locks[0] = (struct ltr_lock_words){.state = LTR_LOCK_HELD | LTR_LOCK_WAITED,
						.locked_at = 0x1235,
						.owner = 3,
						.guard = 1,
						.marks = LTR_LOCK_STRAY_UNLOCK,
						.unlocker = 9};
	fake.locks[1] = (struct ltr_lock_words){.state = 2 * LTR_LOCK_READER | LTR_LOCK_WAITED,
						.locked_at = 0x99,
						.marks = LTR_LOCK_STRAY_READER};
	fake_add(1, LTR_STATE_SYNC, LTR_REASON_MUTEX_LOCK, pcs, 5, 64)->object = mutex;
	fake_add(2, LTR_STATE_SYNC, LTR_REASON_ONCE_DO, pcs, 5, 64)->object = mutex;
	made = fake_add(3, LTR_STATE_CHAN, LTR_REASON_SELECT, pcs, 5, 64);
	made->object = rwmutex + 24; /* a channel's: no lock */
	made->read_lock_0 = rwmutex;
	made->read_lock_1 = rwmutex;
	made = fake_add(4, LTR_STATE_SYNC, LTR_REASON_RWMUTEX_LOCK, pcs, 5, 64);
	made->object = rwmutex;
	made->read_lock_1 = 0xabc0;
	fake_add(5, LTR_STATE_SYNC, LTR_REASON_MUTEX_LOCK, pcs, 5, 64)->object = 0x10;
	fake_add(6, LTR_STATE_SYNC, LTR_REASON_MUTEX_LOCK, pcs, 5, 64)->object = mutex + 1;
	made = fake_add(7, LTR_STATE_RUNNING, 0, NULL, 0, 0);
	made->saved_sp = 0;
	made->read_lock_0 = rwmutex; /* it moves: that means nothing */
}

static void test_locks_are_read(void **state)
{
	(void)state;
	const uint64_t mutex = (uint64_t)(uintptr_t)&fake.locks[0];
	const uint64_t rwmutex = (uint64_t)(uintptr_t)&fake.locks[1];

	fake_reset();
	add_lockers();
	pid_t pid = fake_start();
	struct ltr_probe *probe = open_probe(pid, LTR_VIA_SNAPSHOT, false);
	const struct ltr_census *census = ltr_probe_census(probe);

	assert_int_equal(ltr_probe_refresh(probe), 1); /* what was known before is forgotten */
	assert_int_equal(ltr_census_lock_count(census), 2);
	assert_null(ltr_census_lock(census, 2));
	assert_null(ltr_census_find_lock(census, rwmutex + 24));
	const struct ltr_lock *lock = ltr_census_find_lock(census, mutex);
	assert_ptr_equal(lock, ltr_census_lock(census, 0));
	assert_int_equal(lock->owner_id, 3);
	assert_int_equal(lock->readers, 0);
	assert_int_equal(lock->locked_at, 0x1235);
	assert_int_equal(lock->unlocker_id, 9);
	assert_true(lock->stray_unlock && !lock->stray_reader);
	assert_int_equal(ltr_census_locked_pc(census, lock), 0); /* no module has such an address */
	lock = ltr_census_find_lock(census, rwmutex);
	assert_int_equal(lock->owner_id, 0);
	assert_int_equal(lock->readers, 2);
	assert_true(!lock->stray_unlock && lock->stray_reader);
	assert_int_equal(ltr_census_reader_count(census), 3);
	assert_int_equal(ltr_census_reader(census, 0)->object, 0xabc0);
	assert_int_equal(ltr_census_reader(census, 0)->goroutine_id, 4);
	assert_int_equal(ltr_census_reader(census, 1)->object, rwmutex);
	assert_int_equal(ltr_census_reader(census, 1)->goroutine_id, 3);
	assert_int_equal(ltr_census_reader(census, 2)->goroutine_id, 3);
	ltr_probe_close(probe);

	/* The lower half of an address in this very program is enough to know the whole. */
	uint64_t here = (uint64_t)(uintptr_t)test_everything_is_read + 1;
	fake.locks[0].locked_at = (uint32_t)here;
	fake_poke(pid, &fake.locks[0], sizeof(fake.locks[0]));
	probe = open_probe(pid, LTR_VIA_SNAPSHOT, false);
	census = ltr_probe_census(probe);
	assert_int_equal(ltr_census_locked_pc(census, ltr_census_lock(census, 0)), here);
	ltr_probe_close(probe);
	fake_stop(pid);
}

/* A runtime from before it said anything of locks. */
static void test_no_locks_in_an_older_layout(void **state)
{
	(void)state;

	fake_reset();
	add_lockers();
	ltr_layout.lock_bytes = 0;
	ltr_layout.fields[LTR_FIELD_read_lock_0] = (struct ltr_field){0};
	ltr_layout.fields[LTR_FIELD_read_lock_1] = (struct ltr_field){0};
	pid_t pid = fake_start();
	struct ltr_probe *probe = open_probe(pid, LTR_VIA_SNAPSHOT, false);
	const struct ltr_census *census = ltr_probe_census(probe);

	assert_int_equal(ltr_census_count(census), 7);
	assert_int_equal(ltr_census_lock_count(census), 0);
	assert_int_equal(ltr_census_reader_count(census), 0);
	assert_null(ltr_census_find_lock(census, (uint64_t)(uintptr_t)&fake.locks[0]));
	ltr_probe_close(probe);
	fake_stop(pid);

	/* One that did not say yet who freed them: what is there instead is not looked at. */
	ltr_layout.lock_bytes = LTR_LOCK_WORDS_LEAST;
	ltr_layout.lock_bytes_all = 0;
	pid = fake_start();
	probe = open_probe(pid, LTR_VIA_SNAPSHOT, false);
	census = ltr_probe_census(probe);
	assert_int_equal(ltr_census_lock_count(census), 2);
	assert_int_equal(ltr_census_lock(census, 0)->owner_id, 3);
	assert_int_equal(ltr_census_lock(census, 0)->unlocker_id, 0);
	ltr_probe_close(probe);
	fake_stop(pid);

	/* One that says more than is known here. */
	ltr_layout.lock_bytes_all = sizeof(struct ltr_lock_words) + 8;
	pid = fake_start();
	probe = open_probe(pid, LTR_VIA_SNAPSHOT, false);
	census = ltr_probe_census(probe);
	assert_int_equal(ltr_census_lock_count(census), 2);
	assert_int_equal(ltr_census_lock(census, 0)->unlocker_id, 9);
	ltr_probe_close(probe);
	fake_stop(pid);

	ltr_layout.lock_bytes_all = 8;
	pid = fake_start();
	refused(pid, -EPROTO, "lock_bytes_all");
	fake_stop(pid);
	ltr_layout.lock_bytes_all = 0;
	ltr_layout.lock_bytes = 8;
	pid = fake_start();
	refused(pid, -EPROTO, "lock_bytes");
	fake_stop(pid);
}

static void test_deep_stacks(void **state)
{
	(void)state;
	uint64_t many[200];
	size_t depth;

	for (uint64_t i = 0; i < 200; i++)
		many[i] = 0x10000 + i;
	fake_reset();
	fake_add(1, LTR_STATE_CHAN, LTR_REASON_SELECT, many, 15, 1024);
	fake_add(2, LTR_STATE_CHAN, LTR_REASON_SELECT, many, 200, 64);
	fake_add(3, LTR_STATE_QUEUED, 0, NULL, 0, 0);
	pid_t pid = fake_start();
	struct ltr_probe *probe = open_probe(pid, LTR_VIA_SNAPSHOT, false);
	const struct ltr_census *census = ltr_probe_census(probe);

	const uint64_t *is = ltr_census_stack(census, ltr_census_find(census, 1)->stack, &depth);
	assert_int_equal(depth, 15);
	assert_memory_equal(is, many, 15 * sizeof(many[0]));
	is = ltr_census_stack(census, ltr_census_find(census, 2)->stack, &depth);
	assert_int_equal(depth, 128);
	assert_memory_equal(is, many, 128 * sizeof(many[0]));
	assert_int_equal(ltr_census_find(census, 3)->stack, 0);
	assert_int_equal(ltr_census_info(census)->unreadable, 0);
	ltr_probe_close(probe);
	fake_stop(pid);
}

/* Each damage to a stack: the walk ends, the frames before it are kept, and it is counted. */
static void test_damaged_stacks(void **state)
{
	(void)state;
	size_t depth;
	struct fake_descriptor *made[8];

	fake_reset();
	for (uint32_t i = 0; i < 8; i++)
		made[i] = fake_add(1 + i, LTR_STATE_CHAN, LTR_REASON_SELECT, pcs, 3, 64);
	uint32_t middle = FAKE_STACK_BYTES / 8 - 4 - 8; /* the second frame */
	fake.stack[0][middle] = 8;
	fake.stack[1][middle] += 4;
	fake.stack[2][middle] = (uint64_t)(uintptr_t)&fake.stack[2][middle]; /* a circle */
	fake.stack[3][middle] = made[3]->stack_high;
	made[4]->saved_sp = made[4]->stack_high - 8;
	made[5]->stack_low = 0;
	made[5]->stack_high = UINT64_MAX;
	made[6]->saved_sp = 0x1000;
	made[7]->saved_sp += 1;
	pid_t pid = fake_start();
	struct ltr_probe *probe = open_probe(pid, LTR_VIA_SNAPSHOT, false);
	const struct ltr_census *census = ltr_probe_census(probe);

	assert_int_equal(ltr_census_count(census), 8);
	for (uint64_t id = 1; id <= 4; id++) {
		ltr_census_stack(census, ltr_census_find(census, id)->stack, &depth);
		assert_int_equal(depth, 2);
	}
	assert_int_equal(ltr_census_info(census)->unreadable, 8);
	ltr_probe_close(probe);
	fake_stop(pid);
}

/* One that never stands still is still there, in a state, without a stack. */
static void test_always_in_the_middle(void **state)
{
	(void)state;

	fake_reset();
	fake_add(1, LTR_STATE_CHAN, LTR_REASON_SELECT, pcs, 3, 64)->sequence = 7;
	fake_add(2, LTR_STATE_CHAN, LTR_REASON_SELECT, pcs, 3, 64);
	pid_t pid = fake_start();
	struct ltr_probe *probe = open_probe(pid, LTR_VIA_SNAPSHOT, false);
	const struct ltr_census *census = ltr_probe_census(probe);

	assert_int_equal(ltr_census_count(census), 2);
	assert_int_equal(ltr_census_find(census, 1)->state, LTR_STATE_CHAN);
	assert_int_equal(ltr_census_find(census, 1)->stack, 0);
	assert_int_not_equal(ltr_census_find(census, 2)->stack, 0);
	ltr_probe_close(probe);
	fake_stop(pid);
}

/* The largest descriptors that may be, more than go into one reading: each stands in its place. */
static void test_largest_descriptors(void **state)
{
	(void)state;
	enum { BYTES = 4096, COUNT = 1100 };
	static unsigned char wide[COUNT][BYTES];

	fake_reset();
	for (uint64_t i = 0; i < COUNT; i++) {
		struct fake_descriptor one = {
			.id = 1 + i, .state = LTR_STATE_QUEUED, .parent_id = i, .sequence = 2};
		memcpy(wide[i], &one, sizeof(one));
		memcpy(wide[i] + BYTES - sizeof(i), &i, sizeof(i));
	}
	fake.slab_count = 1;
	fake.slabs[0] = (uint64_t)(uintptr_t)wide;
	ltr_layout.slab_descriptors = COUNT;
	ltr_layout.descriptor_bytes = BYTES;
	/* The last eight bytes that a field can have. */
	ltr_layout.fields[LTR_FIELD_parent_id].offset = BYTES - sizeof(uint64_t);
	pid_t pid = fake_start();
	struct ltr_probe *probe = open_probe(pid, LTR_VIA_SNAPSHOT, false);
	const struct ltr_census *census = ltr_probe_census(probe);

	assert_int_equal(ltr_census_count(census), COUNT);
	for (uint64_t i = 0; i < COUNT; i++)
		assert_int_equal(ltr_census_find(census, 1 + i)->parent_id, i);
	assert_int_equal(ltr_census_info(census)->unreadable, 0);
	ltr_probe_close(probe);
	fake_stop(pid);
}

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
	struct ltr_probe *probe = open_probe(pid, LTR_VIA_SNAPSHOT, false);
	const struct ltr_census *census = ltr_probe_census(probe);

	assert_int_equal(ltr_census_count(census), 0);
	assert_in_range(ltr_census_info(census)->unreadable, 65536, 65536 + 1024);
	ltr_probe_close(probe);
	fake_stop(pid);
}

static void test_refresh_sees_what_changed(void **state)
{
	(void)state;

	fake_reset();
	struct fake_descriptor *one = fake_add(1, LTR_STATE_CHAN, LTR_REASON_SELECT, pcs, 3, 64);
	struct fake_descriptor *two = fake_add(2, LTR_STATE_CHAN, LTR_REASON_SELECT, pcs, 3, 64);
	pid_t pid = fake_start();
	struct ltr_probe *probe = open_probe(pid, LTR_VIA_SNAPSHOT, false);
	const struct ltr_census *census = ltr_probe_census(probe);

	one->state = LTR_STATE_SYNC;
	one->reason = LTR_REASON_MUTEX_LOCK;
	one->sequence += 2;
	one->name = (uint64_t)(uintptr_t)name;
	two->id = 0;
	fake_poke(pid, one, sizeof(*one));
	fake_poke(pid, two, sizeof(*two));
	assert_int_equal(ltr_probe_poll(probe, 0), 0);
	assert_int_equal(ltr_census_count(census), 2);
	assert_int_equal(ltr_probe_refresh(probe), 1);
	assert_int_equal(ltr_census_count(census), 1);
	assert_int_equal(ltr_census_find(census, 1)->reason, LTR_REASON_MUTEX_LOCK);
	assert_string_equal(ltr_census_string(census, ltr_census_find(census, 1)->name), name);
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
	refused(pid, -EPROTO, "layout version 77");
	fake_stop(pid);
}

/* What they differ in is no larger, and nothing that is read here. */
static void test_older_version(void **state)
{
	(void)state;
	fake_reset();
	ltr_layout.version = LTR_LAYOUT_VERSION_LEAST;
	fake_add(7, LTR_STATE_CHAN, LTR_REASON_SELECT, pcs, 5, 64);
	pid_t pid = fake_start();
	struct ltr_probe *probe = open_probe(pid, LTR_VIA_SNAPSHOT, false);

	assert_int_equal(ltr_census_count(ltr_probe_census(probe)), 1);
	ltr_probe_close(probe);
	fake_stop(pid);

	fake_reset();
	ltr_layout.version = LTR_LAYOUT_VERSION_LEAST - 1;
	pid = fake_start();
	refused(pid, -EPROTO, "layout version 0");
	fake_stop(pid);
}

static void test_not_started(void **state)
{
	(void)state;

	fake_reset();
	ltr_layout.ready = 0;
	pid_t pid = fake_start();
	refused(pid, -EAGAIN, "has not started");
	memset(&ltr_layout, 0, sizeof(ltr_layout));
	fake_poke(pid, &ltr_layout, sizeof(ltr_layout));
	refused(pid, -EAGAIN, "has not started");
	ltr_layout.magic = 0x123456789abcdef0;
	fake_poke(pid, &ltr_layout, sizeof(ltr_layout));
	refused(pid, -EPROTO, "magic");
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
	refused(pid, -ENOEXEC, "is not a goroutine program");
	close(ends[0]);
	close(ends[1]);
	fake_stop(pid);
}

static void test_death(void **state)
{
	(void)state;

	for (int via = LTR_VIA_SHM; via <= LTR_VIA_SNAPSHOT; via++) {
		fake_reset();
		fake_add(1, LTR_STATE_CHAN, LTR_REASON_SELECT, pcs, 3, 64);
		pid_t pid = fake_start();
		struct ltr_probe *probe = open_probe(pid, (enum ltr_via)via, true);
		const struct ltr_census *census = ltr_probe_census(probe);
		assert_false(ltr_census_info(census)->gone);
		fake_stop(pid);
		assert_int_equal(ltr_probe_poll(probe, 60000), -ESRCH);
		assert_true(ltr_census_info(census)->gone);
		assert_int_equal(ltr_census_count(census), 1);
		assert_int_equal(ltr_probe_poll(probe, 0), -ESRCH);
		assert_int_equal(ltr_probe_refresh(probe), -ESRCH);
		ltr_probe_close(probe);
	}
}

static struct ltr_event *record(uint32_t ring, uint64_t position)
{
	return &fake.records[ring][position % FAKE_CAPACITY];
}

/* Write the records that are there now into the child, and then move the head. */
static void publish(pid_t pid, uint32_t ring, uint64_t head)
{
	fake.rings[ring].head = head;
	fake_poke(pid, fake.records, sizeof(fake.records));
	fake_poke(pid, &fake.rings[ring].head, sizeof(fake.rings[ring].head));
}

static void test_rings_from_outside(void **state)
{
	(void)state;

	fake_reset();
	fake_add(1, LTR_STATE_CHAN, LTR_REASON_SELECT, pcs, 3, 64);
	fake.rings[1].head = 1000; /* written long ago: of no interest */
	pid_t pid = fake_start();
	struct ltr_probe *probe = open_probe(pid, LTR_VIA_SHM, true);
	const struct ltr_census *census = ltr_probe_census(probe);
	const struct ltr_census_info *info = ltr_census_info(census);
	struct ltr_process *process;
	struct ltr_why why;
	assert_int_equal(ltr_process_open((uint32_t)pid, &process, &why), 0);
	struct ltr_watch_slot slot;
	struct ltr_watch watch;

	assert_int_equal(info->way, LTR_WAY_SHM);
	assert_int_equal(
		ltr_process_read(process, (uint64_t)(uintptr_t)&fake.slots[0], &slot, sizeof(slot)),
		0);
	assert_int_equal(slot.pid, getpid());
	assert_int_equal(slot.wants, LTR_WATCH_EVENTS | LTR_WATCH_STACKS);
	assert_int_equal(
		ltr_process_read(process, (uint64_t)(uintptr_t)&fake.watch, &watch, sizeof(watch)),
		0);
	assert_int_equal(watch.events_slots, 1);
	assert_int_equal(watch.stacks_slots, 1);
	assert_int_equal(watch.events_kernel, 0);

	fake.stacks[1] = (struct ltr_stack_entry){.depth = 2, .pcs = {0x66, 0x77}};
	fake.stack_count = 2;
	fake_poke(pid, fake.stacks, sizeof(fake.stacks));
	fake_poke(pid, &fake.stack_count, sizeof(fake.stack_count));
	uint64_t now = ltr_process_now_ns();
	*record(1, 1000) = (struct ltr_event){
		.goroutine = 1, .kind = LTR_KIND_READY, .sequence = 4, .ticks = now};
	*record(1, 1001) = (struct ltr_event){
		.goroutine = 1, .kind = LTR_KIND_START, .sequence = 5, .ticks = now};
	*record(0, 0) = (struct ltr_event){.goroutine = 1,
					   .kind = LTR_KIND_PARK,
					   .sequence = 6,
					   .ticks = now,
					   .reason = LTR_REASON_SLEEP};
	*record(0, 1) = (struct ltr_event){
		.goroutine = 1, .kind = LTR_KIND_STACK, .sequence = 6, .ticks = now, .arg = 1};
	publish(pid, 0, 2);
	publish(pid, 1, 1002);
	assert_int_equal(ltr_probe_poll(probe, 60000), 1);
	while (info->events < 4)
		assert_true(ltr_probe_poll(probe, 60000) >= 0);
	const struct ltr_goroutine *is = ltr_census_find(census, 1);
	assert_int_equal(is->state, LTR_STATE_SLEEP);
	size_t depth;
	const uint64_t *stack = ltr_census_stack(census, is->stack, &depth);
	assert_int_equal(depth, 2);
	assert_int_equal(stack[1], 0x77);
	assert_int_equal(info->lost, 0);

	/* A ring that went round while nobody looked. */
	for (uint64_t i = 0; i < FAKE_CAPACITY; i++)
		*record(1, i) = (struct ltr_event){0};
	publish(pid, 1, 1002 + 3 * FAKE_CAPACITY);
	while (info->lost == 0)
		assert_true(ltr_probe_poll(probe, 60000) >= 0);
	assert_int_equal(info->lost, 2 * FAKE_CAPACITY + 1);
	while (ltr_census_find(census, 1)->flags & LTR_IS_UNSURE)
		assert_true(ltr_probe_poll(probe, 10) >= 0);

	ltr_probe_close(probe);
	assert_int_equal(
		ltr_process_read(process, (uint64_t)(uintptr_t)&fake.slots[0], &slot, sizeof(slot)),
		0);
	assert_int_equal(slot.pid, 0);
	ltr_process_close(process);
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
			fake_add(id, LTR_STATE_CHAN, LTR_REASON_SELECT, pcs, 5, 64);
		made->site = (uint64_t)(uintptr_t)&site;
		made->name = (uint64_t)(uintptr_t)name;
		made->labels = (uint64_t)(uintptr_t)&labels;
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
		*record(0, i) = (struct ltr_event){.goroutine = 1 + i % 50,
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
		cmocka_unit_test(test_everything_is_read),
		cmocka_unit_test(test_locks_are_read),
		cmocka_unit_test(test_no_locks_in_an_older_layout),
		cmocka_unit_test(test_deep_stacks),
		cmocka_unit_test(test_damaged_stacks),
		cmocka_unit_test(test_always_in_the_middle),
		cmocka_unit_test(test_largest_descriptors),
		cmocka_unit_test(test_nothing_is_mapped),
		cmocka_unit_test(test_refresh_sees_what_changed),
		cmocka_unit_test(test_unknown_version),
		cmocka_unit_test(test_older_version),
		cmocka_unit_test(test_not_started),
		cmocka_unit_test(test_no_goroutine_program),
		cmocka_unit_test(test_death),
		cmocka_unit_test(test_rings_from_outside),
		cmocka_unit_test(test_layout_lies),
		cmocka_unit_test(test_memory_lies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
