/* SPDX-License-Identifier: MIT */
/*
 * What to change: one piece of advice for each thing that a goroutine can wait for, for those that do
 * not wait at all, and for each pattern that says more than the wait alone. Advice names the usual mistake first, then the usual cure, in the words
 * of loiter.h.
 */

#include "internal.h"

static const char *const by_reason[LTR_REASON_COUNT] = {
	[LTR_REASON_CHAN_RECEIVE] =
		"Nobody sends here any more. Close the channel where its last sender ends (a loop over "
		"it ends then), or give the receive a deadline.",
	[LTR_REASON_CHAN_SEND] =
		"Nobody receives here any more, often because the receiver gave up after a time-out. "
		"Give the channel a buffer of 1, or send in a select with a deadline.",
	[LTR_REASON_CHAN_RECEIVE_NIL] =
		"The channel was never made: a receive from a nil channel waits for ever. Make it "
		"before the goroutine starts.",
	[LTR_REASON_CHAN_SEND_NIL] =
		"The channel was never made: a send on a nil channel waits for ever. Make it before "
		"the goroutine starts.",
	[LTR_REASON_SELECT] =
		"None of the cases can happen any more. Add a case on a channel that is closed when it "
		"is time to stop, or a deadline.",
	[LTR_REASON_SELECT_NO_CASES] =
		"A select without cases waits for ever. If that is meant, declare the goroutine a "
		"daemon; otherwise give it a case that ends it.",
	[LTR_REASON_SLEEP] =
		"A loop that sleeps has nothing that ends it. Wait in a select on a stop channel with "
		"the pause as its deadline, instead of the sleep.",
	[LTR_REASON_IO_READ] =
		"The peer sends nothing and the read has no deadline. Give it one, or close the "
		"connection when it is time to stop.",
	[LTR_REASON_IO_WRITE] =
		"The peer does not take what is sent and the write has no deadline. Give it one, or "
		"close the connection when it is time to stop.",
	[LTR_REASON_IO_ACCEPT] =
		"Nothing ends the accept loop. Close the listener when it is time to stop, and let "
		"accept's error end the loop.",
	[LTR_REASON_IO_CONNECT] =
		"The other side does not answer and the dial has no deadline. Give it one.",
	[LTR_REASON_SYSCALL] =
		"A blocking call has not returned. Use one that can time out, or close what it blocks "
		"on when it is time to stop.",
	[LTR_REASON_MUTEX_LOCK] =
		"Whoever holds the mutex never unlocked it, or waits for this goroutine. Unlock in a "
		"deferred function, do not lock twice, and take locks in one order everywhere.",
	[LTR_REASON_RWMUTEX_RLOCK] =
		"A writer holds the lock or is queued for it. Do not take the read lock twice in one "
		"goroutine, and unlock in a deferred function.",
	[LTR_REASON_RWMUTEX_LOCK] =
		"A reader or writer never unlocked. Unlock in a deferred function, and take locks in "
		"one order everywhere.",
	[LTR_REASON_WAITGROUP_WAIT] =
		"The count never reaches zero: somebody was added and is never done. Make done the "
		"first thing that each goroutine defers, and add before it is started.",
	[LTR_REASON_COND_WAIT] =
		"Nobody signals any more, or the signal came before the wait. Change the condition and "
		"signal under the lock, and wait in a loop that checks it first.",
	[LTR_REASON_SEMACQUIRE] =
		"Nobody releases what this waits for. Release in a deferred function.",
	[LTR_REASON_ONCE_DO] =
		"The function that was given to Once has not returned. See where that goroutine waits; "
		"it must not call the same Once again.",
};

static const char *const by_state[LTR_STATE_COUNT] = {
	[LTR_STATE_QUEUED] =
		"It could run but has not finished. Wait for it before the main goroutine returns, or "
		"tell it to stop.",
	[LTR_STATE_RUNNING] =
		"It still runs: a long computation or a loop that nothing ends. Let the loop look at a "
		"stop channel, and wait for the goroutine before the main goroutine returns.",
	[LTR_STATE_SYSCALL] =
		"A blocking call has not returned. Use one that can time out, or close what it blocks "
		"on when it is time to stop.",
};

static const struct {
	const struct ltr_rule *rule;
	const char *advice;
} by_rule[] = {
	{&ltr__rule_double_lock,
	 "Unlock before locking again. Split the function in two: one that locks, and one that "
	 "expects the lock to be held, for those who hold it already."},
	{&ltr__rule_once_in_once,
	 "The function that is given to a Once must not call that Once, not even through others. Take "
	 "what both need out into a function of its own."},
	{&ltr__rule_read_write_read,
	 "Do not read-lock twice in one goroutine: a writer may come in between. Lock once, and give "
	 "those that are called a function that expects the lock to be held."},
	{&ltr__rule_lock_upgrade,
	 "A read lock cannot become a write lock. Unlock it first and check again under the write "
	 "lock, or take the write lock from the beginning."},
	{&ltr__rule_lock_order,
	 "Take the two locks in the same order everywhere, or unlock the first before the second is "
	 "locked. If there is no order, take the second with a try, and start over if that fails."},
	{&ltr__rule_lock_cycle,
	 "Give the locks an order and take them in it everywhere. Where one is taken against it, "
	 "unlock what is held first."},
	{&ltr__rule_abandoned_lock,
	 "A path out of that goroutine does not unlock. Unlock in a deferred function, set right "
	 "after the lock was taken."},
	{&ltr__rule_runs_long,
	 "It keeps its processor from the others. Let the loop call ltr_yield() now and then, or look at "
	 "a stop channel; move a blocking call into ltr_blocking()."},
	{&ltr__rule_held_for_ever,
	 "Do not wait for others while a lock is held: unlock before the send, receive or wait. Then "
	 "see to the goroutine that holds it."},
};

const char *ltr__advice(const struct ltr_rule *rule, uint8_t state, uint8_t reason)
{
	for (size_t i = 0; i < sizeof(by_rule) / sizeof(by_rule[0]); i++)
		if (by_rule[i].rule == rule)
			return by_rule[i].advice;
	if (reason < LTR_REASON_COUNT && by_reason[reason])
		return by_reason[reason];
	if (state < LTR_STATE_COUNT && by_state[state])
		return by_state[state];
	return "Give whatever it waits for a deadline, or a way to be told to stop.";
}
