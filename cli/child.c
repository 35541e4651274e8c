/* SPDX-License-Identifier: MIT */
/*
 * A child in the foreground: while it runs, the signals that are passed on and SIGCHLD are blocked
 * and read from a signalfd, so that all of loiter runs on one thread with no handler. A child in the
 * background has only a pidfd: signals belong to whoever owns the screen.
 *
 * The signal mask, the terminal's process group and its modes are as before after
 * ltr__child_free(). The child itself starts with the mask that loiter was started with.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <loiter/gate.h>

#include "child.h"
#include "cli.h"

static const int passed_on[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

struct ltr__child {
	pid_t pid;
	int fd;       /* signalfd, or the pidfd of a child in the background */
	int terminal; /* ours to hand over; -1: there is none, or it is not ours */
	bool background;
	bool ended;
	bool asked;       /* to end, while it ran */
	bool interrupted; /* after it had ended */
	int wait_status;
	sigset_t mask_before;
	struct termios modes_before;
};

int ltr__child_start_status(int error)
{
	if (error == -ENOENT)
		return LTR__STATUS_NOT_FOUND;
	if (error == -ENOMEM || error == -EAGAIN || error == -EMFILE || error == -ENFILE)
		return LTR__STATUS_FAILED;
	return LTR__STATUS_CANNOT_RUN;
}

static void block_signals(struct ltr__child *child, bool keeps_usr1, sigset_t *ret_set)
{
	sigemptyset(ret_set);
	sigaddset(ret_set, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(ret_set, passed_on[i]);
	if (keeps_usr1)
		sigdelset(ret_set, SIGUSR1);
	sigprocmask(SIG_BLOCK, ret_set, &child->mask_before);
}

/* The controlling terminal, if we are its foreground process group. */
static void take_terminal(struct ltr__child *child)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	child->terminal = -1;
	if (fd < 0)
		return;
	if (tcgetpgrp(fd) == getpgrp() && tcgetattr(fd, &child->modes_before) == 0)
		child->terminal = fd;
	else
		close(fd);
}

/* From the background, without being stopped for it. */
static void hand_terminal(int terminal, pid_t group)
{
	sigset_t output, before;

	if (terminal < 0)
		return;
	sigemptyset(&output);
	sigaddset(&output, SIGTTOU);
	sigprocmask(SIG_BLOCK, &output, &before);
	tcsetpgrp(terminal, group);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/*
 * Back to our own group; but not from somebody who has got it meanwhile, as a shell has that runs us
 * in the background. False if it is not ours then.
 */
static bool take_terminal_back(const struct ltr__child *child)
{
	pid_t group = child->terminal < 0 ? -1 : tcgetpgrp(child->terminal);

	if (group < 0)
		return false;
	if (group == child->pid || (kill(-group, 0) != 0 && errno == ESRCH))
		hand_terminal(child->terminal, getpgrp());
	return tcgetpgrp(child->terminal) == getpgrp();
}

static int redirect(const struct ltr__child_options *options)
{
	int null = open("/dev/null", O_RDWR);
	int output = options->background && options->output >= 0 ? options->output : null;

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
	    dup2(output, STDERR_FILENO) < 0)
		return -errno;
	if (null > STDERR_FILENO)
		close(null);
	return 0;
}

/* In the new process. What goes wrong is reported through `report`, which an exec closes. */
static _Noreturn void become(const struct ltr__child *child,
			     const struct ltr__child_options *options, pid_t parent, int report)
{
	int error = 0;

	setpgid(0, 0);
	if (!options->background)
		hand_terminal(child->terminal, getpid());
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(LTR__STATUS_FAILED);
	signal(SIGPIPE, SIG_DFL); /* main() ignores it */
	if (options->background || options->silent)
		error = redirect(options);
	if (!error && options->gate && setenv(LTR_GATE_VARIABLE, options->gate, 1) != 0)
		error = -errno;
	if (!error) {
		sigprocmask(SIG_SETMASK, &child->mask_before, NULL);
		execvp(options->argv[0], options->argv);
		error = -errno;
	}
	if (write(report, &error, sizeof(error)) < 0)
		_exit(LTR__STATUS_FAILED);
	_exit(LTR__STATUS_CANNOT_RUN);
}

