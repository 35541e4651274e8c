/* SPDX-License-Identifier: MIT */
/*
 * Source lines: the right ones, and nothing of what a hostile program may name as its source.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "source.h"

static char folder[64];

static const char *path_of(const char *name)
{
	static char path[160];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const char *text, size_t length)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/loiter-source-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	static const char *const names[] = {"a.c", "link.c", "pipe.c", "secret", "big.c", "dir.c"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		remove(path_of(names[i]));
	return rmdir(folder);
}

static void lines_around_are_read(void **state)
{
	static const char text[] = "one\n\ttwo\r\n  three\n\nfive\0x\nsix";
	struct ltr__source source;

	(void)state;
	write_file("a.c", text, sizeof(text) - 1);
	assert_int_equal(ltr__source_read(path_of("a.c"), 4, &source), 0);
	assert_int_equal(source.first, 2);
	assert_int_equal(source.count, 5);
	assert_string_equal(source.text[0], "        two");
	assert_string_equal(source.text[1], "  three");
	assert_string_equal(source.text[2], "");
	assert_string_equal(source.text[3], "five?x");
	assert_string_equal(source.text[4], "six");
	assert_int_equal(ltr__source_read(path_of("a.c"), 1, &source), 0);
	assert_int_equal(source.first, 1);
	assert_int_equal(source.count, 3);
	assert_int_equal(ltr__source_read(path_of("a.c"), 6, &source), 0);
	assert_int_equal(source.first, 4);
	assert_int_equal(source.count, 3);
	source.count = 77;
	assert_int_equal(ltr__source_read(path_of("a.c"), 7, &source), -ENOENT);
	assert_int_equal(ltr__source_read(path_of("a.c"), UINT32_MAX, &source), -ENOENT);
	assert_int_equal(ltr__source_read(path_of("a.c"), 0, &source), -EINVAL);
	assert_int_equal(source.count, 77);
}

static void long_lines_are_cut(void **state)
{
	struct ltr__source source;
	char text[5000];

	(void)state;
	memset(text, '\t', sizeof(text));
	write_file("a.c", text, sizeof(text));
	assert_int_equal(ltr__source_read(path_of("a.c"), 1, &source), 0);
	assert_int_equal(strlen(source.text[0]), LTR__SOURCE_WIDTH - 1);
}

static void nothing_but_regular_sources_is_opened(void **state)
{
	struct ltr__source source;
	int fd;

	(void)state;
	write_file("secret", "secret\n", 7);
	assert_int_equal(symlink("secret", path_of("link.c")), 0);
	assert_int_equal(mkfifo(path_of("pipe.c"), 0600), 0);
	assert_int_equal(mkdir(path_of("dir.c"), 0700), 0);
	assert_int_equal(ltr__source_read(path_of("secret"), 1, &source), -EINVAL);
	assert_true(ltr__source_read(path_of("link.c"), 1, &source) < 0);
	assert_int_equal(ltr__source_read(path_of("pipe.c"), 1, &source), -EINVAL);
	assert_int_equal(ltr__source_read(path_of("dir.c"), 1, &source), -EINVAL);
	assert_int_equal(ltr__source_read("relative.c", 1, &source), -EINVAL);
	assert_int_equal(ltr__source_read("", 1, &source), -EINVAL);
	assert_int_equal(ltr__source_read("/nonexistent/a.c", 1, &source), -ENOENT);
	fd = open(path_of("big.c"), O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, LTR__SOURCE_BYTES + 1), 0);
	close(fd);
	assert_int_equal(ltr__source_read(path_of("big.c"), 1, &source), -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_around_are_read),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(nothing_but_regular_sources_is_opened),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
