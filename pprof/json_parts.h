/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_JSON_PARTS_H
#define LOITER_PPROF_JSON_PARTS_H

/*
 * What a census and a profile as JSON have in common, so that who reads one can read the other; the
 * schema is in docs/profiles.md. Values are the caller's.
 */

#include <stdbool.h>
#include <stdint.h>

#include <probe/census.h>

#include "json_value.h"

/* FRAME: what lies at an address (of a call, not of where it returns to). */
struct json_object *ltr__json_frame(struct ltr__json *json, const struct ltr_census *census,
				    uint64_t address);

/* The line of a call that creates goroutines; NULL: the census has no such site. */
struct json_object *ltr__json_site(struct ltr__json *json, const struct ltr_census *census,
				   uint32_t number);

/* How the program is watched, and whether all of it was seen. */
struct json_object *ltr__json_watch(struct ltr__json *json, const struct ltr_census *census);

struct json_object *ltr__json_labels(struct ltr__json *json, const struct ltr_census *census,
				     uint32_t set);

/* `,"stacks":{...}` and `,"modules":[...]`. `used` says, by number, which stacks were mentioned. */
void ltr__json_put_stacks(struct ltr__json *json, const struct ltr_census *census,
			  const bool *used);
void ltr__json_put_modules(struct ltr__json *json, const struct ltr_census *census);

#endif
