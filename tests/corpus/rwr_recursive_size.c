/* SPDX-License-Identifier: MIT */
/*
 * class: resource / RWR
 *
 * The size of a folder is asked for recursively, each level under a read lock of its own on the one lock of
 * the tree, while files are added.
 */
/* expect: leak at LEVEL reason sync.RWMutex.RLock explore */
/* expect fixed: clean explore */

#include <loiter.h>
#include <stddef.h>

struct folder {
	struct folder *child;
	int bytes;
};

static struct ltr_rwmutex tree;
static struct folder leaf = {NULL, 10}, middle = {&leaf, 20}, root = {&middle, 30};

static int size_of(const struct folder *folder)
{
	int bytes = 0;

#ifdef FIXED
	ltr_rwmutex_rlock(&tree);
	for (; folder; folder = folder->child)
		bytes += folder->bytes;
	ltr_rwmutex_runlock(&tree);
#else
	ltr_rwmutex_rlock(&tree); /* LEVEL */
	bytes = folder->bytes;
	if (folder->child)
		bytes += size_of(folder->child);
	ltr_rwmutex_runlock(&tree);
#endif
	return bytes;
}

static void add_file(struct folder **to)
{
	ltr_rwmutex_lock(&tree);
	(*to)->bytes += 5;
	ltr_rwmutex_unlock(&tree);
}

static void show_size(int *width)
{
	*width = size_of(&root) / *width;
}

static int run(int argc, char **argv)
{
	ltr_go(show_size, 10);
	ltr_go(add_file, &leaf);
	ltr_go(add_file, &middle);
	ltr_sleep(LTR_SECOND);
	return 0;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