/* fork and exec; returns the error of either, with the process gone. */
static int spawn(struct ltr__child *child, const struct ltr__child_options *options)
{
	pid_t parent = getpid();
	int report[2];
	int error = 0;
	ssize_t got;

	if (pipe2(report, O_CLOEXEC) != 0)
		return -errno;
	child->pid = fork();
	if (child->pid == 0)
		become(child, options, parent, report[1]);
	error = child->pid < 0 ? -errno : 0;
	close(report[1]);
	if (!error) {
		setpgid(child->pid, child->pid); /* whoever comes first */
		do {
			got = read(report[0], &error, sizeof(error));
		} while (got < 0 && errno == EINTR);
		if (got > 0)
			while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
				;
		else
			error = 0;
	}
	close(report[0]);
	return error;
}

static int start(struct ltr__child *child, const struct ltr__child_options *options)
{
	sigset_t signals;
	int error;

	signal(SIGCHLD, SIG_DFL); /* ignored, it would eat the status */
	if (!options->background) {
		block_signals(child, options->keeps_usr1, &signals);
		child->fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
		if (child->fd < 0)
			return -errno;
		take_terminal(child);
	}
	error = spawn(child, options);
	if (error) {
		child->ended = true;
		return error;
	}
	if (options->background) {
		child->fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
		if (child->fd < 0)
			return -errno;
	}
	return 0;
}

int ltr__child_start(const struct ltr__child_options *options, struct ltr__child **ret_child,
		     struct ltr_why *ret_why)
{
	struct ltr__child *child = calloc(1, sizeof(*child));
	int error = -ENOMEM;

	if (child) {
		child->fd = -1;
		child->terminal = -1;
		child->background = options->background;
		sigprocmask(SIG_BLOCK, NULL, &child->mask_before);
		error = start(child, options);
	}
	if (error) {
		ltr__why(ret_why, "cannot run '%s': %s", options->argv[0],
			 error == -ENOENT ? "there is no such command" : strerror(-error));
		ltr__child_free(child);
		return error;
	}
	*ret_child = child;
	return 0;
}

struct ltr__child *ltr__child_free(struct ltr__child *child)
{
	if (!child)
		return NULL;
	if (take_terminal_back(child) && child->ended && WIFSIGNALED(child->wait_status))
		tcsetattr(child->terminal, TCSADRAIN, &child->modes_before);
	if (child->terminal >= 0)
		close(child->terminal);
	if (child->fd >= 0)
		close(child->fd);
	if (!child->background)
		sigprocmask(SIG_SETMASK, &child->mask_before, NULL);
	free(child);
	return NULL;
}

uint32_t ltr__child_pid(const struct ltr__child *child)
{
	return (uint32_t)child->pid;
}

int ltr__child_fd(const struct ltr__child *child)
{
	return child->fd;
}

void ltr__child_kill(struct ltr__child *child, int number)
{
	if (!child->ended)
		kill(-child->pid, number);
}

/* The command was stopped from the terminal: stop with it, and go on with it. */
static void stop_along(struct ltr__child *child)
{
	if (child->terminal < 0)
		return;
	take_terminal_back(child);
	kill(0, SIGTSTP); /* the default: everybody in our own group stops here */
	if (tcgetpgrp(child->terminal) == getpgrp())
		hand_terminal(child->terminal, child->pid);
	kill(-child->pid, SIGCONT);
}

