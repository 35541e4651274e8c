// SPDX-License-Identifier: MIT
/*
 * Which goroutines of a libloiter program nobody can wake any more (reach/reach.h has the idea). What
 * counts in the end is what no pass has reached, and what has not moved since the first. The first
 * pass reads everything; the others ask only who refers to what it has not reached.
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

#include "libloiter_proof.h"

#define PASSES        3u
#define PASS_PAUSE_NS 20000000l
#define TRIES_MAX     20u
#define UNKNOWN_BYTES (1ull << 20) /* fewer are not worth a word */
#define MEMORY_PART   2u           /* of what the machine has left, one part in so many */
#define MEGABYTE      1000000ull

struct proof {
	struct ltr_reach_info *info;
	struct ltr__pass pass;
	struct ltr__suspect *suspects; /* in order of ids; not reached in any pass */
	size_t suspect_count;
	uint64_t *running; /* as in struct ltr__population: in all passes so far */
	size_t running_count;
	uint64_t unknown_bytes; /* as in struct ltr_reach_facts; of the last pass */
	bool broken;            /* a heap could not be walked, in some pass */
};

static int keep_suspects(struct proof *proof)
{
	const struct ltr__population *population = &proof->pass.population;
	bool first = !proof->suspects;
	size_t kept = 0;
	size_t j = 0;

	if (first) {
		proof->suspects = calloc(population->count + 1, sizeof(*proof->suspects));
		if (!proof->suspects)
			return -ENOMEM;
	}
	for (size_t i = 0; i < population->count; i++) {
		const struct ltr_reach_goroutine *goroutine = &population->goroutines[i];
		const struct ltr__suspect suspect = {goroutine->id, goroutine->object,
						     goroutine->sequence};

		if (goroutine->reached)
			continue;
		while (!first && j < proof->suspect_count && proof->suspects[j].id < suspect.id)
			j++;
		if (!first && (j == proof->suspect_count || proof->suspects[j].id != suspect.id ||
			       proof->suspects[j].sequence != suspect.sequence ||
			       proof->suspects[j].object != suspect.object))
			continue;
		/* Each matches once, whatever ids the process shows: so kept <= j, and what is read is
		 * not written yet. */
		j += !first;
		proof->suspects[kept++] = suspect;
	}
	proof->suspect_count = kept;
	return 0;
}

