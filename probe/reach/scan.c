/* SPDX-License-Identifier: MIT */
/*
 * The first sieve for words: most of them are no addresses at all. It looks at all words of a piece of
 * memory at once, as fast as the machine can, and leaves a list of those that may lead somewhere.
 */

#include <string.h>

#include "private.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* From `at` on; behind the `found` that there are. */
static size_t scan_plain(const unsigned char *bytes, size_t at, size_t count, uint64_t low,
			 uint64_t span, uint32_t *ret_at, size_t found)
{
	for (; at + 8 <= count; at += 8) {
		uint64_t word;

		memcpy(&word, bytes + at, sizeof(word));
		ret_at[found] = (uint32_t)at;
		found += (word & LTR__ADDRESS_MASK) - low < span;
	}
	return found;
}

#if defined(__x86_64__)
/*
 * Eight words at a time. There is no unsigned comparison: both sides have their highest bit turned
 * round.
 */
__attribute__((target("avx2"))) static size_t scan_avx2(const unsigned char *bytes, size_t count,
							uint64_t low, uint64_t span,
							uint32_t *ret_at)
{
	const __m256i mask = _mm256_set1_epi64x((long long)LTR__ADDRESS_MASK);
	const __m256i turn = _mm256_set1_epi64x((long long)(1ull << 63));
	const __m256i from = _mm256_set1_epi64x((long long)low);
	const __m256i most = _mm256_xor_si256(_mm256_set1_epi64x((long long)span), turn);
	size_t found = 0;
	size_t at = 0;

	for (; at + 64 <= count; at += 64) {
		const __m256i *here = (const void *)(bytes + at);
		__m256i a =
			_mm256_sub_epi64(_mm256_and_si256(_mm256_loadu_si256(here), mask), from);
		__m256i b = _mm256_sub_epi64(_mm256_and_si256(_mm256_loadu_si256(here + 1), mask),
					     from);
		__m256i in_a = _mm256_cmpgt_epi64(most, _mm256_xor_si256(a, turn));
		__m256i in_b = _mm256_cmpgt_epi64(most, _mm256_xor_si256(b, turn));
		unsigned int bits = (unsigned int)_mm256_movemask_pd(_mm256_castsi256_pd(in_a)) |
				    (unsigned int)_mm256_movemask_pd(_mm256_castsi256_pd(in_b))
					    << 4;

		for (; bits; bits &= bits - 1)
			ret_at[found++] = (uint32_t)at + 8 * (uint32_t)__builtin_ctz(bits);
	}
	return scan_plain(bytes, at, count, low, span, ret_at, found);
}
#endif

size_t ltr__scan(const unsigned char *bytes, size_t count, uint64_t low, uint64_t span,
		 uint32_t *ret_at)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2"))
		return scan_avx2(bytes, count, low, span, ret_at);
#endif
	return scan_plain(bytes, 0, count, low, span, ret_at, 0);
}
