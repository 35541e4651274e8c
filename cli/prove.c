/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>

#include "backlog.h"
#include "cli.h"
#include "prove.h"

bool ltr__say_if_not_proven(const struct ltr_census *census)
{
	const struct ltr_census_info *info = ltr_census_info(census);
	uint64_t backlog = ltr__backlog(census);

	if (!info->reach.tried)
		return false;
	if (!info->reach.conclusive)
		ltr__say("no leak can be proven in process %u: %s", info->pid, info->reach.note);
	else if (backlog)
		ltr__say("process %u still moves: %" PRIu64
			 " of its goroutines wait for a CPU, and of what "
			 "becomes of them nothing is known",
			 info->pid, backlog);
	else
		return false;
	return true;
}

int ltr__prove(struct ltr_probe *probe, enum ltr_reach_freeze freeze)
{
	const struct ltr_census_info *info = ltr_census_info(ltr_probe_census(probe));
	int error = ltr_probe_reach(probe, freeze);

	if (error == -EOPNOTSUPP && info->way == LTR_WAY_FILE)
		ltr__say("no leak can be proven: the memory of process %u is not in its recording",
			 info->pid);
	else if (error == -EOPNOTSUPP)
		ltr__say("no leak can be proven in process %u: its memory is not understood",
			 info->pid);
	else if (!error)
		ltr__say_if_not_proven(ltr_probe_census(probe));
	return error == -EOPNOTSUPP ? 0 : error;
}
