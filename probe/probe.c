// SPDX-License-Identifier: MIT
/*
 * The facade: one process, one target that can read it, perhaps one source of records, one census.
 * Order matters in one place only: records are switched on before the first snapshot is taken, so
 * whatever happens after the snapshot is in the records. Everything else mends itself: after any
 * loss the next poll takes a snapshot.
 */
#include "probe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "lifeline.h"
#include "record.h"
#include "sockets.h"
#include "target/target.h"
#include "threads.h"

/* Of info's sentences. */
#define SENTENCE_BYTES sizeof(((struct ltr_census_info *)0)->way_reason)

/* To heal a census, not more often; no snapshots take more than a tenth of the time. */
#define HEAL_NS 100000000ull

/* A recorder asks with each snapshot. */
#define RECORDED_OBJECTS_MAX 65536u

struct ltr_probe {
	struct ltr_process *process; /* NULL: the target is a file, and nothing changes any more */
	const struct ltr_target_ops *kind;
	void *target;
	const struct ltr_event_source_ops *source; /* NULL: snapshots only */
	void *events;
	struct ltr_threads *threads;     /* NULL: nobody wants to know */
	struct ltr_cpu_sampler *sampler; /* NULL: nobody samples the CPUs */
	struct ltr_census *census;
	struct ltr_clock_rate rate;
	int epoll;         /* source, timer and death */
	int timer;         /* -1: the source needs none */
	uint64_t exact_ns; /* when the records were switched on; UINT64_MAX: never */
	uint64_t snapshot_every_ns;
	uint64_t next_snapshot_ns;
	uint64_t next_heal_ns;
	bool notes_objects;
	bool notes_sockets;
	bool gone;
};

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

static int take_sample(void *context, uint64_t goroutine, bool in_call, const uint64_t *pcs,
		       size_t depth)
{
	struct ltr_probe *probe = context;
	return ltr_census_add_cpu_sample(probe->census, goroutine, in_call, pcs, depth);
}

static void take_sample_loss(void *context, uint64_t samples)
{
	struct ltr_probe *probe = context;
	ltr_census_info_mut(probe->census)->cpu_lost += samples;
}

/* Before the records are taken: those may say that a goroutine has ended which was sampled. */
static int take_samples(struct ltr_probe *probe)
{
	const struct ltr_cpu_sink sink = {probe, take_sample, take_sample_loss};
	return probe->sampler ? ltr__cpu_poll(probe->sampler, &sink) : 0;
}

