/* SPDX-License-Identifier: MIT */

/*
 * Ordinary variables of the code under test as points of the checker. A source that is compiled with
 * -fsanitize=thread calls these functions before its accesses; the checker takes the place of the
 * sanitizer's library, and looks at what model_watch() names.
 */

#include "model.h"

#define HOOKS(bytes)                                       \
	void __tsan_read##bytes(void *address);            \
	void __tsan_write##bytes(void *address);           \
	void __tsan_unaligned_read##bytes(void *address);  \
	void __tsan_unaligned_write##bytes(void *address); \
	void __tsan_read##bytes(void *address)             \
	{                                                  \
		model_plain_read(address, bytes);          \
	}                                                  \
	void __tsan_write##bytes(void *address)            \
	{                                                  \
		model_plain_write(address, bytes);         \
	}                                                  \
	void __tsan_unaligned_read##bytes(void *address)   \
	{                                                  \
		model_plain_read(address, bytes);          \
	}                                                  \
	void __tsan_unaligned_write##bytes(void *address)  \
	{                                                  \
		model_plain_write(address, bytes);         \
	}

HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)

void __tsan_init(void);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);
void __tsan_read_range(void *address, size_t bytes);
void __tsan_write_range(void *address, size_t bytes);

void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller)
{
	(void)caller;
}

void __tsan_func_exit(void)
{
}

void __tsan_read_range(void *address, size_t bytes)
{
	model_plain_read(address, bytes);
}

void __tsan_write_range(void *address, size_t bytes)
{
	model_plain_write(address, bytes);
}
