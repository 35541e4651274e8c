/* SPDX-License-Identifier: MIT */
/*
 * The report as a JSON document, for programs: everything that a finding holds, in numbers where
 * there are numbers. What is not known is left out. Fields are only ever added; one that changes
 * its meaning makes a new VERSION.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "baseline.h"
#include "document.h"

#define VERSION 1

static struct json_object *frame_object(struct ltr__document *document,
					const struct ltr_finding_frame *frame)
{
	struct json_object *to = json_object_new_object();
	char address[32];

	ltr__document_add_text(document, to, "function", frame->function);
	ltr__document_add_text(document, to, "file",
			       ltr__stripped(frame->file, document->options->strip));
	if (frame->line)
		ltr__document_add_number(document, to, "line", frame->line);
	if (frame->pc) {
		/* a string: most readers of JSON hold numbers in 53 bits */
		snprintf(address, sizeof(address), "0x%" PRIx64, frame->pc);
		ltr__document_add_text(document, to, "address", address);
	}
	return to;
}

static void add_frame(struct ltr__document *document, struct json_object *to, const char *key,
		      const struct ltr_finding_frame *frame)
{
	if (frame->function[0] || frame->file[0] || frame->pc)
		ltr__document_add(document, to, key, frame_object(document, frame));
}

static struct json_object *members_array(struct ltr__document *document,
					 const struct ltr_finding *finding)
{
	struct json_object *array = json_object_new_array();

	for (uint32_t i = 0; i < finding->member_count; i++) {
		struct json_object *member = json_object_new_object();

		ltr__document_add_number(document, member, "id", finding->member[i].id);
		if (finding->member[i].parent_id)
			ltr__document_add_number(document, member, "parent",
						 finding->member[i].parent_id);
		ltr__document_add_text(document, member, "name", finding->member[i].name);
		ltr__document_append(document, array, member);
	}
	return array;
}

static void print_evidence(const struct ltr_judgement *judgement, const struct ltr_finding *finding,
			   const struct ltr_report_options *options, FILE *out)
{
	(void)judgement;
	(void)options;
	finding->rule->explain(finding, out);
}

static void add_goroutines(struct ltr__document *document, struct json_object *to,
			   const struct ltr_finding *finding);

static struct json_object *comer_object(struct ltr__document *document,
					const struct ltr_finding_comer *comer)
{
	struct json_object *to = json_object_new_object();

	ltr__document_add_number(document, to, "id", comer->id);
	if (comer->ended) {
		ltr__document_add_bool(document, to, "ended", true);
	} else {
		ltr__document_add_text(document, to, "state", ltr_state_name(comer->state));
		ltr__document_add_text(document, to, "reason", ltr_reason_name(comer->reason));
	}
	add_frame(document, to, "by", &comer->by);
	add_frame(document, to, "at", &comer->at);
	add_frame(document, to, "created_by", &comer->created);
	return to;
}

static struct json_object *lock_object(struct ltr__document *document,
				       const struct ltr_finding_lock *lock)
{
	struct json_object *to = json_object_new_object();
	char address[32];

	snprintf(address, sizeof(address), "0x%" PRIx64, lock->address);
	ltr__document_add_text(document, to, "address", address);
	if (lock->holder_id)
		ltr__document_add_number(document, to, "holder", lock->holder_id);
	if (lock->readers)
		ltr__document_add_number(document, to, "readers", lock->readers);
	if (lock->reader_id)
		ltr__document_add_number(document, to, "reader", lock->reader_id);
	if (lock->ended)
		ltr__document_add_bool(document, to, "ended", true);
	if (lock->reading)
		ltr__document_add_bool(document, to, "reading", true);
	if (lock->writer_id)
		ltr__document_add_number(document, to, "writer", lock->writer_id);
	add_frame(document, to, "locked_at", &lock->locked);
	if (lock->unlocker.id)
		ltr__document_add(document, to, "last_unlocked",
				  comer_object(document, &lock->unlocker));
	return to;
}

