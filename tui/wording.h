/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_WORDING_H
#define LOITER_TUI_WORDING_H

/*
 * Numbers, times and places in the words of the screen. Results are written to a struct that the
 * caller has; strings that point into the census are good until it is polled.
 */

#include "moment.h"

struct ltr__words {
	char text[48];
};

/* "0", "999", "10,243" */
struct ltr__words ltr__words_count(uint64_t count);

/* At most 5 characters: "999", "10.2k", "1.04M" */
struct ltr__words ltr__words_short_count(uint64_t count);

/* At most 6 columns: "17ns", "350µs", "1.2ms", "3.4s", "2m10s", "3h04m", "12d03h" */
struct ltr__words ltr__words_duration(uint64_t ns);

/* For how long in its state: a duration, "~" before it if it is coarse, "?" if it is not known. */
struct ltr__words ltr__words_age(const struct ltr__moment *moment,
				 const struct ltr_goroutine *goroutine);

/* Something per second: "0", "0.4", "118", "10.2k" */
struct ltr__words ltr__words_rate(double per_second);

/* A duration as a person types it, "1.5s", "2m10s", "500us"; all of `text`. -EINVAL. */
int ltr__words_parse_duration(const char *text, uint64_t *ret_ns);

/* A place in the program. */
struct ltr__place {
	const char *function; /* "" if not known */
	const char *file;     /* without its folder; "" if not known */
	uint32_t line;
	uint64_t pc;   /* to be shown when `function` is ""; 0: not known either */
	bool is_entry; /* not where it is but where it began */
};

/* Where it waits: the first frame that is not the runtime's; its entry if that is not known. */
struct ltr__place ltr__place_of(const struct ltr_census *census,
				const struct ltr_goroutine *goroutine);
struct ltr__place ltr__place_of_stack(const struct ltr_census *census, uint32_t stack);
struct ltr__place ltr__place_of_symbol(const struct ltr_symbol *symbol, uint64_t pc);

/* Who created it: its site, or what lies at creation_pc. */
struct ltr__place ltr__creator_of(const struct ltr_census *census,
				  const struct ltr_goroutine *goroutine);
struct ltr__place ltr__place_of_site(const struct ltr_census *census, uint32_t site);

/* The part of a path behind its last '/'. */
const char *ltr__base_name(const char *path);

#endif
