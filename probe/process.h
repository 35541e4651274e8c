/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PROCESS_H
#define LOITER_PROCESS_H

/*
 * One running process, seen from outside: its memory (process_vm_readv, which stops nobody), its
 * mapped files, its command line, its death. Nothing is known here about goroutines.
 */

#include "probe.h"

struct ltr_process;

/*
 * -ESRCH no such process, or it has ended and waits for its parent; -EPERM it is not ours to read;
 * -ENOEXEC a thread, or a thread of the kernel. The sentence says what to do about it.
 */
int ltr_process_open(uint32_t pid, struct ltr_process **ret_process, struct ltr_why *ret_why);
struct ltr_process *ltr_process_close(struct ltr_process *process); /* takes NULL, returns NULL */

uint32_t ltr_process_pid(const struct ltr_process *process);
/*
 * Whether it is the very one that has opened it: what the reader does and has is in what it reads then. It
 * remains so in a child that goes on reading.
 */
bool ltr_process_is_own(const struct ltr_process *process);

/* Readable when it has ended; -1 where the kernel has no pidfds. Owned by the process. */
int ltr_process_pidfd(const struct ltr_process *process);
bool ltr_process_is_alive(const struct ltr_process *process);

/* All bytes or an error: -EFAULT not mapped, -ESRCH it has ended, -EPERM. Does not block. */
int ltr_process_read(const struct ltr_process *process, uint64_t address, void *buffer,
		     size_t bytes);
/* From any thread: what is being read, or will be, fails with -ECANCELED from now on. */
void ltr_process_cancel(struct ltr_process *process);

int ltr_process_write(const struct ltr_process *process, uint64_t address, const void *buffer,
		      size_t bytes);

/* A piece to read. `done` says how many bytes were read: fewer than `bytes` where it is not mapped
 * to the end. */
struct ltr_process_piece {
	uint64_t address;
	void *buffer;
	size_t bytes;
	size_t done;
};

/*
 * Many pieces with as few system calls as can be; neighbours are merged. A piece that cannot be
 * read does not keep the others from being read. 0, or -ESRCH or -EPERM if nothing can be read any
 * more.
 */
int ltr_process_read_many(const struct ltr_process *process, struct ltr_process_piece *pieces,
			  size_t count);

/* A mapping of a file. */
struct ltr_process_map {
	uint64_t start;
	uint64_t end;
	uint64_t offset; /* in the file */
	uint64_t inode;
	uint64_t device;
	bool executable;
	bool writable;
	char *path; /* as the process sees it */
};

struct ltr_process_maps {
	struct ltr_process_map *map; /* in order of addresses */
	size_t count;
};

/* The mappings of files (only those), as they are now; free with ltr_process_maps_done(). */
int ltr_process_maps(const struct ltr_process *process, struct ltr_process_maps *ret_maps);
void ltr_process_maps_done(struct ltr_process_maps *maps);

/* How much of map->path is the path: the rest is the kernel's " (deleted)". */
size_t ltr_process_map_path_length(const struct ltr_process_map *map);

/*
 * Open for reading the very file that is mapped, even if it was deleted or replaced since; or the
 * file that the process calls `path`, below its own root. Only regular files are opened. Return a
 * descriptor, close-on-exec, or a negative errno.
 */
int ltr_process_open_map(const struct ltr_process *process, const struct ltr_process_map *map);
int ltr_process_open_path(const struct ltr_process *process, const char *path);

/* Its command line, blanks between the words, cut to fit; "" if it has none. */
void ltr_process_command(const struct ltr_process *process, char *buffer, size_t bytes);

/*
 * The addresses of a socket that it has as file descriptor `descriptor`. -EBADF, -ENOTSOCK; -EPERM;
 * -ENOSYS before Linux 5.6; -ESRCH.
 */
int ltr_process_socket(const struct ltr_process *process, uint64_t descriptor,
		       struct ltr_census_socket *ret_socket);

/*
 * The pid namespace that it lives in, by the numbers that the kernel compares, and its own number
 * there. -ESRCH; -EPERM if we may not look; -ENOSYS if the kernel does not tell.
 */
struct ltr_process_namespace {
	uint64_t device;
	uint64_t inode;
	uint32_t pid;
};
int ltr_process_namespace(const struct ltr_process *process,
			  struct ltr_process_namespace *ret_namespace);

/*
 * Makes of the numbers that threads of it have below /proc those that they have in its own pid namespace;
 * 0: it has ended. Where the two are the same, nothing is looked up.
 */
void ltr_process_own_tids(const struct ltr_process *process, uint32_t *tids, size_t count);

/* Now, on the clock of all ns here (CLOCK_MONOTONIC). */
uint64_t ltr_process_now_ns(void);

/* Write the sentence; returns `err`, so that a failure is one line. */
int ltr_why_set(struct ltr_why *why, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
