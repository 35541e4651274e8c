/* SPDX-License-Identifier: MIT */
/*
 * class: mixed / channel and WaitGroup
 *
 * The goroutine that closes the results waits for all workers; two of them are stuck in reporting errors that
 * nobody reads, so the loop over the results never ends.
 */
/* expect: leak at RESULTS reason chan receive */
/* expect fixed: clean */

#include <errno.h>
#include <loiter.h>

LTR_CHAN(numbers, int);

struct job {
	int number;
	numbers results, errors;
};

static struct ltr_waitgroup jobs;

static void do_job(struct job *job)
{
	if (job->number % 2)
		ltr_send(job->results, job->number);
	else
		ltr_send(job->errors, -EINVAL);
	ltr_waitgroup_done(&jobs);
}

static void close_at_end(numbers *results)
{
	ltr_waitgroup_wait(&jobs);
	ltr_close(*results);
}

static int run(int argc, char **argv)
{
#ifdef FIXED
	numbers results = ltr_make(numbers, 0), errors = ltr_make(numbers, 6);
#else
	numbers results = ltr_make(numbers, 0), errors = ltr_make(numbers, 1);
#endif
	int n, sum = 0;

	ltr_waitgroup_add(&jobs, 6);
	for (int i = 0; i < 6; i++)
		ltr_go(do_job, (struct job){i, results, errors});
	ltr_go(close_at_end, results);
	while (ltr_recv(results, &n) == 0) /* RESULTS */
		sum += n;
	return sum != 9;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
