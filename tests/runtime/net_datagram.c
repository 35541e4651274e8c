/* SPDX-License-Identifier: MIT */

/* Datagrams, of UDP and Unix sockets. */

#include "sockets.h"

static struct ltr_waitgroup done;

/* A socket that receives, and its address. */
static struct ltr_conn *bind_at(const char *where, char text[LTR_ADDRESS_TEXT_BYTES])
{
	struct ltr_address address;
	struct ltr_conn *conn;

	expect(ltr_datagram_bind(where, &conn) == 0);
	expect(ltr_conn_local(conn, &address) == 0);
	expect(ltr_address_format(&address, text) == 0);
	return conn;
}

static void answers(struct ltr_conn **conn)
{
	struct ltr_address from;
	char buffer[128];
	ssize_t n;

	while ((n = ltr_receive_from(*conn, buffer, sizeof(buffer), &from)) >= 0)
		expect(ltr_send_to(*conn, buffer, (size_t)n, &from) == n);
	expect(n == -ECANCELED);
	ltr_waitgroup_done(&done);
}

static void ask_and_hear(const char *where)
{
	char text[LTR_ADDRESS_TEXT_BYTES], buffer[128];
	struct ltr_conn *client, *server = bind_at(where, text);
	struct ltr_address to, from;

	ltr_waitgroup_add(&done, 1);
	ltr_go(answers, server);
	expect(ltr_datagram_dial(text, &client) == 0);
	for (int i = 0; i < 100; i++) {
		int n = snprintf(buffer, sizeof(buffer), "question %d", i);

		expect(ltr_write(client, buffer, (size_t)n) == n);
		memset(buffer, 0, sizeof(buffer));
		expect(ltr_receive(client, buffer, sizeof(buffer)) == n);
		expect(atoi(buffer + 9) == i);
	}
	expect(ltr_send_to(client, NULL, 0, NULL) == 0); /* empty ones exist */
	expect(ltr_receive(client, buffer, sizeof(buffer)) == 0);
	ltr_conn_close(client);

	client = bind_at(strncmp(where, "unix:", 5) ? where : "unix:@ltr-test-other", buffer);
	expect(ltr_address_resolve(text, &to) == 0);
	expect(ltr_send_to(client, "hello", 5, &to) == 5);
	expect(ltr_receive_from(client, buffer, sizeof(buffer), &from) == 5);
	expect(ltr_address_format(&from, buffer) == 0 && strcmp(buffer, text) == 0);
	ltr_conn_close(client);
	ltr_conn_close(server);
	ltr_waitgroup_wait(&done);
}

static int every_family(int argc, char **argv)
{
	(void)argc, (void)argv;
	ask_and_hear("127.0.0.1:0");
	ask_and_hear("[::1]:0");
	ask_and_hear("unix:@ltr-test-datagram");
	return 0;
}

static int sizes(int argc, char **argv)
{
	char text[LTR_ADDRESS_TEXT_BYTES], buffer[8];
	struct ltr_conn *client, *server = bind_at("127.0.0.1:0", text);
	static char large[70000];

	(void)argc, (void)argv;
	expect(ltr_datagram_dial(text, &client) == 0);
	expect(ltr_write(client, "0123456789", 10) == 10);
	expect(ltr_write(client, "next", 4) == 4);
	expect(ltr_receive(server, buffer, sizeof(buffer)) == -EMSGSIZE);
	expect(memcmp(buffer, "01234567", 8) == 0);
	expect(ltr_receive(server, buffer, sizeof(buffer)) == 4); /* the rest is lost */
	expect(ltr_write(client, large, sizeof(large)) == -EMSGSIZE);
	expect(ltr_receive(server, buffer, 8, ltr_after(LTR_MILLISECOND)) == -ETIMEDOUT);
	expect(ltr_receive(server, buffer, 8, LTR_NOW) == -ETIMEDOUT);
	ltr_conn_close(client);
	ltr_conn_close(server);
	return 0;
}

/* An error that comes back is told once, and is not the end. */
static int refused(int argc, char **argv)
{
	char text[LTR_ADDRESS_TEXT_BYTES], buffer[8];
	struct ltr_conn *client, *server = bind_at("127.0.0.1:0", text);

	(void)argc, (void)argv;
	expect(ltr_datagram_dial(text, &client) == 0);
	ltr_conn_close(server);
	expect(ltr_write(client, "x", 1) == 1);
	expect(ltr_receive(client, buffer, sizeof(buffer)) == -ECONNREFUSED);
	expect(ltr_receive(client, buffer, 8, ltr_after(LTR_MILLISECOND)) == -ETIMEDOUT);
	expect(ltr_datagram_bind(text, &server) == 0);
	expect(ltr_write(client, "y", 1) == 1);
	expect(ltr_receive(server, buffer, sizeof(buffer)) == 1 && buffer[0] == 'y');
	ltr_conn_close(client);
	ltr_conn_close(server);
	return 0;
}

#define MANY 2000

struct flood {
	struct ltr_conn *conn;
	struct ltr_address to;
	bool dialled;
};

static void floods(struct flood *flood)
{
	for (uint32_t i = 0; i < MANY; i++)
		expect(ltr_send_to(flood->conn, &i, sizeof(i),
				   flood->dialled ? NULL : &flood->to) == sizeof(i));
	ltr_waitgroup_done(&done);
}

/* A Unix socket's queue is short, and nothing is lost: who sends waits, dialled or not. */
static int full_queues_make_wait(int argc, char **argv)
{
	(void)argc, (void)argv;
	for (int dialled = 0; dialled < 2; dialled++) {
		char text[LTR_ADDRESS_TEXT_BYTES], scrap[LTR_ADDRESS_TEXT_BYTES];
		struct ltr_conn *server = bind_at("unix:@ltr-test-flood", text);
		struct flood flood = {.dialled = dialled};

		expect(ltr_address_resolve(text, &flood.to) == 0);
		if (dialled)
			expect(ltr_datagram_dial(text, &flood.conn) == 0);
		else
			flood.conn = bind_at("unix:@ltr-test-flooder", scrap);
		ltr_waitgroup_add(&done, 1);
		ltr_go(floods, flood);
		let_others_run();
		for (uint32_t i = 0, got; i < MANY; i++) {
			expect(ltr_receive(server, &got, sizeof(got)) == sizeof(got));
			expect(got == i);
		}
		ltr_waitgroup_wait(&done);
		ltr_conn_close(flood.conn);
		ltr_conn_close(server);
	}
	return 0;
}

static void sends_until_closed(struct flood *flood)
{
	ssize_t n;

	do
		n = ltr_send_to(flood->conn, "x", 1, &flood->to);
	while (n == 1);
	expect(n == -ECANCELED);
	ltr_waitgroup_done(&done);
}

static int closing_wakes_who_sends(int argc, char **argv)
{
	char text[LTR_ADDRESS_TEXT_BYTES], scrap[LTR_ADDRESS_TEXT_BYTES];
	struct ltr_conn *server = bind_at("unix:@ltr-test-full", text);
	struct flood flood = {bind_at("unix:@ltr-test-sender", scrap), {0}, false};

	(void)argc, (void)argv;
	expect(ltr_address_resolve(text, &flood.to) == 0);
	ltr_waitgroup_add(&done, 1);
	ltr_go(sends_until_closed, flood);
	let_others_run();
	ltr_conn_close(flood.conn);
	ltr_waitgroup_wait(&done);
	ltr_conn_close(server);
	return 0;
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(every_family),
		RULE(sizes),
		RULE(refused),
		RULE(full_queues_make_wait),
		RULE(closing_wakes_who_sends),
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
