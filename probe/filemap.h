/* SPDX-License-Identifier: MIT */
#ifndef LOITER_FILEMAP_H
#define LOITER_FILEMAP_H

/*
 * The files that a process has mapped, from /proc/PID/maps, and how to open them although they may
 * be deleted, replaced, or lie in another mount namespace.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ltr_file_mapping {
	uint64_t start;
	uint64_t end;
	uint64_t offset; /* in the file */
	uint64_t device;
	uint64_t inode;
	bool writable;
	bool executable;
	bool shared;
	bool deleted; /* the kernel says that no name leads to this file any more */
	char *path;   /* as the process sees it, without " (deleted)"; hostile */
};

struct ltr_filemap {
	size_t count;
	struct ltr_file_mapping *mappings; /* by address */
};

/* The most mappings of files that are read; further ones are left out. */
#define LTR_FILE_MAPPINGS_MAX 4096

/*
 * Opens /proc/PID, which the functions below work on: such a descriptor goes on to mean this process
 * when it has ended and its number belongs to another. -ESRCH: there is no such process.
 */
int ltr__process_folder(uint32_t pid);

/* -ESRCH: the process has ended; -EPERM: it is not ours to read; -ENOMEM. */
int ltr__filemap_read(int process, struct ltr_filemap *ret_map);
void ltr__filemap_done(struct ltr_filemap *map);

/* The mapping that `address` lies in; NULL if it lies in none of a file. */
const struct ltr_file_mapping *ltr__filemap_at(const struct ltr_filemap *map, uint64_t address);

/*
 * Opens the very file that is mapped, for reading. Returns the descriptor, close-on-exec, of a
 * regular file; or a negative errno.
 */
int ltr__filemap_open(int process, const struct ltr_file_mapping *mapping);

/* Opens the regular file that the process calls `path`, below its own root; or a negative errno. */
int ltr__process_open(int process, const char *path);

#endif
