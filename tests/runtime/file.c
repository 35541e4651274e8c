/* SPDX-License-Identifier: MIT */

/* Files, through an io_uring and through the blocking pool. */

#include "harness.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

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
	expect(ltr_file_pread(-1, &byte, 1, 0) == -EBADF);
	expect(ltr_file_pwrite(-1, &byte, 1, 0) == -EBADF);
	fd = ltr_file_open("/tmp", O_RDONLY | O_DIRECTORY, 0);
	expect(fd >= 0 && ltr_file_read(fd, &byte, 1) == -EISDIR);
	expect(ltr_file_pread(fd, &byte, 1, 0) == -EISDIR);
	expect(ltr_file_pwrite(fd, &byte, 1, 0) == -EBADF);
	ltr_file_close(fd);
	fd = scratch();
	expect(ltr_file_pwrite(fd, &byte, 1, INT64_C(1) << 62) == -EFBIG);
	expect(ltr_file_pwrite(fd, &byte, 0, 0) == 0);
	ltr_file_close(fd);
	full = ltr_file_open("/dev/full", O_WRONLY, 0);
	expect(full >= 0 && ltr_file_write(full, &byte, 1) == -ENOSPC);
	expect(ltr_file_sync(full) == -EINVAL);
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

/* --- io_uring ----------------------------------------------------------------------------------- */

/* Whether this process has one, or is to have one. */
static bool has_ring(void)
{
	char path[32], target[64];

	for (int fd = 0; fd < 256; fd++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		if (strcmp(target, "anon_inode:[io_uring]") == 0)
			return true;
	}
	return false;
}

