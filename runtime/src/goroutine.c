/* SPDX-License-Identifier: MIT */

/*
 * The life of a goroutine: its descriptor, its birth, its deferred functions and its end.
 *
 * Descriptors come from slabs of LTR__SLAB_DESCRIPTORS, each slab one mapping that stays. A stack is
 * bound when the goroutine runs for the first time, not when it is created: those that wait to run
 * cost a descriptor only, and the hot stack of one that has just ended serves the next.
 */

#include "goroutine.h"

#include <alloca.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fatal.h"
#include "reserve.h"
#include "sanitize.h"
#include "scheduler.h"
#include "trace.h"

#define ARGUMENT_BYTES_MAX 4096u
#define FREE_BATCH         (LTR__FREE_DESCRIPTORS / 2)

struct ltr__deferred {
	struct ltr__deferred *next;
	void (*function)(void *);
	void *argument;
};

struct ltr__goroutine *ltr__slabs[LTR__SLAB_MAX];
uint32_t ltr__slab_count;

/*
 * Free descriptors: of each processor, and of all (guarded by slab_lock). Both are arrays of pointers
 * used from the end, not lists through the descriptors: following a list through memory that is in no
 * cache costs as much as a goroutine's whole life.
 */
static uint32_t slab_lock;
static struct ltr__goroutine **common_free; /* address space for all that there can be */
static uint64_t common_free_count;
static struct ltr__goroutine *slab;
static uint32_t slab_used;

int ltr__descriptors_init(void)
{
	common_free = ltr__reserve((size_t)LTR__SLAB_MAX * LTR__SLAB_DESCRIPTORS *
				   sizeof(common_free[0]));
	return common_free ? 0 : -ENOMEM;
}

/* Under the lock. False: no memory, or as many as there may be. */
static bool add_slab(void)
{
	void *memory;

	if (ltr__slab_count >= LTR__SLAB_MAX)
		return false;
	/* All pages at once, which costs a fraction of touching one after the other; but a program
	 * with few goroutines does not need them. */
	memory = mmap(NULL, LTR__SLAB_DESCRIPTORS * sizeof(*slab), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | (slab ? MAP_POPULATE : 0), -1, 0);
	if (memory == MAP_FAILED)
		return false;
	slab = memory;
	slab_used = 0;
	ltr__slabs[ltr__slab_count] = slab;
	/* release: outsiders read the count, then the address */
	__atomic_store_n(&ltr__slab_count, ltr__slab_count + 1, __ATOMIC_RELEASE);
	return true;
}

/* Under the lock. One that was never used; NULL: no memory. */
static struct ltr__goroutine *new_descriptor(void)
{
	if ((!slab || slab_used == LTR__SLAB_DESCRIPTORS) && !add_slab())
		return NULL;
	return &slab[slab_used++];
}

static __attribute__((noinline)) void refill(struct ltr__processor *processor)
{
	uint32_t n = 0;

	ltr__lock(&slab_lock);
	while (n < FREE_BATCH && common_free_count)
		processor->free_descriptors[n++] = common_free[--common_free_count];
	while (n < FREE_BATCH && (processor->free_descriptors[n] = new_descriptor()))
		n++;
	ltr__unlock(&slab_lock);
	processor->free_descriptor_count = n;
}

struct ltr__goroutine *ltr__descriptor_get(struct ltr__processor *processor)
{
	uint32_t left;

	if (__builtin_expect(!processor->free_descriptor_count, 0)) {
		refill(processor);
		if (!processor->free_descriptor_count)
			return NULL;
	}
	left = --processor->free_descriptor_count;
	if (left >= LTR__PREFETCH_AHEAD)
		ltr__descriptor_prefetch(processor->free_descriptors[left - LTR__PREFETCH_AHEAD]);
	return processor->free_descriptors[left];
}

