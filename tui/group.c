/* SPDX-License-Identifier: MIT */
/*
 * Counting goroutines into groups. Invariant: a group stands behind its parent in groups[], and the
 * slots know every group.
 *
 * A goroutine is counted where its path ends; what is above that is added up in the end, since all
 * that a group counts is in its children. Only labels are counted on their whole way: a goroutine
 * may have several of one key, which counts it once.
 */
#include "group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_STEP_NS 250000000ull
#define LEAVES_MAX    (1u << 26) /* a stack of a higher number is looked up each time */
#define PATHS_MAX     32         /* labels of one goroutine that are looked at */

/* The ways of one goroutine from the left into the tree, the first trait at the left. */
struct paths {
	unsigned count;
	struct {
		unsigned depth;
		struct ltr__trait traits[LTR__TRAITS_MAX];
	} path[PATHS_MAX];
};

void ltr__groups_done(struct ltr__groups *groups)
{
	free(groups->groups);
	free(groups->slots);
	free(groups->leaves);
	*groups = (struct ltr__groups){0};
}

static void forget_leaves(struct ltr__groups *groups)
{
	if (groups->leaves)
		memset(groups->leaves, 0, groups->leaf_capacity * sizeof(*groups->leaves));
}

void ltr__groups_clear(struct ltr__groups *groups, enum ltr__group_by by)
{
	groups->by = by;
	groups->count = 0;
	groups->total = 0;
	groups->has_mark = false;
	forget_leaves(groups);
	if (groups->slots)
		memset(groups->slots, 0, groups->slot_count * sizeof(*groups->slots));
}

static struct ltr__trait place_of(struct ltr__stack_places *places, const struct ltr_census *census,
				  const struct ltr_goroutine *goroutine)
{
	if (goroutine->stack)
		return (struct ltr__trait){LTR__TRAIT_PLACE,
					   ltr__stack_places_pc(places, census, goroutine->stack)};
	return (struct ltr__trait){LTR__TRAIT_STACKLESS, goroutine->state};
}

static void add_label_paths(struct paths *paths, const struct ltr_census *census, uint32_t labels)
{
	size_t count;
	const struct ltr_census_label *label = ltr_census_labels(census, labels, &count);

	for (size_t i = 0; label && i < count && paths->count < PATHS_MAX; i++) {
		paths->path[paths->count].depth = 2;
		paths->path[paths->count].traits[0] =
			(struct ltr__trait){LTR__TRAIT_KEY, label[i].key};
		paths->path[paths->count++].traits[1] = (struct ltr__trait){
			LTR__TRAIT_LABEL, (uint64_t)label[i].key << 32 | label[i].value};
	}
	if (paths->count)
		return;
	paths->count = 1;
	paths->path[0].depth = 1;
	paths->path[0].traits[0] = (struct ltr__trait){LTR__TRAIT_UNLABELLED, 0};
}

static void find_paths(struct paths *paths, enum ltr__group_by by, struct ltr__stack_places *places,
		       const struct ltr_census *census, const struct ltr_goroutine *goroutine)
{
	struct ltr__trait place = place_of(places, census, goroutine);
	struct ltr__trait *trait = paths->path[0].traits;

	paths->count = by != LTR__BY_LABEL;
	switch (by) {
	case LTR__BY_CREATOR:
		trait[0] = (struct ltr__trait){LTR__TRAIT_SITE, goroutine->site};
		trait[1] = place;
		paths->path[0].depth = 2;
		break;
	case LTR__BY_LABEL:
		add_label_paths(paths, census, goroutine->labels);
		break;
	case LTR__BY_STATE:
		trait[0] = (struct ltr__trait){LTR__TRAIT_STATE, goroutine->state};
		trait[1] = (struct ltr__trait){LTR__TRAIT_REASON, goroutine->reason};
		trait[2] = place;
		paths->path[0].depth = !goroutine->reason ? 1 : goroutine->stack ? 3 : 2;
		break;
	default:
		trait[0] = place;
		trait[1] = (struct ltr__trait){LTR__TRAIT_STACK, goroutine->stack};
		paths->path[0].depth = goroutine->stack ? 2 : 1;
		break;
	}
}

static uint32_t hash(uint32_t parent, const struct ltr__trait *trait)
{
	uint64_t mixed = (trait->value ^ (uint64_t)parent << 32) + trait->kind;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9ull;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebull;
	return (uint32_t)(mixed ^ mixed >> 31);
}

