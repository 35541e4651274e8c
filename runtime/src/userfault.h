/* SPDX-License-Identifier: MIT */
#ifndef LTR_USERFAULT_H
#define LTR_USERFAULT_H

/*
 * userfaultfd(2), the little of it that cold stacks need: pages that are missing in a registered
 * range are asked for at `fd`, whoever touches them, and who touched waits until they are filled.
 * Used by one thread, which must itself never touch a missing page of such a range.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LTR__PAGE_BYTES 4096u

/* Returns the descriptor. -ENOSYS: no UFFDIO_MOVE (Linux 6.8). -EPERM: not for faults that happen in
 * system calls, without which we do not begin. */
int ltr__userfault_open(void);

int ltr__userfault_register(int fd, void *start, size_t bytes);

/*
 * Move whatever pages are there, atomically against all who touch them; the others stay missing.
 * Returns how many bytes were gone through; less than `bytes` if a page could not be moved (-errno
 * if it was the first): it is pinned by the kernel or a device, or shared with a forked child.
 */
int64_t ltr__userfault_move(int fd, void *to, void *from, size_t bytes);

/* Fill the missing page with a copy of another and wake who waits for it. 0 also if it is there. */
int ltr__userfault_fill(int fd, void *page, const void *from);

struct ltr__fault {
	char *page;
};

/* Up to `count` faults that wait to be filled; 0 if there are none. Never blocks. */
size_t ltr__userfault_read(int fd, struct ltr__fault *ret_faults, size_t count);

#endif
