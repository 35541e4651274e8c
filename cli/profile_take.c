/* SPDX-License-Identifier: MIT */

/* Taking a profile (profile_take.h). */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <pprof/json.h>
#include <pprof/output.h>
#include <pprof/text.h>

#include "cli.h"
#include "profile_take.h"
#include "prove.h"
#include "rights.h"
#include "second_look.h"
#include "target.h"
#include "watch.h"

#define DEFAULT_SECONDS 10

/* So often it is looked who is who, for the labels of what is sampled or added up. */
#define SNAPSHOT_NS 250000000ull

_Static_assert(LTR__WATCH_MAX >= LTR__INPUTS_MAX, "all inputs can be watched at once");

struct taking {
	const struct ltr__parsing *parsing;
	const struct ltr__profile_order *order;
	struct ltr__target *targets[LTR__INPUTS_MAX];
	const struct ltr_census *censuses[LTR__INPUTS_MAX];
	size_t count;
};

static uint64_t watch_ns(const struct taking *taking)
{
	const struct ltr_profile_type *type = taking->order->type;

	if (taking->order->length_ns)
		return taking->order->length_ns;
	if (taking->parsing->pid && (type->from_waits || type->from_cpu))
		return DEFAULT_SECONDS * LTR__SECOND_NS;
	return 0;
}

/* Returns true if the time was over before the program was. */
static bool watch(const struct taking *taking)
{
	uint64_t length_ns = watch_ns(taking);

	if (taking->parsing->pid && !length_ns)
		return false; /* one look */
	if (taking->count > 1)
		return ltr__watch_all(taking->targets, taking->count, length_ns);
	return ltr__watch(taking->targets[0], taking->parsing->pid != 0, length_ns);
}

static int write_form(const struct taking *taking, struct ltr_sink sink)
{
	const struct ltr__profile_order *order = taking->order;
	struct ltr_profile_options options = order->profile;
	const char *recordings[LTR__INPUTS_MAX] = {NULL};

	for (size_t i = 0; i < taking->parsing->input_count; i++)
		recordings[i] = taking->parsing->inputs[i].file;
	options.recordings = recordings;

	switch (order->form) {
	case LTR__FORM_FOLDED:
		return ltr_profile_folded_all(taking->censuses, taking->count, order->type,
					      &options, sink);
	case LTR__FORM_JSON:
		return ltr_profile_json_all(taking->censuses, taking->count, order->type, &options,
					    sink);
	case LTR__FORM_TEXT:
		return ltr_text_profile(taking->censuses[0], order->type, &options, sink);
	case LTR__FORM_GOROUTINES:
		return ltr_text_debug2(taking->censuses[0], sink);
	default:
		return ltr_profile_write_all(taking->censuses, taking->count, order->type, &options,
					     sink);
	}
}

static int write_profile(const struct taking *taking, struct ltr_output *output)
{
	int error = write_form(taking, ltr_output_sink(output));

	if (error)
		ltr_output_abort(output);
	else
		error = ltr_output_commit(output);
	if (error)
		ltr__say("cannot write the profile to %s: %s",
			 ltr__output_name(taking->order->file), ltr_output_error(error));
	return error;
}

static void say_unproven(const struct taking *taking, size_t i, int error)
{
	const char *why = error == -ESRCH ? "the program has ended" : strerror(-error);

	if (taking->count > 1)
		ltr__say("no leak can be proven in process %" PRIu32 ": %s",
			 ltr_census_info(taking->censuses[i])->pid, why);
	else
		ltr__say("no leak can be proven: %s", why);
}

/*
 * Of a command that is to end now anyway, somebody may be stopped. Returns false without a proof.
 */
static bool prove(const struct taking *taking, size_t i)
{
	struct ltr_probe *probe = ltr__target_probe(taking->targets[i]);
	enum ltr_reach_freeze freeze = LTR_FREEZE_IF_NEEDED;
	int error = ltr__look_first(probe);

	if (taking->parsing->pid)
		freeze = LTR_FREEZE_NEVER;
	if (taking->order->freeze)
		freeze = LTR_FREEZE_ALWAYS;
	if (!error)
		error = ltr__prove(probe, freeze);
	if (error)
		say_unproven(taking, i, error);
	return !error && ltr_census_info(taking->censuses[i])->reach.conclusive;
}

static struct ltr__target_options target_options(const struct taking *taking, size_t i)
{
	const struct ltr__parsing *parsing = taking->parsing;
	const struct ltr__profile_order *order = taking->order;
	bool waits = order->type->from_waits;
	struct ltr__target_options options = {
		.at_ns = parsing->at_ns,
		.command = parsing->program,
		.keeps_rights = parsing->input_count > 1,
		.probe = {.via = parsing->via, .waits = waits},
	};

