/* SPDX-License-Identifier: MIT */
/*
 * One population held against another. Each census is cut into kinds: goroutines of one creation site,
 * stack and reason, which one finding describes in words that hold for other processes too. Both lists
 * are sorted by these words and walked side by side.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <loiter/layout.h>

#include "internal.h"

struct kind {
	struct ltr_finding *finding; /* owned until it becomes a change's */
	uint64_t count;
	size_t first; /* its goroutines are members[first .. first + count - 1] */
};

/* One side of the comparison. */
struct side {
	const struct ltr_census *census;
	struct ltr__claim *members; /* all goroutines, those of a kind are neighbours */
	size_t member_count;
	struct kind *kinds; /* sorted by what they say */
	size_t kind_count;
};

static void side_done(struct side *side)
{
	for (size_t i = 0; i < side->kind_count; i++)
		ltr__finding_free(side->kinds[i].finding);
	free(side->kinds);
	free(side->members);
}

static int compare_kinds(const void *a, const void *b, void *lines)
{
	const struct kind *x = a;
	const struct kind *y = b;

	return ltr__finding_compare_kinds(x->finding, y->finding, *(const bool *)lines);
}

static int side_init(struct side *side, const struct ltr_census *census,
		     const struct ltr_judge_options *options, bool lines)
{
	const struct ltr__trial trial = {
		.census = census,
		.info = ltr_census_info(census),
		.options = options,
	};
	size_t count = ltr_census_count(census);
	size_t end;
	int error;

	*side = (struct side){.census = census, .member_count = count};
	side->members = calloc(count + 1, sizeof(*side->members));
	side->kinds = calloc(count + 1, sizeof(*side->kinds));
	if (!side->members || !side->kinds)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		side->members[i].rule = &ltr__rule_grows;
		side->members[i].goroutine = ltr_census_at(census, i);
		side->members[i].index = i;
	}
	error = ltr__claims_sort(census, side->members, count);
	if (error)
		return error;
	for (size_t begin = 0; begin < count; begin = end) {
		struct kind *kind = &side->kinds[side->kind_count];

		end = begin + 1;
		while (end < count && ltr__claims_match(&side->members[begin], &side->members[end]))
			end++;
		kind->finding =
			ltr__finding_from_claims(&trial, &side->members[begin], end - begin);
		if (!kind->finding)
			return -ENOMEM;
		kind->first = begin;
		kind->count = end - begin;
		side->kind_count++;
	}
	qsort_r(side->kinds, side->kind_count, sizeof(*side->kinds), compare_kinds, &lines);
	return 0;
}

bool ltr__has_grown(uint64_t before, uint64_t after, uint64_t least)
{
	uint64_t more;

	if (after <= before || after - before < least)
		return false;
	more = after - before;
	/* more > 2 * sqrt(before), without roots and without overflow */
	return more > UINT32_MAX || more * more > 4 * before;
}

bool ltr__is_lasting(const struct ltr_census *census, const struct ltr_goroutine *goroutine,
		     uint64_t older_than_ns)
{
	if (!ltr__may_wait_for_ever(census, goroutine))
		return false;
	return ltr_census_info(census)->phase == LTR_PHASE_MAIN_RETURNED ||
	       ltr_census_age_ns(census, goroutine) > older_than_ns;
}

struct comparison {
	struct ltr_comparison public; /* first */
	struct side before;
	struct side after;
	bool lines; /* they ran the same binary: lines mean the same */
	struct ltr_change *changes;
	struct ltr_finding_growth *growth;       /* one for each kind of `after` */
	const struct ltr_finding_growth **grown; /* by index in the census of `after`; or NULL */
	char commands[2][sizeof(((struct ltr_census_info *)0)->command)];
};

void ltr__comparison_free(struct ltr_comparison *comparison)
{
	struct comparison *all = (struct comparison *)comparison;

	if (!all)
		return;
	side_done(&all->before);
	side_done(&all->after);
	free(all->changes);
	free(all->growth);
	free(all->grown);
	free(all);
}

