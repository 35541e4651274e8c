/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CENSUS_H
#define LOITER_CENSUS_H

/*
 * The census: every goroutine of one program at one moment, and the history that was asked for. It
 * is the only thing that the screen, the profiles and the checker see; nothing in it tells whether
 * the program was read alive, watched through eBPF, or comes from a file, except the words in
 * `info` that are there for a person to read.
 *
 * Who may write: only probe/ (census_fill.h). For everybody else a census is constant. It changes
 * only inside ltr_probe_poll(), so a consumer on the same thread sees one moment at a time; pointers
 * into the census are good until the next poll. Nothing here blocks; symbols are looked up at their
 * first use, which may read files.
 *
 * All strings that come from the watched program (names, labels, files, functions) are raw bytes
 * ended by NUL, bounded in length, and hostile: who prints them cleans them.
 *
 * All times are nanoseconds of CLOCK_MONOTONIC of the machine where the program ran.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <loiter/event.h>

struct ltr_census;

/* ltr_goroutine.flags */
#define LTR_IS_MAIN     0x0001u
#define LTR_IS_DAEMON   0x0002u /* declared to live as long as the program */
#define LTR_IS_UNSURE   0x0004u /* records of it were lost: its state may be old */
#define LTR_IS_LONG     0x0010u /* runs since since_ns without a scheduling step (layout.h) */
#define LTR_IS_TIMED    0x0020u /* its wait has a deadline or context; only snapshots know */
#define LTR_IS_READ     0x0040u /* a snapshot has read it in the state it is in */
#define LTR_SINCE_EXACT 0x0008u /* since_ns is exact, not rounded down to the coarse clock */
/* As the last look at all references found it (info->reach); neither: it was not looked at. */
#define LTR_IS_UNREACHABLE 0x0100u /* nothing alive refers to what it waits on */
#define LTR_IS_REACHABLE   0x0080u /* something may, or it needs nobody to go on */

/* One living goroutine. */
struct ltr_goroutine {
	uint64_t id;
	uint64_t parent_id;   /* 0: created from outside any goroutine */
	uint64_t since_ns;    /* when it entered its state; 0: not known */
	uint64_t created_ns;  /* 0: not known */
	uint64_t object;      /* what it waits on: address or file descriptor; 0: nothing */
	uint64_t waker_id;    /* who made it ready last; 0: the runtime, or not known */
	uint64_t entry_pc;    /* the function it runs; 0: not known */
	uint64_t creation_pc; /* where the creating call returns to; 0: not known */
	uint32_t stack;       /* for ltr_census_stack(); 0: not known (it runs, or never ran) */
	uint32_t site;        /* for ltr_census_site(); 0: not known */
	uint32_t name;        /* for ltr_census_string(); 0: none */
	uint32_t labels;      /* for ltr_census_labels(); 0: none */
	uint32_t transitions; /* how many it has made, modulo 2^31 */
	uint8_t state;        /* enum ltr_state */
	uint8_t reason;       /* enum ltr_reason; 0 unless it waits */
	uint16_t flags;       /* LTR_IS_*, LTR_SINCE_* */
};

/* How the program is being watched. */
enum ltr_way {
	LTR_WAY_SNAPSHOT = 0, /* its memory is read now and then; no events */
	LTR_WAY_EBPF = 1,
	LTR_WAY_SHM = 2, /* its rings are read from outside */
	LTR_WAY_FILE = 3,
};

/* "snapshot", "ebpf", "shm", "file" */
const char *ltr_way_name(enum ltr_way way);

/* How references were looked at, if somebody asked for that (ltr_probe_reach()). */
struct ltr_reach_info {
	bool tried;
	bool conclusive;     /* LTR_IS_UNREACHABLE is a proof; if not, nobody has it */
	uint32_t passes;     /* that agree */
	uint64_t bytes;      /* that were read in all of them */
	uint64_t elapsed_ns; /* that they took */
	uint64_t pause_ns;   /* for how long the program was stopped; 0: it was not */
	char note[160];      /* why it is not conclusive, or what it may have missed; "" */
};

