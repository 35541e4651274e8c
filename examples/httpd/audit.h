/* SPDX-License-Identifier: MIT */
#ifndef HTTPD_AUDIT_H
#define HTTPD_AUDIT_H

/*
 * The classic leak, planted for `--leak`: a goroutine that answers on an unbuffered channel after
 * the one who asked has given up.
 */

/* Asks about one request and gives up after a millisecond; leaves a goroutine behind for ever. */
void audit_request(const char *path);

#endif
