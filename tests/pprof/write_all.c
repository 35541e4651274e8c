/* SPDX-License-Identifier: MIT */

/* write_all FOLDER: every form of the fixture's census as a file there, for gotool.sh. */

#include <errno.h>
#include <stdio.h>

#include <pprof/json.h>
#include <pprof/output.h>
#include <pprof/text.h>

#include "fixture.h"

static int write_profile(const struct ltr_census *census, const struct ltr_profile_type *type,
			 const struct ltr_profile_options *options, struct ltr_sink sink)
{
	return options ? ltr_profile_write(census, type, options, sink)
		       : ltr_text_debug1(census, type, sink);
}

static int write_file(const struct ltr_census *census, const struct ltr_profile_type *type,
		      const struct ltr_profile_options *options, const char *folder,
		      const char *suffix)
{
	char path[4096];
	struct ltr_output *output;
	int err;

	snprintf(path, sizeof(path), "%s/%s%s", folder, type->name, suffix);
	err = ltr_output_open(path, options != NULL, &output);
	if (err)
		return err;
	err = write_profile(census, type, options, ltr_output_sink(output));
	if (err) {
		ltr_output_abort(output);
		return err;
	}
	return ltr_output_commit(output);
}

static int write_folded(const struct ltr_census *census, const struct ltr_profile_type *type,
			const char *folder)
{
	char path[4096];
	struct ltr_output *output;
	int err;

	snprintf(path, sizeof(path), "%s/%s.folded", folder, type->name);
	err = ltr_output_open(path, false, &output);
	if (err)
		return err;
	err = ltr_profile_folded(census, type, NULL, ltr_output_sink(output));
	if (err) {
		ltr_output_abort(output);
		return err;
	}
	return ltr_output_commit(output);
}

/* Of two processes of one program, as merged.pb.gz. */
static int write_merged(const char *folder)
{
	struct ltr_census *first = fixture_census(false);
	struct ltr_census *second = fixture_census(true);
	const struct ltr_census *const both[] = {first, second};
	char path[4096];
	struct ltr_output *output;
	int err;

	ltr_census_info_mut(second)->pid = 4712;
	snprintf(path, sizeof(path), "%s/merged.pb.gz", folder);
	err = ltr_output_open(path, true, &output);
	if (!err) {
		err = ltr_profile_write_all(both, 2, ltr_profile_type_find("goroutine"), NULL,
					    ltr_output_sink(output));
		if (err)
			ltr_output_abort(output);
		else
			err = ltr_output_commit(output);
	}
	ltr_census_free(first);
	ltr_census_free(second);
	return err;
}

/* A goroutine that waited and has ended, and one that unlocked for it, as TYPE-ended.pb.gz. */
static struct ltr_census *ended_census(void)
{
	static const struct ltr_clock_rate clock = {.ns_per_tick = 1};
	static const uint64_t pc = PC_REPLY + 0xe9;
	static const struct ltr_event events[] = {
		{1, 992 * SECOND_NS, 0, 2, LTR_KIND_START, 0, 0, 0},
		{1, 993 * SECOND_NS, 0x77, 3, LTR_KIND_PARK, LTR_REASON_MUTEX_LOCK, 0, 0},
		{1, 996 * SECOND_NS, 1, 4, LTR_KIND_STACK, 0, 0, 0},
		{1, 996 * SECOND_NS, 2, 4, LTR_KIND_READY, 0, 0, 0},
		{1, 996 * SECOND_NS, 0, 5, LTR_KIND_START, 0, 0, 0},
		{1, 997 * SECOND_NS, 0, 6, LTR_KIND_EXIT, 0, 0, 0},
	};
	struct ltr_census *census = fixture_empty();
	struct ltr_goroutine goroutine = {.state = LTR_STATE_QUEUED, .transitions = 1};
	int err = ltr_census_keep_waits(census);

	goroutine.since_ns = ltr_census_info(census)->started_ns;
	if (!err)
		err = ltr_census_define_stack(census, 1, &pc, 1);
	if (!err)
		err = ltr_census_snapshot_begin(census, goroutine.since_ns);
	for (goroutine.id = 1; goroutine.id <= 2 && !err; goroutine.id++) {
		err = ltr_census_intern_string(census, goroutine.id == 1 ? "waiter" : "holder",
					       &goroutine.name);
		if (!err)
			err = ltr_census_snapshot_put(census, &goroutine);
	}
	if (!err)
		err = ltr_census_snapshot_end(census, true);
	if (!err)
		err = ltr_census_apply(census, &clock, 0, 0, events,
				       sizeof(events) / sizeof(events[0]));
	ltr_census_advance(census, FIXTURE_NOW_NS);
	return err ? ltr_census_free(census) : census;
}

static int write_ended(const char *folder)
{
	static const struct ltr_profile_options options;
	static const char *const types[] = {"wait", "mutex", "wall"};
	struct ltr_census *census = ended_census();
	int err = census ? 0 : -ENOMEM;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && !err; i++)
		err = write_file(census, ltr_profile_type_find(types[i]), &options, folder,
				 "-ended.pb.gz");
	ltr_census_free(census);
	return err;
}

int main(int argc, char **argv)
{
	static const struct ltr_profile_options grouped;
	static const struct ltr_profile_options single = {.per_goroutine = true};
	static const struct ltr_profile_options whole = {.runtime_frames = true};
	struct ltr_census *lossy = fixture_census(true);
	struct ltr_census *proven = fixture_census(false); /* nobody is leaked who is unsure */
	int err = 0;

	if (argc != 2)
		return 64;
	fixture_prove(proven, true);
	for (size_t i = 0; i < ltr_profile_type_count() && !err; i++) {
		const struct ltr_profile_type *type = ltr_profile_type_at(i);
		const struct ltr_census *census = type->from_proof ? proven : lossy;

		err = write_file(census, type, &grouped, argv[1], ".pb.gz");
		if (!err)
			err = write_file(census, type, &single, argv[1], "-single.pb.gz");
		if (!err)
			err = write_file(census, type, &whole, argv[1], "-whole.pb.gz");
		if (!err)
			err = write_file(census, type, NULL, argv[1], ".debug1");
		if (!err)
			err = write_folded(census, type, argv[1]);
		if (!err)
			printf("%s\n", type->name);
	}
	if (!err)
		err = write_merged(argv[1]);
	if (!err)
		err = write_ended(argv[1]);
	ltr_census_free(lossy);
	ltr_census_free(proven);
	if (err)
		fprintf(stderr, "write_all: %s\n", ltr_output_error(err));
	return err ? 1 : 0;
}
