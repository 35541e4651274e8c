/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_TOP_SOURCE_H
#define LOITER_CLI_TOP_SOURCE_H

/*
 * Where the screen of `loiter top` has its census from: a target, what is kept of it, and who
 * judges.
 */

#include <tui/tui.h>

#include "rewind.h"
#include "target.h"

struct ltr__top_source;

/*
 * -ENOMEM. `rewind` may be NULL; `file` is the target's if it is a recording. All must outlive the source.
 * `older_than_ns` as in verdicts.h.
 */
int ltr__top_source_new(struct ltr__target *target, const char *file, struct ltr__rewind *rewind,
			uint64_t older_than_ns, struct ltr__top_source **ret_source);
/* Takes NULL, returns NULL. Before the target is closed. */
struct ltr__top_source *ltr__top_source_free(struct ltr__top_source *source);

const struct ltr_tui_source *ltr__top_source_of(const struct ltr__top_source *source);

#endif
