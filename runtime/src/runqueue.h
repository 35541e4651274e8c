/* SPDX-License-Identifier: MIT */
#ifndef LTR_RUNQUEUE_H
#define LTR_RUNQUEUE_H

/*
 * One processor's run queue, in three parts that its owner tries in this order:
 *
 *   slot      the goroutine woken last; a waker and the woken share data that is in this CPU's
 *             cache. Thieves leave it alone until the monitor finds that it has waited for long
 *             (slot_stale): taking it at once turns every ping-pong into a migration.
 *   fifo      the goroutines woken before that, first come, first served: a ring as in Go's
 *             runtime (proc.go, runqput and runqgrab); the owner writes `tail`, everybody takes at
 *             `head` by compare-and-swap. What does not fit goes to the global queue.
 *   newborns  a work-stealing deque: the owner takes the newest, which keeps a tree of goroutines
 *             depth-first and its memory small, thieves the oldest, which are the largest subtrees.
 *             Chase and Lev 2005, with the fences of Lê, Pop, Cohen, Zappa Nardelli 2013.
 *
 * With one processor there are no thieves, and `alone` spares the locked instructions.
 *
 * Owner: put, take. Any thread: steal, empty.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "goroutine.h"
#include "hostile.h"

#ifndef LTR__FIFO_CAPACITY
#define LTR__FIFO_CAPACITY 256u
#endif
#ifndef LTR__DEQUE_CAPACITY
#define LTR__DEQUE_CAPACITY 256 /* at first; it grows */
#endif

/* More newborns than this go to the global queue, whose links cost nothing. */
#ifndef LTR__DEQUE_CAPACITY_MAX
#define LTR__DEQUE_CAPACITY_MAX (256 << 10)
#endif

struct ltr__deque_array {
	int64_t capacity;               /* a power of two */
	struct ltr__deque_array *older; /* outgrown; thieves may still read it, so it is kept */
	struct ltr__goroutine *item[];
};

struct ltr__runqueue {
	struct ltr__goroutine *slot;
	uint32_t slot_stale;
	uint32_t tail;
	struct ltr__goroutine *fifo[LTR__FIFO_CAPACITY];
	int64_t bottom;
	struct ltr__deque_array *array;
	/* What thieves write too, away from what the owner writes all the time. */
	uint32_t head __attribute__((aligned(64)));
	int64_t top;
};

/* Fills the slot; returns the goroutine that was in it, for the fifo. */
static inline struct ltr__goroutine *ltr__slot_put(struct ltr__runqueue *queue,
						   struct ltr__goroutine *goroutine, bool alone)
{
	struct ltr__goroutine *old;

	if (alone) {
		old = queue->slot;
		__atomic_store_n(&queue->slot, goroutine, __ATOMIC_RELEASE);
		return old;
	}
	/* release: a thief's acquire in ltr__slot_take sees the parked goroutine's state */
	return __atomic_exchange_n(&queue->slot, goroutine, __ATOMIC_ACQ_REL);
}

/* Owner and thieves. */
static inline struct ltr__goroutine *ltr__slot_take(struct ltr__runqueue *queue, bool alone)
{
	struct ltr__goroutine *goroutine = __atomic_load_n(&queue->slot, __ATOMIC_RELAXED);

	if (!goroutine)
		return NULL;
	if (alone)
		__atomic_store_n(&queue->slot, NULL, __ATOMIC_RELAXED);
	else
		goroutine = __atomic_exchange_n(&queue->slot, NULL, __ATOMIC_ACQ_REL);
	return goroutine;
}

/* false: full */
static inline bool ltr__fifo_put(struct ltr__runqueue *queue, struct ltr__goroutine *goroutine)
{
	/* acquire: pairs with the release of takers: the place has been read before it is used */
	uint32_t head = __atomic_load_n(&queue->head, __ATOMIC_ACQUIRE);
	uint32_t tail = queue->tail;

	if (tail - head >= LTR__FIFO_CAPACITY)
		return false;
	__atomic_store_n(&queue->fifo[tail % LTR__FIFO_CAPACITY], goroutine, __ATOMIC_RELAXED);
	/* release: pairs with takers' acquire of tail */
	__atomic_store_n(&queue->tail, tail + 1, __ATOMIC_RELEASE);
	return true;
}

