/* SPDX-License-Identifier: MIT */
/*
 * http-parser's callbacks and the path of a target. A callback that returns non-zero stops the
 * parser; on_message_complete pauses it, so that pipelined requests are taken one by one.
 */

#include "request.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static int refuse(struct request *request, int status)
{
	request->status = status;
	return -1;
}

static int on_url(http_parser *parser, const char *at, size_t bytes)
{
	struct request *request = parser->data;

	if (bytes > REQUEST_TARGET_MAX - request->target_bytes)
		return refuse(request, HTTP_STATUS_URI_TOO_LONG);
	memcpy(request->target + request->target_bytes, at, bytes);
	request->target_bytes += bytes;
	return 0;
}

static int on_header_field(http_parser *parser, const char *at, size_t bytes)
{
	struct request *request = parser->data;
	size_t room = sizeof(request->field) - request->field_bytes;
	size_t taken = bytes < room ? bytes : room;

	memcpy(request->field + request->field_bytes, at, taken);
	request->field_bytes += taken;
	return 0;
}

/* Called at least once for each header, also for an empty value. */
static int on_header_value(http_parser *parser, const char *at, size_t bytes)
{
	struct request *request = parser->data;

	(void)at;
	(void)bytes;
	if (request->field_bytes == 4 && strncasecmp(request->field, "host", 4) == 0)
		request->hosts++;
	request->field_bytes = 0;
	return 0;
}

static int on_headers_complete(http_parser *parser)
{
	struct request *request = parser->data;

	request->keep_alive = http_should_keep_alive(parser);
	if (parser->http_major != 1)
		return refuse(request, HTTP_STATUS_HTTP_VERSION_NOT_SUPPORTED);
	if (request->hosts > 1 || (parser->http_minor > 0 && request->hosts == 0))
		return refuse(request, HTTP_STATUS_BAD_REQUEST);
	if (parser->method != HTTP_GET && parser->method != HTTP_HEAD)
		return refuse(request, HTTP_STATUS_METHOD_NOT_ALLOWED);
	if (parser->content_length != UINT64_MAX && parser->content_length > REQUEST_BODY_MAX)
		return refuse(request, HTTP_STATUS_PAYLOAD_TOO_LARGE);
	return 0;
}

static int on_body(http_parser *parser, const char *at, size_t bytes)
{
	struct request *request = parser->data;

	(void)at;
	request->body_bytes += bytes;
	if (request->body_bytes > REQUEST_BODY_MAX)
		return refuse(request, HTTP_STATUS_PAYLOAD_TOO_LARGE);
	return 0;
}

static int on_message_complete(http_parser *parser)
{
	struct request *request = parser->data;

	request->complete = true;
	http_parser_pause(parser, 1);
	return 0;
}

static const http_parser_settings settings = {
	.on_url = on_url,
	.on_header_field = on_header_field,
	.on_header_value = on_header_value,
	.on_headers_complete = on_headers_complete,
	.on_body = on_body,
	.on_message_complete = on_message_complete,
};

void request_limits(void)
{
	http_parser_set_max_header_size(REQUEST_HEADER_MAX);
}

void request_begin(struct request *request)
{
	http_parser_init(&request->parser, HTTP_REQUEST);
	request->parser.data = request;
	request->status = 0;
	request->complete = false;
	request->keep_alive = false;
	request->body_bytes = 0;
	request->hosts = 0;
	request->field_bytes = 0;
	request->target_bytes = 0;
}

size_t request_feed(struct request *request, const char *data, size_t bytes)
{
	size_t taken = http_parser_execute(&request->parser, &settings, data, bytes);

	if (request->complete || request->status != 0)
		return taken;
	switch (HTTP_PARSER_ERRNO(&request->parser)) {
	case HPE_OK:
		break;
	case HPE_HEADER_OVERFLOW:
		request->status = HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE;
		break;
	default:
		request->status = HTTP_STATUS_BAD_REQUEST;
	}
	return taken;
}

bool request_is_head(const struct request *request)
{
	return request->parser.method == HTTP_HEAD;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes %XX; -EINVAL for a wrong escape, for %00 and for what does not fit. */
static int percent_decode(const char *text, size_t text_bytes, char *ret, size_t bytes)
{
	size_t used = 0;

	for (size_t i = 0; i < text_bytes; i++) {
		char c = text[i];

		if (c == '%') {
			int high = text_bytes - i > 2 ? hex_digit(text[i + 1]) : -1;
			int low = text_bytes - i > 2 ? hex_digit(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -EINVAL;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (c == '\0' || used + 1 >= bytes)
			return -EINVAL;
		ret[used++] = c;
	}
	ret[used] = '\0';
	return 0;
}

int request_path(const struct request *request, char *ret_path, size_t bytes)
{
	struct http_parser_url url;
	const char *path = request->target;
	size_t path_bytes;

	http_parser_url_init(&url);
	if (http_parser_parse_url(request->target, request->target_bytes, false, &url) != 0 ||
	    !(url.field_set & 1 << UF_PATH))
		return -EINVAL;
	path += url.field_data[UF_PATH].off;
	path_bytes = url.field_data[UF_PATH].len;
	while (path_bytes > 0 && *path == '/') {
		path++;
		path_bytes--;
	}
	if (path_bytes == 0) {
		path = ".";
		path_bytes = 1;
	}
	return percent_decode(path, path_bytes, ret_path, bytes);
}
