/* SPDX-License-Identifier: MIT */
/*
 * The prime sieve: a chain of goroutines, one for each prime found so far, each of which lets pass
 * what its prime does not divide. What comes out at the end of the chain is the next prime.
 *
 * The classic leaves the whole chain behind when it has seen enough. Here the source closes its
 * channel, the end runs down the chain, and everybody goes home: `loiter check -- sieve` is clean.
 */

#include <loiter.h>
#include <stdio.h>
#include <stdlib.h>

LTR_CHAN(numbers, int);

struct source {
	int limit;
	numbers_sender out;
};

static void count(struct source *source)
{
	for (int n = 2; n <= source->limit; n++)
		ltr_send(source->out, n);
	ltr_close(source->out);
}

struct filter {
	int prime;
	numbers_receiver in;
	numbers_sender out;
};

static void filter(struct filter *f)
{
	int n;

	while (ltr_recv(f->in, &n) == 0)
		if (n % f->prime != 0)
			ltr_send(f->out, n);
	ltr_close(f->out);
}

static int run(int argc, char **argv)
{
	int limit = argc > 1 ? atoi(argv[1]) : 100;
	numbers chain = ltr_make(numbers, 0);
	int prime;

	ltr_go(count, (struct source){limit, chain.sender});
	while (ltr_recv(chain, &prime) == 0) {
		numbers next = ltr_make(numbers, 0);

		printf("%d\n", prime);
		ltr_go(filter, (struct filter){prime, chain.receiver, next.sender});
		chain = next;
	}
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