struct ltr_census_info {
	uint64_t now_ns;     /* the moment that the census shows */
	uint64_t started_ns; /* when the watching began */
	uint64_t looked_ns;  /* when the last snapshot did */
	uint64_t wall_ns;    /* CLOCK_REALTIME at now_ns, for time stamps in files */
	uint64_t created;    /* goroutines created since the program began */
	uint64_t exited;     /* of these, ended */
	uint64_t events;     /* records applied since the watching began */
	uint64_t lost;       /* records known to be lost since then */
	uint64_t unreadable; /* descriptors or stacks that the last snapshot could not read whole */
	uint64_t by_state[LTR_STATE_COUNT];
	uint32_t pid;
	uint32_t processors; /* how many goroutines can run at once */
	uint32_t threads;    /* threads of the runtime */
	uint32_t phase;      /* enum ltr_phase (layout.h) */
	uint64_t coarse_ns;  /* how inexact since_ns is without LTR_SINCE_EXACT */
	struct ltr_reach_info reach;
	enum ltr_way way;
	enum ltr_way recorded_way; /* with LTR_WAY_FILE: how it was watched then */
	bool gone;            /* the program has ended; the census shows its last known moment */
	bool cut;             /* from a recording that ends without its end: more has happened */
	char way_reason[160]; /* why this way and no better one; "" if it is the best */
	char command[256];    /* the program's command line, blanks between the words */

	/* Of ltr_census_cpu(). */
	uint64_t cpu_period_ns;  /* what one sample is worth; 0: no samples are taken */
	uint64_t cpu_started_ns; /* when the taking began */
	uint64_t cpu_lost;       /* samples known to be lost since then */

	/* Why there are no samples, why nothing or less is known of threads than could be, and why
	 * nothing, or not all, of sockets; "" if nothing is missing. Who only looks at a program that runs, and
	 * has not asked, is not told. */
	char cpu_reason[160];
	char threads_reason[160];
	char sockets_reason[160];
};

const struct ltr_census_info *ltr_census_info(const struct ltr_census *census);

/*
 * The goroutines, in no particular order; the order changes only inside a poll.
 * ltr_census_at() takes 0 .. ltr_census_count() - 1.
 */
size_t ltr_census_count(const struct ltr_census *census);
const struct ltr_goroutine *ltr_census_at(const struct ltr_census *census, size_t index);

/* NULL if there is no goroutine of this id (any more). */
const struct ltr_goroutine *ltr_census_find(const struct ltr_census *census, uint64_t id);

/* What a goroutine has spent in its present state at info->now_ns; 0 if that is not known. */
uint64_t ltr_census_age_ns(const struct ltr_census *census, const struct ltr_goroutine *goroutine);

/*
 * The string of a `name` or of a site; "" for 0 and for an unknown number.
 * Equal numbers mean equal strings and the other way round: group by number.
 */
const char *ltr_census_string(const struct ltr_census *census, uint32_t string);

/* A source position of the program. */
struct ltr_census_position {
	uint32_t file;     /* a string */
	uint32_t function; /* a string */
	uint32_t line;
};

/*
 * Where the goroutines of this site were created; NULL for 0. Equal numbers mean equal positions.
 * It is known even for stripped programs.
 */
const struct ltr_census_position *ltr_census_site(const struct ltr_census *census, uint32_t site);

struct ltr_census_label {
	uint32_t key;   /* a string */
	uint32_t value; /* a string */
};

/* The labels of a set, in order of their keys; NULL and 0 for set 0. */
const struct ltr_census_label *ltr_census_labels(const struct ltr_census *census, uint32_t labels,
						 size_t *ret_count);

