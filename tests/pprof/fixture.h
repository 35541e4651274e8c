/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TEST_PPROF_FIXTURE_H
#define LOITER_TEST_PPROF_FIXTURE_H

/*
 * What the tests of pprof/ share: a census of a small web server, filled by hand, with symbols that
 * come from a table; a sink into memory; files.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pprof/sink.h>
#include <probe/census_fill.h>

#define SECOND_NS 1000000000ull
#define MINUTE_NS (60 * SECOND_NS)

/* When the census of the fixture is. */
#define FIXTURE_NOW_NS  (1000 * SECOND_NS)
#define FIXTURE_WALL_NS 1700000000000000000ull

/* Its CPU samples: 3 of goroutine 10 in reply(), the last one in a blocking call, 1 of the runtime. */
#define FIXTURE_CPU_PERIOD_NS 10000000ull

/* Functions of the fixture's program; add 0x20 for every source line. */
#define PC_MAIN       0x401000ull
#define PC_SERVE      0x402000ull /* httpd.c, from line 40 on */
#define PC_REPLY      0x403000ull /* httpd.c, from line 80 on */
#define PC_ACCEPT     0x404000ull
#define PC_SEND       0x405000ull /* runtime */
#define PC_BLOCK      0x406000ull /* runtime */
#define PC_TRAMPOLINE 0x407000ull /* runtime */
#define PC_INLINED    0x408000ull /* parse() in handle(), with ltr_wrap() of the runtime inside */
#define PC_HOSTILE    0x409000ull
#define PC_STRIPPED   0x7f0000001000ull

/* A number of goroutines in every state, with losses if `lossy`. Never fails but by abort(). */
struct ltr_census *fixture_census(bool lossy);

/*
 * As if references had been looked at: 10, 11 and 12 of that census were not reached, everybody else
 * was. If it is not `conclusive`, the note has something in it that a terminal would obey.
 */
void fixture_prove(struct ltr_census *census, bool conclusive);

/* An empty one, with the symbols of the fixture. */
struct ltr_census *fixture_empty(void);

/* The fixture's symbols for any census. */
void fixture_symbols(struct ltr_census *census);

/* Where tests write to. Call `number` fail_at (from 1; 0: none) fails with -ENOSPC. */
struct memory {
	char *data; /* ends in NUL, which does not count */
	size_t bytes;
	size_t calls;
	size_t fail_at;
};

struct ltr_sink memory_sink(struct memory *memory);
void memory_done(struct memory *memory);

/* The whole file, NUL added; NULL if it cannot be read. */
char *read_file(const char *path, size_t *ret_bytes);

/*
 * Compares with tests/pprof/golden/NAME; LTR_UPDATE_GOLDEN=1 writes it instead. Prints the first
 * line that differs.
 */
bool is_golden(const char *name, const char *text, size_t bytes);

#endif
