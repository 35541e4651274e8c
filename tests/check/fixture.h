/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TEST_CHECK_FIXTURE_H
#define LOITER_TEST_CHECK_FIXTURE_H

/*
 * Censuses filled by hand. The made-up program has one function every 0x100 bytes: address
 * 0x1000 + 0x100 * n + k is line 10 * n + k of the n-th function of the table in fixture.c.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <check/check.h>
#include <loiter/layout.h>
#include <probe/census_fill.h>

#define SECOND 1000000000ull
#define NOW_NS (1000 * SECOND)

enum function { F_SEND, F_HANDLER, F_SERVE, F_MAIN, F_WORKER, F_RUNTIME, F_HOSTILE };

#define AT(function, line) (0x1000 + 0x100 * (uint64_t)(function) + (line))

/* One goroutine, or several alike with ids that follow. Ages go up by a tenth of a second. */
struct people {
	uint64_t id;
	size_t count; /* 0 is 1 */
	uint64_t parent;
	uint64_t age_ns;  /* of the first; 0: not known */
	uint64_t late_ns; /* its wait began so much later, for who advances the census's clock */
	uint8_t state;
	uint8_t reason; /* decides the state, if it is not 0 */
	uint16_t flags;
	uint64_t object;
	uint32_t moved; /* how many transitions more than usual */
	const char *name;
	const char *label[2]; /* a key and a value; NULL: none */
	uint64_t entry;
	uint64_t created; /* AT(): the site is made from it, too, unless no_site */
	bool no_site;
	const char *site_file; /* as the compiler was given it; NULL: the whole path */
	uint64_t stack[8];     /* ended by 0 */
};

struct ltr_census *census_make(uint32_t phase, const char *command);
void census_add(struct ltr_census *census, const struct people *people);
/* Who holds what; after the last census_add(), which forgets it. Both end at an object 0. */
void census_add_locks(struct ltr_census *census, const struct ltr_lock *locks,
		      const struct ltr_reader *readers);
/* The classic leak: so many goroutines "reply" that send where nobody receives. From id 12 on. */
void census_add_replies(struct ltr_census *census, size_t count);

/* The report, as a string to be freed. */
char *report_in(const char *format, const struct ltr_judgement *judgement,
		const struct ltr_report_options *options);
char *report_text(const struct ltr_judgement *judgement, const struct ltr_report_options *options);

/* Fails unless `text` is what golden/NAME holds. LTR_GOLDEN=write in the environment writes it. */
void assert_golden(const char *name, const char *text);

#endif
