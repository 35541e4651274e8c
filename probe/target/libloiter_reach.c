// SPDX-License-Identifier: MIT
/*
 * Which goroutines of a libloiter program nobody can wake any more (reach/reach.h has the idea).
 *
 * A pass that stops nobody reads in this order: descriptors; stacks of those that can go on; all
 * memory; descriptors again; all stacks. Whoever moved meanwhile can go on, and its whole stack
 * counts, used or not. So a pointer is missed only if it goes from where was not yet read to where
 * was read already, and back, within one pass; and what counts in the end is what no pass has
 * reached, and what has not moved since the first.
 *
 * Registers of what runs are not seen without stopping it. A goroutine that was running in all
 * passes without a step, or in one blocking call, may have a pointer there alone, and so may a thread
 * that is not the runtime's: then nothing is proven.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../reach/reach.h"
#include "libloiter_population.h"

#define PASSES        3u
#define PASS_PAUSE_NS 20000000l
#define TRIES_MAX     20u
#define UNKNOWN_BYTES (1ull << 20) /* fewer are not worth a word */
#define MEMORY_PART   2u           /* of what the machine has left, one part in so many */
#define MEGABYTE      1000000ull

/* A goroutine that was not reached. */
struct suspect {
	uint64_t id;
	uint64_t object;
	uint32_t sequence;
};

struct proof {
	struct ltr__libloiter *target;
	struct ltr_reach_info *info;
	uint64_t most_bytes;
	struct ltr_reach_region *skip;
	size_t skip_count;
	uint32_t *own_tids; /* of the runtime's threads, sorted */
	size_t own_tid_count;
	struct suspect *suspects; /* in order of ids; not reached in any pass */
	size_t suspect_count;
	struct ltr__population last; /* of the last pass */
	uint64_t *running;           /* as above: in all passes so far */
	size_t running_count;
	struct ltr_reach_facts facts; /* of the last pass */
};

/* --- what is the runtime's own -------------------------------------------------------------- */

