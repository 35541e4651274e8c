/* SPDX-License-Identifier: MIT */
#ifndef LOITER_SERVE_SERVE_H
#define LOITER_SERVE_SERVE_H

/*
 * A census over HTTP: the pages of Go's net/http/pprof, metrics for Prometheus, a sign of life.
 * docs/serve.md lists the pages.
 *
 * A server belongs to one thread and has none of its own: it does something only inside
 * ltr_serve_turn(), which never waits for a client. Whoever talks to it is hostile. A request is
 * bounded in bytes and in time, connections, replies under way and waiting requests in number;
 * what is over a limit is refused with a status and a sentence, or closed.
 */

#include <stdbool.h>
#include <stddef.h>

#include <pprof/metrics.h>
#include <probe/census.h>

struct ltr_serve;

struct ltr_serve_options {
	/* "127.0.0.1:6060", "[::1]:0", "localhost:6060", ":6060" (all). Port 0: any free one. */
	const char *listen;
	bool allow_remote; /* listen on an address that others can reach, too; needs a token */
	/* What clients have to send: "Authorization: Bearer TOKEN"; NULL: nothing. Copied. */
	const char *token;
	/* Both, in PEM: connections are encrypted. Used only until ltr_serve_open() returns. */
	const char *tls_certificate; /* and those that lead from it to one that clients trust */
	const char *tls_key;
	/*
	 * At most so many clients at once; others wait until one has left. 0: as many as a process
	 * of its own can have; RLIMIT_NOFILE is raised for them.
	 */
	unsigned int connections_max;
};

/* The shortest token that is worth the name. */
#define LTR_SERVE_TOKEN_MIN 16

struct ltr_serve_why {
	char text[256];
};

/*
 * Listens from now on; clients wait until the first turn.
 *   -EINVAL         `listen` is no address, the token is too short, or certificate and key do not
 *                   fit, or there is one without the other
 *   -EACCES         others could reach it, and that was not allowed, or there is no token
 *   -EADDRINUSE     and others as bind(2)
 *   -ENOMEM
 */
int ltr_serve_open(const struct ltr_serve_options *options, struct ltr_serve **ret_server,
		   struct ltr_serve_why *ret_why);

/* Closes all connections. Takes NULL, returns NULL. */
struct ltr_serve *ltr_serve_close(struct ltr_serve *server);

/* As in a URL, with the real port: "127.0.0.1:6060". Owned by the server. */
const char *ltr_serve_address(const struct ltr_serve *server);

/* "http" or "https" */
const char *ltr_serve_scheme(const struct ltr_serve *server);

/* Where the answers come from. */
struct ltr_serve_source {
	const struct ltr_census *census; /* NULL: there is nothing to see, for `why` */
	const char *why;                 /* a sentence without its full stop */
	/* Looks again at everything: called before a page that shows stacks. May be NULL. */
	void (*refresh)(void *context);
	void *context;
	/*
	 * Sees to it that the CPUs are sampled, for so many seconds from now on at least: called
	 * when somebody asks for a CPU profile, and with 0 when that is due. 0, or a negative errno
	 * and why not. NULL: they cannot be.
	 */
	int (*sample_cpu)(void *context, unsigned int seconds, char *why, size_t bytes);
	/*
	 * Looks for references, so that the census tells who is leaked: called after that, before a
	 * page that shows it. It may leave things as they are if it has looked a moment ago:
	 * clients ask as often as they like. 0, or a negative errno and why it could not look.
	 * NULL: it cannot be proven, and pages say so.
	 */
	int (*prove)(void *context, char *why, size_t bytes);
	/*
	 * How the program was judged, called before the metrics; NULL, or returns NULL: nobody did.
	 */
	const struct ltr_metrics_grade *(*grades)(void *context, size_t *ret_count);
};

/* Does all that can be done without waiting. `source` is used until it returns. */
void ltr_serve_turn(struct ltr_serve *server, const struct ltr_serve_source *source);

/* Readable when a turn is due; and in how many milliseconds one is due at the latest. */
int ltr_serve_fd(const struct ltr_serve *server);
int ltr_serve_timeout_ms(const struct ltr_serve *server);

#endif