/*
 * The return addresses of a stack, innermost first; NULL and 0 for 0 and for an unknown number.
 * Equal numbers mean equal stacks: group by number. Frames of the runtime itself come first (a
 * channel operation, say); ltr_symbol.is_runtime marks them.
 */
const uint64_t *ltr_census_stack(const struct ltr_census *census, uint32_t stack,
				 size_t *ret_depth);

/* How many numbers stacks have: they are 1 .. ltr_census_stack_count() - 1. */
uint32_t ltr_census_stack_count(const struct ltr_census *census);

/*
 * One function that an address lies in. Where functions were inlined, `outer` leads from the
 * innermost to the one that has the frame. Strings are "" where they are not known; then print the
 * address. Owned by the census.
 */
struct ltr_symbol {
	const char *function;
	const char *file;
	uint32_t line;   /* 0: not known */
	uint32_t module; /* index for ltr_census_module(), UINT32_MAX: none */
	uint64_t start;  /* address of the function's first instruction; 0: not known */
	bool is_runtime; /* part of libloiter, of no interest to most readers */
	const struct ltr_symbol *outer;
};

/*
 * What lies at an address. For return addresses (frames of a stack, creation_pc) ask for the call:
 * ltr_census_call_symbol() looks at pc - 1. Never NULL; the result for an unknown address has empty
 * strings. The census remembers results, so its const is the logical one: not for two threads.
 */
const struct ltr_symbol *ltr_census_symbol(const struct ltr_census *census, uint64_t pc);
const struct ltr_symbol *ltr_census_call_symbol(const struct ltr_census *census, uint64_t pc);

/* The same for one place that stands for the call: not in a function of the runtime that was inlined there. */
const struct ltr_symbol *ltr_census_call_place(const struct ltr_census *census, uint64_t pc);

/*
 * The frames that a person wants to see first: the index of the first frame of `stack` that is not
 * the runtime's own; equal to the depth if there is none.
 */
size_t ltr_census_first_frame(const struct ltr_census *census, uint32_t stack);

/*
 * A lock that somebody waited for at the last snapshot: a Mutex, an RWMutex, or the Mutex in a Once;
 * `object` of a goroutine that waits for it is its address. It was read after the goroutines, and they
 * all moved on meanwhile: only for an owner that stands in this snapshot and in the next one, without a
 * transition in between, it is true that it held the lock all that time.
 */
struct ltr_lock {
	uint64_t object;
	/* Who has locked it; of an RWMutex, the writer; 0: nobody, or not known. */
	uint64_t owner_id;
	/* Who has freed it last; 0: nobody, or not known, as in a recording. */
	uint64_t unlocker_id;
	uint32_t readers;   /* how many hold it for reading */
	uint32_t locked_at; /* for ltr_census_locked_pc() */
	bool stray_unlock; /* the owner need not be who unlocks it: somebody else has done that once */
	bool stray_reader; /* the same of readers: what is known of them may be old */
};

/* Does who waits for this reason wait for a struct ltr_lock? */
bool ltr_census_is_lock_wait(uint8_t reason);

/* In order of their addresses. */
size_t ltr_census_lock_count(const struct ltr_census *census);
const struct ltr_lock *ltr_census_lock(const struct ltr_census *census, size_t index);

/* NULL: nobody waited for it, or nothing is known of it. */
const struct ltr_lock *ltr_census_find_lock(const struct ltr_census *census, uint64_t object);

/* The lock that a goroutine waits for; NULL: it waits for something else, or nothing is known of it. */
const struct ltr_lock *ltr_census_lock_of(const struct ltr_census *census,
					  const struct ltr_goroutine *goroutine);

/* Where the call by which its owner locked it returns to; 0: not known. */
uint64_t ltr_census_locked_pc(const struct ltr_census *census, const struct ltr_lock *lock);

/* Somebody who waits for something and holds an RWMutex for reading. Not all who do are known. */
struct ltr_reader {
	uint64_t object;
	uint64_t goroutine_id;
};