/* The binary itself is the module that is mapped first. */
static const char *build_of(const struct ltr_census *census)
{
	return ltr_census_module_count(census) ? ltr_census_module(census, 0)->build_id : "";
}

/* How many goroutines the kinds [begin, *ret_end) have, which all are of one place or kind. */
static uint64_t sum(const struct side *side, size_t begin, size_t end)
{
	uint64_t total = 0;

	for (size_t i = begin; i < end; i++)
		total += side->kinds[i].count;
	return total;
}

typedef int compare_function(const struct ltr_finding *a, const struct ltr_finding *b, bool lines);

static size_t end_of_run(const struct side *side, size_t begin, bool lines,
			 compare_function *compare)
{
	size_t end = begin;

	while (end < side->kind_count &&
	       compare(side->kinds[begin].finding, side->kinds[end].finding, lines) == 0)
		end++;
	return end;
}

/* What is next in either list, or in both: what follows the runs that are equal. */
static void next_runs(const struct comparison *all, const size_t at[2], compare_function *compare,
		      size_t ret_end[2])
{
	const struct side *before = &all->before;
	const struct side *after = &all->after;
	int order = 0;

	ret_end[0] = at[0];
	ret_end[1] = at[1];
	if (at[0] == before->kind_count)
		order = 1;
	else if (at[1] == after->kind_count)
		order = -1;
	else
		order = compare(before->kinds[at[0]].finding, after->kinds[at[1]].finding,
				all->lines);
	if (order <= 0)
		ret_end[0] = end_of_run(before, at[0], all->lines, compare);
	if (order >= 0)
		ret_end[1] = end_of_run(after, at[1], all->lines, compare);
}

static void note_changes(struct comparison *all, const size_t begin[2], const size_t end[2])
{
	uint64_t before = sum(&all->before, begin[0], end[0]);
	uint64_t after = sum(&all->after, begin[1], end[1]);

	for (size_t i = begin[1]; i < end[1]; i++) {
		all->growth[i].before = before;
		all->growth[i].after = after;
	}
	if (before == after)
		return;
	all->changes[all->public.change_count++] = (struct ltr_change){
		.kind = begin[1] < end[1] ? all->after.kinds[begin[1]].finding
					  : all->before.kinds[begin[0]].finding,
		.before = before,
		.after = after,
	};
}

static void note_places(struct comparison *all, const size_t begin[2], const size_t end[2])
{
	uint64_t before = sum(&all->before, begin[0], end[0]);
	uint64_t after = sum(&all->after, begin[1], end[1]);

	for (size_t i = begin[1]; i < end[1]; i++) {
		all->growth[i].place_before = before;
		all->growth[i].place_after = after;
	}
}

static void walk(struct comparison *all, compare_function *compare,
		 void (*note)(struct comparison *all, const size_t begin[2], const size_t end[2]))
{
	size_t at[2] = {0, 0};
	size_t end[2];

	while (at[0] < all->before.kind_count || at[1] < all->after.kind_count) {
		next_runs(all, at, compare, end);
		note(all, at, end);
		at[0] = end[0];
		at[1] = end[1];
	}
}

/* Of a kind that has grown: its lasting goroutines, if they are more than all that were there before. */
static void note_grown(struct comparison *all, size_t index,
		       const struct ltr_judge_options *options)
{
	const struct kind *kind = &all->after.kinds[index];
	const struct ltr_finding_growth *growth = &all->growth[index];
	uint64_t least = options->least ? options->least : 1;
	uint64_t lasting = 0;

	if (!ltr__has_grown(growth->place_before, growth->place_after, least))
		return;
	for (size_t i = 0; i < kind->count; i++)
		lasting += ltr__is_lasting(all->after.census,
					   all->after.members[kind->first + i].goroutine,
					   options->older_than_ns);
	if (!ltr__has_grown(growth->before, lasting, least))
		return;
	for (size_t i = 0; i < kind->count; i++) {
		const struct ltr__claim *member = &all->after.members[kind->first + i];

		if (ltr__is_lasting(all->after.census, member->goroutine, options->older_than_ns))
			all->grown[member->index] = growth;
	}
	for (size_t i = 0; i < all->public.change_count; i++)
		if (ltr__finding_compare_kinds(all->changes[i].kind, kind->finding, all->lines) ==
		    0)
			all->changes[i].found = true;
}

