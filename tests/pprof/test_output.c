/* SPDX-License-Identifier: MIT */

/* Files that are there whole or not at all, on a real file system. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <pprof/output.h>
#include <pprof/profile.h>

#include "fixture.h"

struct place {
	char folder[64];
	char file[128];
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	if (!place)
		return -1;
	strcpy(place->folder, "/tmp/loiter-output-XXXXXX");
	if (!mkdtemp(place->folder)) {
		free(place);
		return -1;
	}
	snprintf(place->file, sizeof(place->file), "%s/out", place->folder);
	*state = place;
	return 0;
}

/* How many files are in the folder, hidden ones too. */
static size_t count_files(const struct place *place)
{
	DIR *folder = opendir(place->folder);
	size_t count = 0;

	assert_non_null(folder);
	for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(folder);
	return count;
}

static int remove_place(void **state)
{
	struct place *place = *state;
	DIR *folder = opendir(place->folder);

	for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
		unlinkat(dirfd(folder), entry->d_name, 0);
	closedir(folder);
	rmdir(place->folder);
	free(place);
	return 0;
}

static void write_text(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void assert_contents(const char *path, const char *text)
{
	size_t bytes;
	char *contents = read_file(path, &bytes);

	assert_non_null(contents);
	assert_string_equal(contents, text);
	free(contents);
}

static mode_t mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	return status.st_mode & 07777;
}

static void put(struct ltr_output *output, const char *text)
{
	struct ltr_sink sink = ltr_output_sink(output);

	assert_int_equal(sink.write(sink.context, text, strlen(text)), 0);
}

static void a_new_file_appears_at_the_commit(void **state)
{
	struct place *place = *state;
	struct ltr_output *output;
	mode_t mask = umask(027);

	assert_int_equal(ltr_output_open(place->file, true, &output), 0);
	put(output, "new");
	assert_int_equal(access(place->file, F_OK), -1);
	assert_int_equal(ltr_output_commit(output), 0);
	umask(mask);
	assert_contents(place->file, "new");
	assert_int_equal(mode_of(place->file), 0640);
	assert_int_equal(count_files(place), 1);
}

static void an_old_file_keeps_its_mode(void **state)
{
	struct place *place = *state;
	struct ltr_output *output;

	write_text(place->file, "old and longer", 0604);
	assert_int_equal(ltr_output_open(place->file, true, &output), 0);
	put(output, "new");
	assert_contents(place->file, "old and longer");
	assert_int_equal(ltr_output_commit(output), 0);
	assert_contents(place->file, "new");
	assert_int_equal(mode_of(place->file), 0604);
	assert_int_equal(count_files(place), 1);
}

static void an_abort_leaves_no_trace(void **state)
{
	struct place *place = *state;
	struct ltr_output *output;

	assert_null(ltr_output_abort(NULL));
	assert_int_equal(ltr_output_open(place->file, true, &output), 0);
	put(output, "new");
	assert_null(ltr_output_abort(output));
	assert_int_equal(count_files(place), 0);

	write_text(place->file, "old", 0600);
	assert_int_equal(ltr_output_open(place->file, true, &output), 0);
	put(output, "new");
	assert_null(ltr_output_abort(output));
	assert_contents(place->file, "old");
	assert_int_equal(count_files(place), 1);
}

/* A process that is killed while it writes; its other end of the pipe says when. */
static void a_kill_leaves_no_trace(void **state)
{
	struct place *place = *state;
	int ready[2];
	char byte;
	pid_t child;

	write_text(place->file, "old", 0600);
	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct ltr_output *output;

		if (ltr_output_open(place->file, true, &output) == 0) {
			put(output, "new");
			if (write(ready[1], "x", 1) == 1)
				pause();
		}
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_contents(place->file, "old");
	/* File systems without O_TMPFILE keep the hidden file of a killed process. */
	assert_true(count_files(place) <= 2);
	if (count_files(place) == 2)
		print_message("this file system has no O_TMPFILE: a hidden file stayed\n");
}

