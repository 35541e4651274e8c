// SPDX-License-Identifier: MIT
/*
 * Which addresses readers will ask about, and what lies there: the calls in all stacks, the functions
 * that goroutines run, and the calls that created them. Each is looked up once, a few at a time while
 * records come in, the rest at the end. The number of addresses is bounded: they come from the
 * program, and the symbols of a live one are bounded in the same way (symbols.c).
 */
#include <errno.h>
#include <stdlib.h>

#include "process.h"
#include "record_private.h"

#define WANTED_MAX (1u << 18)

static bool grow_slots(struct ltr__wanted *wanted)
{
	uint32_t slot_count = wanted->slot_count ? wanted->slot_count * 2 : 1024;
	uint32_t *slots = calloc(slot_count, sizeof(*slots));

	if (!slots)
		return false;
	for (uint32_t i = 0; i < wanted->count; i++) {
		uint32_t at = (uint32_t)ltr__mix(wanted->pcs[i]);
		while (slots[at & (slot_count - 1)])
			at++;
		slots[at & (slot_count - 1)] = i + 1;
	}
	free(wanted->slots);
	wanted->slots = slots;
	wanted->slot_count = slot_count;
	return true;
}

void ltr__want_symbol(struct ltr_recorder *recorder, uint64_t pc)
{
	struct ltr__wanted *wanted = &recorder->wanted;

	if (wanted->count >= WANTED_MAX)
		return;
	if ((wanted->count + 1) * 2 > wanted->slot_count && !grow_slots(wanted)) {
		ltr__record_fail(recorder, -ENOMEM);
		return;
	}
	uint32_t mask = wanted->slot_count - 1;
	uint32_t at = (uint32_t)ltr__mix(pc) & mask;
	for (; wanted->slots[at]; at = (at + 1) & mask)
		if (wanted->pcs[wanted->slots[at] - 1] == pc)
			return;
	if (ltr__grow(&wanted->pcs, &wanted->capacity, wanted->count + 1ull, sizeof(*wanted->pcs)) <
	    0) {
		ltr__record_fail(recorder, -ENOMEM);
		return;
	}
	wanted->pcs[wanted->count++] = pc;
	wanted->slots[at] = wanted->count;
}

void ltr__want_goroutine(struct ltr_recorder *recorder, const struct ltr_goroutine *goroutine)
{
	struct ltr__wanted *wanted = &recorder->wanted;

	if (goroutine->entry_pc != wanted->last_entry && goroutine->entry_pc)
		ltr__want_symbol(recorder, goroutine->entry_pc);
	if (goroutine->creation_pc != wanted->last_creation && goroutine->creation_pc)
		ltr__want_symbol(recorder, goroutine->creation_pc - 1);
	wanted->last_entry = goroutine->entry_pc;
	wanted->last_creation = goroutine->creation_pc;
}

void ltr__want_later(struct ltr_recorder *recorder, uint32_t stack)
{
	struct ltr__wanted *wanted = &recorder->wanted;

	/* Numbers grow: what is smaller than the last has come before, as a sample or otherwise. */
	if (stack < wanted->next_stack || !stack ||
	    (wanted->later_count && stack <= wanted->later[wanted->later_count - 1]))
		return;
	if (ltr__grow(&wanted->later, &wanted->later_capacity, wanted->later_count + 1ull,
		      sizeof(*wanted->later)) < 0) {
		ltr__record_fail(recorder, -ENOMEM);
		return;
	}
	wanted->later[wanted->later_count++] = stack;
}

/* The bit of the module that an address lies in; 0: none of the first 64. */
static uint64_t module_bit(const struct ltr_census *census, uint64_t pc)
{
	size_t count = ltr_census_module_count(census);

	for (size_t i = 0; i < count && i < 64; i++) {
		const struct ltr_module *module = ltr_census_module(census, i);

		if (module->start <= pc && pc < module->end)
			return 1ull << i;
	}
	return 0;
}

/* Only what lies in these modules; UINT64_MAX: everything. */
static void want_stack(struct ltr_recorder *recorder, uint32_t stack, uint64_t modules)
{
	size_t depth;
	const uint64_t *pcs = ltr_census_stack(recorder->census, stack, &depth);

	for (size_t i = 0; i < depth; i++)
		if (pcs[i] &&
		    (modules == UINT64_MAX || module_bit(recorder->census, pcs[i] - 1) & modules))
			ltr__want_symbol(recorder, pcs[i] - 1);
}

static void note_modules(struct ltr_recorder *recorder, uint32_t stack)
{
	size_t depth;
	const uint64_t *pcs = ltr_census_stack(recorder->census, stack, &depth);

	for (size_t i = 0; i < depth; i++)
		if (pcs[i])
			recorder->wanted.modules |= module_bit(recorder->census, pcs[i] - 1);
}

