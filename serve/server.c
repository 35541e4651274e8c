/* SPDX-License-Identifier: MIT */

/*
 * libmicrohttpd, driven from outside: it runs only inside a turn, on the caller's thread, and never
 * waits. Here are the limits, the life of connections and requests, and what is the same in all
 * replies.
 *
 * Time. A connection has a deadline, which is for its next request to be complete (REQUEST_MS), or
 * for the reply to have been taken (REPLY_MS); one that misses it is shut down, however busy it
 * looks. libmicrohttpd closes those that say nothing for SILENCE_SECONDS.
 *
 * A request that has to wait (seconds=N) is suspended and stands in `waiting` until its time has
 * come; it is resumed then, and asked a second time. libmicrohttpd does not look at it meanwhile,
 * so we look whether its client has left: it would keep a place from others.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "internal.h"

#define CONNECTIONS_MAX 2048
#define WAITING_MAX     32
#define HEADER_BYTES    (16u << 10) /* of a request: its line, its headers */
#define SILENCE_SECONDS 10u
#define REQUEST_MS      15000u
#define REPLY_MS        120000u
#define SWEEP_MS        1000u
#define FDS_OF_OURS     64 /* that are no connections */
#define TLS_PRIORITIES  "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

struct client {
	struct client *next;
	struct client **link; /* what points to us */
	int fd;
	uint64_t deadline_ms;
};

struct request {
	struct request *next;  /* in `waiting` */
	struct request **link; /* NULL: it does not wait */
	struct MHD_Connection *connection;
	bool has_begun; /* its headers are there, and it was not refused */
	struct ltr_profile_base *base;
	uint64_t due_ms;
	bool is_left; /* by its client: nobody wants the answer */
	char query[]; /* as it was sent */
};

struct ltr_serve {
	struct MHD_Daemon *daemon;
	struct ltr__listener listener;
	char *token;
	bool is_tls;
	struct ltr__budget budget;
	struct client *clients;
	struct request *waiting;
	unsigned int waiting_count;
	uint64_t swept_ms;
	const struct ltr_serve_source *source; /* inside a turn */
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void free_body(void *context)
{
	struct ltr__body *body = context;

	ltr__body_done(body);
	free(body);
}

/* Takes the answer's body. NULL: no memory. */
static struct MHD_Response *response_of(struct ltr__answer *answer)
{
	struct ltr__body *body = malloc(sizeof(*body));
	struct MHD_Response *response;
	char disposition[128];

