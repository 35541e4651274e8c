/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CENSUS_PRIVATE_H
#define LOITER_CENSUS_PRIVATE_H

/*
 * What the census files share. Who owns what:
 *
 *   census.c           reading, info, birth and end
 *   census_intern.c    strings, sites, labels, stacks: equal contents, equal numbers
 *   census_table.c     the goroutines and the index by id; counts by state
 *   census_snapshot.c  begin, put, end
 *   census_events.c    apply, order, loss
 *   census_held.c      records that came too early
 *   census_steps.c     who is told of each step
 *   census_waits.c     wait totals
 *   census_contention.c  who held up those that waited for locks
 *   census_histograms.c  how long the finished ones were
 *   census_groups.c    whose they are
 *   census_locks.c     locks and who reads
 *   census_rewind.c    back to an earlier moment
 *   lifeline.c         what one goroutine has done
 *   census_cpu.c       samples of the CPUs
 *   census_threads.c   what the kernel says of threads
 *   census_objects.c   channels and the like that somebody waits on
 *   census_sockets.c   sockets that somebody waits on
 *
 * A goroutine is followed twice. What is shown (struct ltr_goroutine) is the newest that is known
 * from a snapshot or a record, whichever is later. Behind it a cursor walks the records one by one
 * in the order of their sequence, however far ahead a snapshot may be, because only the records
 * know what happened in between: the wait totals and the counters of created and exited hang on it.
 */

#include <loiter/layout.h>

#include "array.h"
#include "census_fill.h"
#include "lifeline.h"

#define LTR__NONE UINT32_MAX

/* A wait at a stack that the program has numbered and nobody has defined yet. */
#define LTR__UNDEFINED_STACK 0x80000000u

/* Numbers are 1 .. count - 1; number 0 is the empty thing. Contents never move. */
struct ltr__intern {
	const unsigned char **at; /* by number: the contents */
	uint32_t *bytes;          /* by number: how many */
	uint32_t *slots;          /* hash table of numbers, 0: empty */
	uint32_t count;
	uint32_t capacity;
	uint32_t slot_count; /* a power of two, or 0 */
	struct ltr__chunk *chunks;
	size_t chunk_bytes; /* of all of them */
};

int ltr__intern_add(struct ltr__intern *intern, const void *contents, size_t bytes,
		    uint32_t *ret_number);
/* 0: there is none. */
uint32_t ltr__intern_find(const struct ltr__intern *intern, const void *contents, size_t bytes);
const void *ltr__intern_get(const struct ltr__intern *intern, uint32_t number, size_t *ret_bytes);
uint32_t ltr__intern_count(const struct ltr__intern *intern);
void ltr__intern_done(struct ltr__intern *intern);

/* The part of a goroutine that nobody outside sees; same index as its struct ltr_goroutine. */
struct ltr__follow {
	uint64_t wait_since_ns;
	uint64_t lock;       /* with LTR__FOLLOW_LOCK: that it waits for */
	uint32_t cursor;     /* sequence of the last record taken in order (modulo 2^31) */
	uint32_t generation; /* the snapshot that saw it last, or during which it was created */
	uint32_t held;       /* its first held record + 1, in order of sequence; 0: none */
	uint32_t stack;      /* where it stands at the cursor: a stack, 0, or
				LTR__UNDEFINED_STACK | the program's number */
	uint32_t group;      /* of what is shown of it; 0 unless waits are kept */
	uint8_t wait_state;
	uint8_t wait_reason;
	uint8_t bits; /* LTR__FOLLOW_* */
};

#define LTR__FOLLOW_WAITING 0x1u  /* wait_* describe a time that has begun and not ended */
#define LTR__FOLLOW_GONE    0x2u  /* hidden: a snapshot did not have it any more */
#define LTR__FOLLOW_JUMPED  0x4u  /* a snapshot put the cursor behind records that may still come */
#define LTR__FOLLOW_ENDED   0x8u  /* hidden: it jumped and has ended, at wait_since_ns */
#define LTR__FOLLOW_LOCK    0x10u /* counted among those who wait for `lock` */

struct ltr__ring_state {
	uint64_t next;        /* position of the next record */
	uint64_t open_park;   /* the goroutine whose PARK ended the last batch; 0: none */
	uint32_t open_cursor; /* the sequence of that PARK */
	bool known;
};

/* Where a goroutine was when a record of it came last; true still if it is found there. */
struct ltr__recent {
	uint64_t id;
	uint32_t index;
};

#define LTR__RECENT 256u /* a power of two */

