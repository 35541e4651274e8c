/* SPDX-License-Identifier: MIT */

/* Closing at any time, from any goroutine: who waits is woken, who comes later is refused. */

#include "sockets.h"

#define BYTES_TOO_MANY (64u << 20)

static struct ltr_waitgroup done;
static char *much;

static void reads_until_closed(struct ltr_conn **conn)
{
	char byte;

	expect(ltr_read(*conn, &byte, 1) == -ECANCELED);
	expect(ltr_read(*conn, &byte, 1, LTR_NOW) == -ECANCELED);
	ltr_waitgroup_done(&done);
}

static void writes_until_closed(struct ltr_conn **conn)
{
	expect(ltr_write(*conn, much, BYTES_TOO_MANY) == -ECANCELED);
	expect(ltr_write(*conn, much, 1) == -ECANCELED);
	ltr_waitgroup_done(&done);
}

static void waits_until_closed(struct ltr_conn **conn)
{
	expect(ltr_conn_wait(*conn, LTR_READABLE, ltr_after(LTR_MINUTE)) == -ECANCELED);
	ltr_waitgroup_done(&done);
}

static int everybody_on_a_connection_is_woken(int argc, char **argv)
{
	struct pair pair = connect_pair();

	(void)argc, (void)argv;
	much = calloc(1, BYTES_TOO_MANY);
	for (int i = 0; i < 5; i++) {
		ltr_waitgroup_add(&done, 3);
		ltr_go(reads_until_closed, pair.here);
		ltr_go(writes_until_closed, pair.here);
		ltr_go(waits_until_closed, pair.here);
	}
	let_others_run();
	ltr_conn_close(pair.here);
	ltr_conn_close(pair.here);
	ltr_waitgroup_wait(&done);
	expect(ltr_conn_fd(pair.here) == -ECANCELED);
	expect(ltr_conn_shutdown(pair.here) == -ECANCELED);
	ltr_conn_close(pair.there);
	free(much);
	return 0;
}

static void accepts_until_closed(struct ltr_listener **listener)
{
	struct ltr_conn *conn;

	expect(ltr_accept(*listener, &conn) == -ECANCELED);
	expect(ltr_accept(*listener, &conn) == -ECANCELED);
	ltr_waitgroup_done(&done);
}

static int everybody_on_a_listener_is_woken(int argc, char **argv)
{
	char address[64];
	struct ltr_listener *listener = listen_on("127.0.0.1:0", address);
	struct ltr_conn *conn;

	(void)argc, (void)argv;
	for (int i = 0; i < 10; i++) {
		ltr_waitgroup_add(&done, 1);
		ltr_go(accepts_until_closed, listener);
	}
	let_others_run();
	ltr_listener_close(listener);
	ltr_waitgroup_wait(&done);
	expect(ltr_listener_port(listener) == 0);
	expect(ltr_dial(address, &conn) == -ECONNREFUSED); /* all have left: it is closed */
	ltr_listener_close(listener);
	return 0;
}

/*
 * The slot of a closed handle is soon used again, and the old handle must not lead to the new owner:
 * each round leaves an accept, a read and a write of an old handle to run whenever they like.
 */
static int old_handles_are_refused(int argc, char **argv)
{
	char address[64], byte;
	struct ltr_listener *listener = listen_on("127.0.0.1:0", address);

	(void)argc, (void)argv;
	for (int round = 0; round < SCALED(500); round++) {
		struct ltr_listener *gone;
		struct ltr_conn *here, *there;

		expect(ltr_listen("127.0.0.1:0", &gone) == 0);
		ltr_waitgroup_add(&done, 1);
		ltr_go(accepts_until_closed, gone);
		if (round % 2)
			ltr_yield();
		ltr_listener_close(gone);
		expect(ltr_dial(address, &here) == 0 && ltr_accept(listener, &there) == 0);
		expect(ltr_write(here, "x", 1) == 1);
		ltr_waitgroup_add(&done, 1);
		ltr_go(reads_until_closed, here);
		if (round % 3)
			ltr_yield();
		ltr_conn_close(here);
		expect(ltr_read(there, &byte, 1) == 1 && byte == 'x');
		expect(ltr_read(there, &byte, 1) == 0);
		expect(ltr_read(here, &byte, 1) == -ECANCELED);
		ltr_conn_close(there);
	}
	ltr_waitgroup_wait(&done);
	ltr_listener_close(listener);
	return 0;
}

