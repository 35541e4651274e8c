// SPDX-License-Identifier: MIT
/*
 * Samples into the census (cpu.h). The time that samples are of may have gaps, in which nobody
 * sampled: they are left out by letting it begin later.
 */
#include "cpu.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "process.h"

/* Into a census, or nowhere. */
static int take_sample(void *context, uint64_t at_ns, uint64_t goroutine, bool in_call,
		       const uint64_t *pcs, size_t depth)
{
	return context ? ltr_census_add_cpu_sample(context, at_ns, goroutine, in_call, pcs, depth)
		       : 0;
}

static void take_loss(void *context, uint64_t samples)
{
	if (context)
		ltr_census_info_mut(context)->cpu_lost += samples;
}

int ltr__cpu_begin(struct ltr__cpu *cpu, const struct ltr_event_target *what, uint32_t rate_hz,
		   struct ltr_census *census, struct ltr_why *ret_why)
{
	const struct ltr_cpu_ops *ops =
		what->pid == (uint32_t)getpid() ? &ltr__cpu_signals : &ltr__cpu_ebpf;
	struct ltr_census_info *info = ltr_census_info_mut(census);
	int err = ops->open(what, rate_hz, &cpu->sampler, ret_why);

	if (err)
		return err;
	cpu->ops = ops;
	info->cpu_reason[0] = '\0';
	info->cpu_period_ns = ltr_cpu_period_ns(rate_hz);
	info->cpu_started_ns = ltr_process_now_ns() - cpu->sampled_ns;
	return 0;
}

/* Without what it still has. */
static void stop(struct ltr__cpu *cpu, const struct ltr_census_info *info)
{
	cpu->sampled_ns = ltr_process_now_ns() - info->cpu_started_ns;
	cpu->ops->close(cpu->sampler);
	cpu->ops = NULL;
	cpu->sampler = NULL;
}

int ltr__cpu_take(struct ltr__cpu *cpu, struct ltr_census *census)
{
	const struct ltr_cpu_sink sink = {census, take_sample, take_loss};
	struct ltr_census_info *info = ltr_census_info_mut(census);
	int some = cpu->ops ? cpu->ops->poll(cpu->sampler, &sink) : 0;

	if (some != -EBUSY)
		return some;
	stop(cpu, info);
	snprintf(info->cpu_reason, sizeof(info->cpu_reason),
		 "not any more: the program has begun to handle SIGPROF itself");
	return 1;
}

int ltr__cpu_forget(struct ltr__cpu *cpu, struct ltr_census *census)
{
	static const struct ltr_cpu_sink nowhere = {NULL, take_sample, take_loss};
	struct ltr_census_info *info = ltr_census_info_mut(census);
	int got;

	if (!cpu->ops)
		return 0;
	info->cpu_started_ns = info->started_ns;
	got = cpu->ops->poll(cpu->sampler, &nowhere);
	return got < 0 ? got : 0;
}

void ltr__cpu_end(struct ltr__cpu *cpu, struct ltr_census *census)
{
	(void)ltr__cpu_take(cpu, census);
	if (cpu->ops)
		stop(cpu, ltr_census_info(census));
}

void ltr__cpu_close(struct ltr__cpu *cpu)
{
	if (cpu->ops)
		cpu->ops->close(cpu->sampler);
}
