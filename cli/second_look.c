/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <time.h>

#include "backlog.h"
#include "cli.h"
#include "second_look.h"

#define PAUSE_NS LTR__SECOND_LOOK_NS

int ltr__look_first(struct ltr_probe *probe)
{
	uint64_t waited_ns = 0;
	int error = ltr_probe_refresh_whole(probe);

	return error ? error : ltr__backlog_await(probe, &waited_ns);
}

int ltr__look_again(struct ltr_probe *probe, struct ltr_look **ret_earlier)
{
	const struct timespec pause = {.tv_nsec = (long)PAUSE_NS};
	struct ltr_look *earlier;
	int error = ltr_look_new(ltr_probe_census(probe), &earlier);

	if (error)
		return error;
	if (ltr_look_suspects(earlier)) {
		nanosleep(&pause, NULL);
		error = ltr_probe_refresh_whole(probe);
	}
	if (error)
		ltr_look_free(earlier);
	else
		*ret_earlier = earlier;
	return error;
}

/*
 * The last snapshot of the recording that was made long enough before `before_ns`: how it was then.
 */
static int look_before(const char *file, uint64_t started_ns, uint64_t before_ns,
		       struct ltr_look **ret_look, struct ltr_why *ret_why)
{
	struct ltr_replay_options options = {.at_ns = before_ns - started_ns - PAUSE_NS};
	struct ltr_probe *probe = NULL;
	int error;

	if (before_ns < started_ns + PAUSE_NS)
		return 0;
	error = ltr_probe_open_file(file, &options, &probe, ret_why);
	/* Before its first snapshot there is none to see, and that is what is shown then. */
	if (!error && ltr_census_info(ltr_probe_census(probe))->looked_ns + PAUSE_NS <= before_ns)
		error = ltr_look_new(ltr_probe_census(probe), ret_look);
	ltr_probe_close(probe);
	return error;
}

int ltr__look_back(const char *file, struct ltr_probe *probe, struct ltr_look **ret_earlier,
		   struct ltr_why *ret_why)
{
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(probe));
	struct ltr_look *last;
	int error = ltr_look_new(ltr_probe_census(probe), &last);

	*ret_earlier = NULL;
	if (!error && ltr_look_suspects(last))
		error = look_before(file, info->started_ns, info->looked_ns, ret_earlier, ret_why);
	ltr_look_free(last);
	return error;
}
