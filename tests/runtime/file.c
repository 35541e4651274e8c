/* SPDX-License-Identifier: MIT */

/* Files through the blocking pool. */

#include "harness.h"

#include <fcntl.h>

static struct ltr_waitgroup done;

/* An empty file without a name. */
static int scratch(void)
{
	char path[] = "/tmp/ltr-test-XXXXXX";
	int made = mkstemp(path), fd;

	expect(made >= 0);
	close(made);
	fd = ltr_file_open(path, O_RDWR, 0);
	expect(fd >= 0);
	expect(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	unlink(path);
	return fd;
}

static int written_and_read(int argc, char **argv)
{
	static char out[300000], in[400000];
	struct stat found;
	int fd = scratch();

	(void)argc, (void)argv;
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 7);
	expect(ltr_file_write(fd, out, sizeof(out)) == sizeof(out));
	expect(ltr_file_sync(fd) == 0);
	expect(ltr_file_stat(fd, &found) == 0 && found.st_size == sizeof(out));
	expect(ltr_file_read(fd, in, sizeof(in)) == 0); /* at the end */
	expect(ltr_file_pread(fd, in, sizeof(in), 0) == sizeof(out));
	expect(memcmp(in, out, sizeof(out)) == 0);
	expect(ltr_file_pread(fd, in, 1000, sizeof(out) - 10) == 10);
	expect(ltr_file_pread(fd, in, 1000, sizeof(out)) == 0);
	expect(ltr_file_pread(fd, in, 1000, sizeof(out) + 100) == 0);
	expect(ltr_file_pwrite(fd, "new", 3, 5) == 3);
	expect(lseek(fd, 4, SEEK_SET) == 4);
	expect(ltr_file_read(fd, in, 5) == 5);
	expect(in[0] == out[4] && memcmp(in + 1, "new", 3) == 0 && in[4] == out[8]);
	expect(ltr_file_read(fd, in, 1) == 1 && in[0] == out[9]); /* the position moves on */
	expect(ltr_file_read(fd, in, 0) == 0);
	expect(ltr_file_close(fd) == 0);
	return 0;
}

static int errors(int argc, char **argv)
{
	struct stat found = {.st_size = 77};
	char byte = 'x';
	int fd, full;

	(void)argc, (void)argv;
	expect(ltr_file_open("/nowhere/at/all", O_RDONLY, 0) == -ENOENT);
	expect(ltr_path_stat("/nowhere/at/all", &found) == -ENOENT && found.st_size == 77);
	expect(ltr_path_stat("/tmp", &found) == 0 && S_ISDIR(found.st_mode));
	expect(ltr_file_read(-1, &byte, 1) == -EBADF);
	expect(ltr_file_write(-1, &byte, 1) == -EBADF);
	expect(ltr_file_stat(-1, &found) == -EBADF);
	expect(ltr_file_sync(-1) == -EBADF);
	expect(ltr_file_close(-1) == -EBADF);
	fd = scratch();
	expect(ltr_file_pread(fd, &byte, 1, -1) == -EINVAL);
	expect(ltr_file_pwrite(fd, &byte, 1, -5) == -EINVAL);
	ltr_file_close(fd);
	fd = ltr_file_open("/tmp", O_RDONLY | O_DIRECTORY, 0);
	expect(fd >= 0 && ltr_file_read(fd, &byte, 1) == -EISDIR);
	ltr_file_close(fd);
	full = ltr_file_open("/dev/full", O_WRONLY, 0);
	expect(full >= 0 && ltr_file_write(full, &byte, 1) == -ENOSPC);
	ltr_file_close(full);
	return 0;
}

struct part {
	int fd;
	uint32_t number;
};

static void writes_its_part(struct part *part)
{
	uint32_t block[256], back[256];
	off_t offset = (off_t)part->number * (off_t)sizeof(block);

	for (int i = 0; i < 256; i++)
		block[i] = part->number;
	expect(ltr_file_pwrite(part->fd, block, sizeof(block), offset) == sizeof(block));
	expect(ltr_file_pread(part->fd, back, sizeof(back), offset) == sizeof(back));
	expect(memcmp(block, back, sizeof(block)) == 0);
	ltr_waitgroup_done(&done);
}

