// SPDX-License-Identifier: MIT
/*
 * Watching: what has been opened (probe_open.c) is read until it ends. Everything mends itself: after
 * any loss the next poll takes a snapshot.
 */
#include "probe.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "lifeline.h"
#include "probe_private.h"
#include "sockets.h"
#include "threads.h"

/* To heal a census, not more often; no snapshots take more than a tenth of the time. */
#define HEAL_NS 100000000ull

/* A program that runs may be torn under the reader: how often it is read again, and how soon. */
#define TORN_LOOKS_MAX 10
#define TORN_PAUSE_NS  20000000

/* A recorder asks with each snapshot. */
#define RECORDED_OBJECTS_MAX 65536u

static uint64_t wall_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static uint32_t highest_stack(const struct ltr_event *events, size_t count)
{
	uint32_t highest = 0;
	for (size_t i = 0; i < count; i++)
		if (events[i].kind == LTR_KIND_STACK && events[i].arg <= UINT32_MAX &&
		    events[i].arg > highest)
			highest = (uint32_t)events[i].arg;
	return highest;
}

static int take_records(void *context, uint32_t ring, uint64_t position,
			const struct ltr_event *events, size_t count)
{
	struct ltr_probe *probe = context;
	uint32_t stack = highest_stack(events, count);

	/* A stack is in the program's table before the record that names it is written. */
	if (stack) {
		int err = probe->kind->stacks(probe->target, probe->census, stack);
		if (err == -ENOMEM)
			return err;
	}
	int err = ltr_census_apply(probe->census, &probe->rate, ring, position, events, count);
	return err == -ENOMEM ? err : 0; /* a ring number beyond all bounds is nobody's record */
}

static void take_loss(void *context, uint64_t records)
{
	struct ltr_probe *probe = context;
	ltr_census_note_loss(probe->census, records);
}

static int take_news(struct ltr_probe *probe)
{
	const struct ltr_event_sink sink = {probe, take_records, take_loss};
	uint64_t expirations;
	/* Before the records: those may say that a goroutine has ended which was sampled. */
	int some = ltr__cpu_take(&probe->cpu, probe->census);

	if (some < 0)
		return some;

	if (probe->timer >= 0 && read(probe->timer, &expirations, sizeof(expirations)) < 0 &&
	    errno != EAGAIN)
		return -errno;
	if (!probe->source)
		return some;
	probe->kind->rate(probe->target, &probe->rate);
	int more = probe->source->poll(probe->events, &sink);
	return more < 0 ? more : some | more;
}

int ltr__probe_snapshot(struct ltr_probe *probe)
{
	uint64_t begin_ns = ltr_process_now_ns();
	int err = probe->kind->check(probe->target);
	if (!err)
		err = probe->kind->snapshot(probe->target, probe->census, probe->exact_ns);
	if (!err && probe->threads)
		err = ltr__threads_look(probe->threads, probe->census);
	if (!err && probe->notes_objects && probe->kind->objects)
		err = probe->kind->objects(probe->target, probe->census, RECORDED_OBJECTS_MAX);
	if (!err && probe->notes_sockets)
		err = ltr__sockets_look(probe->process, probe->census);
	uint64_t end_ns = ltr_process_now_ns();
	uint64_t pause_ns = (end_ns - begin_ns) * 9;

	probe->next_heal_ns = end_ns + (pause_ns > HEAL_NS ? pause_ns : HEAL_NS);
	probe->next_snapshot_ns = begin_ns + probe->snapshot_every_ns;
	if (probe->next_snapshot_ns < end_ns + pause_ns)
		probe->next_snapshot_ns = end_ns + pause_ns;
	return err;
}

/* The numbers that only the program knows, and the time. */
static int catch_up(struct ltr_probe *probe)
{
	struct ltr_census_info *info = ltr_census_info_mut(probe->census);

	int err = probe->kind->counters(probe->target, info);
	info->wall_ns = wall_ns();
	ltr_census_advance(probe->census, ltr_process_now_ns());
	return err;
}

/*
 * It has ended, or is about to: what the source still has belongs to it, and then nothing changes any more.
 * If it has become another program, nobody knows to which of the two that belongs. (Its memory is gone some
 * time before its pidfd says so.)
 */
