/* SPDX-License-Identifier: MIT */

/*
 * A program that uses everything, run again and again: the first time its first allocation fails,
 * then its second, and so on until a run is over before there is a failure; then the same with each
 * failure lasting, and the same with system calls. However it goes, a run has to end in time, with
 * success, with an error that a call returned, or with a fatal error in words; with no descriptor
 * left open and, under AddressSanitizer, no memory lost.
 */

#include <errno.h>
#include <fcntl.h>
#include <loiter.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fault.h"

#define RUN_SECONDS 30
#define RUNS_MAX    5000
#define PATIENCE    (2 * LTR_SECOND)

enum { STATUS_FATAL = 2, STATUS_ERROR = 3, STATUS_NOT_STARTED = 4, STATUS_DESCRIPTORS = 97 };

LTR_CHAN(numbers, int);

/* --- the program: each part returns the first error that a call gave it --------------------------- */

struct family {
	numbers c;
	struct ltr_mutex *mutex;
	struct ltr_waitgroup *done;
	int number;
};

/* An argument that has to be copied to the heap. */
struct large_family {
	struct family family;
	char rest[200];
};

static void nothing(void *argument)
{
	(void)argument;
}

static void child(struct family *family)
{
	if (family->number == 0) {
		ltr_defer(nothing, NULL);
		ltr_set_name("a child");
		(void)ltr_set_label("part", "family");
	}
	ltr_mutex_lock(family->mutex);
	ltr_yield();
	ltr_mutex_unlock(family->mutex);
	ltr_send(family->c, 1);
	ltr_waitgroup_done(family->done);
}

static void large_child(struct large_family *large)
{
	child(&large->family);
}

/* Enough to make every queue grow. */
static int many_goroutines(void)
{
	struct ltr_go_options options = {.name = "large", .stack_bytes = 256 << 10};
	struct ltr_mutex mutex = {0};
	struct ltr_waitgroup done = {0};
	struct large_family large = {{ltr_make(numbers, 3), &mutex, &done, 0}, {0}};
	enum { CHILDREN = 300 };

	ltr_waitgroup_add(&done, CHILDREN);
	for (int i = 0; i < CHILDREN - 2; i++) {
		large.family.number = i;
		ltr_go(child, large.family);
	}
	ltr_go(large_child, large);
	ltr_go_with(&options, child, large.family);
	for (int i = 0; i < CHILDREN; i++)
		ltr_recv(large.family.c, NULL);
	ltr_waitgroup_wait(&done);
	ltr_free(large.family.c);
	return 0;
}

static void sleeper(struct ltr_waitgroup **done)
{
	ltr_sleep(LTR_MICROSECOND);
	ltr_waitgroup_done(*done);
}

static int many_timers(void)
{
	numbers a = ltr_make(numbers, 0), b = ltr_make(numbers, 1);
	struct ltr_waitgroup done = {0};
	int n;

	ltr_waitgroup_add(&done, 70);
	for (int i = 0; i < 70; i++)
		ltr_go(sleeper, &done);
	ltr_waitgroup_wait(&done);
	ltr_select(ltr_after(LTR_MICROSECOND), LTR_RECV(a, &n), LTR_RECV(b, &n));
	ltr_select(LTR_FOREVER, LTR_RECV(a, &n), LTR_SEND(b, 1));
	ltr_free(a);
	ltr_free(b);
	return 0;
}

static int blocking_call(void)
{
	return ltr_blocking(nothing, NULL);
}

static int a_pipe(void)
{
	struct ltr_conn *reader = NULL, *writer = NULL;
	char buffer[8];
	ssize_t n;
	int ends[2];
	int r;

	if (pipe(ends) != 0)
		return -errno;
	r = ltr_conn_adopt(ends[0], &reader);
	if (r < 0) {
		close(ends[1]);
		return r;
	}
	r = ltr_conn_adopt(ends[1], &writer);
	if (r == 0) {
		n = ltr_write(writer, "pipe", 4, ltr_after(PATIENCE));
		if (n == 4)
			n = ltr_read(reader, buffer, sizeof(buffer), ltr_after(PATIENCE));
		r = n < 0 ? (int)n : n == 4 ? 0 : -EBADMSG;
	}
	ltr_conn_close(reader);
	ltr_conn_close(writer);
	return r;
}

