/* SPDX-License-Identifier: MIT */
/*
 * class: resource / double locking
 *
 * The loop skips records that are not due with a continue that jumps over the unlock, and locks again in
 * the next turn.
 */
/* expect: leak at TURN reason sync.Mutex.Lock */
/* expect fixed: clean */

#include <loiter.h>

struct schedule {
	struct ltr_mutex lock;
	int64_t due_ns[4];
	int fired;
};

static void fire_due(struct schedule *schedule, int64_t now_ns)
{
	for (int i = 0; i < 4; i++) {
		ltr_mutex_lock(&schedule->lock); /* TURN */
		if (schedule->due_ns[i] > now_ns) {
#ifdef FIXED
			ltr_mutex_unlock(&schedule->lock);
#endif
			continue;
		}
		schedule->fired++;
		schedule->due_ns[i] = INT64_MAX;
		ltr_mutex_unlock(&schedule->lock);
	}
}

static int run(int argc, char **argv)
{
	struct schedule schedule = {.due_ns = {1, INT64_MAX, 2, 3}};

	fire_due(&schedule, ltr_now());
	return schedule.fired == 3 ? 0 : 1;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
