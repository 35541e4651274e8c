/* SPDX-License-Identifier: MIT */
#ifndef LOITER_DEMANGLE_H
#define LOITER_DEMANGLE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * "net::Server::run" out of "_ZN3net6Server3runEv": a C++ function's name without parameters and without
 * template arguments, cut to fit. False, and nothing is written, if it is no such name or is not
 * understood. `bytes` at least 1.
 */
bool ltr__demangle(const char *mangled, char *out, size_t bytes);

#endif
