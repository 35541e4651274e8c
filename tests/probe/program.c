// SPDX-License-Identifier: MIT
/* Starting and ending the programs that tests look at. */
#include "testing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "program.h"

void program_start(struct program *program, const char *path)
{
	int to[2];
	int from[2];

	assert_non_null(path);
	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	program->pid = fork();
	assert_true(program->pid >= 0);
	if (program->pid == 0) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		if (path)
			execl(path, path, (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	program->to = to[1];
	program->from = from[0];
}

void program_end(struct program *program)
{
	if (program->to >= 0)
		close(program->to);
	if (program->from >= 0)
		close(program->from);
	program->to = program->from = -1;
	assert_int_equal(waitpid(program->pid, NULL, 0), program->pid);
}

void program_kill(struct program *program)
{
	kill(program->pid, SIGKILL);
	program_end(program);
}

unsigned int count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned int count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

bool bpf_is_refused(int err, const char *why)
{
	if (err != -EPERM && !(err == -EOPNOTSUPP && strncmp(why, "this kernel", 11) == 0))
		return false;
	printf("skipped: %s\n", why);
	return true;
}

bool probe_is_refused(const struct program *program, const struct ltr_probe_options *options)
{
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};
	int err = ltr_probe_open((uint32_t)program->pid, options, &probe, &why);

	ltr_probe_close(probe);
	return bpf_is_refused(err, why.text);
}
