/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_CLEAN_H
#define LOITER_PPROF_CLEAN_H

/*
 * Strings of the watched program, made harmless. They are raw bytes, and end up in terminals, in
 * protobuf strings (which have to be UTF-8) and in JSON.
 */

#include <stddef.h>
#include <stdint.h>

/* The longest cleaned string, with its NUL; a longer one is cut and ends in "...". */
#define LTR__CLEAN_BYTES 4096

/*
 * Copies `text` to `out` (of `bytes` >= 16): printable UTF-8 as it is, everything else, which is
 * control characters, characters that change the direction of text, and bytes that are no UTF-8,
 * as \xNN or \uNNNN. Returns the length.
 */
size_t ltr__pprof_clean(char *out, size_t bytes, const char *text);

/* As ltr__pprof_clean(), but only for UTF-8: what is none becomes U+FFFD, controls stay as they are. */
size_t ltr__pprof_clean_utf8(char *out, size_t bytes, const char *text);

/*
 * The character at `at`, of which `bytes` > 0 may be read; its length in *ret_bytes. Returns
 * UINT32_MAX and length 1 for a byte that does not begin a well-formed UTF-8 character.
 */
uint32_t ltr__pprof_utf8_next(const char *at, size_t bytes, size_t *ret_bytes);

/* A character that does something to a terminal, or to the text around it, besides being seen. */
int ltr__pprof_is_control(uint32_t character);

#endif
