/* SPDX-License-Identifier: MIT */

/* TCP that parks goroutines, over loopback. */

#include "harness.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>

/*
 * libloiter's look-ups come here instead of to libc, for the names below .test (RFC 6761: nobody
 * has them), so that look-ups can be tested without DNS and without /etc/hosts.
 */
static int held[2]; /* the look-up of held.test ends when there is a byte in this pipe */

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): netdb.h has reserved names */
int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
		struct addrinfo **ret_found)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	char byte;

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (!host || !strstr(host, ".test") || hints->ai_flags & AI_NUMERICHOST)
		return real(host, port, hints, ret_found);
	if (strcmp(host, "unknown.test") == 0)
		return EAI_NONAME;
	if (strcmp(host, "later.test") == 0)
		return EAI_AGAIN;
	if (strcmp(host, "held.test") == 0)
		expect(read(held[0], &byte, 1) == 1);
	return real("127.0.0.1", port, hints, ret_found);
}

static struct ltr_listener *listener;
static char address[64];

static void listen_here(void)
{
	expect(ltr_listen("127.0.0.1:0", &listener) == 0);
	snprintf(address, sizeof(address), "127.0.0.1:%u", ltr_listener_port(listener));
}

static void echo(struct ltr_conn **conn)
{
	char buffer[4096];
	ssize_t n;

	while ((n = ltr_read(*conn, buffer, sizeof(buffer))) > 0)
		expect(ltr_write(*conn, buffer, (size_t)n) == n);
	expect(n == 0 || n == -ECONNRESET);
	ltr_conn_close(*conn);
}

static void serve(struct ltr_waitgroup **done)
{
	struct ltr_conn *conn;
	int r;

	while ((r = ltr_accept(listener, &conn)) == 0)
		ltr_go(echo, conn);
	expect(r == -ECANCELED);
	ltr_waitgroup_done(*done);
}

static void client(struct ltr_waitgroup **done)
{
	uint64_t random = rule_seed + ltr_id();
	static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	struct ltr_conn *conn;
	char buffer[64];

	expect(ltr_dial(address, &conn) == 0);
	for (int i = 0; i < 50; i++) {
		size_t length = 1 + rule_random(&random) % (sizeof(text) - 1), got = 0;

		expect(ltr_write(conn, text, length) == (ssize_t)length);
		while (got < length) {
			ssize_t n = ltr_read(conn, buffer + got, length - got);

			expect(n > 0);
			got += (size_t)n;
		}
		expect(memcmp(buffer, text, length) == 0);
	}
	expect(ltr_conn_shutdown(conn) == 0);
	expect(ltr_read(conn, buffer, sizeof(buffer)) == 0);
	ltr_conn_close(conn);
	ltr_waitgroup_done(*done);
}

static int echo_to_many(int argc, char **argv)
{
	struct ltr_waitgroup clients = {0}, server = {0};

	(void)argc, (void)argv;
	listen_here();
	ltr_waitgroup_add(&server, 1);
	ltr_go(serve, &server);
	for (int i = 0; i < 100; i++) {
		ltr_waitgroup_add(&clients, 1);
		ltr_go(client, &clients);
	}
	ltr_waitgroup_wait(&clients);
	ltr_listener_close(listener);
	ltr_waitgroup_wait(&server);
	return 0;
}

static void write_much(struct ltr_conn **conn)
{
	size_t bytes = 8 << 20;
	char *much = malloc(bytes);

	memset(much, 'x', bytes);
	expect(ltr_write(*conn, much, bytes) == (ssize_t)bytes);
	free(much);
	ltr_conn_close(*conn);
}

static int writes_wait_for_slow_readers(int argc, char **argv)
{
	struct ltr_conn *here, *there;
	static char buffer[50000];
	size_t got = 0;
	ssize_t n;

	(void)argc, (void)argv;
	listen_here();
	expect(ltr_dial(address, &here) == 0 && ltr_accept(listener, &there) == 0);
	ltr_go(write_much, there);
	while ((n = ltr_read(here, buffer, sizeof(buffer))) > 0)
		got += (size_t)n;
	expect(n == 0 && got == 8 << 20);
	ltr_conn_close(here);
	ltr_listener_close(listener);
	return 0;
}

static void close_conn(struct ltr_conn **conn)
{
	ltr_conn_close(*conn);
}

