/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

/*
 * One reader of hostile bytes each: fuzz_NAME.c. It is linked twice: with libFuzzer (./dev fuzz), and
 * with replay.c, which takes valid inputs, what was once found (corpus/NAME) and mutations of both,
 * in every build and under the sanitizers.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libFuzzer's entry; always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Valid input number `n`, at most `bytes` long; returns its size, 0 if there are no more. */
size_t fuzz_seed(size_t n, uint8_t *buffer, size_t bytes);

#define FUZZ_SEED_BYTES (256u << 10)

/* A seed in the making. */
struct fuzz_writer {
	uint8_t *to;
	size_t size;
};

static inline void fuzz_put(struct fuzz_writer *writer, const void *from, size_t bytes)
{
	memcpy(writer->to + writer->size, from, bytes);
	writer->size += bytes;
}

/* A rule that holds for any input. */
#define fuzz_expect(condition)                                                          \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                        \
		}                                                                       \
	} while (0)

#endif
