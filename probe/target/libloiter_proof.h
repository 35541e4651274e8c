/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TARGET_LIBLOITER_PROOF_H
#define LOITER_TARGET_LIBLOITER_PROOF_H

/* What libloiter_own.c, libloiter_pass.c and libloiter_reach.c share. */

#include "libloiter_population.h"

/* What of a process is the runtime's own: memory that does not count, and threads. */
struct ltr__own {
	struct ltr_reach_region *skip;
	size_t skip_count;
	uint32_t *tids;
	size_t tid_count;
	size_t foreign; /* threads that are not */
};

/* libloiter_own.c; what there is already is replaced. `some_call`: somebody is in a blocking call. */
int ltr__own_find(struct ltr__own *own, const struct ltr__libloiter *target, bool some_call);
void ltr__own_done(struct ltr__own *own);

/* A goroutine that was not reached. */
struct ltr__suspect {
	uint64_t id;
	uint64_t object;
	uint32_t sequence;
};

/* libloiter_pass.c: what one reading of the process needs, and what comes of it. */
struct ltr__pass {
	struct ltr__libloiter *target;
	uint64_t most_bytes;
	const struct ltr_reach_stop *stop; /* NULL: the process runs */
	bool watch_writes; /* if that can be had, so that the next one need not read much */
	struct ltr__own own;
	/* NULL: the first one. Else only of these is it asked, which the one before has left. */
	struct ltr_reach *reach;
	const struct ltr__suspect *suspects; /* in order of ids */
	size_t suspect_count;
	struct ltr__population population; /* those whom it was about */
	struct ltr__population before;     /* while it reads */
	struct ltr__population after;
};

/*
 * Everything but marking. Before it is called again, what was read has to be forgotten. -EAGAIN:
 * somebody has begun a call meanwhile; then it has been.
 */
int ltr__pass_read(struct ltr__pass *pass, struct ltr_why *why);
void ltr__pass_done(struct ltr__pass *pass);

#endif