/* A record that waits for an earlier one of its goroutine. Free ones are chained by `next`. */
struct ltr__held {
	struct ltr_event event;
	uint64_t ns;
	uint64_t seen_ns; /* the first ltr_census_advance() that found it; 0: none yet */
	uint32_t child;   /* index + 1, as all links; 0: none */
	uint32_t sibling; /* the next with the same parent, or the next that is free */
	uint32_t ring;    /* that it came from */
	bool used;
};

struct ltr__wait_key {
	uint32_t stack; /* as ltr__follow.stack */
	uint32_t group;
	uint8_t state;
	uint8_t reason;
};

/*
 * Totals of one kind: past that, new ones are of group 0, so that it is not the number of groups times
 * that of stacks that takes our memory.
 */
#define LTR__GROUPED_TOTALS_MAX (1u << 18)

struct ltr__wait_table {
	struct ltr_wait_total *totals;
	uint32_t *slots; /* index + 1, 0: empty */
	uint32_t count;
	uint32_t capacity;
	uint32_t slot_count;
};

/* Somebody begins or ceases to wait for a lock. */
struct ltr__lock_change {
	uint64_t ns;
	uint64_t object;
	uint32_t stack; /* of who unlocks, as ltr__follow.stack */
	uint32_t group; /* the same one's */
	uint8_t reason;
	uint8_t what; /* enum what in census_contention.c */
};

/* A lock that somebody waits for, at `at_ns`. */
struct ltr__awaited_lock {
	uint64_t object;
	uint64_t at_ns;
	uint64_t owed_ns; /* what all have waited that nobody was charged with; modulo 2^64 */
	int32_t waiters;  /* 0: an empty slot */
	uint8_t reason;   /* of who came last */
};

struct ltr__charge {
	uint64_t total_ns;
	uint64_t count;
};

struct ltr__contentions {
	struct ltr__lock_change *changes;
	uint32_t change_count;
	uint32_t change_capacity;
	struct ltr__awaited_lock *locks; /* hash by object */
	uint32_t lock_count;
	uint32_t lock_slots;         /* a power of two, or 0 */
	struct ltr__intern keys;     /* struct ltr__wait_key */
	struct ltr__charge *charges; /* by number of the key - 1 */
	uint32_t charge_count;
	uint32_t charge_capacity;
	uint64_t over_ns; /* that somebody was charged with for nothing; others are charged less */
	struct ltr_contention *view;
	uint32_t view_count;
	uint32_t view_capacity;
	bool view_old;
};

struct ltr__lifeline {
	struct ltr_lifeline shown; /* id 0: nobody is followed */
	struct ltr_transition *at; /* LTR_LIFELINE_MAX of them; NULL: nobody ever was */
};

#define LTR__HISTOGRAM_REASONS (LTR_REASON_COUNT + 1)

struct ltr__histograms {
	struct ltr_histogram *all;
	uint32_t count;
	uint32_t capacity;
	uint8_t at[LTR_STATE_COUNT][LTR__HISTOGRAM_REASONS]; /* index + 1, 0: none */
};

struct ltr_census {
	struct ltr_census_info info;

	/* [0, shown) are visible; [shown, total) are followed but hidden: records of them came
	 * before their CREATE, or a snapshot says that they are gone and their EXIT is to come. */
	struct ltr_goroutine *goroutines;
	struct ltr__follow *follows;
	uint32_t shown;
	uint32_t total;
	uint32_t capacity;
	uint32_t reserved; /* by ltr_census_reserve(); of memory that nobody has touched */
	uint32_t *slots;   /* hash by id: index + 1, 0: empty */
	uint32_t slot_count;
	uint64_t hash_seed;
	struct ltr__recent recent[LTR__RECENT]; /* by the lowest bits of the id */

	struct ltr__intern strings;
	struct ltr__intern sites;
	struct ltr__intern labels;
	struct ltr__intern stacks;
	struct ltr__intern groups; /* struct ltr_census_group */
	bool groups_cut;
	uint32_t *defined; /* by the program's stack number: ours, 0: not yet */
	uint32_t defined_count;

	struct ltr__ring_state *rings;
	uint32_t ring_count;
	uint64_t lost_counted; /* by positions, LOST records and ltr_census_note_loss() */
	uint64_t lost_missing; /* sequences that never came; for the most part the same records */
	bool all_unsure;       /* everybody is marked already */
	bool some_unsure;      /* somebody is */
	bool stacks_follow;    /* the last PARK that was not the end of its batch had its STACK */
	bool had_records;

	struct ltr__held *held;
	uint32_t held_capacity;
	uint32_t held_high; /* no used one at or above */
	uint32_t held_free; /* index + 1 */
	uint32_t held_count;
	uint64_t held_looked_ns;

