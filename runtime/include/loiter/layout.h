/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef LOITER_LAYOUT_H
#define LOITER_LAYOUT_H

/*
 * What an outsider may read of a running program without asking it and without stopping anybody.
 *
 * A program that contains the runtime carries one object of type `struct ltr_layout`, named
 * `ltr_layout`, alone in the ELF section `.ltr_layout` (so that it is found in a stripped binary
 * too). It says where everything is, how large it is, and at which offset each field lies; the
 * reader needs no debug information and no knowledge of the runtime's private types.
 *
 * Rules of the house:
 *  - Every address in here is an address in the program that carries it. 0 means "not there".
 *  - Whatever the addresses lead to is never unmapped while the program lives.
 *  - A reader must treat everything it reads as hostile: bound every count, size and string.
 *  - A reader refuses, in words, a `version` that it does not know.
 *  - `ready` becomes 1, last, when the runtime has started. Before that nothing else is valid.
 *
 * Reading one goroutine. Its descriptor has a `sequence` of 32 bits: twice the number of its
 * transitions, plus one while a transition is being written. So: read the descriptor; if the
 * sequence is odd, read again; copy what else you need (its stack); read id and sequence again; if
 * both are still the same, everything belongs together (descriptors are used again, each goroutine
 * counts from 1). `sequence >> 1` (modulo 2^31) is the number that the goroutine's last ltr_event
 * carries (also modulo 2^31).
 *
 * Unwinding one goroutine. `saved_sp` is 0 while it runs and for the few instructions until a
 * parked one has left its stack; read again later. Otherwise the word at saved_sp +
 * saved_fp_offset is its frame pointer: a chain of {next frame pointer, return address} that a zero
 * frame pointer ends. The stack reaches from `stack_low` up to (not including) `stack_high`; a
 * frame pointer outside, not 8-aligned, or not larger than the one before ends the walk as damaged.
 * The first return address leads into the caller of the runtime's blocking primitive; a goroutine
 * that has never run has the frame pointer 0 and therefore no frames: show its entry function.
 */

#include <stddef.h>
#include <stdint.h>

#define LTR_LAYOUT_SYMBOL  "ltr_layout"
#define LTR_LAYOUT_SECTION ".ltr_layout" /* not the symbol: the assembler has one namespace */
#define LTR_LAYOUT_MAGIC   0x74756f79616c7274ull /* "trlayout" */
#define LTR_LAYOUT_VERSION 2u

/* What programs of version 1 differ in: they hand over at most 512 records at once. */
#define LTR_LAYOUT_VERSION_LEAST 1u

enum ltr_clock {
	LTR_CLOCK_MONOTONIC = 1, /* ticks are nanoseconds of CLOCK_MONOTONIC */
	LTR_CLOCK_TSC = 2,       /* ticks are the invariant time stamp counter of x86 */
};

struct ltr_field {
	uint16_t offset;
	uint16_t bytes;
};

/*
 * X(name, bytes): the fields of a goroutine's descriptor.
 *
 *   id            0: the descriptor is free
 *   parent_id     the creator's id; 0: created from outside any goroutine (the main goroutine)
 *   sequence      see above
 *   state, reason enum ltr_state, enum ltr_reason
 *   flags         LTR_GOROUTINE_*
 *   object        what the last park waited on, as in ltr_event.arg
 *   since_ticks   when it entered its state; exact while somebody watches the program, otherwise
 *                 early by up to `coarse_ns` (a clock reading costs more than a switch)
 *   waker_id      who made it ready last; 0: the runtime
 *   created_ticks as since_ticks
 *   saved_sp, stack_low, stack_high   see "Unwinding"
 *   entry         the function it runs
 *   creation_pc   where the call that created it returns to
 *   site          address of a `struct ltr_site`, constant data of the program; or 0
 *   name          address of a NUL-ended string of at most LTR_NAME_BYTES; or 0
 *   labels        address of a `struct ltr_labels`; or 0
 *   read_lock_0, read_lock_1   addresses of the RWMutexes that it holds for reading; or 0. Only
 *                 while it waits for something. More than two at once are not noted.
 */
