/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_SERVE_FILES_H
#define LOITER_CLI_SERVE_FILES_H

/*
 * What `loiter serve` reads from files and keeps to itself: the token, the certificate, its key. Each
 * function returns what is in the file as a string, to be freed with ltr__secret_free(); or NULL, after
 * a sentence that says why.
 */

/* The token is the file's only word. */
char *ltr__read_token(const char *path);

/* Certificates in PEM. */
char *ltr__read_certificate(const char *path);

/* A key in PEM, which others may not be able to read; the file's group may. */
char *ltr__read_key(const char *path);

/* Nothing of it remains in memory. Takes NULL, returns NULL. */
char *ltr__secret_free(char *secret);

#endif