	uint32_t generation; /* of the snapshot under way, or of the last one */
	bool snapshot_open;
	bool snapshot_had_loss; /* records were lost since begin */
	bool had_snapshot;      /* one has ended */
	uint64_t snapshot_ns;   /* of the last that began */
	uint64_t first_ns;      /* of the first that ended complete; 0: none yet */
	uint64_t complete_ns;   /* of the last that did */
	uint64_t ended_ns;      /* when the first of those that are kept ENDED has; 0: nobody is */
	uint64_t gone_ns;   /* when a record was first taken for that of somebody gone; 0: never */
	uint64_t buried_ns; /* the newest record of a goroutine that was given up as ended */

	struct ltr_lock *locks; /* of the last snapshot; sorted when it has ended */
	uint32_t lock_count;
	uint32_t lock_capacity;
	struct ltr_reader *readers;
	uint32_t reader_count;
	uint32_t reader_capacity;

	struct ltr__lifeline lifeline;
	uint64_t followed;          /* whose records and readings make it; 0: nobody's */
	struct ltr_object *objects; /* sorted, if they are known */
	uint32_t object_count;
	uint32_t object_capacity;
	struct ltr_select_case *cases; /* the same */
	uint32_t case_count;
	uint32_t case_capacity;
	bool objects_known;
	uint64_t objects_ns;          /* when they were read */
	ltr_object_find *find_object; /* NULL: nobody knows */
	ltr_cases_find *find_cases;
	void *find_object_context;

	const struct ltr_census_tap *tap; /* NULL: nobody is told */
	void *tap_context;
	struct ltr_steps steps; /* take is NULL: nobody is told */

	bool keep_waits;
	struct ltr__wait_table finished;
	struct ltr__wait_table view; /* finished and unfinished, made when somebody looks */
	bool view_old;
	struct ltr__histograms histograms;
	struct ltr__contentions contentions;

	struct ltr_thread *threads; /* of the last look; in the order of goroutine_id */
	uint32_t thread_count;
	uint32_t thread_capacity;

	struct ltr__intern cpu_keys; /* a total before `samples`; number - 1 is the index */
	struct ltr_cpu_total *cpu;
	uint32_t cpu_count;
	uint32_t cpu_capacity;

	ltr_socket_find *find_socket; /* NULL: nobody knows */
	void *socket_context;
	struct ltr_known_socket *sockets; /* of the last look; in the order of goroutine_id */
	uint32_t socket_count;
	uint32_t socket_capacity;

	struct ltr_symbol_source symbols;
	void *symbols_context;
	/* ltr_census_first_frame(): by stack, the answer + 1; 0: not asked yet. */
	uint16_t *first_frames;
	uint32_t first_frame_count;
};

