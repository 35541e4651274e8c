// SPDX-License-Identifier: MIT
/* A small file with inlined functions and the name that libloiter is known by, for fuzz_symbols.c. */

int ltr__handover(int records);
int outermost(int n);

static inline __attribute__((always_inline)) int innermost(int n)
{
	return n * 3 + 1;
}

static inline __attribute__((always_inline)) int middle(int n)
{
	return innermost(n) + innermost(n + 1);
}

int outermost(int n)
{
	return n > 0 ? middle(n) : ltr__handover(n);
}

int ltr__handover(int records)
{
	return middle(records) / 2;
}