static __attribute__((noinline)) void spill(struct ltr__processor *processor)
{
	uint32_t left = processor->free_descriptor_count - FREE_BATCH;

	ltr__lock(&slab_lock);
	memcpy(&common_free[common_free_count], &processor->free_descriptors[left],
	       FREE_BATCH * sizeof(common_free[0]));
	common_free_count += FREE_BATCH;
	ltr__unlock(&slab_lock);
	processor->free_descriptor_count = left;
}

void ltr__descriptor_put(struct ltr__processor *processor, struct ltr__goroutine *descriptor)
{
	if (__builtin_expect(processor->free_descriptor_count == LTR__FREE_DESCRIPTORS, 0))
		spill(processor);
	processor->free_descriptors[processor->free_descriptor_count++] = descriptor;
}

static bool keep_argument(struct ltr__goroutine *newborn, const void *argument, size_t bytes)
{
	void *place = newborn->newborn.argument;

	newborn->newborn.argument_bytes = (uint32_t)bytes;
	if (bytes > sizeof(newborn->newborn.argument)) {
		place = malloc(bytes);
		if (!place)
			return false;
		newborn->newborn.argument_copy = place;
	}
	if (bytes)
		memcpy(place, argument, bytes);
	return true;
}

struct ltr__goroutine *ltr__goroutine_new(struct ltr__thread *thread,
					  const struct ltr_go_options *options,
					  const struct ltr_site *site, const void *creation_pc,
					  void (*function)(void *), const void *argument,
					  size_t argument_bytes)
{
	struct ltr__goroutine *parent = thread->current;
	struct ltr__goroutine *newborn = ltr__descriptor_get(thread->processor);

	if (!newborn)
		return NULL;
	if (!keep_argument(newborn, argument, argument_bytes)) {
		ltr__descriptor_put(thread->processor, newborn);
		return NULL;
	}
	/* id is 0 until everything else is there: outsiders pass over it. */
	__atomic_store_n(&newborn->sequence, 0, __ATOMIC_RELAXED);
	newborn->newborn.stack_class = ltr__stack_class(options ? options->stack_bytes : 0);
	newborn->parent_id = parent ? parent->id : 0;
	newborn->own_flags = options && options->daemon ? LTR_GOROUTINE_DAEMON : 0;
	/* the monitor may just be taking its mark back from the descriptor's last user */
	__atomic_store_n(&newborn->monitor_flags, 0, __ATOMIC_RELAXED);
	newborn->object = 0;
	newborn->waker_id = 0;
	newborn->saved_sp = NULL;
	newborn->stack_low = newborn->stack_high = NULL;
	newborn->entry = function;
	newborn->creation_pc = creation_pc;
	newborn->site = site;
	newborn->name = options && options->name ? ltr__name_new(options->name) : NULL;
	newborn->labels = parent ? ltr__labels_ref(parent->labels) : NULL;
	newborn->deferred = NULL;
	__atomic_store_n(&newborn->id, ltr__next_id(thread->processor), __ATOMIC_RELEASE);
	thread->step_ticks = 0;
	ltr__transition(thread, newborn, LTR_KIND_CREATE, LTR_STATE_QUEUED, LTR_REASON_NONE, 0,
			newborn->parent_id);
	newborn->created_ticks = newborn->since_ticks;
	__atomic_store_n(&thread->ring->created, thread->ring->created + 1, __ATOMIC_RELAXED);
	return newborn;
}

void ltr__goroutine_bind(struct ltr__processor *processor, struct ltr__goroutine *goroutine)
{
	uint32_t stack_class = goroutine->newborn.stack_class;
	char *low = ltr__stack_get(processor, stack_class);

	if (!low)
		ltr__fatal("out of memory: no stack of %zu bytes for goroutine %llu",
			   ltr__stack_bytes(stack_class), (unsigned long long)goroutine->id);
	goroutine->stack_high = low + ltr__stack_bytes(stack_class);
	goroutine->stack_low = low;
}

