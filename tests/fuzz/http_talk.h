/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_HTTP_TALK_H
#define TESTS_FUZZ_HTTP_TALK_H

/*
 * A server in this very process, and one client after the other. Between the pieces that a client sends
 * the server has its turn. What has come back ends in a NUL.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <serve/serve.h>

#define TALK_TOKEN "a-token-of-24-characters"

struct talk {
	struct ltr_serve *server;
	struct ltr_serve_source source;
	int fd;
	const char *back;
	size_t back_bytes;
	bool ended;
};

/* Of the fixture's census; with TALK_TOKEN, or without one. */
void talk_open(struct talk *talk, bool with_token);

/* Sends all of it in such pieces, and takes what comes back: at least one known answer, or none. */
void talk_say(struct talk *talk, const uint8_t *data, size_t size, size_t piece);

/* Whatever was said before, who asks properly is answered. Closes the server. */
void talk_close(struct talk *talk);

#endif
