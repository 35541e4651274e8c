/* SPDX-License-Identifier: MIT */

/* Which clock ticks are read from, and the public time calls. */

#include "clock.h"

#include <loiter/time.h>

enum ltr_clock ltr__clock = LTR_CLOCK_MONOTONIC;
uint64_t ltr__coarse_ticks;
bool ltr__clock_is_virtual;
int64_t ltr__virtual_ns;

/* Virtual time begins after a week, so that a program may look back from there; */
#define VIRTUAL_START_NS (INT64_C(7) * 24 * 3600 * 1000000000)
/* and a program that reads the clock until it is late gets there. */
#define VIRTUAL_READ_NS 50

/* Both clocks at one moment: of several tries, the one that took least. */
static void read_both(uint64_t *ret_ticks, uint64_t *ret_ns)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 16; i++) {
		uint64_t before = ltr__ticks();
		uint64_t ns = (uint64_t)ltr__real_ns();
		uint64_t after = ltr__ticks();

		if (after - before < best) {
			best = after - before;
			*ret_ticks = before + best / 2;
			*ret_ns = ns;
		}
	}
}

void ltr__clock_init(uint64_t *ret_ticks, uint64_t *ret_ns)
{
	ltr__clock = ltr__raw_ticks_are_steady() ? LTR__RAW_CLOCK : LTR_CLOCK_MONOTONIC;
	read_both(ret_ticks, ret_ns);
	if (ltr__clock == LTR_CLOCK_MONOTONIC)
		*ret_ticks = *ret_ns;
	ltr__coarse_renew();
}

void ltr__clock_be_virtual(void)
{
	ltr__virtual_ns = VIRTUAL_START_NS;
	ltr__clock_is_virtual = true;
}

int64_t ltr_now(void)
{
	if (ltr__clock_is_virtual)
		ltr__clock_advance(VIRTUAL_READ_NS);
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
