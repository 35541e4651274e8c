/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_PLAYER_H
#define LOITER_TUI_PLAYER_H

/*
 * Where in a recording the screen is, and whether it moves by itself. The moment is the census's
 * own; all times are on its clock. Who drives it, and shows the moment that it asks for, is
 * playing.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "key.h"
#include "timeline.h"
#include "wording.h"

struct ltr__player {
	const struct ltr_timeline *timeline; /* NULL: it is no recording, or cannot be played */
	bool is_playing;
	unsigned speed;     /* index, see ltr__player_speed() */
	uint64_t goroutine; /* that was selected last; 0: none */
};

/* At the beginning of its life: not playing, at the speed of the program. */
void ltr__player_init(struct ltr__player *player, const struct ltr_timeline *timeline);

/* "1/4", "1", "64" */
const char *ltr__player_speed(const struct ltr__player *player);
void ltr__player_change_speed(struct ltr__player *player, bool is_faster);

/* What a person steps by: about a hundredth of the recording, and a round number. */
uint64_t ltr__player_step_ns(const struct ltr__player *player);

/*
 * Where an action leads to from `*moment_ns`: a step or ten, not beyond the ends, or to an end.
 * False: it is none of these.
 */
bool ltr__player_step(const struct ltr__player *player, enum ltr__action action,
		      uint64_t *moment_ns);

/* The moment to show when `wall_ns` have passed since `now_ns` was shown; at the end it stops. */
uint64_t ltr__player_frame(struct ltr__player *player, uint64_t now_ns, uint64_t wall_ns);

/* "at 12.3s of 60.0s, paused", "at 12.3s of 60.0s, playing x4" */
void ltr__player_say(const struct ltr__player *player, uint64_t now_ns, char *ret_text,
		     size_t size);

/* Since the beginning, as exact as a step needs. */
struct ltr__words ltr__player_words(const struct ltr__player *player, uint64_t moment_ns);

#endif
