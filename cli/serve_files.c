/* SPDX-License-Identifier: MIT */

/* Files with secrets (serve_files.h). */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "serve_files.h"

#define FILE_BYTES_MAX 65536

char *ltr__secret_free(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
	return NULL;
}

static ssize_t read_all(int fd, char *buffer, size_t bytes)
{
	size_t done = 0;
	ssize_t got = 0;

	while (done < bytes && (got = read(fd, buffer + done, bytes - done)) > 0)
		done += (size_t)got;
	return got < 0 ? -1 : (ssize_t)done;
}

/* `what` is how the file is called in sentences: "the token". A private one is refused if others, who
 * are not of its group, can read or change it. */
static char *read_file(const char *path, const char *what, bool is_private)
{
	char *text = calloc(1, FILE_BYTES_MAX + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat info;
	ssize_t got = -1;

	if (text && fd >= 0 && fstat(fd, &info) == 0)
		got = read_all(fd, text, FILE_BYTES_MAX);
	if (got < 0) {
		ltr__say("cannot read %s from %s: %m", what, path);
	} else if (is_private && info.st_mode & S_IRWXO) {
		ltr__say("others can read %s in %s: chmod o= it", what, path);
		got = -1;
	} else if (got == FILE_BYTES_MAX || strlen(text) != (size_t)got) {
		ltr__say("%s is not %s: it is too long, or no text", path, what);
		got = -1;
	}
	if (fd >= 0)
		close(fd);
	if (got < 0) {
		if (text)
			explicit_bzero(text, FILE_BYTES_MAX);
		free(text);
		return NULL;
	}
	return text;
}

char *ltr__read_token(const char *path)
{
	char *token = read_file(path, "the token", false);
	size_t length = token ? strlen(token) : 0;

	while (length > 0 && isspace((unsigned char)token[length - 1]))
		token[--length] = '\0';
	for (size_t i = 0; i < length; i++) {
		if (!isgraph((unsigned char)token[i])) {
			ltr__say("%s is no token: it has to be one word of plain characters", path);
			return ltr__secret_free(token);
		}
	}
	return token;
}

static bool has_pem(const char *text, const char *what)
{
	const char *at = text;

	while ((at = strstr(at, "-----BEGIN "))) {
		const char *end = strstr(at + 11, "-----");
		size_t length = strlen(what);

		/* "BEGIN EC PRIVATE KEY" is a private key, too. */
		if (end && (size_t)(end - at) >= 11 + length &&
		    memcmp(end - length, what, length) == 0)
			return true;
		at += 11;
	}
	return false;
}

static char *read_pem(const char *path, const char *called, const char *what, bool is_private)
{
	char *text = read_file(path, called, is_private);

	if (!text || has_pem(text, what))
		return text;
	ltr__say("%s is not %s: there is no BEGIN %s in it", path, called, what);
	return ltr__secret_free(text);
}

char *ltr__read_certificate(const char *path)
{
	return read_pem(path, "the certificate", "CERTIFICATE", false);
}

char *ltr__read_key(const char *path)
{
	return read_pem(path, "the key", "PRIVATE KEY", true);
}