static void add_locks(struct ltr__document *document, struct json_object *to,
		      const struct ltr_finding *finding)
{
	struct json_object *cycle;

	if (finding->lock)
		ltr__document_add(document, to, "lock", lock_object(document, finding->lock));
	if (finding->behind)
		ltr__document_add_number(document, to, "behind", finding->behind);
	if (!finding->cycle_count)
		return;
	cycle = json_object_new_array();
	for (size_t i = 0; i < finding->cycle_count; i++) {
		struct json_object *one = json_object_new_object();

		add_goroutines(document, one, finding->cycle[i]);
		ltr__document_append(document, cycle, one);
	}
	ltr__document_add(document, to, "cycle", cycle);
}

static void add_fill(struct ltr__document *document, struct json_object *to,
		     const struct ltr_finding_object *object)
{
	if (!object->counted)
		return;
	ltr__document_add_signed(document, to, "count", object->count);
	if (object->kind == LTR_OBJECT_CHANNEL)
		ltr__document_add_bool(document, to, "closed", object->closed);
	if (object->kind != LTR_OBJECT_WAITGROUP)
		ltr__document_add_signed(document, to, "capacity", object->capacity);
}

static struct json_object *object_object(struct ltr__document *document,
					 const struct ltr_finding_object *object)
{
	struct json_object *to = json_object_new_object();
	char address[32];

	if (object->is_case) {
		ltr__document_add_number(document, to, "case", object->index);
		ltr__document_add_text(document, to, "does", object->receives ? "receive" : "send");
	}
	if (object->kind != LTR_OBJECT_CHANNEL)
		ltr__document_add_text(document, to, "kind", ltr_object_words(object->kind)->kind);
	snprintf(address, sizeof(address), "0x%" PRIx64, object->address);
	ltr__document_add_text(document, to, "address", address);
	add_fill(document, to, object);
	add_frame(document, to, ltr_object_words(object->kind)->made_key, &object->made);
	for (unsigned int i = 0; ltr__object_comer(object, i).comer; i++) {
		struct ltr__comer_word word = ltr__object_comer(object, i);

		if (word.comer->id)
			ltr__document_add(document, to, word.json,
					  comer_object(document, word.comer));
	}
	return to;
}

static void add_objects(struct ltr__document *document, struct json_object *to,
			const struct ltr_finding *finding)
{
	struct json_object *cases;

	if (finding->case_count) {
		cases = json_object_new_array();
		for (size_t i = 0; i < finding->object_count; i++)
			ltr__document_append(document, cases,
					     object_object(document, &finding->objects[i]));
		ltr__document_add(document, to, "cases", cases);
		ltr__document_add_number(document, to, "case_count", finding->case_count);
	} else if (finding->object_count) {
		ltr__document_add(document, to,
				  finding->objects[0].kind == LTR_OBJECT_CHANNEL ? "channel"
										 : "object",
				  object_object(document, &finding->objects[0]));
	}
}

static struct json_object *growth_object(struct ltr__document *document,
					 const struct ltr_finding_growth *growth)
{
	struct json_object *to = json_object_new_object();

	if (growth->window_ns) {
		ltr__document_add_number(document, to, "window_ns", growth->window_ns);
	} else {
		ltr__document_add_number(document, to, "before", growth->before);
		ltr__document_add_number(document, to, "after", growth->after);
	}
	ltr__document_add_number(document, to, "place_before", growth->place_before);
	ltr__document_add_number(document, to, "place_after", growth->place_after);
	return to;
}

static struct json_object *stack_array(struct ltr__document *document,
				       const struct ltr_finding *finding)
{
	struct json_object *stack = json_object_new_array();

	for (size_t i = 0; i < finding->depth; i++)
		ltr__document_append(document, stack, frame_object(document, &finding->stack[i]));
	return stack;
}