#define LTR_DESCRIPTOR_FIELDS(X) \
	X(id, 8)                 \
	X(parent_id, 8)          \
	X(sequence, 4)           \
	X(state, 1)              \
	X(reason, 1)             \
	X(flags, 2)              \
	X(object, 8)             \
	X(since_ticks, 8)        \
	X(waker_id, 8)           \
	X(created_ticks, 8)      \
	X(saved_sp, 8)           \
	X(stack_low, 8)          \
	X(stack_high, 8)         \
	X(entry, 8)              \
	X(creation_pc, 8)        \
	X(site, 8)               \
	X(name, 8)               \
	X(labels, 8)

/* Later additions: 0 bytes long in a program whose runtime does not have them. */
#define LTR_DESCRIPTOR_FIELDS_ADDED(X) \
	X(read_lock_0, 8)              \
	X(read_lock_1, 8)

enum ltr_descriptor_field {
#define LTR__FIELD(name, bytes) LTR_FIELD_##name,
	LTR_DESCRIPTOR_FIELDS(LTR__FIELD)
		LTR_FIELD_REQUIRED, /* so many there are in every layout */
	LTR__FIELD_BEFORE_ADDED = LTR_FIELD_REQUIRED - 1,
	LTR_DESCRIPTOR_FIELDS_ADDED(LTR__FIELD)
#undef LTR__FIELD
		LTR_FIELD_COUNT
};

/* The flags: the lower byte is the goroutine's own, the upper one the runtime's monitor's. */
#define LTR_GOROUTINE_MAIN   0x0001u /* the program's main goroutine */
#define LTR_GOROUTINE_DAEMON 0x0002u /* declared to live as long as the program */
/*
 * Its present wait was given a deadline or a context, which ends it. Means nothing in a state that is
 * no wait.
 */
#define LTR_GOROUTINE_TIMED 0x0008u
/*
 * Has been running since since_ticks, 100 ms at least, without a scheduling step: it computes, or
 * blocks its thread. Means something in the state running only, and may be up to 20 ms late.
 */
#define LTR_GOROUTINE_LONG 0x0100u

/* The source position of a creating call, as the compiler knew it. */
struct ltr_site {
	const char *file;
	const char *function;
	uint64_t line;
};

#define LTR_NAME_BYTES        64
#define LTR_LABEL_MAX         8
#define LTR_LABEL_KEY_BYTES   24
#define LTR_LABEL_VALUE_BYTES 40

/* A set of labels; immutable, shared by all goroutines that inherited it. Strings end in NUL. */
struct ltr_labels {
	uint32_t references; /* owned by the runtime */
	uint32_t count;
	struct {
		char key[LTR_LABEL_KEY_BYTES];
		char value[LTR_LABEL_VALUE_BYTES];
	} label[LTR_LABEL_MAX];
};

/*
 * One for each thread of the runtime: its ring of records and its counters, on cache lines of its
 * own. Only that thread writes `head` and the records; `handed` is written under the ring's lock by
 * whoever hands over. Positions count records from the beginning of time; the record at position p
 * lies at records[p % capacity], and a reader that finds head - p > capacity has lost records.
 */
struct ltr_ring {
	uint64_t head;     /* position of the next record; release, pairs with readers outside */
	uint64_t handed;   /* everything before this was handed over to eBPF */
	uint64_t records;  /* address of struct ltr_event[capacity] */
	uint32_t capacity; /* a power of two */
	uint32_t tid;      /* the kernel's thread id; 0: the thread is gone */
	uint64_t created;  /* goroutines created by this thread */
	uint64_t exited;   /* goroutines that ended on this thread */
	uint32_t lock;     /* owned by the runtime */
	uint32_t in_call; /* 1: the thread makes the blocking call of `running`, on its own stack */
	uint64_t running; /* id of the goroutine on this thread; 0: none */
};

#ifndef __cplusplus
_Static_assert(sizeof(struct ltr_ring) == 64, "a ring's header is one cache line");
#endif

/*
 * Who watches: one word of 64 bits that hot paths load once. Each half word counts watchers. The
 * kernel raises and lowers the first and the third (they are the semaphores of the two probed
 * functions); watchers without eBPF write the second and the fourth, together with a slot below.
 */
struct ltr_watch {
	uint16_t events_kernel;
	uint16_t events_slots;
	uint16_t stacks_kernel;
	uint16_t stacks_slots;
} __attribute__((aligned(8)));

