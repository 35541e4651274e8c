/* SPDX-License-Identifier: MIT */

/* The debug=2 form (text.h): one paragraph a goroutine. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clean.h"
#include "objects.h"
#include "text.h"
#include "text_writer.h"
#include "words.h"

struct printer {
	const struct ltr_census *census;
	struct ltr__text text;
};

/* As it is where that cannot be misread, otherwise in quotes. */
static void put_word(struct ltr__text *text, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_-./+@#%";

	if (word[0] && word[strspn(word, plain)] == '\0')
		ltr__text_put(text, word);
	else
		ltr__text_quoted(text, word);
}

static void put_label(struct printer *printer, size_t *count, const char *key, const char *value)
{
	ltr__text_put(&printer->text, (*count)++ == 0 ? " {" : ", ");
	put_word(&printer->text, key);
	ltr__text_put(&printer->text, ": ");
	put_word(&printer->text, value);
}

/* What the kernel says of its thread: ", in read, thread asleep". */
static void put_thread(struct printer *printer, const struct ltr_goroutine *goroutine)
{
	const struct ltr_thread *thread = ltr_census_thread_of(printer->census, goroutine);
	const char *call = thread ? ltr_census_string(printer->census, thread->call_name) : "";

	if (call[0]) {
		ltr__text_put(&printer->text, ", in ");
		ltr__text_clean(&printer->text, call);
	}
	if (thread && thread->state != LTR_THREAD_UNKNOWN)
		ltr__text_format(&printer->text, ", thread %s",
				 ltr_thread_state_name(thread->state));
}

