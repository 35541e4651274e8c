/* SPDX-License-Identifier: MIT */
/*
 * The gate against visitors of all kinds. Visitors are children that are told what to do, or, where a
 * moment matters, this process itself. The linker has the gate's accept4() come here first.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <cli/gate.h>
#include <loiter/gate.h>

#define PATIENCE_MS 20000

static struct ltr__gate *new_gate(void)
{
	struct ltr__gate *gate = NULL;
	struct ltr_why why;

	assert_int_equal(ltr__gate_new(&gate, &why), 0);
	return gate;
}

/* Waits for the next event; fails if there is none in time. */
static struct ltr__gate_event next(struct ltr__gate *gate)
{
	struct ltr__gate_event event = {0};
	int got;

	while ((got = ltr__gate_next(gate, &event)) == 0) {
		struct pollfd news = {.fd = ltr__gate_fd(gate), .events = POLLIN};

		assert_int_equal(poll(&news, 1, PATIENCE_MS), 1);
	}
	assert_int_equal(got, 1);
	return event;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, path, strlen(path) + 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		_exit(90);
	return fd;
}

static void tell(int fd, uint32_t version, uint32_t kind, uint64_t value)
{
	struct ltr_gate_message message = {
		.version = version, .kind = kind, .pid = 1, .value = value};

	if (send(fd, &message, sizeof(message), MSG_NOSIGNAL) != sizeof(message))
		_exit(91);
}

static void expect(int fd, uint32_t kind)
{
	struct ltr_gate_message message = {0};

	if (recv(fd, &message, sizeof(message), 0) != sizeof(message) || message.kind != kind ||
	    message.version != LTR_GATE_VERSION)
		_exit(92);
}

static int speaks_on_accept = -1; /* the connection on which HELLO is sent then */

int __real_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
	int accepted = __real_accept4(fd, address, length, flags);

	if (accepted >= 0 && speaks_on_accept >= 0)
		tell(speaks_on_accept, LTR_GATE_VERSION, LTR_GATE_HELLO, 0x5678);
	return accepted;
}

static int exit_status(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void a_visit(void **state)
{
	struct ltr__gate *gate = new_gate();
	struct ltr__gate_event event;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		int fd = connect_to(ltr__gate_path(gate));

		tell(fd, LTR_GATE_VERSION, LTR_GATE_HELLO, 0x1234);
		expect(fd, LTR_GATE_GO);
		tell(fd, LTR_GATE_VERSION, LTR_GATE_MAIN_RETURNED, 3);
		expect(fd, LTR_GATE_RELEASE);
		_exit(7);
	}
	event = next(gate);
	assert_int_equal(event.what, LTR__GATE_HELLO);
	assert_int_equal(event.value, 0x1234);
	/* who the kernel says it is, not the 1 that it says itself */
	assert_int_equal(event.visitor->pid, pid);
	assert_null(event.visitor->owner);
	event.visitor->owner = state;
	ltr__visitor_go(event.visitor);
	event = next(gate);
	assert_int_equal(event.what, LTR__GATE_MAIN_RETURNED);
	assert_int_equal(event.value, 3);
	assert_ptr_equal(event.visitor->owner, state);
	ltr__visitor_release(event.visitor);
	event = next(gate);
	assert_int_equal(event.what, LTR__GATE_LEFT);
	assert_int_equal(event.value, 0);
	assert_int_equal(event.visitor->pid, pid);
	assert_int_equal(exit_status(pid), 7);
	ltr__gate_free(gate);
}

/*
 * Credentials come with what is sent once SO_PASSCRED is set, or before accept(). HELLO is heard in
 * either case, and also if it comes between accept() and whatever the gate does next.
 */
static void hello_is_heard_at_any_moment(void **state)
{
	struct ltr__gate *gate = new_gate();
	struct ltr__gate_event event;
	int early = connect_to(ltr__gate_path(gate));

	(void)state;
	tell(early, LTR_GATE_VERSION, LTR_GATE_HELLO, 0x1234);
	event = next(gate);
	assert_int_equal(event.what, LTR__GATE_HELLO);
	assert_int_equal(event.value, 0x1234);
	assert_int_equal(event.visitor->pid, getpid());

	speaks_on_accept = connect_to(ltr__gate_path(gate));
	event = next(gate);
	assert_int_equal(event.what, LTR__GATE_HELLO);
	assert_int_equal(event.value, 0x5678);
	assert_int_equal(event.visitor->pid, getpid());
	close(early);
	close(speaks_on_accept);
	speaks_on_accept = -1;
	ltr__gate_free(gate);
}

