/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel
 *
 * Client and server each wait for the other's greeting before they send their own.
 */
/* expect: leak at SERVER reason chan receive */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(words, int);

struct connection {
	words to_server, to_client;
};

static void server(struct connection *c)
{
	int hello;

	ltr_recv(c->to_server, &hello); /* SERVER */
	ltr_send(c->to_client, hello + 1);
}

static void client(struct connection *c)
{
	int hello = 0;

#ifdef FIXED
	ltr_send(c->to_server, 1);
	ltr_recv(c->to_client, &hello);
#else
	ltr_recv(c->to_client, &hello);
	ltr_send(c->to_server, hello);
#endif
}

static int run(int argc, char **argv)
{
	struct connection c = {ltr_make(words, 0), ltr_make(words, 0)};

	ltr_go(server, c);
	ltr_go(client, c);
	ltr_sleep(LTR_MILLISECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
