/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel
 *
 * A merge sets each source to nil when it is exhausted, and goes on when both are: the select has nothing
 * left to wait for.
 */
/* expect: leak at MERGE reason select (no cases) */
/* expect fixed: clean */

#include <loiter.h>
#include <stdbool.h>

LTR_CHAN(items, int);

static void fill(items *out)
{
	for (int i = 0; i < 2; i++)
		ltr_send(*out, i);
	ltr_close(*out);
}

static void merge(items *sources)
{
	items a = ltr_make(items, 0), b = ltr_make(items, 0);
	int item, sum = 0;
	bool ok;

	ltr_go(fill, a);
	ltr_go(fill, b);
#ifdef FIXED
	while (a.chan || b.chan) {
#else
	for (;;) {
#endif
		ok = true;
		switch (ltr_select(LTR_FOREVER, LTR_RECV(a, &item, &ok), /* MERGE */
				   LTR_RECV(b, &item, &ok))) {
		case 0:
			if (!ok)
				a.chan = NULL;
			break;
		case 1:
			if (!ok)
				b.chan = NULL;
			break;
		}
		if (ok)
			sum += item;
	}
	ltr_send(*sources, sum);
}

static int run(int argc, char **argv)
{
	items sum = ltr_make(items, 1);

	ltr_go(merge, sum);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
