/* SPDX-License-Identifier: MIT */

/*
 * Replies in memory. A reply is complete before its first byte is sent, so that an error on the way
 * is a status and no broken file; a client that does not read it keeps it here, so all of them
 * together have a limit.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static int grow(struct ltr__body *body, size_t wanted)
{
	size_t capacity = body->capacity ? body->capacity : 4096;
	char *data;

	while (capacity < wanted)
		capacity *= 2;
	if (capacity - body->capacity > LTR__BODIES_BYTES_MAX - body->budget->used)
		return -ENOBUFS;
	data = realloc(body->data, capacity);
	if (!data)
		return -ENOMEM;
	body->budget->used += capacity - body->capacity;
	body->data = data;
	body->capacity = capacity;
	return 0;
}

static int body_write(void *context, const void *data, size_t bytes)
{
	struct ltr__body *body = context;
	int err = 0;

	if (bytes > LTR__BODIES_BYTES_MAX)
		return -ENOBUFS;
	if (bytes > body->capacity - body->bytes)
		err = grow(body, body->bytes + bytes);
	if (err)
		return err;
	memcpy(body->data + body->bytes, data, bytes);
	body->bytes += bytes;
	return 0;
}

struct ltr_sink ltr__body_sink(struct ltr__body *body)
{
	return (struct ltr_sink){body_write, body};
}

int ltr__body_text(struct ltr__body *body, const char *text)
{
	return text[0] ? body_write(body, text, strlen(text)) : 0;
}

void ltr__body_done(struct ltr__body *body)
{
	free(body->data);
	body->budget->used -= body->capacity;
	*body = (struct ltr__body){.budget = body->budget};
}
