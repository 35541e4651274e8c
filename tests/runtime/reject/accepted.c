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

static int takes_point_in_group(struct point *p)
{
	return p->x;
}

static int takes_nothing_in_group(void)
{
	return 0;
}

int use(numbers c, numbers_sender out, numbers_receiver in, words w, points ps);
int use(numbers c, numbers_sender out, numbers_receiver in, words w, points ps)
{
	struct ltr_context *context = ltr_context_with_cancel(LTR_BACKGROUND);
	struct ltr_group group = {0};
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
	ltr_send(c, 1, context);
	ltr_sleep(LTR_SECOND, context);
	ltr_select(context, LTR_RECV(ltr_context_done(context), NULL));
	ltr_group_go(&group, takes_point_in_group, p);
	ltr_group_go(&group, takes_nothing_in_group);
	return n;
}
