/* SPDX-License-Identifier: MIT */

/*
 * zlib behind two functions (gzip.h). Small pieces are gathered in `in` first: a call of deflate()
 * costs more than the bytes of one sample.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "gzip.h"

#define BUFFER_BYTES 65536
#define GZIP_WINDOW  (15 + 16) /* zlib's way of asking for a gzip header */
#define MEMORY_LEVEL 8         /* zlib's default */

struct ltr__gzip {
	z_stream stream;
	struct ltr_sink sink;
	size_t used; /* of `in` */
	unsigned char in[BUFFER_BYTES];
	unsigned char out[BUFFER_BYTES];
};

int ltr__gzip_new(struct ltr_sink sink, struct ltr__gzip **ret_gzip)
{
	struct ltr__gzip *gzip = malloc(sizeof(*gzip));

	if (!gzip)
		return -ENOMEM;
	gzip->stream = (z_stream){0};
	gzip->sink = sink;
	gzip->used = 0;
	if (deflateInit2(&gzip->stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK) {
		free(gzip);
		return -ENOMEM;
	}
	*ret_gzip = gzip;
	return 0;
}

struct ltr__gzip *ltr__gzip_free(struct ltr__gzip *gzip)
{
	if (!gzip)
		return NULL;
	deflateEnd(&gzip->stream);
	free(gzip);
	return NULL;
}

static int deflate_gathered(struct ltr__gzip *gzip, int flush)
{
	gzip->stream.next_in = gzip->in;
	gzip->stream.avail_in = (uInt)gzip->used;
	gzip->used = 0;
	do {
		size_t ready;

		gzip->stream.next_out = gzip->out;
		gzip->stream.avail_out = sizeof(gzip->out);
		if (deflate(&gzip->stream, flush) == Z_STREAM_ERROR)
			return -EIO;
		ready = sizeof(gzip->out) - gzip->stream.avail_out;
		if (ready > 0) {
			int err = gzip->sink.write(gzip->sink.context, gzip->out, ready);

			if (err)
				return err;
		}
	} while (gzip->stream.avail_out == 0);
	return 0;
}

int ltr__gzip_write(struct ltr__gzip *gzip, const void *data, size_t bytes)
{
	const unsigned char *at = data;

	while (bytes > 0) {
		size_t room = sizeof(gzip->in) - gzip->used;
		size_t take = bytes < room ? bytes : room;

		memcpy(gzip->in + gzip->used, at, take);
		gzip->used += take;
		at += take;
		bytes -= take;
		if (gzip->used == sizeof(gzip->in)) {
			int err = deflate_gathered(gzip, Z_NO_FLUSH);

			if (err)
				return err;
		}
	}
	return 0;
}

int ltr__gzip_finish(struct ltr__gzip *gzip)
{
	return deflate_gathered(gzip, Z_FINISH);
}