/* More at once than there are threads for. */
static int many_at_once(int argc, char **argv)
{
	int fd = scratch(), count = SCALED(1000);
	struct stat found;

	(void)argc, (void)argv;
	ltr_waitgroup_add(&done, count);
	for (int i = 0; i < count; i++)
		ltr_go(writes_its_part, (struct part){fd, (uint32_t)i});
	ltr_waitgroup_wait(&done);
	expect(ltr_file_stat(fd, &found) == 0 && found.st_size == (off_t)count * 1024);
	ltr_file_close(fd);
	return 0;
}

static void reads_what_never_comes(int *fd)
{
	char byte;

	expect(ltr_file_read(*fd, &byte, 1) == 1 && byte == 'x');
	ltr_waitgroup_done(&done);
}

/* Only the goroutine waits: a pipe that nobody writes to yet stands for a slow disk. */
static int only_the_goroutine_waits(int argc, char **argv)
{
	int ends[2];

	(void)argc, (void)argv;
	expect(pipe(ends) == 0);
	ltr_waitgroup_add(&done, 1);
	ltr_go(reads_what_never_comes, ends[0]);
	for (int i = 0; i < 100; i++)
		ltr_yield();
	expect(ltr_file_write(ends[1], "x", 1) == 1);
	ltr_waitgroup_wait(&done);
	ltr_file_close(ends[0]);
	ltr_file_close(ends[1]);
	return 0;
}

static bool steps_on;
static uint64_t steps;

static void takes_steps(void)
{
	while (__atomic_load_n(&steps_on, __ATOMIC_ACQUIRE)) {
		__atomic_fetch_add(&steps, 1, __ATOMIC_RELAXED);
		ltr_yield();
	}
	ltr_waitgroup_done(&done);
}

/*
 * Nor does the processor wait when a read goes around the page cache: somebody else gets it during a
 * read, sooner or later.
 */
static int a_direct_read(int argc, char **argv)
{
	static char buffer[4096] __attribute__((aligned(4096)));
	char path[] = "/var/tmp/ltr-test-XXXXXX";
	int made = mkstemp(path), fd;
	uint64_t before;

	(void)argc, (void)argv;
	expect(made >= 0 && pwrite(made, buffer, sizeof(buffer), 0) == sizeof(buffer));
	fd = ltr_file_open(path, O_RDONLY | O_DIRECT, 0);
	unlink(path);
	/* What is in the cache is written back first, which the pool would do. */
	expect(fsync(made) == 0 && posix_fadvise(made, 0, 0, POSIX_FADV_DONTNEED) == 0);
	close(made);
	if (fd == -EINVAL) {
		printf("skipped: /var/tmp cannot be read around the page cache\n");
		return 0;
	}
	expect(fd >= 0);
	steps_on = true;
	ltr_waitgroup_add(&done, 1);
	ltr_go(takes_steps);
	do {
		before = __atomic_load_n(&steps, __ATOMIC_RELAXED);
		expect(ltr_file_pread(fd, buffer, sizeof(buffer), 0) == sizeof(buffer));
	} while (__atomic_load_n(&steps, __ATOMIC_RELAXED) == before);
	__atomic_store_n(&steps_on, false, __ATOMIC_RELEASE);
	ltr_waitgroup_wait(&done);
	ltr_file_close(fd);
	return 0;
}

/* A spare processor would run others even while a read holds the only one. */
static void no_spares(const struct rule *rule)
{
	(void)rule;
	setenv("LTR_SPARES", "0", 1);
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(written_and_read),         RULE(errors),        RULE(many_at_once),
		RULE(only_the_goroutine_waits), RULE(a_direct_read),
	};

	rule_before = no_spares;
	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