/* `is_end`: also what was left for the end. */
static void want_stacks(struct ltr_recorder *recorder, bool is_end)
{
	struct ltr__wanted *wanted = &recorder->wanted;
	uint32_t *next = &wanted->next_stack;

	if (!*next)
		*next = 1;
	for (; *next < ltr_census_stack_count(recorder->census); ++*next) {
		if (wanted->later_next < wanted->later_count &&
		    wanted->later[wanted->later_next] == *next) {
			wanted->later_next++;
			want_stack(recorder, *next, wanted->modules);
			continue;
		}
		want_stack(recorder, *next, UINT64_MAX);
		note_modules(recorder, *next);
	}
	if (!is_end)
		return;
	for (uint32_t i = 0; i < wanted->later_count; i++)
		want_stack(recorder, wanted->later[i], UINT64_MAX);
	wanted->later_count = wanted->later_next = 0;
}

static void write_module(struct ltr__writing *writing, const struct ltr_module *module)
{
	ltr__write_number(writing, LTR__ENTRY_MODULE);
	ltr__write_number(writing, module->start);
	ltr__write_number(writing, module->end);
	ltr__write_number(writing, module->offset);
	ltr__write_text(writing, module->path);
	ltr__write_text(writing, module->build_id);
}

static void write_symbol(struct ltr__writing *writing, const struct ltr_census *census, uint64_t pc)
{
	const struct ltr_symbol *symbol = ltr_census_symbol(census, pc);
	uint32_t count = 0;

	for (const struct ltr_symbol *at = symbol; at && count < LTR__RECORD_CHAIN_MAX;
	     at = at->outer)
		count++;
	ltr__write_number(writing, LTR__ENTRY_SYMBOL);
	ltr__write_number(writing, pc);
	ltr__write_number(writing, count);
	for (; count; count--, symbol = symbol->outer) {
		ltr__write_text(writing, symbol->function);
		ltr__write_text(writing, symbol->file);
		ltr__write_number(writing, symbol->line);
		ltr__write_number(writing,
				  symbol->module == UINT32_MAX ? 0 : symbol->module + 1ull);
		ltr__write_number(writing, symbol->start);
		ltr__write_number(writing, symbol->is_runtime);
	}
}

/* Modules that have become known; looking symbols up may find new ones. */
static int write_modules(struct ltr_recorder *recorder, const struct ltr_record_sink *sink)
{
	struct ltr__writing writing = {0};
	size_t *next = &recorder->modules_written;
	int err = 0;

	for (; *next < ltr_census_module_count(recorder->census); ++*next)
		write_module(&writing, ltr_census_module(recorder->census, *next));
	if (writing.used || writing.failed)
		err = ltr__record_block(recorder, sink, LTR__BLOCK_SYMBOLS,
					recorder->census->info.now_ns, &writing);
	free(writing.bytes);
	return err;
}

int ltr__record_symbols(struct ltr_recorder *recorder, const struct ltr_record_sink *sink,
			uint64_t within_ns)
{
	struct ltr__writing writing = {0};
	uint32_t *next = &recorder->symbols_written;
	uint64_t begin_ns = ltr_process_now_ns();
	int err = 0;

	want_stacks(recorder, !within_ns);
	while (*next < recorder->wanted.count && !err) {
		write_symbol(&writing, recorder->census, recorder->wanted.pcs[(*next)++]);
		bool last = *next == recorder->wanted.count;
		bool late = within_ns && ltr_process_now_ns() - begin_ns >= within_ns;
		if (!last && !late && writing.used < LTR__BLOCK_RAW_AIM)
			continue;
		err = write_modules(recorder, sink);
		if (!err)
			err = ltr__record_block(recorder, sink, LTR__BLOCK_SYMBOLS,
						recorder->census->info.now_ns, &writing);
		writing.used = 0;
		if (late)
			break;
	}
	free(writing.bytes);
	return err;
}

void ltr__record_look_up(struct ltr_recorder *recorder, uint64_t within_ns)
{
	struct ltr__wanted *wanted = &recorder->wanted;
	uint64_t begin_ns = ltr_process_now_ns();

	want_stacks(recorder, false);
	while (recorder->symbols_known < wanted->count) {
		/* who finds it keeps it */
		ltr_census_symbol(recorder->census, wanted->pcs[recorder->symbols_known++]);
		if (ltr_process_now_ns() - begin_ns >= within_ns)
			break;
	}
}

void ltr__wanted_done(struct ltr__wanted *wanted)
{
	free(wanted->pcs);
	free(wanted->later);
	free(wanted->slots);
	*wanted = (struct ltr__wanted){0};
}
