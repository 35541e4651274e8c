/* SPDX-License-Identifier: MIT */
/* Looks at one process in a row, and the row. */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <check/baseline.h>
#include <loiter/layout.h>

#include "attach.h"
#include "cli.h"
#include "court_watch.h"
#include "interrupts.h"
#include "prove.h"
#include "second_look.h"

void ltr__watch_done(struct ltr__watch *watch)
{
	watch->history = ltr_history_free(watch->history);
}

static int judge(struct ltr__watch *watch, struct ltr_probe *probe, const struct ltr_look *earlier,
		 const struct ltr__court_options *options)
{
	const struct ltr_judge_options judge = {
		.alive = true,
		.older_than_ns = options->older_than_ns,
		.least = options->least,
		.earlier = earlier,
		.baseline = options->baseline,
		.history = watch->history,
	};
	struct ltr_judgement *run;
	int error = ltr_judgement_new(&run);

	if (error)
		return error;
	ltr_baseline_look_begins(options->baseline);
	error = ltr_judge_census(run, ltr_probe_census(probe), &judge);
	ltr_baseline_look_ends(options->baseline);
	if (!error)
		error = options->tell(options->tell_context, run);
	ltr_judgement_free(run);
	return error;
}

/* Once, not at each look. */
static void say_if_not_proven(struct ltr__watch *watch, const struct ltr_census *census)
{
	if (!watch->said)
		watch->said = ltr__say_if_not_proven(census);
}

/* Who has come to its end meanwhile is judged for that by others, and has a grace. */
static bool runs_on(const struct ltr_census *census)
{
	return ltr_census_info(census)->phase == LTR_PHASE_RUNNING;
}

static bool is_whole(struct ltr_probe *probe)
{
	return ltr_census_info(ltr_probe_census(probe))->unreadable == 0;
}

int ltr__watch_look(struct ltr__watch *watch, struct ltr_probe *probe,
		    const struct ltr__court_options *options)
{
	struct ltr_look *earlier = NULL;
	int error = watch->history ? 0 : ltr_history_new(&watch->history);

	if (!error)
		error = ltr__look_first(probe);
	if (error || !is_whole(probe))
		return error;
	error = ltr_history_add(watch->history, ltr_probe_census(probe));
	if (!error)
		error = ltr__look_again(probe, &earlier);
	if (!error && !is_whole(probe)) {
		ltr_look_free(earlier);
		return 0;
	}
	if (!error)
		error = ltr_probe_reach(probe,
					options->freeze ? LTR_FREEZE_ALWAYS : LTR_FREEZE_NEVER);
	if (error == -EOPNOTSUPP)
		error = 0;
	if (!error && ltr_probe_objects(probe) == -ENOMEM)
		error = -ENOMEM;
	if (!error && runs_on(ltr_probe_census(probe))) {
		say_if_not_proven(watch, ltr_probe_census(probe));
		error = judge(watch, probe, earlier, options);
		if (!error)
			watch->looks++;
	}
	ltr_look_free(earlier);
	return error;
}

/* Until it is time for the next look: false if there is none. */
static bool wait_for_next(struct ltr_probe *probe, const struct ltr__interrupts *interrupts,
			  uint64_t at_ns)
{
	for (;;) {
		struct pollfd news[] = {
			{.fd = interrupts->fd, .events = POLLIN},
			{.fd = ltr_probe_fd(probe), .events = POLLIN},
		};
		uint64_t now_ns = ltr__now_ns();
		uint64_t left_ms = now_ns < at_ns ? (at_ns - now_ns) / LTR__MS_NS + 1 : 0;

		if (ltr__interrupts_came(interrupts))
			return false;
		if (left_ms == 0)
			return true;
		if (poll(news, 2, left_ms > 1000 ? 1000 : (int)left_ms) < 0 && errno != EINTR)
			return false;
		if (ltr_probe_poll(probe, 0) == -ESRCH)
			return false;
	}
}

static int watch_until_end(struct ltr__watch *watch, struct ltr_probe *probe,
			   const struct ltr__court_options *options)
{
	struct ltr__interrupts interrupts = {.fd = -1};
	uint64_t at_ns = ltr__now_ns();
	int error;

	ltr__interrupts_begin(&interrupts);
	do {
		at_ns += options->every_ns;
		error = ltr__watch_look(watch, probe, options);
		/* A look that took longer than that is not followed by two at once. */
		if (at_ns < ltr__now_ns())
			at_ns = ltr__now_ns();
	} while (!error && wait_for_next(probe, &interrupts, at_ns));
	ltr__interrupts_end(&interrupts);
	return error == -ESRCH ? 0 : error;
}

static int tell_inconclusive(uint32_t pid, const char *command, const char *text,
			     const struct ltr__court_options *options)
{
	struct ltr_judgement *run;
	int error = ltr_judgement_new(&run);

	if (error)
		return error;
	error = ltr_judge_inconclusive(run, pid, command, text);
	if (!error)
		error = options->tell(options->tell_context, run);
	ltr_judgement_free(run);
	return error;
}

int ltr__court_watch(uint32_t pid, const struct ltr__court_options *options,
		     struct ltr_why *ret_why)
{
	const struct ltr_probe_options probe_options = {.via = LTR_VIA_SNAPSHOT};
	char text[sizeof(ret_why->text) + 64];
	struct ltr__watch watch = {0};
	struct ltr_probe *probe = NULL;
	char command[256];
	int error;

	ltr__command_line(pid, command, sizeof(command));
	error = ltr__attach(pid, &probe_options, &probe, ret_why);
	if (error) {
		snprintf(text, sizeof(text), "could not be looked at: %s", ret_why->text);
		error = tell_inconclusive(pid, command, text, options);
	} else {
		error = watch_until_end(&watch, probe, options);
		if (!error && watch.looks == 0)
			error = tell_inconclusive(
				pid, command,
				"was not judged, not once: it could not be read as a whole, or its "
				"main goroutine had returned",
				options);
	}
	ltr__watch_done(&watch);
	ltr_probe_close(probe);
	if (error)
		ltr__why(ret_why, "cannot judge: %s", strerror(-error));
	return error;
}
