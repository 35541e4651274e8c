/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PROBE_PRIVATE_H
#define LOITER_PROBE_PRIVATE_H

/* One process or file, one target that can read it, perhaps one source of records, one census. */

#include "cpu.h"
#include "target/target.h"

struct ltr_probe {
	struct ltr_process *process; /* NULL: the target is a file, and nothing changes any more */
	const struct ltr_target_ops *kind;
	void *target;
	const struct ltr_event_source_ops *source; /* NULL: snapshots only */
	void *events;
	struct ltr_threads *threads; /* NULL: nobody wants to know */
	struct ltr__cpu cpu;
	struct ltr_census *census;
	struct ltr_clock_rate rate;
	int epoll;         /* source, timer and death */
	int timer;         /* -1: the source needs none */
	uint64_t exact_ns; /* when the records were switched on; UINT64_MAX: never */
	uint64_t snapshot_every_ns;
	uint64_t next_snapshot_ns;
	uint64_t next_heal_ns;
	bool notes_objects;
	bool notes_sockets;
	bool gone;
};

/* What a source wants to know of the program; no stacks. 0, or -errno and a sentence. */
int ltr__probe_describe(struct ltr_probe *probe, struct ltr_event_target *ret_what,
			struct ltr_why *why);
/* Takes one, with all that is asked for with it, and says when the next may come. 0 or -errno. */
int ltr__probe_snapshot(struct ltr_probe *probe);
/* All that polling does but waiting: 1 if there was something, else 0, or -errno. */
int ltr__probe_look(struct ltr_probe *probe);

#endif
