/* SPDX-License-Identifier: MIT */
/*
 * First answer wins, and the others leak: three servers are asked, one answer is taken, and the two
 * that come later wait for ever to hand over theirs. `loiter check -- leaky` says where.
 */

#include <loiter.h>
#include <stdio.h>

LTR_CHAN(answers, int);

struct question {
	int server;
	answers_sender answer;
};

static void ask(struct question *question)
{
	ltr_sleep(question->server * LTR_MILLISECOND);
	ltr_send(question->answer, question->server);
}

static int run(int argc, char **argv)
{
	answers answer = ltr_make(answers, 0); /* a capacity of 2 would be the cure */
	int first;

	(void)argc;
	(void)argv;
	for (int server = 1; server <= 3; server++)
		ltr_go(ask, (struct question){server, answer.sender});
	ltr_recv(answer, &first);
	printf("server %d was first\n", first);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
