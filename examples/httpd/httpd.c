/* SPDX-License-Identifier: MIT */
/*
 * httpd: a file server, as an example of a program with many goroutines, and the one that our tests
 * watch. One goroutine a connection; the main goroutine accepts them, and at the end sees them off.
 *
 * SIGINT and SIGTERM stop it: no new connections, answers under way are finished, status 0.
 */

#include "connection.h"
#include "files.h"
#include "request.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <loiter.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define EX_USAGE 64

#define RETRY_NS (100 * LTR_MILLISECOND) /* until there may be descriptors again */
#define DRAIN_NS (5 * LTR_SECOND)        /* for answers that are under way when we stop */

struct options {
	const char *listen;
	const char *root;
	uint64_t idle_ms;
	uint64_t leak_every;
	uint64_t max_requests;
};

static struct server server;
static int stop_pipe[2]; /* from the signal handler to a goroutine */

static void on_stop(int signal)
{
	int error = errno;

	(void)signal;
	if (write(stop_pipe[1], "", 1) < 0)
		errno = error; /* full: it has been said often enough */
}

static void stop_when_told(struct ltr_conn **told)
{
	char byte;

	while (ltr_read(*told, &byte, 1) == 1)
		server_stop(&server);
}

static int catch_signals(void)
{
	static const struct ltr_go_options options = {.name = "signals", .daemon = true};
	struct sigaction stop = {.sa_handler = on_stop, .sa_flags = SA_RESTART};
	struct ltr_conn *told;
	int error;

	if (pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
		return -errno;
	error = ltr_conn_adopt(stop_pipe[0], &told);
	if (error < 0)
		return error;
	ltr_go_with(&options, stop_when_told, told);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	return 0;
}

static int fail(const char *what, int error)
{
	fprintf(stderr, "httpd: %s: %s\n", what, strerror(-error));
	return 1;
}

/* "HOST:PORT" with the port that was chosen, which matters if PORT is 0. */
static void say_where(const char *address, const struct ltr_listener *listener)
{
	int host = (int)(strrchr(address, ':') - address);

	printf("listening on %.*s:%u\n", host, address, ltr_listener_port(listener));
	fflush(stdout);
}

/* Until somebody closes the listener. */
static void accept_connections(void)
{
	for (;;) {
		struct ltr_conn *conn;
		int error = ltr_accept(server.listener, &conn);

		if (error == -ECANCELED)
			break;
		if (error == 0) {
			connection_start(&server, conn);
			continue;
		}
		/* Out of descriptors or memory, most likely: let some connections end. */
		fprintf(stderr, "httpd: accept: %s\n", strerror(-error));
		ltr_sleep(RETRY_NS);
	}
}

/* Ends when all connections have ended, or when they had their time. */
static void drain_connections(void)
{
	connections_end(&server, false);
	if (ltr_waitgroup_wait(&server.connected, ltr_after(DRAIN_NS)) == 0)
		return;
	connections_end(&server, true);
	ltr_waitgroup_wait(&server.connected, ltr_after(DRAIN_NS));
}

/* As many connections as the system lets us have; the soft limit is for programs with select(). */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int serve_folder(const struct options *options)
{
	int error;

	server.idle_ns = (int64_t)options->idle_ms * LTR_MILLISECOND;
	server.leak_every = options->leak_every;
	server.max_requests = options->max_requests;
	server.root = files_root(options->root);
	if (server.root < 0)
		return fail(options->root, server.root);
	error = ltr_listen(options->listen, &server.listener);
	if (error < 0)
		return fail(options->listen, error);
	request_limits();
	raise_file_limit();
	error = catch_signals();
	if (error < 0)
		return fail("signals", error);

	say_where(options->listen, server.listener);
	accept_connections();
	drain_connections();
	close(server.root);
	return 0;
}

static int usage(FILE *out)
{
	fputs("usage: httpd [OPTIONS]\n"
	      "  --listen HOST:PORT   where; port 0: any that is free (127.0.0.1:8080)\n"
	      "  --root DIR           the folder to serve (.)\n"
	      "  --idle-timeout SECS  for a request to arrive, or an answer to be taken (30)\n"
	      "  --max-requests N     stop after N requests\n"
	      "  --leak[=N]           leak a goroutine every N requests (100)\n",
	      out);
	return out == stdout ? 0 : EX_USAGE;
}

/* A whole number, or thousandths of one, for `scale` 1000: "0.25" is 250. False: it is none. */
static bool parse_number(const char *text, uint64_t scale, uint64_t *ret_number)
{
	char *end;
	double number;

	errno = 0;
	number = strtod(text, &end);
	if (errno != 0 || end == text || *end != '\0' || !(number > 0) || number > 1e9)
		return false;
	*ret_number = (uint64_t)(number * (double)scale);
	return *ret_number > 0;
}

static int run(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"listen", required_argument, NULL, 'l'},
		{"root", required_argument, NULL, 'r'},
		{"idle-timeout", required_argument, NULL, 'i'},
		{"max-requests", required_argument, NULL, 'm'},
		{"leak", optional_argument, NULL, 'k'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct options options = {.listen = "127.0.0.1:8080", .root = ".", .idle_ms = 30000};
	const char *value;
	bool good = true;
	int option;

	while (good && (option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		value = optarg ? optarg : "100"; /* only --leak may have none */
		switch (option) {
		case 'l':
			options.listen = value;
			good = strrchr(value, ':') != NULL;
			break;
		case 'r':
			options.root = value;
			break;
		case 'i':
			good = parse_number(value, 1000, &options.idle_ms);
			break;
		case 'm':
			good = parse_number(value, 1, &options.max_requests);
			break;
		case 'k':
			good = parse_number(value, 1, &options.leak_every);
			break;
		case 'h':
			return usage(stdout);
		default:
			good = false;
		}
	}
	if (!good || optind != argc)
		return usage(stderr);
	return serve_folder(&options);
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
