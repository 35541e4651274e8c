/* SPDX-License-Identifier: MIT */
/*
 * The moment on screen, live or held.
 */
#include "moment.h"

#include <errno.h>
#include <stdlib.h>

static int by_id(const void *left, const void *right)
{
	const struct ltr_goroutine *a = left;
	const struct ltr_goroutine *b = right;

	return a->id < b->id ? -1 : a->id > b->id;
}

int ltr__moment_hold(struct ltr__moment *moment)
{
	size_t count = ltr_census_count(moment->census);
	struct ltr_goroutine *held = malloc(sizeof(*held) * (count + 1));

	if (!held)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		held[i] = *ltr_census_at(moment->census, i);
	qsort(held, count, sizeof(*held), by_id);
	free(moment->held);
	moment->held = held;
	moment->held_count = count;
	moment->held_info = *ltr_census_info(moment->census);
	return 0;
}

void ltr__moment_release(struct ltr__moment *moment)
{
	free(moment->held);
	moment->held = NULL;
	moment->held_count = 0;
}

const struct ltr_census_info *ltr__moment_info(const struct ltr__moment *moment)
{
	return moment->held ? &moment->held_info : ltr_census_info(moment->census);
}

size_t ltr__moment_count(const struct ltr__moment *moment)
{
	return moment->held ? moment->held_count : ltr_census_count(moment->census);
}

const struct ltr_goroutine *ltr__moment_find(const struct ltr__moment *moment, uint64_t id)
{
	struct ltr_goroutine wanted = {.id = id};

	if (!moment->held)
		return ltr_census_find(moment->census, id);
	return bsearch(&wanted, moment->held, moment->held_count, sizeof(wanted), by_id);
}

uint64_t ltr__moment_age(const struct ltr__moment *moment, const struct ltr_goroutine *goroutine)
{
	uint64_t now = ltr__moment_info(moment)->now_ns;

	if (!goroutine->since_ns || now < goroutine->since_ns)
		return 0;
	return now - goroutine->since_ns;
}