struct storm {
	struct ltr_conn *conn;
	uint64_t seed;
};

static void does_anything(struct storm *storm)
{
	char buffer[64] = "";

	for (;;) {
		ssize_t n;

		switch (rule_random(&storm->seed) % 4) {
		case 0:
			n = ltr_read(storm->conn, buffer, sizeof(buffer), LTR_NOW);
			break;
		case 1:
			n = ltr_write(storm->conn, buffer, sizeof(buffer), LTR_NOW);
			break;
		case 2:
			n = ltr_read(storm->conn, buffer, 8, ltr_after(LTR_MICROSECOND * 50));
			break;
		default:
			ltr_yield();
			continue;
		}
		if (n == -ECANCELED)
			break;
		expect(n >= 0 || n == -ETIMEDOUT || n == -EPIPE || n == -ECONNRESET);
	}
	ltr_waitgroup_done(&done);
}

static void closes_sometime(struct storm *storm)
{
	for (uint64_t n = rule_random(&storm->seed) % 50; n > 0; n--)
		ltr_yield();
	ltr_conn_close(storm->conn);
	ltr_waitgroup_done(&done);
}

static int close_among_random_calls(int argc, char **argv)
{
	uint64_t random = rule_seed;

	(void)argc, (void)argv;
	for (int round = 0; round < SCALED(200); round++) {
		struct pair pair = connect_pair();

		for (int i = 0; i < 4; i++) {
			ltr_waitgroup_add(&done, 2);
			ltr_go(does_anything, (struct storm){pair.here, rule_random(&random)});
			ltr_go(does_anything, (struct storm){pair.there, rule_random(&random)});
		}
		for (int i = 0; i < 2; i++) {
			ltr_waitgroup_add(&done, 2);
			ltr_go(closes_sometime, (struct storm){pair.here, rule_random(&random)});
			ltr_go(closes_sometime, (struct storm){pair.there, rule_random(&random)});
		}
		if (round % 8 == 7)
			ltr_waitgroup_wait(&done);
	}
	ltr_waitgroup_wait(&done);
	return 0;
}

static int null_is_closed(int argc, char **argv)
{
	struct ltr_conn *conn;
	char byte;

	(void)argc, (void)argv;
	expect(ltr_read(NULL, &byte, 1) == -ECANCELED);
	expect(ltr_write(NULL, &byte, 1) == -ECANCELED);
	expect(ltr_accept(NULL, &conn) == -ECANCELED);
	expect(ltr_conn_fd(NULL) == -ECANCELED);
	ltr_conn_close(NULL);
	ltr_listener_close(NULL);
	return 0;
}

/* Who has duplicated an adopted descriptor keeps the file open: its events must not go on. */
static int adopted_and_shared(int argc, char **argv)
{
	int ends[2], copy;
	struct ltr_conn *conn;
	char byte;

	(void)argc, (void)argv;
	for (int i = 0; i < 20; i++) {
		expect(pipe(ends) == 0);
		copy = dup(ends[0]);
		expect(ltr_conn_adopt(ends[0], &conn) == 0);
		ltr_conn_close(conn);
		expect(write(ends[1], "x", 1) == 1); /* an event for the old handle, if any */
		expect(ltr_conn_adopt(copy, &conn) == 0);
		expect(ltr_read(conn, &byte, 1) == 1);
		expect(ltr_read(conn, &byte, 1, LTR_NOW) == -ETIMEDOUT);
		close(ends[1]);
		expect(ltr_read(conn, &byte, 1) == 0);
		ltr_conn_close(conn);
	}
	return 0;
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(everybody_on_a_connection_is_woken),
		RULE(everybody_on_a_listener_is_woken),
		RULE(old_handles_are_refused),
		RULE(close_among_random_calls),
		RULE(null_is_closed),
		RULE(adopted_and_shared),
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
