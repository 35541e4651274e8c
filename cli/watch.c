/* SPDX-License-Identifier: MIT */
#include "watch.h"
#include "cli.h"
#include "interrupts.h"

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
