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

/* By signals, if the program is this process; otherwise by eBPF. Nothing happens if it is done already.
 * Errors as ltr_probe_sample_cpu(). */
int ltr__cpu_begin(struct ltr__cpu *cpu, const struct ltr_event_target *what, uint32_t rate_hz,
		   struct ltr_census *census, struct ltr_why *ret_why);
/* What was sampled goes into the census. 1 if there was something, 0 if not, -errno. */
int ltr__cpu_take(struct ltr__cpu *cpu, struct ltr_census *census);
/* What was sampled up to now does not; the watching begins only now. */
int ltr__cpu_forget(struct ltr__cpu *cpu, struct ltr_census *census);
void ltr__cpu_end(struct ltr__cpu *cpu,
		  struct ltr_census *census); /* census NULL: nobody wants it */

#endif
