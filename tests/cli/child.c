/* SPDX-License-Identifier: MIT */
/* Commands, their statuses, signals, and the terminal. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include <cli/child.h>

#define PATIENCE_MS 20000

static struct ltr__child *start(const char *script, const char *gate)
{
	char *argv[] = {"/bin/sh", "-c", (char *)script, NULL};
	const struct ltr__child_options options = {.argv = argv, .gate = gate, .output = -1};
	struct ltr__child *child = NULL;
	struct ltr_why why;

	assert_int_equal(ltr__child_start(&options, &child, &why), 0);
	return child;
}

static void await(struct ltr__child *child)
{
	while (!ltr__child_turn(child)) {
		struct pollfd news = {.fd = ltr__child_fd(child), .events = POLLIN};

		assert_int_equal(poll(&news, 1, PATIENCE_MS), 1);
	}
}

static int run(const char *script, const char *gate)
{
	struct ltr__child *child = start(script, gate);
	int status;

	await(child);
	status = ltr__child_status(child);
	ltr__child_free(child);
	return status;
}

static void statuses_are_those_of_a_shell(void **state)
{
	struct ltr__child *child;

	(void)state;
	assert_int_equal(run("exit 0", NULL), 0);
	assert_int_equal(run("exit 77", NULL), 77);
	assert_int_equal(run("exit 255", NULL), 255);
	child = start("kill -9 $$", NULL);
	await(child);
	assert_int_equal(ltr__child_status(child), 128 + SIGKILL);
	assert_int_equal(ltr__child_end_signal(child), SIGKILL);
	ltr__child_free(child);
}

static void what_cannot_be_run(void **state)
{
	char *missing[] = {"/no/such/command", NULL};
	char *nameless[] = {"no-such-command-anywhere", NULL};
	char *folder[] = {"/tmp", NULL};
	char *data[] = {"/etc/passwd", NULL};
	const struct {
		char **argv;
		int status;
	} cases[] = {{missing, 127}, {nameless, 127}, {folder, 126}, {data, 126}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct ltr__child_options options = {.argv = cases[i].argv, .output = -1};
		struct ltr__child *child = NULL;
		struct ltr_why why;
		int error = ltr__child_start(&options, &child, &why);

		assert_true(error < 0);
		assert_null(child);
		assert_int_equal(ltr__child_start_status(error), cases[i].status);
		assert_non_null(strstr(why.text, cases[i].argv[0]));
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody was left behind */
}

static void the_gate_is_in_the_environment(void **state)
{
	(void)state;
	assert_int_equal(run("test \"$LTR_GATE\" = /a/path", "/a/path"), 0);
	unsetenv("LTR_GATE");
	assert_int_equal(run("test -z \"$LTR_GATE\"", NULL), 0);
}

static void it_has_a_group_of_its_own_and_our_mask(void **state)
{
	sigset_t before, after;

	(void)state;
	sigprocmask(SIG_BLOCK, NULL, &before);
	assert_int_equal(run("test $(ps -o pgid= -p $$) -eq $$", NULL), 0);
	/* no signal is blocked or ignored in it, but what ignores SIGPIPE here did so before */
	assert_int_equal(run("grep -q 'SigBlk:.0000000000000000' /proc/self/status", NULL), 0);
	sigprocmask(SIG_BLOCK, NULL, &after);
	for (int number = 1; number < NSIG; number++)
		assert_int_equal(sigismember(&before, number), sigismember(&after, number));
}

static void signals_are_passed_on(void **state)
{
	static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char script[128];
		struct ltr__child *child;

		snprintf(script, sizeof(script),
			 "trap 'exit 5' %d; kill -s 0 $PPID; while :; do sleep 0.01; done",
			 numbers[i]);
		child = start(script, NULL);
		/* Until its trap is set the signal may kill it: both mean that it arrived. */
		kill(getpid(), numbers[i]);
		await(child);
		if (ltr__child_end_signal(child))
			assert_int_equal(ltr__child_end_signal(child), numbers[i]);
		else
			assert_int_equal(ltr__child_status(child), 5);
		assert_false(ltr__child_is_over(child));
		kill(getpid(), numbers[i]); /* nobody there any more */
		ltr__child_turn(child);
		assert_true(ltr__child_is_over(child));
		ltr__child_free(child);
	}
}

