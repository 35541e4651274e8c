/* SPDX-License-Identifier: MIT */
/*
 * class: mixed / WaitGroup
 *
 * The WaitGroup counts all files, but for those that are skipped nobody is started who would be done.
 */
/* expect: leak at FILES reason sync.WaitGroup.Wait */
/* expect fixed: clean */

#include <loiter.h>
#include <string.h>

static struct ltr_waitgroup files;
static int lines;

static void count_lines(const char **name)
{
	__atomic_fetch_add(&lines, (int)strlen(*name), __ATOMIC_RELAXED);
	ltr_waitgroup_done(&files);
}

static int run(int argc, char **argv)
{
	static const char *const names[] = {"a.c", ".hidden", "b.c", "c.h"};

#ifndef FIXED
	ltr_waitgroup_add(&files, 4);
#endif
	for (int i = 0; i < 4; i++) {
		if (names[i][0] == '.')
			continue;
#ifdef FIXED
		ltr_waitgroup_add(&files, 1);
#endif
		ltr_go(count_lines, names[i]);
	}
	ltr_waitgroup_wait(&files); /* FILES */
	return lines != 9;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
