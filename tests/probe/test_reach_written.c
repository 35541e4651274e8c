/* SPDX-License-Identifier: MIT */
/*
 * Reading a second time only what was written to since the first (ltr_reach_watch_writes()). The rules of
 * test_reach_again.c hold for that, too; here is what is its own: a child's heap is changed at random,
 * before, during and after the first reading, and whatever a reading of everything finds to be reached
 * must be reached. And the thread of which the descriptor is had notices nothing.
 */

#include <errno.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reach_child.h"
#include "reach_churn.h"

#define ROUNDS       12u
#define STEPS        4000u
#define SKIPS        3u
#define DEATHS       200
#define BORROWS      50
#define MAPPED_BYTES ((size_t)1 << 20)

enum order { NONE, CHURN, CHURN_ON, MAP_ANEW, MOVE_AWAY_AND_BACK };

/* Shared with children. */
struct shared {
	uint32_t order; /* a futex */
	uint32_t done;
	uint64_t returns;
	uint32_t word;
};

static struct shared *shared;
static unsigned char *mapped;

/* --- children ------------------------------------------------------------------------------- */

static void refer_from(void *memory)
{
	((uint64_t *)memory)[5000] = ~hidden[0];
}

static void map_anew(void)
{
	if (munmap(mapped, MAPPED_BYTES) < 0 ||
	    mmap(mapped, MAPPED_BYTES, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		abort();
	refer_from(mapped);
}

/* The pages are the same then, what was noted of them is not. */
static void move_away_and_back(void)
{
	void *away = mremap(mapped, MAPPED_BYTES, MAPPED_BYTES, MREMAP_MAYMOVE | MREMAP_FIXED,
			    mapped + 4 * MAPPED_BYTES);

	if (away == MAP_FAILED)
		abort();
	refer_from(away);
	if (mremap(away, MAPPED_BYTES, MAPPED_BYTES, MREMAP_MAYMOVE | MREMAP_FIXED, mapped) ==
	    MAP_FAILED)
		abort();
}

static void carry_out(uint32_t order)
{
	if (order == CHURN)
		churn_steps(STEPS);
	else if (order == MAP_ANEW)
		map_anew();
	else if (order == MOVE_AWAY_AND_BACK)
		move_away_and_back();
	__atomic_store_n(&shared->done, 1, __ATOMIC_RELEASE);
	if (order == CHURN_ON)
		for (;;)
			churn_steps(100);
}

static pid_t start_who_obeys(void)
{
	pid_t pid;

	shared->order = NONE;
	pid = fork();
	assert_true(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		uint32_t order = __atomic_exchange_n(&shared->order, NONE, __ATOMIC_ACQUIRE);

		if (order)
			carry_out(order);
		else
			syscall(SYS_futex, &shared->order, FUTEX_WAIT, NONE, NULL, NULL, 0);
	}
}

static void give(enum order order)
{
	__atomic_store_n(&shared->done, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&shared->order, order, __ATOMIC_RELEASE);
	syscall(SYS_futex, &shared->order, FUTEX_WAKE, 1, NULL, NULL, 0);
	while (!__atomic_load_n(&shared->done, __ATOMIC_ACQUIRE))
		sched_yield();
}

/* --- looking -------------------------------------------------------------------------------- */

struct world {
	struct ltr_process *process;
	struct ltr_reach *reach;
	struct ltr_reach_region skip[SKIPS];
	pid_t pid;
};

static struct ltr_reach *new_reach(const struct world *world)
{
	struct ltr_reach *reach = NULL;

	assert_int_equal(ltr_reach_new(world->process, 1u << 30, &reach), 0);
	return reach;
}

/* On which our children sleep. */
static uint64_t words[2];

/* The child may not sleep yet. */
static int watch(struct ltr_reach *reach, const uint64_t sleeps_on[2])
{
	int error;

	while ((error = ltr_reach_watch_writes(reach, sleeps_on)) == -EAGAIN)
		sched_yield();
	return error;
}

static struct world new_world(void)
{
	uint64_t low = (uint64_t)(uintptr_t)stacks;
	struct world world = {
		.skip = {own_stack(),
			 {low, low + (uint64_t)STACKS * STACK_BYTES, LTR_REACH_STACKS},
			 churn_notes()},
	};
	struct ltr_why why;

	world.pid = start_who_obeys();
	assert_int_equal(ltr_process_open((uint32_t)world.pid, &world.process, &why), 0);
	world.reach = new_reach(&world);
	assert_int_equal(watch(world.reach, words), 0);
	return world;
}

static void end(struct world *world)
{
	ltr_reach_free(world->reach);
	ltr_process_close(world->process);
	kill(world->pid, SIGKILL);
	waitpid(world->pid, NULL, 0);
}

static void first_look(const struct world *world, struct ltr_reach_goroutine *goroutines,
		       size_t count)
{
	struct ltr_why why;

	assert_int_equal(ltr_reach_read(world->reach, world->skip, SKIPS, &why), 0);
	assert_int_equal(ltr_reach_read_stacks(world->reach, goroutines, count), 0);
	assert_int_equal(ltr_reach_mark(world->reach, goroutines, count), 0);
	/* As who asks has to: whom this one has reached is not asked about any more. */
	for (size_t i = 0; i < count; i++)
		goroutines[i].candidate = !goroutines[i].reached;
	assert_int_equal(ltr_reach_forget(world->reach), 0);
}

static void read_second(const struct world *world, struct ltr_reach_goroutine *goroutines,
			size_t count)
{
	struct ltr_why why;

	assert_int_equal(ltr_reach_read_again(world->reach, world->skip, SKIPS, &why), 0);
	assert_int_equal(ltr_reach_read_stacks(world->reach, goroutines, count), 0);
}

static void mark_second(const struct world *world, struct ltr_reach_goroutine *goroutines,
			size_t count)
{
	assert_int_equal(ltr_reach_mark(world->reach, goroutines, count), 0);
}

static void look_at_everything(const struct world *world, struct ltr_reach_goroutine *goroutines,
			       size_t count)
{
	struct ltr_reach *reach = new_reach(world);
	struct ltr_why why;

	assert_int_equal(ltr_reach_read(reach, world->skip, SKIPS, &why), 0);
	assert_int_equal(ltr_reach_read_stacks(reach, goroutines, count), 0);
	assert_int_equal(ltr_reach_mark(reach, goroutines, count), 0);
	ltr_reach_free(reach);
}

static struct ltr_reach_goroutine waits_on(uint64_t id, uint64_t object)
{
	return (struct ltr_reach_goroutine){.id = id, .object = object, .candidate = true};
}

/* --- at random ------------------------------------------------------------------------------ */

static struct {
	uint64_t asked, unreached, also_here;
	uint64_t read, all;
} sum;

/* The heap is changed between the two looks, and with `during` in the course of the first, too. */
static void change_and_look(bool during)
{
	struct ltr_reach_goroutine fast[CHURN_OBJECTS], full[CHURN_OBJECTS];
	struct world world = new_world();
	struct ltr_reach_stop *stop = NULL;
	struct ltr_why why;
	int policy = sched_getscheduler(0);

	for (uint32_t i = 0; i < CHURN_OBJECTS; i++)
		fast[i] = full[i] = waits_on(i + 1, churn_object(i));
	if (during)
		give(CHURN_ON);
	first_look(&world, fast, CHURN_OBJECTS);
	sum.all += ltr_reach_facts(world.reach).read_bytes;
	if (!during)
		give(CHURN);
	assert_int_equal(ltr_reach_stop(world.process, &stop, &why), 0);
	read_second(&world, fast, CHURN_OBJECTS);
	look_at_everything(&world, full, CHURN_OBJECTS);
	ltr_reach_go_on(stop);
	assert_int_equal(sched_getscheduler(0), policy);
	mark_second(&world, fast, CHURN_OBJECTS);
	sum.read += ltr_reach_facts(world.reach).read_bytes;
	for (uint32_t i = 0; i < CHURN_OBJECTS; i++) {
		sum.asked++;
		sum.unreached += !full[i].reached;
		sum.also_here += !fast[i].reached;
		if (full[i].reached && !fast[i].reached)
			fail_msg("object %u is reached, and was not seen to be", i);
	}
	end(&world);
}

/* Most are found. A block with an old word may hide some. */
static void after_the_first_look(void **state)
{
	(void)state;
	memset(&sum, 0, sizeof(sum));
	for (uint32_t i = 0; i < ROUNDS; i++) {
		churn_steps(STEPS);
		change_and_look(false);
	}
	print_message("of %llu, %llu are not reached, %llu were found\n",
		      (unsigned long long)sum.asked, (unsigned long long)sum.unreached,
		      (unsigned long long)sum.also_here);
	assert_true(sum.unreached > ROUNDS);
	assert_true(sum.also_here > ROUNDS);
}

static void during_the_first_look(void **state)
{
	(void)state;
	memset(&sum, 0, sizeof(sum));
	for (uint32_t i = 0; i < ROUNDS; i++) {
		churn_steps(STEPS);
		change_and_look(true);
	}
	print_message("of %llu, %llu are not reached, %llu were found\n",
		      (unsigned long long)sum.asked, (unsigned long long)sum.unreached,
		      (unsigned long long)sum.also_here);
}

/* --- one by one ----------------------------------------------------------------------------- */

static __attribute__((noinline)) void make_hidden(void)
{
	hide(0, new_block(100));
}

/* What the second reading has seen counts, and not what is there when it is looked at. */
static void as_it_was_when_it_stood(void **state)
{
	struct ltr_reach_goroutine goroutine;
	uint64_t place = (uint64_t)(uintptr_t)mapped + 5000, word = ~hidden[0], zero = 0;

	(void)state;
	for (int there = 0; there < 2; there++) {
		struct world world = new_world();

		goroutine = waits_on(1, word);
		first_look(&world, &goroutine, 1);
		assert_false(goroutine.reached);
		if (there)
			ltr_process_write(world.process, place, &word, 8);
		read_second(&world, &goroutine, 1);
		ltr_process_write(world.process, place, there ? &zero : &word, 8);
		mark_second(&world, &goroutine, 1);
		assert_int_equal(goroutine.reached, there);
		end(&world);
	}
}

static void only_what_was_written_is_read(void **state)
{
	struct ltr_reach_goroutine goroutine = waits_on(1, ~hidden[0]);
	struct world world = new_world();
	uint64_t first, second;

	(void)state;
	first_look(&world, &goroutine, 1);
	read_second(&world, &goroutine, 1);
	second = ltr_reach_facts(world.reach).read_bytes;
	mark_second(&world, &goroutine, 1);
	assert_false(goroutine.reached);
	look_at_everything(&world, &goroutine, 1);
	ltr_reach_free(world.reach);
	world.reach = new_reach(&world);
	first_look(&world, &goroutine, 1);
	read_second(&world, &goroutine, 1);
	mark_second(&world, &goroutine, 1);
	first = ltr_reach_facts(world.reach).read_bytes;
	assert_true(second * 4 < first);
	end(&world);
}

static void refers_after(enum order order)
{
	struct ltr_reach_goroutine goroutine = waits_on(1, ~hidden[0]);
	struct world world = new_world();

	first_look(&world, &goroutine, 1);
	assert_false(goroutine.reached);
	give(order);
	read_second(&world, &goroutine, 1);
	mark_second(&world, &goroutine, 1);
	assert_true(goroutine.reached);
	end(&world);
}

static void memory_was_mapped_anew(void **state)
{
	(void)state;
	refers_after(MAP_ANEW);
}

static void memory_was_moved(void **state)
{
	(void)state;
	refers_after(MOVE_AWAY_AND_BACK);
}

/* --- the descriptor ------------------------------------------------------------------------- */

static void *wait_and_count(void *timed)
{
	const struct timespec long_time = {.tv_sec = 1000};

	for (;;) {
		syscall(SYS_futex, &shared->word, FUTEX_WAIT, 0, timed ? &long_time : NULL, NULL,
			0);
		__atomic_fetch_add(&shared->returns, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static int count_files(pid_t pid)
{
	char command[64], line[32] = "";
	FILE *pipe;

	snprintf(command, sizeof(command), "ls /proc/%d/fd | wc -l", (int)pid);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(line, sizeof(line), pipe));
	pclose(pipe);
	return atoi(line);
}

/* A thread in futex(2) sleeps on, with a timeout and without, and no descriptor is left. */
static void the_thread_notices_nothing(void **state)
{
	(void)state;
	for (uintptr_t timed = 0; timed < 2; timed++) {
		struct ltr_process *process = NULL;
		struct ltr_why why;
		pid_t pid = fork();
		int files;

		if (pid == 0)
			wait_and_count((void *)timed);
		assert_true(pid > 0);
		assert_int_equal(ltr_process_open((uint32_t)pid, &process, &why), 0);
		files = count_files(pid);
		for (int i = 0; i < BORROWS; i++) {
			struct ltr_reach *reach = NULL;

			assert_int_equal(ltr_reach_new(process, 1u << 30, &reach), 0);
			assert_int_equal(watch(reach, words), 0);
			ltr_reach_free(reach);
		}
		assert_int_equal(shared->returns, 0);
		assert_int_equal(count_files(pid), files);
		/* It can still be woken. */
		while (!__atomic_load_n(&shared->returns, __ATOMIC_RELAXED)) {
			syscall(SYS_futex, &shared->word, FUTEX_WAKE, 1, NULL, NULL, 0);
			sched_yield();
		}
		ltr_process_close(process);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		shared->returns = 0;
	}
}

/* Borrows from the process for ever. */
static void borrow_on(pid_t pid)
{
	struct ltr_process *process = NULL;
	struct ltr_why why;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (ltr_process_open((uint32_t)pid, &process, &why) != 0)
		_exit(1);
	__atomic_store_n(&shared->done, 1, __ATOMIC_RELEASE);
	for (;;) {
		struct ltr_reach *reach = NULL;

		if (ltr_reach_new(process, 1u << 30, &reach) != 0)
			_exit(1);
		(void)ltr_reach_watch_writes(reach, words);
		ltr_reach_free(reach);
	}
}

/* Who borrows may be killed at any moment: the thread goes on, and sleeps again, or still. */
static void a_borrower_that_dies_does_no_harm(void **state)
{
	struct chance chance = {chance_seed()};
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		wait_and_count(NULL);
	assert_true(pid > 0);
	for (int i = 0; i < DEATHS; i++) {
		pid_t borrower;
		uint32_t before;

		shared->done = 0;
		borrower = fork();
		if (borrower == 0)
			borrow_on(pid);
		assert_true(borrower > 0);
		while (!__atomic_load_n(&shared->done, __ATOMIC_ACQUIRE))
			sched_yield();
		usleep(chance_below(&chance, 2000)); /* anywhere in there */
		kill(borrower, SIGKILL);
		waitpid(borrower, NULL, 0);
		before = __atomic_load_n(&shared->returns, __ATOMIC_RELAXED);
		while (__atomic_load_n(&shared->returns, __ATOMIC_RELAXED) == before) {
			assert_int_equal(kill(pid, 0), 0);
			assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
			syscall(SYS_futex, &shared->word, FUTEX_WAKE, 1, NULL, NULL, 0);
			sched_yield();
		}
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	shared->returns = 0;
}

/* Where nobody sleeps in a fit call, nobody is made to do anything. */
static void who_does_something_else_is_left_alone(void **state)
{
	struct ltr_process *process = NULL;
	struct ltr_reach *reach = NULL;
	struct ltr_why why;
	int ends[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		char byte;

		_exit(read(ends[0], &byte, 1) == 1 && byte == 'x' ? 0 : 1);
	}
	assert_true(pid > 0);
	assert_int_equal(ltr_process_open((uint32_t)pid, &process, &why), 0);
	assert_int_equal(ltr_reach_new(process, 1u << 30, &reach), 0);
	assert_int_equal(ltr_reach_watch_writes(reach, words), -EAGAIN);
	ltr_reach_free(reach);
	ltr_process_close(process);
	assert_int_equal(write(ends[1], "x", 1), 1);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Ends who calls userfaultfd(2); shared->word tells whether it was installed. */
static void wait_under_filter(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_userfaultfd, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = 4, .filter = filter};
	bool installed = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
			 prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;

	__atomic_store_n(&shared->done, installed ? 1 : 2, __ATOMIC_RELEASE);
	for (;;)
		syscall(SYS_futex, &shared->word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static void a_filter_is_not_tried(void **state)
{
	struct ltr_process *process = NULL;
	struct ltr_reach *reach = NULL;
	struct ltr_why why;
	pid_t pid;

	(void)state;
	shared->done = 0;
	pid = fork();
	if (pid == 0)
		wait_under_filter();
	assert_true(pid > 0);
	while (!__atomic_load_n(&shared->done, __ATOMIC_ACQUIRE))
		sched_yield();
	assert_int_equal(shared->done, 1);
	assert_int_equal(ltr_process_open((uint32_t)pid, &process, &why), 0);
	assert_int_equal(ltr_reach_new(process, 1u << 30, &reach), 0);
	assert_int_equal(watch(reach, words), -EPERM);
	assert_true(ltr_process_is_alive(process));
	ltr_reach_free(reach);
	ltr_process_close(process);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* -EAGAIN, and others that are bugs, are no reason to be skipped. */
static bool is_possible(void)
{
	struct ltr_process *process = NULL;
	struct ltr_reach *reach = NULL;
	struct ltr_why why;
	pid_t pid = start_child();
	int error = ltr_process_open((uint32_t)pid, &process, &why);

	if (!error)
		error = ltr_reach_new(process, 1u << 30, &reach);
	if (!error)
		error = watch(reach, child_words);
	ltr_reach_free(reach);
	ltr_process_close(process);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return error != -EOPNOTSUPP && error != -ENOSYS && error != -EPERM && error != -EACCES;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_thread_notices_nothing),
		cmocka_unit_test(a_borrower_that_dies_does_no_harm),
		cmocka_unit_test(who_does_something_else_is_left_alone),
		cmocka_unit_test(a_filter_is_not_tried),
		cmocka_unit_test(as_it_was_when_it_stood),
		cmocka_unit_test(only_what_was_written_is_read),
		cmocka_unit_test(memory_was_mapped_anew),
		cmocka_unit_test(memory_was_moved),
		cmocka_unit_test(after_the_first_look),
		cmocka_unit_test(during_the_first_look),
	};

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	mapped = mmap(NULL, 5 * MAPPED_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED || mapped == MAP_FAILED || set_up(NULL) < 0)
		return 1;
	words[0] = (uint64_t)(uintptr_t)&shared->order;
	words[1] = (uint64_t)(uintptr_t)&shared->word;
	/* So that what is moved there has a place, and is no neighbour. */
	munmap(mapped + MAPPED_BYTES, 4 * MAPPED_BYTES);
	memset(mapped, 0, MAPPED_BYTES);
	if (!is_possible()) {
		puts("skipped: writes cannot be watched here (Linux 6.7? ptrace? x86-64?)");
		return 77;
	}
	make_hidden(); /* first: nothing was ever at its place */
	churn_prepare(chance_seed());
	return cmocka_run_group_tests_name("reach written", tests, NULL, NULL);
}
