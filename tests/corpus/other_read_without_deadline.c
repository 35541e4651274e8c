/* SPDX-License-Identifier: MIT */
/*
 * class: other / I/O
 *
 * A client waits for an answer without a deadline; the server has read the request and never writes.
 */
/* expect: leak at ANSWER reason IO wait */
/* expect fixed: clean */

#include <loiter.h>
#include <stdio.h>

static void serve(struct ltr_listener **listener)
{
	struct ltr_conn *conn;
	char request[16];

	if (ltr_accept(*listener, &conn) == 0)
		ltr_read(conn, request, sizeof(request));
}

static void ask(struct ltr_conn **conn)
{
	char answer[16];

	ltr_write(*conn, "hello", 5);
#ifdef FIXED
	ltr_read(*conn, answer, sizeof(answer), ltr_after(20 * LTR_MILLISECOND));
#else
	ltr_read(*conn, answer, sizeof(answer)); /* ANSWER */
#endif
}

static int run(int argc, char **argv)
{
	struct ltr_listener *listener;
	struct ltr_conn *conn;
	char address[32];

	if (ltr_listen("127.0.0.1:0", &listener) < 0)
		return 1;
	snprintf(address, sizeof(address), "127.0.0.1:%u", ltr_listener_port(listener));
	ltr_go(serve, listener);
	if (ltr_dial(address, &conn) < 0)
		return 1;
	ltr_go(ask, conn);
	ltr_sleep(LTR_MILLISECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
