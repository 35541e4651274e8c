/* SPDX-License-Identifier: MIT */
#ifndef LOITER_DECLARE_H
#define LOITER_DECLARE_H

/*
 * Around the functions that a public header declares: they have C linkage in C++, too, and they are
 * what the shared library exports. Everything else in it is hidden.
 */
#ifdef __cplusplus
#define LTR__DECLARE_BEGIN \
	extern "C" {       \
	_Pragma("GCC visibility push(default)")
#define LTR__DECLARE_END              \
	_Pragma("GCC visibility pop") \
	}
#else
#define LTR__DECLARE_BEGIN _Pragma("GCC visibility push(default)")
#define LTR__DECLARE_END   _Pragma("GCC visibility pop")
#endif

#endif
