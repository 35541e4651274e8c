// SPDX-License-Identifier: MIT
/*
 * Waiting for the runtime to note where its goroutines stand (layout.h, struct ltr_stack_note). It
 * does so once somebody watches, several times as fast as we can read their stacks; so the first
 * snapshot follows behind it, where there is enough to gain. It is not waited for if it sleeps, nor
 * for more than a few pauses in which it does not begin or does not go on: it may be stopped, or
 * have no CPU. Then stacks are read.
 */
#include <time.h>

#include "libloiter_private.h"

#define DESCRIPTORS_LEAST 8192u
#define PAUSE_NS          200000
#define PAUSES_BEGIN      50u /* 10 ms: its tick is 5 */
#define PAUSES_GO_ON      250u
/* Whatever it claims to be doing: a second, and for a crowd several times what it needs. */
#define PAUSES_MAX(descriptors) (5000u + (descriptors) / 250u)

static bool read_progress(const struct ltr__libloiter *target,
			  struct ltr_note_progress *ret_progress)
{
	const struct ltr_layout *layout = &target->layout;

	return ltr__has_notes(layout) && layout->note_progress &&
	       ltr_process_read(target->process, layout->note_progress, ret_progress,
				sizeof(*ret_progress)) == 0;
}

uint32_t ltr__notes_passes(const struct ltr__libloiter *target)
{
	struct ltr_note_progress progress;

	return read_progress(target, &progress) ? progress.passes : 0;
}

static bool is_watched(const struct ltr__libloiter *target)
{
	uint64_t watch;

	return target->layout.watch &&
	       ltr_process_read(target->process, target->layout.watch, &watch, sizeof(watch)) ==
		       0 &&
	       watch;
}

static bool is_asleep(const struct ltr__libloiter *target)
{
	uint32_t asleep = 1;
	uint64_t address = target->layout.monitor_words[1];

	return !address ||
	       ltr_process_read(target->process, address, &asleep, sizeof(asleep)) < 0 || asleep;
}

void ltr__notes_begin(const struct ltr__libloiter *target, uint64_t descriptors,
		      struct ltr__notes_wait *wait)
{
	wait->target = target;
	wait->pauses_left = (int64_t)PAUSES_MAX(descriptors);
	wait->over = target->had_snapshot || descriptors < DESCRIPTORS_LEAST ||
		     !is_watched(target) || is_asleep(target);
}

static bool is_same(const struct ltr_note_progress *a, const struct ltr_note_progress *b)
{
	return a->passes == b->passes && a->looked == b->looked;
}

void ltr__notes_await(struct ltr__notes_wait *wait, uint64_t count)
{
	struct ltr_note_progress before = {0, 0};
	struct ltr_note_progress now;
	uint32_t standing = 0;

	while (!wait->over && wait->pauses_left-- > 0) {
		if (!read_progress(wait->target, &now))
			break;
		bool begun = now.passes != wait->target->note_passes;

		if (begun && now.looked >= count)
			return;
		standing = is_same(&now, &before) ? standing + 1 : 0;
		if (standing == (begun ? PAUSES_GO_ON : PAUSES_BEGIN))
			break;
		before = now;
		nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
	}
	wait->over = true;
}
