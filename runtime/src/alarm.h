/* SPDX-License-Identifier: MIT */
#ifndef LTR_ALARM_H
#define LTR_ALARM_H

/*
 * Alarms: something to be done at a moment, other than waking a goroutine that is parked (for that
 * the processors have their heaps, timer.h). Timers, tickers and deadlines of contexts are made of
 * them. One goroutine, "timers", rings them; it lives as long as there are alarms.
 *
 * They are guarded by one ltr_mutex, so that what rings may call what any goroutine may. Nobody who
 * holds a lock of lock.h may come here.
 */

#include <stdbool.h>
#include <stdint.h>

struct ltr__alarm {
	int64_t at_ns;
	uint32_t index; /* in the heap, plus 1; 0: not set */
	/* Called by the goroutine "timers", with the alarms locked; may set it again. */
	void (*ring)(struct ltr__alarm *alarm, int64_t now_ns);
};

/* Locking may wait for others who do. Unlocking starts or wakes "timers" if need be. */
void ltr__alarms_lock(void);
void ltr__alarms_unlock(void);

/* With the alarms locked: set it, anew if it is set (LTR_FOREVER: not at all). / Take it back: was it set? */
void ltr__alarm_set(struct ltr__alarm *alarm, int64_t at_ns);
bool ltr__alarm_stop(struct ltr__alarm *alarm);

#endif
