/* SPDX-License-Identifier: MIT */
/*
 * class: other / nil channel
 *
 * The structure that is handed to the worker was copied before its channel was made.
 */
/* expect: leak at SEND reason chan send (nil chan) */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(values, int);

struct box {
	values c;
	int value;
};

static void send_value(struct box *box)
{
	ltr_send(box->c, box->value); /* SEND */
}

static int run(int argc, char **argv)
{
	struct box box = {.value = 3};

#ifdef FIXED
	box.c = ltr_make(values, 1);
	ltr_go(send_value, box);
#else
	ltr_go(send_value, box);
	box.c = ltr_make(values, 1);
#endif
	ltr_sleep(LTR_MILLISECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
