/* SPDX-License-Identifier: MIT */

/*
 * Names to addresses. getaddrinfo() cannot be told to stop, so it is called by a goroutine of its
 * own, in a blocking call; who asked waits for that until its deadline and then leaves, and the
 * answer, when it comes, finds nobody and is thrown away. At most LOOKUPS_MAX at once: servers that
 * do not answer must not take all threads that there are for blocking calls.
 */

#include <errno.h>
#include <loiter/goroutine.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "notice.h"

#define LOOKUPS_MAX 64u

/* Belongs to who asked and to who looks up; the second to let go frees it. */
struct lookup {
	struct ltr__wait_queue queue; /* its lock guards the rest of this paragraph */
	uint32_t references;
	bool done;
	int result;
	struct ltr__addresses found;

	/* Constant. */
	struct addrinfo hints;
	char *host; /* "": none */
	char port[];
};

static struct {
	struct ltr__wait_queue queue; /* its lock guards used */
	uint32_t used;
} line;

static void enter_line(void)
{
	ltr__lock(&line.queue.lock);
	/* A place is handed over directly from who leaves to who waits first. */
	if (line.used < LOOKUPS_MAX)
		line.used++;
	else
		ltr__notice_wait(&line.queue, LTR_REASON_SYSCALL, LTR_FOREVER);
	ltr__unlock(&line.queue.lock);
}

static void leave_line(void)
{
	ltr__lock(&line.queue.lock);
	if (!line.queue.list.first)
		line.used--;
	ltr__notice_wake(&line.queue);
}

static struct lookup *lookup_new(const char *host, const char *port, const struct addrinfo *hints)
{
	size_t port_bytes = strlen(port) + 1, host_bytes = strlen(host) + 1;
	struct lookup *lookup = calloc(1, sizeof(*lookup) + port_bytes + host_bytes);

	if (!lookup)
		return NULL;
	lookup->references = 2;
	lookup->hints = *hints;
	lookup->host = lookup->port + port_bytes;
	memcpy(lookup->port, port, port_bytes);
	memcpy(lookup->host, host, host_bytes);
	return lookup;
}

/* Under the lock, which is released. */
static void let_go(struct lookup *lookup)
{
	bool last = --lookup->references == 0;

	ltr__unlock(&lookup->queue.lock);
	if (last)
		free(lookup);
}

static bool is_alone(struct lookup *lookup)
{
	bool alone;

	ltr__lock(&lookup->queue.lock);
	alone = lookup->references == 1;
	ltr__unlock(&lookup->queue.lock);
	return alone;
}

static void ask(void *argument)
{
	struct lookup *lookup = argument;
	struct ltr__addresses found = {0};
	struct addrinfo *list = NULL;
	int result, error = getaddrinfo(lookup->host[0] ? lookup->host : NULL, lookup->port,
					&lookup->hints, &list);

	if (error == EAI_SYSTEM)
		result = errno ? -errno : -EIO;
	else
		result = ltr__addresses_take(error, list, &found);
	ltr__lock(&lookup->queue.lock);
	lookup->result = result;
	lookup->found = found;
	ltr__unlock(&lookup->queue.lock);
}

static void look_up(struct lookup **argument)
{
	struct lookup *lookup = *argument;

	enter_line();
	if (!is_alone(lookup)) /* it may have stood in line for long */
		ltr_blocking(ask, lookup);
	leave_line();
	ltr__lock(&lookup->queue.lock);
	lookup->done = true;
	ltr__notice_wake(&lookup->queue);
	ltr__lock(&lookup->queue.lock);
	let_go(lookup);
}

int ltr__look_up(const char *host, const char *port, const struct addrinfo *hints,
		 int64_t deadline_ns, struct ltr__addresses *ret_addresses)
{
	static const struct ltr_go_options options = {.name = "resolver", .daemon = true};
	struct lookup *lookup;
	int r;

	if (ltr__is_late(deadline_ns))
		return ltr__gave_up(deadline_ns);
	lookup = lookup_new(host, port, hints);
	if (!lookup)
		return -ENOMEM;
	ltr_go_with(&options, look_up, lookup);
	ltr__lock(&lookup->queue.lock);
	while (!lookup->done && ltr__notice_wait(&lookup->queue, LTR_REASON_SYSCALL, deadline_ns))
		;
	r = lookup->done ? lookup->result : ltr__gave_up(deadline_ns);
	if (r == 0)
		*ret_addresses = lookup->found;
	let_go(lookup);
	return r;
}