/* Tell the tap, if there is one. */
#define LTR__TAP(census, function, ...)                                                \
	do {                                                                           \
		if ((census)->tap)                                                     \
			(census)->tap->function((census)->tap_context, ##__VA_ARGS__); \
	} while (0)

/* What ltr_census_note_loss() does, without telling the tap. */
void ltr__census_lose(struct ltr_census *census, uint64_t records);

/* Whether records tell what happens between snapshots, or will, now that they are switched on. */
static inline bool ltr__is_streaming(const struct ltr_census *census)
{
	return census->had_records || census->info.way != LTR_WAY_SNAPSHOT;
}

/* a - b in the arithmetic of sequences, which descriptors carry modulo 2^31. */
static inline int32_t ltr__sequence_diff(uint32_t a, uint32_t b)
{
	return (int32_t)((a - b) << 1) >> 1;
}

static inline uint64_t ltr__add_saturated(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static inline uint64_t ltr__mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	return x ^ x >> 32;
}

/* census_table.c. Adding, hiding, showing and removing change indices; each says how. */
uint32_t ltr__goroutine_find(const struct ltr_census *census, uint64_t id);
int ltr__goroutine_add(struct ltr_census *census, uint64_t id, bool show, uint32_t *ret_index);
uint32_t ltr__goroutine_show(struct ltr_census *census, uint32_t index); /* its new index */
uint32_t ltr__goroutine_hide(struct ltr_census *census, uint32_t index); /* its new index */
void ltr__goroutine_remove(struct ltr_census *census, uint32_t index);
static inline bool ltr__is_shown(const struct ltr_census *census, uint32_t index)
{
	return index < census->shown;
}
/* Change its state, keeping the counts by state. */
static inline void ltr__goroutine_set_state(struct ltr_census *census, uint32_t index,
					    uint8_t state)
{
	if (state >= LTR_STATE_COUNT)
		state = LTR_STATE_UNKNOWN;
	if (ltr__is_shown(census, index)) {
		census->info.by_state[census->goroutines[index].state]--;
		census->info.by_state[state]++;
	}
	census->goroutines[index].state = state;
}
/* Replace what is shown of it, keeping the counts by state. */
void ltr__goroutine_set(struct ltr_census *census, uint32_t index, const struct ltr_goroutine *to);

/* census_events.c */
int ltr__events_take(struct ltr_census *census, const struct ltr_event *event, uint64_t ns,
		     uint32_t ring);
/* Take what is held of goroutine `id` as far as it is in order. */
int ltr__events_drain(struct ltr_census *census, uint64_t id);

/* Forget who has been kept long enough as ENDED. */
void ltr__ended_overdue(struct ltr_census *census, uint64_t now_ns);
/* Ask for a look if somebody's EXIT should have come long ago. */
void ltr__gone_overdue(struct ltr_census *census, uint64_t now_ns);
/* The same, but the first gap is given up: what is missing in it is lost. */
int ltr__events_give_up(struct ltr_census *census, uint64_t id);
uint64_t ltr__clock_ns(const struct ltr_clock_rate *rate, uint64_t ticks);
/* Before a goroutine is shown to anybody. */
void ltr__resolve_stack(struct ltr_census *census, uint32_t index);

/* census_held.c */
#define LTR__HELD_MAX      (1u << 17)
#define LTR__HELD_GRACE_NS 1000000000ull
int ltr__held_add(struct ltr_census *census, uint32_t index, const struct ltr_event *event,
		  uint64_t ns, uint32_t ring);
void ltr__held_pop(struct ltr_census *census, uint32_t index); /* drop its first */
/* Each is then the `child` of the one before it. */
void ltr__held_sort(struct ltr_census *census, uint32_t index);
void ltr__held_drop_all(struct ltr_census *census, uint32_t index);
int ltr__held_overdue(struct ltr_census *census, uint64_t now_ns);

/* What ltr_census_advance() does, without telling the tap. */
static inline void ltr__census_advance(struct ltr_census *census, uint64_t now_ns)
{
	if (now_ns > census->info.now_ns) {
		census->info.now_ns = now_ns;
		census->view_old = true;
		census->contentions.view_old = true;
	}
	/* Without memory for the totals the gap stays, and the next advance tries again. */
	if (census->held_count)
		(void)ltr__held_overdue(census, census->info.now_ns);
}

/* census_locks.c */
void ltr__locks_forget(struct ltr_census *census);
/* census_objects.c */
void ltr__objects_forget(struct ltr_census *census);
void ltr__locks_sort(struct ltr_census *census);

/* census_steps.c. Before the cursor moves: a record is taken (call it if somebody is told: steps.take);
 * a snapshot shows it as `now` (NULL: it is no more), and records will not tell what was in between. */
void ltr__step_by_record(struct ltr_census *census, uint32_t index, const struct ltr_event *event,
			 uint64_t ns, uint32_t ring);
void ltr__step_by_look(struct ltr_census *census, uint32_t index, const struct ltr_goroutine *now);

/* census_groups.c. The group of what is shown of a goroutine. */
uint32_t ltr__group_of(struct ltr_census *census, const struct ltr_goroutine *goroutine);

/* census_waits.c */
int ltr__wait_change(struct ltr_census *census, struct ltr__follow *follow, uint8_t state,
		     uint8_t reason, uint64_t ns, bool stays);
void ltr__wait_start(struct ltr_census *census, struct ltr__follow *follow,
		     const struct ltr_goroutine *goroutine);
void ltr__waits_done(struct ltr__wait_table *table);

uint32_t ltr__defined_stack(const struct ltr_census *census, uint32_t stack); /* of a follow */

/*
 * census_contention.c. The wait that `follow` has just begun is for a lock; it ends at `ns`, by who
 * unlocks at `stack` (as ltr__follow.stack; 0: nobody does, or it is not known who) and is of `group`; its
 * end is lost, and it is not counted.
 */
int ltr__lock_wait_begin(struct ltr_census *census, struct ltr__follow *follow, uint64_t object);
int ltr__lock_wait_end(struct ltr_census *census, struct ltr__follow *follow, uint64_t ns,
		       uint32_t stack, uint32_t group);
void ltr__lock_wait_forget(struct ltr_census *census, struct ltr__follow *follow);
size_t ltr__contentions_bytes(const struct ltr__contentions *contentions);
void ltr__contentions_done(struct ltr__contentions *contentions);

/* census_histograms.c. NULL: no memory. */
struct ltr_histogram *ltr__histogram_at(struct ltr__histograms *histograms, uint8_t state,
					uint8_t reason);
void ltr__histogram_add(struct ltr_histogram *histogram, uint64_t ns);
void ltr__histograms_done(struct ltr__histograms *histograms);

static inline bool ltr__is_wait(uint8_t state)
{
	return state == LTR_STATE_UNKNOWN ||
	       (state > LTR_STATE_RUNNING && state < LTR_STATE_EXITED);
}

#endif