#define LTR_WATCH_EVENTS 0x1u
#define LTR_WATCH_STACKS 0x2u /* implies events */

/*
 * A watcher that reads the rings from outside takes a free slot (pid == 0): it writes `wants` and
 * `heartbeat`, then `pid`, then sets (stacks_slots and) events_slots to at least 1, then changes
 * `heartbeat` at least once a second. The runtime frees a slot whose heartbeat has stood still for
 * LTR_WATCH_TIMEOUT_NS and sets the counts to what the remaining slots want. A watcher that leaves
 * writes pid = 0; the runtime does the rest.
 */
struct ltr_watch_slot {
	uint32_t pid;
	uint32_t wants; /* LTR_WATCH_* */
	uint64_t heartbeat;
};

#define LTR_WATCH_SLOTS      8
#define LTR_WATCH_TIMEOUT_NS 5000000000ull

/* A stack that was interned because somebody asked for stacks; its identifier is its index. */
struct ltr_stack_entry {
	uint32_t hash;
	uint32_t depth; /* written last, release: 0 = not there yet */
	uint64_t pcs[30];
};

#define LTR_STACK_DEPTH_MAX 30

#ifndef __cplusplus
_Static_assert(sizeof(struct ltr_stack_entry) == 248, "part of the contract");
#endif

/*
 * Where the goroutine of a descriptor stood when the runtime last looked: for a reader that wants all
 * stacks at once, to whom each costs a page that the kernel has to find and pin. When somebody begins to
 * watch, the runtime goes over all goroutines that wait, from the first descriptor to the last. It need
 * not come to it (it may sleep, or be stopped), and not every stack gets a note. So a note saves the
 * reading of a stack; who finds none reads the stack.
 *
 * It holds if `id` and `sequence` are those of the descriptor, as that was read whole, and if the note is
 * found to be the same once more after the first copy was complete; `sequence` is odd while it is
 * written. Then the stack is entry `stack` of the table of interned stacks, all of it.
 */
struct ltr_stack_note {
	uint64_t id;
	uint32_t sequence;
	uint32_t stack;
};

#ifndef __cplusplus
_Static_assert(sizeof(struct ltr_stack_note) == 16, "part of the contract");
#endif

/* How far it has come with that. */
struct ltr_note_progress {
	uint32_t passes; /* how often it has begun */
	uint32_t looked; /* at so many descriptors in the newest pass; UINT32_MAX: at all */
};

/*
 * How a Mutex and an RWMutex begin, and the Mutex inside a Once: `object` of a goroutine that waits for
 * one is the address of this. `owner` is written by the owner itself, after it got the lock and before
 * it does anything else, and is 0 from before it gives it up; so an owner that stands and does not
 * move holds the lock all the while. The readers of an RWMutex are noted in their descriptors.
 *
 * `locked_at` is the lower half of the address that the call which locked it returns to. `unlocker` is who has
 * freed it last, or is about to, 0: nobody ever; of an RWMutex, of several readers the last one.
 */
struct ltr_lock_words {
	uint32_t state; /* LTR_LOCK_HELD, LTR_LOCK_WAITED, and LTR_LOCK_READER for each reader */
	uint32_t locked_at;
	uint64_t owner; /* goroutine's id; of an RWMutex the writer's */
	uint32_t guard; /* owned by the runtime */
	uint32_t marks; /* LTR_LOCK_STRAY_* */
	/* From here on: not in the first programs that have these words (see `lock_bytes_all`). */
	uint64_t list[2]; /* owned by the runtime */
	uint64_t unlocker;
};

#define LTR_LOCK_WORDS_LEAST 24u /* bytes of them */

#define LTR_LOCK_HELD   1u /* by the owner */
#define LTR_LOCK_WAITED 2u
#define LTR_LOCK_READER 4u

/*
 * It has been unlocked by a goroutine that had not locked it: whoever holds it need not be the one who
 * gives it up. The same of readers: then what descriptors say of them may be old.
 */
#define LTR_LOCK_STRAY_UNLOCK 1u
#define LTR_LOCK_STRAY_READER 2u

#ifndef __cplusplus
_Static_assert(sizeof(struct ltr_lock_words) == 48, "part of the contract");
_Static_assert(offsetof(struct ltr_lock_words, list) == LTR_LOCK_WORDS_LEAST, "the first of them");
#endif

