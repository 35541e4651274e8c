/* SPDX-License-Identifier: MIT */
/*
 * The life of one connection, in one goroutine:
 *
 *	read a request ─► answer it ─► keep alive? ─► read the next one
 *	      │ end, idle too long         │ no, or the request was wrong
 *	      ▼                            ▼
 *	    close                   say no more, let the other side finish, close
 *
 * The goroutine owns its struct connection. Others see it only through the server's list, under the
 * server's mutex, and do nothing to it but to shut its socket down or close it.
 */

#include "connection.h"

#include "audit.h"
#include "files.h"
#include "request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINGER_NS    LTR_SECOND
#define LINGER_BYTES (1u << 20)

struct connection {
	struct server *server;
	struct ltr_conn *conn;
	struct connection *next;      /* guarded by server->mutex */
	struct connection **previous; /* what points to us; guarded by server->mutex */
	struct request request;
	size_t in_start; /* in[in_start .. in_end) was read but not yet parsed */
	size_t in_end;
	char in[8192];
	char out[65536]; /* the head of an answer and a part of its body */
};

/*
 * The next request, complete or wrong (request.status). -EPIPE: the other side is done; -ETIMEDOUT:
 * nothing came; or what ltr_read() says. The whole request has to arrive within the idle time after
 * its first byte, so that one byte now and then does not keep a connection.
 */
static int read_request(struct connection *c)
{
	struct request *request = &c->request;
	bool begun = c->in_start < c->in_end;
	int64_t deadline = ltr_after(c->server->idle_ns);

	request_begin(request);
	for (;;) {
		ssize_t n;

		if (c->in_start < c->in_end)
			c->in_start +=
				request_feed(request, c->in + c->in_start, c->in_end - c->in_start);
		if (request->complete || request->status != 0)
			return 0;
		n = ltr_read(c->conn, c->in, sizeof(c->in), deadline);
		if (n == -ETIMEDOUT && begun) {
			request->status = HTTP_STATUS_REQUEST_TIMEOUT;
			return 0;
		}
		if (n <= 0)
			return n < 0 ? (int)n : -EPIPE;
		if (!begun)
			deadline = ltr_after(c->server->idle_ns);
		begun = true;
		c->in_start = 0;
		c->in_end = (size_t)n;
	}
}

