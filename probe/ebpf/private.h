/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PROBE_EBPF_PRIVATE_H
#define LOITER_PROBE_EBPF_PRIVATE_H

/*
 * What the three users of eBPF share: records (records.c), samples of the CPUs (cpu.c) and what threads are
 * doing (threads.c). Nobody else includes libbpf. Everything here is for the thread that has the probe.
 */

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../events.h"
#include "../process.h"

/* Of a BPF ring buffer: some 40 ms of a program that makes 5 million transitions a second, or 80 ms of
 * 64 CPUs that are sampled a thousand times a second. */
#define LTR__EBPF_BUFFER_BYTES (8u << 20)

/* Who reads a BPF ring buffer, and how far a poll of it has come. */
struct ltr__intake {
	struct ring_buffer *buffer;
	uint64_t lost; /* of what the kernel side has counted, already reported */

	/* During a poll only. */
	uint64_t delivered;
	int err;
};

/* In a callback of the buffer, which returns what this does: `count` things have been taken, or `err`
 * (below 0) came of it. Ends the poll then, or once it has taken `most`. */
int ltr__intake_taken(struct ltr__intake *intake, int err, uint64_t count, uint64_t most);

/*
 * A poll: `tell` is told how many more have been lost, if any, of the `lost` that the kernel side has counted
 * by now; then the buffer's callback gets what there is. 1 if there was something, 0 if not, or a negative
 * errno.
 */
int ltr__intake_poll(struct ltr__intake *intake, uint64_t lost,
		     void (*tell)(void *context, uint64_t lost), void *context);

/* Before libbpf is asked for anything that may be refused: its last warning belongs to the sentence. */
void ltr__ebpf_listen(void);

/* The last warning since then; "": none. */
const char *ltr__ebpf_warning(void);

/* Turns an error of bpf() into words, and into -EPERM, -ENOMEM or -EOPNOTSUPP, which is returned. `since`
 * names the kernels that take the program. */
int ltr__ebpf_refuse(struct ltr_why *ret_why, int err, const char *since);

/* How eBPF programs, which see all processes, know which one is meant. 0, or an errno in words. */
int ltr__ebpf_namespace(const struct ltr_event_target *what,
			struct ltr_process_namespace *ret_namespace, struct ltr_why *ret_why);

/*
 * Kernels since 5.17 have bpf_loop() and relocate programs themselves; for older ones there are other
 * ways, which newer ones can be asked to go, too. Tests set this, to see both.
 */
enum ltr__ebpf_ways { LTR__EBPF_WAYS_ANY, LTR__EBPF_WAYS_NEW, LTR__EBPF_WAYS_OLD };
extern enum ltr__ebpf_ways ltr__ebpf_ways;

#endif
