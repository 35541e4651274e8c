/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel
 *
 * The middle stage of a pipeline ends when its input is closed, but does not close its output.
 */
/* expect: leak at SINK reason chan receive */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(numbers, int);

struct stage {
	numbers_receiver in;
	numbers_sender out;
};

static void generate(numbers_sender *out)
{
	for (int n = 1; n <= 4; n++)
		ltr_send(*out, n);
	ltr_close(*out);
}

static void double_them(struct stage *stage)
{
	int n;

	while (ltr_recv(stage->in, &n) == 0)
		ltr_send(stage->out, 2 * n);
#ifdef FIXED
	ltr_close(stage->out);
#endif
}

static int run(int argc, char **argv)
{
	numbers a = ltr_make(numbers, 0), b = ltr_make(numbers, 0);
	int n, sum = 0;

	ltr_go(generate, a.sender);
	ltr_go(double_them, (struct stage){a.receiver, b.sender});
	while (ltr_recv(b, &n) == 0) /* SINK */
		sum += n;
	return sum != 20;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