/* In order of the objects' addresses, then of ids; twice, if it is held twice. */
size_t ltr_census_reader_count(const struct ltr_census *census);
const struct ltr_reader *ltr_census_reader(const struct ltr_census *census, size_t index);

/* What the kernel says of a thread. */
enum ltr_thread_state {
	LTR_THREAD_UNKNOWN = 0,
	LTR_THREAD_ON_CPU = 1,
	LTR_THREAD_READY = 2,   /* it waits for a CPU */
	LTR_THREAD_ACTIVE = 3,  /* one of these two; only eBPF can tell which */
	LTR_THREAD_ASLEEP = 4,  /* it waits in the kernel, until something comes or a signal */
	LTR_THREAD_BLOCKED = 5, /* it waits in the kernel and nothing ends that: a disk, a page */
	LTR_THREAD_STOPPED = 6, /* by a signal or a debugger */
};

/* "on CPU", "ready", "active", "asleep", "blocked", "stopped"; "?" for what is unknown */
const char *ltr_thread_state_name(uint8_t state);

/*
 * The thread on which a goroutine runs, or which makes its blocking call, as the last snapshot found it.
 * Only where the probe was asked for threads.
 */
struct ltr_thread {
	uint64_t goroutine_id;
	uint64_t since_ns;    /* when it entered this state; 0: not known */
	uint32_t transitions; /* of the goroutine, when it was looked at */
	uint32_t tid;         /* as the program has it (gettid()) */
	uint32_t call_name;   /* for ltr_census_string(): the system call that it is in; 0: none */
	int32_t call;         /* its number; below 0: none */
	uint8_t state;        /* enum ltr_thread_state */
};

/* In order of the goroutines' ids. */
size_t ltr_census_thread_count(const struct ltr_census *census);
const struct ltr_thread *ltr_census_thread(const struct ltr_census *census, size_t index);

/* NULL: it has none, nothing is known of it, or the goroutine has moved since it was looked at. */
const struct ltr_thread *ltr_census_thread_of(const struct ltr_census *census,
					      const struct ltr_goroutine *goroutine);

/* What says of itself what it is like; locks are not among them (struct ltr_lock). */
enum ltr_object_kind {
	LTR_OBJECT_NONE = 0,
	LTR_OBJECT_CHANNEL = 1,
	LTR_OBJECT_WAITGROUP = 2,
	LTR_OBJECT_COND = 3,
	LTR_OBJECT_SEMAPHORE = 4,
};

/* How one speaks of them. */
struct ltr_object_words {
	const char *kind;      /* "channel", "WaitGroup", ...; "object" if it is none of these */
	const char *give;      /* "send", "be done", ... */
	const char *take;      /* "receive", "add", ...; NULL: nobody takes from it */
	const char *giver_key; /* for documents: "last_sender", ... */
	const char *taker_key;
	const char *made_key; /* "made_at" or "first_used_at" */
};
const struct ltr_object_words *ltr_object_words(uint8_t kind);

/* The kind of what is waited on for this reason. */
uint8_t ltr_census_object_kind(uint8_t reason);

/*
 * What a channel, WaitGroup, Cond or semaphore that somebody waits on says of itself, where that was asked
 * for (ltr_probe_objects()) or recorded. Who gives sends (or closes), is done, signals or releases; who
 * takes receives, adds or acquires (of a Cond: nobody). Ids are of those who came last, also if they wait
 * or have given up since; 0: nobody ever did, or not known. Each word may be of another moment.
 */
struct ltr_object {
	uint64_t address;
	uint64_t made_pc; /* of a channel: where the call that made it returns to; see below */
	uint64_t giver_id;
	uint64_t taker_id;
	int64_t count;    /* in a channel's buffer; not done of a WaitGroup; taken of a semaphore */
	int64_t capacity; /* of a channel and a semaphore */
	uint32_t first_at; /* by which calls it was first used, given to and taken from: for */
	uint32_t given_at; /* ltr_census_pc_of_half(); 0: not known */
	uint32_t taken_at;
	uint8_t kind; /* enum ltr_object_kind */
	bool counted; /* count, capacity and closed are known */
	bool closed;
};

