/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_BASELINE_FILE_H
#define LOITER_CLI_BASELINE_FILE_H

/* Baselines in files (check/baseline.h). Both functions say what went wrong. */

#include <check/baseline.h>

/* Read and parse; -errno after a sentence with the line. At most 4 MiB. */
int ltr__baseline_file_read(const char *file, struct ltr_baseline **ret_baseline);

/*
 * Write what the judgement holds, whole or not at all. A judgement that is not conclusive makes no
 * baseline: -ENODATA. *ret_left_out as ltr_baseline_write().
 */
int ltr__baseline_file_write(const char *file, const struct ltr_judgement *judgement,
			     uint32_t fail_on, uint64_t *ret_left_out);

#endif
