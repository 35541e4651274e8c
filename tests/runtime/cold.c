/* SPDX-License-Identifier: MIT */

/*
 * Cold stacks: packed away, and there again for whoever touches them. Each rule waits until the
 * runtime says that stacks are packed, and asks the kernel whether the page is really gone.
 */

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "harness.h"

LTR_CHAN(signals, uint64_t);

#define PAGE 4096u
#define MANY 200

static struct ltr_waitgroup all;

static void begin(void)
{
	expect(ltr_cold_after(LTR_MILLISECOND) == 0);
}

static void wait_cold(uint64_t count)
{
	while (ltr_cold_count() < count)
		ltr_sleep(LTR_MILLISECOND);
}

static bool is_there(const void *address)
{
	unsigned char there;

	expect(mincore((void *)((uintptr_t)address & ~(uintptr_t)(PAGE - 1)), PAGE, &there) == 0);
	return there & 1;
}

static void wait_gone(const void *address)
{
	while (is_there(address))
		ltr_sleep(LTR_MILLISECOND);
}

static void fill(uint64_t *words, size_t count, uint64_t seed)
{
	for (size_t i = 0; i < count; i++)
		words[i] = rule_random(&seed);
}

static bool holds(const uint64_t *words, size_t count, uint64_t seed)
{
	for (size_t i = 0; i < count; i++)
		if (words[i] != rule_random(&seed))
			return false;
	return true;
}

/* A goroutine with words on its stack, which others may know, that waits for a word to come. */
struct owner {
	signals wake;
	uint64_t seed;
	uint64_t *on_stack;
	uint64_t expected; /* of on_stack[0] in the end; 0: as it was */
};

#define WORDS 64

static void own(struct owner **argument)
{
	struct owner *owner = *argument;
	volatile uint64_t words[WORDS];
	uint64_t *mine = (uint64_t *)(uintptr_t)words, got = 0, first;

	fill(mine, WORDS, owner->seed);
	__atomic_store_n(&owner->on_stack, mine, __ATOMIC_RELEASE);
	first = mine[0];
	expect(ltr_recv(owner->wake, &got) == 0);
	expect(got == owner->seed);
	expect(mine[0] == (owner->expected ? owner->expected : first));
	mine[0] = first;
	expect(holds(mine, WORDS, owner->seed));
	ltr_waitgroup_done(&all);
}

static void start_owner(struct owner *owner, uint64_t seed)
{
	*owner = (struct owner){.wake = ltr_make(signals, 0), .seed = seed | 1};
	ltr_waitgroup_add(&all, 1);
	ltr_go(own, owner);
	while (!__atomic_load_n(&owner->on_stack, __ATOMIC_ACQUIRE))
		ltr_yield();
}

static void end_owner(struct owner *owner)
{
	ltr_send(owner->wake, owner->seed);
	ltr_waitgroup_wait(&all);
	ltr_free(owner->wake);
}

static int a_woken_goroutine_finds_its_stack(int argc, char **argv)
{
	static struct owner owners[MANY];

	(void)argc, (void)argv;
	begin();
	for (int i = 0; i < MANY; i++)
		start_owner(&owners[i], rule_seed + (uint64_t)i);
	wait_cold(MANY);
	for (int i = 0; i < MANY; i++)
		expect(!is_there(owners[i].on_stack));
	for (int i = 0; i < MANY; i++)
		ltr_send(owners[i].wake, owners[i].seed);
	ltr_waitgroup_wait(&all);
	expect(ltr_cold_count() == 0);
	return 0;
}

static int another_goroutine_may_touch(int argc, char **argv)
{
	struct owner owner;

	(void)argc, (void)argv;
	begin();
	start_owner(&owner, rule_seed);
	wait_gone(owner.on_stack);
	expect(holds(owner.on_stack, WORDS, owner.seed));
	expect(ltr_cold_packs() >= 1);
	wait_gone(owner.on_stack);
	owner.expected = ++owner.on_stack[0];
	wait_gone(owner.on_stack);
	end_owner(&owner);
	return 0;
}

static int system_calls_may_touch(int argc, char **argv)
{
	uint64_t words[WORDS], got;
	struct owner owner;
	int ends[2];

	(void)argc, (void)argv;
	begin();
	expect(pipe(ends) == 0);
	start_owner(&owner, rule_seed);

	wait_gone(owner.on_stack);
	expect(write(ends[1], owner.on_stack, sizeof(words)) == sizeof(words));
	expect(read(ends[0], words, sizeof(words)) == sizeof(words));
	expect(holds(words, WORDS, owner.seed));

	got = owner.expected = 42;
	expect(write(ends[1], &got, sizeof(got)) == sizeof(got));
	wait_gone(owner.on_stack);
	expect(read(ends[0], owner.on_stack, sizeof(got)) == sizeof(got));
	wait_gone(owner.on_stack);
	end_owner(&owner);
	return 0;
}

