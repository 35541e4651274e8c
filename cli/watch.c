/* SPDX-License-Identifier: MIT */
#include <poll.h>

#include "cli.h"
#include "interrupts.h"
#include "watch.h"

#define POLL_MS 50

bool ltr__watch(struct ltr__target *target, bool is_process, uint64_t length_ns)
{
	uint64_t end_ns = ltr__now_ns() + length_ns;
	struct ltr__interrupts interrupts = {.fd = -1};
	bool timed_out = false;

	if (is_process)
		ltr__interrupts_begin(&interrupts);
	while (!timed_out && !ltr__target_is_over(target) && !ltr__interrupts_came(&interrupts)) {
		if (ltr__target_poll(target, POLL_MS) < 0)
			break;
		timed_out = length_ns && ltr__now_ns() >= end_ns;
	}
	if (is_process)
		ltr__interrupts_end(&interrupts);
	return timed_out;
}

/* Those that have nothing to wait with are asked every POLL_MS, with all others. */
static void await_any(struct ltr__target *const *targets, size_t count)
{
	struct pollfd news[LTR__WATCH_MAX];

	for (size_t i = 0; i < count; i++)
		news[i] = (struct pollfd){
			.fd = ltr__target_is_over(targets[i]) ? -1 : ltr__target_fd(targets[i]),
			.events = POLLIN,
		};
	poll(news, count, POLL_MS);
}

/* Returns false if nothing can come any more. */
static bool take_in(struct ltr__target *const *targets, size_t count)
{
	bool goes_on = false;

	for (size_t i = 0; i < count; i++) {
		if (ltr__target_is_over(targets[i]))
			continue;
		if (ltr__target_poll(targets[i], 0) < 0 && !ltr__target_is_over(targets[i]))
			return false;
		goes_on |= !ltr__target_is_over(targets[i]);
	}
	return goes_on;
}

bool ltr__watch_all(struct ltr__target *const *targets, size_t count, uint64_t length_ns)
{
	uint64_t end_ns = ltr__now_ns() + length_ns;
	struct ltr__interrupts interrupts = {.fd = -1};
	bool timed_out = false;

	ltr__interrupts_begin(&interrupts);
	while (!timed_out && take_in(targets, count) && !ltr__interrupts_came(&interrupts)) {
		await_any(targets, count);
		timed_out = length_ns && ltr__now_ns() >= end_ns;
	}
	ltr__interrupts_end(&interrupts);
	return timed_out;
}
