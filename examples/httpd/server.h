/* SPDX-License-Identifier: MIT */
#ifndef HTTPD_SERVER_H
#define HTTPD_SERVER_H

/*
 * What all connections share. The options are constant once connections exist; `requests` and
 * `stopping` are counters and flags that anybody may touch at any time.
 */

#include <loiter.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct connection;

struct server {
	int root; /* descriptor of the folder that is served */
	int64_t idle_ns;
	uint64_t leak_every;   /* one request in so many leaks a goroutine; 0: none */
	uint64_t max_requests; /* stop after so many; 0: never */
	_Atomic uint64_t requests;
	atomic_bool stopping;
	struct ltr_listener *listener; /* closing it is what stops the server */

	struct ltr_mutex mutex;         /* guards `first` and the links in connections */
	struct connection *first;       /* those whose goroutine has not ended */
	struct ltr_waitgroup connected; /* counts the same */
};

/* Stop: no new connections, none kept alive. By any goroutine, any number of times. */
static inline void server_stop(struct server *server)
{
	atomic_store(&server->stopping, true);
	ltr_listener_close(server->listener);
}

#endif
