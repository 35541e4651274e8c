/* SPDX-License-Identifier: MIT */
/*
 * class: other / I/O
 *
 * The server is forgotten with its listener open: its accept loop waits for connections for ever.
 */
/* expect: leak at ACCEPT reason IO wait (accept) */
/* expect fixed: clean */

#include <loiter.h>

static int connections;

static void accept_all(struct ltr_listener **listener)
{
	struct ltr_conn *conn;

	while (ltr_accept(*listener, &conn) == 0) { /* ACCEPT */
		connections++;
		ltr_conn_close(conn);
	}
}

static int run(int argc, char **argv)
{
	struct ltr_listener *listener;

	if (ltr_listen("127.0.0.1:0", &listener) < 0)
		return 1;
	ltr_go(accept_all, listener);
	ltr_sleep(LTR_MILLISECOND);
#ifdef FIXED
	ltr_listener_close(listener);
#endif
	return connections;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
