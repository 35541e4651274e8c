/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TARGET_LIBLOITER_PRIVATE_H
#define LOITER_TARGET_LIBLOITER_PRIVATE_H

/*
 * What the files of the libloiter target share:
 *
 *   libloiter.c           the table of functions, clock, counters, interned stacks
 *   libloiter_find.c      where in the process its ltr_layout is
 *   libloiter_layout.c    reading and judging it
 *   libloiter_snapshot.c  descriptors and stacks; with libloiter_batch.c, reading some of them,
 *                         and libloiter_crew.c, which threads do
 *   libloiter_notes.c     waiting for the runtime to note its stacks
 *   libloiter_stack.c     unwinding
 *   libloiter_population.c  all descriptors at one moment, for:
 *   libloiter_reach.c     who cannot be woken any more; with libloiter_pass.c, one reading for
 *                         that, and libloiter_own.c, what it leaves out
 *   libloiter_aside.c     a thread of the process that only looks
 *   libloiter_words.c     names, labels and sites
 *   libloiter_locks.c     the locks that they wait for
 *   libloiter_objects.c   channels, WaitGroups and the like that they wait on
 *
 * Everything that is read from the process is hostile. A count or size is bounded once, in
 * ltr__layout_read(), or where it is read if it may change later.
 */

#include <limits.h>
#include <string.h>

#include "target.h"

/* Bounds on what a layout may claim. */
#define LTR__SLABS_MAX         (1u << 20)
#define LTR__DESCRIPTORS_MAX   (1u << 26) /* in all slabs */
#define LTR__DESCRIPTOR_MAX    4096u      /* bytes of one */
#define LTR__SLAB_BYTES_MAX    (64u << 20)
#define LTR__RINGS_MAX         65536u
#define LTR__STACKS_MAX        (1u << 24)
#define LTR__FRAMES_MAX        128u
#define LTR__REGIONS_MAX       (1u << 20)
#define LTR__CHANNEL_WORDS_MAX 4096u
#define LTR__CASES_MAX         64u /* of one select */

/* Numbers of words that were read already, by their address in the process. */
struct ltr__words_map {
	uint64_t *addresses; /* 0: empty */
	uint32_t *numbers;
	uint32_t slot_count;
	uint32_t count;
};

/* The place of a goroutine that stands: what its descriptor says. */
struct ltr__stack {
	uint64_t saved_sp;
	uint64_t low;
	uint64_t high;
};

/* Who waited for several channels at the last snapshot, and where its stack was. */
struct ltr__select {
	uint64_t goroutine_id;
	uint32_t transitions;
	struct ltr__stack stack;
};

struct ltr__selects {
	struct ltr__select *all;
	uint32_t count;
	uint32_t capacity;
};

struct ltr__libloiter {
	struct ltr_process *process;
	uint64_t address; /* of the layout */
	struct ltr_layout layout;
	uint32_t stacks_defined; /* numbers below are known to the census */

	/* The file that the probed functions lie in; path is "" if there is none. */
	char path[PATH_MAX];
	struct ltr_event_target offsets;

	/* At the first snapshot the runtime's notes are waited for. */
	uint32_t note_passes; /* how many there had been when it was opened */
	bool had_snapshot;

	struct ltr__words_map sites; /* constant data: good for ever */
	struct ltr__selects selects;
	struct ltr_region *aside; /* the calling thread's, in our own process; or NULL */
};

/* libloiter_find.c: -ENOEXEC if there is none. */
int ltr__layout_find(struct ltr_process *process, uint64_t *ret_address, struct ltr_why *why);

/* The path by which we can open a mapped file: of the program itself, or below its root. */
int ltr__open_path(const struct ltr_process *process, const struct ltr_process_map *map, char *path,
		   size_t bytes);

/* libloiter_layout.c: 0, -EPROTO, -EAGAIN or -ESRCH, with a sentence. */
int ltr__layout_read(const struct ltr_process *process, uint64_t address,
		     struct ltr_layout *ret_layout, struct ltr_why *why);

/* How many slabs there are, and where; the caller frees them. Not all if there are too many. */
int ltr__slab_addresses(const struct ltr__libloiter *target, uint64_t **ret_slabs,
			uint32_t *ret_count, bool *ret_all);

/* libloiter_snapshot.c */
int ltr__libloiter_snapshot(void *context, struct ltr_census *census, uint64_t exact_ns);

/* libloiter_reach.c */
int ltr__libloiter_reach(void *context, struct ltr_census *census, enum ltr_reach_freeze freeze);

/* libloiter_aside.c: as in target.h; and that is over. */
int ltr__libloiter_step_aside(void *context);
void ltr__libloiter_step_back(struct ltr__libloiter *target);

