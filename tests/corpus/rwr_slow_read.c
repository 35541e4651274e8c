/* SPDX-License-Identifier: MIT */
/*
 * class: resource / RWR
 *
 * The backup holds the read lock while it writes its file, and asks for the number of rows afterwards, under
 * a second read lock; a writer has come meanwhile.
 */
/* expect: leak at ROWS reason sync.RWMutex.RLock */
/* expect fixed: clean */

#include <loiter.h>

struct table {
	struct ltr_rwmutex lock;
	int rows;
};

static int row_count(struct table *table)
{
	int rows;

	ltr_rwmutex_rlock(&table->lock); /* ROWS */
	rows = table->rows;
	ltr_rwmutex_runlock(&table->lock);
	return rows;
}

static void insert(struct table **table)
{
	ltr_sleep(10 * LTR_MILLISECOND);
	ltr_rwmutex_lock(&(*table)->lock);
	(*table)->rows++;
	ltr_rwmutex_unlock(&(*table)->lock);
}

static int run(int argc, char **argv)
{
	static struct table table = {.rows = 3};
	int rows;

	ltr_go(insert, &table);
	ltr_rwmutex_rlock(&table.lock);
	ltr_sleep(500 * LTR_MILLISECOND); /* the file is written */
#ifdef FIXED
	rows = table.rows;
	ltr_rwmutex_runlock(&table.lock);
#else
	rows = row_count(&table);
	ltr_rwmutex_runlock(&table.lock);
#endif
	while (rows + row_count(&table) != 7)
		ltr_sleep(LTR_MILLISECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