static int compare_changes(const void *a, const void *b, void *lines)
{
	const struct ltr_change *x = a;
	const struct ltr_change *y = b;
	int64_t by[2] = {(int64_t)(x->after - x->before), (int64_t)(y->after - y->before)};

	if (by[0] != by[1])
		return by[0] > by[1] ? -1 : 1;
	return ltr__finding_compare_kinds(x->kind, y->kind, *(const bool *)lines);
}

static int compare(struct comparison *all, const struct ltr_census *before,
		   const struct ltr_census *after, const struct ltr_judge_options *options)
{
	int error;

	all->lines = strcmp(build_of(before), build_of(after)) == 0;
	error = side_init(&all->before, before, options, all->lines);
	if (!error)
		error = side_init(&all->after, after, options, all->lines);
	if (error)
		return error;
	all->changes =
		calloc(all->before.kind_count + all->after.kind_count + 1, sizeof(*all->changes));
	all->growth = calloc(all->after.kind_count + 1, sizeof(*all->growth));
	all->grown = calloc(all->after.member_count + 1, sizeof(struct ltr_finding_growth *));
	if (!all->changes || !all->growth || !all->grown)
		return -ENOMEM;
	walk(all, ltr__finding_compare_kinds, note_changes);
	walk(all, ltr__finding_compare_places, note_places);
	for (size_t i = 0; i < all->after.kind_count; i++)
		note_grown(all, i, options);
	qsort_r(all->changes, all->public.change_count, sizeof(*all->changes), compare_changes,
		&all->lines);
	memcpy(all->commands[0], ltr_census_info(before)->command, sizeof(all->commands[0]));
	memcpy(all->commands[1], ltr_census_info(after)->command, sizeof(all->commands[1]));
	all->public.before = all->commands[0];
	all->public.after = all->commands[1];
	all->public.count_before = all->before.member_count;
	all->public.count_after = all->after.member_count;
	all->public.changes = all->changes;
	return 0;
}

/* A census that ends before it was over, or that lacks something. */
static bool is_whole(const struct ltr_census *census)
{
	const struct ltr_census_info *info = ltr_census_info(census);

	return !info->lost && !info->unreadable && !info->cut &&
	       (info->phase == LTR_PHASE_RUNNING || info->phase == LTR_PHASE_MAIN_RETURNED ||
		info->phase == LTR_PHASE_DEADLOCK);
}

int ltr_judge_growth(struct ltr_judgement *judgement, const struct ltr_census *before,
		     const struct ltr_census *after, const struct ltr_judge_options *options)
{
	static const struct ltr_rule *const whole[] = {&ltr__rule_incomplete, NULL};
	static const struct ltr_rule *const grows[] = {&ltr__rule_grows, &ltr__rule_incomplete,
						       NULL};
	struct ltr_judge_options judge = *options;
	struct comparison *all = calloc(1, sizeof(*all));
	int error = all ? compare(all, before, after, options) : -ENOMEM;

	judge.alive = true; /* that it runs on is nothing against either of them */
	if (!error && !is_whole(before))
		error = ltr__judge_by(judgement, before, &judge, whole, NULL);
	if (!error)
		error = ltr__judge_by(judgement, after, &judge, grows, all->grown);
	if (error)
		ltr__comparison_free(&all->public);
	else
		ltr__judgement_compare(judgement, &all->public);
	return error;
}
