/* SPDX-License-Identifier: MIT */
/*
 * class: resource / double locking
 *
 * The recursion locks the tree at each level instead of once at the top.
 */
/* expect: leak at LEVEL reason sync.Mutex.Lock */
/* expect fixed: clean */

#include <loiter.h>
#include <stddef.h>

struct node {
	struct node *left, *right;
	int weight;
};

static struct ltr_mutex tree_lock;

#ifdef FIXED
static int weight_locked(const struct node *node)
{
	return node ? node->weight + weight_locked(node->left) + weight_locked(node->right) : 0;
}

static int weight(const struct node *node)
{
	int sum;

	ltr_mutex_lock(&tree_lock);
	sum = weight_locked(node);
	ltr_mutex_unlock(&tree_lock);
	return sum;
}
#else
static int weight(const struct node *node)
{
	int sum;

	if (!node)
		return 0;
	ltr_mutex_lock(&tree_lock); /* LEVEL */
	sum = node->weight + weight(node->left) + weight(node->right);
	ltr_mutex_unlock(&tree_lock);
	return sum;
}
#endif

static int run(int argc, char **argv)
{
	struct node leaf = {.weight = 2}, root = {.left = &leaf, .weight = 1};

	return weight(&root) == 3 ? 0 : 1;
}

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
