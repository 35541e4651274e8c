/* SPDX-License-Identifier: MIT */

/* Samples by the names of their functions (filter.h). */

#include <stdio.h>

#include "filter.h"
#include "samples.h"

static bool matches_name(const regex_t *pattern, const char *name)
{
	return regexec(pattern, name, 0, NULL, 0) == 0;
}

static bool matches_symbol(const regex_t *pattern, const struct ltr_symbol *symbol)
{
	for (; symbol; symbol = symbol->outer)
		if (matches_name(pattern, symbol->function))
			return true;
	return false;
}

static bool matches(const regex_t *pattern, const struct ltr_census *census,
		    const struct ltr__sample *sample)
{
	size_t depth = 0;
	const uint64_t *pcs = ltr_census_stack(census, sample->stack, &depth);
	const struct ltr_census_position *site = ltr__sample_site(census, sample);
	char state[64];

	for (size_t i = 0; pcs && i < depth; i++)
		if (matches_symbol(pattern, ltr_census_call_symbol(census, pcs[i])))
			return true;
	if (pcs && depth > 0)
		return false;
	if (sample->pc)
		return matches_symbol(pattern, sample->pc_is_call
						       ? ltr_census_call_symbol(census, sample->pc)
						       : ltr_census_symbol(census, sample->pc));
	if (site)
		return matches_name(pattern, ltr_census_string(census, site->function));
	snprintf(state, sizeof(state), "(%s)", ltr_state_name(sample->state));
	return matches_name(pattern, state);
}

bool ltr__filter_keeps(struct ltr__filter *filter, const struct ltr_census *census,
		       const struct ltr_profile_options *options, const struct ltr__sample *sample)
{
	if (!options->focus && !options->ignore)
		return true;
	if (sample->stack && sample->stack == filter->stack)
		return filter->keeps;
	filter->stack = sample->stack;
	filter->keeps = (!options->focus || matches(options->focus, census, sample)) &&
			(!options->ignore || !matches(options->ignore, census, sample));
	return filter->keeps;
}

void ltr__filter_comment(struct ltr__samples *samples, const struct ltr_profile_options *options)
{
	if (options->focus || options->ignore)
		ltr__samples_comment(samples,
				     "loiter: only samples that were asked for by function");
}
