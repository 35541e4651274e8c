// SPDX-License-Identifier: MIT
/*
 * Opening and closing a probe: a process or a file, the target that can read it, the best source of
 * records that is allowed. Order matters in one place only: records are switched on before the
 * first snapshot is taken, so whatever happens after the snapshot is in the records.
 */
#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "probe_private.h"
#include "record.h"
#include "threads.h"

/* Of info's sentences. */
#define SENTENCE_BYTES sizeof(((struct ltr_census_info *)0)->way_reason)

struct ltr_probe *ltr_probe_close(struct ltr_probe *probe)
{
	if (!probe)
		return NULL;
	ltr__cpu_close(&probe->cpu);
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

	int err = ltr__probe_describe(probe, &what, why);
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
	int err = ltr__probe_describe(probe, &what, why);

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
	err = ltr__cpu_forget(&probe->cpu, probe->census);
	if (err)
		return ltr_why_set(why, err, "cannot sample the CPUs: %s", strerror(-err));
	if (options->recorder)
		ltr_recorder_attach(options->recorder, probe->census);

	err = ltr__probe_snapshot(probe);
	if (!err)
		err = ltr__probe_look(probe);
	if (err == -ESRCH || err == -ESTALE)
		return ltr_why_set(why, -ESRCH, "process %u has ended", info->pid);
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
