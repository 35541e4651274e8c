// SPDX-License-Identifier: MIT
/* See sockets.h. A question costs four system calls, so an answer is kept as long as the wait lasts. */
#include "sockets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "census_fill.h"

#define ASKED_MAX 4096u

struct look {
	const struct ltr_process *process;
	struct ltr_census *census;
	struct ltr_known_socket *sockets;
	size_t count;
	size_t asked;
	bool refused;
	bool postponed; /* somebody was not asked about */
};

static void note_refusal(struct look *look, int err)
{
	struct ltr_census_info *info = ltr_census_info_mut(look->census);

	look->refused = true;
	if (err == -EPERM)
		snprintf(info->sockets_reason, sizeof(info->sockets_reason),
			 "asking for the program's sockets is refused: it needs root or "
			 "CAP_SYS_PTRACE");
	else
		snprintf(info->sockets_reason, sizeof(info->sockets_reason),
			 "asking for the program's sockets fails: %s", strerror(-err));
}

static void ask(struct look *look, const struct ltr_goroutine *goroutine)
{
	struct ltr_known_socket *socket = &look->sockets[look->count];

	if (look->refused)
		return;
	if (look->asked == ASKED_MAX) {
		look->postponed = true;
		return;
	}
	look->asked++;
	int err = ltr_process_socket(look->process, goroutine->object, &socket->is);
	if (err == -EPERM || err == -ENOSYS) {
		note_refusal(look, err);
		return;
	}
	if (err) /* it has closed it, or it is none */
		return;
	socket->goroutine_id = goroutine->id;
	socket->transitions = goroutine->transitions;
	look->count++;
}

static void note_what_is_missing(const struct look *look, uint64_t waiting)
{
	struct ltr_census_info *info = ltr_census_info_mut(look->census);

	if (look->refused)
		return;
	info->sockets_reason[0] = '\0';
	if (waiting > LTR_KNOWN_SOCKETS_MAX)
		snprintf(info->sockets_reason, sizeof(info->sockets_reason),
			 "at most %u sockets are noted", LTR_KNOWN_SOCKETS_MAX);
	else if (look->postponed)
		snprintf(info->sockets_reason, sizeof(info->sockets_reason),
			 "a look asks about %u sockets that are new; the others come with the next",
			 ASKED_MAX);
}

int ltr__sockets_look(const struct ltr_process *process, struct ltr_census *census)
{
	uint64_t waiting = ltr_census_info(census)->by_state[LTR_STATE_NETWORK];
	uint64_t most = waiting;
	struct look look = {.process = process, .census = census};

	if (most > LTR_KNOWN_SOCKETS_MAX)
		most = LTR_KNOWN_SOCKETS_MAX;
	look.sockets = calloc(most ? most : 1, sizeof(*look.sockets));
	if (!look.sockets)
		return -ENOMEM;
	for (size_t i = 0; i < ltr_census_count(census) && look.count < most; i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(census, i);
		const struct ltr_known_socket *known;

		if (goroutine->state != LTR_STATE_NETWORK)
			continue;
		known = ltr_census_known_socket(census, goroutine);
		if (known)
			look.sockets[look.count++] = *known;
		else
			ask(&look, goroutine);
	}
	note_what_is_missing(&look, waiting);
	int err = ltr_census_know_sockets(census, look.sockets, look.count, true);
	free(look.sockets);
	return err;
}
