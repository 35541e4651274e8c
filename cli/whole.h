/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_WHOLE_H
#define LOITER_CLI_WHOLE_H

#include <stddef.h>

/* Write a file that is there whole or not at all; "-" and errors as ltr_output_open(). */
int ltr__write_whole(const char *file, const char *text, size_t bytes);

#endif