/* Owner and thieves. */
static inline struct ltr__goroutine *ltr__fifo_take(struct ltr__runqueue *queue, bool alone)
{
	uint32_t head = __atomic_load_n(&queue->head, __ATOMIC_ACQUIRE);

	for (;;) {
		uint32_t tail = __atomic_load_n(&queue->tail, __ATOMIC_ACQUIRE);
		struct ltr__goroutine *goroutine;

		if (tail == head)
			return NULL;
		goroutine =
			__atomic_load_n(&queue->fifo[head % LTR__FIFO_CAPACITY], __ATOMIC_RELAXED);
		if (alone) {
			__atomic_store_n(&queue->head, head + 1, __ATOMIC_RELEASE);
			return goroutine;
		}
		if (__atomic_compare_exchange_n(&queue->head, &head, head + 1, false,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			return goroutine;
	}
}

/*
 * Move half of another's fifo, rounded up, behind one's own, which has to be empty. Returns one of
 * them to run, or NULL.
 */
static inline struct ltr__goroutine *ltr__fifo_steal(struct ltr__runqueue *from,
						     struct ltr__runqueue *to)
{
	for (;;) {
		uint32_t head = __atomic_load_n(&from->head, __ATOMIC_ACQUIRE);
		uint32_t tail = __atomic_load_n(&from->tail, __ATOMIC_ACQUIRE);
		uint32_t count = tail - head;
		struct ltr__goroutine *first;

		count -= count / 2;
		if (count == 0)
			return NULL;
		if (count > LTR__FIFO_CAPACITY / 2)
			continue; /* head and tail were read at different moments */
		first = __atomic_load_n(&from->fifo[head % LTR__FIFO_CAPACITY], __ATOMIC_RELAXED);
		for (uint32_t i = 1; i < count; i++)
			__atomic_store_n(
				&to->fifo[(to->tail + i - 1) % LTR__FIFO_CAPACITY],
				__atomic_load_n(&from->fifo[(head + i) % LTR__FIFO_CAPACITY],
						__ATOMIC_RELAXED),
				__ATOMIC_RELAXED);
		if (!__atomic_compare_exchange_n(&from->head, &head, head + count, false,
						 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			continue;
		__atomic_store_n(&to->tail, to->tail + count - 1, __ATOMIC_RELEASE);
		return first;
	}
}

/* false: no memory for a larger array */
static inline bool ltr__deque_grow(struct ltr__runqueue *queue, int64_t top, int64_t bottom)
{
	struct ltr__deque_array *old = queue->array;
	int64_t capacity = old ? old->capacity * 2 : LTR__DEQUE_CAPACITY;
	struct ltr__deque_array *array;

	if (capacity > LTR__DEQUE_CAPACITY_MAX)
		return false;
	array = malloc(sizeof(*array) + (size_t)capacity * sizeof(array->item[0]));
	if (!array)
		return false;
	array->capacity = capacity;
	array->older = old;
	for (int64_t i = top; old && i < bottom; i++)
		array->item[i & (capacity - 1)] =
			__atomic_load_n(&old->item[i & (old->capacity - 1)], __ATOMIC_RELAXED);
	__atomic_store_n(&queue->array, array, __ATOMIC_RELEASE);
	return true;
}

/* false: no memory */
static inline bool ltr__deque_put(struct ltr__runqueue *queue, struct ltr__goroutine *goroutine)
{
	int64_t bottom = __atomic_load_n(&queue->bottom, __ATOMIC_RELAXED);
	int64_t top = __atomic_load_n(&queue->top, __ATOMIC_ACQUIRE);

	if (__builtin_expect(!queue->array || bottom - top >= queue->array->capacity, 0) &&
	    !ltr__deque_grow(queue, top, bottom))
		return false;
	__atomic_store_n(&queue->array->item[bottom & (queue->array->capacity - 1)], goroutine,
			 __ATOMIC_RELAXED);
	/* release: pairs with the acquire of bottom in ltr__deque_steal */
	__atomic_store_n(&queue->bottom, bottom + 1, __ATOMIC_RELEASE);
	return true;
}

/* The newest. */
static inline struct ltr__goroutine *ltr__deque_take(struct ltr__runqueue *queue, bool alone)
{
	int64_t bottom = __atomic_load_n(&queue->bottom, __ATOMIC_RELAXED);
	int64_t top = __atomic_load_n(&queue->top, __ATOMIC_RELAXED);
	struct ltr__goroutine *goroutine;

	if (top >= bottom)
		return NULL;
	bottom--;
	__atomic_store_n(&queue->bottom, bottom, __ATOMIC_RELAXED);
	if (!alone) {
		/* seq_cst: thieves see the smaller bottom, or we their larger top */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		top = __atomic_load_n(&queue->top, __ATOMIC_RELAXED);
	}
	if (top > bottom) {
		__atomic_store_n(&queue->bottom, bottom + 1, __ATOMIC_RELAXED);
		return NULL;
	}
	goroutine = __atomic_load_n(&queue->array->item[bottom & (queue->array->capacity - 1)],
				    __ATOMIC_RELAXED);
	if (bottom - top >= LTR__PREFETCH_AHEAD)
		ltr__descriptor_prefetch(
			__atomic_load_n(&queue->array->item[(bottom - LTR__PREFETCH_AHEAD) &
							    (queue->array->capacity - 1)],
					__ATOMIC_RELAXED));
	if (top == bottom) {
		if (!__atomic_compare_exchange_n(&queue->top, &top, top + 1, false,
						 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			goroutine = NULL;
		__atomic_store_n(&queue->bottom, bottom + 1, __ATOMIC_RELAXED);
	}
	return goroutine;
}

/* The oldest; NULL if there is none or somebody else was faster. */
static inline struct ltr__goroutine *ltr__deque_steal(struct ltr__runqueue *queue)
{
	int64_t top = __atomic_load_n(&queue->top, __ATOMIC_ACQUIRE);
	struct ltr__deque_array *array;
	struct ltr__goroutine *goroutine;
	int64_t bottom;

	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* see ltr__deque_take */
	bottom = __atomic_load_n(&queue->bottom, __ATOMIC_ACQUIRE);
	if (top >= bottom)
		return NULL;
	array = __atomic_load_n(&queue->array, __ATOMIC_ACQUIRE);
	goroutine = __atomic_load_n(&array->item[top & (array->capacity - 1)], __ATOMIC_RELAXED);
	if (!__atomic_compare_exchange_n(&queue->top, &top, top + 1, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_RELAXED))
		return NULL;
	return goroutine;
}

/* A hint, from any thread. */
static inline uint32_t ltr__deque_count(const struct ltr__runqueue *queue)
{
	int64_t count = __atomic_load_n(&queue->bottom, __ATOMIC_RELAXED) -
			__atomic_load_n(&queue->top, __ATOMIC_RELAXED);

	return count > 0 ? (uint32_t)count : 0;
}

/* A hint, from any thread: nothing that thieves may take at once. */
static inline bool ltr__runqueue_empty(const struct ltr__runqueue *queue)
{
	return __atomic_load_n(&queue->head, __ATOMIC_ACQUIRE) ==
		       __atomic_load_n(&queue->tail, __ATOMIC_ACQUIRE) &&
	       __atomic_load_n(&queue->top, __ATOMIC_ACQUIRE) >=
		       __atomic_load_n(&queue->bottom, __ATOMIC_ACQUIRE) &&
	       !(__atomic_load_n(&queue->slot, __ATOMIC_ACQUIRE) &&
		 __atomic_load_n(&queue->slot_stale, __ATOMIC_RELAXED));
}

#endif
