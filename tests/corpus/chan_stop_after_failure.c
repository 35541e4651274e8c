/* SPDX-License-Identifier: MIT */
/*
 * class: communication / channel
 *
 * stop() hands a message to the loop, which has already ended because of an error.
 */
/* expect: leak at STOP reason chan send */
/* expect fixed: clean */

#include <loiter.h>

LTR_CHAN(stops, char);

struct service {
	stops stop;
	int steps;
};

static void loop(struct service **service)
{
	while (ltr_recv((*service)->stop, NULL, LTR_NOW) != 0) {
		if (++(*service)->steps == 3)
			return; /* something broke */
		ltr_sleep(LTR_MILLISECOND);
	}
}

static void stop(struct service *service)
{
#ifdef FIXED
	ltr_close(service->stop);
#else
	ltr_send(service->stop, 0); /* STOP */
#endif
}

static int run(int argc, char **argv)
{
	struct service service = {.stop = ltr_make(stops, 0)};

	ltr_go(loop, &service);
	ltr_sleep(LTR_SECOND);
	stop(&service);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
