// SPDX-License-Identifier: MIT
/*
 * Groups: what tells goroutines apart in totals, besides where they are. A goroutine's group is
 * found when a snapshot shows something else of it than before, and kept beside its cursor; so a
 * record costs no look-up, and what ends later still says whose it was.
 *
 * How many there are, the program decides. Past LTR_CENSUS_GROUPS_MAX, new ones have the site
 * alone, which is as many as the program's text has calls; past SITES_MAX of those, nothing.
 */
#include "census_private.h"

#define SITES_MAX 4096u

_Static_assert(sizeof(struct ltr_census_group) == 3 * sizeof(uint32_t), "a group has no padding");

static uint32_t find_group(struct ltr_census *census, const struct ltr_census_group *group,
			   uint32_t most)
{
	uint32_t number;

	if (!group->site && !group->name && !group->labels)
		return 0;
	if (ltr__intern_count(&census->groups) <= most) {
		if (ltr__intern_add(&census->groups, group, sizeof(*group), &number) == 0)
			return number;
	} else {
		number = ltr__intern_find(&census->groups, group, sizeof(*group));
		if (number)
			return number;
	}
	census->groups_cut = true;
	return 0;
}

uint32_t ltr__group_of(struct ltr_census *census, const struct ltr_goroutine *goroutine)
{
	const struct ltr_census_group group = {goroutine->site, goroutine->name, goroutine->labels};
	const struct ltr_census_group site = {.site = goroutine->site};
	uint32_t number;

	if (!census->keep_waits)
		return 0;
	number = find_group(census, &group, LTR_CENSUS_GROUPS_MAX);
	return number ? number : find_group(census, &site, LTR_CENSUS_GROUPS_MAX + SITES_MAX);
}

const struct ltr_census_group *ltr_census_group(const struct ltr_census *census, uint32_t group)
{
	static const struct ltr_census_group nothing;
	size_t bytes;
	const struct ltr_census_group *found = ltr__intern_get(&census->groups, group, &bytes);

	return found ? found : &nothing;
}

bool ltr_census_groups_cut(const struct ltr_census *census)
{
	return census->groups_cut;
}
