// SPDX-License-Identifier: MIT
/*
 * Reading and judging the layout object. What comes out of ltr__layout_read() may be used without
 * a second thought: magic and version are ours, every count and size is within bounds, every
 * address that has to be there is plausible, every field lies inside the descriptor and has the
 * width that we know. Memory behind the addresses may still be unmapped: reading says so.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libloiter_private.h"

/* User space of any 64-bit machine, and aligned. */
static bool is_address(uint64_t address, uint64_t alignment)
{
	return address >= 4096 && address < 1ull << 56 && address % alignment == 0;
}

static bool is_address_or_none(uint64_t address, uint64_t alignment)
{
	return address == 0 || is_address(address, alignment);
}

static int refuse(struct ltr_why *why, const char *what, uint64_t value)
{
	return ltr_why_set(why, -EPROTO,
			   "what the program says of itself makes no sense: %s is %#llx (is it "
			   "damaged, or built with another version?)",
			   what, (unsigned long long)value);
}

static int check_fields(const struct ltr_layout *layout, struct ltr_why *why)
{
	static const struct {
		const char *name;
		uint16_t bytes;
	} known[] = {
#define LTR__FIELD(name, bytes) {"the place of `" #name "`", bytes},
		LTR_DESCRIPTOR_FIELDS(LTR__FIELD) LTR_DESCRIPTOR_FIELDS_ADDED(LTR__FIELD)
#undef LTR__FIELD
	};

	for (size_t i = 0; i < LTR_FIELD_COUNT; i++) {
		struct ltr_field field = layout->fields[i];
		if (i >= LTR_FIELD_REQUIRED && field.bytes == 0)
			continue; /* an older runtime */
		if (field.bytes != known[i].bytes ||
		    (uint32_t)field.offset + field.bytes > layout->descriptor_bytes)
			return refuse(why, known[i].name,
				      (uint64_t)field.bytes << 32 | field.offset);
	}
	return 0;
}

static int check_descriptors(const struct ltr_layout *layout, struct ltr_why *why)
{
	uint64_t per_slab = (uint64_t)layout->slab_descriptors * layout->descriptor_bytes;

	if (!is_address(layout->slabs, 8))
		return refuse(why, "slabs", layout->slabs);
	if (!is_address(layout->slab_count, 4))
		return refuse(why, "slab_count", layout->slab_count);
	if (layout->slab_max == 0 || layout->slab_max > LTR__SLABS_MAX)
		return refuse(why, "slab_max", layout->slab_max);
	if (layout->descriptor_bytes == 0 || layout->descriptor_bytes > LTR__DESCRIPTOR_MAX)
		return refuse(why, "descriptor_bytes", layout->descriptor_bytes);
	if (layout->slab_descriptors == 0 || per_slab > LTR__SLAB_BYTES_MAX)
		return refuse(why, "slab_descriptors", layout->slab_descriptors);
	if (layout->saved_fp_offset < -4096 || layout->saved_fp_offset > 4096)
		return refuse(why, "saved_fp_offset", (uint64_t)layout->saved_fp_offset);
	return check_fields(layout, why);
}

static int check_events(const struct ltr_layout *layout, struct ltr_why *why)
{
	if (!is_address(layout->rings, 8))
		return refuse(why, "rings", layout->rings);
	if (!is_address(layout->ring_count, 4))
		return refuse(why, "ring_count", layout->ring_count);
	if (layout->ring_max == 0 || layout->ring_max > LTR__RINGS_MAX)
		return refuse(why, "ring_max", layout->ring_max);
	if (layout->event_bytes != LTR_EVENT_BYTES)
		return refuse(why, "event_bytes", layout->event_bytes);
	if (!is_address_or_none(layout->watch, 8))
		return refuse(why, "watch", layout->watch);
	if (!is_address_or_none(layout->watch_slots, 8))
		return refuse(why, "watch_slots", layout->watch_slots);
	if (!is_address_or_none(layout->handover, 1))
		return refuse(why, "handover", layout->handover);
	if (!is_address_or_none(layout->want_stacks, 1))
		return refuse(why, "want_stacks", layout->want_stacks);
	if (!is_address_or_none(layout->stacks, 8))
		return refuse(why, "stacks", layout->stacks);
	if (!is_address_or_none(layout->stack_count, 4))
		return refuse(why, "stack_count", layout->stack_count);
	if (layout->stack_max > LTR__STACKS_MAX)
		return refuse(why, "stack_max", layout->stack_max);
	if (layout->lock_bytes && layout->lock_bytes < LTR_LOCK_WORDS_LEAST)
		return refuse(why, "lock_bytes", layout->lock_bytes);
	if (layout->lock_bytes_all && layout->lock_bytes_all < LTR_LOCK_WORDS_LEAST)
		return refuse(why, "lock_bytes_all", layout->lock_bytes_all);
	return 0;
}

