/* SPDX-License-Identifier: MIT */
/*
 * class: mixed / channel and lock
 *
 * What runs once waits for an answer of a goroutine that first makes sure that it has run.
 */
/* expect: leak at HELPER reason sync.Once.Do */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(answers, int);

static struct ltr_once once;
static answers answer;
static int limit;

static void init(void);

static void probe(void)
{
#ifndef FIXED
	ltr_once_do(&once, init); /* HELPER */
#endif
	ltr_send(answer, 16);
}

static void init(void)
{
	ltr_go(probe);
	ltr_recv(answer, &limit);
}

static void use_limit(void)
{
	ltr_once_do(&once, init);
}

static int run(int argc, char **argv)
{
	answer = ltr_make(answers, 0);
	ltr_go(use_limit);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
