/* SPDX-License-Identifier: MIT */

/*
 * Names and labels. Outsiders read them through addresses in descriptors, so their memory comes from
 * pools that are never unmapped; a block that is used again while it is being read gives a wrong
 * name for one look and nothing worse.
 */

#include <errno.h>
#include <loiter/goroutine.h>
#include <string.h>
#include <sys/mman.h>

#include "scheduler.h"

union block {
	union block *next;
	char name[LTR_NAME_BYTES];
	struct ltr_labels labels;
};

static struct pool {
	uint32_t lock;
	uint32_t bytes;
	union block *free;
} names = {.bytes = LTR_NAME_BYTES}, labels = {.bytes = sizeof(struct ltr_labels)};

#define POOL_CHUNK_BYTES (256u << 10)

static void *pool_get(struct pool *pool)
{
	union block *block;

	ltr__lock(&pool->lock);
	if (!pool->free) {
		char *chunk = mmap(NULL, POOL_CHUNK_BYTES, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		for (size_t at = 0; chunk != MAP_FAILED && at + pool->bytes <= POOL_CHUNK_BYTES;
		     at += pool->bytes) {
			block = (union block *)(void *)(chunk + at);
			block->next = pool->free;
			pool->free = block;
		}
	}
	block = pool->free;
	if (block)
		pool->free = block->next;
	ltr__unlock(&pool->lock);
	return block;
}

static void pool_put(struct pool *pool, void *memory)
{
	union block *block = memory;

	ltr__lock(&pool->lock);
	block->next = pool->free;
	pool->free = block;
	ltr__unlock(&pool->lock);
}

static void copy_cut(char *to, const char *from, size_t bytes)
{
	size_t length = strnlen(from, bytes - 1);

	memcpy(to, from, length);
	memset(to + length, 0, bytes - length);
}

char *ltr__name_new(const char *name)
{
	char *copy = name && *name ? pool_get(&names) : NULL;

	if (copy)
		copy_cut(copy, name, LTR_NAME_BYTES);
	return copy;
}

void ltr__name_free(char *name)
{
	if (name)
		pool_put(&names, name);
}

struct ltr_labels *ltr__labels_ref(struct ltr_labels *set)
{
	if (set)
		__atomic_fetch_add(&set->references, 1, __ATOMIC_RELAXED);
	return set;
}

void ltr__labels_unref(struct ltr_labels *set)
{
	/* acq_rel: the last one to go sees what the others did with it */
	if (set && __atomic_fetch_sub(&set->references, 1, __ATOMIC_ACQ_REL) == 1)
		pool_put(&labels, set);
}

uint64_t ltr_id(void)
{
	struct ltr__thread *thread = ltr__self();

	if (!thread)
		return 0;
	if (thread->current)
		return thread->current->id;
	return thread->call.goroutine ? thread->call.goroutine->id : 0;
}

uint64_t ltr_parent_id(void)
{
	return ltr__caller("ltr_parent_id")->parent_id;
}

void ltr_set_name(const char *name)
{
	struct ltr__goroutine *self = ltr__caller("ltr_set_name");
	char *old = self->name;

	__atomic_store_n(&self->name, ltr__name_new(name), __ATOMIC_RELEASE);
	ltr__name_free(old);
}

void ltr_set_daemon(bool daemon)
{
	struct ltr__goroutine *self = ltr__caller("ltr_set_daemon");

	if (daemon)
		self->own_flags |= LTR_GOROUTINE_DAEMON;
	else
		self->own_flags &= (uint8_t)~LTR_GOROUTINE_DAEMON;
}

int ltr_set_label(const char *key, const char *value)
{
	struct ltr__goroutine *self = ltr__caller("ltr_set_label");
	struct ltr_labels *old = self->labels;
	struct ltr_labels *set = pool_get(&labels);
	uint32_t count = 0;

	if (!set)
		return -ENOMEM;
	memset(set, 0, sizeof(*set));
	set->references = 1;
	for (uint32_t i = 0; old && i < old->count; i++)
		if (strncmp(old->label[i].key, key, LTR_LABEL_KEY_BYTES - 1) != 0)
			set->label[count++] = old->label[i];
	if (value && *value) {
		if (count == LTR_LABEL_MAX) {
			pool_put(&labels, set);
			return -ENOSPC;
		}
		copy_cut(set->label[count].key, key, LTR_LABEL_KEY_BYTES);
		copy_cut(set->label[count].value, value, LTR_LABEL_VALUE_BYTES);
		count++;
	}
	set->count = count;
	__atomic_store_n(&self->labels, set, __ATOMIC_RELEASE);
	ltr__labels_unref(old);
	return 0;
}