	if (!body)
		return NULL;
	*body = answer->body;
	answer->body = (struct ltr__body){.budget = body->budget};
	response = MHD_create_response_from_buffer_with_free_callback_cls(body->bytes, body->data,
									  free_body, body);
	if (!response) {
		free_body(body);
		return NULL;
	}
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Content-Type", answer->type);
	if (answer->is_pprof_error)
		MHD_add_response_header(response, "X-Go-Pprof", "1");
	if (answer->location)
		MHD_add_response_header(response, "Location", answer->location);
	if (answer->filename[0]) {
		snprintf(disposition, sizeof(disposition), "attachment; filename=\"%s\"",
			 answer->filename);
		MHD_add_response_header(response, "Content-Disposition", disposition);
	}
	if (answer->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	if (answer->status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
	return response;
}

/* MHD_NO closes the connection. */
static enum MHD_Result reply(struct MHD_Connection *connection, struct ltr__answer *answer)
{
	struct MHD_Response *response = response_of(answer);
	enum MHD_Result result = MHD_NO;

	if (response) {
		result = MHD_queue_response(connection, answer->status, response);
		MHD_destroy_response(response);
	}
	ltr__body_done(&answer->body);
	free(answer->location);
	return result;
}

static enum MHD_Result refuse(struct ltr_serve *server, struct MHD_Connection *connection,
			      unsigned int status, const char *sentence)
{
	struct ltr__answer answer = {.body.budget = &server->budget};

	ltr__answer_error(&answer, status, sentence);
	return reply(connection, &answer);
}

static const char *header_of(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool has_body(struct MHD_Connection *connection)
{
	const char *length = header_of(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return header_of(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING) ||
	       (length && strcmp(length, "0") != 0);
}

/* 0, or the status to refuse a request with before it is looked at. */
static unsigned int refusal(const struct ltr_serve *server, struct MHD_Connection *connection,
			    const char *path, const char *method, const char **ret_sentence)
{
	bool is_health = strcmp(path, "/healthz") == 0;

	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		*ret_sentence = "Only GET and HEAD.";
		return MHD_HTTP_METHOD_NOT_ALLOWED;
	}
	if (has_body(connection)) {
		*ret_sentence = "A request with a body makes no sense here.";
		return MHD_HTTP_CONTENT_TOO_LARGE;
	}
	if (server->token && !is_health &&
	    !ltr__token_fits(server->token, header_of(connection, MHD_HTTP_HEADER_AUTHORIZATION))) {
		*ret_sentence = "This takes the token: Authorization: Bearer TOKEN";
		return MHD_HTTP_UNAUTHORIZED;
	}
	if (!server->token && !ltr__host_is_address(header_of(connection, MHD_HTTP_HEADER_HOST))) {
		*ret_sentence = "Ask for it by its address or as localhost.";
		return MHD_HTTP_FORBIDDEN;
	}
	return 0;
}

static void wait_for(struct ltr_serve *server, struct request *request,
		     const struct ltr__answer *answer)
{
	request->base = answer->wait_base;
	request->due_ms = now_ms() + answer->wait_seconds * 1000ull;
	request->link = &server->waiting;
	request->next = server->waiting;
	if (request->next)
		request->next->link = &request->next;
	server->waiting = request;
	server->waiting_count++;
	MHD_suspend_connection(request->connection);
}

static void wait_no_more(struct ltr_serve *server, struct request *request)
{
	if (!request->link)
		return;
	*request->link = request->next;
	if (request->next)
		request->next->link = request->link;
	request->link = NULL;
	server->waiting_count--;
}

static void note_deadline(struct MHD_Connection *connection, uint64_t deadline_ms)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct client *client = info ? info->socket_context : NULL;

	if (client)
		client->deadline_ms = deadline_ms;
}

static enum MHD_Result answer_request(struct ltr_serve *server, struct request *request,
				      const char *path, const char *method)
{
	struct MHD_Connection *connection = request->connection;
	struct ltr__answer answer = {.body.budget = &server->budget};
	struct ltr__question question = {
		.path = path,
		.debug = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "debug"),
		.seconds =
			MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "seconds"),
		.accept = header_of(connection, MHD_HTTP_HEADER_ACCEPT),
		.is_head = strcmp(method, "HEAD") == 0,
		.query = request->query,
		.base = request->base,
	};

	ltr__page(server->source, &question, &answer);
	if (answer.wait_base && server->waiting_count < WAITING_MAX) {
		note_deadline(connection, UINT64_MAX);
		wait_for(server, request, &answer);
		ltr__body_done(&answer.body);
		return MHD_YES;
	}
	if (answer.wait_base) {
		ltr_profile_base_free(answer.wait_base);
		ltr__answer_error(&answer, MHD_HTTP_SERVICE_UNAVAILABLE,
				  "Too many requests are waiting already; ask again.");
	}
	note_deadline(connection, now_ms() + REPLY_MS);
	return reply(connection, &answer);
}

/*
 * The first of a request, when its line is there; what it returns is the request's in what follows.
 */
static void *on_line(void *context, const char *uri, struct MHD_Connection *connection)
{
	const char *mark = strchr(uri, '?');
	const char *query = mark ? mark + 1 : "";
	size_t bytes = strlen(query) + 1;
	struct request *request = calloc(1, sizeof(*request) + bytes);

	(void)context;
	if (!request)
		return NULL;
	request->connection = connection;
	snprintf(request->query, bytes, "%s", query);
	return request;
}

/* Called with the headers, and again when the request is complete or was resumed. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
				  const char *path, const char *method, const char *version,
				  const char *upload, size_t *upload_bytes, void **request_at)
{
	struct ltr_serve *server = context;
	struct request *request = *request_at;
	const char *sentence;
	unsigned int status;

	(void)version;
	(void)upload;
	(void)upload_bytes;
	if (!server->source || !request) /* the server is being closed; no memory */
		return MHD_NO;
	if (request->has_begun)
		return request->is_left ? MHD_NO : answer_request(server, request, path, method);
	note_deadline(connection, now_ms() + REPLY_MS);
	status = refusal(server, connection, path, method, &sentence);
	if (status)
		return refuse(server, connection, status, sentence);
	request->has_begun = true;
	return MHD_YES;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request_at,
			 enum MHD_RequestTerminationCode how)
{
	struct ltr_serve *server = context;
	struct request *request = *request_at;

