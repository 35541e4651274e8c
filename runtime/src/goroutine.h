/* SPDX-License-Identifier: MIT */
#ifndef LTR_GOROUTINE_H
#define LTR_GOROUTINE_H

/*
 * The goroutine's descriptor. The first part is what outsiders read (layout.h lists the fields and
 * the rules); it is written only by ltr__transition() (trace.h), but for saved_sp, which
 * ltr__switch() writes, and the identity fields, which are set between create and publish.
 *
 * Descriptors live in slabs that are never unmapped and are used again. 192 bytes: with one stack
 * page a parked goroutine costs 4,288 bytes.
 */

#include <loiter/event.h>
#include <loiter/goroutine.h>
#include <loiter/layout.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ltr__processor;
struct ltr__waiter;
struct ltr__deferred;

/* What wakes a parked goroutine in time: a deadline or, if that is negative, a context. */
struct ltr__timer {
	int64_t deadline_ns;
	union {
		struct {
			/* Whose heap it is in; its lock guards all three. */
			struct ltr__processor *processor;
			uint32_t index; /* in the heap, plus 1; 0: in none */
		};
		struct {
			/* Who else waits for the context; its lock guards both (context.c). */
			struct ltr__goroutine *next_in_context;
			struct ltr__goroutine **link; /* what points to us; NULL: nothing */
		};
	};
};

#define LTR__INLINE_ARGUMENT_BYTES 56
#define LTR__READ_LOCKS            2

struct ltr__goroutine {
	uint64_t id;
	uint64_t parent_id;
	uint32_t sequence;
	uint8_t state;
	uint8_t reason;
	union {
		uint16_t flags; /* as outsiders read them */
		struct {
			uint8_t own_flags;     /* written by the goroutine, and before it runs */
			uint8_t monitor_flags; /* atomic: written by the monitor, and at birth */
		};
	};
	uint64_t object;
	uint64_t since_ticks;
	uint64_t waker_id;
	uint64_t created_ticks;
	void *saved_sp;
	char *stack_low; /* NULL: never ran, its argument is still in here */
	char *stack_high;
	void (*entry)(void *);
	const void *creation_pc;
	const struct ltr_site *site;
	char *name;
	struct ltr_labels *labels;

	struct ltr__goroutine *next; /* in a list of those made ready, or the global queue */
	struct ltr__deferred *deferred;
	union {
		/* Until it runs for the first time. */
		struct {
			uint32_t argument_bytes;
			uint32_t stack_class;
			union {
				char argument[LTR__INLINE_ARGUMENT_BYTES - 8];
				void *argument_copy; /* from malloc, if it does not fit */
			};
		} newborn;
		/* From then on. */
		struct {
			struct ltr__timer timer;
			struct ltr__waiter *woken; /* the waiter that was chosen; NULL: time-out */
			uint32_t claim;            /* 1: may be woken; who makes it 0 wakes it */
			uint32_t stack_class;
			/* The RWMutexes that it holds for reading, as far as there is room; its
			 * own, but for outsiders. */
			const void *read_lock[LTR__READ_LOCKS];
		} run;
	};
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	void *sanitizer; /* ASan's fake stack or TSan's fiber */
#endif
};

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
_Static_assert(sizeof(struct ltr__goroutine) == 192, "three cache lines");
#endif

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ &&
		       offsetof(struct ltr__goroutine, own_flags) ==
			       offsetof(struct ltr__goroutine, flags),
	       "own_flags is the lower byte");

#define LTR__SLAB_DESCRIPTORS 1024u
#define LTR__SLAB_MAX         65536u

/* The slabs; for layout.c and for the fatal report. */
extern struct ltr__goroutine *ltr__slabs[LTR__SLAB_MAX];
extern uint32_t ltr__slab_count;

/*
 * For functions that read descriptors and stacks of other goroutines, as an outsider does (layout.h):
 * such reads are races on purpose, of memory that is never unmapped.
 */
#define LTR__READS_AS_OUTSIDER __attribute__((no_sanitize("address", "thread")))

/*
 * Whether what was read of a goroutine, after `id` and `sequence`, is of that one between the same
 * two transitions. Any thread may ask.
 */
LTR__READS_AS_OUTSIDER static inline bool ltr__is_still(const struct ltr__goroutine *goroutine,
							uint64_t id, uint32_t sequence)
{
	/* acquire: that was read before this, which pairs with ltr__transition() */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return !(sequence & 1) &&
	       __atomic_load_n(&goroutine->sequence, __ATOMIC_RELAXED) == sequence &&
	       __atomic_load_n(&goroutine->id, __ATOMIC_RELAXED) == id;
}

/* Whether a frame (the one before it, and where it returns to) may lie there, in these bounds. */
static inline bool ltr__may_be_frame(const void *frame, const char *low, const char *high)
{
	const char *at = frame;

	return at >= low && at <= high - 2 * sizeof(uint64_t) &&
	       (uintptr_t)at % sizeof(uint64_t) == 0;
}

/*
 * A crowd of newborns is larger than the caches: ask for a descriptor so many before it is written to
 * it (spawning 100,000: 71 ns each without, 52 with 4 or 8 ahead).
 */
#define LTR__PREFETCH_AHEAD 8

static inline void ltr__descriptor_prefetch(const struct ltr__goroutine *goroutine)
{
	const char *line = (const char *)goroutine;

	__builtin_prefetch(line, 1);
	__builtin_prefetch(line + 64, 1);
	__builtin_prefetch(line + 128, 1);
}

/* Address space for the list of free descriptors. -ENOMEM. */
int ltr__descriptors_init(void);

/* A free descriptor, or NULL without memory. / Give one back, id already 0. */
struct ltr__goroutine *ltr__descriptor_get(struct ltr__processor *processor);
void ltr__descriptor_put(struct ltr__processor *processor, struct ltr__goroutine *descriptor);

/*
 * Make a goroutine, in state queued but in no queue yet. NULL without memory. `parent` may be NULL.
 */
struct ltr__thread;
struct ltr__goroutine *ltr__goroutine_new(struct ltr__thread *thread,
					  const struct ltr_go_options *options,
					  const struct ltr_site *site, const void *creation_pc,
					  void (*function)(void *), const void *argument,
					  size_t argument_bytes);

/* Give a goroutine that is about to run for the first time its stack; ends the program without
 * memory. */
void ltr__goroutine_bind(struct ltr__processor *processor, struct ltr__goroutine *goroutine);

static inline bool ltr__is_newborn(const struct ltr__goroutine *goroutine)
{
	return !goroutine->stack_low;
}

/* Take back the calling goroutine's newest ltr_defer() of just this. */
void ltr__defer_cancel(void (*function)(void *), void *argument);

/* Names and labels (identity.c): memory that is never unmapped. Both take NULL. */
char *ltr__name_new(const char *name);
void ltr__name_free(char *name);
struct ltr_labels *ltr__labels_ref(struct ltr_labels *set);
void ltr__labels_unref(struct ltr_labels *set);

#endif
