/* SPDX-License-Identifier: MIT */

/* Programs that obey lines, and counting uprobes. See probe_child.h. */

#include "probe_child.h"
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 15

_Noreturn void give_up(const char *what)
{
	fprintf(stderr, "bench/probe: %s: %s\n", what, strerror(errno));
	exit(1);
}

struct child child_start(const char *path, const char *const *arguments, int processors)
{
	int to[2], from[2];
	char number[16];
	const char *argv[ARGUMENTS_MAX + 2] = {path};

	for (int i = 0; i < ARGUMENTS_MAX && arguments && arguments[i]; i++)
		argv[i + 1] = arguments[i];
	if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
		give_up("pipe");

	pid_t pid = fork();

	if (pid < 0)
		give_up("fork");
	if (pid == 0) {
		snprintf(number, sizeof(number), "%d", processors);
		setenv("LTR_PROCS", number, 1);
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		execvp(path, (char *const *)argv);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);

	struct child child = {.pid = pid, .to = fdopen(to[1], "w"), .from = from[0]};

	if (!child.to)
		give_up("fdopen");
	return child;
}

struct ltr_probe *child_watch(const struct child *child, const struct ltr_probe_options *options)
{
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};

	errno = -ltr_probe_open((uint32_t)child->pid, options, &probe, &why);
	if (errno)
		give_up(why.text);
	return probe;
}

void child_end(struct child *child)
{
	fclose(child->to);
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
	close(child->from);
}

void child_ask_to_end(struct child *child)
{
	fclose(child->to);
	kill(child->pid, SIGTERM);
	waitpid(child->pid, NULL, 0);
	close(child->from);
}

/* As an event loop would: what there is at each call, no more calls than there is news. */
static void watch_until_readable(int fd, struct ltr_probe *probe)
{
	struct pollfd what[] = {{.fd = fd, .events = POLLIN},
				{.fd = ltr_probe_fd(probe), .events = POLLIN}};

	for (;;) {
		if (poll(what, 2, 10) < 0 && errno != EINTR)
			give_up("poll");
		if (what[0].revents)
			return;
		if (ltr_probe_poll(probe, 0) < 0)
			give_up("the program that is watched has ended");
	}
}

void child_line(struct child *child, char line[LINE_BYTES], struct ltr_probe *probe)
{
	size_t length = 0;

	if (probe)
		watch_until_readable(child->from, probe);
	while (length < LINE_BYTES - 1 && read(child->from, line + length, 1) == 1)
		if (line[length++] == '\n')
			break;
	if (length == 0)
		give_up("a program that was started has ended");
	line[length] = '\0';
}

static double cpu_ns(void)
{
	return clock_seconds(CLOCK_PROCESS_CPUTIME_ID) * 1e9;
}

void child_ask(struct child *child, const char *command, char line[LINE_BYTES],
	       struct ltr_probe *probe, double *ret_poll_ns)
{
	double start_ns = cpu_ns();

	fprintf(child->to, "%s\n", command);
	fflush(child->to);
	child_line(child, line, probe);
	/* What the program's monitor hands over now, and what the buffer still holds. */
	for (int quiet = 0; probe && quiet < 3;)
		quiet = ltr_probe_poll(probe, 20) > 0 ? 0 : quiet + 1;
	if (ret_poll_ns)
		*ret_poll_ns = cpu_ns() - start_ns;
}

double child_number(struct child *child, const char *command, struct ltr_probe *probe)
{
	char line[LINE_BYTES];

	child_ask(child, command, line, probe, NULL);
	return strtod(line, NULL);
}

static int counter(const char *path, uint64_t offset, uint64_t semaphore, uint32_t type, int cpu)
{
	struct perf_event_attr attr = {
		.type = type,
		.size = sizeof(attr),
		.config = semaphore << 32, /* PERF_UPROBE_REF_CTR_OFFSET_SHIFT of the kernel */
		.config1 = (uint64_t)(uintptr_t)path,
		.config2 = offset,
	};
	long fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

int counters_attach(const char *path, const uint64_t *offsets, int count, uint64_t semaphore,
		    struct counters *ret_counters)
{
	FILE *file = fopen("/sys/bus/event_source/devices/uprobe/type", "re");
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct counters counters = {.count = 0};
	uint32_t type;

	if (!file)
		return -ENOENT;
	if (fscanf(file, "%u", &type) != 1)
		type = 0;
	fclose(file);
	if (type == 0 || count * cpus > COUNTERS_MAX)
		return -EOPNOTSUPP;
	for (int i = 0; i < count; i++)
		for (int cpu = 0; cpu < cpus; cpu++) {
			int fd = counter(path, offsets[i], semaphore, type, cpu);

			if (fd < 0) {
				counters_detach(&counters);
				return fd;
			}
			counters.fds[counters.count++] = fd;
		}
	*ret_counters = counters;
	return 0;
}

void counters_detach(struct counters *counters)
{
	for (int i = 0; i < counters->count; i++)
		close(counters->fds[i]);
	counters->count = 0;
}
