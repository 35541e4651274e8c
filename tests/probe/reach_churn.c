/* SPDX-License-Identifier: MIT */
#include "reach_churn.h"

#include <sys/mman.h>
#include <unistd.h>

#include "testing.h"

#define BLOCKS     3000u
#define ROOTS      40u
#define LEAST      32u
#define MOST       20000u
#define LARGE      300000u /* a mapping of its own */
#define LARGE_PART 200u    /* one in so many */

struct noted {
	uint64_t *words; /* NULL: none */
	uint32_t count;
};

/* What is not looked at: notes are no references. */
static struct notes {
	struct noted objects[CHURN_OBJECTS];
	struct noted blocks[BLOCKS];
} * notes;

static void *volatile roots[ROOTS]; /* these are references */
static struct chance chance;

static uint32_t any(uint32_t below)
{
	return chance_below(&chance, below);
}

static size_t any_size(void)
{
	if (any(LARGE_PART) == 0)
		return LARGE;
	return LEAST + any(any(4) ? 1000 : MOST);
}

/* Old words in it would be references: it begins with zeros. */
static void make(struct noted *noted)
{
	size_t bytes = any_size() & ~(size_t)7;

	noted->words = calloc(1, bytes);
	if (!noted->words)
		abort();
	noted->count = (uint32_t)(bytes / 8);
}

static struct noted *any_noted(void)
{
	struct noted *noted =
		any(3) == 0 ? &notes->objects[any(CHURN_OBJECTS)] : &notes->blocks[any(BLOCKS)];

	return noted->words ? noted : &notes->objects[any(CHURN_OBJECTS)];
}

static uint64_t *any_word(void)
{
	const struct noted *noted = any_noted();

	/* A few places only, so that references are taken away, too. */
	return &noted->words[any(4) ? any(3) * (noted->count / 3) : any(noted->count)];
}

static void refer(void)
{
	*any_word() = (uint64_t)(uintptr_t)any_noted()->words;
}

static void move(void)
{
	uint64_t *from = any_word();
	uint64_t *to = any_word();
	uint64_t word = *from;

	*from = 0;
	*to = word;
}

static void resize(struct noted *noted)
{
	uint32_t old = noted->count;
	size_t bytes = any_size() & ~(size_t)7;
	uint64_t *grown = realloc(noted->words, bytes);

	if (!grown)
		abort();
	noted->words = grown;
	noted->count = (uint32_t)(bytes / 8);
	if (noted->count > old)
		memset(noted->words + old, 0, (noted->count - old) * (size_t)8);
}

static void drop(struct noted *noted)
{
	free(noted->words);
	noted->words = NULL;
}

static void step(void)
{
	struct noted *noted = &notes->blocks[any(BLOCKS)];

	switch (any(8)) {
	case 0:
		drop(noted);
		make(noted);
		break;
	case 1:
		drop(noted);
		break;
	case 2:
		if (noted->words)
			resize(noted);
		break;
	case 3:
		roots[any(ROOTS)] = any(2) ? any_noted()->words : NULL;
		break;
	case 4:
		refer();
		break;
	case 5:
		*any_word() = 0;
		break;
	default:
		move();
	}
}

void churn_prepare(uint64_t seed)
{
	chance.state = seed;
	notes = mmap(NULL, sizeof(*notes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
	if (notes == MAP_FAILED)
		abort();
	for (uint32_t i = 0; i < BLOCKS; i++) {
		make(&notes->blocks[i]);
		if (i % (BLOCKS / CHURN_OBJECTS) == 0)
			make(&notes->objects[i / (BLOCKS / CHURN_OBJECTS)]);
	}
	churn_steps(BLOCKS);
}

uint64_t churn_object(uint32_t number)
{
	return (uint64_t)(uintptr_t)notes->objects[number].words;
}

struct ltr_reach_region churn_notes(void)
{
	uint64_t low = (uint64_t)(uintptr_t)notes;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	return (struct ltr_reach_region){low, (low + sizeof(*notes) + page - 1) & ~(page - 1),
					 LTR_REACH_SKIP};
}

void churn_steps(uint32_t count)
{
	while (count--)
		step();
}