static int deadlines_and_closing(int argc, char **argv)
{
	struct ltr_conn *here, *there;
	char byte = 1;

	(void)argc, (void)argv;
	listen_here();
	expect(ltr_accept(listener, &there, ltr_after(2 * LTR_MILLISECOND)) == -ETIMEDOUT);
	expect(ltr_dial(address, &here) == 0 && ltr_accept(listener, &there) == 0);
	expect(ltr_read(here, &byte, 1, LTR_NOW) == -ETIMEDOUT);
	expect(ltr_read(here, &byte, 1, ltr_after(2 * LTR_MILLISECOND)) == -ETIMEDOUT);
	ltr_write(there, &byte, 1);
	expect(ltr_read(here, &byte, 1, ltr_after(LTR_MINUTE)) == 1);
	ltr_go(close_conn, here);
	expect(ltr_read(here, &byte, 1) == -ECANCELED);
	expect(ltr_read(there, &byte, 1) == 0);
	ltr_conn_close(there);
	ltr_listener_close(listener);
	ltr_conn_close(NULL);
	ltr_listener_close(NULL);
	return 0;
}

static int addresses(int argc, char **argv)
{
	struct ltr_listener *l;
	struct ltr_conn *conn;

	(void)argc, (void)argv;
	expect(ltr_listen("nowhere", &l) == -EINVAL);
	expect(ltr_listen("127.0.0.1:", &l) == -EINVAL);
	expect(ltr_listen("::1:80", &l) == -EINVAL);
	expect(ltr_listen("127.0.0.1:99999999999999999999999999999999999", &l) == -EINVAL);
	expect(ltr_listen("127.0.0.1:no-such-service", &l) == -ENXIO);
	listen_here();
	expect(ltr_listen(address, &l) == -EADDRINUSE);
	ltr_listener_close(listener);
	expect(ltr_dial(address, &conn) == -ECONNREFUSED);
	return 0;
}

static void let_look_up_end(void)
{
	expect(write(held[1], "x", 1) == 1);
}

/* The thread that looks up is not the one that goroutines need, be it the only one. */
static int names(int argc, char **argv)
{
	struct ltr_listener *l;
	struct ltr_conn *here, *there;
	char name[64];

	(void)argc, (void)argv;
	expect(ltr_listen("unknown.test:0", &l) == -ENXIO);
	expect(ltr_dial("unknown.test:80", &here) == -ENXIO);
	expect(ltr_dial("later.test:80", &here) == -EAGAIN);
	expect(pipe(held) == 0);
	ltr_go(let_look_up_end);
	expect(ltr_listen("held.test:0", &l) == 0);
	snprintf(name, sizeof(name), "known.test:%u", ltr_listener_port(l));
	expect(ltr_dial(name, &here) == 0 && ltr_accept(l, &there) == 0);
	ltr_conn_close(here);
	ltr_conn_close(there);
	ltr_listener_close(l);
	return 0;
}

/* With libc's own look-up, where this system knows the one name that each should. */
static int this_machine_by_name(int argc, char **argv)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	struct ltr_listener *l;
	int error = getaddrinfo("localhost", NULL, &hints, &found);

	(void)argc, (void)argv;
	if (error) {
		printf("skipped: this system cannot look up localhost: %s\n", gai_strerror(error));
		return 0;
	}
	freeaddrinfo(found);
	expect(ltr_listen("localhost:0", &l) == 0);
	ltr_listener_close(l);
	return 0;
}

static void feed_pipe(int *fd)
{
	struct ltr_conn *conn;

	expect(ltr_conn_adopt(*fd, &conn) == 0);
	ltr_sleep(LTR_MILLISECOND);
	expect(ltr_write(conn, "hello", 5) == 5);
	ltr_conn_close(conn);
}

static int pipes_can_be_adopted(int argc, char **argv)
{
	struct ltr_conn *conn;
	int ends[2], file;
	char buffer[16];

	(void)argc, (void)argv;
	expect(pipe(ends) == 0);
	expect(ltr_conn_adopt(ends[0], &conn) == 0);
	ltr_go(feed_pipe, ends[1]);
	expect(ltr_read(conn, buffer, sizeof(buffer)) == 5);
	expect(ltr_read(conn, buffer, sizeof(buffer)) == 0);
	ltr_conn_close(conn);
	expect(ltr_conn_adopt(-1, &conn) == -EBADF);
	file = open("/dev/null", O_RDONLY);
	expect(ltr_conn_adopt(file, &conn) == -EPERM);
	return 0;
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(echo_to_many),
		RULE(writes_wait_for_slow_readers),
		RULE(deadlines_and_closing),
		RULE(addresses),
		RULE(names),
		RULE(this_machine_by_name),
		RULE(pipes_can_be_adopted),
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
