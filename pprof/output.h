/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_OUTPUT_H
#define LOITER_PPROF_OUTPUT_H

/*
 * A file that is either there whole or not there at all. What is written goes to a nameless or
 * hidden file in the same folder; committing gives it the wanted name, in one step, and anything
 * else (an error, an abort, the end of the process) leaves the old file as it was.
 *
 * An existing file keeps its mode, and its owner where we may set it; a symbolic link stays and its
 * target is replaced. Other names of the same file (hard links) keep the old contents. "-" is
 * standard output. Devices, pipes and sockets are written directly.
 */

#include <stdbool.h>

#include "sink.h"

struct ltr_output;

/*
 * Opens `path` for writing; `binary` refuses a terminal. Does not change anything at `path` yet.
 *   -ENOTTY     binary data would go to a terminal
 *   -EISDIR     `path` is a folder
 *   -EACCES     the file, or its folder, is not ours to write
 *   -ENOENT     its folder does not exist, or `path` is a link to nothing
 *   others as open(2)
 */
int ltr_output_open(const char *path, bool binary, struct ltr_output **ret_output);

/* Where to write; good until the output is committed or aborted. */
struct ltr_sink ltr_output_sink(struct ltr_output *output);

/*
 * Gives the file its name, after its contents are on the disk. Frees the output in any case; on an
 * error (-ENOSPC, -EIO, ...) nothing has changed at `path`.
 */
int ltr_output_commit(struct ltr_output *output);

/* Forgets what was written, and frees the output. Takes NULL, returns NULL. */
struct ltr_output *ltr_output_abort(struct ltr_output *output);

/* A sentence part for an error of this room, as "no space left on device"; never NULL. */
const char *ltr_output_error(int error);

#endif