static void ending_takes_the_whole_group(void **state)
{
	struct ltr__child *child = start("trap '' TERM; sleep 1000 & wait; sleep 1000", NULL);

	(void)state;
	ltr__child_end(child, 50);
	assert_true(ltr__child_turn(child));
	while (ltr__child_left_others(child)) /* killed, and on their way */
		usleep(1000);
	ltr__child_free(child);
}

static void who_is_left_behind(void **state)
{
	int hold[2];
	char *argv[] = {"/bin/sh", "-c", "cat <&9 >/dev/null & exit 0", NULL};
	const struct ltr__child_options options = {.argv = argv, .output = -1};
	struct ltr__child *child = NULL;
	struct ltr_why why;

	(void)state;
	assert_int_equal(pipe(hold), 0);
	assert_int_equal(fcntl(hold[1], F_SETFD, FD_CLOEXEC), 0);
	assert_true(dup2(hold[0], 9) == 9);
	assert_int_equal(ltr__child_start(&options, &child, &why), 0);
	close(hold[0]);
	close(9);
	await(child);
	assert_true(ltr__child_left_others(child));
	close(hold[1]);                       /* cat ends */
	while (ltr__child_left_others(child)) /* also if nobody reaps it */
		usleep(1000);
	ltr__child_free(child);
}

static void in_the_background_it_leaves_the_screen_alone(void **state)
{
	char *argv[] = {"/bin/sh", "-c", "cat; echo out; echo err >&2", NULL};
	char path[] = "/tmp/loiter-test-XXXXXX";
	int fd = mkstemp(path);
	const struct ltr__child_options options = {.argv = argv, .background = true, .output = fd};
	struct ltr__child *child = NULL;
	struct ltr_why why;
	char text[64] = "";

	(void)state;
	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(ltr__child_start(&options, &child, &why), 0);
	await(child);
	assert_int_equal(ltr__child_status(child), 0);
	ltr__child_free(child);
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text, "out\nerr\n");
	close(fd);
}

/* As loiter in a terminal: a session leader in the foreground that runs a command. */
static _Noreturn void run_in_terminal(const char *script)
{
	struct ltr__child *child = start(script, NULL);
	int status;

	await(child);
	status = ltr__child_status(child);
	ltr__child_free(child);
	if (tcgetpgrp(STDIN_FILENO) != getpgrp())
		status = 99; /* the terminal was not given back */
	_exit(status);
}

static void the_terminal_is_handed_over(void **state)
{
	int master;
	int status;
	pid_t pid = forkpty(&master, NULL, NULL, NULL);

	(void)state;
	if (pid == 0)
		run_in_terminal(
			"test $(ps -o tpgid= -p $$) -eq $$ && read line && test $line = hi");
	assert_int_equal(write(master, "hi\n", 3), 3);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(master);
}

static void await_word(int master, const char *word)
{
	char text[4096] = "";
	size_t used = 0;

	while (!strstr(text, word)) {
		struct pollfd news = {.fd = master, .events = POLLIN};
		ssize_t got;

		assert_int_equal(poll(&news, 1, PATIENCE_MS), 1);
		got = read(master, text + used, sizeof(text) - 1 - used);
		assert_true(got > 0);
		used += (size_t)got;
	}
}

static void control_c_reaches_the_command(void **state)
{
	int master;
	int status;
	pid_t pid = forkpty(&master, NULL, NULL, NULL);

	(void)state;
	if (pid == 0)
		run_in_terminal("exec cat"); /* no shell: dash may put the signal off */
	assert_int_equal(write(master, "hello\n", 6), 6);
	await_word(master, "hello\r\nhello"); /* the terminal's echo, and then the command's */
	assert_int_equal(write(master, "\003", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 128 + SIGINT);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses_are_those_of_a_shell),
		cmocka_unit_test(what_cannot_be_run),
		cmocka_unit_test(the_gate_is_in_the_environment),
		cmocka_unit_test(it_has_a_group_of_its_own_and_our_mask),
		cmocka_unit_test(signals_are_passed_on),
		cmocka_unit_test(ending_takes_the_whole_group),
		cmocka_unit_test(who_is_left_behind),
		cmocka_unit_test(in_the_background_it_leaves_the_screen_alone),
		cmocka_unit_test(the_terminal_is_handed_over),
		cmocka_unit_test(control_c_reaches_the_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
