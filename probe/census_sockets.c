// SPDX-License-Identifier: MIT
/*
 * Sockets that goroutines wait on: asked for when somebody wants to know, where the program can be asked;
 * else what was noted of them at the last look, which counts as long as its goroutine makes no transition.
 */
#include <errno.h>
#include <stdlib.h>

#include "census_private.h"

void ltr_census_set_sockets(struct ltr_census *census, ltr_socket_find *find, void *context)
{
	census->find_socket = find;
	census->socket_context = context;
}

static int compare(const void *a, const void *b)
{
	const struct ltr_known_socket *x = a;
	const struct ltr_known_socket *y = b;

	return ltr__compare(x->goroutine_id, y->goroutine_id);
}

int ltr_census_know_sockets(struct ltr_census *census, const struct ltr_known_socket *sockets,
			    size_t count, bool first)
{
	uint32_t known = first ? 0 : census->socket_count;

	if (count > LTR_KNOWN_SOCKETS_MAX - known)
		return -E2BIG;
	int err = ltr__grow(&census->sockets, &census->socket_capacity, known + count,
			    sizeof(*census->sockets));
	if (err)
		return err;
	for (size_t i = 0; i < count; i++)
		census->sockets[known + i] = sockets[i];
	census->socket_count = known + (uint32_t)count;
	if (census->socket_count > 1)
		qsort(census->sockets, census->socket_count, sizeof(*census->sockets), compare);
	LTR__TAP(census, know_sockets, census->sockets, census->socket_count);
	return 0;
}

const struct ltr_known_socket *ltr_census_known_socket(const struct ltr_census *census,
						       const struct ltr_goroutine *goroutine)
{
	const struct ltr_known_socket key = {.goroutine_id = goroutine->id};
	const struct ltr_known_socket *socket =
		census->socket_count ? bsearch(&key, census->sockets, census->socket_count,
					       sizeof(*census->sockets), compare)
				     : NULL;

	return socket && socket->transitions == goroutine->transitions ? socket : NULL;
}

static int find(const struct ltr_census *census, const struct ltr_goroutine *goroutine,
		struct ltr_census_socket *ret_socket)
{
	const struct ltr_known_socket *known;

	if (census->find_socket)
		return census->info.gone ? -ESRCH
					 : census->find_socket(census->socket_context,
							       goroutine->object, ret_socket);
	known = ltr_census_known_socket(census, goroutine);
	if (!known)
		return -ENOENT;
	*ret_socket = known->is;
	return 0;
}

bool ltr_census_socket(const struct ltr_census *census, const struct ltr_goroutine *goroutine,
		       struct ltr_census_socket *ret_socket)
{
	const struct ltr_goroutine *now = ltr_census_find(census, goroutine->id);

	return now && now->transitions == goroutine->transitions &&
	       now->state == LTR_STATE_NETWORK && find(census, now, ret_socket) == 0;
}
