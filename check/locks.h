/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CHECK_LOCKS_H
#define LOITER_CHECK_LOCKS_H

/*
 * Who waits for which lock, and who of them holds it, taken from a census: a wait-for graph with names.
 *
 * A wait that ends by itself (a deadline, a context) is left out, and so is a lock of which it is not
 * certain that its holder will have to unlock it (ltr_lock.stray_unlock). A reader of an RWMutex that
 * a waiting writer stops waits for those who read, as the writer does.
 *
 * With an earlier look only those waits count that have lasted since, and only those holders that
 * were the same then: all of them stood at one moment between the two. Without one this is so only
 * if the program does not move.
 */

#include "check.h"
#include "waitfor.h"

struct ltr__lock_wait {
	uint64_t id;
	uint32_t index; /* in the census */
	uint32_t lock;  /* in the census, also where it does not count: see graph.waits */
};

struct ltr__lock_waits {
	const struct ltr_census *census;
	struct ltr__lock_wait *wait; /* in order of ids; the graph's goroutines */
	bool *is_settled; /* by lock: who holds it is the same as at the earlier look, and has not moved */
	uint32_t *writer;          /* by lock: the first who waits to write, or LTR__NOBODY */
	struct ltr__waitfor graph; /* its objects are the census's locks */
};

/*
 * `earlier` may be NULL, and so may `among`, the goroutines that alone are looked at, as in struct
 * ltr_judge_options. 0 or -ENOMEM; then there is nothing to free.
 */
int ltr__lock_waits_new(const struct ltr_census *census, const struct ltr_look *earlier,
			const uint32_t *among, size_t among_count,
			struct ltr__lock_waits *ret_waits);
void ltr__lock_waits_done(struct ltr__lock_waits *waits);

/*
 * Has the owner of this lock ended, without unlocking it? Only a census that is whole can tell, and
 * only if it was so at the earlier look.
 */
bool ltr__lock_is_abandoned(const struct ltr__lock_waits *waits, uint32_t lock);

#endif
