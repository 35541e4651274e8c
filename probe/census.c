// SPDX-License-Identifier: MIT
/*
 * The census as consumers see it: birth and end, info, goroutines by index and id, symbols. What
 * fills it lies in the other census files; census_private.h says which does what.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "census_private.h"
#include "timeline.h"

int ltr_census_new(struct ltr_census **ret_census)
{
	struct ltr_census *census = calloc(1, sizeof(*census));
	if (!census)
		return -ENOMEM;
	/* Ids come from the program: it must not know where they fall in our table. */
	if (getrandom(&census->hash_seed, sizeof(census->hash_seed), GRND_NONBLOCK) < 0)
		census->hash_seed = (uintptr_t)census;
	*ret_census = census;
	return 0;
}

struct ltr_census *ltr_census_free(struct ltr_census *census)
{
	if (!census)
		return NULL;
	if (census->symbols.free)
		census->symbols.free(census->symbols_context);
	ltr__intern_done(&census->strings);
	ltr__intern_done(&census->sites);
	ltr__intern_done(&census->labels);
	ltr__intern_done(&census->stacks);
	ltr__intern_done(&census->groups);
	ltr__intern_done(&census->cpu_keys);
	ltr__waits_done(&census->finished);
	ltr__waits_done(&census->view);
	free(census->cpu);
	free(census->threads);
	free(census->sockets);
	ltr__histograms_done(&census->histograms);
	ltr__contentions_done(&census->contentions);
	free(census->goroutines);
	free(census->follows);
	free(census->slots);
	free(census->defined);
	free(census->rings);
	free(census->held);
	free(census->locks);
	free(census->readers);
	free(census->objects);
	free(census->cases);
	free(census->first_frames);
	free(census->lifeline.at);
	free(census);
	return NULL;
}

const char *ltr_way_name(enum ltr_way way)
{
	switch (way) {
	case LTR_WAY_SNAPSHOT:
		return "snapshot";
	case LTR_WAY_EBPF:
		return "ebpf";
	case LTR_WAY_SHM:
		return "shm";
	case LTR_WAY_FILE:
		return "file";
	}
	return "?";
}

const struct ltr_census_info *ltr_census_info(const struct ltr_census *census)
{
	return &census->info;
}

struct ltr_census_info *ltr_census_info_mut(struct ltr_census *census)
{
	return &census->info;
}

void ltr_census_set_tap(struct ltr_census *census, const struct ltr_census_tap *tap, void *context)
{
	census->tap = tap;
	census->tap_context = context;
}

static size_t intern_bytes(const struct ltr__intern *intern)
{
	return intern->chunk_bytes +
	       intern->capacity * (sizeof(*intern->at) + sizeof(*intern->bytes)) +
	       intern->slot_count * sizeof(*intern->slots);
}

static size_t wait_bytes(const struct ltr__wait_table *table)
{
	return table->capacity * sizeof(*table->totals) + table->slot_count * sizeof(*table->slots);
}

size_t ltr_census_bytes(const struct ltr_census *census)
{
	return sizeof(*census) +
	       census->capacity * (sizeof(*census->goroutines) + sizeof(*census->follows)) +
	       census->slot_count * sizeof(*census->slots) + intern_bytes(&census->strings) +
	       intern_bytes(&census->sites) + intern_bytes(&census->labels) +
	       intern_bytes(&census->stacks) + intern_bytes(&census->groups) +
	       census->defined_count * sizeof(*census->defined) +
	       census->lock_capacity * sizeof(*census->locks) +
	       census->reader_capacity * sizeof(*census->readers) +
	       census->object_capacity * sizeof(*census->objects) +
	       census->case_capacity * sizeof(*census->cases) +
	       census->ring_count * sizeof(*census->rings) +
	       census->held_capacity * sizeof(*census->held) + wait_bytes(&census->finished) +
	       wait_bytes(&census->view) + intern_bytes(&census->cpu_keys) +
	       census->cpu_capacity * sizeof(*census->cpu) +
	       census->thread_capacity * sizeof(*census->threads) +
	       census->socket_capacity * sizeof(*census->sockets) +
	       ltr__contentions_bytes(&census->contentions) +
	       census->histograms.capacity * sizeof(*census->histograms.all) +
	       census->first_frame_count * sizeof(*census->first_frames);
}

struct ltr_timeline_sample ltr_timeline_sample_of(const struct ltr_census_info *info)
{
	struct ltr_timeline_sample sample = {
		.now_ns = info->now_ns,
		.created = info->created,
		.exited = info->exited,
		.events = info->events,
		.lost = info->lost,
	};