/* Whom it waits for, or where it lets everybody come. */
static void put_socket(struct printer *printer, size_t *count,
		       const struct ltr_goroutine *goroutine)
{
	struct ltr_census_socket socket;

	if (goroutine->state != LTR_STATE_NETWORK ||
	    !ltr_census_socket(printer->census, goroutine, &socket))
		return;
	if (socket.peer[0])
		put_label(printer, count, "from", socket.peer);
	else if (socket.local[0])
		put_label(printer, count, "at", socket.local);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/*
 * "prepare cases.c:12"; without debug information "prepare", and without names "program +0x12f3".
 */
static void place_text(const struct printer *printer, uint64_t pc, char *ret_text, size_t size)
{
	const struct ltr_symbol *symbol = ltr_census_call_place(printer->census, pc);
	const struct ltr_module *module =
		symbol->module < ltr_census_module_count(printer->census)
			? ltr_census_module(printer->census, symbol->module)
			: NULL;

	if (symbol->function[0] && symbol->file[0])
		snprintf(ret_text, size, "%s %s:%" PRIu32, symbol->function,
			 base_name(symbol->file), symbol->line);
	else if (symbol->function[0])
		snprintf(ret_text, size, "%s", symbol->function);
	else if (module)
		snprintf(ret_text, size, "%s +0x%" PRIx64, base_name(module->path),
			 pc - module->start + module->offset);
	else
		snprintf(ret_text, size, "0x%" PRIx64, pc);
}

static void put_object(struct printer *printer, size_t *count, const struct ltr_object *object)
{
	uint64_t made = ltr_census_made_pc(printer->census, object);
	struct ltr__comer comers[2];
	size_t comer_count = ltr__comers_of(printer->census, object, comers);
	char text[LTR__CLEAN_BYTES];
	char key[32];

	if (made) {
		place_text(printer, made, text, sizeof(text));
		put_label(printer, count,
			  object->kind == LTR_OBJECT_CHANNEL ? "made" : "first used", text);
	}
	ltr__fill_text(object, text);
	if (text[0])
		put_label(printer, count, ltr_object_words(object->kind)->kind, text);
	for (size_t i = 0; i < comer_count; i++) {
		int used = snprintf(text, sizeof(text), "%" PRIu64 " ", comers[i].id);

		if (!comers[i].id)
			snprintf(text, sizeof(text), "nobody");
		else if (comers[i].pc)
			place_text(printer, comers[i].pc, text + used, sizeof(text) - (size_t)used);
		else
			text[used - 1] = '\0';
		snprintf(key, sizeof(key), "last to %s", comers[i].verb);
		put_label(printer, count, key, text);
	}
}

static void put_lock(struct printer *printer, size_t *count, const struct ltr_lock *lock)
{
	uint64_t pc = ltr_census_locked_pc(printer->census, lock);
	char text[LTR__CLEAN_BYTES];

	if (lock->owner_id) {
		snprintf(text, sizeof(text), "%" PRIu64, lock->owner_id);
		put_label(printer, count, "held by", text);
	}
	if (lock->readers) {
		snprintf(text, sizeof(text), "%" PRIu32, lock->readers);
		put_label(printer, count, "readers", text);
	}
	if (pc) {
		place_text(printer, pc, text, sizeof(text));
		put_label(printer, count, "locked", text);
	}
}

static void put_waits_on(struct printer *printer, size_t *count,
			 const struct ltr_goroutine *goroutine)
{
	const struct ltr_lock *lock = ltr__lock_of(printer->census, goroutine);
	const struct ltr_object *object = ltr_census_object_of(printer->census, goroutine);
	size_t case_count;
	const struct ltr_select_case *cases =
		ltr_census_cases_of(printer->census, goroutine, &case_count);

	if (lock)
		put_lock(printer, count, lock);
	if (object)
		put_object(printer, count, object);
	for (size_t i = 0; i < case_count; i++) {
		char text[32];

		object = ltr_census_case_object(printer->census, &cases[i]);
		snprintf(text, sizeof(text), "%u %s", cases[i].index,
			 cases[i].receives ? "receives" : "sends");
		put_label(printer, count, "case", text);
		if (object)
			put_object(printer, count, object);
	}
}

static void put_header(struct printer *printer, const struct ltr_goroutine *goroutine)
{
	const struct ltr_census *census = printer->census;
	uint64_t minutes = ltr__wait_minutes(census, goroutine);
	size_t label_count;
	const struct ltr_census_label *labels =
		ltr_census_labels(census, goroutine->labels, &label_count);
	size_t count = 0;

	ltr__text_format(&printer->text, "goroutine %" PRIu64 " [%s", goroutine->id,
			 ltr__go_status(goroutine->state, goroutine->reason));
	if (ltr_census_info(census)->reach.tried &&
	    ltr_census_leak(census, goroutine) != LTR_LEAK_NONE)
		ltr__text_put(&printer->text, " (leaked)");
	if (minutes)
		ltr__text_format(&printer->text, ", %" PRIu64 " minutes", minutes);
	put_thread(printer, goroutine);
	ltr__text_put(&printer->text, "]");
	if (goroutine->name)
		put_label(printer, &count, "name", ltr_census_string(census, goroutine->name));
	put_socket(printer, &count, goroutine);
	put_waits_on(printer, &count, goroutine);
	for (size_t i = 0; labels && i < label_count; i++)
		put_label(printer, &count, ltr_census_string(census, labels[i].key),
			  ltr_census_string(census, labels[i].value));
	ltr__text_put(&printer->text, count ? "}:\n" : ":\n");
}

/* From the function's start; where the function is not known, in the file, for addr2line and nm. */
static void put_offset(struct printer *printer, const struct ltr_symbol *symbol, uint64_t pc)
{
	uint64_t start = symbol->start;

	if (!symbol->function[0] && symbol->module < ltr_census_module_count(printer->census)) {
		const struct ltr_module *module =
			ltr_census_module(printer->census, symbol->module);

		start = module->start - module->offset;
	}
	if (start && pc > start)
		ltr__text_format(&printer->text, " +0x%" PRIx64, pc - start);
}

/*
 * One address. `pc` is where the frame goes on, so the offset is counted from there, as Go does;
 * `address` is what is looked up.
 */
static void put_frame(struct printer *printer, uint64_t pc, uint64_t address)
{
	const struct ltr_symbol *symbol =
		ltr__pprof_visible(ltr_census_symbol(printer->census, address), false);

	for (; symbol; symbol = symbol->outer) {
		if (symbol->function[0])
			ltr__text_clean(&printer->text, symbol->function);
		else
			ltr__text_format(&printer->text, "0x%" PRIx64, address);
		ltr__text_put(&printer->text, "(...)\n\t");
		ltr__text_clean(&printer->text, ltr__pprof_file_of(printer->census, symbol));
		ltr__text_format(&printer->text, ":%u", symbol->line);
		if (!symbol->outer)
			put_offset(printer, symbol, pc);
		ltr__text_put(&printer->text, "\n");
	}
}

static void put_stack(struct printer *printer, const struct ltr_goroutine *goroutine)
{
	size_t count;
	const uint64_t *pcs = ltr__pprof_frames(printer->census, goroutine->stack, false, &count);

	for (size_t i = 0; i < count; i++)
		put_frame(printer, pcs[i], pcs[i] - 1);
	if (count > 0)
		return;
	if (goroutine->state == LTR_STATE_RUNNING)
		ltr__text_put(&printer->text,
			      "\tgoroutine running on other thread; stack unavailable\n");
	else if (goroutine->entry_pc)
		put_frame(printer, goroutine->entry_pc, goroutine->entry_pc);
}

static void put_creator(struct printer *printer, const struct ltr_goroutine *goroutine)
{
	const struct ltr_census *census = printer->census;
	const struct ltr_census_position *site = ltr_census_site(census, goroutine->site);
	const struct ltr_symbol *symbol = ltr_census_call_symbol(census, goroutine->creation_pc);
	const char *function = site ? ltr_census_string(census, site->function) : symbol->function;
	const char *file = site ? ltr_census_string(census, site->file) : "";
	uint32_t line = file[0] ? site->line : symbol->line;

	if (!site && goroutine->creation_pc == 0)
		return;
	ltr__text_put(&printer->text, "created by ");
	if (function[0])
		ltr__text_clean(&printer->text, function);
	else
		ltr__text_format(&printer->text, "0x%" PRIx64, goroutine->creation_pc);
	if (goroutine->parent_id)
		ltr__text_format(&printer->text, " in goroutine %" PRIu64, goroutine->parent_id);
	ltr__text_put(&printer->text, "\n\t");
	ltr__text_clean(&printer->text, file[0] ? file : ltr__pprof_file_of(census, symbol));
	ltr__text_format(&printer->text, ":%u", line);
	while (symbol->outer)
		symbol = symbol->outer;
	if (symbol->start && goroutine->creation_pc > symbol->start)
		ltr__text_format(&printer->text, " +0x%" PRIx64,
				 goroutine->creation_pc - symbol->start);
	ltr__text_put(&printer->text, "\n");
}

static void free_goroutines(const struct ltr_goroutine ***goroutines)
{
	free(*goroutines);
}

/* A recording may say anything. */
static void put_reason(struct printer *printer, const char *what, const char *reason)
{
	ltr__text_format(&printer->text, "# loiter: %s: ", what);
	ltr__text_clean(&printer->text, reason);
	ltr__text_put(&printer->text, "\n\n");
}

/* What the headers below would say of somebody, and why they do not. */
static void put_what_is_missing(struct printer *printer)
{
	const struct ltr_census *census = printer->census;
	const struct ltr_census_info *info = ltr_census_info(census);
	bool on_threads = info->by_state[LTR_STATE_RUNNING] || info->by_state[LTR_STATE_SYSCALL];

	if (on_threads && info->threads_reason[0] && !ltr_census_thread_count(census))
		put_reason(printer, "nothing is known of threads", info->threads_reason);
	if (info->by_state[LTR_STATE_NETWORK] && info->sockets_reason[0])
		put_reason(printer, "addresses are missing", info->sockets_reason);
}

int ltr_text_debug2(const struct ltr_census *census, struct ltr_sink sink)
{
	__attribute__((cleanup(free_goroutines))) const struct ltr_goroutine **goroutines = NULL;
	struct printer printer = {.census = census};
	char loss[LTR__LOSS_BYTES];
	int err = ltr__goroutines_by_id(census, &goroutines);

	if (err)
		return err;
	ltr__text_init(&printer.text, sink);
	ltr__loss_text(census, loss);
	if (loss[0])
		ltr__text_format(&printer.text, "# %s\n\n", loss);
	put_what_is_missing(&printer);
	for (size_t i = 0; i < ltr_census_count(census); i++) {
		if (i > 0)
			ltr__text_put(&printer.text, "\n");
		put_header(&printer, goroutines[i]);
		put_stack(&printer, goroutines[i]);
		put_creator(&printer, goroutines[i]);
	}
	return ltr__text_finish(&printer.text);
}