	if (i < parsing->input_count) {
		options.pid = parsing->inputs[i].pid;
		options.file = parsing->inputs[i].file;
	}
	if (waits || order->type->from_cpu)
		options.probe.snapshot_ns = SNAPSHOT_NS;
	if (!waits && parsing->via == LTR_VIA_BEST)
		options.probe.via = LTR_VIA_SNAPSHOT; /* one look needs no events */
	if (order->type->from_cpu) {
		/* Events would cost the program more than the samples do, and change them. */
		options.probe.via = LTR_VIA_SNAPSHOT;
		options.probe.cpu_hz = order->rate_hz ? (uint32_t)order->rate_hz : LTR_CPU_HZ;
	}
	return options;
}

/* Of several, the sentence has to tell which one. */
static void say_why(const struct taking *taking, size_t i, const char *why)
{
	const struct ltr__input *input = &taking->parsing->inputs[i];
	char name[32];

	snprintf(name, sizeof(name), "process %" PRIu32, input->pid);
	if (taking->parsing->input_count <= 1 || strstr(why, input->file ? input->file : name))
		ltr__say("%s", why);
	else
		ltr__say("%s: %s", input->file ? input->file : name, why);
}

/*
 * A recording without samples would make an empty profile, which looks like a program without work.
 */
static bool has_samples(const struct taking *taking, size_t i, struct ltr_why *why)
{
	const struct ltr_census_info *info =
		ltr_census_info(ltr_probe_census(ltr__target_probe(taking->targets[i])));

	if (!taking->order->type->from_cpu || info->way != LTR_WAY_FILE || info->cpu_period_ns)
		return true;
	ltr__why(why, "there are no samples of the CPUs in %s: %s", taking->parsing->inputs[i].file,
		 info->cpu_reason);
	return false;
}

/* What records alone can tell is not made up from snapshots. */
static bool has_records(const struct taking *taking, size_t i, struct ltr_why *why)
{
	const struct ltr_census_info *info = ltr_census_info(taking->censuses[i]);

	if (!taking->order->type->from_waits)
		return true;
	if (info->way != LTR_WAY_SNAPSHOT) {
		ltr__target_say_way(taking->targets[i]);
		return true;
	}
	ltr__why(why, "--type %s needs every event: %s", taking->order->type->name,
		 info->way_reason);
	return false;
}

static void close_opened(struct taking *taking)
{
	while (taking->count > 0)
		ltr__target_close(taking->targets[--taking->count], false);
}

/* Rights that opening them took, if not the last one has given them up. */
static int give_up_rights(struct taking *taking)
{
	int error = taking->parsing->input_count > 1 ? ltr__rights_keep(LTR__RIGHTS_LOOK) : 0;

	if (error) {
		ltr__say("cannot give up rights: %s", strerror(-error));
		close_opened(taking);
	}
	return error;
}

/* All of them, or none is open. *ret_status is what to exit with then. */
static int open_all(struct taking *taking, int *ret_status)
{
	size_t wanted = taking->parsing->input_count ? taking->parsing->input_count : 1;

	for (size_t i = 0; i < wanted; i++) {
		struct ltr__target_options options = target_options(taking, i);
		struct ltr_why why;
		int error = ltr__target_open(&options, &taking->targets[i], &why, ret_status);

		if (error) {
			say_why(taking, i, why.text);
			close_opened(taking);
			return error;
		}
		taking->censuses[i] = ltr_probe_census(ltr__target_probe(taking->targets[i]));
		taking->count++;
		if (!has_samples(taking, i, &why) || !has_records(taking, i, &why)) {
			say_why(taking, i, why.text);
			close_opened(taking);
			*ret_status = LTR__STATUS_FAILED;
			return -ENODATA;
		}
	}
	*ret_status = LTR__STATUS_FAILED;
	return give_up_rights(taking);
}

/* If it has ended: its last moment. */
static bool look(const struct taking *taking)
{
	bool proven = true;

	for (size_t i = 0; i < taking->count; i++)
		ltr_probe_refresh(ltr__target_probe(taking->targets[i]));
	for (size_t i = 0; taking->order->type->from_proof && i < taking->count; i++)
		proven &= prove(taking, i);
	return proven;
}

static int take(struct taking *taking, struct ltr_output *output)
{
	bool timed_out;
	bool proven;
	int status;
	int error = open_all(taking, &status);

	if (error) {
		ltr_output_abort(output);
		return status;
	}
	timed_out = watch(taking);
	proven = look(taking);
	error = write_profile(taking, output);
	for (size_t i = 0; i < taking->count; i++) /* of several, none has a status of its own */
		status = ltr__target_close(taking->targets[i], timed_out);
	if (error)
		return LTR__STATUS_FAILED;
	return status == LTR__STATUS_OK && !proven ? LTR__STATUS_INCONCLUSIVE : status;
}

int ltr__profile_take(const struct ltr__parsing *parsing, const struct ltr__profile_order *order)
{
	struct taking taking = {.parsing = parsing, .order = order};
	struct ltr_output *output;
	int error;

	/* Before anything is started: whoever waits for --seconds wants the file in the end. */
	error = ltr_output_open(order->file, order->form == LTR__FORM_PPROF, &output);
	if (error) {
		ltr__say("cannot write the profile to %s: %s", ltr__output_name(order->file),
			 ltr_output_error(error));
		return LTR__STATUS_FAILED;
	}
	return take(&taking, output);
}
