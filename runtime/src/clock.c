/* SPDX-License-Identifier: MIT */

/* Which clock ticks are read from, and the public time calls. */

#include "clock.h"

#include <cpuid.h>
#include <loiter/time.h>

enum ltr_clock ltr__clock = LTR_CLOCK_MONOTONIC;
uint64_t ltr__coarse_ticks;

/* Whether the time stamp counter runs at one rate and never stops (CPUID 80000007h, EDX bit 8). */
static int tsc_is_invariant(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & (1u << 8));
}

void ltr__clock_init(uint64_t *ret_ticks, uint64_t *ret_ns)
{
	ltr__clock = tsc_is_invariant() ? LTR_CLOCK_TSC : LTR_CLOCK_MONOTONIC;
	*ret_ticks = ltr__ticks();
	*ret_ns = (uint64_t)ltr__now_ns();
	if (ltr__clock == LTR_CLOCK_MONOTONIC)
		*ret_ticks = *ret_ns;
	ltr__coarse_renew();
}

int64_t ltr_now(void)
{
	return ltr__now_ns();
}

int64_t ltr_after(int64_t duration_ns)
{
	int64_t deadline_ns;

	if (duration_ns < 0)
		duration_ns = 0;
	if (__builtin_add_overflow(ltr__now_ns(), duration_ns, &deadline_ns))
		return LTR_FOREVER;
	return deadline_ns;
}
