/* SPDX-License-Identifier: MIT */
/* Two goroutines and two channels: one sends numbers, the other sends their squares back. */

#include <loiter.h>
#include <stdio.h>

LTR_CHAN(numbers, int);

struct squares {
	numbers_receiver in;
	numbers_sender out;
};

static void square(struct squares *s)
{
	int n;

	while (ltr_recv(s->in, &n) == 0)
		ltr_send(s->out, n * n);
	ltr_close(s->out);
}

static void count(numbers_sender *out)
{
	for (int n = 1; n <= 10; n++)
		ltr_send(*out, n);
	ltr_close(*out);
}

static int run(int argc, char **argv)
{
	numbers in = ltr_make(numbers, 0), out = ltr_make(numbers, 0);
	int n;

	(void)argc;
	(void)argv;
	ltr_go(count, in.sender);
	ltr_go(square, (struct squares){in.receiver, out.sender});
	while (ltr_recv(out, &n) == 0)
		printf("%d\n", n);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