/* The helper is forked first: a child that shares pages keeps them from being packed. */
static int another_process_may_read(int argc, char **argv)
{
	uint64_t words[WORDS], address;
	struct owner owner;
	int there[2], back[2];
	pid_t helper;

	(void)argc, (void)argv;
	expect(pipe(there) == 0 && pipe(back) == 0);
	helper = fork();
	expect(helper >= 0);
	if (helper == 0) {
		struct iovec local = {words, sizeof(words)}, remote = {NULL, sizeof(words)};

		if (read(there[0], &address, sizeof(address)) != sizeof(address))
			_exit(1);
		remote.iov_base = (void *)(uintptr_t)address;
		if (process_vm_readv(getppid(), &local, 1, &remote, 1, 0) != sizeof(words))
			_exit(1);
		_exit(write(back[1], words, sizeof(words)) != sizeof(words));
	}
	prctl(PR_SET_PTRACER, helper, 0, 0, 0);
	begin();
	start_owner(&owner, rule_seed);
	wait_gone(owner.on_stack);
	address = (uint64_t)(uintptr_t)owner.on_stack;
	expect(write(there[1], &address, sizeof(address)) == sizeof(address));
	close(back[1]);
	expect(read(back[0], words, sizeof(words)) == sizeof(words));
	expect(holds(words, WORDS, owner.seed));
	expect(waitpid(helper, NULL, 0) == helper);
	end_owner(&owner);
	return 0;
}

/* Touches `pages` pages of its own stack, and looks at them again after the others had their turn. */
static __attribute__((noinline)) void go_deep(int pages, uint64_t seed, char **ret_deepest)
{
	volatile uint64_t words[PAGE / 8];

	fill((uint64_t *)(uintptr_t)words, PAGE / 8, seed);
	if (ret_deepest)
		*ret_deepest = (char *)(uintptr_t)words;
	if (pages > 1)
		go_deep(pages - 1, seed + 1, ret_deepest);
	ltr_yield();
	expect(holds((uint64_t *)(uintptr_t)words, PAGE / 8, seed));
}

struct diver {
	signals wake;
	char *deepest;
};

static void dive(struct diver **argument)
{
	struct diver *diver = *argument;
	uint64_t got;
	char *deepest;

	go_deep(12, rule_seed, &deepest);
	__atomic_store_n(&diver->deepest, deepest, __ATOMIC_RELEASE);
	expect(ltr_recv(diver->wake, &got) == 0);
	go_deep(12, got, &deepest);
	ltr_waitgroup_done(&all);
}

static int unused_pages_go_too(int argc, char **argv)
{
	struct diver diver = {ltr_make(signals, 0), NULL};

	(void)argc, (void)argv;
	begin();
	ltr_waitgroup_add(&all, 1);
	ltr_go(dive, &diver);
	while (!__atomic_load_n(&diver.deepest, __ATOMIC_ACQUIRE))
		ltr_yield();
	wait_gone(diver.deepest);
	for (size_t i = 0; i < 12; i++)
		expect(!is_there(diver.deepest + i * PAGE));
	ltr_send(diver.wake, rule_seed + 1);
	ltr_waitgroup_wait(&all);
	return 0;
}

/* --- races ---------------------------------------------------------------------------------- */

#define RACE_OWNERS 16
#define RACE_PACKS  300u

static uint32_t enough; /* atomic */

static void *add_all_the_time(void *argument)
{
	struct owner *owner = argument;
	volatile uint64_t *word = owner->on_stack;

	while (!__atomic_load_n(&enough, __ATOMIC_ACQUIRE)) {
		for (int i = 0; i < 1000; i++)
			*word = *word + 1;
		owner->expected += 1000;
		expect(*word == owner->expected);
	}
	return NULL;
}

/* Threads of the operating system write into stacks all the time while these are being packed: no
 * write may be lost. */
static int no_write_is_lost_while_packing(int argc, char **argv)
{
	static struct owner owners[RACE_OWNERS];
	pthread_t writers[RACE_OWNERS];

	(void)argc, (void)argv;
	begin();
	for (int i = 0; i < RACE_OWNERS; i++) {
		start_owner(&owners[i], rule_seed + (uint64_t)i);
		owners[i].expected = owners[i].on_stack[0];
		expect(pthread_create(&writers[i], NULL, add_all_the_time, &owners[i]) == 0);
	}
	while (ltr_cold_packs() < RACE_PACKS)
		ltr_sleep(LTR_MILLISECOND);
	__atomic_store_n(&enough, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < RACE_OWNERS; i++)
		expect(pthread_join(writers[i], NULL) == 0);
	for (int i = 0; i < RACE_OWNERS; i++)
		ltr_send(owners[i].wake, owners[i].seed);
	ltr_waitgroup_wait(&all);
	return 0;
}

