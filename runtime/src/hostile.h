/* SPDX-License-Identifier: MIT */
#ifndef LTR_HOSTILE_H
#define LTR_HOSTILE_H

/*
 * The hostile build (cmake -DLOITER_HOSTILE=ON, preset hostile; never installed): what is seldom in
 * an ordinary run is the rule here, on all processors at once.
 *
 *   - queues of 4 and caches of one, so that they overflow, drain and refill all the time
 *   - every pick is a fair one and asks a random queue first (scheduler.c)
 *   - every call may be interrupted (ltr__caller), one in LTR__HOSTILE_INTERRUPTS
 *   - the top of a stack is poisoned when it is given back, and checked when it is taken again: who
 *     wrote there meanwhile wrote to a goroutine that had ended
 *
 * The processors' generators start from LTR_HOSTILE_SEED (0 if there is none); threads run in
 * parallel, so a seed makes a run likely, not sure, to repeat. LTR_SEED works here, too.
 */

#ifdef LTR_HOSTILE

#include <stdbool.h>
#include <stdint.h>

#define LTR__FIFO_CAPACITY    4u
#define LTR__DEQUE_CAPACITY   4
#define LTR__FAIR_TICK        1u
#define LTR__STACK_CACHE_MAX  2u
#define LTR__FREE_DESCRIPTORS 2u

#define LTR__HOSTILE_INTERRUPTS 8u

/* Where the processors' generators start. */
uint64_t ltr__hostile_seed(uint32_t processor);

/* Called with the high end of a free stack; its highest word is a link and left alone. */
void ltr__hostile_poison(char *high);
void ltr__hostile_check(const char *high);

#endif
#endif
