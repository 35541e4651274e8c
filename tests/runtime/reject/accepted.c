/* SPDX-License-Identifier: MIT */

/* What has to compile; reject.sh changes one line of it at a time into what must not. */

#include <loiter.h>

LTR_CHAN(numbers, int);
LTR_CHAN(words, const char *);

struct point {
	int x, y;
};
LTR_CHAN(points, struct point);

static void takes_point(struct point *p)
{
	(void)p;
}

static void takes_nothing(void)
{
}

int use(numbers c, numbers_sender out, numbers_receiver in, words w, points ps);
int use(numbers c, numbers_sender out, numbers_receiver in, words w, points ps)
{
	struct point p = {1, 2};
	const char *text;
	int n;

	ltr_send(c, 1);
	ltr_send(out, 1);
	ltr_recv(c, &n);
	ltr_recv(in, &n);
	ltr_send(w, "text");
	ltr_recv(w, &text);
	ltr_send(ps, p);
	ltr_recv(ps, &p);
	ltr_select(LTR_NOW, LTR_SEND(out, 1), LTR_RECV(in, &n));
	ltr_close(out);
	out = c.sender;
	in = c.receiver;
	ltr_go(takes_point, p);
	ltr_go(takes_nothing);
	return n;
}
