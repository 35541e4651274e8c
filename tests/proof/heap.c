/* SPDX-License-Identifier: MIT */
/*
 * A large heap under many goroutines: blocks of 32 to 1,000 bytes that refer to each other, as many as
 * fill so many megabytes, and so many goroutines that wait, one in ten of them leaked. Prints "ready"
 * and sleeps on.
 */

#include <loiter.h>
#include <stdio.h>
#include <stdlib.h>

LTR_CHAN(numbers, int);

struct block {
	struct block *next;  /* the one that was made before */
	struct block *other; /* any */
	uint64_t words[];
};

static struct block **blocks;
static size_t block_count;
static numbers *channels;

static uint64_t random_state = 1;

static uint64_t any(void)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return random_state >> 33;
}

static void fill(size_t megabytes)
{
	size_t most = megabytes * 1000000 / 32;
	size_t bytes = 0;

	blocks = calloc(most, sizeof(*blocks));
	while (bytes < megabytes * 1000000) {
		size_t size = 32 + any() % 969;
		struct block *block = malloc(size);

		for (size_t i = 0; i < (size - sizeof(*block)) / 8; i++)
			block->words[i] = any();
		block->next = block_count ? blocks[block_count - 1] : NULL;
		block->other = block_count ? blocks[any() % block_count] : NULL;
		blocks[block_count++] = block;
		bytes += size;
	}
}

static void wait_here(numbers *c)
{
	int n;

	ltr_recv(*c, &n);
}

static int run(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 20000;

	fill(argc > 2 ? (size_t)atol(argv[2]) : 1000);
	channels = calloc((size_t)count, sizeof(*channels));
	for (int i = 0; i < count; i++) {
		numbers c = ltr_make(numbers, 0);

		ltr_go(wait_here, c);
		if (i % 10)
			channels[i] = c;
	}
	ltr_sleep(100 * LTR_MILLISECOND);
	printf("ready\n");
	fflush(stdout);
	ltr_sleep(60 * LTR_MINUTE);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
