/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CPU_H
#define LOITER_CPU_H

/* A probe's sampling of the CPUs: which way, since when, and what of it goes into the census. */

#include "census_fill.h"
#include "events.h"

struct ltr__cpu {
	const struct ltr_cpu_ops *ops; /* NULL: nobody samples */
	void *sampler;
	uint64_t sampled_ns; /* how long it was done, up to the last end */
};

/*
 * By signals, if the program is this process; otherwise by eBPF. Not while it is done already.
 * Errors as ltr_probe_sample_cpu().
 */
int ltr__cpu_begin(struct ltr__cpu *cpu, const struct ltr_event_target *what, uint32_t rate_hz,
		   struct ltr_census *census, struct ltr_why *ret_why);
/* What was sampled goes into the census; nothing if nobody samples. 1 if there was something, 0
 * if not, -errno. */
int ltr__cpu_take(struct ltr__cpu *cpu, struct ltr_census *census);
/* What was sampled up to now does not; the watching begins only now. 0 or -errno. */
int ltr__cpu_forget(struct ltr__cpu *cpu, struct ltr_census *census);
/* Takes what there is, and stops. Nothing happens if nobody samples; it may begin again. */
void ltr__cpu_end(struct ltr__cpu *cpu, struct ltr_census *census);
/* Stops for good, without what there is. */
void ltr__cpu_close(struct ltr__cpu *cpu);

#endif
