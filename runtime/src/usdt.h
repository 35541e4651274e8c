/* SPDX-License-Identifier: MIT */
#ifndef LTR_USDT_H
#define LTR_USDT_H

/*
 * USDT probes for bpftrace, perf and SystemTap: one a kind of transition, provider `loiter`. Each is a
 * function of a nop and a return (usdt.S) with a note in the ELF file that says where it is and in
 * which registers its arguments are; docs/usdt.md lists them.
 *
 * All of them have one semaphore, that of ltr__handover(): the kernel raises it for whoever attaches,
 * so ltr__watched() is all that the unwatched program asks, and nothing calls these while nobody
 * watches. Only what ltr__emit() leaves to others calls them, and only those that are probed just then.
 */

#include <loiter/event.h>

#include "goroutine.h"

/* All are called with the same arguments; each note picks what its probe shows. */
typedef void ltr__usdt_probe(uint64_t goroutine, uint64_t arg, uint64_t reason,
			     const char *reason_name, void (*entry)(void *),
			     const void *creation_pc);

#ifndef LTR_ARCH_GENERIC
extern ltr__usdt_probe *const ltr__usdt_probes[LTR_KIND_EXIT + 1];
extern const char *const ltr__usdt_reasons[LTR_REASON_COUNT];
#endif

/* The first byte of a probe's nop (usdt.S); the kernel writes another one there while it is probed. */
#if defined(__x86_64__)
#define LTR__USDT_NOP 0x0fu
#else
#define LTR__USDT_NOP 0x1fu
#endif

/*
 * Whether the probe of this kind does anything. To read its first byte takes a load or two; the call, with
 * arguments that are looked up for it, is what the watched program would feel.
 */
static inline bool ltr__usdt_is_probed(uint8_t kind)
{
#ifdef LTR_ARCH_GENERIC
	(void)kind;
	return false;
#else
	return *(const volatile unsigned char *)(uintptr_t)ltr__usdt_probes[kind] != LTR__USDT_NOP;
#endif
}

/* `arg` is that of the event (event.h), `kind` that of a transition. */
static inline void ltr__usdt(const struct ltr__goroutine *goroutine, uint8_t kind, uint8_t reason,
			     uint64_t arg)
{
#ifdef LTR_ARCH_GENERIC /* no notes without knowing where arguments are: no probes in this port */
	(void)goroutine, (void)kind, (void)reason, (void)arg;
#else
	ltr__usdt_probes[kind](goroutine->id, arg, reason, ltr__usdt_reasons[reason],
			       goroutine->entry, goroutine->creation_pc);
#endif
}

#endif