static int add_skip(struct proof *proof, uint64_t low, uint64_t high, enum ltr_reach_kind kind)
{
	struct ltr_reach_region *grown;

	if (high <= low)
		return 0;
	grown = reallocarray(proof->skip, proof->skip_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	proof->skip = grown;
	grown[proof->skip_count++] = (struct ltr_reach_region){low, high, kind};
	return 0;
}

static int add_own_tid(struct proof *proof, uint32_t tid)
{
	uint32_t *grown;

	if (!tid)
		return 0;
	grown = reallocarray(proof->own_tids, proof->own_tid_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	proof->own_tids = grown;
	grown[proof->own_tid_count++] = tid;
	return 0;
}

static bool is_own(const struct proof *proof, uint32_t tid)
{
	for (size_t i = 0; i < proof->own_tid_count; i++)
		if (proof->own_tids[i] == tid)
			return true;
	return false;
}

static int skip_slabs(struct proof *proof)
{
	const struct ltr_layout *layout = &proof->target->layout;
	uint64_t bytes = (uint64_t)layout->slab_descriptors * layout->descriptor_bytes;
	uint64_t *slabs;
	uint32_t count;
	bool all;
	int err = ltr__slab_addresses(proof->target, &slabs, &count, &all);

	if (err)
		return err;
	if (!all)
		err = -EPROTO;
	for (uint32_t i = 0; i < count && !err; i++)
		err = add_skip(proof, slabs[i], slabs[i] + bytes, LTR_REACH_SKIP);
	free(slabs);
	return err;
}

/* Records name objects, and threads are known by their rings. */
static int skip_rings(struct proof *proof)
{
	const struct ltr_layout *layout = &proof->target->layout;
	struct ltr_ring *rings;
	uint32_t count;
	int err =
		ltr_process_read(proof->target->process, layout->ring_count, &count, sizeof(count));

	if (err)
		return err;
	count = count < layout->ring_max ? count : layout->ring_max;
	rings = calloc(count ? count : 1, sizeof(*rings));
	if (!rings)
		return -ENOMEM;
	err = ltr_process_read(proof->target->process, layout->rings, rings,
			       count * sizeof(*rings));
	for (uint32_t i = 0; i < count && !err; i++) {
		uint64_t bytes = (uint64_t)rings[i].capacity * layout->event_bytes;

		err = add_skip(proof, rings[i].records, rings[i].records + bytes, LTR_REACH_SKIP);
		if (!err)
			err = add_own_tid(proof, rings[i].tid);
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

static int skip_regions(struct proof *proof, bool some_call, const uint32_t *tids, size_t tid_count)
{
	const struct ltr_layout *layout = &proof->target->layout;
	struct ltr_region *regions;
	uint32_t count;
	int err = ltr_process_read(proof->target->process, layout->region_count, &count,
				   sizeof(count));

	if (err)
		return err;
	count = count < layout->region_max ? count : layout->region_max;
	regions = calloc(count ? count : 1, sizeof(*regions));
	if (!regions)
		return -ENOMEM;
	err = ltr_process_read(proof->target->process, layout->regions, regions,
			       count * sizeof(*regions));
	for (uint32_t i = 0; i < count && !err; i++) {
		const struct ltr_region *region = &regions[i];

		if (region->tid && !is_there(tids, tid_count, region->tid))
			continue;
		err = add_own_tid(proof, region->tid);
		if (err)
			break;
		if (region->kind == LTR_REGION_STACKS)
			err = add_skip(proof, region->low, region->high, LTR_REACH_STACKS);
		else if (region->kind == LTR_REGION_PRIVATE ||
			 (region->kind == LTR_REGION_CALLS && !some_call))
			err = add_skip(proof, region->low, region->high, LTR_REACH_SKIP);
	}
	free(regions);
	return err;
}

/* Also says how many threads are not the runtime's. */
static int find_own(struct proof *proof, bool some_call, size_t *ret_foreign)
{
	uint32_t *tids;
	size_t count;
	size_t foreign = 0;
	int err = ltr_reach_threads(proof->target->process, &tids, &count);

	if (err)
		return err;
	proof->skip_count = 0;
	proof->own_tid_count = 0;
	err = skip_slabs(proof);
	if (!err)
		err = skip_rings(proof);
	if (!err)
		err = skip_regions(proof, some_call, tids, count);
	for (size_t i = 0; i < count; i++)
		foreign += !is_own(proof, tids[i]);
	free(tids);
	if (!err)
		*ret_foreign = foreign;
	return err;
}

/* --- one pass ------------------------------------------------------------------------------- */

/* Whoever is not as it was can go on, and nothing is known of its stack. */
static void distrust_moved(const struct ltr__population *before, struct ltr__population *after)
{
	size_t j = 0;

	for (size_t i = 0; i < after->count; i++) {
		struct ltr_reach_goroutine *now = &after->goroutines[i];

		while (j < before->count && before->goroutines[j].id < now->id)
			j++;
		if (j < before->count && before->goroutines[j].id == now->id &&
		    before->goroutines[j].sequence == now->sequence &&
		    before->goroutines[j].candidate == now->candidate)
			continue;
		now->candidate = false;
		now->saved_sp = 0;
	}
}

/* The stacks of those that can go on, before memory is read. */
static int read_early(struct ltr_reach *reach, const struct ltr__population *population)
{
	struct ltr_reach_goroutine *roots = calloc(population->count + 1, sizeof(*roots));
	size_t count = 0;
	int err;

	if (!roots)
		return -ENOMEM;
	for (size_t i = 0; i < population->count; i++)
		if (!population->goroutines[i].candidate)
			roots[count++] = population->goroutines[i];
	err = ltr_reach_read_stacks(reach, roots, count);
	free(roots);
	return err;
}

/* Everything but marking. -EAGAIN: somebody has begun a call meanwhile. */
static int read_all(struct proof *proof, const struct ltr__population *before,
		    struct ltr_reach *reach, struct ltr__population *ret_after, struct ltr_why *why)
{
	struct ltr__population after;
	int err = read_early(reach, before);

	if (!err)
		err = ltr_reach_read(reach, proof->skip, proof->skip_count, why);
	if (err)
		return err;
	err = ltr__population_read(proof->target, proof->most_bytes, &after);
	if (err)
		return err;
	distrust_moved(before, &after);
	err = ltr_reach_read_stacks(reach, after.goroutines, after.count);
	if (!err && after.some_call && !before->some_call)
		err = -EAGAIN;
	if (err) {
		ltr__population_done(&after);
		return err;
	}
	*ret_after = after;
	return 0;
}

static int add_registers(struct ltr_reach *reach, const struct ltr_reach_stop *stop)
{
	size_t count;
	const uint64_t *words = ltr_reach_stop_words(stop, &count);

	return ltr_reach_add_words(reach, words, count);
}

static int one_pass(struct proof *proof, const struct ltr_reach_stop *stop, size_t *ret_foreign,
		    struct ltr_reach **ret_reach, struct ltr__population *ret_population,
		    struct ltr_why *why)
{
	struct ltr__population before = {0};
	struct ltr_reach *reach = NULL;
	int err = ltr__population_read(proof->target, proof->most_bytes, &before);

	if (!err)
		err = find_own(proof, before.some_call, ret_foreign);
	if (!err)
		err = ltr_reach_new(proof->target->process, proof->most_bytes, &reach);
	if (!err && stop)
		err = add_registers(reach, stop);
	if (!err)
		err = read_all(proof, &before, reach, ret_population, why);
	ltr__population_done(&before);
	if (err) {
		ltr_reach_free(reach);
		return err;
	}
	*ret_reach = reach;
	return 0;
}

/* --- all passes ----------------------------------------------------------------------------- */

static int keep_suspects(struct proof *proof)
{
	const struct ltr__population *population = &proof->last;
	bool first = proof->info->passes == 0;
	size_t kept = 0;
	size_t j = 0;

	if (first) {
		proof->suspects = calloc(population->count + 1, sizeof(*proof->suspects));
		if (!proof->suspects)
			return -ENOMEM;
	}
	for (size_t i = 0; i < population->count; i++) {
		const struct ltr_reach_goroutine *goroutine = &population->goroutines[i];
		const struct suspect suspect = {goroutine->id, goroutine->object,
						goroutine->sequence};

		if (goroutine->reached)
			continue;
		while (!first && j < proof->suspect_count && proof->suspects[j].id < suspect.id)
			j++;
		if (!first && (j == proof->suspect_count || proof->suspects[j].id != suspect.id ||
			       proof->suspects[j].sequence != suspect.sequence ||
			       proof->suspects[j].object != suspect.object))
			continue;
		proof->suspects[kept++] = suspect; /* kept <= j: what is read is not written yet */
	}
	proof->suspect_count = kept;
	return 0;
}

static int keep_running(struct proof *proof)
{
	struct ltr__population *population = &proof->last;
	size_t kept = 0;

	if (proof->info->passes == 0) {
		proof->running = population->running;
		proof->running_count = population->running_count;
		population->running = NULL;
		return 0;
	}
	for (size_t i = 0; i < proof->running_count; i++)
		for (size_t j = 0; j < population->running_count; j++)
			if (memcmp(&proof->running[2 * i], &population->running[2 * j],
				   2 * sizeof(uint64_t)) == 0) {
				memmove(&proof->running[2 * kept++], &proof->running[2 * i],
					2 * sizeof(uint64_t));
				break;
			}
	proof->running_count = kept;
	return 0;
}

static int finish_pass(struct proof *proof, struct ltr_reach *reach,
		       struct ltr__population *population)
{
	int err = ltr_reach_mark(reach, population->goroutines, population->count);

	ltr__population_done(&proof->last);
	proof->last = *population;
	if (!err)
		err = keep_suspects(proof);
	if (!err)
		err = keep_running(proof);
	proof->facts = ltr_reach_facts(reach);
	proof->info->bytes += proof->facts.read_bytes;
	proof->info->passes++;
	ltr_reach_free(reach);
	return err;
}

static int give_up(struct proof *proof, const char *text)
{
	snprintf(proof->info->note, sizeof(proof->info->note), "%.*s",
		 (int)sizeof(proof->info->note) - 1, text);
	return 0;
}

static int pass_without_stop(struct proof *proof, size_t *ret_foreign, struct ltr_why *why)
{
	struct ltr__population population;
	struct ltr_reach *reach;
	int err = -EAGAIN;

	for (uint32_t i = 0; i < TRIES_MAX && err == -EAGAIN; i++)
		err = one_pass(proof, NULL, ret_foreign, &reach, &population, why);
	return err ? err : finish_pass(proof, reach, &population);
}

static int prove_without_stop(struct proof *proof, struct ltr_why *why)
{
	const struct timespec pause = {.tv_nsec = PASS_PAUSE_NS};
	char text[96];
	int err = 0;

	while (proof->info->passes < PASSES && !err) {
		size_t foreign;

		if (proof->info->passes)
			nanosleep(&pause, NULL);
		err = pass_without_stop(proof, &foreign, why);
		if (err)
			break;
		if (foreign) {
			snprintf(text, sizeof(text),
				 "it has %zu thread%s that goroutines do not run on, whose "
				 "registers are not seen",
				 foreign, foreign == 1 ? "" : "s");
			return give_up(proof, text);
		}
		if (!proof->suspect_count)
			break;
	}
	if (err)
		return err;
	if (proof->suspect_count && proof->running_count) {
		snprintf(text, sizeof(text),
			 "goroutine %llu ran all the time, and its registers are not seen",
			 (unsigned long long)proof->running[0]);
		return give_up(proof, text);
	}
	proof->info->conclusive = true;
	return 0;
}

static int prove_stopped(struct proof *proof, struct ltr_why *why)
{
	struct ltr_reach_stop *stop;
	struct ltr__population population;
	struct ltr_reach *reach;
	uint64_t start_ns = ltr_process_now_ns();
	size_t foreign;
	int err = ltr_reach_stop(proof->target->process, &stop, why);

	if (err)
		return err;
	free(proof->suspects);
	proof->suspects = NULL;
	free(proof->running);
	proof->running = NULL;
	proof->running_count = 0;
	proof->info->passes = 0;
	err = one_pass(proof, stop, &foreign, &reach, &population, why);
	ltr_reach_go_on(stop);
	proof->info->pause_ns = ltr_process_now_ns() - start_ns;
	if (!err)
		err = finish_pass(proof, reach, &population);
	if (!err)
		proof->info->conclusive = true;
	return err;
}

static void describe_weakness(const struct proof *proof)
{
	struct ltr_reach_info *info = proof->info;

	if (proof->facts.broken_heaps)
		snprintf(
			info->note, sizeof(info->note),
			"a heap of malloc() could not be walked and counted as alive: leaks behind "
			"it are not found");
	else if (proof->facts.unknown_bytes >= UNKNOWN_BYTES)
		snprintf(info->note, sizeof(info->note),
			 "%llu MB of memory whose allocator is not known counted as alive: leaks "
			 "behind it are not found",
			 (unsigned long long)((proof->facts.unknown_bytes + MEGABYTE - 1) /
					      MEGABYTE));
}

static void tell_census(const struct proof *proof, struct ltr_census *census)
{
	size_t j = 0;

	for (size_t i = 0; i < proof->last.count; i++) {
		const struct ltr_reach_goroutine *goroutine = &proof->last.goroutines[i];

		while (j < proof->suspect_count && proof->suspects[j].id < goroutine->id)
			j++;
		bool proven = j < proof->suspect_count && proof->suspects[j].id == goroutine->id;
		if (proven || goroutine->reached)
			ltr_census_note_reach(census, goroutine->id, goroutine->sequence >> 1,
					      !proven);
	}
}

/* A part of what the machine has left. */
static uint64_t memory_to_use(void)
{
	char line[128];
	unsigned long long kilobytes = 0;
	FILE *file = fopen("/proc/meminfo", "re");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %llu kB", &kilobytes) == 1)
			break;
	if (file)
		fclose(file);
	return kilobytes * 1024 / MEMORY_PART;
}

static int prove(struct proof *proof, enum ltr_reach_freeze freeze, struct ltr_why *why)
{
	int err = 0;

	if (freeze != LTR_FREEZE_ALWAYS)
		err = prove_without_stop(proof, why);
	if (freeze == LTR_FREEZE_ALWAYS ||
	    (!err && freeze == LTR_FREEZE_IF_NEEDED && !proof->info->conclusive)) {
		err = prove_stopped(proof, why);
		if (err == -EPERM && freeze == LTR_FREEZE_IF_NEEDED)
			return 0; /* the note says already why not */
	}
	return err;
}

int ltr__libloiter_reach(void *context, struct ltr_census *census, enum ltr_reach_freeze freeze)
{
	struct ltr__libloiter *target = context;
	struct ltr_reach_info *info = &ltr_census_info_mut(census)->reach;
	struct proof proof = {.target = target, .info = info, .most_bytes = memory_to_use()};
	uint64_t start_ns = ltr_process_now_ns();
	struct ltr_why why = {.text = ""};
	int err;

	*info = (struct ltr_reach_info){.tried = true};
	if (!target->layout.regions || !target->layout.region_count)
		return give_up(&proof, "it was built with a libloiter that does not tell what "
				       "memory is its own");
	err = prove(&proof, freeze, &why);
	info->elapsed_ns = ltr_process_now_ns() - start_ns;
	if (!err && info->conclusive) {
		info->note[0] = '\0';
		tell_census(&proof, census);
		describe_weakness(&proof);
	} else if (err && err != -ESRCH) {
		info->conclusive = false;
		give_up(&proof, why.text[0] ? why.text : strerror(-err));
		err = 0;
	}
	free(proof.skip);
	free(proof.own_tids);
	free(proof.suspects);
	free(proof.running);
	ltr__population_done(&proof.last);
	return err == -EFAULT ? -ESRCH : err;
}
