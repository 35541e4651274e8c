/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_SOURCE_H
#define LOITER_TUI_SOURCE_H

/*
 * A few lines of a source file. The path comes from the watched program and is hostile: only an
 * absolute path with the ending of a source file is opened, only a regular file that is no symbolic
 * link is read, and of it no more than LTR__SOURCE_BYTES. What is read is as hostile as a name; the
 * grid cleans it.
 */

#include <stdbool.h>
#include <stdint.h>

#define LTR__SOURCE_BYTES  (4L << 20)
#define LTR__SOURCE_AROUND 2
#define LTR__SOURCE_LINES  (2 * LTR__SOURCE_AROUND + 1)
#define LTR__SOURCE_WIDTH  240 /* bytes of a line, with its NUL; the rest is cut off */

struct ltr__source {
	uint32_t first; /* number of the first line */
	unsigned count;
	int64_t changed_s; /* when the file was changed last, CLOCK_REALTIME */
	char text[LTR__SOURCE_LINES][LTR__SOURCE_WIDTH]; /* tabs are blanks */
};

/*
 * The lines around `line`. -EINVAL: no path that is opened, or line 0; -ENOENT: no such file, or it
 * has no such line; -EFBIG; other errors of open() and read().
 */
int ltr__source_read(const char *path, uint32_t line, struct ltr__source *ret_source);

#endif