static bool is_group(const struct ltr__group *group, uint32_t parent,
		     const struct ltr__trait *trait)
{
	return group->parent == parent && group->trait.kind == trait->kind &&
	       group->trait.value == trait->value;
}

/* The slot of a group, or the free one where it belongs. There is always a free one. */
static uint32_t *slot_of(const struct ltr__groups *groups, uint32_t parent,
			 const struct ltr__trait *trait)
{
	uint32_t at = hash(parent, trait) & (groups->slot_count - 1);

	while (groups->slots[at] &&
	       !is_group(&groups->groups[groups->slots[at] - 1], parent, trait))
		at = (at + 1) & (groups->slot_count - 1);
	return &groups->slots[at];
}

/* Room for one more group, its slot included. */
static int reserve(struct ltr__groups *groups)
{
	uint32_t capacity = groups->capacity ? groups->capacity * 2 : 256;
	struct ltr__group *more;
	uint32_t *slots;

	if (groups->count < groups->capacity)
		return 0;
	more = realloc(groups->groups, capacity * sizeof(*more));
	if (!more)
		return -ENOMEM;
	groups->groups = more;
	slots = calloc(capacity, 2 * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(groups->slots);
	groups->slots = slots;
	groups->slot_count = capacity * 2;
	groups->capacity = capacity;
	for (uint32_t i = 0; i < groups->count; i++)
		*slot_of(groups, more[i].parent, &more[i].trait) = i + 1;
	return 0;
}

static const struct ltr__tally nothing = {.oldest_ns = UINT64_MAX};

/* The index of a group, made if there is none yet; LTR__GROUP_ROOT: no memory. */
static uint32_t find_or_make(struct ltr__groups *groups, uint32_t parent, struct ltr__trait trait)
{
	struct ltr__group *group;
	uint32_t *slot;

	if (reserve(groups))
		return LTR__GROUP_ROOT;
	slot = slot_of(groups, parent, &trait);
	if (*slot)
		return *slot - 1;
	/* beyond the limit each parent still gets one for all others; its depth bounds them */
	if (groups->count >= LTR__GROUPS_MAX && trait.kind != LTR__TRAIT_OTHER)
		return find_or_make(groups, parent, (struct ltr__trait){LTR__TRAIT_OTHER, 0});
	group = &groups->groups[groups->count];
	*group = (struct ltr__group){
		.id = ++groups->last_id,
		.trait = trait,
		.parent = parent,
		.shown = nothing,
		.next = nothing,
		.is_open = trait.kind == LTR__TRAIT_KEY,
	};
	if (parent != LTR__GROUP_ROOT)
		group->depth = groups->groups[parent].depth + 1;
	*slot = ++groups->count;
	return groups->count - 1;
}

void ltr__groups_begin(struct ltr__groups *groups)
{
	for (uint32_t i = 0; i < groups->count; i++)
		groups->groups[i].next = nothing;
	groups->next_total = 0;
}

static void tally(struct ltr__tally *tally, const struct ltr_goroutine *goroutine)
{
	if (!tally->count++) {
		tally->state = goroutine->state;
		tally->reason = goroutine->reason;
	}
	tally->unsure += (goroutine->flags & LTR_IS_UNSURE) != 0;
	if (goroutine->state < LTR_STATE_COUNT)
		tally->by_state[goroutine->state]++;
	if (tally->state != goroutine->state)
		tally->state = LTR_STATE_COUNT;
	if (tally->reason != goroutine->reason)
		tally->reason = LTR_REASON_COUNT;
	if (goroutine->since_ns && goroutine->since_ns < tally->oldest_ns) {
		tally->oldest_ns = goroutine->since_ns;
		tally->is_exact = goroutine->flags & LTR_SINCE_EXACT;
	}
}

/* Where a stack's group is, or will be, noted; NULL: nowhere. */
static uint32_t *leaf_of(struct ltr__groups *groups, uint32_t stack)
{
	uint32_t capacity = groups->leaf_capacity ? groups->leaf_capacity : 256;
	uint32_t *leaves;

	if (groups->by != LTR__BY_STACK || !stack || stack >= LEAVES_MAX)
		return NULL;
	if (stack < groups->leaf_capacity)
		return &groups->leaves[stack];
	while (capacity <= stack)
		capacity *= 2;
	leaves = realloc(groups->leaves, capacity * sizeof(*leaves));
	if (!leaves)
		return NULL;
	memset(leaves + groups->leaf_capacity, 0,
	       (capacity - groups->leaf_capacity) * sizeof(*leaves));
	groups->leaves = leaves;
	groups->leaf_capacity = capacity;
	return &leaves[stack];
}

/* Where a path ends; LTR__GROUP_ROOT: no memory. */
static uint32_t walk(struct ltr__groups *groups, const struct ltr__trait *traits, unsigned depth)
{
	uint32_t at = LTR__GROUP_ROOT;

	for (unsigned i = 0; i < depth; i++) {
		at = find_or_make(groups, at, traits[i]);
		if (at == LTR__GROUP_ROOT || groups->groups[at].trait.kind == LTR__TRAIT_OTHER)
			break;
	}
	return at;
}

static int add_to_one(struct ltr__groups *groups, struct ltr__stack_places *places,
		      const struct ltr_census *census, const struct ltr_goroutine *goroutine)
{
	uint32_t *leaf = leaf_of(groups, goroutine->stack);
	uint32_t at = leaf && *leaf ? *leaf - 1 : LTR__GROUP_ROOT;

	if (at == LTR__GROUP_ROOT) {
		struct paths paths;

		find_paths(&paths, groups->by, places, census, goroutine);
		at = walk(groups, paths.path[0].traits, paths.path[0].depth);
		if (at == LTR__GROUP_ROOT)
			return -ENOMEM;
		if (leaf)
			*leaf = at + 1;
	}
	tally(&groups->groups[at].next, goroutine);
	groups->groups[at].stack = goroutine->stack;
	return 0;
}

static void add_up(struct ltr__tally *sum, const struct ltr__tally *part)
{
	if (!sum->count) {
		*sum = *part;
		return;
	}
	sum->count += part->count;
	sum->unsure += part->unsure;
	for (unsigned i = 0; i < LTR_STATE_COUNT; i++)
		sum->by_state[i] += part->by_state[i];
	if (sum->state != part->state)
		sum->state = LTR_STATE_COUNT;
	if (sum->reason != part->reason)
		sum->reason = LTR_REASON_COUNT;
	if (part->oldest_ns < sum->oldest_ns) {
		sum->oldest_ns = part->oldest_ns;
		sum->is_exact = part->is_exact;
	}
}

/* Children stand behind their parents. */
static void add_up_all(struct ltr__groups *groups)
{
	for (uint32_t i = groups->count; i-- > 0;) {
		const struct ltr__group *group = &groups->groups[i];

		if (!group->next.count || group->parent == LTR__GROUP_ROOT)
			continue;
		add_up(&groups->groups[group->parent].next, &group->next);
		groups->groups[group->parent].stack = group->stack;
	}
}

int ltr__groups_add(struct ltr__groups *groups, struct ltr__stack_places *places,
		    const struct ltr_census *census, const struct ltr_goroutine *goroutine)
{
	struct paths paths;

	if (groups->by != LTR__BY_LABEL) {
		groups->next_total++;
		return add_to_one(groups, places, census, goroutine);
	}
	find_paths(&paths, groups->by, places, census, goroutine);
	groups->next_total++;
	for (unsigned i = 0; i < paths.count; i++) {
		uint32_t at = LTR__GROUP_ROOT;
		struct ltr__trait first = paths.path[i].traits[0];

		/* labels of one key stand together: their key is counted once */
		for (unsigned depth = 0; depth < paths.path[i].depth; depth++) {
			at = find_or_make(groups, at, paths.path[i].traits[depth]);
			if (at == LTR__GROUP_ROOT)
				return -ENOMEM;
			if (depth || !i || paths.path[i - 1].traits[0].value != first.value)
				tally(&groups->groups[at].next, goroutine);
			groups->groups[at].stack = goroutine->stack;
			if (groups->groups[at].trait.kind == LTR__TRAIT_OTHER)
				break;
		}
	}
	return 0;
}

/* Twice as long steps: every other sample goes. */
static void stretch(struct ltr__groups *groups)
{
	for (uint32_t i = 0; i < groups->count; i++) {
		uint32_t *samples = groups->groups[i].samples;

		for (unsigned j = 0; j < LTR__GROUP_SAMPLES / 2; j++)
			samples[j] = samples[2 * j + 1];
		memset(samples + LTR__GROUP_SAMPLES / 2, 0,
		       LTR__GROUP_SAMPLES / 2 * sizeof(*samples));
	}
	groups->ticks = LTR__GROUP_SAMPLES / 2;
	groups->step_ns *= 2;
}

/* Make room: groups that are empty are forgotten, with their past. */
static void compact(struct ltr__groups *groups)
{
	uint32_t *moved = malloc(groups->count * sizeof(*moved));
	uint32_t kept = 0;

	if (!moved)
		return;
	for (uint32_t i = 0; i < groups->count; i++) {
		struct ltr__group group = groups->groups[i];

		if (!group.shown.count)
			continue;
		/* a parent counts what its children count, so it is kept too, and stands before */
		if (group.parent != LTR__GROUP_ROOT)
			group.parent = moved[group.parent];
		moved[i] = kept;
		groups->groups[kept++] = group;
	}
	free(moved);
	groups->count = kept;
	forget_leaves(groups);
	memset(groups->slots, 0, groups->slot_count * sizeof(*groups->slots));
	for (uint32_t i = 0; i < kept; i++)
		*slot_of(groups, groups->groups[i].parent, &groups->groups[i].trait) = i + 1;
}

void ltr__groups_end(struct ltr__groups *groups, uint64_t now_ns)
{
	if (groups->by != LTR__BY_LABEL)
		add_up_all(groups);
	for (uint32_t i = 0; i < groups->count; i++) {
		groups->groups[i].shown = groups->groups[i].next;
		groups->groups[i].children = 0;
	}
	if (groups->count >= LTR__GROUPS_MAX / 4 * 3)
		compact(groups);
	groups->total = groups->next_total;
	for (uint32_t i = 0; i < groups->count; i++) {
		const struct ltr__group *group = &groups->groups[i];

		if (group->shown.count && group->parent != LTR__GROUP_ROOT)
			groups->groups[group->parent].children++;
	}
	if (!groups->has_mark)
		ltr__groups_mark(groups, now_ns);
	if (now_ns >= groups->tick_ns + groups->step_ns) {
		if (groups->ticks == LTR__GROUP_SAMPLES)
			stretch(groups);
		groups->ticks++;
		groups->tick_ns = now_ns;
	}
	for (uint32_t i = 0; i < groups->count; i++)
		groups->groups[i].samples[groups->ticks - 1] = groups->groups[i].shown.count;
}

void ltr__groups_mark(struct ltr__groups *groups, uint64_t now_ns)
{
	groups->has_mark = true;
	groups->mark_ns = now_ns;
	groups->tick_ns = now_ns;
	groups->step_ns = FIRST_STEP_NS;
	groups->ticks = 1;
	for (uint32_t i = 0; i < groups->count; i++) {
		struct ltr__group *group = &groups->groups[i];

		group->marked = group->shown.count;
		memset(group->samples, 0, sizeof(group->samples));
		group->samples[0] = group->shown.count;
	}
}

void ltr__groups_find(struct ltr__groups *groups, struct ltr__stack_places *places,
		      const struct ltr_census *census, const struct ltr_goroutine *goroutine)
{
	struct paths paths;

	if (!goroutine) {
		for (uint32_t i = 0; i < groups->count; i++)
			groups->groups[i].is_found = false;
		return;
	}
	if (!groups->count)
		return;
	find_paths(&paths, groups->by, places, census, goroutine);
	for (unsigned i = 0; i < paths.count; i++) {
		uint32_t at = LTR__GROUP_ROOT;

		for (unsigned depth = 0; depth < paths.path[i].depth; depth++) {
			at = *slot_of(groups, at, &paths.path[i].traits[depth]);
			if (!at--)
				break;
			groups->groups[at].is_found = true;
		}
	}
}

struct ltr__subject ltr__group_subject(const struct ltr__groups *groups,
				       const struct ltr__group *group)
{
	struct ltr__subject subject = {.trait_count = group->depth + 1u};

	for (;;) {
		subject.traits[group->depth] = group->trait;
		if (group->parent == LTR__GROUP_ROOT)
			return subject;
		group = &groups->groups[group->parent];
	}
}
