/* SPDX-License-Identifier: MIT */
/*
 * How findings come to be: claims are sorted so that goroutines of one rule, creation site, stack
 * and state are neighbours; each run of neighbours becomes one finding, with everything it says
 * copied out of the census. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "finding_private.h"

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* What makes goroutines one finding. Where the site is not known, the call's address stands in. */
static int compare_kin(const struct ltr__claim *a, const struct ltr__claim *b)
{
	const struct ltr_goroutine *x = a->goroutine;
	const struct ltr_goroutine *y = b->goroutine;
	int order;

	if (a->rule != b->rule)
		return a->rule < b->rule ? -1 : 1;
	if (a->excused != b->excused)
		return a->excused ? 1 : -1;
	if (a->group || b->group)
		return compare_u64(a->group, b->group);
	order = compare_u64(x->site, y->site);
	if (!order && !x->site)
		order = compare_u64(x->creation_pc, y->creation_pc);
	if (!order)
		order = compare_u64(a->shape, b->shape);
	if (!order && !x->stack)
		order = compare_u64(x->entry_pc, y->entry_pc);
	if (!order)
		order = compare_u64(x->state, y->state);
	if (!order)
		order = compare_u64(x->reason, y->reason);
	if (!order)
		order = compare_u64(x->flags & LTR_IS_MAIN, y->flags & LTR_IS_MAIN);
	return order;
}

static int compare_claims(const void *a, const void *b)
{
	const struct ltr__claim *x = a;
	const struct ltr__claim *y = b;
	int order = compare_kin(x, y);

	if (!order)
		order = compare_u64(x->rank, y->rank);
	return order ? order : compare_u64(x->goroutine->id, y->goroutine->id);
}

/*
 * The frames that a person wants to see, as [*ret_first, end): without the runtime's own at both
 * ends. Of a stack that is all runtime, everything.
 */
static size_t trim(const struct ltr_census *census, const uint64_t *pcs, uint32_t stack,
		   size_t depth, size_t *ret_first)
{
	size_t first = ltr_census_first_frame(census, stack);
	size_t end = depth;

	if (first >= depth) {
		*ret_first = 0;
		return depth;
	}
	while (end > first + 1 && ltr_census_call_symbol(census, pcs[end - 1])->is_runtime)
		end--;
	*ret_first = first;
	return end;
}

/* A stack as it is shown. */
struct shown {
	const uint64_t *pcs;
	size_t depth;
	uint32_t stack;
};

static int compare_shown(const void *a, const void *b)
{
	const struct shown *x = a;
	const struct shown *y = b;
	int order = compare_u64(x->depth, y->depth);

	for (size_t i = 0; !order && i < x->depth; i++)
		order = compare_u64(x->pcs[i], y->pcs[i]);
	return order;
}

/* Each stack that somebody has, once; `seen` by their numbers. */
static size_t gather_stacks(const struct ltr_census *census, const struct ltr__claim *claims,
			    size_t count, uint32_t *seen, struct shown *stacks)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t stack = claims[i].goroutine->stack;
		size_t depth, first, end;
		const uint64_t *pcs = ltr_census_stack(census, stack, &depth);

		if (!pcs || seen[stack])
			continue;
		seen[stack] = 1;
		end = trim(census, pcs, stack, depth, &first);
		stacks[used++] = (struct shown){pcs + first, end - first, stack};
	}
	return used;
}

static int find_shapes(const struct ltr_census *census, struct ltr__claim *claims, size_t count)
{
	uint32_t stack_count = ltr_census_stack_count(census);
	uint32_t *shapes = calloc((size_t)stack_count + 1, sizeof(*shapes));
	struct shown *stacks = calloc(count + 1, sizeof(*stacks));
	size_t used = 0;
	int error;

	if (shapes && stacks)
		used = gather_stacks(census, claims, count, shapes, stacks);
	if (used > 1)
		qsort(stacks, used, sizeof(*stacks), compare_shown);
	for (size_t i = 0; i < used; i++)
		shapes[stacks[i].stack] = i && compare_shown(&stacks[i - 1], &stacks[i]) == 0
						  ? shapes[stacks[i - 1].stack]
						  : (uint32_t)i + 1;
	for (size_t i = 0; shapes && stacks && i < count; i++) {
		uint32_t stack = claims[i].goroutine->stack;

		claims[i].shape = stack < stack_count ? shapes[stack] : 0;
	}
	error = shapes && stacks ? 0 : -ENOMEM;
	free(stacks);
	free(shapes);
	return error;
}

