/* SPDX-License-Identifier: MIT */
/*
 * A program that serves its own profiles: workers take jobs, one of them too slowly.
 *
 *	$ build/release/examples/served 127.0.0.1:6060 &
 *	$ curl 'http://127.0.0.1:6060/debug/pprof/goroutine?debug=2'
 *	$ go tool pprof -top 'http://127.0.0.1:6060/debug/pprof/wait?seconds=5'
 */
#include <loiter.h>
#include <loiter/pprof.h>
#include <stdio.h>
#include <string.h>

LTR_CHAN(jobs, int);

static jobs queue;

static void work(int *slowness)
{
	int job;

	while (ltr_recv(queue, &job) == 0)
		ltr_sleep(*slowness * LTR_MILLISECOND);
}

static int run(int argc, char **argv)
{
	int err = ltr_serve_pprof(argc > 1 ? argv[1] : "127.0.0.1:6060");
	char address[64];

	if (err < 0) {
		fprintf(stderr, "cannot serve: %s\n", strerror(-err));
		return 1;
	}
	ltr_serve_pprof_address(address, sizeof(address));
	printf("http://%s\n", address);
	fflush(stdout);
	queue = ltr_make(jobs, 4);
	for (int slowness = 1; slowness <= 3; slowness++)
		ltr_go(work, slowness * slowness);
	for (int job = 0; ltr_send(queue, job) == 0; job++)
		;
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
