/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_RECORD_FILE_H
#define LOITER_CLI_RECORD_FILE_H

/*
 * The file that a recording is streamed to. Until the recording is finished it is called FILE.part,
 * and what FILE has is not touched; then it becomes FILE in one step. A recorder that is killed
 * leaves FILE.part, with everything that was written; the next one does not write over it. "-",
 * devices and pipes are written directly.
 */

#include <probe/probe.h>
#include <probe/record.h>

struct ltr__record_file;

/*
 * Nothing but FILE.part is made. -EEXIST: that is there already, from a recorder that was killed or
 * still runs; others as open(2), each with a sentence.
 */
int ltr__record_file_open(const char *path, struct ltr__record_file **ret_file,
			  struct ltr_why *ret_why);

/* Where to write; good until the file is finished. */
struct ltr_record_sink ltr__record_file_sink(struct ltr__record_file *file);

/* It becomes FILE. Frees it in any case; on an error, with a sentence, FILE.part is left. */
int ltr__record_file_finish(struct ltr__record_file *file, struct ltr_why *ret_why);

/* FILE stays as it was. FILE.part is removed, or left if `keep`. Frees it; takes NULL. */
void ltr__record_file_abandon(struct ltr__record_file *file, bool keep);

/* What is being written, for sentences. */
const char *ltr__record_file_name(const struct ltr__record_file *file);

#endif
