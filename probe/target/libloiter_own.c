// SPDX-License-Identifier: MIT
/*
 * Which memory and which threads of a libloiter program are the runtime's own. What lies in there
 * is no reference of the program's: descriptors, records, stacks that nobody uses.
 */
#include <errno.h>
#include <stdlib.h>

#include "libloiter_proof.h"

static int add_skip(struct ltr__own *own, uint64_t low, uint64_t high, enum ltr_reach_kind kind)
{
	struct ltr_reach_region *grown;

	/* No region begins at 0: this one was read while it was being written. */
	if (!low || high <= low)
		return 0;
	grown = reallocarray(own->skip, own->skip_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	own->skip = grown;
	grown[own->skip_count++] = (struct ltr_reach_region){low, high, kind};
	return 0;
}

static int add_own_tid(struct ltr__own *own, uint32_t tid)
{
	uint32_t *grown;

	if (!tid)
		return 0;
	grown = reallocarray(own->tids, own->tid_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	own->tids = grown;
	grown[own->tid_count++] = tid;
	return 0;
}

static bool is_own(const struct ltr__own *own, uint32_t tid)
{
	for (size_t i = 0; i < own->tid_count; i++)
		if (own->tids[i] == tid)
			return true;
	return false;
}

static int skip_slabs(struct ltr__own *own, const struct ltr__libloiter *target)
{
	const struct ltr_layout *layout = &target->layout;
	uint64_t bytes = (uint64_t)layout->slab_descriptors * layout->descriptor_bytes;
	uint64_t *slabs;
	uint32_t count;
	bool all;
	int err = ltr__slab_addresses(target, &slabs, &count, &all);

	if (err)
		return err;
	if (!all)
		err = -EPROTO;
	for (uint32_t i = 0; i < count && !err; i++)
		err = add_skip(own, slabs[i], slabs[i] + bytes, LTR_REACH_SKIP);
	free(slabs);
	return err;
}

/* Records name objects, and threads are known by their rings. */
static int skip_rings(struct ltr__own *own, const struct ltr__libloiter *target)
{
	const struct ltr_layout *layout = &target->layout;
	struct ltr_ring *rings;
	uint32_t count;
	int err = ltr_process_read(target->process, layout->ring_count, &count, sizeof(count));

	if (err)
		return err;
	count = count < layout->ring_max ? count : layout->ring_max;
	rings = calloc(count ? count : 1, sizeof(*rings));
	if (!rings)
		return -ENOMEM;
	err = ltr_process_read(target->process, layout->rings, rings, count * sizeof(*rings));
	for (uint32_t i = 0; i < count && !err; i++) {
		uint64_t bytes = (uint64_t)rings[i].capacity * layout->event_bytes;

		err = add_skip(own, rings[i].records, rings[i].records + bytes, LTR_REACH_SKIP);
		if (!err)
			err = add_own_tid(own, rings[i].tid);
	}
	free(rings);
	return err;
}

static bool is_there(const uint32_t *tids, size_t count, uint32_t tid)
{
	for (size_t i = 0; i < count; i++)
		if (tids[i] == tid)
			return true;
	return false;
}

static int skip_regions(struct ltr__own *own, const struct ltr__libloiter *target, bool some_call,
			const uint32_t *tids, size_t tid_count)
{
	const struct ltr_layout *layout = &target->layout;
	struct ltr_region *regions;
	uint32_t count;
	int err = ltr_process_read(target->process, layout->region_count, &count, sizeof(count));

	if (err)
		return err;
	count = count < layout->region_max ? count : layout->region_max;
	regions = calloc(count ? count : 1, sizeof(*regions));
	if (!regions)
		return -ENOMEM;
	err = ltr_process_read(target->process, layout->regions, regions, count * sizeof(*regions));
	for (uint32_t i = 0; i < count && !err; i++) {
		const struct ltr_region *region = &regions[i];

		if (region->tid && !is_there(tids, tid_count, region->tid))
			continue;
		err = add_own_tid(own, region->tid);
		if (err)
			break;
		if (region->kind == LTR_REGION_STACKS)
			err = add_skip(own, region->low, region->high, LTR_REACH_STACKS);
		else if (region->kind == LTR_REGION_PRIVATE ||
			 (region->kind == LTR_REGION_CALLS && !some_call))
			err = add_skip(own, region->low, region->high, LTR_REACH_SKIP);
	}
	free(regions);
	return err;
}

int ltr__own_find(struct ltr__own *own, const struct ltr__libloiter *target, bool some_call)
{
	uint32_t *tids;
	size_t count;
	int err = ltr_reach_threads(target->process, &tids, &count);

	if (err)
		return err;
	ltr_process_own_tids(target->process, tids, count); /* as rings and regions have them */
	own->skip_count = own->tid_count = own->foreign = 0;
	err = skip_slabs(own, target);
	if (!err)
		err = skip_rings(own, target);
	if (!err)
		err = skip_regions(own, target, some_call, tids, count);
	for (size_t i = 0; i < count; i++)
		own->foreign += tids[i] && !is_own(own, tids[i]);
	free(tids);
	return err;
}

void ltr__own_done(struct ltr__own *own)
{
	free(own->skip);
	free(own->tids);
	*own = (struct ltr__own){0};
}