static bool should_have_ring(void)
{
	struct io_uring_params params = {.flags = IORING_SETUP_COOP_TASKRUN};
	const char *wanted = getenv("LTR_URING");
	int fd;

	if (getenv("LTR_SEED") || !wanted || strcmp(wanted, "1") != 0)
		return false;
	fd = (int)syscall(SYS_io_uring_setup, 2u, &params);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int the_ring_is_used_where_there_is_one(int argc, char **argv)
{
	bool should = should_have_ring();
	int fd = scratch();

	(void)argc, (void)argv;
	expect(!has_ring());
	expect(ltr_file_pwrite(fd, "x", 1, 0) == 1);
	expect(has_ring() == should);
	ltr_file_close(fd);
	return 0;
}

static void reads_its_part(struct part *part)
{
	uint32_t back[256];
	off_t offset = (off_t)part->number * (off_t)sizeof(back);

	expect(ltr_file_pread(part->fd, back, sizeof(back), offset) == sizeof(back));
	for (int i = 0; i < 256; i++)
		expect(back[i] == part->number + 1);
	ltr_waitgroup_done(&done);
}

/* A file that is not in the page cache; each block of a kilobyte is other than its neighbours. */
static int cold_file(int count)
{
	char path[] = "/var/tmp/ltr-test-XXXXXX";
	int fd = mkstemp(path);

	expect(fd >= 0);
	unlink(path);
	for (int i = 0; i < count; i++) {
		uint32_t block[256];

		for (int k = 0; k < 256; k++)
			block[k] = (uint32_t)i + 1;
		expect(ltr_file_pwrite(fd, block, sizeof(block), (off_t)i * 1024) == 1024);
	}
	expect(ltr_file_sync(fd) == 0);
	expect(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
	expect(posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM) == 0);
	return fd;
}

static int cold_reads(int argc, char **argv)
{
	int count = SCALED(2000), fd = cold_file(count);

	(void)argc, (void)argv;
	ltr_waitgroup_add(&done, count);
	for (int i = 0; i < count; i++)
		ltr_go(reads_its_part, (struct part){fd, (uint32_t)i});
	ltr_waitgroup_wait(&done);
	ltr_file_close(fd);
	return 0;
}

static uint8_t seen[2001]; /* atomic */

static void reads_the_next(int *fd)
{
	uint32_t block[256];

	expect(ltr_file_read(*fd, block, sizeof(block)) == sizeof(block));
	expect(block[0] > 0 && block[0] < sizeof(seen));
	expect(__atomic_exchange_n(&seen[block[0]], 1, __ATOMIC_RELAXED) == 0);
	ltr_waitgroup_done(&done);
}

/* Several that read where the file stands get what no other one gets. */
static int nothing_is_read_twice(int argc, char **argv)
{
	int count = SCALED(2000), fd = cold_file(count);

	(void)argc, (void)argv;
	ltr_waitgroup_add(&done, count);
	for (int i = 0; i < count; i++)
		ltr_go(reads_the_next, fd);
	ltr_waitgroup_wait(&done);
	ltr_file_close(fd);
	return 0;
}

/* Those that wait long fill the ring and part of the pool; others still go on. */
static int more_than_the_ring_holds(int argc, char **argv)
{
	enum { READERS = 300 };
	char bytes[READERS], byte;
	bool should = should_have_ring();
	int ends[2], fd = scratch();

	(void)argc, (void)argv;
	memset(bytes, 'x', sizeof(bytes));
	expect(pipe(ends) == 0);
	ltr_waitgroup_add(&done, READERS);
	for (int i = 0; i < READERS; i++)
		ltr_go(reads_what_never_comes, ends[0]);
	for (int i = 0; i < 100; i++)
		ltr_yield();
	if (should) {
		expect(ltr_file_pwrite(fd, "y", 1, 0) == 1);
		expect(ltr_file_sync(fd) == 0);
		expect(ltr_file_pread(fd, &byte, 1, 0) == 1 && byte == 'y');
	}
	expect(write(ends[1], bytes, sizeof(bytes)) == sizeof(bytes));
	ltr_waitgroup_wait(&done);
	ltr_file_close(ends[0]);
	ltr_file_close(ends[1]);
	ltr_file_close(fd);
	return 0;
}

/* Nobody else is there who could run, and it is no deadlock; afterwards one is found. */
static int a_wait_is_no_deadlock(int argc, char **argv)
{
	struct itimerspec soon = {.it_value = {.tv_nsec = 20000000}};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	struct ltr_waitgroup never = {0};
	uint64_t times;

	(void)argc, (void)argv;
	expect(fd >= 0 && timerfd_settime(fd, 0, &soon, NULL) == 0);
	expect(ltr_file_read(fd, &times, sizeof(times)) == sizeof(times) && times == 1);
	close(fd);
	ltr_waitgroup_add(&never, 1);
	ltr_waitgroup_wait(&never);
	return 0;
}

static void writes_one(int *fd)
{
	expect(write(*fd, "x", 1) == 1);
	ltr_waitgroup_done(&done);
}

static void cancels(struct ltr_context **context)
{
	ltr_context_cancel(*context);
	ltr_waitgroup_done(&done);
}

/* A byte that comes at the deadline is read, then or later, and once. */
static int a_deadline_cancels(int argc, char **argv)
{
	struct ltr_context *context;
	char bytes[8];
	int ends[2];

	(void)argc, (void)argv;
	if (!should_have_ring())
		return 0; /* a thread in a system call cannot be called back */
	expect(pipe(ends) == 0);
	expect(ltr_file_read(ends[0], bytes, 1, ltr_after(LTR_MILLISECOND)) == -ETIMEDOUT);
	expect(write(ends[1], "ab", 2) == 2);
	expect(ltr_file_read(ends[0], bytes, 3, ltr_after(LTR_MILLISECOND)) == 2);
	expect(bytes[0] == 'a' && bytes[1] == 'b');
	for (int i = 0; i < 300; i++) {
		ssize_t n;

		ltr_waitgroup_add(&done, 1);
		ltr_go(writes_one, ends[1]);
		n = ltr_file_read(ends[0], bytes, 1, ltr_after(100ll * i));
		expect(n == 1 || n == -ETIMEDOUT);
		expect(n == 1 || ltr_file_read(ends[0], bytes, 1) == 1);
		ltr_waitgroup_wait(&done);
	}
	context = ltr_context_with_cancel(LTR_BACKGROUND);
	ltr_waitgroup_add(&done, 1);
	ltr_go(cancels, context);
	expect(ltr_file_read(ends[0], bytes, 1, context) == -ECANCELED);
	ltr_waitgroup_wait(&done);
	ltr_context_free(context);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static void reads_until_closed(int *fd)
{
	char byte;
	ssize_t n = ltr_file_read(*fd, &byte, 1);

	expect((n == 1 && byte == 'x') || n == -EBADF);
	ltr_waitgroup_done(&done);
}

/*
 * Who reads keeps the file: what is closed is only the number. The ring has its numbers before, or it
 * could get the one that we close, and who comes late would read from the ring.
 */
static int closed_while_somebody_reads(int argc, char **argv)
{
	int ends[2], fd = scratch();

	(void)argc, (void)argv;
	expect(ltr_file_pwrite(fd, "x", 1, 0) == 1);
	ltr_file_close(fd);
	expect(pipe(ends) == 0);
	ltr_waitgroup_add(&done, 1);
	ltr_go(reads_until_closed, ends[0]);
	for (int i = 0; i < 100; i++)
		ltr_yield();
	expect(ltr_file_close(ends[0]) == 0);
	expect(write(ends[1], "x", 1) == 1 || errno == EPIPE);
	ltr_waitgroup_wait(&done);
	close(ends[1]);
	return 0;
}

/* A spare processor would run others even while a read holds the only one. */
static void with_ring(const struct rule *rule)
{
	(void)rule;
	setenv("LTR_SPARES", "0", 1);
	setenv("LTR_URING", "1", 1);
}

static void with_pool(const struct rule *rule)
{
	(void)rule;
	setenv("LTR_SPARES", "0", 1);
	setenv("LTR_URING", "0", 1);
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(written_and_read),
		RULE(errors),
		RULE(many_at_once),
		RULE(only_the_goroutine_waits),
		RULE(a_direct_read),
		RULE(the_ring_is_used_where_there_is_one),
		RULE(cold_reads),
		RULE(nothing_is_read_twice),
		RULE(more_than_the_ring_holds),
		FATAL_RULE(a_wait_is_no_deadlock, "asleep"),
		RULE(a_deadline_cancels),
		RULE(closed_while_somebody_reads),
	};
	int failed;

	rule_before = with_ring;
	failed = run_rules(rules, sizeof(rules) / sizeof(rules[0]));
	printf("the same by the pool alone\n");
	rule_before = with_pool;
	return failed | run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