int ltr__claims_sort(const struct ltr_census *census, struct ltr__claim *claims, size_t count)
{
	int error = find_shapes(census, claims, count);

	if (!error)
		qsort(claims, count, sizeof(*claims), compare_claims);
	return error;
}

bool ltr__claims_match(const struct ltr__claim *a, const struct ltr__claim *b)
{
	return compare_kin(a, b) == 0;
}

/* NULL: it is empty, or the box is spoilt. */
static char *keep_text(struct ltr__box *box, const char *bytes)
{
	size_t length = strlen(bytes);
	struct ltr__text *text;

	if (length == 0)
		return NULL;
	text = malloc(sizeof(*text) + length + 1);
	if (!text) {
		box->failed = true;
		return NULL;
	}
	memcpy(text->bytes, bytes, length + 1);
	text->next = box->texts;
	box->texts = text;
	return text->bytes;
}

static const char *copy_text(struct ltr__box *box, const char *bytes)
{
	const char *text = keep_text(box, bytes);

	return text ? text : "";
}

static const char *copy_file(struct ltr__box *box, const char *path)
{
	char *text = keep_text(box, path);

	if (!text)
		return "";
	ltr__tidy_path(text);
	return text;
}

static struct ltr__box *box_new(const struct ltr_rule *rule, size_t process)
{
	struct ltr__box *box = calloc(1, sizeof(*box));

	if (!box)
		return NULL;
	box->finding.rule = rule;
	box->finding.grade = rule->grade;
	box->finding.process = process;
	box->finding.advice = "";
	box->finding.text = "";
	box->finding.created = (struct ltr_finding_frame){.function = "", .file = ""};
	box->finding.entry = box->finding.created;
	return box;
}

struct ltr_finding *ltr__finding_free(struct ltr_finding *finding)
{
	struct ltr__box *box = (struct ltr__box *)finding;

	if (!box)
		return NULL;
	while (box->texts) {
		struct ltr__text *next = box->texts->next;

		free(box->texts);
		box->texts = next;
	}
	for (size_t i = 0; i < box->finding.cycle_count; i++)
		ltr__finding_free((struct ltr_finding *)box->cycle[i]);
	free(box->cycle);
	free(box->frames);
	free(box->ids);
	free(box);
	return NULL;
}

static struct ltr_finding *box_close(struct ltr__box *box)
{
	if (box->failed)
		return ltr__finding_free(&box->finding);
	return &box->finding;
}

struct ltr_finding *ltr__finding_from_text(const struct ltr_rule *rule, size_t process,
					   const char *text)
{
	struct ltr__box *box = box_new(rule, process);

	if (!box)
		return NULL;
	box->finding.text = copy_text(box, text);
	return box_close(box);
}

void ltr__copy_symbol(struct ltr__box *box, const struct ltr_symbol *symbol, uint64_t pc,
		      struct ltr_finding_frame *ret_frame)
{
	ret_frame->pc = pc;
	ret_frame->function = copy_text(box, symbol->function);
	ret_frame->file = copy_file(box, symbol->file);
	ret_frame->line = symbol->line;
}

/* How many functions, inlined ones included, the frames [first, end) are. */
static size_t count_functions(const struct ltr_census *census, const uint64_t *pcs, size_t first,
			      size_t end)
{
	size_t count = 0;

	for (size_t i = first; i < end; i++)
		for (const struct ltr_symbol *symbol = ltr_census_call_symbol(census, pcs[i]);
		     symbol; symbol = symbol->outer)
			count++;
	return count;
}

