/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel
 *
 * Ten results are announced, the loop collects nine.
 */
/* expect: leak at RESULT reason chan send */
/* expect fixed: clean */

#include <loiter.h>

#define JOBS 10

LTR_CHAN(results, int);

struct job {
	int number;
	results out;
};

static void square(struct job *job)
{
	ltr_send(job->out, job->number * job->number); /* RESULT */
}

static int run(int argc, char **argv)
{
	results out = ltr_make(results, 0);
	int sum = 0, result;

	for (int i = 0; i < JOBS; i++)
		ltr_go(square, (struct job){i, out});
#ifdef FIXED
	for (int i = 0; i < JOBS; i++) {
#else
	for (int i = 1; i < JOBS; i++) {
#endif
		ltr_recv(out, &result);
		sum += result;
	}
	return sum > 285;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
