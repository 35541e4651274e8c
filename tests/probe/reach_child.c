/* SPDX-License-Identifier: MIT */
#include "reach_child.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Pointers in here would be roots: what must not be found is kept inverted. */
uint64_t hidden[8];
unsigned char *stacks;
void *volatile root;

void hide(size_t at, void *pointer)
{
	hidden[at] = ~(uint64_t)(uintptr_t)pointer;
}

void *shown(size_t at)
{
	return (void *)(uintptr_t)~hidden[at];
}

/* The stack of goroutine 1, 2, ...: its words, from the top down. */
uint64_t *top_of(uint64_t id)
{
	return (uint64_t *)(void *)(stacks + id * STACK_BYTES);
}

struct ltr_reach_goroutine waiting(uint64_t id, uint64_t object, size_t used_words)
{
	uint64_t high = (uint64_t)(uintptr_t)top_of(id);

	return (struct ltr_reach_goroutine){
		.id = id,
		.object = object,
		.saved_sp = high - used_words * 8,
		.stack_low = high - STACK_BYTES,
		.stack_high = high,
		.candidate = true,
	};
}

/* What the test leaves on our own stack and in registers is no reference of the child's. */
static uint32_t word;
const uint64_t child_words[2] = {(uint64_t)(uintptr_t)&word};

pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
	}
	assert_true(pid > 0);
	return pid;
}

/* Our own stack has been in use; so it is left out, as the runtime's threads' stacks are. */
struct ltr_reach_region own_stack(void)
{
	pthread_attr_t attributes;
	void *low;
	size_t bytes;

	assert_int_equal(pthread_getattr_np(pthread_self(), &attributes), 0);
	pthread_attr_getstack(&attributes, &low, &bytes);
	pthread_attr_destroy(&attributes);
	return (struct ltr_reach_region){(uint64_t)(uintptr_t)low, (uint64_t)(uintptr_t)low + bytes,
					 LTR_REACH_SKIP};
}

int set_up(void **state)
{
	(void)state;
	root = NULL;
	memset(hidden, 0, sizeof(hidden));
	/* Nothing just before them: a pointer to their beginning would be one behind that. */
	stacks = mmap(NULL, (size_t)(STACKS + 1) * STACK_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stacks == MAP_FAILED || mprotect(stacks, STACK_BYTES, PROT_NONE) < 0)
		return -1;
	stacks += STACK_BYTES;
	return 0;
}

int tear_down(void **state)
{
	(void)state;
	return munmap(stacks - STACK_BYTES, (size_t)(STACKS + 1) * STACK_BYTES);
}

/*
 * Memory that was in use before may still be referred to, by what lies in other blocks: use all of it
 * up, for good.
 */
void *new_block(size_t bytes)
{
	void *block = NULL;

	for (int i = 0; i < 64; i++)
		block = calloc(1, i < 63 && bytes > 200000 ? 1 : bytes);
	return block;
}
