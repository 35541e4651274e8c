/* SPDX-License-Identifier: MIT */

/* See spare.h. */

#include "spare.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "idle.h"

static long membarrier(int command)
{
	return syscall(SYS_membarrier, command, 0, 0);
}

/* The only processor's owner may do without locked instructions while there is no spare one. */
static bool may_be_alone;
static bool thieves_may_come; /* monitor only: `shared` is set and the owner has seen it */

void ltr__spare_init(void)
{
	may_be_alone = ltr__sched.processor_count == 1;
	/* Where membarrier() is refused (Linux before 4.14, a filter), the queue is always shared. */
	if (may_be_alone && ltr__sched.spare_max &&
	    membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) != 0)
		may_be_alone = false;
	thieves_may_come = !may_be_alone;
	__atomic_store_n(&ltr__sched.shared, !may_be_alone, __ATOMIC_RELAXED);
}

/*
 * From now on thieves may come. The owner stores `busy` and then loads `shared`; we store `shared`
 * and then load `busy`, with a barrier on all threads in between: it sees our store, or we see it
 * busy with an operation that may not be safe against thieves, of which there are none yet.
 */
static bool share(void)
{
	if (thieves_may_come)
		return true;
	__atomic_store_n(&ltr__sched.shared, 1, __ATOMIC_SEQ_CST);
	membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
	/* acquire: pairs with ltr__leave_alone() */
	thieves_may_come = !__atomic_load_n(&ltr__sched.processors[0].busy, __ATOMIC_ACQUIRE);
	return thieves_may_come;
}

/*
 * Under the lock. Without spare processors nobody steals, but for the monitor, who is here: threads
 * give their processors up outside of queue operations.
 */
static void share_no_more(void)
{
	if (!may_be_alone || ltr__sched.spares)
		return;
	thieves_may_come = false;
	__atomic_store_n(&ltr__sched.shared, 0, __ATOMIC_RELEASE);
}

bool ltr__spare_may_steal(void)
{
	return thieves_may_come;
}

/* Under the lock. */
static void give_up(struct ltr__processor *processor)
{
	processor->spare_used = false;
	__atomic_store_n(&processor->retire, 0, __ATOMIC_RELAXED);
	ltr__sched.spares--;
}

bool ltr__spare_add(void)
{
	struct ltr__processor *processor;
	uint32_t index = ltr__sched.processor_count;

	if (!share())
		return false;
	ltr__lock(&ltr__sched.lock);
	while (index < LTR__PROCESSOR_MAX && ltr__sched.processors[index].spare_used)
		index++;
	if (index == LTR__PROCESSOR_MAX || ltr__sched.spares >= ltr__sched.spare_max) {
		ltr__unlock(&ltr__sched.lock);
		return false;
	}
	processor = &ltr__sched.processors[index];
	if (index >= ltr__sched.processor_used) {
		ltr__processor_init(index);
		/* release: pairs with ltr__processors_used() */
		__atomic_store_n(&ltr__sched.processor_used, index + 1, __ATOMIC_RELEASE);
	}
	processor->spare_used = true;
	ltr__sched.spares++;
	ltr__idle_push(processor);
	ltr__unlock(&ltr__sched.lock);
	return true;
}

/* Under the lock. A queue that is not empty waits for a thread that has been told of it. */
static bool may_withdraw(const struct ltr__processor *processor)
{
	return processor->spare_used && ltr__runqueue_empty(&processor->queue) &&
	       !__atomic_load_n(&processor->queue.slot, __ATOMIC_RELAXED);
}

void ltr__spare_withdraw(uint32_t count)
{
	struct ltr__processor **link = &ltr__sched.idle;

	ltr__lock(&ltr__sched.lock);
	while (*link && count) {
		struct ltr__processor *processor = *link;

		if (!may_withdraw(processor)) {
			link = &processor->next_idle;
			continue;
		}
		*link = processor->next_idle;
		__atomic_store_n(&ltr__sched.idle_count, ltr__sched.idle_count - 1,
				 __ATOMIC_RELAXED);
		give_up(processor);
		count--;
	}
	for (uint32_t i = ltr__sched.processor_count; i < ltr__sched.processor_used; i++) {
		struct ltr__processor *processor = &ltr__sched.processors[i];
		bool retire = count && processor->spare_used && !processor->monitor_stuck;

		__atomic_store_n(&processor->retire, retire, __ATOMIC_RELAXED);
		count -= retire;
	}
	share_no_more();
	ltr__unlock(&ltr__sched.lock);
}

void ltr__spare_drain(struct ltr__processor *processor, uint32_t limit)
{
	struct ltr__goroutine *goroutine, *first = NULL, *last = NULL;
	uint32_t count = 0;

	while (count < limit && ((goroutine = ltr__slot_take(&processor->queue, false)) ||
				 (goroutine = ltr__fifo_take(&processor->queue, false)) ||
				 (goroutine = ltr__deque_steal(&processor->queue)))) {
		if (last)
			last->next = goroutine;
		else
			first = goroutine;
		last = goroutine;
		count++;
	}
	if (count)
		ltr__inject(first, last, count);
}

void ltr__spare_leave(struct ltr__thread *thread)
{
	struct ltr__processor *processor = thread->processor;

	ltr__spare_drain(processor, UINT32_MAX);
	ltr__lock(&ltr__sched.lock);
	if (__atomic_load_n(&processor->retire, __ATOMIC_RELAXED) && may_withdraw(processor)) {
		thread->processor = NULL;
		give_up(processor);
	}
	ltr__unlock(&ltr__sched.lock);
}
