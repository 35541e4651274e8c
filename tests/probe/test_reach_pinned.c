/* SPDX-License-Identifier: MIT */
/*
 * Pages that were pinned before writes were noted can be written to without a fault: a child has
 * one registered with io_uring, and reads a reference into it from a pipe between two looks. It
 * must be seen; and whatever can have pages pinned keeps writes from being noted, while ordinary
 * files do not.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reach/writes.h"
#include "reach_child.h"

#define MAPPED_BYTES ((size_t)1 << 20)
#define PLACE        40000u /* in there */
#define SKIPS        2u

/* Shared with children. */
static struct shared {
	uint32_t order; /* a futex */
	uint32_t done;
	uint32_t failed;
} * shared;

static unsigned char *mapped;
static uint64_t words[2];
static int ends[2];

/* --- children ------------------------------------------------------------------------------- */

struct ring {
	int fd;
	unsigned int *tail, *mask, *array;
	struct io_uring_sqe *entries;
};

static void *map_ring(const struct ring *ring, size_t bytes, off_t offset)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
			offset);

	return at == MAP_FAILED ? NULL : at;
}

static bool make_ring(struct ring *ring)
{
	struct io_uring_params params = {0};
	struct iovec buffer = {mapped, MAPPED_BYTES};
	unsigned char *queue;

	ring->fd = (int)syscall(SYS_io_uring_setup, 4, &params);
	if (ring->fd < 0)
		return false;
	queue = map_ring(ring, params.sq_off.array + params.sq_entries * sizeof(unsigned int),
			 IORING_OFF_SQ_RING);
	ring->entries = map_ring(ring, params.sq_entries * sizeof(*ring->entries), IORING_OFF_SQES);
	if (!queue || !ring->entries)
		return false;
	ring->tail = (void *)(queue + params.sq_off.tail);
	ring->mask = (void *)(queue + params.sq_off.ring_mask);
	ring->array = (void *)(queue + params.sq_off.array);
	return syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_BUFFERS, &buffer, 1) == 0;
}