static int take_news(struct ltr_probe *probe)
{
	const struct ltr_event_sink sink = {probe, take_records, take_loss};
	uint64_t expirations;
	int some = take_samples(probe);

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

static int snapshot(struct ltr_probe *probe)
{
	uint64_t begin_ns = ltr_process_now_ns();
	int err = probe->kind->snapshot(probe->target, probe->census, probe->exact_ns);
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

/* It has ended: what the source still has belongs to it, and then nothing changes any more. */
static int bury(struct ltr_probe *probe)
{
	struct ltr_census_info *info = ltr_census_info_mut(probe->census);

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
	if (err == -ESRCH || !ltr_process_is_alive(probe->process))
		return bury(probe);
	return err;
}

/* Everything but waiting. */
static int look(struct ltr_probe *probe)
{
	uint64_t now_ns = ltr_process_now_ns();

	int some = take_news(probe);
	if (some < 0)
		return some;
	bool due = probe->snapshot_every_ns && now_ns >= probe->next_snapshot_ns;
	if (due || (ltr_census_is_unsure(probe->census) && now_ns >= probe->next_heal_ns)) {
		int err = snapshot(probe);
		if (err)
			return err;
		some = 1;
	}
	int err = catch_up(probe);
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
		int some = judge(probe, look(probe));
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
	int some = judge(probe, look(probe));
	if (some < 0)
		return some;
	int err = snapshot(probe);
	if (!err)
		err = catch_up(probe);
	return err ? judge(probe, err) : 1;
}

/* What a source wants to know of the program; no stacks. */
static int describe(struct ltr_probe *probe, struct ltr_event_target *ret_what, struct ltr_why *why)
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
	struct ltr_census_info *info = ltr_census_info_mut(probe->census);
	struct ltr_event_target what;
	int err = describe(probe, &what, why);

	if (!err)
		err = ltr__cpu_open(&what, rate_hz, &probe->sampler, why);
	if (err)
		return err;
	info->cpu_reason[0] = '\0';
	info->cpu_period_ns = ltr_cpu_period_ns(rate_hz);
	info->cpu_started_ns = ltr_process_now_ns();
	return 0;
}

int ltr_probe_sample_cpu(struct ltr_probe *probe, uint32_t rate_hz, struct ltr_why *ret_why)
{
	const struct ltr_census_info *info = ltr_census_info(probe->census);

	if (rate_hz > LTR_CPU_HZ_MAX)
		return ltr_why_set(ret_why, -EINVAL, "CPUs are sampled at most %u times a second",
				   LTR_CPU_HZ_MAX);
	if (rate_hz == 0) {
		probe->sampler = ltr__cpu_close(probe->sampler);
		return 0;
	}
	if (probe->sampler && info->cpu_period_ns == ltr_cpu_period_ns(rate_hz))
		return 0;
	if (info->cpu_period_ns && info->cpu_period_ns != ltr_cpu_period_ns(rate_hz))
		return ltr_why_set(
			ret_why, -EINVAL,
			"CPUs have been sampled at another rate: that cannot be added up");
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

struct ltr_probe *ltr_probe_close(struct ltr_probe *probe)
{
	if (!probe)
		return NULL;
	ltr__cpu_close(probe->sampler);
	ltr__threads_close(probe->threads);
	if (probe->events)
		probe->source->close(probe->events);
	if (probe->target)
		probe->kind->close(probe->target);
	ltr_census_free(probe->census);
	if (probe->timer >= 0)
		close(probe->timer);
	if (probe->epoll >= 0)
		close(probe->epoll);
	ltr_process_close(probe->process);
	free(probe);
	return NULL;
}

static int recognise(struct ltr_probe *probe, struct ltr_why *why)
{
	int err = -ENOEXEC;
	for (size_t i = 0; ltr__targets[i] && err == -ENOEXEC; i++) {
		if (!ltr__targets[i]->open)
			continue;
		probe->kind = ltr__targets[i];
		err = probe->kind->open(probe->process, &probe->target, why);
	}
	return err;
}

static int try_source(struct ltr_probe *probe, const struct ltr_event_source_ops *source,
		      bool stacks, struct ltr_why *why)
{
	struct ltr_event_target what;

	int err = describe(probe, &what, why);
	if (err)
		return err;
	what.stacks = stacks;
	err = source->open(&what, &probe->events, why);
	if (!err)
		probe->source = source;
	return err;
}

/* One of the sentences of info: all have the same size. */
static void set_sentence(char text[SENTENCE_BYTES], const char *sentence)
{
	size_t length = strnlen(sentence, SENTENCE_BYTES - 1);
	memcpy(text, sentence, length);
	text[length] = '\0';
}

static void set_reason(struct ltr_census_info *info, const char *reason)
{
	set_sentence(info->way_reason, reason);
}

/* Switches records on, the best way that is allowed; says why it is not a better one. */
static int choose_way(struct ltr_probe *probe, const struct ltr_probe_options *options,
		      struct ltr_why *why)
{
	struct ltr_census_info *info = ltr_census_info_mut(probe->census);
	int err = -EOPNOTSUPP;

	if (options->via == LTR_VIA_SNAPSHOT) {
		set_reason(info, "only snapshots were asked for");
		return 0;
	}
	if (options->via != LTR_VIA_SHM) {
		err = try_source(probe, &ltr__ebpf_source, options->waits, why);
		if (options->via == LTR_VIA_EBPF)
			return err;
		if (err && err != -ENOMEM)
			set_reason(info, why->text);
	} else {
		set_reason(info, "eBPF was not asked for");
	}
	if (err && err != -ENOMEM)
		err = try_source(probe, &ltr__shm_source, options->waits, why);
	if (err == -EOPNOTSUPP && options->via == LTR_VIA_BEST) {
		set_reason(info, why->text);
		return 0;
	}
	return err;
}

static int add_to_epoll(const struct ltr_probe *probe, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};
	if (fd < 0)
		return 0;
	return epoll_ctl(probe->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int make_waitable(struct ltr_probe *probe)
{
	int err = add_to_epoll(probe, ltr_process_pidfd(probe->process));
	if (!err && probe->source)
		err = add_to_epoll(probe, probe->source->fd(probe->events));
	if (err || !probe->source || !probe->source->interval_ms)
		return err;

	long interval_ns = probe->source->interval_ms * 1000000l;
	struct itimerspec often = {.it_interval = {.tv_nsec = interval_ns},
				   .it_value = {.tv_nsec = interval_ns}};
	probe->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (probe->timer < 0 || timerfd_settime(probe->timer, 0, &often, NULL) < 0)
		return -errno;
	return add_to_epoll(probe, probe->timer);
}

static int find_socket(void *context, uint64_t descriptor, struct ltr_census_socket *ret_socket)
{
	const struct ltr_probe *probe = context;
	return ltr_process_socket(probe->process, descriptor, ret_socket);
}

static int find_object(void *context, uint64_t address, uint8_t kind, struct ltr_object *ret_object)
{
	const struct ltr_probe *probe = context;

	if (probe->gone || !probe->kind->object)
		return -ENOENT;
	return probe->kind->object(probe->target, address, kind, ret_object);
}

static size_t find_cases(void *context, uint64_t id, uint32_t transitions,
			 struct ltr_select_case *ret_cases, size_t most)
{
	const struct ltr_probe *probe = context;

	if (probe->gone || !probe->kind->cases)
		return 0;
	return probe->kind->cases(probe->target, id, transitions, ret_cases, most);
}

static int start_census(struct ltr_probe *probe, const struct ltr_probe_options *options,
			struct ltr_why *why)
{
	int err = ltr_census_new(&probe->census);
	if (!err && options->waits)
		err = ltr_census_keep_waits(probe->census);
	/* Without symbols there are addresses: a stripped program is still worth a look. */
	if (!err && ltr__symbols_new(ltr_process_pid(probe->process), probe->census) == -ENOMEM)
		err = -ENOMEM;
	if (err)
		return ltr_why_set(why, err, "out of memory");

	ltr_census_set_sockets(probe->census, find_socket, probe);
	ltr_census_set_object_finder(probe->census, find_object, find_cases, probe);
	probe->notes_objects = options->recorder;
	struct ltr_census_info *info = ltr_census_info_mut(probe->census);
	info->pid = ltr_process_pid(probe->process);
	ltr_process_command(probe->process, info->command, sizeof(info->command));
	return 0;
}

static int open_threads(struct ltr_probe *probe, const struct ltr_probe_options *options,
			struct ltr_why *why)
{
	struct ltr_census_info *info = ltr_census_info_mut(probe->census);
	struct ltr_event_target what;
	struct ltr_why no_ebpf = {""};
	int err = describe(probe, &what, why);

	if (err)
		return err;
	err = ltr__threads_open(&what, options->via != LTR_VIA_SHM, &probe->threads, &no_ebpf);
	if (err)
		return ltr_why_set(why, err, "out of memory");
	if (no_ebpf.text[0])
		snprintf(info->threads_reason, sizeof(info->threads_reason),
			 "from /proc, without times: %.120s", no_ebpf.text);
	return 0;
}

static int sample_from_the_start(struct ltr_probe *probe, const struct ltr_probe_options *options,
				 struct ltr_why *why)
{
	int err = -EOPNOTSUPP;

	if (options->cpu_if_allowed && options->via == LTR_VIA_SHM)
		ltr_why_set(why, err, "eBPF was not asked for");
	else
		err = ltr_probe_sample_cpu(probe, options->cpu_hz, why);
	if (!err || err == -ENOMEM || !options->cpu_if_allowed)
		return err;
	set_sentence(ltr_census_info_mut(probe->census)->cpu_reason, why->text);
	return 0;
}

/* What only the kernel knows. Who reads a recording wants to know why something is not in it. */
static int ask_kernel(struct ltr_probe *probe, const struct ltr_probe_options *options,
		      struct ltr_why *why)
{
	static const char unasked[] = "the recorder was not asked for that";
	struct ltr_census_info *info = ltr_census_info_mut(probe->census);
	int err = 0;

	if (options->recorder && !options->cpu_hz)
		set_sentence(info->cpu_reason, unasked);
	if (options->recorder && !options->threads)
		set_sentence(info->threads_reason, unasked);
	if (options->recorder && !options->sockets)
		set_sentence(info->sockets_reason, unasked);
	probe->notes_sockets = options->sockets;
	if (options->threads)
		err = open_threads(probe, options, why);
	if (!err && options->cpu_hz)
		err = sample_from_the_start(probe, options, why);
	return err;
}

static int drop_sample(void *context, uint64_t goroutine, bool in_call, const uint64_t *pcs,
		       size_t depth)
{
	(void)context, (void)goroutine, (void)in_call, (void)pcs, (void)depth;
	return 0;
}

static void drop_loss(void *context, uint64_t samples)
{
	(void)context, (void)samples;
}

/* Those from before the watching began. */
static int forget_samples(struct ltr_probe *probe)
{
	static const struct ltr_cpu_sink nowhere = {NULL, drop_sample, drop_loss};
	struct ltr_census_info *info = ltr_census_info_mut(probe->census);

	if (!probe->sampler)
		return 0;
	info->cpu_started_ns = info->started_ns;
	int got = ltr__cpu_poll(probe->sampler, &nowhere);
	return got < 0 ? got : 0;
}

static int start_watching(struct ltr_probe *probe, const struct ltr_probe_options *options,
			  struct ltr_why *why)
{
	struct ltr_census_info *info = ltr_census_info_mut(probe->census);

	/* Before events come: it takes a while, and nobody reads them meanwhile. */
	int err = ask_kernel(probe, options, why);
	if (!err)
		err = choose_way(probe, options, why);
	if (err)
		return err;
	err = make_waitable(probe);
	if (err)
		return ltr_why_set(why, err, "cannot wait for the program: %s", strerror(-err));
	info->way = probe->source ? probe->source->way : LTR_WAY_SNAPSHOT;
	info->started_ns = ltr_process_now_ns();
	probe->exact_ns = probe->source ? info->started_ns : UINT64_MAX;
	err = forget_samples(probe);
	if (err)
		return ltr_why_set(why, err, "cannot sample the CPUs: %s", strerror(-err));
	if (options->recorder)
		ltr_recorder_attach(options->recorder, probe->census);

	err = snapshot(probe);
	if (!err)
		err = look(probe);
	if (err == -ESRCH)
		return ltr_why_set(why, err, "process %u has ended", info->pid);
	if (err < 0)
		return ltr_why_set(why, err, "cannot read process %u: %s", info->pid,
				   strerror(-err));
	return 0;
}

/* NULL, and *ret_err says why. */
static struct ltr_probe *probe_new(int *ret_err, struct ltr_why *why)
{
	struct ltr_probe *probe = calloc(1, sizeof(*probe));

	if (!probe) {
		*ret_err = ltr_why_set(why, -ENOMEM, "out of memory");
		return NULL;
	}
	probe->timer = -1;
	probe->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (probe->epoll < 0) {
		*ret_err = ltr_why_set(why, -errno, "epoll: %s", strerror(errno));
		ltr_probe_close(probe);
		return NULL;
	}
	return probe;
}

int ltr_probe_open(uint32_t pid, const struct ltr_probe_options *options,
		   struct ltr_probe **ret_probe, struct ltr_why *ret_why)
{
	int err = 0;
	struct ltr_probe *probe = probe_new(&err, ret_why);

	if (!probe)
		return err;
	probe->snapshot_every_ns = options->snapshot_ns;
	err = ltr_process_open(pid, &probe->process, ret_why);
	if (!err)
		err = recognise(probe, ret_why);
	if (!err)
		err = start_census(probe, options, ret_why);
	if (!err)
		err = start_watching(probe, options, ret_why);
	if (err) {
		ltr_probe_close(probe);
		return err;
	}
	*ret_probe = probe;
	return 0;
}

static int recognise_file(struct ltr_probe *probe, const char *path, struct ltr_why *why)
{
	int err = -ENOEXEC;
	for (size_t i = 0; ltr__targets[i] && err == -ENOEXEC; i++) {
		if (!ltr__targets[i]->open_file)
			continue;
		probe->kind = ltr__targets[i];
		err = probe->kind->open_file(path, &probe->target, why);
	}
	return err;
}

int ltr_probe_open_file(const char *path, const struct ltr_replay_options *options,
			struct ltr_probe **ret_probe, struct ltr_why *ret_why)
{
	int err = 0;
	struct ltr_probe *probe = probe_new(&err, ret_why);

	if (!probe)
		return err;
	err = recognise_file(probe, path, ret_why);
	if (!err) {
		err = ltr_census_new(&probe->census);
		if (err)
			ltr_why_set(ret_why, err, "out of memory");
	}
	if (!err)
		err = probe->kind->replay(probe->target, probe->census, options, ret_why);
	if (err) {
		ltr_probe_close(probe);
		return err;
	}
	*ret_probe = probe;
	return 0;
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
