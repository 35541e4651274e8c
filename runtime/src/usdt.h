/* SPDX-License-Identifier: MIT */
#ifndef LTR_USDT_H
#define LTR_USDT_H

/*
 * USDT probes for bpftrace, perf and SystemTap: one a kind of event, provider `loiter`. Each is a
 * function of a nop and a return (usdt.S) with a note in the ELF file that says where it is and what
 * its arguments are; docs/usdt.md lists them.
 *
 * All of them have one semaphore, that of ltr__handover(): the kernel raises it for whoever attaches,
 * so ltr__watched() is all that the unwatched program asks, and nothing calls these while nobody
 * watches. Only ltr__emit() calls them.
 */

#include <stdint.h>

#include "goroutine.h"

/* `arg` is that of the event (event.h). */
#if defined(LTR_ARCH_GENERIC)
/* No notes without knowing where arguments are passed: this port has no USDT probes. */
static inline void ltr__usdt(const struct ltr__goroutine *goroutine, uint8_t kind, uint8_t reason,
			     uint64_t arg)
{
	(void)goroutine, (void)kind, (void)reason, (void)arg;
}
#else
void ltr__usdt(const struct ltr__goroutine *goroutine, uint8_t kind, uint8_t reason, uint64_t arg);
#endif

#endif