static int keep_running(struct proof *proof)
{
	struct ltr__population *population = &proof->pass.population;
	size_t kept = 0;

	if (proof->info->passes == 0) {
		proof->running = population->running;
		proof->running_count = population->running_count;
		population->running = NULL;
		population->running_count = population->running_capacity = 0;
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

/* Of one that stood, nothing that runs is unseen. */
static int finish_pass(struct proof *proof)
{
	struct ltr__pass *pass = &proof->pass;
	struct ltr_reach_facts facts;
	int err = ltr_reach_mark(pass->reach, pass->population.goroutines, pass->population.count);

	if (!err)
		err = keep_suspects(proof);
	if (!err && !pass->stop)
		err = keep_running(proof);
	pass->suspects = proof->suspects;
	pass->suspect_count = proof->suspect_count;
	facts = ltr_reach_facts(pass->reach);
	proof->unknown_bytes = facts.unknown_bytes;
	proof->broken = proof->broken || facts.broken_heaps;
	proof->info->bytes += facts.read_bytes;
	proof->info->passes++;
	return err ? err : ltr_reach_forget(pass->reach);
}

static int give_up(struct proof *proof, const char *text)
{
	snprintf(proof->info->note, sizeof(proof->info->note), "%.*s",
		 (int)sizeof(proof->info->note) - 1, text);
	return 0;
}

static void pause_between(void)
{
	nanosleep(&(struct timespec){.tv_nsec = PASS_PAUSE_NS}, NULL);
}

static int pass_without_stop(struct proof *proof, struct ltr_why *why)
{
	int err = -EAGAIN;

	for (uint32_t i = 0; i < TRIES_MAX && err == -EAGAIN; i++)
		err = ltr__pass_read(&proof->pass, why);
	return err ? err : finish_pass(proof);
}

static void start_over(struct proof *proof)
{
	proof->pass.reach = ltr_reach_free(proof->pass.reach);
	free(proof->suspects);
	proof->suspects = NULL;
	proof->suspect_count = 0;
	free(proof->running);
	proof->running = NULL;
	proof->running_count = 0;
	proof->broken = false;
	proof->info->passes = 0;
}

/* A heap that was just changing cannot be walked: then it is tried again. */
static int first_pass(struct proof *proof, struct ltr_why *why)
{
	int err = 0;

	for (uint32_t i = 0; i < PASSES && !err; i++) {
		if (i)
			pause_between();
		start_over(proof);
		err = pass_without_stop(proof, why);
		if (!proof->broken)
			break;
	}
	return err;
}

/* Somebody is left who might have been proven, if all that could not be walked had been. */
static bool is_hidden(const struct proof *proof)
{
	const struct ltr__population *population = &proof->pass.population;

	if (!proof->broken || proof->suspect_count)
		return false;
	for (size_t i = 0; i < population->count; i++)
		if (population->goroutines[i].candidate)
			return true;
	return false;
}

static int prove_without_stop(struct proof *proof, struct ltr_why *why)
{
	char text[96];
	int err = 0;

	while (proof->info->passes < PASSES && !err) {
		size_t foreign;

		if (proof->info->passes)
			pause_between();
		err = proof->info->passes ? pass_without_stop(proof, why) : first_pass(proof, why);
		if (err)
			break;
		foreign = proof->pass.own.foreign;
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
	if (is_hidden(proof))
		return give_up(proof,
			       "a heap of malloc() could not be walked, and counted as alive");
	proof->info->conclusive = true;
	return 0;
}

/* What is to be known before it is stopped, unless passes while it ran have found that out. */
static int prepare_stop(struct proof *proof, struct ltr_why *why)
{
	int err;

	if (proof->pass.reach)
		return 0;
	proof->pass.watch_writes = true;
	err = first_pass(proof, why);
	proof->pass.watch_writes = false;
	return err;
}

/*
 * What passes over the running process have left is a guess, good enough to read only what refers to
 * that while it stands. If a heap could not be walked while it ran, it is read in full.
 */
static int prove_stopped(struct proof *proof, struct ltr_why *why)
{
	struct ltr_reach_stop *stop;
	uint64_t start_ns;
	int err = prepare_stop(proof, why);

	if (!err && !proof->suspect_count && !proof->broken) {
		proof->info->conclusive = true;
		return 0;
	}
	start_ns = ltr_process_now_ns();
	if (!err)
		err = ltr_reach_stop(proof->pass.target->process, &stop, why);
	if (err)
		return err;
	if (proof->broken)
		start_over(proof);
	proof->pass.stop = stop;
	err = ltr__pass_read(&proof->pass, why);
	ltr_reach_go_on(stop);
	proof->info->pause_ns = ltr_process_now_ns() - start_ns;
	proof->info->passes = 0;
	if (!err)
		err = finish_pass(proof);
	proof->pass.stop = NULL;
	if (!err)
		proof->info->conclusive = true;
	return err;
}

static void describe_weakness(const struct proof *proof)
{
	struct ltr_reach_info *info = proof->info;

	if (proof->broken)
		snprintf(
			info->note, sizeof(info->note),
			"a heap of malloc() could not be walked and counted as alive: leaks behind "
			"it are not found");
	else if (proof->unknown_bytes >= UNKNOWN_BYTES)
		snprintf(info->note, sizeof(info->note),
			 "%llu MB of memory whose allocator is not known counted as alive: leaks "
			 "behind it are not found",
			 (unsigned long long)((proof->unknown_bytes + MEGABYTE - 1) / MEGABYTE));
}

static void tell_census(const struct proof *proof, struct ltr_census *census)
{
	size_t j = 0;

	for (size_t i = 0; i < proof->pass.population.count; i++) {
		const struct ltr_reach_goroutine *goroutine = &proof->pass.population.goroutines[i];

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
	if (freeze == LTR_FREEZE_ALWAYS || (!err && freeze == LTR_FREEZE_IF_NEEDED &&
					    (!proof->info->conclusive || proof->broken))) {
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
	struct proof proof = {.info = info,
			      .pass = {.target = target, .most_bytes = memory_to_use()}};
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
	} else if (err && err != -ESRCH && err != -ECANCELED) {
		info->conclusive = false;
		give_up(&proof, why.text[0] ? why.text : strerror(-err));
		err = 0;
	}
	ltr__pass_done(&proof.pass);
	free(proof.suspects);
	free(proof.running);
	return err == -EFAULT ? -ESRCH : err;
}
