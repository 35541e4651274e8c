// SPDX-License-Identifier: MIT
/*
 * A fuzz target without libFuzzer: `replay [--mutations N] [FILE...]` runs all seeds and files as they
 * are, then N mutations of them; `replay --write-seeds FOLDER` writes the seeds for libFuzzer. The seed
 * of chance is printed; LTR_TEST_SEED repeats it.
 */
#include <errno.h>
#include <string.h>

#include "../probe/testing.h"
#include "fuzz.h"

#define INPUTS_MAX 4096

struct input {
	uint8_t *data;
	size_t size;
};

static struct input inputs[INPUTS_MAX];
static size_t input_count;
static struct chance chance;

static size_t below(size_t limit)
{
	return limit ? (size_t)(chance_next(&chance) % limit) : 0;
}

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static void add(const uint8_t *data, size_t size)
{
	struct input *input = &inputs[input_count];

	if (input_count == INPUTS_MAX)
		return;
	input->data = malloc(size + 1); /* + 1: none is empty */
	if (!input->data)
		give_up("malloc");
	memcpy(input->data, data, size);
	input->size = size;
	input_count++;
}

static void add_file(const char *path)
{
	static uint8_t buffer[1u << 20];
	FILE *file = fopen(path, "rb");
	size_t size;

	if (!file)
		give_up(path);
	size = fread(buffer, 1, sizeof(buffer), file);
	fclose(file);
	add(buffer, size);
}

/* Words at which counts, sizes and addresses turn over. */
static uint64_t odd_word(void)
{
	static const uint64_t words[] = {0,           1,         0x7f,       0xff,
					 0x7fff,      0xffff,    0x7fffffff, 0xffffffff,
					 0x100000000, INT64_MAX, UINT64_MAX, 1ull << 47,
					 1ull << 63,  4096,      4095,       UINT64_MAX - 4095};

	return words[below(sizeof(words) / sizeof(words[0]))] + (below(4) ? 0 : below(17) - 8);
}

static void mutate_once(uint8_t *data, size_t *size)
{
	uint64_t word = odd_word();
	size_t at = below(*size);
	size_t bytes = (size_t)1 << below(4);
	const struct input *other;

	switch (below(6)) {
	case 0:
		data[at] ^= (uint8_t)(1u << below(8));
		break;
	case 1:
		data[at] = (uint8_t)chance_next(&chance);
		break;
	case 2: /* a field, where fields lie */
		at -= at % bytes;
		if (at + bytes <= *size)
			memcpy(data + at, &word, bytes);
		break;
	case 3: /* the end is missing */
		*size = at;
		break;
	case 4: /* what was here goes there */
		bytes = below(*size - at + 1);
		memmove(data + below(*size - bytes + 1), data + at, bytes);
		break;
	default:
		other = &inputs[below(input_count)];
		if (at < other->size)
			memcpy(data + at, other->data + at,
			       (other->size < *size ? other->size : *size) - at);
	}
}

static void run_mutation(void)
{
	const struct input *from = &inputs[below(input_count)];
	size_t size = from->size;
	/* Of the exact size, so that a byte too far is noticed. */
	uint8_t *data = malloc(size + 1), *exact;

	if (!data)
		give_up("malloc");
	memcpy(data, from->data, size);
	for (size_t i = 1 + below(8); i > 0 && size; i--)
		mutate_once(data, &size);
	exact = malloc(size ? size : 1);
	if (!exact)
		give_up("malloc");
	memcpy(exact, data, size);
	free(data);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

static void write_seeds(const char *folder)
{
	for (size_t i = 0; i < input_count; i++) {
		char path[4096];
		FILE *file;

		snprintf(path, sizeof(path), "%s/seed-%zu", folder, i);
		file = fopen(path, "wb");
		if (!file || fwrite(inputs[i].data, 1, inputs[i].size, file) != inputs[i].size ||
		    fclose(file) != 0)
			give_up(path);
	}
}

int main(int argc, char **argv)
{
	static uint8_t buffer[FUZZ_SEED_BYTES];
	size_t mutations = 0, size;

	for (size_t n = 0; (size = fuzz_seed(n, buffer, sizeof(buffer))) != 0; n++)
		add(buffer, size);
	if (argc == 3 && strcmp(argv[1], "--write-seeds") == 0)
		return write_seeds(argv[2]), 0;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--mutations") == 0 && i + 1 < argc)
			mutations = strtoul(argv[++i], NULL, 10);
		else
			add_file(argv[i]);
	}
	chance.state = chance_seed();
	fflush(stdout);
	for (size_t i = 0; i < input_count; i++)
		LLVMFuzzerTestOneInput(inputs[i].data, inputs[i].size);
	for (size_t i = 0; i < mutations; i++)
		run_mutation();
	printf("%zu inputs, %zu mutations\n", input_count, mutations);
	for (size_t i = 0; i < input_count; i++)
		free(inputs[i].data);
	return input_count == 0;
}
