/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel
 *
 * The producer ends from deep inside at a bad input, and never comes to the close.
 */
/* expect: leak at INPUT reason chan receive */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(tokens, int);

static int parse(const char *text)
{
	if (*text < '0' || *text > '9')
		ltr_exit();
	return *text - '0';
}

static void close_tokens(void *channel)
{
	ltr_close(*(tokens *)channel);
}

static void scan(tokens **out)
{
#ifdef FIXED
	ltr_defer(close_tokens, *out);
#endif
	for (const char *text = "12x4"; *text; text++)
		ltr_send(**out, parse(text));
#ifndef FIXED
	close_tokens(*out);
#endif
}

static int run(int argc, char **argv)
{
	tokens in = ltr_make(tokens, 0);
	int token, sum = 0;

	ltr_go(scan, &in);
	while (ltr_recv(in, &token) == 0) /* INPUT */
		sum += token;
	return sum != 3;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