/* Waits about as long as it takes to be packed, in all ways, and goes deep in between. */
static void nap_and_dive(uint64_t *seed)
{
	volatile uint64_t words[WORDS];
	signals never = ltr_make(signals, 0);
	uint64_t got;

	while (!__atomic_load_n(&enough, __ATOMIC_ACQUIRE)) {
		uint64_t pattern = rule_random(seed), nap_ns = rule_random(seed) % 4000000;

		fill((uint64_t *)(uintptr_t)words, WORDS, pattern);
		if (pattern & 1)
			ltr_sleep((int64_t)nap_ns);
		else
			expect(ltr_recv(never, &got, ltr_after((int64_t)nap_ns)) == -ETIMEDOUT);
		go_deep(1 + (int)(pattern % 8), pattern, NULL);
		expect(holds((uint64_t *)(uintptr_t)words, WORDS, pattern));
	}
	ltr_free(never);
	ltr_waitgroup_done(&all);
}

static int waking_races_with_packing(int argc, char **argv)
{
	(void)argc, (void)argv;
	begin();
	ltr_waitgroup_add(&all, RACE_OWNERS);
	for (uint64_t i = 0; i < RACE_OWNERS; i++)
		ltr_go(nap_and_dive, (rule_seed + i) | 1);
	while (ltr_cold_packs() < RACE_PACKS)
		ltr_sleep(LTR_MILLISECOND);
	__atomic_store_n(&enough, 1, __ATOMIC_RELEASE);
	ltr_waitgroup_wait(&all);
	return 0;
}

/* --- the rest ------------------------------------------------------------------------------- */

static void wait_for_close(signals *closed)
{
	uint64_t got;

	expect(ltr_recv(*closed, &got) == -EPIPE);
	ltr_waitgroup_done(&all);
}

static int closing_wakes_cold_ones(int argc, char **argv)
{
	signals closed = ltr_make(signals, 0);

	(void)argc, (void)argv;
	begin();
	ltr_waitgroup_add(&all, MANY);
	for (int i = 0; i < MANY; i++)
		ltr_go(wait_for_close, closed);
	wait_cold(MANY);
	ltr_close(closed);
	ltr_waitgroup_wait(&all);
	/* The pages serve again. */
	ltr_waitgroup_add(&all, MANY);
	for (int i = 0; i < MANY; i++)
		ltr_go(wait_for_close, closed);
	ltr_waitgroup_wait(&all);
	return 0;
}

static signals for_ever;

void wait_in_vain(void); /* not static: the report knows the names of what is exported */
__attribute__((noinline)) void wait_in_vain(void)
{
	uint64_t got;

	ltr_recv(for_ever, &got);
	expect(false);
}

static int a_deadlock_is_reported_with_cold_stacks(int argc, char **argv)
{
	(void)argc, (void)argv;
	begin();
	for_ever = ltr_make(signals, 0);
	ltr_go(wait_in_vain);
	wait_cold(1);
	wait_in_vain();
	return 0;
}

static int durations_have_a_range(int argc, char **argv)
{
	(void)argc, (void)argv;
	expect(ltr_cold_after(LTR_MILLISECOND - 1) == -EINVAL);
	expect(ltr_cold_after(-1) == -EINVAL);
	expect(ltr_cold_after(60 * LTR_MINUTE + 1) == -EINVAL);
	expect(ltr_cold_after(60 * LTR_MINUTE) == 0);
	expect(ltr_cold_after(LTR_SECOND) == -EALREADY);
	expect(ltr_cold_count() == 0 && ltr_cold_packs() == 0);
	return 0;
}

static int refused_in_words(int argc, char **argv)
{
	(void)argc, (void)argv;
	expect(ltr_cold_after(LTR_SECOND) == -ENOSYS);
	expect(ltr_cold_count() == 0);
	return 0;
}

static int try(int argc, char **argv)
{
	(void)argc, (void)argv;
	return -ltr_cold_after(60 * LTR_MINUTE);
}

/* What ltr_run(try) returns in a process of its own, with LTR_COLD. */
static int try_with(const char *duration)
{
	char *arguments[] = {(char *)(uintptr_t) "try", NULL};
	int status;
	pid_t child = fork();

	if (child == 0) {
		setenv("LTR_COLD", duration, 1);
		_exit(abs(ltr_run(try, 1, arguments)));
	}
	expect(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
	return WEXITSTATUS(status);
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(a_woken_goroutine_finds_its_stack),
		RULE(another_goroutine_may_touch),
		RULE(system_calls_may_touch),
		RULE(another_process_may_read),
		RULE(unused_pages_go_too),
		RULE(no_write_is_lost_while_packing),
		RULE(waking_races_with_packing),
		RULE(closing_wakes_cold_ones),
		FATAL_RULE(a_deadlock_is_reported_with_cold_stacks, "wait_in_vain"),
		RULE(durations_have_a_range),
	};
	static const struct rule refused[] = {RULE(refused_in_words)};
	static const char *const nonsense[] = {"1", "s", "0s", "-1s", "1sx", "3601s", "1 s"};
	int r = try_with("");

	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++)
		expect(try_with(nonsense[i]) == EINVAL);
	expect(try_with("1s") == (r ? r : EALREADY));
	if (r == ENOSYS)
		return run_rules(refused, 1);
	if (r) {
		printf("skipped: stacks cannot be packed away here: %s\n", strerror(r));
		return 77;
	}
	rules_need_threads = true; /* packing takes its time, and in seeded runs there is none */
	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
