// SPDX-License-Identifier: MIT
/*
 * As symbols_target.c, in C++: prints the address that a call in a method which was inlined into another
 * one returns to. Then it waits until its stdin ends.
 */

#include <cstdio>

static void *seen;

static __attribute__((noinline)) void note_return()
{
	seen = __builtin_return_address(0);
	__asm__ volatile("" ::: "memory");
}

namespace net
{
template <typename T> struct Server {
	T port;

	__attribute__((always_inline)) void accept() const
	{
		note_return();
		__asm__ volatile("" ::: "memory");
	}

	__attribute__((noinline)) void run() const
	{
		accept();
		__asm__ volatile("" ::: "memory");
	}
};
} // namespace net

int main()
{
	net::Server<int>{80}.run();
	std::printf("%p\n", seen);
	std::fflush(stdout);
	return std::getchar() == EOF ? 0 : 1;
}
