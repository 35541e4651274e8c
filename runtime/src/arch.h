/* SPDX-License-Identifier: MIT */
#ifndef LTR_ARCH_H
#define LTR_ARCH_H

/*
 * What depends on the processor. Each port is an arch_*.h, a switch_* and a handover_*; the build
 * chooses one (LTR_ARCH in runtime/CMakeLists.txt). A port provides:
 *
 *   ltr__switch(save_sp, next_sp, thread)
 *       Save what a called function must preserve on the running stack, and its address in
 *       *save_sp; go on where `next_sp` was saved, and return there `thread`.
 *   LTR__SAVED_FP_OFFSET
 *       From the saved address to the saved frame pointer of ltr__switch()'s caller.
 *   ltr__first_frame(high)
 *       Write below `high` (16-aligned) what ltr__switch() takes for a saved stack, so that it calls
 *       ltr__goroutine_main(thread) with no caller: a zero frame pointer ends the chain of frames.
 *       The saved frame pointer in it is zero, too. Returns its address.
 *   ltr__self()
 *       The thread that we are on now. A goroutine may be on another one after each switch, and
 *       compilers remember thread-local addresses across calls (LLVM #49257), so it has to be an
 *       asm or a call that cannot be remembered.
 *   ltr__raw_ticks(), ltr__raw_ticks_are_steady(), LTR__RAW_CLOCK
 *       A clock that is cheaper than clock_gettime() and the name that layout.h has for it; it is
 *       used if it is steady on this machine.
 *   ltr__relax()
 *       What to do between two looks at a lock.
 */

#include <loiter/layout.h>
#include <stdbool.h>
#include <stdint.h>

struct ltr__thread;

/*
 * initial-exec also in the shared library: one load from a fixed place in the thread's block, no
 * call of __tls_get_addr(). It takes 8 bytes of the reserve that the dynamic linker keeps for
 * libraries that are loaded later by dlopen().
 */
extern __thread struct ltr__thread *ltr__current_thread __attribute__((tls_model("initial-exec")));

_Noreturn void ltr__goroutine_main(struct ltr__thread *thread);

#if defined(LTR_ARCH_GENERIC)
#include "arch_generic.h"
#elif defined(__x86_64__)
#include "arch_x86_64.h"
#elif defined(__aarch64__)
#include "arch_aarch64.h"
#else
#error "no port for this processor: configure with -DLTR_ARCH=generic (docs/runtime.md, Ports)"
#endif

#endif