/* Who traced the child may have been told of its end in our place: then it was killed. */
static void reap(struct ltr__child *child)
{
	int status, got = 0;

	while (!child->ended && (got = waitpid(child->pid, &status, WNOHANG | WUNTRACED)) > 0) {
		if (WIFSTOPPED(status)) {
			stop_along(child);
			continue;
		}
		child->ended = true;
		child->wait_status = status;
	}
	if (got < 0 && errno == ECHILD) {
		child->ended = true;
		child->wait_status = SIGKILL;
	}
}

static bool is_request_to_end(uint32_t number)
{
	return number == SIGHUP || number == SIGINT || number == SIGQUIT || number == SIGTERM;
}

bool ltr__child_turn(struct ltr__child *child)
{
	struct signalfd_siginfo signal_info;

	if (child->background) {
		reap(child);
		return child->ended;
	}
	while (read(child->fd, &signal_info, sizeof(signal_info)) == sizeof(signal_info)) {
		if (signal_info.ssi_signo == SIGCHLD)
			continue;
		if (child->ended) {
			child->interrupted = true;
		} else if (signal_info.ssi_pid != (uint32_t)child->pid) {
			child->asked = child->asked || is_request_to_end(signal_info.ssi_signo);
			ltr__child_kill(child, (int)signal_info.ssi_signo);
		}
	}
	reap(child);
	return child->ended;
}

/* From the terminal it comes to the command alone, which is in the foreground. */
bool ltr__child_was_asked(const struct ltr__child *child)
{
	int number = ltr__child_end_signal(child);

	return child->asked || child->interrupted || number == SIGINT || number == SIGQUIT ||
	       number == SIGHUP;
}

bool ltr__child_is_over(const struct ltr__child *child)
{
	return child->interrupted;
}

/* Is this process of the group, and no zombie that nobody has reaped yet? */
static bool is_member(const char *pid, pid_t group)
{
	char path[64];
	char text[512];
	const char *name_end;
	char process_state;
	ssize_t got;
	int its_group;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	name_end = strrchr(text, ')'); /* the name may have blanks and brackets in it */
	return name_end && sscanf(name_end, ") %c %*d %d", &process_state, &its_group) == 2 &&
	       its_group == group && process_state != 'Z' && process_state != 'X';
}

bool ltr__child_left_others(const struct ltr__child *child)
{
	struct dirent *entry;
	bool found = false;
	DIR *processes;

	if (kill(-child->pid, 0) != 0)
		return false; /* not even zombies */
	processes = opendir("/proc");
	while (processes && !found && (entry = readdir(processes)))
		found = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			is_member(entry->d_name, child->pid);
	if (processes)
		closedir(processes);
	return found;
}

int ltr__child_status(const struct ltr__child *child)
{
	if (WIFSIGNALED(child->wait_status))
		return LTR__STATUS_SIGNAL + WTERMSIG(child->wait_status);
	return WEXITSTATUS(child->wait_status);
}

int ltr__child_end_signal(const struct ltr__child *child)
{
	return WIFSIGNALED(child->wait_status) ? WTERMSIG(child->wait_status) : 0;
}

void ltr__child_end(struct ltr__child *child, unsigned int patience_ms)
{
	uint64_t end_ns = ltr__now_ns() + patience_ms * LTR__MS_NS;
	pid_t group = child->pid;

	ltr__child_kill(child, SIGTERM);
	ltr__child_kill(child, SIGCONT);
	while (!ltr__child_turn(child)) {
		struct pollfd news = {.fd = child->fd, .events = POLLIN};
		uint64_t now_ns = ltr__now_ns();

		if (now_ns >= end_ns)
			break;
		poll(&news, 1, (int)((end_ns - now_ns) / LTR__MS_NS) + 1);
	}
	/* Also when it has ended itself: others of its group may not have taken the hint. */
	kill(-group, SIGKILL);
	while (!child->ended && waitpid(child->pid, &child->wait_status, 0) < 0 && errno == EINTR)
		;
	child->ended = true;
}