static void copy_stack(struct ltr__box *box, const struct ltr_census *census, uint32_t stack)
{
	size_t depth, first, end, count;
	size_t used = 0;
	const uint64_t *pcs = ltr_census_stack(census, stack, &depth);

	if (!pcs)
		return;
	end = trim(census, pcs, stack, depth, &first);
	count = count_functions(census, pcs, first, end);
	if (count == 0)
		return;
	box->frames = calloc(count, sizeof(*box->frames));
	if (!box->frames) {
		box->failed = true;
		return;
	}
	for (size_t i = first; i < end; i++)
		for (const struct ltr_symbol *symbol = ltr_census_call_symbol(census, pcs[i]);
		     symbol; symbol = symbol->outer)
			ltr__copy_symbol(box, symbol, pcs[i], &box->frames[used++]);
	box->finding.stack = box->frames;
	box->finding.depth = used;
}

void ltr__copy_creation(struct ltr__box *box, const struct ltr_census *census,
			const struct ltr_goroutine *goroutine, struct ltr_finding_frame *created)
{
	const struct ltr_census_position *site = ltr_census_site(census, goroutine->site);

	if (goroutine->flags & LTR_IS_MAIN) {
		/* By the runtime itself: no place that a person could look at. */
	} else if (site) {
		created->pc = goroutine->creation_pc;
		created->file =
			copy_file(box, ltr__site_file(census, ltr_census_string(census, site->file),
						      goroutine->creation_pc));
		created->function = copy_text(box, ltr_census_string(census, site->function));
		created->line = site->line;
	} else if (goroutine->creation_pc) {
		ltr__copy_symbol(box, ltr_census_call_symbol(census, goroutine->creation_pc),
				 goroutine->creation_pc, created);
	}
}

static void copy_origin(struct ltr__box *box, const struct ltr_census *census,
			const struct ltr_goroutine *goroutine)
{
	ltr__copy_creation(box, census, goroutine, &box->finding.created);
	if (goroutine->entry_pc)
		ltr__copy_symbol(box, ltr_census_symbol(census, goroutine->entry_pc),
				 goroutine->entry_pc, &box->finding.entry);
}

static int compare_ids(const void *a, const void *b)
{
	return compare_u64(*(const uint64_t *)a, *(const uint64_t *)b);
}

static void copy_ids(struct ltr__box *box, const struct ltr__claim *claims, size_t count)
{
	if (count > LTR_FINDING_IDS)
		count = LTR_FINDING_IDS;
	box->ids = calloc(count, sizeof(*box->ids));
	if (!box->ids) {
		box->failed = true;
		return;
	}
	for (size_t i = 0; i < count; i++)
		box->ids[i] = claims[i].goroutine->id;
	/* those of a cycle stand in the order of who waits for whom */
	qsort(box->ids, count, sizeof(*box->ids), compare_ids);
	box->finding.ids = box->ids;
	box->finding.id_count = count;
}

static void copy_lock(struct ltr__box *box, const struct ltr_census *census,
		      const struct ltr__claim *claim)
{
	const struct ltr_lock *lock = ltr_census_find_lock(census, claim->goroutine->object);
	uint64_t pc =
		lock && lock->owner_id == claim->holder_id ? ltr_census_locked_pc(census, lock) : 0;

	box->lock = (struct ltr_finding_lock){
		.address = claim->goroutine->object,
		.holder_id = claim->holder_id,
		.writer_id = claim->writer_id,
		.reading = lock && lock->owner_id != claim->holder_id,
		.ended = !ltr_census_find(census, claim->holder_id),
		.locked = {.function = "", .file = ""},
	};
	if (pc)
		ltr__copy_symbol(box, ltr_census_call_place(census, pc), pc, &box->lock.locked);
	box->finding.lock = &box->lock;
}

