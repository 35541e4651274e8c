/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_PACK_H
#define LOITER_PPROF_PACK_H

/*
 * A Profile message with one Sample in it, as protobuf-c would pack it. Of all that is in a profile
 * only samples are as many as there are goroutines, and walking over a description of their fields
 * is most of what a generated packer costs.
 */

#include <stddef.h>
#include <stdint.h>

#include "encode.h"

/* No sample of so many takes more bytes. */
size_t ltr__pack_sample_most(size_t location_count, size_t value_count, size_t label_count);

/* Into `out`, which has room for the most; returns how many bytes it has taken. */
size_t ltr__pack_sample(uint8_t *out, const uint64_t *locations, size_t location_count,
			const int64_t *values, size_t value_count,
			const struct ltr__encode_label *labels, size_t label_count);

#endif