/* What was said before the end is heard before the end. */
static void words_come_before_the_end(void **state)
{
	struct ltr__gate *gate = new_gate();
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		int fd = connect_to(ltr__gate_path(gate));

		tell(fd, LTR_GATE_VERSION, LTR_GATE_HELLO, 0);
		tell(fd, LTR_GATE_VERSION, LTR_GATE_DEADLOCK, 0);
		raise(SIGKILL);
	}
	assert_int_equal(exit_status(pid), -SIGKILL);
	assert_int_equal(next(gate).what, LTR__GATE_HELLO);
	assert_int_equal(next(gate).what, LTR__GATE_DEADLOCK);
	assert_int_equal(next(gate).what, LTR__GATE_LEFT);
	ltr__gate_free(gate);
}

/* A visitor whose connection lives on in a child that it left behind has left all the same. */
static void the_end_is_seen_though_the_socket_lives_on(void **state)
{
	struct ltr__gate *gate = new_gate();
	int hold[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(hold), 0);
	pid = fork();
	if (pid == 0) {
		int fd = connect_to(ltr__gate_path(gate));
		char byte;

		tell(fd, LTR_GATE_VERSION, LTR_GATE_HELLO, 0);
		close(hold[1]);
		if (fork() == 0)
			_exit(read(hold[0], &byte, 1) == 0 ? 0 : 93);
		_exit(0);
	}
	assert_int_equal(exit_status(pid), 0);
	assert_int_equal(next(gate).what, LTR__GATE_HELLO);
	assert_int_equal(next(gate).what, LTR__GATE_LEFT);
	close(hold[0]);
	close(hold[1]);
	ltr__gate_free(gate);
}

static void a_forked_child_is_told_apart(void **state)
{
	struct ltr__gate *gate = new_gate();
	struct ltr__gate_event event;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		int fd = connect_to(ltr__gate_path(gate));
		pid_t child;

		tell(fd, LTR_GATE_VERSION, LTR_GATE_HELLO, 0);
		expect(fd, LTR_GATE_GO);
		child = fork();
		if (child == 0) {
			tell(fd, LTR_GATE_VERSION, LTR_GATE_MAIN_RETURNED, 0);
			expect(fd, LTR_GATE_RELEASE);
			_exit(0);
		}
		_exit(exit_status(child));
	}
	event = next(gate);
	ltr__visitor_go(event.visitor);
	event = next(gate);
	assert_int_equal(event.what, LTR__GATE_FORKED);
	assert_int_equal(event.visitor->pid, pid);
	assert_int_equal(next(gate).what, LTR__GATE_LEFT);
	assert_int_equal(exit_status(pid), 0);
	ltr__gate_free(gate);
}

static void a_closed_socket_of_a_living_process_is_an_exec(void **state)
{
	struct ltr__gate *gate = new_gate();
	struct ltr__gate_event event;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		int fd = connect_to(ltr__gate_path(gate));

		tell(fd, LTR_GATE_VERSION, LTR_GATE_HELLO, 0);
		close(fd);
		for (;;)
			pause();
	}
	assert_int_equal(next(gate).what, LTR__GATE_HELLO);
	event = next(gate);
	assert_int_equal(event.what, LTR__GATE_LEFT);
	assert_int_equal(event.value, 1);
	kill(pid, SIGKILL);
	exit_status(pid);
	ltr__gate_free(gate);
}

/* None of these is heard of, and none keeps the next visitor out. */
static void nonsense_is_not_heard(void **state)
{
	struct ltr__gate *gate = new_gate();
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		for (int round = 0; round < 6; round++) {
			int fd = connect_to(ltr__gate_path(gate));
			char bytes[4096] = {0};
			size_t size[] = {1, 23, 25, sizeof(bytes)};

			if (round < 4 && send(fd, bytes, size[round], MSG_NOSIGNAL) < 0)
				_exit(94);
			if (round == 4) /* before HELLO */
				tell(fd, LTR_GATE_VERSION, LTR_GATE_MAIN_RETURNED, 0);
			if (round == 5) {
				tell(fd, LTR_GATE_VERSION, LTR_GATE_GO, 0);
				tell(fd, LTR_GATE_VERSION, 77, 0);
			}
			close(fd);
		}
		tell(connect_to(ltr__gate_path(gate)), LTR_GATE_VERSION + 1, LTR_GATE_HELLO, 0);
		tell(connect_to(ltr__gate_path(gate)), LTR_GATE_VERSION, LTR_GATE_HELLO, 5);
		_exit(0);
	}
	{
		struct ltr__gate_event event = next(gate);

		assert_int_equal(event.what, LTR__GATE_STRANGER);
		assert_int_equal(event.value, LTR_GATE_VERSION + 1);
		event = next(gate);
		assert_int_equal(event.what, LTR__GATE_HELLO);
		assert_int_equal(event.value, 5);
	}
	assert_int_equal(next(gate).what, LTR__GATE_LEFT);
	assert_int_equal(exit_status(pid), 0);
	ltr__gate_free(gate);
}