	memcpy(sample.by_state, info->by_state, sizeof(sample.by_state));
	return sample;
}

void ltr_census_advance(struct ltr_census *census, uint64_t now_ns)
{
	LTR__TAP(census, advance, now_ns);
	ltr__census_advance(census, now_ns);
	/* Not while records are taken: those of one ring may be younger than what others still have. */
	if (census->ended_ns)
		ltr__ended_overdue(census, census->info.now_ns);
	if (census->gone_ns)
		ltr__gone_overdue(census, census->info.now_ns);
}

bool ltr_census_is_unsure(const struct ltr_census *census)
{
	return census->some_unsure;
}

size_t ltr_census_count(const struct ltr_census *census)
{
	return census->shown;
}

/* Shows a goroutine. Its stack may have become known since: the const is the logical one. */
static const struct ltr_goroutine *show(const struct ltr_census *census, size_t index)
{
	if (index >= census->shown)
		return NULL;
	ltr__resolve_stack((struct ltr_census *)census, (uint32_t)index);
	return &census->goroutines[index];
}

const struct ltr_goroutine *ltr_census_at(const struct ltr_census *census, size_t index)
{
	return show(census, index);
}

const struct ltr_goroutine *ltr_census_find(const struct ltr_census *census, uint64_t id)
{
	return show(census, ltr__goroutine_find(census, id));
}

uint64_t ltr_census_age_ns(const struct ltr_census *census, const struct ltr_goroutine *goroutine)
{
	if (!goroutine->since_ns || goroutine->since_ns > census->info.now_ns)
		return 0;
	return census->info.now_ns - goroutine->since_ns;
}

void ltr_census_set_symbols(struct ltr_census *census, const struct ltr_symbol_source *source,
			    void *context)
{
	if (census->symbols.free)
		census->symbols.free(census->symbols_context);
	census->symbols = source ? *source : (struct ltr_symbol_source){0};
	census->symbols_context = context;
	free(census->first_frames);
	census->first_frames = NULL;
	census->first_frame_count = 0;
}

const struct ltr_symbol *ltr_census_symbol(const struct ltr_census *census, uint64_t pc)
{
	static const struct ltr_symbol unknown = {.function = "", .file = "", .module = UINT32_MAX};
	const struct ltr_symbol *symbol = NULL;

	if (census->symbols.find)
		symbol = census->symbols.find(census->symbols_context, pc);
	return symbol ? symbol : &unknown;
}

const struct ltr_symbol *ltr_census_call_symbol(const struct ltr_census *census, uint64_t pc)
{
	return ltr_census_symbol(census, pc ? pc - 1 : 0);
}

const struct ltr_symbol *ltr_census_call_place(const struct ltr_census *census, uint64_t pc)
{
	const struct ltr_symbol *symbol = ltr_census_call_symbol(census, pc);

	while (symbol->is_runtime && symbol->outer)
		symbol = symbol->outer;
	return symbol;
}

static size_t find_first_frame(const struct ltr_census *census, uint32_t stack)
{
	size_t depth;
	const uint64_t *pcs = ltr_census_stack(census, stack, &depth);

	for (size_t i = 0; i < depth; i++) {
		/* An inlined helper of the runtime stands in a frame that is not the runtime's. */
		const struct ltr_symbol *symbol = ltr_census_call_symbol(census, pcs[i]);
		while (symbol->outer)
			symbol = symbol->outer;
		if (!symbol->is_runtime)
			return i;
	}
	return depth;
}

size_t ltr_census_first_frame(const struct ltr_census *census, uint32_t stack)
{
	struct ltr_census *mutable = (struct ltr_census *)census;

	if (stack == 0 || stack >= ltr_census_stack_count(census))
		return 0;
	if (ltr__grow(&mutable->first_frames, &mutable->first_frame_count, stack + 1ull,
		      sizeof(*mutable->first_frames)) < 0)
		return find_first_frame(census, stack);
	if (!census->first_frames[stack])
		mutable->first_frames[stack] = (uint16_t)(find_first_frame(census, stack) + 1);
	return census->first_frames[stack] - 1u;
}

size_t ltr_census_module_count(const struct ltr_census *census)
{
	return census->symbols.module_count ? census->symbols.module_count(census->symbols_context)
					    : 0;
}

const struct ltr_module *ltr_census_module(const struct ltr_census *census, size_t index)
{
	return census->symbols.module ? census->symbols.module(census->symbols_context, index)
				      : NULL;
}
