/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TARGET_H
#define LOITER_TARGET_H

/*
 * A kind of thing that can be watched: one table of functions. To add a kind, write a file with its
 * table and add the table to the list in targets.c; nothing else in loiter changes.
 */

#include "../census_fill.h"
#include "../events.h"
#include "../process.h"

struct ltr_target_ops {
	const char *name;

	/*
	 * Recognise the process and get ready to read it; it outlives the target. -ENOEXEC if it is
	 * not of this kind (the next kind is tried); -EPROTO, -EAGAIN and others as
	 * ltr_probe_open(), with a sentence.
	 */
	int (*open)(struct ltr_process *process, void **ret_target, struct ltr_why *ret_why);
	/*
	 * Or, for what is no process: recognise the file. It is NULL where `open` is not. -ENOEXEC
	 * if it is not of this kind, others as ltr_probe_open_file(), with a sentence. Then of what
	 * follows only `close` and `replay` are called, the rest may be NULL.
	 */
	int (*open_file)(const char *path, void **ret_target, struct ltr_why *ret_why);
	/*
	 * Fill the census with what was; once. Errors as `open_file`.
	 */
	int (*replay)(void *target, struct ltr_census *census,
		      const struct ltr_replay_options *options, struct ltr_why *ret_why);

	void (*close)(void *target); /* takes NULL */

	/*
	 * What an event source needs, but for `pid`, `process` and `stacks`; good as long as the
	 * target. -EOPNOTSUPP, with a sentence, if there are no events.
	 */
	int (*describe)(void *target, struct ltr_event_target *ret_what, struct ltr_why *ret_why);

	/*
	 * -ESRCH if the process is ending or has ended. -ESTALE if it has become another program (exec), of
	 * which nothing may be taken for its own and to which nothing may be written. It is asked before
	 * each look.
	 */
	int (*check)(void *target);

	/* The clock of the records, measured anew for the best result near the present. */
	void (*rate)(void *target, struct ltr_clock_rate *ret_rate);

	/*
	 * A snapshot: begin, put, end. Times since `exact_ns` are exact (it is when records were
	 * switched on; UINT64_MAX: never). Sets info->unreadable. -ESRCH: it has ended.
	 */
	int (*snapshot)(void *target, struct ltr_census *census, uint64_t exact_ns);

	/* The fields of info that change: created, exited, threads, phase. -ESRCH: it has ended. */
	int (*counters)(void *target, struct ltr_census_info *info);

	/* See ltr_probe_reach(); may be NULL. */
	int (*reach)(void *target, struct ltr_census *census, enum ltr_reach_freeze freeze);

	/* See ltr_probe_step_aside(), which holds until `close`; may be NULL. */
	int (*step_aside)(void *target);

	/* See ltr_probe_objects(), of at most so many objects, ltr_object_find and ltr_cases_find; may
	 * be NULL. */
	int (*objects)(void *target, struct ltr_census *census, uint32_t most);
	int (*object)(void *target, uint64_t address, uint8_t kind, struct ltr_object *ret_object);
	size_t (*cases)(void *target, uint64_t id, uint32_t transitions,
			struct ltr_select_case *ret_cases, size_t most);

	/* Define the interned stacks up to number `least` at least. */
	int (*stacks)(void *target, struct ltr_census *census, uint32_t least);

	/* See ltr_probe_seek() and ltr_probe_timeline(); NULL: it cannot be played. */
	int (*seek)(void *target, struct ltr_census *census, uint64_t moment_ns,
		    struct ltr_why *ret_why);
	const struct ltr_timeline *(*timeline)(void *target);
	/* See ltr_probe_follow(); NULL: the census is told of all that happens. */
	int (*follow)(void *target, struct ltr_census *census, uint64_t id);
};

extern const struct ltr_target_ops ltr__libloiter_target; /* libloiter.c */
extern const struct ltr_target_ops ltr__recording_target; /* recording.c */

/* All kinds, in the order in which they are tried; NULL at the end. */
extern const struct ltr_target_ops *const ltr__targets[];

#endif