	(void)how;
	note_deadline(connection, now_ms() + REQUEST_MS);
	if (!request)
		return;
	wait_no_more(server, request);
	ltr_profile_base_free(request->base);
	free(request);
	*request_at = NULL;
}

static void client_starts(struct ltr_serve *server, struct MHD_Connection *connection,
			  void **ret_client)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct client *client = calloc(1, sizeof(*client));

	if (!client || !info) { /* without a deadline of its own */
		free(client);
		return;
	}
	client->fd = info->connect_fd;
	client->deadline_ms = now_ms() + REQUEST_MS;
	client->link = &server->clients;
	client->next = server->clients;
	if (client->next)
		client->next->link = &client->next;
	server->clients = client;
	*ret_client = client;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **client_at,
			  enum MHD_ConnectionNotificationCode what)
{
	struct client *client = *client_at;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		client_starts(context, connection, client_at);
	} else if (client) {
		*client->link = client->next;
		if (client->next)
			client->next->link = client->link;
		free(client);
		*client_at = NULL;
	}
}

/* A NUL that was escaped would end the path for us, and not for whoever stands before us. */
static size_t unescape(void *context, struct MHD_Connection *connection, char *text)
{
	size_t length = MHD_http_unescape(text);

	(void)context;
	(void)connection;
	for (size_t i = 0; i < length; i++)
		if (text[i] == '\0')
			text[i] = '?';
	return length;
}

/*
 * As many connections as we would take, if there may be as many descriptors: the process is ours.
 */
static unsigned int connection_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 256;
	if (limit.rlim_cur < CONNECTIONS_MAX + FDS_OF_OURS && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max < CONNECTIONS_MAX + FDS_OF_OURS
					 ? limit.rlim_max
					 : CONNECTIONS_MAX + FDS_OF_OURS;
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur >= CONNECTIONS_MAX + FDS_OF_OURS)
		return CONNECTIONS_MAX;
	return limit.rlim_cur > 2ul * FDS_OF_OURS ? (unsigned int)limit.rlim_cur - FDS_OF_OURS
						  : FDS_OF_OURS;
}

/* libmicrohttpd says no more than that it does not start. */
static int why_no_daemon(const struct ltr_serve *server, struct ltr_serve_why *ret_why)
{
	if (server->is_tls && MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES) {
		snprintf(ret_why->text, sizeof(ret_why->text), "libmicrohttpd has no TLS here");
		return -EOPNOTSUPP;
	}
	if (server->is_tls) {
		snprintf(ret_why->text, sizeof(ret_why->text),
			 "the certificate and the key are no pair: both have to be PEM, the key "
			 "without a password");
		return -EINVAL;
	}
	snprintf(ret_why->text, sizeof(ret_why->text), "the HTTP server does not start");
	return -ENOMEM;
}

static int start(struct ltr_serve *server, const struct ltr_serve_options *options,
		 struct ltr_serve_why *ret_why)
{
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)options->tls_certificate},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)options->tls_key},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, TLS_PRIORITIES},
		{MHD_OPTION_END, 0, NULL},
	};
	unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;

	server->is_tls = options->tls_certificate && options->tls_key;
	if (server->is_tls)
		flags |= MHD_USE_TLS;
	server->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET,
		server->listener.fd, MHD_OPTION_CONNECTION_LIMIT,
		options->connections_max ? options->connections_max : connection_limit(),
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, SILENCE_SECONDS, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
		MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL, MHD_OPTION_URI_LOG_CALLBACK, on_line,
		NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY,
		server->is_tls ? tls : tls + 3, MHD_OPTION_END);
	return server->daemon ? 0 : why_no_daemon(server, ret_why);
}

