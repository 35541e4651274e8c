/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CPU_HANDLER_H
#define LOITER_CPU_HANDLER_H

/*
 * Samples that threads of this process take of themselves, in a handler of SIGPROF: between the
 * handler (cpu_handler.c) and who reads what it has written (cpu_signals.c).
 *
 * A slot belongs to one thread, and is a ring with one writer, the handler on that thread, and one
 * reader. Its memory is never given back, and it changes its thread only when that has ended: a
 * signal that was on its way when its timer was deleted is still handled.
 */

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include <loiter/layout.h>

#include "events.h"

#define LTR__SLOT_MAX   1024u
#define LTR__SLOT_WORDS 4096u /* a power of two */

struct ltr__slot {
	const struct ltr_ring *ring; /* of its thread; atomic; NULL: it has none */
	uint64_t head; /* words written; release by the handler, acquire by the reader */
	uint64_t tail; /* words read; release by the reader, acquire by the handler */
	uint64_t lost; /* samples; atomic, grows */
	uint64_t words[LTR__SLOT_WORDS];
};

/* Whether this machine's registers are known: without them there is no stack. */
bool ltr__handler_knows_registers(void);

/* NULL: no memory. To be called by one thread at a time, as everything below. */
struct ltr__slot *ltr__slot_at(uint32_t index);

/* What a timer's signal has to carry to get into slot number `index`. */
union sigval ltr__slot_value(uint32_t index);

/* For sigaction(), with SA_SIGINFO. The process is `pid`: a child of fork() is none of ours. */
void ltr__handler_prepare(pid_t pid);
void ltr__handler(int number, siginfo_t *info, void *context);

/* Deliver what is in the slot. 1 if there was something, 0 if not, or what the sink returns. */
int ltr__slot_take(struct ltr__slot *slot, const struct ltr_cpu_sink *sink);
/* Forget what is in it. */
void ltr__slot_clear(struct ltr__slot *slot);

#endif
