/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef LOITER_BATCH_H
#define LOITER_BATCH_H

/*
 * What the kernel side hands to ebpf/records.c: one batch is one record of the BPF ring buffer, and the
 * counts below lie in the program's .bss, which user space has mapped. Compiled by clang for BPF
 * and by gcc unchanged. The two are always built and loaded together: no version is needed.
 */

#include <loiter/event.h>

struct ltr_batch {
	uint64_t position; /* of the first record in its ring */
	uint64_t dropped;  /* how many records of this ring were dropped before this batch */
	uint32_t ring;
	uint32_t count; /* of records; what the buffer has reserved beyond them is garbage */
	struct ltr_event records[];
};

_Static_assert(sizeof(struct ltr_batch) == 24, "kernel and user space agree");

/* Only grow; written with atomic additions. */
struct ltr_batch_losses {
	uint64_t full_records;    /* there was no room in the BPF ring buffer */
	uint64_t fault_records;   /* their memory could not be read */
	uint64_t refused_batches; /* a count or a ring that the contract forbids */
};

#endif
