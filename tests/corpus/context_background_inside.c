/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel and context
 *
 * A helper three calls down waits with the background context instead of the one it was given; cancelling
 * does not reach it.
 */
/* expect: leak at FETCH reason chan receive */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(pages, int);

static pages never_comes;

static int fetch(struct ltr_context *context, int *ret_page)
{
#ifndef FIXED
	context = LTR_BACKGROUND;
#endif
	return ltr_recv(never_comes, ret_page, context); /* FETCH */
}

static int retry(struct ltr_context *context, int *ret_page)
{
	int r = -1;

	for (int i = 0; i < 3 && r < 0 && !ltr_context_error(context); i++)
		r = fetch(context, ret_page);
	return r;
}

static void crawl(struct ltr_context **context)
{
	int page;

	retry(*context, &page);
}

static int run(int argc, char **argv)
{
	struct ltr_context *context = ltr_context_with_cancel(LTR_BACKGROUND);

	never_comes = ltr_make(pages, 0);
	ltr_go(crawl, context);
	ltr_sleep(LTR_MILLISECOND);
	ltr_context_cancel(context);
	ltr_sleep(LTR_MILLISECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