/* Of what a goroutine waits on; NULL: nothing is known of that, or it waits on several. */
const struct ltr_object *ltr_census_object_of(const struct ltr_census *census,
					      const struct ltr_goroutine *goroutine);

/* A case of a select that waits on several channels. */
struct ltr_select_case {
	uint64_t goroutine_id;
	uint64_t address;     /* of the channel */
	uint32_t transitions; /* of the goroutine, when it was looked at */
	uint8_t index;        /* as the program counts its cases */
	bool receives;
};

/* Those of a goroutine, in their order, without those that can never happen; NULL and 0: not known. */
const struct ltr_select_case *ltr_census_cases_of(const struct ltr_census *census,
						  const struct ltr_goroutine *goroutine,
						  size_t *ret_count);
/* NULL: not known. */
const struct ltr_object *ltr_census_case_object(const struct ltr_census *census,
						const struct ltr_select_case *one);

/*
 * The same of what one goroutine waits on at this moment: a program that runs is asked, which takes some
 * microseconds; otherwise it is what ltr_census_object_of() has. False: not known.
 */
bool ltr_census_object_now(const struct ltr_census *census, const struct ltr_goroutine *goroutine,
			   struct ltr_object *ret_object);

/*
 * The cases of a goroutine's select in the same way, and their channels (of kind LTR_OBJECT_NONE where
 * nothing is known): `most` at most. Returns how many.
 */
size_t ltr_census_cases_now(const struct ltr_census *census, const struct ltr_goroutine *goroutine,
			    struct ltr_select_case *ret_cases, struct ltr_object *ret_objects,
			    size_t most);

/*
 * Where the call that made it returns to or, of what no call makes, the one that was the first to use it;
 * 0: not known.
 */
uint64_t ltr_census_made_pc(const struct ltr_census *census, const struct ltr_object *object);

/* The address of code of which this is the lower half; 0: not known, or not for sure. */
uint64_t ltr_census_pc_of_half(const struct ltr_census *census, uint32_t half);

/* "192.0.2.1:80", "[2001:db8::1]:80", a path, "@" and an abstract name, or "unix" without a name. */
struct ltr_census_socket {
	char local[128];
	char peer[128]; /* ""; it listens, or has no connection (yet) */
};

/*
 * The socket that a goroutine waits on in the state network: the program is asked at this moment, which
 * takes some microseconds; in a recording, it is as the last snapshot found it. False if it waits on none,
 * has moved on, or the program cannot be asked (info->sockets_reason).
 */
bool ltr_census_socket(const struct ltr_census *census, const struct ltr_goroutine *goroutine,
		       struct ltr_census_socket *ret_socket);

/* A file that is mapped executable into the program. */
struct ltr_module {
	uint64_t start;
	uint64_t end;
	uint64_t offset; /* in the file */
	const char *path;
	const char *build_id; /* lower-case hexadecimal; "" if it has none */
};

size_t ltr_census_module_count(const struct ltr_census *census);
const struct ltr_module *ltr_census_module(const struct ltr_census *census, size_t index);

/*
 * Goroutines with the same name, labels and creator: whose something is in totals. What was known of them
 * is what the last snapshot before the end of a wait had found; whoever lived between two snapshots, and
 * whoever has none of the three, is of group 0. The program decides how many there are: past
 * LTR_CENSUS_GROUPS_MAX, what is new has its site alone, or nothing.
 */
#define LTR_CENSUS_GROUPS_MAX 16384u

struct ltr_census_group {
	uint32_t site;
	uint32_t name;
	uint32_t labels;
};