/* Calls its function with the argument on its own stack; first puts the private half in order. */
static __attribute__((noinline)) void run_function(struct ltr__goroutine *goroutine)
{
	uint32_t bytes = goroutine->newborn.argument_bytes;
	uint32_t stack_class = goroutine->newborn.stack_class;
	char *argument = alloca((bytes + 15) & ~15u);

	if (bytes > sizeof(goroutine->newborn.argument)) {
		memcpy(argument, goroutine->newborn.argument_copy, bytes);
		free(goroutine->newborn.argument_copy);
	} else if (bytes) {
		memcpy(argument, goroutine->newborn.argument, bytes);
	}
	goroutine->run.timer = (struct ltr__timer){0};
	goroutine->run.woken = NULL;
	goroutine->run.claim = 0;
	goroutine->run.stack_class = stack_class;
	for (int i = 0; i < LTR__READ_LOCKS; i++)
		goroutine->run.read_lock[i] = NULL;
	goroutine->entry(argument);
}

static void run_deferred(struct ltr__goroutine *goroutine)
{
	while (goroutine->deferred) {
		struct ltr__deferred last = *goroutine->deferred;

		free(goroutine->deferred);
		goroutine->deferred = last.next;
		last.function(last.argument);
	}
}

/* The bottom function of every stack; the trampoline calls it. It runs one goroutine after another
 * as long as the next is a newborn that fits on this stack. */
_Noreturn void ltr__goroutine_main(struct ltr__thread *thread)
{
	struct ltr__goroutine *goroutine = thread->current;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	ltr__enter_stack(thread, NULL);
#endif
	ltr__after_switch(thread);
	for (;;) {
		run_function(goroutine);
		run_deferred(goroutine);
		goroutine = ltr__finish_or_adopt(ltr__self(), goroutine);
	}
}

uint64_t ltr__go(const struct ltr_go_options *options, const struct ltr_site *site,
		 void (*function)(void *), const void *argument, size_t argument_bytes)
{
	struct ltr__thread *thread;
	struct ltr__goroutine *newborn;
	uint64_t id;

	ltr__caller("ltr_go");
	thread = ltr__self();
	if (argument_bytes > ARGUMENT_BYTES_MAX)
		ltr__fatal("ltr_go: an argument of %zu bytes is more than %u", argument_bytes,
			   ARGUMENT_BYTES_MAX);
	if (!function)
		ltr__fatal("ltr_go: the function is NULL");
	newborn = ltr__goroutine_new(thread, options, site, __builtin_return_address(0), function,
				     argument, argument_bytes);
	if (!newborn)
		ltr__fatal("out of memory: no descriptor for a new goroutine");
	id = newborn->id;
	ltr__queue_newborn(thread, newborn);
	return id;
}

void ltr_defer(void (*function)(void *argument), void *argument)
{
	struct ltr__goroutine *self = ltr__caller("ltr_defer");
	struct ltr__deferred *deferred = malloc(sizeof(*deferred));

	if (!deferred)
		ltr__fatal("out of memory: ltr_defer");
	*deferred = (struct ltr__deferred){self->deferred, function, argument};
	self->deferred = deferred;
}

void ltr__defer_cancel(void (*function)(void *), void *argument)
{
	struct ltr__deferred **link = &ltr__self()->current->deferred;

	while (*link && ((*link)->function != function || (*link)->argument != argument))
		link = &(*link)->next;
	if (*link) {
		struct ltr__deferred *found = *link;

		*link = found->next;
		free(found);
	}
}

_Noreturn void ltr_exit(void)
{
	struct ltr__goroutine *self = ltr__caller("ltr_exit");

	run_deferred(self);
	ltr__finish(ltr__self(), self);
}

uint64_t ltr_count(void)
{
	uint32_t count = __atomic_load_n(&ltr__ring_count, __ATOMIC_ACQUIRE);
	uint64_t created = 0, exited = 0;

	/* exited first, acquire: what is counted there has been counted as created before */
	for (uint32_t i = 0; i < count; i++)
		exited += __atomic_load_n(&ltr__rings[i].exited, __ATOMIC_ACQUIRE);
	for (uint32_t i = 0; i < count; i++)
		created += __atomic_load_n(&ltr__rings[i].created, __ATOMIC_RELAXED);
	return created - exited;
}