int ltr_serve_open(const struct ltr_serve_options *options, struct ltr_serve **ret_server,
		   struct ltr_serve_why *ret_why)
{
	struct ltr_serve *server = calloc(1, sizeof(*server));
	int err;

	snprintf(ret_why->text, sizeof(ret_why->text), "there is no memory left");
	if (!server)
		return -ENOMEM;
	server->listener.fd = -1;
	if (!options->tls_certificate != !options->tls_key) {
		snprintf(ret_why->text, sizeof(ret_why->text),
			 "a certificate and its key go together");
		ltr_serve_close(server);
		return -EINVAL;
	}
	err = ltr__listen(options, &server->listener, ret_why);
	if (!err && options->token) {
		server->token = strdup(options->token);
		err = server->token ? 0 : -ENOMEM;
	}
	if (!err)
		err = start(server, options, ret_why);
	if (err) {
		ltr_serve_close(server);
		return err;
	}
	*ret_server = server;
	return 0;
}

struct ltr_serve *ltr_serve_close(struct ltr_serve *server)
{
	if (!server)
		return NULL;
	server->source = NULL;
	for (struct request *request = server->waiting; request; request = request->next)
		MHD_resume_connection(request->connection);
	if (server->daemon)
		MHD_stop_daemon(server->daemon); /* closes the socket */
	else if (server->listener.fd >= 0)
		close(server->listener.fd);
	free(server->token);
	free(server);
	return NULL;
}

const char *ltr_serve_address(const struct ltr_serve *server)
{
	return server->listener.address;
}

const char *ltr_serve_scheme(const struct ltr_serve *server)
{
	return server->is_tls ? "https" : "http";
}

static void resume_due(struct ltr_serve *server, uint64_t now, bool gone)
{
	struct request *request = server->waiting;

	while (request) {
		struct request *next = request->next;

		if (gone || request->due_ms <= now) {
			wait_no_more(server, request);
			MHD_resume_connection(request->connection);
		}
		request = next;
	}
}

/* As Go's server sees it: who will send no more has left. */
static bool has_left(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct pollfd end = {.fd = info ? info->connect_fd : -1, .events = POLLRDHUP};

	return poll(&end, 1, 0) > 0;
}

static void drop_left(struct ltr_serve *server)
{
	struct request *request = server->waiting;

	while (request) {
		struct request *next = request->next;

		if (has_left(request->connection)) {
			request->is_left = true;
			wait_no_more(server, request);
			MHD_resume_connection(request->connection);
		}
		request = next;
	}
}

static void sweep(struct ltr_serve *server, uint64_t now)
{
	if (now - server->swept_ms < SWEEP_MS)
		return;
	server->swept_ms = now;
	drop_left(server);
	for (struct client *client = server->clients; client; client = client->next)
		if (client->deadline_ms <= now)
			shutdown(client->fd, SHUT_RDWR);
}

void ltr_serve_turn(struct ltr_serve *server, const struct ltr_serve_source *source)
{
	uint64_t now = now_ms();

	server->source = source;
	resume_due(server, now, !source->census || ltr_census_info(source->census)->gone);
	sweep(server, now);
	MHD_run(server->daemon);
	server->source = NULL;
}

int ltr_serve_fd(const struct ltr_serve *server)
{
	return MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int ltr_serve_timeout_ms(const struct ltr_serve *server)
{
	uint64_t now = now_ms();
	MHD_UNSIGNED_LONG_LONG of_daemon;
	uint64_t timeout = SWEEP_MS;

	if (MHD_get_timeout(server->daemon, &of_daemon) == MHD_YES && of_daemon < timeout)
		timeout = of_daemon;
	for (const struct request *request = server->waiting; request; request = request->next) {
		uint64_t left = request->due_ms > now ? request->due_ms - now : 0;

		timeout = left < timeout ? left : timeout;
	}
	return (int)timeout;
}
