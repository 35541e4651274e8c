/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TESTS_REACH_CHILD_H
#define LOITER_TESTS_REACH_CHILD_H

/*
 * A process to look for references in: a child that does nothing, so that what lies at an address here
 * lies there, too. Goroutines are made up.
 */

#include <sys/types.h>

#include "reach/reach.h"
#include "testing.h"

#define STACK_BYTES 65536u
#define STACKS      4u

/* Pointers in here would be roots: what must not be found is kept inverted. */
extern uint64_t hidden[8];
extern unsigned char *stacks;
extern void *volatile root;

void hide(size_t at, void *pointer);
void *shown(size_t at);

/* The stack of goroutine 1, 2, ...: its words, from the top down. */
uint64_t *top_of(uint64_t id);
struct ltr_reach_goroutine waiting(uint64_t id, uint64_t object, size_t used_words);

pid_t start_child(void);
/* What such a child sleeps on, whatever futex(2) returns: for ltr_reach_watch_writes(). */
extern const uint64_t child_words[2];
struct ltr_reach_region own_stack(void);
/* Of memory that was not in use before. */
void *new_block(size_t bytes);

int set_up(void **state);
int tear_down(void **state);

#endif