static int bury(struct ltr_probe *probe)
{
	struct ltr_census_info *info = ltr_census_info_mut(probe->census);

	if (probe->kind->check(probe->target) != -ESTALE)
		(void)take_news(probe);
	info->wall_ns = wall_ns();
	info->gone = true;
	probe->gone = true;
	ltr_census_advance(probe->census, ltr_process_now_ns());
	return -ESRCH;
}

/* An error while reading may just be the program's end. */
static int judge(struct ltr_probe *probe, int err)
{
	if (err >= 0 || err == -ENOMEM)
		return err;
	if (err == -ESRCH || err == -ESTALE || !ltr_process_is_alive(probe->process))
		return bury(probe);
	return err;
}

int ltr__probe_look(struct ltr_probe *probe)
{
	uint64_t now_ns = ltr_process_now_ns();
	int err = probe->kind->check(probe->target);
	int some = err ? err : take_news(probe);

	if (some < 0)
		return some;
	bool due = probe->snapshot_every_ns && now_ns >= probe->next_snapshot_ns;
	if (due || (ltr_census_is_unsure(probe->census) && now_ns >= probe->next_heal_ns)) {
		err = ltr__probe_snapshot(probe);
		if (err)
			return err;
		some = 1;
	}
	err = catch_up(probe);
	return err ? err : some;
}

/* Until something is there, the deadline, or the next snapshot is due. */
static int wait_for_news(struct ltr_probe *probe, uint64_t deadline_ns)
{
	uint64_t now_ns = ltr_process_now_ns();
	struct epoll_event ready;

	if (probe->snapshot_every_ns && probe->next_snapshot_ns < deadline_ns)
		deadline_ns = probe->next_snapshot_ns;
	if (now_ns >= deadline_ns)
		return 0;
	uint64_t wait_ms = (deadline_ns - now_ns + 999999) / 1000000;
	if (epoll_wait(probe->epoll, &ready, 1, wait_ms > 60000 ? 60000 : (int)wait_ms) < 0 &&
	    errno != EINTR)
		return -errno;
	return 0;
}

int ltr_probe_poll(struct ltr_probe *probe, int timeout_ms)
{
	uint64_t start_ns = ltr_process_now_ns();
	uint64_t deadline_ns =
		timeout_ms < 0 ? UINT64_MAX : start_ns + (uint64_t)timeout_ms * 1000000u;

	if (probe->gone)
		return -ESRCH;
	if (!probe->process)
		return timeout_ms > 0 ? wait_for_news(probe, deadline_ns) : 0;
	for (;;) {
		if (!ltr_process_is_alive(probe->process))
			return bury(probe);
		int some = judge(probe, ltr__probe_look(probe));
		if (some || ltr_process_now_ns() >= deadline_ns)
			return some;
		int err = wait_for_news(probe, deadline_ns);
		if (err)
			return err;
	}
}

int ltr_probe_refresh(struct ltr_probe *probe)
{
	if (probe->gone)
		return -ESRCH;
	if (!probe->process)
		return 0;
	int some = judge(probe, ltr__probe_look(probe));
	if (some < 0)
		return some;
	int err = ltr__probe_snapshot(probe);
	if (!err)
		err = catch_up(probe);
	return err ? judge(probe, err) : 1;
}

int ltr_probe_refresh_whole(struct ltr_probe *probe)
{
	const struct timespec pause = {.tv_nsec = TORN_PAUSE_NS};
	int err = 0;

	for (int i = 0; i < TORN_LOOKS_MAX; i++) {
		if (i > 0)
			nanosleep(&pause, NULL);
		err = ltr_probe_refresh(probe);
		if (err < 0 || ltr_census_info(probe->census)->unreadable == 0)
			break;
	}
	return err < 0 ? err : 0;
}

int ltr__probe_describe(struct ltr_probe *probe, struct ltr_event_target *ret_what,
			struct ltr_why *why)
{
	int err = probe->kind->describe(probe->target, ret_what, why);

	if (err)
		return err;
	ret_what->pid = ltr_process_pid(probe->process);
	ret_what->process = probe->process;
	ret_what->stacks = false;
	return 0;
}

int ltr_probe_reach(struct ltr_probe *probe, enum ltr_reach_freeze freeze)
{
	if (probe->gone)
		return -ESRCH;
	if (!probe->kind->reach)
		return -EOPNOTSUPP;
	int err = probe->kind->reach(probe->target, probe->census, freeze);
	return err ? judge(probe, err) : 0;
}

