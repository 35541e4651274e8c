/* SPDX-License-Identifier: MIT */
/*
 * Lines of source files.
 */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAB 8

static bool is_source_name(const char *path)
{
	static const char *const endings[] = {".c",  ".h",  ".cc", ".cpp", ".cxx", ".hh", ".hpp",
					      ".go", ".rs", ".s",  ".S",   ".y",   ".l",  ".inc"};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < sizeof(endings) / sizeof(*endings); i++) {
		if (!strcmp(dot, endings[i]))
			return path[0] == '/';
	}
	return false;
}

/* A regular file that may be read, else a negative errno; opening it does nothing else. */
static int open_source(const char *path, struct stat *ret_stat)
{
	int fd;

	/* before the open: that of a device may do something */
	if (lstat(path, ret_stat))
		return -errno;
	if (!S_ISREG(ret_stat->st_mode))
		return -EINVAL;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, ret_stat) || !S_ISREG(ret_stat->st_mode)) {
		close(fd);
		return -EINVAL;
	}
	if (ret_stat->st_size > LTR__SOURCE_BYTES) {
		close(fd);
		return -EFBIG;
	}
	return fd;
}

/* All of it, ended by a NUL; the file may shrink or grow meanwhile. */
static int read_all(int fd, size_t size, char **ret_text, size_t *ret_length)
{
	char *text = malloc(size + 1);
	size_t length = 0;
	ssize_t got = 1;

	if (!text)
		return -ENOMEM;
	while (length < size && got > 0) {
		got = read(fd, text + length, size - length);
		if (got < 0 && errno != EINTR) {
			int error = -errno;

			free(text);
			return error;
		}
		length += got > 0 ? (size_t)got : 0;
		got = got < 0 ? 1 : got;
	}
	text[length] = 0;
	*ret_text = text;
	*ret_length = length;
	return 0;
}

static void copy_line(char ret_text[LTR__SOURCE_WIDTH], const char *line, size_t length)
{
	size_t out = 0;

	for (size_t i = 0; i < length && out + 1 < LTR__SOURCE_WIDTH; i++) {
		if (line[i] == '\r' && i + 1 == length)
			break;
		if (line[i] == '\t') {
			do {
				ret_text[out++] = ' ';
			} while (out % TAB && out + 1 < LTR__SOURCE_WIDTH);
		} else {
			ret_text[out++] = line[i] ? line[i] : '?';
		}
	}
	ret_text[out] = 0;
}

static int find_lines(const char *text, size_t length, uint32_t line, struct ltr__source *source)
{
	const char *end = text + length;
	uint32_t last = line > UINT32_MAX - LTR__SOURCE_AROUND ? line : line + LTR__SOURCE_AROUND;
	uint32_t number = 1;

	source->first = line > LTR__SOURCE_AROUND ? line - LTR__SOURCE_AROUND : 1;
	for (const char *at = text; at < end && number <= last; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t bytes = (size_t)((newline ? newline : end) - at);

		if (number >= source->first)
			copy_line(source->text[source->count++], at, bytes);
		at += bytes + 1;
	}
	return source->first + source->count > line ? 0 : -ENOENT;
}

int ltr__source_read(const char *path, uint32_t line, struct ltr__source *ret_source)
{
	struct ltr__source source = {0};
	struct stat status;
	size_t length = 0;
	char *text = NULL;
	int error;
	int fd;

	if (!line || !is_source_name(path))
		return -EINVAL;
	fd = open_source(path, &status);
	if (fd < 0)
		return fd;
	error = read_all(fd, (size_t)status.st_size, &text, &length);
	close(fd);
	if (error)
		return error;
	source.changed_s = status.st_mtime;
	error = find_lines(text, length, line, &source);
	free(text);
	if (!error)
		*ret_source = source;
	return error;
}
