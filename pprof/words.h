/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_WORDS_H
#define LOITER_PPROF_WORDS_H

/*
 * What profiles, text and JSON say in the same words, and which frames of a stack they show.
 */

#include <stddef.h>
#include <stdint.h>

#include <probe/census.h>

/* A state and reason as Go says it: "runnable", "running", "chan receive", "IO wait", ... */
const char *ltr__go_status(uint8_t state, uint8_t reason);

/* Whole minutes that the goroutine has been waiting; 0 if it is not. */
uint64_t ltr__wait_minutes(const struct ltr_census *census, const struct ltr_goroutine *goroutine);

#define LTR__LOSS_BYTES 224

/* A sentence about what the census has lost; "" if it is whole. */
void ltr__loss_text(const struct ltr_census *census, char out[LTR__LOSS_BYTES]);

/*
 * The frames of a stack that people want to see: without those of the runtime at both ends. All of
 * them if there are no others, or if `runtime_frames`.
 */
const uint64_t *ltr__pprof_frames(const struct ltr_census *census, uint32_t stack,
				  bool runtime_frames, size_t *ret_count);

/*
 * The innermost function at an address that people want to see: not the runtime's own that were
 * inlined into the program's.
 */
const struct ltr_symbol *ltr__pprof_visible(const struct ltr_symbol *symbol, bool runtime_frames);

/*
 * The file that a symbol lies in; if the source is not known, the module; "?" if there is none.
 * Raw bytes.
 */
const char *ltr__pprof_file_of(const struct ltr_census *census, const struct ltr_symbol *symbol);

/* All goroutines in the order of their ids, for the caller to free. -ENOMEM. */
int ltr__goroutines_by_id(const struct ltr_census *census,
			  const struct ltr_goroutine ***ret_goroutines);

#endif
