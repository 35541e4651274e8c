/* SPDX-License-Identifier: MIT */
/*
 * A program whose addresses are known. It prints, one a line: the address that a call in an inlined
 * function of an inlined function returns to, with the three lines of its chain; the address of the
 * function that has their frame; one in a static function of a "runtime"; and one of the C library.
 * Then it waits until its stdin ends. It is built with -O2 -g, and once more stripped.
 */

#include <stdio.h>
#include <stdlib.h>

static void *seen;

static __attribute__((noinline)) void note_return(void)
{
	seen = __builtin_return_address(0);
	__asm__ volatile("" ::: "memory");
}

/* clang-format off */
enum {
	INNER_LINE = __LINE__ + 4, OUTER_LINE = __LINE__ + 10, OWNER_LINE = __LINE__ + 15,
};
static inline __attribute__((always_inline)) void inner_inlined(void)
{
	note_return();
	__asm__ volatile("" ::: "memory");
}

static inline __attribute__((always_inline)) void outer_inlined(void)
{
	inner_inlined();
}

static __attribute__((noinline)) void frame_owner(void)
{
	outer_inlined();
}
/* clang-format on */

/* Named as the runtime's functions are. */
__attribute__((noinline)) void ltr_pretend(void);
void ltr_pretend(void)
{
	__asm__ volatile("");
}

int main(void)
{
	frame_owner();
	printf("%p %d %d %d %p %p %p\n", seen, INNER_LINE, OUTER_LINE, OWNER_LINE,
	       (void *)frame_owner, (void *)ltr_pretend, (void *)qsort);
	fflush(stdout);
	return getchar() == EOF ? 0 : 1;
}
