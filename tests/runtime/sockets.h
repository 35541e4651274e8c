/* SPDX-License-Identifier: MIT */
#ifndef LTR_TEST_SOCKETS_H
#define LTR_TEST_SOCKETS_H

/* What several of the network's rules begin with. */

#include "harness.h"

/* A listener on loopback, and its address to dial. */
static inline struct ltr_listener *listen_on(const char *where, char address[64])
{
	struct ltr_listener *listener;
	int host = (int)(strrchr(where, ':') - where);

	expect(ltr_listen(where, &listener) == 0);
	if (strncmp(where, "unix:", 5) == 0)
		snprintf(address, 64, "%s", where);
	else
		snprintf(address, 64, "%.*s:%u", host, where, ltr_listener_port(listener));
	return listener;
}

struct pair {
	struct ltr_conn *here, *there;
};

/* Two ends of a connection through a listener that is gone afterwards. */
static inline struct pair connect_through(const char *where)
{
	struct pair pair;
	char address[64];
	struct ltr_listener *listener = listen_on(where, address);

	expect(ltr_dial(address, &pair.here) == 0);
	expect(ltr_accept(listener, &pair.there) == 0);
	ltr_listener_close(listener);
	return pair;
}

static inline struct pair connect_pair(void)
{
	return connect_through("127.0.0.1:0");
}

static inline void close_pair(struct pair pair)
{
	ltr_conn_close(pair.here);
	ltr_conn_close(pair.there);
}

/* Let the others come to where they wait; nothing depends on whether they have. */
static inline void let_others_run(void)
{
	for (int i = 0; i < 50; i++)
		ltr_yield();
}

#endif