int ltr_probe_step_aside(struct ltr_probe *probe)
{
	return probe->kind->step_aside ? probe->kind->step_aside(probe->target) : -EOPNOTSUPP;
}

void ltr_probe_cancel(struct ltr_probe *probe)
{
	if (probe->process)
		ltr_process_cancel(probe->process);
}

int ltr_probe_take_reach(struct ltr_probe *probe, const struct ltr_probe *other)
{
	const struct ltr_census_info *found = ltr_census_info(other->census);
	struct ltr_census_info *info = ltr_census_info_mut(probe->census);
	size_t count = ltr_census_count(other->census);

	if (found->pid != info->pid)
		return -EINVAL;
	info->reach = found->reach;
	for (size_t i = 0; i < count; i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(other->census, i);

		if (goroutine->flags & (LTR_IS_REACHABLE | LTR_IS_UNREACHABLE))
			ltr_census_note_reach(probe->census, goroutine->id, goroutine->transitions,
					      goroutine->flags & LTR_IS_REACHABLE);
	}
	return 0;
}

static int start_sampler(struct ltr_probe *probe, uint32_t rate_hz, struct ltr_why *why)
{
	struct ltr_event_target what;
	int err = ltr__probe_describe(probe, &what, why);

	return err ? err : ltr__cpu_begin(&probe->cpu, &what, rate_hz, probe->census, why);
}

int ltr_probe_sample_cpu(struct ltr_probe *probe, uint32_t rate_hz, struct ltr_why *ret_why)
{
	const struct ltr_census_info *info = ltr_census_info(probe->census);

	if (rate_hz > LTR_CPU_HZ_MAX)
		return ltr_why_set(ret_why, -EINVAL, "CPUs are sampled at most %u times a second",
				   LTR_CPU_HZ_MAX);
	if (rate_hz == 0) {
		ltr__cpu_end(&probe->cpu, probe->census);
		return 0;
	}
	if (info->cpu_period_ns && info->cpu_period_ns != ltr_cpu_period_ns(rate_hz))
		return ltr_why_set(
			ret_why, -EINVAL,
			"CPUs have been sampled at another rate: that cannot be added up");
	if (probe->cpu.ops)
		return 0;
	if (probe->gone)
		return ltr_why_set(ret_why, -ESRCH, "process %" PRIu32 " has ended", info->pid);
	if (!probe->process)
		return ltr_why_set(ret_why, -EOPNOTSUPP,
				   "a recording has no samples of the CPUs: they are taken from a "
				   "program that runs");
	return start_sampler(probe, rate_hz, ret_why);
}

int ltr_probe_objects(struct ltr_probe *probe)
{
	if (probe->gone)
		return -ESRCH;
	if (!probe->kind->objects)
		return -EOPNOTSUPP;
	int err = probe->kind->objects(probe->target, probe->census, UINT32_MAX);
	return err ? judge(probe, err) : 0;
}

const struct ltr_census *ltr_probe_census(const struct ltr_probe *probe)
{
	return probe->census;
}

int ltr_probe_fd(const struct ltr_probe *probe)
{
	return probe->epoll;
}

const struct ltr_timeline *ltr_probe_timeline(const struct ltr_probe *probe)
{
	return probe->kind->timeline ? probe->kind->timeline(probe->target) : NULL;
}

int ltr_probe_seek(struct ltr_probe *probe, uint64_t moment_ns, struct ltr_why *ret_why)
{
	if (!probe->kind->seek)
		return ltr_why_set(ret_why, -EOPNOTSUPP, "a program that runs cannot be rewound");
	return probe->kind->seek(probe->target, probe->census, moment_ns, ret_why);
}

static int follow_live(struct ltr_census *census, uint64_t id)
{
	const struct ltr_lifeline *lifeline = ltr_census_lifeline(census);
	const struct ltr_goroutine *goroutine = ltr_census_find(census, id);

	if (lifeline && lifeline->id == id)
		return 0;
	ltr_census_follow_live(census, 0);
	int err = ltr_census_follow(census, id);
	if (err || !id)
		return err;
	ltr_census_follow_live(census, id);
	if (goroutine)
		ltr_census_lifeline_reading(census, goroutine);
	return 0;
}

int ltr_probe_follow(struct ltr_probe *probe, uint64_t id)
{
	if (probe->kind->follow)
		return probe->kind->follow(probe->target, probe->census, id);
	return follow_live(probe->census, id);
}