static void read_into_pinned(const struct ring *ring)
{
	ring->entries[0] = (struct io_uring_sqe){
		.opcode = IORING_OP_READ_FIXED,
		.fd = ends[0],
		.addr = (uint64_t)(uintptr_t)mapped + PLACE,
		.len = sizeof(uint64_t),
	};
	ring->array[*ring->tail & *ring->mask] = 0;
	__atomic_store_n(ring->tail, *ring->tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		abort();
}

static void tell_done(void)
{
	__atomic_store_n(&shared->done, 1, __ATOMIC_RELEASE);
}

static void wait_for_order(void)
{
	while (!__atomic_exchange_n(&shared->order, 0, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &shared->order, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static void with_ring(void)
{
	struct ring ring = {0};
	bool made = make_ring(&ring);

	shared->failed = !made;
	for (;;) {
		tell_done();
		wait_for_order();
		if (made)
			read_into_pinned(&ring);
	}
}

static void sleep_on(void)
{
	tell_done();
	for (;;)
		wait_for_order();
}

static void with_direct_file(void)
{
	char name[] = "/tmp/loiter-pinned-XXXXXX";
	int fd = mkstemp(name);

	shared->failed =
		fd < 0 || unlink(name) < 0 || fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_DIRECT) < 0;
	sleep_on();
}

static void with_ordinary_files(void)
{
	char name[] = "/tmp/loiter-pinned-XXXXXX";
	int fd = mkstemp(name);

	shared->failed = fd < 0 || unlink(name) < 0 || open("/dev/null", O_RDWR) < 0 ||
			 open("/dev/urandom", O_RDONLY) < 0 || pipe(ends) < 0;
	sleep_on();
}

static void after_closing_the_ring(void)
{
	struct ring ring;

	shared->failed = !make_ring(&ring) || close(ring.fd) < 0;
	sleep_on();
}

/* --- looking -------------------------------------------------------------------------------- */

static void await_done(void)
{
	while (!__atomic_load_n(&shared->done, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void give_order(void)
{
	__atomic_store_n(&shared->done, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&shared->order, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &shared->order, FUTEX_WAKE, 1, NULL, NULL, 0);
	await_done();
}

struct world {
	pid_t pid;
	struct ltr_process *process;
	struct ltr_reach *reach;
	struct ltr_reach_region skip[SKIPS];
};

/* False: the child could not do it. */
static bool begin(struct world *world, void (*child)(void))
{
	uint64_t low = (uint64_t)(uintptr_t)stacks;
	struct ltr_why why;

	memset(shared, 0, sizeof(*shared));
	*world = (struct world){
		.skip = {own_stack(),
			 {low, low + (uint64_t)STACKS * STACK_BYTES, LTR_REACH_STACKS}},
		.pid = fork(),
	};
	if (world->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		child();
		_exit(1);
	}
	assert_true(world->pid > 0);
	await_done();
	assert_int_equal(ltr_process_open((uint32_t)world->pid, &world->process, &why), 0);
	assert_int_equal(ltr_reach_new(world->process, 1u << 30, &world->reach), 0);
	return !shared->failed;
}

static void end(struct world *world)
{
	ltr_reach_free(world->reach);
	ltr_process_close(world->process);
	kill(world->pid, SIGKILL);
	waitpid(world->pid, NULL, 0);
}

/* The child may not sleep yet. */
static int watch(struct ltr_reach *reach)
{
	int error;

	while ((error = ltr_reach_watch_writes(reach, words)) == -EAGAIN)
		sched_yield();
	return error;
}

static __attribute__((noinline)) void make_hidden(void)
{
	hide(0, new_block(100));
}

static void a_reference_that_comes_without_a_fault_is_seen(void **state)
{
	uint64_t word = ~hidden[0];
	struct ltr_reach_goroutine goroutine = {.id = 1, .object = word, .candidate = true};
	struct ltr_why why;
	struct world world;
	bool possible = begin(&world, with_ring);

	(void)state;
	if (possible) {
		(void)watch(world.reach); /* as who asks: it goes on without */
		assert_int_equal(ltr_reach_read(world.reach, world.skip, SKIPS, &why), 0);
		assert_int_equal(ltr_reach_read_stacks(world.reach, &goroutine, 1), 0);
		assert_int_equal(ltr_reach_mark(world.reach, &goroutine, 1), 0);
		assert_false(goroutine.reached);
		assert_int_equal(ltr_reach_forget(world.reach), 0);
		assert_int_equal(write(ends[1], &word, sizeof(word)), sizeof(word));
		give_order();
		assert_int_equal(ltr_reach_read_again(world.reach, world.skip, SKIPS, &why), 0);
		assert_int_equal(ltr_reach_read_stacks(world.reach, &goroutine, 1), 0);
		assert_int_equal(ltr_reach_mark(world.reach, &goroutine, 1), 0);
		assert_true(goroutine.reached);
	}
	end(&world);
	if (!possible)
		skip();
}

static void expect_of(void (*child)(void), int error)
{
	struct world world;
	bool possible = begin(&world, child);

	if (possible)
		assert_int_equal(watch(world.reach), error);
	end(&world);
	if (!possible)
		skip();
}

static void rings_keep_writes_from_being_noted(void **state)
{
	(void)state;
	expect_of(with_ring, -EBUSY);
}

static void so_do_rings_that_are_only_mapped(void **state)
{
	(void)state;
	expect_of(after_closing_the_ring, -EBUSY);
}

static void so_do_files_for_direct_reads(void **state)
{
	(void)state;
	expect_of(with_direct_file, -EBUSY);
}

static void ordinary_files_do_not(void **state)
{
	(void)state;
	expect_of(with_ordinary_files, 0);
}

/* So that one descriptor more can be opened at a time. */
static struct rlimit leave_one_descriptor(void)
{
	struct rlimit before, few;
	int lowest = dup(STDERR_FILENO);

	assert_true(lowest >= 0);
	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){(rlim_t)lowest + 1, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	return before;
}

static void what_cannot_be_known_counts(void **state)
{
	struct world world;
	bool possible = begin(&world, with_direct_file);
	struct rlimit before = leave_one_descriptor();
	bool may = ltr__may_have_pinned(world.process);

	(void)state;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	end(&world);
	if (!possible)
		skip();
	assert_true(may);
}

/* -EAGAIN, and others that are bugs, are no reason to be skipped. */
static bool is_possible(void)
{
	struct world world;
	int error;

	begin(&world, sleep_on);
	error = watch(world.reach);
	end(&world);
	return error != -EOPNOTSUPP && error != -ENOSYS && error != -EPERM && error != -EACCES;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reference_that_comes_without_a_fault_is_seen),
		cmocka_unit_test(rings_keep_writes_from_being_noted),
		cmocka_unit_test(so_do_rings_that_are_only_mapped),
		cmocka_unit_test(so_do_files_for_direct_reads),
		cmocka_unit_test(ordinary_files_do_not),
		cmocka_unit_test(what_cannot_be_known_counts),
	};

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	mapped = mmap(NULL, MAPPED_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED || mapped == MAP_FAILED || pipe(ends) < 0 || set_up(NULL) < 0)
		return 1;
	words[0] = (uint64_t)(uintptr_t)&shared->order;
	memset(mapped, 0, MAPPED_BYTES);
	if (!is_possible()) {
		puts("skipped: writes cannot be watched here (Linux 6.7? ptrace? x86-64?)");
		return 77;
	}
	make_hidden();
	return cmocka_run_group_tests_name("reach pinned", tests, NULL, NULL);
}