/*
 * How a Cond begins, and what a WaitGroup has after a word of its own (the count of what is not done in the
 * upper half, signed) and a semaphore after two (how much there is, and how much of it is taken). `object`
 * of whoever waits for one is the address of its beginning.
 *
 * Who gives is done, signals or releases; who takes adds or acquires. Ids and places are of the goroutines
 * that came last; 0: nobody ever, or not known. Places are lower halves of the addresses that calls return
 * to. They are read without the lock: each may be of another moment.
 */
struct ltr_sync_words {
	uint32_t guard;    /* owned by the runtime */
	uint32_t first_at; /* by which call it was first used */
	uint64_t list[2];  /* owned by the runtime */
	uint64_t giver_id;
	uint64_t taker_id; /* of a Cond nobody's */
	uint32_t given_at;
	uint32_t taken_at;
};

#ifndef __cplusplus
_Static_assert(sizeof(struct ltr_sync_words) == 48, "part of the contract");
#endif

/*
 * What a channel says of itself, `channel_words` bytes behind its address, which is `object` of whoever
 * waits on it. The ids are of the goroutines that came last to send (or closed it) and to receive, also
 * if they wait or have given up since; 0: nobody ever. Read without its lock: each word may be of another
 * moment.
 */
struct ltr_channel_words {
	uint64_t made_pc; /* where the call that made it returns to */
	uint64_t sender_id;
	uint64_t receiver_id;
};

#ifndef __cplusplus
_Static_assert(sizeof(struct ltr_channel_words) == 24, "part of the contract");
#endif

/* How a channel begins. Read without its lock, as are its words. */
struct ltr_channel_head {
	uint32_t guard; /* owned by the runtime */
	uint32_t element_bytes;
	uint32_t closed;
	uint32_t reserved;
	uint64_t capacity;
	uint64_t count; /* of elements in its buffer */
};

/*
 * Who waits for several channels has one of these on its stack, at most LTR_SELECT_MARK_BYTES above its
 * saved_sp, for as long as it waits; `object` is 0 then. Its own address tells it from a copy.
 */
#define LTR_SELECT_MAGIC      0x7374636c6573726cull /* "lrselcts" */
#define LTR_SELECT_MARK_BYTES 1024u

struct ltr_select_mark {
	uint64_t magic;
	uint64_t address; /* of this */
	uint64_t cases;   /* address of struct ltr_case_words[count] */
	uint64_t count;
};

/* A case of a select: on the stack of who waits, or in the program's memory. */
struct ltr_case_words {
	uint64_t channel; /* 0: this case never happens */
	uint64_t values[3];
	uint8_t is_receive;
	uint8_t reserved[7];
};

#ifndef __cplusplus
_Static_assert(sizeof(struct ltr_channel_head) == 32, "part of the contract");
_Static_assert(sizeof(struct ltr_select_mark) == 32, "part of the contract");
_Static_assert(sizeof(struct ltr_case_words) == 40, "part of the contract");
#endif

/*
 * What of the program's memory is the runtime's own: who asks whether anything still refers to an
 * object must not take for such a reference what only the runtime keeps, or who only looks at it. A region
 * that is 0 in `kind` is just being written, or nobody's: pass over it.
 */
enum ltr_region_kind {
	LTR_REGION_STACKS = 1,  /* stacks of goroutines; what the descriptors say of them counts */
	LTR_REGION_PRIVATE = 2, /* leads nowhere that the program could go */
	/*
	 * A thread's own stack, or what the threads keep of calls: the program's while some goroutine
	 * is in the state syscall, otherwise as PRIVATE.
	 */
	LTR_REGION_CALLS = 3,
};

struct ltr_region {
	uint64_t low;
	uint64_t high;
	uint32_t kind; /* enum ltr_region_kind */
	/* Not 0: of a thread of the runtime, or of one that only looks; if it is gone, so is the region. */
	uint32_t tid;
};

#ifndef __cplusplus
_Static_assert(sizeof(struct ltr_region) == 24, "part of the contract");
#endif

/* How far the program has come. */
enum ltr_phase {
	LTR_PHASE_STARTING = 0,
	LTR_PHASE_RUNNING = 1,
	LTR_PHASE_MAIN_RETURNED = 2, /* held by the gate (gate.h) for the others to end */
	LTR_PHASE_DEADLOCK = 3,      /* all goroutines are asleep */
};

