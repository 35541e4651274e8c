/* SPDX-License-Identifier: MIT */
#ifndef LTR_BENCH_FILES_H
#define LTR_BENCH_FILES_H

/*
 * The rows file_*: 64 goroutines go over a file of 64 MB in /var/tmp, which is not in the page cache,
 * in blocks of 4 KB, each block once in an order of no pattern; ns a block, or negative where the
 * file cannot be made. main() sets LTR_URING=0 for those that end in _pool.
 */

double file_read(void);
double file_read_direct(void); /* around the page cache */
double file_write(void);
double file_write_direct(void);
double file_sync(void); /* a write and an fsync, of a few blocks */

#endif