static int check_regions(const struct ltr_layout *layout, struct ltr_why *why)
{
	if (!is_address_or_none(layout->regions, 8))
		return refuse(why, "regions", layout->regions);
	if (!is_address_or_none(layout->region_count, 4))
		return refuse(why, "region_count", layout->region_count);
	if (layout->region_max > LTR__REGIONS_MAX)
		return refuse(why, "region_max", layout->region_max);
	if (layout->sync_words && layout->sync_words != sizeof(struct ltr_sync_words))
		return refuse(why, "sync_words", layout->sync_words);
	if (layout->channel_head && layout->channel_head != sizeof(struct ltr_channel_head))
		return refuse(why, "channel_head", layout->channel_head);
	if (layout->case_bytes && layout->case_bytes != sizeof(struct ltr_case_words))
		return refuse(why, "case_bytes", layout->case_bytes);
	if (!is_address_or_none(layout->notes, 8))
		return refuse(why, "notes", layout->notes);
	if (!is_address_or_none(layout->note_progress, 4))
		return refuse(why, "note_progress", layout->note_progress);
	if (layout->channel_words % 8 || layout->channel_words > LTR__CHANNEL_WORDS_MAX)
		return refuse(why, "channel_words", layout->channel_words);
	return 0;
}

static int check_clock(const struct ltr_layout *layout, struct ltr_why *why)
{
#if defined(__x86_64__)
	if (layout->clock == LTR_CLOCK_TSC)
		return 0;
#endif
	return layout->clock == LTR_CLOCK_MONOTONIC ? 0 : refuse(why, "clock", layout->clock);
}

static bool is_known(uint32_t version)
{
	return version >= LTR_LAYOUT_VERSION_LEAST && version <= LTR_LAYOUT_VERSION;
}

int ltr__layout_read(const struct ltr_process *process, uint64_t address,
		     struct ltr_layout *ret_layout, struct ltr_why *why)
{
	struct ltr_layout layout = {0};
	size_t head = offsetof(struct ltr_layout, ready);

	/* The head first: another version may be shorter than ours. */
	int err = ltr_process_read(process, address, &layout, head);
	if (!err && layout.magic == LTR_LAYOUT_MAGIC && is_known(layout.version))
		err = ltr_process_read(process, address, &layout,
				       layout.bytes < LTR_LAYOUT_BYTES_LEAST
					       ? LTR_LAYOUT_BYTES_LEAST
				       : layout.bytes < sizeof(layout) ? layout.bytes
								       : sizeof(layout));
	if (err == -ESRCH)
		return ltr_why_set(why, err, "process %u has ended", ltr_process_pid(process));
	if (err)
		return ltr_why_set(
			why, -EPROTO, "cannot read the layout of process %u at %#llx: %s",
			ltr_process_pid(process), (unsigned long long)address, strerror(-err));
	/* Before its start a runtime need not have filled in anything. */
	if (layout.magic == 0)
		return ltr_why_set(why, -EAGAIN, "the runtime of process %u has not started yet",
				   ltr_process_pid(process));
	if (layout.magic != LTR_LAYOUT_MAGIC)
		return refuse(why, "magic", layout.magic);
	if (!is_known(layout.version))
		return ltr_why_set(
			why, -EPROTO,
			"process %u speaks layout version %u, this loiter knows versions "
			"%u to %u: use the loiter of the same release",
			ltr_process_pid(process), layout.version, LTR_LAYOUT_VERSION_LEAST,
			LTR_LAYOUT_VERSION);
	if (!layout.ready)
		return ltr_why_set(why, -EAGAIN, "the runtime of process %u has not started yet",
				   ltr_process_pid(process));
	if (layout.bytes < LTR_LAYOUT_BYTES_LEAST)
		return refuse(why, "bytes", layout.bytes);

	err = check_descriptors(&layout, why);
	if (!err)
		err = check_events(&layout, why);
	if (!err)
		err = check_regions(&layout, why);
	if (!err)
		err = check_clock(&layout, why);
	if (!err)
		*ret_layout = layout;
	return err;
}

int ltr__slab_addresses(const struct ltr__libloiter *target, uint64_t **ret_slabs,
			uint32_t *ret_count, bool *ret_all)
{
	const struct ltr_layout *layout = &target->layout;
	uint32_t most = LTR__DESCRIPTORS_MAX / layout->slab_descriptors;
	uint64_t *slabs;
	uint32_t count;
	int err = ltr_process_read(target->process, layout->slab_count, &count, sizeof(count));

	if (err)
		return err;
	most = most < layout->slab_max ? most : layout->slab_max;
	bool all = count <= most;
	if (!all)
		count = most;
	slabs = calloc(count ? count : 1, sizeof(*slabs));
	if (!slabs)
		return -ENOMEM;
	err = ltr_process_read(target->process, layout->slabs, slabs, count * sizeof(*slabs));
	if (err) {
		free(slabs);
		return err;
	}
	*ret_slabs = slabs;
	*ret_count = count;
	*ret_all = all;
	return 0;
}
