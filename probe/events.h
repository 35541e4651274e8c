/* SPDX-License-Identifier: MIT */
#ifndef LOITER_EVENTS_H
#define LOITER_EVENTS_H

/*
 * Where live records come from: one small table of functions for each way, `shm` (shm.c) and `ebpf`
 * (ebpf/records.c). The facade (probe_open.c, probe.c) chooses one, feeds what it delivers into the census,
 * reads the table of interned stacks, and takes the first snapshot after `open` has returned; so from
 * the moment that `open` returns, nothing that happens may be missed without being reported as lost.
 * A source knows nothing of the census.
 */

#include <loiter/event.h>
#include <loiter/layout.h>

#include "probe.h"

struct ltr_process;

/* What to watch. Valid only during `open`, except `process`, which outlives the source. */
struct ltr_event_target {
	uint32_t pid;
	bool stacks; /* ask the program for STACK records too */

	/* The ELF file that holds the probed functions, by a path that this process can open
	 * (/proc/PID/exe, or a shared object below /proc/PID/root), and where in that file the
	 * functions and their semaphores lie: file offsets, as uprobes want them, not addresses.
	 * `path` is NULL if they lie in no file; then there is nothing to attach to. */
	const char *path;
	uint64_t handover_offset;
	uint64_t want_stacks_offset;
	uint64_t events_semaphore_offset;
	uint64_t stacks_semaphore_offset;

	/* For who reads memory. All counts and sizes in `layout` have been checked. */
	struct ltr_process *process;
	const struct ltr_layout *layout;
};

/* Who takes what a source delivers. A negative errno from `records` ends the poll with it. */
struct ltr_event_sink {
	void *context;
	/* Records of one ring (its index in layout->rings), in their order; `position` is that of
	 * the first. Lost records show as a jump of the position: do not report them twice. Without
	 * any (count 0) it only says where the ring stands, so that a jump before the first record
	 * that is delivered shows too. */
	int (*records)(void *context, uint32_t ring, uint64_t position,
		       const struct ltr_event *events, size_t count);
	/* Records that were lost in a way that no jump of a position will ever show. */
	void (*lost)(void *context, uint64_t records);
};

struct ltr_event_source_ops {
	const char *name;
	enum ltr_way way;
	/* How often `poll` wants to be called although `fd` is not readable; 0: never. */
	int interval_ms;

	/* Switch the events on. -EOPNOTSUPP or another negative errno, with a sentence, if that is
	 * refused; then nothing is left behind. */
	int (*open)(const struct ltr_event_target *what, void **ret_context,
		    struct ltr_why *ret_why);
	/* Deliver all there is, or a large part of it, without blocking. 1 if there was something, 0
	 * if not, -errno. */
	int (*poll)(void *context, const struct ltr_event_sink *sink);
	/* Readable when there is something to deliver; -1: none, rely on interval_ms. */
	int (*fd)(void *context);
	/* Switch the events off and leave the program as it was. Takes NULL. Also after its death. */
	void (*close)(void *context);
};

extern const struct ltr_event_source_ops ltr__shm_source;  /* shm.c */
extern const struct ltr_event_source_ops ltr__ebpf_source; /* ebpf/records.c */

/*
 * Samples of what the CPUs are doing for the program: by eBPF (ebpf/cpu.c), or of this very process by
 * signals (cpu_signals.c). A sampler is independent of the source of records and disturbs the program by
 * one interrupt a sample.
 */
struct ltr_cpu_sink {
	void *context;
	/* One sample: when it was taken (CLOCK_MONOTONIC), the id of the goroutine that ran (0: none,
	 * or not known which), whether that was in its blocking call, and the user stack, innermost
	 * first: the first address is of an instruction, the others are where calls return to. A
	 * negative errno ends the poll with it. */
	int (*sample)(void *context, uint64_t at_ns, uint64_t goroutine, bool in_call,
		      const uint64_t *pcs, size_t depth);
	void (*lost)(void *context, uint64_t samples);
};

struct ltr_cpu_ops {
	/* `rate_hz` samples for each second that a CPU works for the program. A negative errno, with a
	 * sentence, where that is refused (see ltr_probe_sample_cpu()). */
	int (*open)(const struct ltr_event_target *what, uint32_t rate_hz, void **ret_sampler,
		    struct ltr_why *ret_why);
	/* Deliver all there is, or a large part of it. 1 if there was something, 0 if not, -errno; -EBUSY:
	 * there will be no more, because the program has taken for itself what it takes. */
	int (*poll)(void *sampler, const struct ltr_cpu_sink *sink);
	/* Nobody is disturbed any more; what was not delivered is gone. Takes NULL. */
	void (*close)(void *sampler);
};

extern const struct ltr_cpu_ops ltr__cpu_ebpf;    /* ebpf/cpu.c */
extern const struct ltr_cpu_ops ltr__cpu_signals; /* cpu_signals.c; of this process only */

/* cpu_reader.c: one sample as the kernel side hands it over. -EBADMSG, or what the sink returns. */
int ltr__cpu_sample_take(const void *data, size_t size, const struct ltr_cpu_sink *sink);

/*
 * thread_reader.c: what the kernel says of the threads of the program, when it is asked. Nothing
 * is traced, and nothing is done to the program.
 */
struct ltr_kernel_thread {
	uint64_t since_ns; /* when it entered the state; 0: not known */
	uint32_t tid;      /* as the program has it */
	int32_t call;      /* the system call that it is in; below 0: none */
	uint8_t state;     /* enum ltr_thread_state */
};

struct ltr_thread_reader;

int ltr__thread_reader_open(const struct ltr_event_target *what,
			    struct ltr_thread_reader **ret_reader, struct ltr_why *ret_why);
/* All of its threads, in no particular order; the caller frees them. */
int ltr__thread_reader_read(struct ltr_thread_reader *reader,
			    struct ltr_kernel_thread **ret_threads, size_t *ret_count);
struct ltr_thread_reader *ltr__thread_reader_close(struct ltr_thread_reader *reader);

/*
 * ebpf/threads.c: the rows that such a reader is made of, with the kernel's own states and clock. `most` is how
 * many there is room for; the rest is left out.
 */
struct ltr_thread_row;
struct ltr_thread_rows;

int ltr__thread_rows_open(const struct ltr_event_target *what, struct ltr_thread_rows **ret_rows,
			  struct ltr_why *ret_why);
int ltr__thread_rows_read(const struct ltr_thread_rows *rows, struct ltr_thread_row *ret_row,
			  size_t most, size_t *ret_count);
struct ltr_thread_rows *ltr__thread_rows_close(struct ltr_thread_rows *rows);

/* symbols.c: give the census symbols and modules of process `pid`. 0 or a negative errno. */
int ltr__symbols_new(uint32_t pid, struct ltr_census *census);

#endif
