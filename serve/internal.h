/* SPDX-License-Identifier: MIT */
#ifndef LOITER_SERVE_INTERNAL_H
#define LOITER_SERVE_INTERNAL_H

/*
 * What the files of this room share. server.c owns libmicrohttpd, connections and time; pages.c
 * knows what is at which address, and index.c lists it; listen.c opens the socket; access.c decides
 * who may ask; body.c holds replies.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <pprof/profile.h>
#include <pprof/sink.h>

#include "serve.h"

/* --- listen.c */

struct ltr__listener {
	int fd;
	bool is_loopback;
	char address[INET6_ADDRSTRLEN + 16];
};

int ltr__listen(const struct ltr_serve_options *options, struct ltr__listener *ret_listener,
		struct ltr_serve_why *ret_why);

/* --- access.c */

/* Whether an Authorization header (NULL: none) carries the token; takes as long for every guess. */
bool ltr__token_fits(const char *token, const char *authorization);

/*
 * Whether a Host header (NULL: none) names this machine by an address or as localhost. A web page
 * that lets its own name point at 127.0.0.1 makes a browser send another.
 */
bool ltr__host_is_address(const char *host);

/* --- body.c: replies, and how much memory all of them take */

#define LTR__BODIES_BYTES_MAX (512u << 20)

struct ltr__budget {
	size_t used;
};

struct ltr__body {
	struct ltr__budget *budget;
	char *data;
	size_t bytes;
	size_t capacity; /* taken from the budget */
};

/* Collects what is written. -ENOMEM; -ENOBUFS if the budget is used up. */
struct ltr_sink ltr__body_sink(struct ltr__body *body);
int ltr__body_text(struct ltr__body *body, const char *text);
void ltr__body_done(struct ltr__body *body);

/* --- pages.c */

struct ltr__question {
	const char *path;
	const char *debug; /* values of the query; NULL: not there */
	const char *seconds;
	const char *accept; /* the header; NULL: not there */
	bool is_head;       /* nobody reads the body */
	const char *query;  /* all of it, as it was sent; "": there is none */
	struct ltr_profile_base
		*base; /* what was there when the waiting began; NULL: no waiting yet */
};

struct ltr__answer {
	unsigned int status;
	const char *type;    /* Content-Type */
	char *location;      /* owned; NULL: none */
	char filename[64];   /* Content-Disposition; "": none */
	bool is_pprof_error; /* X-Go-Pprof: 1 */
	struct ltr__body body;
	/* Instead of an answer: ask again with this base after so many seconds. 0: this is it. */
	unsigned int wait_seconds;
	struct ltr_profile_base *wait_base;
};

/* The longest that a request may ask to wait. */
#define LTR__SECONDS_MAX 3600

void ltr__page(const struct ltr_serve_source *source, const struct ltr__question *question,
	       struct ltr__answer *answer);

/* An answer of one sentence. */
void ltr__answer_error(struct ltr__answer *answer, unsigned int status, const char *sentence);

/* --- index.c */

/* -ENOMEM; -ENOBUFS as ltr__body_text(). */
int ltr__index_write(const struct ltr_census *census, struct ltr__body *body);

#endif
