/* SPDX-License-Identifier: MIT */
#ifndef HTTPD_REQUEST_H
#define HTTPD_REQUEST_H

/*
 * One HTTP/1 request, put together from whatever pieces the network delivers.
 *
 * The parser is Debian's http-parser. Everything that is wrong with a request ends up as one HTTP
 * status in `status`; who answers with it has to close the connection, because nobody knows where
 * the next request would begin.
 */

#include <http_parser.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REQUEST_HEADER_MAX 16384u /* bytes of request line and headers; more: 431 */
#define REQUEST_TARGET_MAX 4096u  /* bytes of the request's target; more: 414 */
#define REQUEST_BODY_MAX   65536u /* bytes of a body, which we read and ignore; more: 413 */

struct request {
	http_parser parser;
	int status; /* 0: nothing is wrong */
	bool complete;
	bool keep_alive;
	uint64_t body_bytes;
	unsigned hosts; /* how many Host headers it has */
	size_t field_bytes;
	char field[8]; /* the beginning of the header's name that is being read */
	size_t target_bytes;
	char target[REQUEST_TARGET_MAX + 1];
};

/* Once, before the first request. */
void request_limits(void);

void request_begin(struct request *request);

/* Returns how many bytes belonged to this request; less than `bytes` only if it is complete or
 * something is wrong with it. */
size_t request_feed(struct request *request, const char *data, size_t bytes);

bool request_is_head(const struct request *request);

/*
 * The file that the request's target means, relative to the root, percent-decoded and ended by NUL;
 * "." for the root itself. -EINVAL: no path, or one that cannot be a file's name.
 * What ".." in it may reach is not decided here (files.h).
 */
int request_path(const struct request *request, char *ret_path, size_t bytes);

#endif
