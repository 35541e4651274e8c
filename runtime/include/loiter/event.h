/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef LOITER_EVENT_H
#define LOITER_EVENT_H

/*
 * The wire: what the runtime emits, one fixed record of 32 bytes for each transition of a
 * goroutine. This header is the only truth about the record; the runtime, the eBPF program, the
 * census and recordings all compile it unchanged (gcc, clang, and clang -target bpf, the last with
 * -ffreestanding). It includes nothing but <stdint.h>.
 *
 * Numbers are explicit, append-only and never used again: a recording made today must be readable
 * by every later version. To add a reason, append a line to LTR_REASONS (docs/HACKING.md has the
 * recipe); everything that prints, filters or colours reasons is generated from these lists.
 */

#include <stdint.h>

/* X(number, NAME, "printed"): what a goroutine is doing, in the words of the screen. */
#define LTR_STATES(X)            \
	X(0, UNKNOWN, "unknown") \
	X(1, QUEUED, "queued")   \
	X(2, RUNNING, "running") \
	X(3, SYSCALL, "syscall") \
	X(4, SLEEP, "sleep")     \
	X(5, NETWORK, "network") \
	X(6, CHAN, "chan")       \
	X(7, SYNC, "sync")       \
	X(8, EXITED, "exited")

enum ltr_state {
#define LTR__STATE(number, NAME, printed) LTR_STATE_##NAME = number,
	LTR_STATES(LTR__STATE)
#undef LTR__STATE
		LTR_STATE_COUNT = 9,
};

/*
 * X(number, NAME, "printed", STATE): why a goroutine waits, in the words that Go prints, and the
 * state that a wait for this reason is. All kinds of network waits begin with "IO wait", so that
 * what looks for Go's word finds ours.
 */
#define LTR_REASONS(X)                                          \
	X(0, NONE, "", UNKNOWN)                                 \
	X(1, CHAN_RECEIVE, "chan receive", CHAN)                \
	X(2, CHAN_SEND, "chan send", CHAN)                      \
	X(3, CHAN_RECEIVE_NIL, "chan receive (nil chan)", CHAN) \
	X(4, CHAN_SEND_NIL, "chan send (nil chan)", CHAN)       \
	X(5, SELECT, "select", CHAN)                            \
	X(6, SELECT_NO_CASES, "select (no cases)", CHAN)        \
	X(7, SLEEP, "sleep", SLEEP)                             \
	X(8, IO_READ, "IO wait", NETWORK)                       \
	X(9, IO_WRITE, "IO wait (write)", NETWORK)              \
	X(10, IO_ACCEPT, "IO wait (accept)", NETWORK)           \
	X(11, IO_CONNECT, "IO wait (connect)", NETWORK)         \
	X(12, SYSCALL, "syscall", SYSCALL)                      \
	X(13, MUTEX_LOCK, "sync.Mutex.Lock", SYNC)              \
	X(14, RWMUTEX_RLOCK, "sync.RWMutex.RLock", SYNC)        \
	X(15, RWMUTEX_LOCK, "sync.RWMutex.Lock", SYNC)          \
	X(16, WAITGROUP_WAIT, "sync.WaitGroup.Wait", SYNC)      \
	X(17, COND_WAIT, "sync.Cond.Wait", SYNC)                \
	X(18, SEMACQUIRE, "semacquire", SYNC)                   \
	X(19, ONCE_DO, "sync.Once.Do", SYNC)

enum ltr_reason {
#define LTR__REASON(number, NAME, printed, STATE) LTR_REASON_##NAME = number,
	LTR_REASONS(LTR__REASON)
#undef LTR__REASON
		LTR_REASON_COUNT = 20,
};

/*
 * X(number, NAME, "printed", STATE): what became of the goroutine, and the state it is in from then
 * on (UNKNOWN: decided by the reason, or not a transition at all). What `arg` holds:
 *
 *   CREATE  the id of the creator (0: created from outside any goroutine)
 *   START   with LTR_EVENT_FIRST: the address that the creating call returns to; otherwise 0
 *   PARK    the object waited for: a channel, lock or WaitGroup (its address), a file descriptor,
 *           for sleep the wake-up time in ticks; 0 if there is none
 *   READY   the id of the waker (0: the runtime itself: a timer, the network poller, ...)
 *   YIELD   0
 *   EXIT    0
 *   STACK   the identifier of the stack at which the goroutine has just parked; follows its PARK,
 *           carries the same sequence, and is there only while somebody asks for stacks
 *   LOST    how many records were lost just before this one; `goroutine` and `sequence` are 0
 */
