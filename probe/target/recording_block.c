// SPDX-License-Identifier: MIT
/*
 * The file of a recording, block by block. A block that is not whole ends it: a recorder that was
 * killed leaves at most one of these, at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recording_private.h"

#define STORED_MAX ZSTD_COMPRESSBOUND(LTR__BLOCK_RAW_MAX)

/* All of it, or fewer at the end of the file; or -errno. */
static ssize_t read_at(int fd, uint64_t offset, void *buffer, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t got =
			pread(fd, (char *)buffer + done, bytes - done, (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static int open_regular(const char *path)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		return -ENOEXEC;
	}
	return fd;
}

bool ltr_probe_is_recording(const char *path)
{
	unsigned char magic[8];
	int fd = open_regular(path);

	if (fd < 0)
		return false;
	bool is = read_at(fd, 0, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
		  memcmp(magic, LTR__RECORD_MAGIC, sizeof(magic)) == 0;
	close(fd);
	return is;
}

static int check_header(const struct ltr__recording *recording, struct ltr_why *why)
{
	unsigned char header[LTR__FILE_HEADER_BYTES];
	ssize_t got = read_at(recording->fd, 0, header, sizeof(header));

	if (got < 0)
		return ltr_why_set(why, (int)got, "cannot read %s: %s", recording->path,
				   strerror((int)-got));
	if (got < (ssize_t)sizeof(header) || memcmp(header, LTR__RECORD_MAGIC, 8) != 0)
		return ltr_why_set(why, -ENOEXEC, "%s is not a recording of loiter",
				   recording->path);
	uint32_t version = header[8] | (uint32_t)header[9] << 8 | (uint32_t)header[10] << 16 |
			   (uint32_t)header[11] << 24;
	if (version < LTR__RECORD_OLDEST || version > LTR__RECORD_VERSION)
		return ltr_why_set(
			why, -EPROTO,
			"%s is a recording of version %u, and this loiter knows versions "
			"%u to %u: read it with the loiter that made it",
			recording->path, version, LTR__RECORD_OLDEST, LTR__RECORD_VERSION);
	return 0;
}

int ltr__recording_open(const char *path, struct ltr__recording **ret_recording,
			struct ltr_why *why)
{
	struct ltr__recording *recording = calloc(1, sizeof(*recording));

	if (!recording)
		return ltr_why_set(why, -ENOMEM, "out of memory");
	snprintf(recording->path, sizeof(recording->path), "%s", path);
	recording->offset = LTR__FILE_HEADER_BYTES;
	recording->zstd = ZSTD_createDCtx();
	recording->fd = recording->zstd ? open_regular(path) : -ENOMEM;
	int err = recording->fd < 0 ? recording->fd : 0;
	if (err == -ENOEXEC)
		ltr_why_set(why, err, "%s is no file that a recording could be in",
			    recording->path);
	else if (err)
		ltr_why_set(why, err, "cannot open %s: %s", recording->path, strerror(-err));
	if (!err)
		err = check_header(recording, why);
	if (err) {
		ltr__recording_close(recording);
		return err;
	}
	*ret_recording = recording;
	return 0;
}

struct ltr__recording *ltr__recording_close(struct ltr__recording *recording)
{
	if (!recording)
		return NULL;
	if (recording->fd >= 0)
		close(recording->fd);
	free(recording->stored);
	free(recording->raw);
	ZSTD_freeDCtx(recording->zstd);
	free(recording);
	return NULL;
}

/* A buffer that grows, but not for what no block may be. */
static int make_room(unsigned char **buffer, size_t *capacity, size_t bytes)
{
	if (*buffer && bytes <= *capacity)
		return 0;
	unsigned char *grown =
		realloc(*buffer, bytes ? bytes : 1); /* an empty block has one, too */
	if (!grown)
		return -ENOMEM;
	*buffer = grown;
	*capacity = bytes;
	return 0;
}

int ltr__recording_next(struct ltr__recording *recording, struct ltr__block *ret_block,
			struct ltr__reading *ret_reading)
{
	unsigned char header[LTR__BLOCK_HEADER_BYTES];
	struct ltr__block block;
	ssize_t got = read_at(recording->fd, recording->offset, header, sizeof(header));
	if (got < (ssize_t)sizeof(header))
		return got < 0 ? (int)got : 0;
	ltr__block_unpack(header, &block);
	if (block.stored > STORED_MAX || block.raw > LTR__BLOCK_RAW_MAX)
		return 0;
	int err = make_room(&recording->stored, &recording->stored_capacity, block.stored);
	if (!err)
		err = make_room(&recording->raw, &recording->raw_capacity, block.raw);
	if (err)
		return err;
	got = read_at(recording->fd, recording->offset + sizeof(header), recording->stored,
		      block.stored);
	if (got < (ssize_t)block.stored)
		return got < 0 ? (int)got : 0;
	if (ltr__block_crc(&block, recording->stored) != block.crc)
		return 0;

	size_t bytes = ZSTD_decompressDCtx(recording->zstd, recording->raw, block.raw,
					   recording->stored, block.stored);
	if (ZSTD_isError(bytes) || bytes != block.raw)
		return -EBADMSG;
	recording->offset += sizeof(header) + block.stored;
	*ret_block = block;
	*ret_reading = (struct ltr__reading){recording->raw, recording->raw + bytes, false};
	return 1;
}
