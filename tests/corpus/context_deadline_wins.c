/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel and context
 *
 * The caller selects on the result and on its deadline; when the deadline wins, the worker is left with its
 * result.
 */
/* expect: leak at RESULT reason chan send */
/* expect fixed: clean */

#include <errno.h>
#include <loiter.h>

LTR_CHAN(results, long);

static void slow_sum(results *out)
{
	long sum = 0;

	for (int i = 0; i < 100; i++) {
		sum += i;
		ltr_sleep(LTR_MILLISECOND);
	}
	ltr_send(*out, sum); /* RESULT */
}

static int sum_within(struct ltr_context *context, long *ret_sum)
{
#ifdef FIXED
	results out = ltr_make(results, 1);
#else
	results out = ltr_make(results, 0);
#endif

	ltr_go(slow_sum, out);
	return ltr_select(context, LTR_RECV(out, ret_sum));
}

static int run(int argc, char **argv)
{
	LTR_SCOPED_CONTEXT struct ltr_context *context =
		ltr_context_with_timeout(LTR_BACKGROUND, 10 * LTR_MILLISECOND);
	long sum;

	return sum_within(context, &sum) == -ETIMEDOUT ? 0 : 1;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