struct service {
	struct ltr_listener *listener;
	struct ltr_waitgroup *done;
	int *ret_error;
};

static int serve_one(struct ltr_listener *listener)
{
	struct ltr_conn *conn;
	char buffer[64];
	ssize_t n;
	int r = ltr_accept(listener, &conn, ltr_after(PATIENCE));

	if (r < 0)
		return r;
	while ((n = ltr_read(conn, buffer, sizeof(buffer), ltr_after(PATIENCE))) > 0) {
		n = ltr_write(conn, buffer, (size_t)n, ltr_after(PATIENCE));
		if (n < 0)
			break;
	}
	ltr_conn_close(conn);
	return (int)n;
}

static void serve(struct service *service)
{
	int r = serve_one(service->listener);

	*service->ret_error = r;
	if (r < 0) /* the client is not to wait for us */
		ltr_listener_close(service->listener);
	ltr_waitgroup_done(service->done);
}

static int ask(const char *address)
{
	struct ltr_conn *conn;
	char buffer[64];
	ssize_t n;
	int r = ltr_dial(address, &conn, ltr_after(PATIENCE));

	if (r < 0)
		return r;
	n = ltr_write(conn, "hello", 5, ltr_after(PATIENCE));
	if (n == 5)
		n = ltr_read(conn, buffer, sizeof(buffer), ltr_after(PATIENCE));
	if (n > 0)
		r = ltr_conn_shutdown(conn);
	if (n > 0 && r == 0)
		n = ltr_read(conn, buffer, sizeof(buffer), ltr_after(PATIENCE));
	ltr_conn_close(conn);
	return n < 0 ? (int)n : r;
}

static int a_server_and_a_client(void)
{
	struct ltr_waitgroup done = {0};
	struct service service = {.done = &done};
	char address[32];
	int asked, served;
	int r = ltr_listen("127.0.0.1:0", &service.listener);

	if (r < 0)
		return r;
	service.ret_error = &served;
	snprintf(address, sizeof(address), "127.0.0.1:%u", ltr_listener_port(service.listener));
	ltr_waitgroup_add(&done, 1);
	ltr_go(serve, service);
	asked = ask(address);
	if (asked < 0) {
		/* the server is not to wait for us, if it waits still */
		ltr_waitgroup_wait(&done, ltr_after(PATIENCE));
	}
	ltr_waitgroup_wait(&done);
	if (served >= 0)
		ltr_listener_close(service.listener);
	return asked < 0 ? asked : served;
}

static int write_and_read(int fd)
{
	char buffer[8];
	ssize_t n = ltr_file_pwrite(fd, "file", 4, 0);
	int r = n == 4 ? ltr_file_sync(fd) : (int)n;

	if (r < 0)
		return r;
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	n = ltr_file_pread(fd, buffer, sizeof(buffer), 0);
	if (n < 0)
		return (int)n;
	return n == 4 && memcmp(buffer, "file", 4) == 0 ? 0 : -EBADMSG;
}

static int a_file(void)
{
	char path[] = "/var/tmp/ltr-test-XXXXXX";
	int fd = mkstemp(path), ends[2], r;
	char byte;

	if (fd < 0)
		return -errno;
	unlink(path);
	r = write_and_read(fd);
	close(fd);
	if (r == 0 && pipe(ends) == 0) {
		ssize_t n = ltr_file_write(ends[1], "x", 1);

		if (n == 1)
			n = ltr_file_read(ends[0], &byte, 1, ltr_after(PATIENCE));
		r = n == 1 ? 0 : n < 0 ? (int)n : -EBADMSG;
		close(ends[0]);
		close(ends[1]);
	}
	return r;
}

/* Without the io_uring, which stays. */
static int open_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++) {
		char path[32], target[64];
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		count += n > 0 && strcmp(target, "anon_inode:[io_uring]") != 0;
	}
	return count;
}