/* Never NULL: of an unknown number, that of group 0. */
const struct ltr_census_group *ltr_census_group(const struct ltr_census *census, uint32_t group);

/* Whether something of totals is in a group with less than was known, because there are too many. */
bool ltr_census_groups_cut(const struct ltr_census *census);

/*
 * How long goroutines of one group have been in one state at one stack, since the watching began:
 * the sum over all of them, also those that have ended. Filled only where the probe was asked for
 * waits. `stack` is 0 for queued and running, and perhaps for a wait that had begun before the
 * watching did: its stack was read from outside, and a goroutine that moves meanwhile has none.
 * Times that have not ended are in here up to info->now_ns: finished + unfinished waits = count.
 */
struct ltr_wait_total {
	uint32_t stack;
	uint32_t group;
	uint8_t state;
	uint8_t reason;
	uint64_t count;
	uint64_t unfinished;
	uint64_t total_ns;
	uint64_t longest_ns;
};

/* Adds them up, up to info->now_ns; 0 if nobody asked for waits. -ENOMEM: then there are none to see. */
int ltr_census_wait_count(const struct ltr_census *census, size_t *ret_count);
const struct ltr_wait_total *ltr_census_wait(const struct ltr_census *census, size_t index);

/*
 * Who made others wait for locks, since the watching began: at the stack where somebody unlocked, what
 * all those who waited for that lock then had waited since it was unlocked before, and how many were
 * woken. So who holds a lock for long is charged with everybody that waits behind, as in Go's mutex
 * profile. Filled where wait totals are, and from the same waits: counts and times of both add up to the
 * same (but for those whom a snapshot did not have any more, until their last records have come).
 */
struct ltr_contention {
	/* Somebody waits for this lock, and nobody has unlocked it since; else 0. */
	uint64_t object;
	uint64_t count;
	uint64_t total_ns;
	/* 0: with an object; and of who gave up, or was woken by nobody knows whom. */
	uint32_t stack;
	uint32_t group; /* of who unlocked; 0 also if that one was not known any more */
	uint8_t reason; /* of a wait for it */
};

/* 0, -ENOMEM. */
int ltr_census_contention_count(const struct ltr_census *census, size_t *ret_count);
/* NULL: there is none. Below the count it is valid until the census changes. */
const struct ltr_contention *ltr_census_contention(const struct ltr_census *census, size_t index);

/*
 * How often the program was seen to work at one stack, by what is known of the goroutine that ran: each
 * sample stands for info->cpu_period_ns on a CPU. Filled only where the probe was asked to sample CPUs.
 * All frames of the stack are as those of a waiting goroutine: ask for calls. `site`, `name` and
 * `labels` are 0 if there are none, if the goroutine was not known yet or no more, and if none ran.
 */
struct ltr_cpu_total {
	uint32_t stack; /* 0: not known */
	uint32_t site;
	uint32_t name;
	uint32_t labels;
	uint32_t
		state; /* enum ltr_state: RUNNING, SYSCALL in a blocking call; UNKNOWN: no goroutine
			   ran, but the runtime or a thread of which it knows nothing */
	uint32_t reserved;
	uint64_t samples;
};

/* The order does not change; new ones come last. */
size_t ltr_census_cpu_count(const struct ltr_census *census);
const struct ltr_cpu_total *ltr_census_cpu(const struct ltr_census *census, size_t index);

/* A sample when it was taken, for who wants to see them come (struct ltr_steps). */
struct ltr_cpu_seen {
	uint64_t at_ns;        /* 0: not known, a recording of an older version does not say */
	uint64_t goroutine_id; /* that ran; 0: none, or not known which */
	struct ltr_cpu_total what;
};

/*
 * One step of a goroutine: what it has been until then, and what it is from then on. For who wants to
 * see a census come to be (struct ltr_replay_options); nothing is in memory of the ones before.
 */
#define LTR_RING_UNKNOWN      UINT32_MAX
#define LTR_PROCESSOR_UNKNOWN UINT32_MAX

