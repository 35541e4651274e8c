/* SPDX-License-Identifier: MIT */

/* See files.h. */

#include "files.h"

#include <fcntl.h>
#include <loiter.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_BYTES 4096
#define BLOCKS      16384u
#define WORKERS     64u

struct part {
	int fd;
	uint32_t first;
	uint32_t count;
	bool writes;
	bool syncs;
	struct ltr_waitgroup *done;
};

static uint32_t order[BLOCKS];

static void shuffle(void)
{
	uint32_t random = 12345;

	for (uint32_t i = 0; i < BLOCKS; i++)
		order[i] = i;
	for (uint32_t i = BLOCKS - 1; i > 0; i--) {
		uint32_t other, block = order[i];

		random = random * 1664525 + 1013904223;
		other = (random >> 8) % (i + 1);
		order[i] = order[other];
		order[other] = block;
	}
}

static void work(struct part *part)
{
	char *block = aligned_alloc(BLOCK_BYTES, BLOCK_BYTES);

	if (!block)
		abort();
	memset(block, 'w', BLOCK_BYTES);
	for (uint32_t i = part->first; i < part->first + part->count; i++) {
		off_t offset = (off_t)order[i] * BLOCK_BYTES;
		ssize_t n = part->writes ? ltr_file_pwrite(part->fd, block, BLOCK_BYTES, offset)
					 : ltr_file_pread(part->fd, block, BLOCK_BYTES, offset);

		if (n != BLOCK_BYTES || (part->syncs && ltr_file_sync(part->fd) != 0))
			abort();
	}
	free(block);
	ltr_waitgroup_done(part->done);
}

/* Whole, on the disk, out of the cache; or negative. */
static int make_file(int flags)
{
	static char zeros[1 << 20];
	char path[] = "/var/tmp/ltr-bench-XXXXXX";
	int made = mkstemp(path);
	int fd = made < 0 ? -1 : open(path, O_RDWR | O_CLOEXEC | flags);

	if (fd < 0)
		return -1;
	unlink(path);
	for (uint32_t i = 0; i < (size_t)BLOCKS * BLOCK_BYTES / sizeof(zeros); i++)
		if (write(made, zeros, sizeof(zeros)) != sizeof(zeros))
			return -1;
	if (fsync(made) != 0 || posix_fadvise(made, 0, 0, POSIX_FADV_DONTNEED) != 0 ||
	    posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM) != 0)
		return -1;
	return fd;
}

static double measure(int flags, bool writes, bool syncs)
{
	struct ltr_waitgroup done = {0};
	uint32_t count = syncs ? 4 : BLOCKS / WORKERS;
	int fd = make_file(flags);
	int64_t start_ns;

	if (fd < 0)
		return -1;
	shuffle();
	start_ns = ltr_now();
	ltr_waitgroup_add(&done, WORKERS);
	for (uint32_t i = 0; i < WORKERS; i++)
		ltr_go(work, (struct part){fd, i * count, count, writes, syncs, &done});
	ltr_waitgroup_wait(&done);
	return (double)(ltr_now() - start_ns) / (WORKERS * count);
}

double file_read(void)
{
	return measure(0, false, false);
}

double file_read_direct(void)
{
	return measure(O_DIRECT, false, false);
}

double file_write(void)
{
	return measure(0, true, false);
}

double file_write_direct(void)
{
	return measure(O_DIRECT, true, false);
}

double file_sync(void)
{
	return measure(0, true, true);
}