static int everything(int argc, char **argv)
{
	static int (*const parts[])(void) = {many_goroutines, many_timers, blocking_call,
					     a_pipe,          a_file,      a_server_and_a_client};
	int before = open_descriptors(), error = 0;

	(void)argc, (void)argv;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int r = parts[i]();

		if (r < 0)
			error = r;
	}
	if (open_descriptors() != before)
		return STATUS_DESCRIPTORS;
	return error ? STATUS_ERROR : 0;
}

/* --- the loop ----------------------------------------------------------------------------------- */

/* Written by the child. */
static struct shared {
	bool failed;
	char function[32];
} * shared;

struct plan {
	enum fault_kind kind;
	bool for_ever;
};

static _Noreturn void be_child(const struct plan *plan, uint32_t at, int out)
{
	const char *function;
	int r, before;

	dup2(out, STDERR_FILENO);
	unsetenv("LTR_GATE");
	unsetenv("LTR_SEED");
	setenv("LTR_PROCS", "2", 1);
	alarm(RUN_SECONDS);
	before = open_descriptors();
	fault_arm(plan->kind, at, plan->for_ever);
	r = ltr_run(everything, 0, NULL);
	shared->failed = fault_disarm(&function);
	if (shared->failed)
		strncpy(shared->function, function, sizeof(shared->function) - 1);
	if (r < 0 && open_descriptors() != before)
		r = STATUS_DESCRIPTORS;
	exit(r < 0 ? STATUS_NOT_STARTED : r);
}

static int run_once(const struct plan *plan, uint32_t at, char *said, size_t bytes)
{
	int ends[2], status;
	size_t used = 0;
	pid_t child_pid;
	ssize_t n;

	memset(shared, 0, sizeof(*shared));
	fflush(NULL);
	assert_int_equal(pipe(ends), 0);
	child_pid = fork();
	assert_true(child_pid >= 0);
	if (child_pid == 0) {
		close(ends[0]);
		be_child(plan, at, ends[1]);
	}
	close(ends[1]);
	while ((n = read(ends[0], said + used, bytes - 1 - used)) > 0)
		used += (size_t)n;
	said[used] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child_pid, &status, 0), child_pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void fail_each(void **state)
{
	const struct plan *plan = *state;
	static char said[32768];
	int ends_in[STATUS_NOT_STARTED + 1] = {0};
	uint32_t at = 1;

	for (;; at++) {
		int status = run_once(plan, at, said, sizeof(said));

		/* A fatal error has not come to say which function it was. */
		if (status == 0 && !shared->failed)
			break;
		if ((status != 0 && status != STATUS_FATAL && status != STATUS_ERROR &&
		     status != STATUS_NOT_STARTED) ||
		    (status == STATUS_FATAL && !strstr(said, "fatal error: ")))
			fail_msg("failure %u (%s): %s %d; it said:\n%s", at, shared->function,
				 status < 0 ? "signal" : "status", abs(status), said);
		ends_in[status]++;
		assert_true(at < RUNS_MAX);
	}
	printf("%u runs: %d went on, %d gave an error, %d did not start, %d ended in words\n",
	       at - 1, ends_in[0], ends_in[STATUS_ERROR], ends_in[STATUS_NOT_STARTED],
	       ends_in[STATUS_FATAL]);
	assert_true(at > 20);
}

int main(void)
{
	static struct plan plans[] = {
		{FAULT_ALLOCATION, false},
		{FAULT_ALLOCATION, true},
		{FAULT_SYSTEM_CALL, false},
		{FAULT_SYSTEM_CALL, true},
	};
	const struct CMUnitTest tests[] = {
		{"each_allocation_fails", fail_each, NULL, NULL, &plans[0]},
		{"all_allocations_from_one_on_fail", fail_each, NULL, NULL, &plans[1]},
		{"each_system_call_fails", fail_each, NULL, NULL, &plans[2]},
		{"all_system_calls_from_one_on_fail", fail_each, NULL, NULL, &plans[3]},
	};

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
