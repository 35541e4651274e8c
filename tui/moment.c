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

static int hold_locks(struct ltr__moment *moment)
{
	size_t locks = ltr_census_lock_count(moment->census);
	size_t readers = ltr_census_reader_count(moment->census);

	moment->held_locks = calloc(locks + 1, sizeof(*moment->held_locks));
	moment->held_readers = calloc(readers + 1, sizeof(*moment->held_readers));
	if (!moment->held_locks || !moment->held_readers)
		return -ENOMEM;
	for (size_t i = 0; i < locks; i++)
		moment->held_locks[i] = *ltr_census_lock(moment->census, i);
	for (size_t i = 0; i < readers; i++)
		moment->held_readers[i] = *ltr_census_reader(moment->census, i);
	moment->held_lock_count = locks;
	moment->held_reader_count = readers;
	return 0;
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
	ltr__moment_release(moment);
	if (hold_locks(moment)) {
		free(held);
		ltr__moment_release(moment);
		return -ENOMEM;
	}
	moment->held = held;
	moment->held_count = count;
	moment->held_info = *ltr_census_info(moment->census);
	return 0;
}

void ltr__moment_release(struct ltr__moment *moment)
{
	free(moment->held);
	free(moment->held_locks);
	free(moment->held_readers);
	moment->held = NULL;
	moment->held_count = 0;
	moment->held_locks = NULL;
	moment->held_lock_count = 0;
	moment->held_readers = NULL;
	moment->held_reader_count = 0;
}

static int by_object(const void *left, const void *right)
{
	const struct ltr_lock *a = left;
	const struct ltr_lock *b = right;

	return a->object < b->object ? -1 : a->object > b->object;
}

const struct ltr_lock *ltr__moment_lock(const struct ltr__moment *moment, uint64_t object)
{
	struct ltr_lock wanted = {.object = object};

	if (!moment->held)
		return ltr_census_find_lock(moment->census, object);
	return bsearch(&wanted, moment->held_locks, moment->held_lock_count, sizeof(wanted),
		       by_object);
}

static const struct ltr_reader *reader_at(const struct ltr__moment *moment, size_t i)
{
	return moment->held ? &moment->held_readers[i] : ltr_census_reader(moment->census, i);
}

const struct ltr_reader *ltr__moment_readers(const struct ltr__moment *moment, uint64_t object,
					     size_t *ret_count)
{
	size_t count =
		moment->held ? moment->held_reader_count : ltr_census_reader_count(moment->census);
	size_t low = 0;
	size_t high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (reader_at(moment, middle)->object < object)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low; high < count && reader_at(moment, high)->object == object;)
		high++;
	*ret_count = high - low;
	return high > low ? reader_at(moment, low) : NULL;
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