struct ltr_layout {
	uint64_t magic;
	uint32_t version;
	uint32_t bytes; /* of this object; later versions append */
	uint32_t ready;
	uint32_t phase; /* enum ltr_phase */

	/* The clock of all ticks, and one moment read on it and on CLOCK_MONOTONIC together. */
	uint32_t clock;      /* enum ltr_clock */
	uint32_t processors; /* how many goroutines can run at once */
	uint64_t clock_ticks;
	uint64_t clock_ns;
	uint64_t coarse_ns; /* how inexact since_ticks is while nobody watches */

	/* Descriptors: slabs[0 .. slab_count) are addresses of slab_descriptors descriptors each. */
	uint64_t slabs;      /* address of uint64_t[slab_max] */
	uint64_t slab_count; /* address of a uint32_t that only grows */
	uint32_t slab_max;
	uint32_t slab_descriptors;
	uint32_t descriptor_bytes;
	int32_t saved_fp_offset;     /* from saved_sp */
	struct ltr_field fields[32]; /* by enum ltr_descriptor_field */

	/* Rings, one a thread: struct ltr_ring[ring_max], of which the first *ring_count are used. */
	uint64_t rings;
	uint64_t ring_count; /* address of a uint32_t that only grows */
	uint32_t ring_max;
	uint32_t event_bytes;

	uint64_t watch;       /* address of struct ltr_watch, in a writable file mapping */
	uint64_t watch_slots; /* address of struct ltr_watch_slot[LTR_WATCH_SLOTS] */

	/*
	 * The two probed functions; each begins with a 5-byte nop (docs/HACKING.md: why).
	 *   void ltr__handover(const struct ltr_event *records, uint64_t count, uint64_t position,
	 *                      uint64_t ring)
	 * is called with 1 .. LTR_BATCH_MAX records that lie in one piece, `position` being that of the
	 * first. A tracer attaches here with &watch->events_kernel as the semaphore, and to
	 *   void ltr__want_stacks(void)
	 * which is never called, with &watch->stacks_kernel, to ask for stacks.
	 */
	uint64_t handover;
	uint64_t want_stacks;

	/* Interned stacks: struct ltr_stack_entry[stack_max]; entry 0 is never used. */
	uint64_t stacks;
	uint64_t stack_count; /* address of a uint32_t that only grows; how many are used, with 0 */
	uint32_t stack_max;
	uint32_t lock_bytes; /* LTR_LOCK_WORDS_LEAST; 0: this runtime does not have lock words */

	/*
	 * From here on: not in the first programs that speak version 1 (see `bytes`).
	 * The runtime's own memory: struct ltr_region[region_max], of which the first *region_count
	 * are used.
	 */
	uint64_t regions;
	uint64_t region_count; /* address of a uint32_t that only grows */
	uint32_t region_max;
	uint32_t channel_words; /* how far in a channel its words are; 0: this runtime has none */

	uint32_t sync_words; /* sizeof(struct ltr_sync_words); 0: this runtime does not have them */
	/* sizeof(struct ltr_channel_head), sizeof(struct ltr_case_words); 0: the same */
	uint32_t channel_head;
	uint32_t case_bytes;
	uint32_t note_bytes; /* sizeof(struct ltr_stack_note); another: not those */

	/*
	 * The two futexes that the thread in ltr_run() sleeps on, most of the time on the first. Whatever
	 * futex(2) returns there, and whenever, it only looks again. 0: there is none.
	 */
	uint64_t monitor_words[2];

	/* struct ltr_stack_note[note_max], of the first descriptors, in their order. 0: there are none */
	uint64_t notes;
	uint64_t note_progress; /* address of a struct ltr_note_progress */
	uint64_t note_max;

	/*
	 * How many bytes of struct ltr_lock_words there are; 0: `lock_bytes`. That one stays what it was
	 * because the first readers of lock words refuse any other.
	 */
	uint32_t lock_bytes_all;
	uint32_t reserved;
};

/* What every program of version 1 has. */
#define LTR_LAYOUT_BYTES_LEAST offsetof(struct ltr_layout, regions)

#endif
