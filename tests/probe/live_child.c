// SPDX-License-Identifier: MIT
#include "live_child.h"

#include "testing.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

struct child child_fork(void (*run)(void *context), void *context)
{
	int in[2];
	int out[2];

	/* Who is started later must not keep these open: their end is a message. */
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		run(context);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	return (struct child){pid, fdopen(out[0], "r"), in[1]};
}

struct command {
	const char *path;
	const char *argument;
};

static void be_program(void *context)
{
	const struct command *command = context;

	execl(command->path, command->path, command->argument, NULL);
}

struct child child_start(const char *path, const char *argument)
{
	return child_fork(be_program, &(struct command){path, argument});
}

void child_hear(struct child *child, const char *line)
{
	char said[64];

	assert_non_null(fgets(said, sizeof(said), child->says));
	assert_string_equal(said, line);
}

void child_go_on(struct child *child)
{
	assert_int_equal(write(child->asks, "x", 1), 1);
}

void child_end(struct child *child)
{
	int status;

	close(child->asks);
	assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
	assert_int_equal(status, 0);
	fclose(child->says);
}
