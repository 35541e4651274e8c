/* SPDX-License-Identifier: MIT */
/*
 * A group and its context, nearly as in Go: looks for a word in all files at once, at most eight of
 * them, `search WORD FILE...`. The first file that cannot be read stops the others; so does a second
 * without an answer.
 *
 *	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
 *	defer cancel()
 *	g, ctx := errgroup.WithContext(ctx)
 *	g.SetLimit(8)
 *	for _, path := range paths {
 *		g.Go(func() error { return search(ctx, word, path, found) })
 *	}
 *	err := g.Wait()
 */

#include <errno.h>
#include <loiter.h>
#include <stdio.h>
#include <string.h>

LTR_CHAN(paths, const char *);

struct search {
	struct ltr_context *context;
	const char *word;
	const char *path;
	paths_sender found;
};

struct reading {
	const struct search *search;
	int result; /* 1: the word is in there, 0, or a negative errno */
};

/* Runs on a thread of its own: may block. */
static void read_file(void *argument)
{
	struct reading *reading = argument;
	FILE *file = fopen(reading->search->path, "re");
	char line[4096];

	if (file == NULL) {
		reading->result = -errno;
		return;
	}
	while (reading->result == 0 && fgets(line, sizeof(line), file))
		reading->result = strstr(line, reading->search->word) != NULL;
	if (ferror(file))
		reading->result = -EIO;
	fclose(file);
}

static int search(struct search *search)
{
	struct reading reading = {.search = search};
	int r = ltr_blocking(read_file, &reading, search->context);

	if (r == 0)
		r = reading.result;
	if (r < 0)
		fprintf(stderr, "search: %s: %s\n", search->path, strerror(-r));
	return r > 0 ? ltr_send(search->found, search->path, search->context) : r;
}

static int print(paths_receiver *found)
{
	const char *path;

	while (ltr_recv(*found, &path) == 0)
		printf("%s\n", path);
	return 0;
}

static int run(int argc, char **argv)
{
	LTR_SCOPED_CONTEXT struct ltr_context *context =
		ltr_context_with_timeout(LTR_BACKGROUND, LTR_SECOND);
	paths found = ltr_make(paths, 0);
	struct ltr_group group, printer = {0};
	int r;

	ltr_group_init(&group, context);
	ltr_group_limit(&group, 8);
	ltr_group_go(&printer, print, found.receiver);
	for (int i = 2; i < argc; i++)
		ltr_group_go(
			&group, search,
			(struct search){ltr_group_context(&group), argv[1], argv[i], found.sender});
	r = ltr_group_wait(&group);
	ltr_group_done(&group);
	ltr_close(found);
	ltr_group_wait(&printer);
	ltr_free(found);
	return r < 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