static void add_goroutines(struct ltr__document *document, struct json_object *to,
			   const struct ltr_finding *finding)
{
	ltr__document_add_printed(document, to, "evidence", print_evidence, finding);
	ltr__document_add_text(document, to, "state", ltr_state_name(finding->state));
	ltr__document_add_text(document, to, "reason", ltr_reason_name(finding->reason));
	if (finding->oldest_ns) {
		ltr__document_add_number(document, to, "youngest_ns", finding->youngest_ns);
		ltr__document_add_number(document, to, "oldest_ns", finding->oldest_ns);
	}
	if (finding->limit_ns)
		ltr__document_add_number(document, to, "limit_ns", finding->limit_ns);
	ltr__document_add(document, to, "goroutines", members_array(document, finding));
	add_frame(document, to, "created_by", &finding->created);
	add_frame(document, to, "entry", &finding->entry);
	ltr__document_add(document, to, "stack", stack_array(document, finding));
	add_objects(document, to, finding);
	if (finding->growth.place_after)
		ltr__document_add(document, to, "growth",
				  growth_object(document, &finding->growth));
	add_locks(document, to, finding);
	ltr__document_add_text(document, to, "advice", finding->advice);
}

static struct json_object *finding_object(struct ltr__document *document,
					  const struct ltr_finding *finding)
{
	struct json_object *to = json_object_new_object();

	ltr__document_add_text(document, to, "grade", ltr_grade_name(finding->grade));
	ltr__document_add_text(document, to, "rule", ltr_rule_name(finding->rule));
	ltr__document_add_bool(document, to, "fails",
			       ltr_finding_fails(finding, document->options->fail_on));
	if (finding->excused)
		ltr__document_add_bool(document, to, "excused", true);
	ltr__document_add_number(document, to, "process", finding->process);
	ltr__document_add_number(document, to, "count", finding->count);
	if (finding->schedules)
		ltr__document_add_number(document, to, "schedules", finding->schedules);
	ltr__document_add_printed(document, to, "summary", ltr_finding_summary, finding);
	if (finding->count)
		add_goroutines(document, to, finding);
	return to;
}

static struct json_object *change_object(struct ltr__document *document,
					 const struct ltr_change *change)
{
	struct json_object *to = json_object_new_object();

	ltr__document_add_number(document, to, "before", change->before);
	ltr__document_add_number(document, to, "after", change->after);
	if (change->found)
		ltr__document_add_bool(document, to, "found", true);
	ltr__document_add_text(document, to, "state", ltr_state_name(change->kind->state));
	ltr__document_add_text(document, to, "reason", ltr_reason_name(change->kind->reason));
	add_frame(document, to, "created_by", &change->kind->created);
	add_frame(document, to, "entry", &change->kind->entry);
	ltr__document_add(document, to, "stack", stack_array(document, change->kind));
	return to;
}

static struct json_object *comparison_object(struct ltr__document *document,
					     const struct ltr_comparison *comparison)
{
	struct json_object *to = json_object_new_object();
	struct json_object *changes = json_object_new_array();

	ltr__document_add_text(document, to, "before", comparison->before);
	ltr__document_add_text(document, to, "after", comparison->after);
	ltr__document_add_number(document, to, "count_before", comparison->count_before);
	ltr__document_add_number(document, to, "count_after", comparison->count_after);
	for (size_t i = 0; i < comparison->change_count; i++)
		ltr__document_append(document, changes,
				     change_object(document, &comparison->changes[i]));
	ltr__document_add(document, to, "changes", changes);
	return to;
}

static struct json_object *process_object(struct ltr__document *document,
					  const struct ltr_judged *process)
{
	struct json_object *to = json_object_new_object();

	if (process->pid)
		ltr__document_add_number(document, to, "pid", process->pid);
	ltr__document_add_text(document, to, "command", process->command);
	if (process->strategy)
		ltr__document_add_number(document, to, "seed", process->seed);
	if (process->alive)
		ltr__document_add_bool(document, to, "alive", true);
	ltr__document_add_number(document, to, "created", process->created);
	ltr__document_add_number(document, to, "exited", process->exited);
	return to;
}

static struct json_object *baseline_object(struct ltr__document *document)
{
	const struct ltr_baseline *baseline = document->options->baseline;
	struct json_object *to = json_object_new_object();
	struct json_object *stale = json_object_new_array();