/* Writes the head of an answer to `out`; returns its size. */
static size_t format_head(struct connection *c, int status, bool keep_alive, const char *type,
			  uint64_t bytes)
{
	char date[40];
	time_t now = time(NULL);
	struct tm tm;
	int n;

	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
	n = snprintf(c->out, sizeof(c->out),
		     "HTTP/1.1 %d %s\r\n"
		     "Date: %s\r\n"
		     "Content-Type: %s\r\n"
		     "Content-Length: %llu\r\n"
		     "%s%s"
		     "X-Content-Type-Options: nosniff\r\n"
		     "\r\n",
		     status, http_status_str((enum http_status)status), date, type,
		     (unsigned long long)bytes,
		     status == HTTP_STATUS_METHOD_NOT_ALLOWED ? "Allow: GET, HEAD\r\n" : "",
		     keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n");
	return (size_t)n;
}

static int write_out(struct connection *c, size_t bytes)
{
	ssize_t n = ltr_write(c->conn, c->out, bytes, ltr_after(c->server->idle_ns));

	return n < 0 ? (int)n : 0;
}

static int answer_status(struct connection *c, int status, bool keep_alive)
{
	char body[80];
	int body_bytes = snprintf(body, sizeof(body), "%d %s\n", status,
				  http_status_str((enum http_status)status));
	size_t head = format_head(c, status, keep_alive, "text/plain; charset=utf-8",
				  (uint64_t)body_bytes);

	if (request_is_head(&c->request))
		body_bytes = 0;
	memcpy(c->out + head, body, (size_t)body_bytes);
	return write_out(c, head + (size_t)body_bytes);
}

/* -EIO: the file has become shorter meanwhile; the connection is of no use any more. */
static int answer_file(struct connection *c, const struct file *file, bool keep_alive)
{
	size_t used = format_head(c, HTTP_STATUS_OK, keep_alive, file->type, file->bytes);
	uint64_t left = request_is_head(&c->request) ? 0 : file->bytes;
	uint64_t offset = 0;

	for (;;) {
		int error;

		while (left > 0 && used < sizeof(c->out)) {
			size_t room = sizeof(c->out) - used;
			ssize_t n =
				file_read(file, c->out + used, left < room ? left : room, offset);

			if (n <= 0)
				return n < 0 ? (int)n : -EIO;
			used += (size_t)n;
			offset += (uint64_t)n;
			left -= (uint64_t)n;
		}
		error = write_out(c, used);
		if (error < 0 || left == 0)
			return error;
		used = 0;
	}
}

static int status_of_error(int error)
{
	switch (error) {
	case -EACCES:
		return HTTP_STATUS_FORBIDDEN;
	case -ENOENT:
	case -ENOTDIR:
	case -ENAMETOOLONG:
		return HTTP_STATUS_NOT_FOUND;
	case -EMFILE:
	case -ENFILE:
	case -ENOMEM:
	case -EAGAIN:
		return HTTP_STATUS_SERVICE_UNAVAILABLE;
	default:
		return HTTP_STATUS_INTERNAL_SERVER_ERROR;
	}
}

static int answer(struct connection *c, bool keep_alive)
{
	char path[REQUEST_TARGET_MAX + 1];
	struct file file;
	int error;

	if (request_path(&c->request, path, sizeof(path)) < 0)
		return answer_status(c, HTTP_STATUS_BAD_REQUEST, keep_alive);
	error = file_open(c->server->root, path, &file);
	if (error < 0)
		return answer_status(c, status_of_error(error), keep_alive);
	error = answer_file(c, &file, keep_alive);
	file_close(&file);
	return error;
}

/*
 * Close in a way that lets the last answer arrive: with unread input a plain close() sends a reset,
 * which may overtake the answer.
 */
static void linger(struct connection *c)
{
	int64_t deadline = ltr_after(LINGER_NS);
	size_t total = 0;
	ssize_t n;

	if (ltr_conn_shutdown(c->conn) < 0)
		return;
	do {
		n = ltr_read(c->conn, c->in, sizeof(c->in), deadline);
		total += n > 0 ? (size_t)n : 0;
	} while (n > 0 && total < LINGER_BYTES);
}

/* Counts one answered request; stops the server after the last one that it may answer. */
static void count_request(struct connection *c)
{
	struct server *server = c->server;
	uint64_t number = atomic_fetch_add(&server->requests, 1) + 1;

	if (server->leak_every != 0 && number % server->leak_every == 0)
		audit_request(c->request.target);
	if (server->max_requests != 0 && number >= server->max_requests)
		server_stop(server);
}

static void serve_requests(struct connection *c)
{
	bool keep_alive = true;

	while (keep_alive) {
		int status;

		if (read_request(c) < 0)
			return;
		status = c->request.status;
		count_request(c);
		keep_alive =
			status == 0 && c->request.keep_alive && !atomic_load(&c->server->stopping);
		if ((status ? answer_status(c, status, false) : answer(c, keep_alive)) < 0)
			return;
	}
	linger(c);
}

/* The peer's address, for who looks at the goroutines. */
static void label_peer(struct ltr_conn *conn)
{
	char peer[LTR_ADDRESS_TEXT_BYTES];
	struct ltr_address address;

	if (ltr_conn_peer(conn, &address) == 0 && ltr_address_format(&address, peer) == 0)
		ltr_set_label("peer", peer);
}

static void serve(struct connection **connection)
{
	struct connection *c = *connection;
	struct server *server = c->server;

	label_peer(c->conn);
	serve_requests(c);

	ltr_mutex_lock(&server->mutex);
	*c->previous = c->next;
	if (c->next != NULL)
		c->next->previous = c->previous;
	ltr_mutex_unlock(&server->mutex);
	ltr_conn_close(c->conn);
	free(c);
	ltr_waitgroup_done(&server->connected);
}

void connection_start(struct server *server, struct ltr_conn *conn)
{
	struct connection *c = malloc(sizeof(*c));

	if (c == NULL) {
		ltr_conn_close(conn);
		return;
	}
	c->server = server;
	c->conn = conn;
	c->in_start = 0;
	c->in_end = 0;
	ltr_waitgroup_add(&server->connected, 1);
	ltr_mutex_lock(&server->mutex);
	c->next = server->first;
	c->previous = &server->first;
	if (c->next != NULL)
		c->next->previous = &c->next;
	server->first = c;
	ltr_mutex_unlock(&server->mutex);
	ltr_go_with(&(struct ltr_go_options){.name = "connection"}, serve, c);
}

void connections_end(struct server *server, bool hard)
{
	ltr_mutex_lock(&server->mutex);
	for (struct connection *c = server->first; c != NULL; c = c->next)
		if (hard)
			ltr_conn_close(c->conn);
		else
			(void)ltr_conn_shutdown_read(c->conn);
	ltr_mutex_unlock(&server->mutex);
}