static void links_are_followed(void **state)
{
	struct place *place = *state;
	struct ltr_output *output;
	struct stat status;
	char link[160];
	char dangling[160];

	snprintf(link, sizeof(link), "%s/link", place->folder);
	snprintf(dangling, sizeof(dangling), "%s/dangling", place->folder);
	write_text(place->file, "old", 0600);
	assert_int_equal(symlink("out", link), 0);
	assert_int_equal(symlink("nowhere", dangling), 0);
	assert_int_equal(ltr_output_open(link, true, &output), 0);
	put(output, "new");
	assert_int_equal(ltr_output_commit(output), 0);
	assert_contents(place->file, "new");
	assert_int_equal(lstat(link, &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_int_equal(ltr_output_open(dangling, true, &output), -ENOENT);
}

static void what_cannot_be_written_is_refused(void **state)
{
	struct place *place = *state;
	struct ltr_output *output = NULL;
	char path[5000];

	assert_int_equal(ltr_output_open(place->folder, true, &output), -EISDIR);
	assert_int_equal(ltr_output_open("", true, &output), -ENOENT);
	snprintf(path, sizeof(path), "%s/no/such/folder", place->folder);
	assert_int_equal(ltr_output_open(path, true, &output), -ENOENT);
	snprintf(path, sizeof(path), "%s/new/", place->folder);
	assert_int_equal(ltr_output_open(path, true, &output), -EISDIR);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(ltr_output_open(path, true, &output), -ENAMETOOLONG);
	assert_null(output);
	assert_int_equal(count_files(place), 0);
}

/* Root may write everything, so it is somebody else who tries. */
static void a_file_that_is_not_ours_is_refused(void **state)
{
	struct place *place = *state;
	struct ltr_output *output;
	pid_t child;
	int status;

	write_text(place->file, "old", geteuid() == 0 ? 0644 : 0444);
	assert_int_equal(chmod(place->folder, 0777), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
			_exit(2);
		_exit(ltr_output_open(place->file, true, &output) == -EACCES ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_contents(place->file, "old");
	assert_int_equal(count_files(place), 1);
}

static void terminals_get_text_alone(void **state)
{
	struct ltr_output *output;
	int terminal;
	int program;
	char name[64];
	char got[8] = "";
	int saved = dup(STDOUT_FILENO);
	int binary;
	int text;

	(void)state;
	assert_int_equal(openpty(&terminal, &program, name, NULL, NULL), 0);
	assert_int_equal(ltr_output_open(name, true, &output), -ENOTTY);
	assert_int_equal(ltr_output_open(name, false, &output), 0);
	put(output, "text");
	assert_int_equal(ltr_output_commit(output), 0);
	assert_int_equal(read(terminal, got, 4), 4);
	assert_string_equal(got, "text");

	fflush(stdout);
	dup2(program, STDOUT_FILENO);
	binary = ltr_output_open("-", true, &output);
	text = ltr_output_open("-", false, &output);
	if (text == 0)
		text = ltr_output_commit(output);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	assert_int_equal(binary, -ENOTTY);
	assert_int_equal(text, 0);
	assert_true(strlen(ltr_output_error(-ENOTTY)) > 10);
	assert_string_equal(ltr_output_error(-ENOSPC), "No space left on device");
	assert_non_null(ltr_output_error(-123456));
	close(terminal);
	close(program);
}

/* Standard output is not ours to close. */
static void standard_output_stays_open(void **state)
{
	struct ltr_output *output;

	(void)state;
	assert_int_equal(ltr_output_open("-", false, &output), 0);
	assert_int_equal(ltr_output_commit(output), 0);
	assert_int_equal(ltr_output_open("-", false, &output), 0);
	assert_null(ltr_output_abort(output));
	assert_true(fcntl(STDOUT_FILENO, F_GETFD) >= 0);
}

static void a_full_disk_is_an_error(void **state)
{
	struct ltr_census *census = fixture_census(false);
	struct ltr_output *output;

	(void)state;
	assert_int_equal(ltr_output_open("/dev/full", true, &output), 0);
	assert_int_equal(ltr_profile_write(census, ltr_profile_type_find("goroutine"), NULL,
					   ltr_output_sink(output)),
			 -ENOSPC);
	assert_null(ltr_output_abort(output));
	ltr_census_free(census);
}

/* A pipe takes a part at a time, and one that nobody waits for says EAGAIN. */
static void pipes_get_everything(void **state)
{
	enum { BYTES = 1 << 20 };
	char *block = malloc(BYTES);
	size_t total = 0;
	int ends[2];
	pid_t child;
	int status;

	(void)state;
	assert_non_null(block);
	memset(block, 'x', BYTES);
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct ltr_sink sink = ltr_sink_fd(ends[1]);

		close(ends[0]);
		_exit(sink.write(sink.context, block, BYTES) == 0 ? 0 : 1);
	}
	close(ends[1]);
	assert_int_equal(fcntl(ends[0], F_SETFL, 0), 0);
	for (ssize_t got = 1; got > 0; total += (size_t)got) {
		got = read(ends[0], block, BYTES);
		assert_true(got >= 0);
	}
	assert_int_equal(total, BYTES);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(ends[0]);
	free(block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_new_file_appears_at_the_commit, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(an_old_file_keeps_its_mode, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(an_abort_leaves_no_trace, make_place, remove_place),
		cmocka_unit_test_setup_teardown(a_kill_leaves_no_trace, make_place, remove_place),
		cmocka_unit_test_setup_teardown(links_are_followed, make_place, remove_place),
		cmocka_unit_test_setup_teardown(what_cannot_be_written_is_refused, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(a_file_that_is_not_ours_is_refused, make_place,
						remove_place),
		cmocka_unit_test(terminals_get_text_alone),
		cmocka_unit_test(standard_output_stays_open),
		cmocka_unit_test(a_full_disk_is_an_error),
		cmocka_unit_test(pipes_get_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