	for (size_t i = 0; i < ltr_baseline_count(baseline); i++) {
		struct ltr_baseline_entry entry = ltr_baseline_at(baseline, i);
		struct json_object *item;

		if (!ltr_baseline_stale(baseline, i))
			continue;
		item = json_object_new_object();
		ltr__document_add_number(document, item, "line", entry.line);
		ltr__document_add_number(document, item, "unused", ltr_baseline_stale(baseline, i));
		ltr__document_add_text(document, item, "entry", entry.text);
		ltr__document_append(document, stale, item);
	}
	if (document->options->baseline_file)
		ltr__document_add_text(document, to, "file", document->options->baseline_file);
	ltr__document_add_bool(document, to, "conclusive",
			       ltr_judgement_is_conclusive(document->judgement));
	ltr__document_add(document, to, "stale", stale);
	return to;
}

static void add_replay(struct ltr__document *document, struct json_object *to, uint64_t seed)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	if (out)
		ltr__print_replay(document->options->exploration, seed, out);
	if (!out || fclose(out) != 0)
		document->error = -ENOMEM;
	else
		ltr__document_add_text(document, to, "replay", text);
	free(text);
}

static struct json_object *exploration_object(struct ltr__document *document)
{
	static const char *const outcomes[] = {
		[LTR_EXPLORED_DEADLOCK] = "deadlock",
		[LTR_EXPLORED_LEAK] = "leak",
		[LTR_EXPLORED_INCONCLUSIVE] = "inconclusive",
		[LTR_EXPLORED_STATUS] = "status",
	};
	const struct ltr_exploration *exploration = document->options->exploration;
	struct json_object *to = json_object_new_object();
	struct json_object *seeds = json_object_new_array();

	ltr__document_add_text(document, to, "strategy", exploration->strategy);
	ltr__document_add_number(document, to, "first_seed", exploration->first_seed);
	ltr__document_add_number(document, to, "asked", exploration->asked);
	ltr__document_add_number(document, to, "run", exploration->run);
	for (size_t i = 0; i < exploration->seed_count; i++) {
		const struct ltr_explored_seed *seed = &exploration->seeds[i];
		struct json_object *item = json_object_new_object();

		ltr__document_add_number(document, item, "seed", seed->seed);
		ltr__document_add_text(document, item, "outcome", outcomes[seed->outcome]);
		if (seed->outcome == LTR_EXPLORED_STATUS)
			ltr__document_add_number(document, item, "status", (uint64_t)seed->status);
		add_replay(document, item, seed->seed);
		ltr__document_append(document, seeds, item);
	}
	ltr__document_add(document, to, "seeds", seeds);
	return to;
}

int ltr__report_json(const struct ltr_judgement *judgement,
		     const struct ltr_report_options *options, FILE *out)
{
	struct ltr__document document = {.judgement = judgement, .options = options};
	struct json_object *root = json_object_new_object();
	struct json_object *processes = json_object_new_array();
	struct json_object *findings = json_object_new_array();

	for (size_t i = 0; i < ltr_judgement_process_count(judgement); i++)
		ltr__document_append(
			&document, processes,
			process_object(&document, ltr_judgement_process(judgement, i)));
	for (size_t i = 0; i < ltr_judgement_count(judgement); i++)
		ltr__document_append(&document, findings,
				     finding_object(&document, ltr_judgement_at(judgement, i)));
	ltr__document_add_text(&document, root, "format", "loiter check");
	ltr__document_add_number(&document, root, "version", VERSION);
	if (options->wall_ns)
		ltr__document_add_number(&document, root, "time_unix_ns", options->wall_ns);
	ltr__document_add(&document, root, "processes", processes);
	ltr__document_add(&document, root, "findings", findings);
	if (ltr_judgement_comparison(judgement))
		ltr__document_add(
			&document, root, "comparison",
			comparison_object(&document, ltr_judgement_comparison(judgement)));
	if (options->exploration)
		ltr__document_add(&document, root, "exploration", exploration_object(&document));
	if (options->baseline)
		ltr__document_add(&document, root, "baseline", baseline_object(&document));
	return ltr__document_write(&document, root, out);
}