void ltr__copy_position(struct ltr__box *box, const struct ltr_census *census,
			const struct ltr_goroutine *goroutine, struct ltr_finding_frame *ret_frame)
{
	size_t depth, first;
	const uint64_t *pcs = ltr_census_stack(census, goroutine->stack, &depth);

	if (!pcs || !depth)
		return;
	trim(census, pcs, goroutine->stack, depth, &first);
	ltr__copy_symbol(box, ltr_census_call_place(census, pcs[first]), pcs[first], ret_frame);
}

/* The claims of a cycle, each for itself. */
static void copy_cycle(struct ltr__box *box, const struct ltr__trial *trial,
		       const struct ltr__claim *claims, size_t count)
{
	box->cycle = calloc(count, sizeof(struct ltr_finding *));
	if (!box->cycle) {
		box->failed = true;
		return;
	}
	box->finding.cycle = box->cycle;
	for (size_t i = 0; i < count && !box->failed; i++) {
		box->cycle[i] = ltr__finding_from_claims(trial, &claims[i], 1);
		if (box->cycle[i])
			box->finding.cycle_count++;
		else
			box->failed = true;
	}
}

static void count_behind(struct ltr_finding *finding, const struct ltr__claim *claim)
{
	if (claim->behind && (!finding->behind || claim->behind_id < finding->behind_id))
		finding->behind_id = claim->behind_id;
	finding->behind += claim->behind;
}

struct ltr__kin ltr__kin_of(const struct ltr_census *census, const struct ltr_goroutine *goroutine)
{
	const struct ltr_census_position *site = ltr_census_site(census, goroutine->site);
	struct ltr__kin kin = {.function = "", .creator = ""};
	size_t depth, first;
	const uint64_t *pcs = ltr_census_stack(census, goroutine->stack, &depth);

	kin.doing = goroutine->reason ? ltr_reason_name(goroutine->reason)
				      : ltr_state_name(goroutine->state);
	if (pcs && depth) {
		trim(census, pcs, goroutine->stack, depth, &first);
		kin.function = ltr_census_call_place(census, pcs[first])->function;
	} else if (goroutine->entry_pc) {
		kin.function = ltr_census_symbol(census, goroutine->entry_pc)->function;
	}
	if (site)
		kin.creator = ltr_census_string(census, site->function);
	else if (goroutine->creation_pc && !(goroutine->flags & LTR_IS_MAIN))
		kin.creator = ltr_census_call_symbol(census, goroutine->creation_pc)->function;
	return kin;
}

static void count_age(struct ltr_finding *finding, uint64_t age_ns)
{
	if (age_ns == 0)
		return;
	if (age_ns > finding->oldest_ns)
		finding->oldest_ns = age_ns;
	if (!finding->youngest_ns || age_ns < finding->youngest_ns)
		finding->youngest_ns = age_ns;
}

struct ltr_finding *ltr__finding_from_claims(const struct ltr__trial *trial,
					     const struct ltr__claim *claims, size_t count)
{
	const struct ltr_goroutine *first = claims[0].goroutine;
	const struct ltr_rule *rule = claims[0].rule;
	struct ltr__box *box = box_new(rule, trial->process);
	struct ltr_finding *finding;

	if (!box)
		return NULL;
	finding = &box->finding;
	finding->count = count;
	finding->excused = claims[0].excused;
	finding->state = first->state;
	finding->reason = first->reason;
	finding->object = first->object;
	finding->proof = trial->info->reach;
	finding->limit_ns = rule->limit_ns ? rule->limit_ns(trial->options) : 0;
	finding->advice = ltr__advice(rule, first->state, first->reason);
	for (size_t i = 0; i < count; i++) {
		const struct ltr_goroutine *goroutine = claims[i].goroutine;

		count_age(finding, ltr_census_age_ns(trial->census, goroutine));
		count_behind(finding, &claims[i]);
		if (i >= LTR_FINDING_MEMBERS)
			continue;
		finding->member[i].id = goroutine->id;
		finding->member[i].parent_id = goroutine->parent_id;
		finding->member[i].name =
			copy_text(box, ltr_census_string(trial->census, goroutine->name));
		finding->member_count++;
	}
	copy_ids(box, claims, count);
	copy_origin(box, trial->census, first);
	copy_stack(box, trial->census, first->stack);
	if (rule->shows_lock)
		copy_lock(box, trial->census, &claims[0]);
	else
		ltr__copy_same_lock(box, trial->census, claims, count);
	ltr__copy_objects(box, trial->census, first);
	finding->growth = claims[0].growth;
	if (count > 1 && claims[0].group)
		copy_cycle(box, trial, claims, count);
	return box_close(box);
}

