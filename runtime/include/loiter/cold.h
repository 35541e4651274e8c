/* SPDX-License-Identifier: MIT */
#ifndef LOITER_COLD_H
#define LOITER_COLD_H

/*
 * Cold stacks: an option for programs with very many goroutines that wait for long. A parked
 * goroutine costs one page of stack at least, 4 KiB; a cold one, whose used bytes are packed away,
 * below 1 KiB. docs/runtime.md, "Cold stacks", has the figures, and the limits.
 *
 * Nothing has to be promised: pointers into a cold stack stay good. The page comes back at the first
 * touch, of its goroutine, of another one, of a system call, or of another process that reads this
 * one. That first touch takes some 10 microseconds, so choose a duration that is long against the
 * time goroutines usually wait.
 */

#include <loiter/declare.h>
#include <stdint.h>

LTR__DECLARE_BEGIN

/*
 * Pack away the stack of every goroutine that has been parked for `duration_ns` (1 ms to 1 h; it
 * happens after up to twice that). LTR_COLD=1s (or 250ms) in the environment does the same from the
 * start of ltr_run() (not in a set-uid program). Once only; there is no way back. Called by a
 * goroutine; never blocks for long.
 *   -EINVAL    the duration is out of range
 *   -EALREADY  it is on
 *   -ENOSYS    this kernel (before Linux 6.8, or pages of another size than 4 KiB) or this build
 *              (sanitizers, the generic port) cannot
 *   -EPERM     the process may not: it needs CAP_SYS_PTRACE, the sysctl
 *              vm.unprivileged_userfaultfd = 1, or the right to open /dev/userfaultfd
 *   -ENOMEM, -EAGAIN, -EMFILE, -ENFILE  memory, a thread or a descriptor could not be had
 */
int ltr_cold_after(int64_t duration_ns);

/* How many stacks are packed away at this moment; how often one was packed since the start (a number
 * that grows fast says that the duration is too short). From any thread. */
uint64_t ltr_cold_count(void);
uint64_t ltr_cold_packs(void);

LTR__DECLARE_END

#endif