/* Unsigned, of 1, 2, 4 or 8 bytes. */
static inline uint64_t ltr__load(const unsigned char *at, size_t bytes)
{
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;

	switch (bytes) {
	case 1:
		return *at;
	case 2:
		memcpy(&u16, at, sizeof(u16));
		return u16;
	case 4:
		memcpy(&u32, at, sizeof(u32));
		return u32;
	default:
		memcpy(&u64, at, sizeof(u64));
		return u64;
	}
}

enum ltr__field_width {
#define LTR__FIELD(name, bytes) LTR__WIDTH_##name = (bytes),
	LTR_DESCRIPTOR_FIELDS(LTR__FIELD) LTR_DESCRIPTOR_FIELDS_ADDED(LTR__FIELD)
#undef LTR__FIELD
};

/* The value of a field of a descriptor that was read. How wide it is, ltr__layout_read() has seen to. */
#define LTR__FIELD_OF(layout, descriptor, name) \
	ltr__load((descriptor) + (layout)->fields[LTR_FIELD_##name].offset, LTR__WIDTH_##name)

/* libloiter_stack.c. How many bytes of it to read, at most `most`, and from where; 0 if that cannot be a stack. */
size_t ltr__stack_used(const struct ltr_layout *layout, const struct ltr__stack *stack, size_t most,
		       uint64_t *ret_start);

/*
 * Walk the frames in a copied part of the stack; at most LTR__FRAMES_MAX go into `pcs`, also when
 * the walk fails half-way: -ENODATA the part is too short, -EBADMSG the stack is damaged.
 */
int ltr__stack_walk(const struct ltr_layout *layout, const struct ltr__stack *stack,
		    const struct ltr_process_piece *part, uint64_t *pcs, uint32_t *ret_depth);

/* libloiter_locks.c: want() each address, then read() puts them all into the census. */
struct ltr__locks {
	uint64_t *addresses;
	uint32_t count;
	uint32_t capacity;
};
int ltr__locks_want(struct ltr__locks *locks, uint64_t address);
int ltr__locks_read(struct ltr__locks *locks, const struct ltr__libloiter *target,
		    struct ltr_census *census);
void ltr__locks_done(struct ltr__locks *locks);

/* libloiter_objects.c: as in target.h */
int ltr__libloiter_objects(void *context, struct ltr_census *census, uint32_t most);
int ltr__libloiter_object(void *context, uint64_t address, uint8_t kind,
			  struct ltr_object *ret_object);
size_t ltr__libloiter_cases(void *context, uint64_t id, uint32_t transitions,
			    struct ltr_select_case *ret_cases, size_t most);
int ltr__selects_note(struct ltr__selects *selects, const struct ltr__select *select);

/* libloiter_notes.c. For the whole of one snapshot; several threads may wait at once. */
struct ltr__notes_wait {
	const struct ltr__libloiter *target;
	_Atomic bool over; /* nothing is waited for any more */
	_Atomic int64_t pauses_left;
};
/* Whether the program has notes that are known here. */
static inline bool ltr__has_notes(const struct ltr_layout *layout)
{
	return layout->notes && layout->note_bytes == sizeof(struct ltr_stack_note);
}

/* How often the runtime has begun to go over its goroutines; 0 also if it cannot be read. */
uint32_t ltr__notes_passes(const struct ltr__libloiter *target);
/* A snapshot begins, of so many descriptors: whether there is something to wait for. */
void ltr__notes_begin(const struct ltr__libloiter *target, uint64_t descriptors,
		      struct ltr__notes_wait *wait);
/* Until the runtime has looked at the first `count` descriptors, or does not seem to get there. */
void ltr__notes_await(struct ltr__notes_wait *wait, uint64_t count);

/* libloiter.c */
void ltr__libloiter_rate(void *context, struct ltr_clock_rate *ret_rate);
int ltr__libloiter_stacks(void *context, struct ltr_census *census, uint32_t least);

/*
 * libloiter_words.c. Words are looked up in two steps, so that many can be read by one call: first
 * want() each address, then read(), then get() each.
 */
struct ltr__words {
	struct ltr__libloiter *target;
	struct ltr_census *census;
	struct ltr__words_map names;
	struct ltr__words_map labels;
	uint64_t *wanted_names;
	uint64_t *wanted_labels;
	uint32_t name_count, name_capacity;
	uint32_t label_count, label_capacity;
};
int ltr__words_want_name(struct ltr__words *words, uint64_t address);
int ltr__words_want_labels(struct ltr__words *words, uint64_t address);
int ltr__words_read(struct ltr__words *words);
uint32_t ltr__words_name(const struct ltr__words *words, uint64_t address);
uint32_t ltr__words_labels(const struct ltr__words *words, uint64_t address);
int ltr__words_site(struct ltr__words *words, uint64_t address, uint32_t *ret_site);
void ltr__words_done(struct ltr__words *words);
void ltr__words_map_done(struct ltr__words_map *map);

#endif
