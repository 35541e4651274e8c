/* SPDX-License-Identifier: MIT */
/*
 * loiter at a terminal, as a job of a shell. The shell is a child of the test that leads a session on
 * a pseudo-terminal and does what shells do; what goes wrong there is its exit status. The test types.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_S 60

/* Exit statuses of the shell; loiter's own are below 90 here, and below 128 without a signal. */
enum wrong { NOT_STOPPED = 90, TERMINAL_KEPT, TERMINAL_STOLEN, MODES_LEFT, SIGNALLED };

struct screen {
	int master;
	char text[16384];
	size_t used;
};

static void type(const struct screen *screen, const char *keys)
{
	assert_int_equal(write(screen->master, keys, strlen(keys)), strlen(keys));
}

/* Reads until the word is there, or to the end if it is NULL. */
static void await_word(struct screen *screen, const char *word)
{
	while (!word || !strstr(screen->text, word)) {
		struct pollfd news = {.fd = screen->master, .events = POLLIN};
		ssize_t got;

		assert_int_equal(poll(&news, 1, PATIENCE_S * 1000), 1);
		got = read(screen->master, screen->text + screen->used,
			   sizeof(screen->text) - 1 - screen->used);
		if (got <= 0 && !word)
			return;
		if (got <= 0)
			fail_msg("no '%s' in: %s", word, screen->text);
		screen->used += (size_t)got;
	}
}

static int end_of(pid_t shell, struct screen *screen)
{
	int status;

	await_word(screen, NULL);
	assert_int_equal(waitpid(shell, &status, 0), shell);
	close(screen->master);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* In the shell: a job in the foreground. */
static pid_t start_job(char *const *argv)
{
	pid_t job = fork();

	if (job == 0) {
		setpgid(0, 0);
		signal(SIGTTOU, SIG_IGN);
		tcsetpgrp(STDIN_FILENO, getpid());
		signal(SIGTTOU, SIG_DFL);
		if (argv[0])
			execv(argv[0], argv);
		_exit(127);
	}
	setpgid(job, job);
	return job;
}

static void expect_stopped(pid_t job)
{
	int status;

	if (waitpid(job, &status, WUNTRACED) != job || !WIFSTOPPED(status))
		_exit(NOT_STOPPED);
}

/* The job's own status, once the terminal is its group's again and is as it was. */
static _Noreturn void end_job(pid_t job, const struct termios *before)
{
	struct termios after;
	int status;

	if (waitpid(job, &status, 0) != job || !WIFEXITED(status))
		_exit(SIGNALLED);
	if (tcgetpgrp(STDIN_FILENO) != job)
		_exit(TERMINAL_KEPT);
	if (tcgetattr(STDIN_FILENO, &after) != 0 || after.c_lflag != before->c_lflag ||
	    after.c_iflag != before->c_iflag || after.c_oflag != before->c_oflag)
		_exit(MODES_LEFT);
	_exit(WEXITSTATUS(status));
}

/* Ctrl-Z, then `bg`, then `fg`. In the background the command wants the terminal and stops again. */
static _Noreturn void suspend_and_resume(pid_t job, const struct termios *before)
{
	signal(SIGTTOU, SIG_IGN);
	expect_stopped(job);
	if (tcgetpgrp(STDIN_FILENO) != job)
		_exit(TERMINAL_KEPT);
	tcsetpgrp(STDIN_FILENO, getpgrp());
	kill(-job, SIGCONT);
	expect_stopped(job);
	if (tcgetpgrp(STDIN_FILENO) != getpgrp())
		_exit(TERMINAL_STOLEN);
	if (write(STDOUT_FILENO, "stopped twice", 13) != 13)
		_exit(SIGNALLED);
	tcsetpgrp(STDIN_FILENO, job);
	kill(-job, SIGCONT);
	end_job(job, before);
}

static pid_t start_shell(struct screen *screen, const struct winsize *size, char *const *argv,
			 void (*go_on)(pid_t job, const struct termios *before))
{
	pid_t shell = forkpty(&screen->master, NULL, NULL, size);

	assert_true(shell >= 0);
	if (shell == 0) {
		struct termios before;

		alarm(PATIENCE_S);
		tcgetattr(STDIN_FILENO, &before);
		setenv("TERM", "xterm", 1);
		go_on(start_job(argv), &before);
		_exit(SIGNALLED);
	}
	return shell;
}

static char *program(const char *variable)
{
	char *path = getenv(variable);

	assert_non_null(path);
	return path;
}

static void check_is_suspended_and_resumed(void **state)
{
	char script[1024];
	char *argv[] = {program("LOITER"), "check", "--", "/bin/sh", "-c", script, NULL};
	struct screen screen = {0};
	pid_t shell;

	(void)state;
	snprintf(script, sizeof(script), "cat; exec '%s' clean", program("CASES"));
	shell = start_shell(&screen, NULL, argv, suspend_and_resume);
	type(&screen, "hello\n");
	await_word(&screen, "hello\r\nhello"); /* the terminal's echo, and then the command's */
	type(&screen, "\032");
	await_word(&screen, "stopped twice");
	type(&screen, "again\n");
	await_word(&screen, "again\r\nagain");
	type(&screen, "\004");
	assert_int_equal(end_of(shell, &screen), 0);
	assert_null(strstr(screen.text, "loiter:"));
}

static void a_killed_command_leaves_the_terminal_as_it_was(void **state)
{
	char *argv[] = {program("LOITER"),
			"check",
			"--",
			"/bin/sh",
			"-c",
			"stty -echo -icanon -opost; kill -KILL $$",
			NULL};
	struct screen screen = {0};
	pid_t shell;

	(void)state;
	shell = start_shell(&screen, NULL, argv, end_job);
	assert_int_equal(end_of(shell, &screen), 24);
	assert_non_null(strstr(screen.text, "was killed by signal 9 (Killed)"));
}

static void top_fits_into_a_tiny_terminal(void **state)
{
	const struct winsize tiny = {.ws_col = 20, .ws_row = 5};
	char *argv[] = {program("LOITER"), "top", "--", program("CASES"), "hang", NULL};
	struct screen screen = {0};
	pid_t shell;

	(void)state;
	shell = start_shell(&screen, &tiny, argv, end_job);
	await_word(&screen, "\033[?1049h"); /* the other screen */
	await_word(&screen, "chan");
	type(&screen, "q");
	await_word(&screen, "\033[?1049l"); /* and back */
	assert_int_equal(end_of(shell, &screen), 0);
}

/* Ctrl-C at a command that does not mind: loiter waits for it, and says nothing of its own. */
static void ctrl_c_is_the_commands(void **state)
{
	char script[1024];
	char *argv[] = {program("LOITER"), "check", "--", "/bin/sh", "-c", script, NULL};
	struct screen screen = {0};
	pid_t shell;

	(void)state;
	snprintf(script, sizeof(script), "trap 'exec \"%s\" status' INT; echo ready; read line",
		 program("CASES"));
	shell = start_shell(&screen, NULL, argv, end_job);
	await_word(&screen, "ready");
	type(&screen, "\003");
	assert_int_equal(end_of(shell, &screen), 9);
	assert_null(strstr(screen.text, "loiter:"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_is_suspended_and_resumed),
		cmocka_unit_test(a_killed_command_leaves_the_terminal_as_it_was),
		cmocka_unit_test(top_fits_into_a_tiny_terminal),
		cmocka_unit_test(ctrl_c_is_the_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