#define LTR_KINDS(X)                   \
	X(1, CREATE, "create", QUEUED) \
	X(2, START, "start", RUNNING)  \
	X(3, PARK, "park", UNKNOWN)    \
	X(4, READY, "ready", QUEUED)   \
	X(5, YIELD, "yield", QUEUED)   \
	X(6, EXIT, "exit", EXITED)     \
	X(7, STACK, "stack", UNKNOWN)  \
	X(8, LOST, "lost", UNKNOWN)

enum ltr_kind {
#define LTR__KIND(number, NAME, printed, STATE) LTR_KIND_##NAME = number,
	LTR_KINDS(LTR__KIND)
#undef LTR__KIND
		LTR_KIND_COUNT = 9, /* numbers begin at 1: an all-zero record is no event */
};

/* Bits of ltr_event.flags. */
#define LTR_EVENT_FIRST 0x01u /* START: the goroutine runs for the first time */

/*
 * One transition.
 *
 * `sequence` counts the transitions of this goroutine, from 1 (its CREATE). The transitions of one
 * goroutine are emitted by different threads into different rings; whoever reads them puts them in
 * order by this number, and a number that is missing is a loss. The goroutine's descriptor carries
 * the same number (layout.h), which is what makes the join of a snapshot with the stream exact:
 * records whose sequence is not larger than the snapshot's are history, the next one is news.
 *
 * `ticks` is the raw clock of layout.h; one reading serves a whole scheduling step, so the PARK of
 * one goroutine and the START of the next may carry the same time.
 */
struct ltr_event {
	uint64_t goroutine; /* its id, never used again in the life of the program */
	uint64_t ticks;
	uint64_t arg;      /* by kind, see above */
	uint32_t sequence; /* wraps; compare by difference */
	uint8_t kind;      /* enum ltr_kind */
	uint8_t reason;    /* enum ltr_reason; PARK only */
	uint8_t flags;     /* LTR_EVENT_* */
	uint8_t reserved;  /* 0 */
};

#define LTR_EVENT_BYTES 32

/* The most records that one hand-over carries (see ltr__handover in layout.h). */
#define LTR_BATCH_MAX 2048

#ifndef __cplusplus /* which spells it otherwise */
_Static_assert(sizeof(struct ltr_event) == LTR_EVENT_BYTES, "a record is 32 bytes");
_Static_assert(__builtin_offsetof(struct ltr_event, ticks) == 8, "wire offset");
_Static_assert(__builtin_offsetof(struct ltr_event, arg) == 16, "wire offset");
_Static_assert(__builtin_offsetof(struct ltr_event, sequence) == 24, "wire offset");
_Static_assert(__builtin_offsetof(struct ltr_event, kind) == 28, "wire offset");
_Static_assert(__builtin_offsetof(struct ltr_event, reason) == 29, "wire offset");
#endif

/* The state that a wait for `reason` is; LTR_STATE_UNKNOWN for a number we do not know. */
static inline uint8_t ltr_reason_state(uint8_t reason)
{
	switch (reason) {
#define LTR__REASON(number, NAME, printed, STATE) \
	case number:                              \
		return LTR_STATE_##STATE;
		LTR_REASONS(LTR__REASON)
#undef LTR__REASON
	default:
		return LTR_STATE_UNKNOWN;
	}
}

/* The state that an event puts its goroutine in; LTR_STATE_UNKNOWN for what is no transition. */
static inline uint8_t ltr_event_state(const struct ltr_event *event)
{
	if (event->kind == LTR_KIND_PARK)
		return ltr_reason_state(event->reason);
	switch (event->kind) {
#define LTR__KIND(number, NAME, printed, STATE) \
	case number:                            \
		return LTR_STATE_##STATE;
		LTR_KINDS(LTR__KIND)
#undef LTR__KIND
	default:
		return LTR_STATE_UNKNOWN;
	}
}

#ifndef __bpf__
/* The printed name of a state, reason or kind; "?" for a number that this version does not know. */
static inline const char *ltr_state_name(uint8_t state)
{
	switch (state) {
#define LTR__STATE(number, NAME, printed) \
	case number:                      \
		return printed;
		LTR_STATES(LTR__STATE)
#undef LTR__STATE
	default:
		return "?";
	}
}

static inline const char *ltr_reason_name(uint8_t reason)
{
	switch (reason) {
#define LTR__REASON(number, NAME, printed, STATE) \
	case number:                              \
		return printed;
		LTR_REASONS(LTR__REASON)
#undef LTR__REASON
	default:
		return "?";
	}
}

static inline const char *ltr_kind_name(uint8_t kind)
{
	switch (kind) {
#define LTR__KIND(number, NAME, printed, STATE) \
	case number:                            \
		return printed;
		LTR_KINDS(LTR__KIND)
#undef LTR__KIND
	default:
		return "?";
	}
}
#endif

#endif
