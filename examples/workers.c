/* SPDX-License-Identifier: MIT */
/*
 * A pool of workers: counts the lines of the files that it is given, `workers FILE...`. Reading a
 * file may block a thread, so it goes through ltr_blocking(); the other goroutines run on.
 */

#include <errno.h>
#include <loiter.h>
#include <stdio.h>
#include <string.h>

#define WORKERS 4

LTR_CHAN(paths, const char *);

struct totals {
	struct ltr_mutex mutex;
	uint64_t lines; /* guarded by mutex */
	int failures;   /* guarded by mutex */
};

struct worker {
	paths_receiver work;
	struct totals *totals;
	struct ltr_waitgroup *done;
};

struct line_count {
	const char *path;
	uint64_t lines;
	int error; /* an errno, or 0 */
};

/* Runs on a thread of its own: may block, and may use as much stack as it likes. */
static void count_lines(void *argument)
{
	struct line_count *count = argument;
	FILE *file = fopen(count->path, "re");
	char buffer[65536];
	size_t n;

	if (file == NULL) {
		count->error = errno;
		return;
	}
	while ((n = fread(buffer, 1, sizeof(buffer), file)) > 0)
		for (const char *c = buffer; (c = memchr(c, '\n', n - (size_t)(c - buffer))); c++)
			count->lines++;
	if (ferror(file))
		count->error = EIO;
	fclose(file);
}

static void work(struct worker *worker)
{
	struct totals *totals = worker->totals;
	const char *path;

	while (ltr_recv(worker->work, &path) == 0) {
		struct line_count count = {.path = path};

		ltr_blocking(count_lines, &count);
		ltr_mutex_lock(&totals->mutex);
		if (count.error == 0)
			printf("%8lu %s\n", (unsigned long)count.lines, path);
		else
			fprintf(stderr, "workers: %s: %s\n", path, strerror(count.error));
		totals->lines += count.lines;
		totals->failures += count.error != 0;
		ltr_mutex_unlock(&totals->mutex);
	}
	ltr_waitgroup_done(worker->done);
}

static int run(int argc, char **argv)
{
	paths work_left = ltr_make(paths, WORKERS);
	struct totals totals = {0};
	struct ltr_waitgroup done = {0};

	ltr_waitgroup_add(&done, WORKERS);
	for (int i = 0; i < WORKERS; i++)
		ltr_go_with(&(struct ltr_go_options){.name = "worker"}, work,
			    (struct worker){work_left.receiver, &totals, &done});
	for (int i = 1; i < argc; i++)
		ltr_send(work_left, argv[i]);
	ltr_close(work_left);
	ltr_waitgroup_wait(&done);
	printf("%8lu total\n", (unsigned long)totals.lines);
	return totals.failures != 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
