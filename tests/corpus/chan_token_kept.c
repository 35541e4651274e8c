/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel
 *
 * Uploads take a token out of a channel of two and put it back, but not when they fail; the third one after
 * two failures waits for ever.
 */
/* expect: leak at TAKE reason chan receive */
/* expect fixed: clean */

#include <errno.h>
#include <loiter.h>

LTR_CHAN(tokens, char);

static tokens pool;
static int uploaded;

static int send_file(int file)
{
	return file < 2 ? -ENETDOWN : 0;
}

static void upload(int *file)
{
	ltr_recv(pool, NULL); /* TAKE */
	if (send_file(*file) < 0) {
#ifdef FIXED
		ltr_send(pool, 1);
#endif
		return;
	}
	uploaded++;
	ltr_send(pool, 1);
}

static int run(int argc, char **argv)
{
	pool = ltr_make(tokens, 2);
	ltr_send(pool, 1);
	ltr_send(pool, 1);
	for (int file = 0; file < 4; file++) {
		ltr_go(upload, file);
		ltr_sleep(LTR_MILLISECOND);
	}
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