static int compare_frames(const struct ltr_finding_frame *a, const struct ltr_finding_frame *b)
{
	int order = strcmp(a->file, b->file);

	if (!order)
		order = compare_u64(a->line, b->line);
	if (!order)
		order = strcmp(a->function, b->function);
	return order;
}

/* Without lines, by their functions, as far as those are known. */
static int compare_positions(const struct ltr_finding_frame *a, const struct ltr_finding_frame *b,
			     bool lines)
{
	int order = strcmp(a->function, b->function);

	if (!order)
		order = strcmp(a->file, b->file);
	if (!order && (lines || !a->function[0]))
		order = compare_u64(a->line, b->line);
	return order;
}

int ltr__finding_compare_places(const struct ltr_finding *a, const struct ltr_finding *b,
				bool lines)
{
	return compare_positions(&a->created, &b->created, lines);
}

int ltr__finding_compare_kinds(const struct ltr_finding *a, const struct ltr_finding *b, bool lines)
{
	int order = ltr__finding_compare_places(a, b, lines);

	if (!order)
		order = compare_u64(a->reason, b->reason);
	if (!order)
		order = compare_u64(a->state, b->state);
	if (!order)
		order = compare_positions(&a->entry, &b->entry, lines);
	if (!order)
		order = compare_u64(a->depth, b->depth);
	for (size_t i = 0; !order && i < a->depth; i++)
		order = compare_positions(&a->stack[i], &b->stack[i], lines);
	return order;
}

static bool is_same_frame(const struct ltr_finding_frame *a, const struct ltr_finding_frame *b)
{
	return compare_frames(a, b) == 0 && (a->file[0] || a->function[0] || a->pc == b->pc);
}

bool ltr__finding_is_same(const struct ltr_finding *a, const struct ltr_finding *b)
{
	if (a->rule != b->rule || a->excused != b->excused || !a->count != !b->count ||
	    a->state != b->state || a->reason != b->reason || a->depth != b->depth ||
	    a->cycle_count != b->cycle_count)
		return false;
	for (size_t i = 0; i < a->cycle_count; i++)
		if (!ltr__finding_is_same(a->cycle[i], b->cycle[i]))
			return false;
	for (size_t i = 0; i < a->depth; i++)
		if (!is_same_frame(&a->stack[i], &b->stack[i]))
			return false;
	return is_same_frame(&a->created, &b->created) && is_same_frame(&a->entry, &b->entry) &&
	       strcmp(a->text, b->text) == 0;
}

static size_t rule_rank(const struct ltr_rule *rule)
{
	size_t rank = 0;

	while (ltr__rules[rank] && ltr__rules[rank] != rule)
		rank++;
	return rank;
}

int ltr__finding_compare(const struct ltr_finding *a, const struct ltr_finding *b)
{
	int order = compare_u64(a->excused, b->excused);

	if (!order)
		order = compare_u64(a->grade, b->grade);
	if (!order)
		order = compare_u64(a->process, b->process);
	if (!order)
		order = compare_u64(rule_rank(a->rule), rule_rank(b->rule));
	if (!order)
		order = compare_u64(b->count, a->count); /* the largest first */
	if (!order)
		order = compare_frames(&a->created, &b->created);
	if (!order)
		order = compare_u64(a->member[0].id, b->member[0].id);
	return order ? order : strcmp(a->text, b->text);
}