static void many_at_once(void **state)
{
	enum { MANY = 100 };
	struct ltr__gate *gate = new_gate();
	pid_t pids[MANY];
	int hello = 0, left = 0;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			int fd = connect_to(ltr__gate_path(gate));

			tell(fd, LTR_GATE_VERSION, LTR_GATE_HELLO, (uint64_t)i);
			expect(fd, LTR_GATE_GO);
			_exit(0);
		}
	}
	while (left < MANY) {
		struct ltr__gate_event event = next(gate);

		if (event.what == LTR__GATE_HELLO) {
			hello++;
			ltr__visitor_go(event.visitor);
		} else {
			assert_int_equal(event.what, LTR__GATE_LEFT);
			left++;
		}
	}
	assert_int_equal(hello, MANY);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(exit_status(pids[i]), 0);
	ltr__gate_free(gate);
}

static void only_we_can_enter_and_nothing_stays(void **state)
{
	struct ltr__gate *gate = new_gate();
	char path[128], folder[128];
	struct stat is;

	(void)state;
	snprintf(path, sizeof(path), "%s", ltr__gate_path(gate));
	snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = '\0';
	assert_int_equal(stat(folder, &is), 0);
	assert_int_equal(is.st_mode & 07777, 0700);
	assert_int_equal(stat(path, &is), 0);
	ltr__gate_free(gate);
	assert_int_equal(stat(path, &is), -1);
	assert_int_equal(stat(folder, &is), -1);
}

/* Even with the directory wide open, other users are turned away, and do not disturb the others. */
static void other_users_are_turned_away(void **state)
{
	struct ltr__gate *gate = new_gate();
	struct ltr__gate_event event;
	char folder[128];
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		ltr__gate_free(gate);
		print_message("skipped: becoming another user needs root\n");
		skip();
	}
	snprintf(folder, sizeof(folder), "%s", ltr__gate_path(gate));
	assert_int_equal(chmod(folder, 0777), 0);
	*strrchr(folder, '/') = '\0';
	assert_int_equal(chmod(folder, 0777), 0);
	pid = fork();
	if (pid == 0) {
		char byte;
		int fd;

		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(96);
		fd = connect_to(ltr__gate_path(gate));
		_exit(recv(fd, &byte, 1, 0) == 0 ? 0 : 97); /* closed, not answered */
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		struct pollfd news = {.fd = ltr__gate_fd(gate), .events = POLLIN};

		assert_int_equal(ltr__gate_next(gate, &event), 0);
		poll(&news, 1, 1);
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	ltr__gate_free(gate);
}

/* A signal that ends loiter takes the directory with it. */
static void nothing_stays_after_a_signal(void **state)
{
	int pipe_fd[2];
	char path[128] = "";
	struct stat is;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(pipe_fd), 0);
	pid = fork();
	if (pid == 0) {
		struct ltr__gate *gate = NULL;
		struct ltr_why why;

		if (ltr__gate_new(&gate, &why) != 0 ||
		    write(pipe_fd[1], ltr__gate_path(gate), strlen(ltr__gate_path(gate))) < 0)
			_exit(95);
		for (;;)
			pause();
	}
	assert_true(read(pipe_fd[0], path, sizeof(path) - 1) > 0);
	assert_int_equal(stat(path, &is), 0);
	kill(pid, SIGTERM);
	assert_int_equal(exit_status(pid), -SIGTERM);
	assert_int_equal(stat(path, &is), -1);
	*strrchr(path, '/') = '\0';
	assert_int_equal(stat(path, &is), -1);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}

static void a_bad_runtime_directory_is_not_used(void **state)
{
	char long_path[200] = "/";
	const char *bad[] = {"/nonexistent/folder", "relative", "", long_path};

	(void)state;
	memset(long_path + 1, 'x', sizeof(long_path) - 2);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ltr__gate *gate;

		setenv("XDG_RUNTIME_DIR", bad[i], 1);
		gate = new_gate();
		assert_memory_equal(ltr__gate_path(gate), "/tmp/loiter-", 12);
		ltr__gate_free(gate);
	}
	unsetenv("XDG_RUNTIME_DIR");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_visit),
		cmocka_unit_test(hello_is_heard_at_any_moment),
		cmocka_unit_test(words_come_before_the_end),
		cmocka_unit_test(the_end_is_seen_though_the_socket_lives_on),
		cmocka_unit_test(a_forked_child_is_told_apart),
		cmocka_unit_test(a_closed_socket_of_a_living_process_is_an_exec),
		cmocka_unit_test(nonsense_is_not_heard),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(only_we_can_enter_and_nothing_stays),
		cmocka_unit_test(other_users_are_turned_away),
		cmocka_unit_test(nothing_stays_after_a_signal),
		cmocka_unit_test(a_bad_runtime_directory_is_not_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