struct ltr_step {
	uint64_t goroutine_id;
	uint64_t from_ns; /* since when it had been in `state`; 0: neither is known */
	uint64_t at_ns;   /* not before from_ns */
	/* The same by the clock of the thread that told it, which does not go back and may lag behind
	 * others; 0: no record. */
	uint64_t told_ns;
	uint64_t object;   /* what it waited on; 0: nothing, or not known */
	uint64_t other_id; /* who woke it (READY) or created it (CREATE); 0: nobody, the runtime */
	uint32_t stack;    /* where it waited; 0: not known */
	uint32_t ring; /* of the thread that did it: while it ran, its own; or LTR_RING_UNKNOWN */
	uint32_t processor; /* on which it runs from now on; or LTR_PROCESSOR_UNKNOWN */
	uint8_t state;
	uint8_t reason;
	uint8_t next_state; /* EXITED: it is no more */
	uint8_t next_reason;
	uint8_t kind; /* enum ltr_kind; 0: only a snapshot tells, and what was in between is not known */
	bool unfinished; /* no step: it is still so at `at_ns`, when the census ends */
};

struct ltr_steps {
	/* The steps of one goroutine come in their order. The census shows it as before, or already
	 * as something later. Must not poll. */
	void (*take)(void *context, const struct ltr_census *census, const struct ltr_step *step);
	void *context;
	/* Samples of the CPUs, in about the order of time; NULL: they are not wanted. As `take`. */
	void (*sample)(void *context, const struct ltr_census *census,
		       const struct ltr_cpu_seen *seen);
};

/*
 * Goroutines that nobody can ever wake, for sure. Daemons are excused, and who is unsure is not told.
 * Unreachable are only those whom the last look at references proved to be: if nobody looked, or the
 * look was not conclusive (info->reach), there may be more.
 */
enum ltr_leak {
	LTR_LEAK_NONE = 0,
	LTR_LEAK_HOPELESS =
		1, /* waits without a deadline for what cannot come: a nil channel, ... */
	LTR_LEAK_UNREACHABLE = 2, /* nothing alive refers to what it waits on */
};

enum ltr_leak ltr_census_leak(const struct ltr_census *census,
			      const struct ltr_goroutine *goroutine);
size_t ltr_census_leak_count(const struct ltr_census *census);

/*
 * Only reading a goroutine tells whether its wait has a deadline (LTR_IS_TIMED). Is that known of this
 * one? Where events come, of those that were read since they began to wait.
 */
bool ltr_census_knows_deadline(const struct ltr_census *census,
			       const struct ltr_goroutine *goroutine);

/*
 * How long the times in one state for one reason were that have ended since the watching began, of
 * all goroutines together. Filled where wait totals are, and from the same times: `count` is what
 * their counts add up to without the unfinished ones. A time whose end was lost is in neither, so
 * after a loss (info->lost) these are lower bounds.
 *
 * `buckets` are not cumulative. Bucket i has the times of at most ltr_histogram_bound_ns(i) that are
 * too long for bucket i - 1. Reasons that this build has no name for share LTR_REASON_COUNT.
 */
#define LTR_HISTOGRAM_FIRST_BIT 6 /* bucket 0: up to 64 ns; the last but one: up to 275 s */
#define LTR_HISTOGRAM_BUCKETS   34

struct ltr_histogram {
	uint8_t state;
	uint8_t reason;
	uint64_t count;
	uint64_t total_ns;
	uint64_t buckets[LTR_HISTOGRAM_BUCKETS];
};

/* UINT64_MAX for the last. */
uint64_t ltr_histogram_bound_ns(uint32_t bucket);

/* One for each state and reason that has occurred, in no particular order. */
size_t ltr_census_histogram_count(const struct ltr_census *census);
const struct ltr_histogram *ltr_census_histogram(const struct ltr_census *census, size_t index);

#endif
