/* SPDX-License-Identifier: MIT */

/* Many at once: storms of connections, thousands that idle, no descriptors left. */

#include "sockets.h"

#include <fcntl.h>
#include <sys/resource.h>

#define CROWD ((uint32_t)SCALED(5000))

static struct ltr_waitgroup clients, servers, all_there, may_go;
static struct ltr_listener *listener;
static char address[64];

static void allow_descriptors(rlim_t count)
{
	struct rlimit limit;

	expect(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	expect(count <= limit.rlim_max);
	limit.rlim_cur = count;
	expect(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

/* One descriptor for each end, and some that were there before. */
static void allow_crowd(void)
{
	allow_descriptors(2 * CROWD + 100);
}

static void echo(struct ltr_conn **conn)
{
	char buffer[64];
	ssize_t n;

	while ((n = ltr_read(*conn, buffer, sizeof(buffer))) > 0)
		expect(ltr_write(*conn, buffer, (size_t)n) == n);
	expect(n == 0);
	ltr_conn_close(*conn);
	ltr_waitgroup_done(&servers);
}

static void serve(void)
{
	struct ltr_conn *conn;
	int r;

	while ((r = ltr_accept(listener, &conn)) == 0)
		ltr_go(echo, conn);
	expect(r == -ECANCELED);
}

/* Hears its number back, and goes. */
static void speaks(struct ltr_conn *conn, uint32_t number)
{
	uint32_t answer = 0;

	expect(ltr_write(conn, &number, sizeof(number)) == sizeof(number));
	expect(ltr_read_full(conn, &answer, sizeof(answer)) == sizeof(answer));
	expect(answer == number);
	ltr_conn_close(conn);
	ltr_waitgroup_done(&clients);
}

static void comes_and_goes(uint32_t *number)
{
	struct ltr_conn *conn;

	expect(ltr_dial(address, &conn) == 0);
	speaks(conn, *number);
}

/* All at once at one listener, with so many goroutines that accept. */
static void storm(const char *where, int acceptors)
{
	allow_crowd();
	listener = listen_on(where, address);
	ltr_waitgroup_add(&servers, CROWD);
	ltr_waitgroup_add(&clients, CROWD);
	for (int i = 0; i < acceptors; i++)
		ltr_go(serve);
	for (uint32_t i = 0; i < CROWD; i++)
		ltr_go(comes_and_goes, i);
	ltr_waitgroup_wait(&clients);
	ltr_waitgroup_wait(&servers);
	ltr_listener_close(listener);
}

static int storms(int argc, char **argv)
{
	(void)argc, (void)argv;
	storm("127.0.0.1:0", 1);
	storm("127.0.0.1:0", 8);
	return 0;
}

static int storm_at_a_unix_socket(int argc, char **argv)
{
	(void)argc, (void)argv;
	storm("unix:@ltr-test-storm", 1);
	return 0;
}

static void comes_and_idles(uint32_t *number)
{
	struct ltr_conn *conn;

	expect(ltr_dial(address, &conn) == 0);
	ltr_waitgroup_done(&all_there);
	ltr_waitgroup_wait(&may_go);
	speaks(conn, *number);
}

/* Thousands wait for a word while one is served, then all speak. */
static int thousands_idle(int argc, char **argv)
{
	(void)argc, (void)argv;
	allow_crowd();
	listener = listen_on("127.0.0.1:0", address);
	ltr_waitgroup_add(&may_go, 1);
	ltr_waitgroup_add(&all_there, CROWD);
	ltr_waitgroup_add(&servers, CROWD + 1);
	ltr_waitgroup_add(&clients, CROWD + 1);
	ltr_go(serve);
	for (uint32_t i = 0; i < CROWD; i++)
		ltr_go(comes_and_idles, i);
	ltr_waitgroup_wait(&all_there);
	comes_and_goes(&(uint32_t){12345});
	ltr_waitgroup_done(&may_go);
	ltr_waitgroup_wait(&clients);
	ltr_waitgroup_wait(&servers);
	ltr_listener_close(listener);
	return 0;
}

/*
 * Without descriptors accept says so, as often as it is asked; the connection still stands in line,
 * and is there when there is a descriptor, although no event tells of it.
 */
static int no_descriptors_left(int argc, char **argv)
{
	int taken[64], count = 0;
	struct ltr_conn *here, *there;
	char byte;

	(void)argc, (void)argv;
	listener = listen_on("127.0.0.1:0", address);
	expect(ltr_dial(address, &here) == 0);
	expect(ltr_accept(listener, &there) == 0);
	ltr_conn_close(there);
	ltr_conn_close(here);
	allow_descriptors(40);
	expect(ltr_dial(address, &here) == 0);
	while (count < 64 && (taken[count] = open("/dev/null", O_RDONLY)) >= 0)
		count++;
	expect(count > 0 && count < 64 && errno == EMFILE);
	for (int i = 0; i < 3; i++)
		expect(ltr_accept(listener, &there) == -EMFILE);
	expect(ltr_dial(address, &there) == -EMFILE);
	close(taken[--count]);
	expect(ltr_accept(listener, &there) == 0);
	expect(ltr_write(here, "x", 1) == 1);
	expect(ltr_read(there, &byte, 1) == 1);
	ltr_conn_close(here);
	ltr_conn_close(there);
	ltr_listener_close(listener);
	while (count > 0)
		close(taken[--count]);
	return 0;
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(storms),
		RULE(storm_at_a_unix_socket),
		RULE(thousands_idle),
		RULE(no_descriptors_left),
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
