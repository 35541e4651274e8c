/* SPDX-License-Identifier: MIT */
/*
 * Requests by the grammar of HTTP: the bytes of an input choose, part by part, what one to three requests
 * on one connection consist of: the request line, parameters of the query, headers, how lines end. So
 * it is known what was asked; where nothing of it is odd, the status of the first answer is known too.
 */
#include "fuzz.h"

#include <string.h>

#include "http_talk.h"

#define REQUEST_BYTES (192u << 10)

struct building {
	const uint8_t *at;
	size_t left;
	char text[REQUEST_BYTES];
	size_t bytes;
	bool has_token; /* the server */

	/* Of the first request. */
	bool is_odd; /* nobody says what the answer is */
	unsigned int status;
	bool has_post;
	bool is_health; /* for which nobody needs a token */
	unsigned int good_hosts, bad_hosts, good_tokens, bad_tokens;
};

/* 0 once the input is at its end, which is the ordinary choice everywhere. */
static unsigned int choose(struct building *building, unsigned int count)
{
	if (!building->left)
		return 0;
	building->left--;
	return *building->at++ % count;
}

static void put(struct building *building, const char *text, size_t bytes)
{
	if (bytes > REQUEST_BYTES - building->bytes)
		bytes = REQUEST_BYTES - building->bytes;
	memcpy(building->text + building->bytes, text, bytes);
	building->bytes += bytes;
}

static void put_text(struct building *building, const char *text)
{
	put(building, text, strlen(text));
}

/* Bytes of the input as they are, or one of them very often. */
static void put_raw(struct building *building)
{
	size_t bytes = choose(building, 32);
	size_t times = choose(building, 4) ? 1 : (size_t)1 << choose(building, 16);

	if (bytes > building->left)
		bytes = building->left;
	for (size_t i = 0; i < (bytes == 1 ? times : 1); i++)
		put(building, (const char *)building->at, bytes);
	building->at += bytes;
	building->left -= bytes;
	building->is_odd = true;
}

struct choice {
	const char *text;    /* NULL: put_raw() */
	unsigned int status; /* 0: odd */
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct choice *choose_of(struct building *building, const struct choice *choices,
				      size_t count)
{
	const struct choice *choice = &choices[choose(building, (unsigned int)count)];

	if (!choice->text)
		put_raw(building);
	else
		put_text(building, choice->text);
	if (!choice->status)
		building->is_odd = true;
	return choice;
}

static void put_method(struct building *building)
{
	static const struct choice methods[] = {
		{"GET", 200},    {"HEAD", 200},  {"POST", 405},  {"PUT", 405},
		{"DELETE", 405}, {"OPTIONS", 0}, {"CONNECT", 0}, {"TRACE", 0},
		{"get", 0},      {"", 0},        {NULL, 0},
	};

	building->has_post = choose_of(building, methods, COUNT(methods))->status == 405;
}

static void put_path(struct building *building)
{
	static const struct choice paths[] = {
		{"/healthz", 200},
		{"/debug/pprof/goroutine", 200},
		{"/debug/pprof/goroutineleak", 200},
		{"/debug/pprof/wait", 200},
		{"/debug/pprof/block", 200},
		{"/debug/pprof/mutex", 200},
		{"/debug/pprof/sched", 200},
		{"/debug/pprof/wall", 200},
		{"/debug/pprof/create", 200},
		{"/debug/pprof/symbol", 200},
		{"/debug/pprof/cmdline", 200},
		{"/debug/pprof/", 200},
		{"/metrics", 200},
		{"/census.json", 200},
		{"/", 307},
		{"/debug/pprof", 307},
		{"/nothing", 404},
		{"/debug/pprof/heap", 404},
		{"/debug/pprof/goroutine/", 404},
		{"//healthz", 404},
		{"/debug/pprof/profile", 0}, /* takes time */
		{"/debug/pprof/cpu", 0},
		{"/debug/pprof/gorouti%6ee", 0},
		{"/debug/pprof/%00", 0},
		{"/../../etc/passwd", 0},
		{"http://127.0.0.1/healthz", 0},
		{"*", 0},
		{"", 0},
		{NULL, 0},
	};

	const struct choice *path = choose_of(building, paths, COUNT(paths));

	building->status = path->status;
	building->is_health = path == paths;
}

static void put_query(struct building *building)
{
	static const struct choice keys[] = {
		{"debug=", 200},  {"gc=", 200},     {"x=", 200}, {"seconds=", 0},
		{"debug", 0},     {"=", 0},         {"", 0},     {"de%62ug=", 0},
		{"debug%00=", 0}, {"0x401000+", 0}, {NULL, 0},
	};
	static const struct choice values[] = {
		{"0", 200},
		{"1", 200},
		{"2", 200},
		{"-1", 0},
		{"3600", 0},
		{"3601", 0},
		{"99999999999999999999", 0},
		{"-9223372036854775809", 0},
		{"1e9", 0},
		{"", 0},
		{"%31", 0},
		{"%zz", 0},
		{"%", 0},
		{"%00", 0},
		{"0x1", 0},
		{"1;2", 0},
		{" 1", 0},
		{NULL, 0},
	};
	unsigned int count = choose(building, 5);

	for (unsigned int i = 0; i < count; i++) {
		put_text(building, i == 0 ? "?" : "&");
		choose_of(building, keys, COUNT(keys));
		choose_of(building, values, COUNT(values));
	}
	/* Of one that is there twice, one counts. */
	building->is_odd |= count > 1;
}

static void put_line_end(struct building *building)
{
	static const struct choice ends[] = {
		{"\r\n", 200}, {"\r\n", 200}, {"\r\n", 200}, {"\n", 0},
		{"\r", 0},     {"\r\n ", 0},  {"", 0},
	};

	choose_of(building, ends, COUNT(ends));
}

static void put_host(struct building *building)
{
	static const struct choice hosts[] = {
		{"127.0.0.1:6060", 200},
		{"localhost", 200},
		{"[::1]:6060", 200},
		{"evil.example", 403},
		{"localhost.evil.example", 403},
		{"", 0},
		{"127.1", 0},
		{"[::1", 0},
		{"127.0.0.1:6060:1", 0},
		{NULL, 0},
	};
	unsigned int status;

	put_text(building, "Host: ");
	status = choose_of(building, hosts, COUNT(hosts))->status;
	building->good_hosts += status == 200;
	building->bad_hosts += status == 403;
}

static void put_token(struct building *building)
{
	static const struct choice tokens[] = {
		{"Bearer " TALK_TOKEN, 200},
		{"Bearer a-token-of-24-characterx", 401},
		{"Bearer", 401},
		{"Basic YTpi", 401},
		{"Bearer  " TALK_TOKEN, 0},
		{"bearer " TALK_TOKEN, 0},
		{"Bearer " TALK_TOKEN " ", 0},
		{NULL, 0},
	};
	unsigned int status;

	put_text(building, "Authorization: ");
	status = choose_of(building, tokens, COUNT(tokens))->status;
	building->good_tokens += status == 200;
	building->bad_tokens += status == 401;
}

static void put_header(struct building *building)
{
	static const struct choice others[] = {
		{"User-Agent: Go-http-client/1.1", 200},
		{"Accept: application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1", 200},
		{"Accept: text/plain;q=0", 200},
		{"Accept-Encoding: gzip", 200},
		{"Cookie: a=b; c=\"d\"", 200},
		{"Connection: close", 200},
		{"Connection: keep-alive", 200},
		{"Accept: application/openmetrics-text;q=99999999999999999999;;,,=", 0},
		{"Content-Length: 0", 0},
		{"Content-Length: 5", 0},
		{"Content-Length: -1", 0},
		{"Content-Length: 18446744073709551616", 0},
		{"Transfer-Encoding: chunked", 0},
		{"Transfer-Encoding: gzip, chunked", 0},
		{"Expect: 100-continue", 0},
		{"Upgrade: h2c", 0},
		{"Range: bytes=0-1", 0},
		{"X:", 0},
		{": x", 0},
		{"X y: z", 0},
		{NULL, 0},
	};

	switch (choose(building, 4)) {
	case 0:
		put_host(building);
		break;
	case 1:
		put_token(building);
		break;
	default:
		choose_of(building, others, COUNT(others));
	}
	put_line_end(building);
}

static void put_request(struct building *building)
{
	static const struct choice versions[] = {
		{" HTTP/1.1", 200}, {" HTTP/1.0", 200}, {" HTTP/1.2", 0},
		{" HTTP/2.0", 0},   {" HTTP/0.9", 0},   {"", 0},
		{" http/1.1", 0},   {"  HTTP/1.1", 0},  {NULL, 0},
	};
	static const struct choice bodies[] = {
		{"", 200},
		{"", 200},
		{"hello", 0},
		{"5\r\nhello\r\n0\r\n\r\n", 0},
		{"ffffffffffffffffff\r\n", 0},
		{NULL, 0},
	};
	unsigned int headers;

	put_method(building);
	put_text(building, " ");
	put_path(building);
	put_query(building);
	choose_of(building, versions, COUNT(versions));
	put_line_end(building);
	headers = choose(building, 9);
	for (unsigned int i = 0; i < headers; i++)
		put_header(building);
	put_line_end(building);
	choose_of(building, bodies, COUNT(bodies));
}

/* What the first answer has to be; 0: one of those that there are. */
static unsigned int status_of(const struct building *building)
{
	if (building->is_odd || building->bytes > 8192 ||
	    building->good_hosts + building->bad_hosts != 1 ||
	    building->good_tokens + building->bad_tokens > 1)
		return 0;
	if (building->has_post)
		return 405;
	if (building->has_token && !building->is_health && !building->good_tokens)
		return 401;
	if (!building->has_token && building->bad_hosts)
		return 403;
	return building->status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct building building;
	struct talk talk;
	unsigned int others, expected;
	size_t piece;

	building = (struct building){.at = data, .left = size};
	building.has_token = choose(&building, 2);
	others = choose(&building, 3);
	piece = choose(&building, 64) * (size_t)7;
	put_request(&building);
	expected = status_of(&building);
	for (unsigned int i = 0; i < others; i++)
		put_request(&building);

	talk_open(&talk, building.has_token);
	talk_say(&talk, (const uint8_t *)building.text, building.bytes,
		 piece ? piece : building.bytes);
	if (expected) {
		unsigned int status =
			talk.back_bytes > 12 ? (unsigned int)strtoul(talk.back + 9, NULL, 10) : 0;

		if (status != expected)
			fprintf(stderr, "%u, not %u:\n%.*s\n%.300s\n", status, expected,
				(int)building.bytes, building.text, talk.back);
		fuzz_expect(status == expected);
		fuzz_expect(strstr(talk.back, "X-Content-Type-Options: nosniff\r\n"));
	}
	talk_close(&talk);
	return 0;
}

/* token, others, piece; method, path, parameters, version, line end; headers; line end; body */
static const uint8_t seeds[][24] = {
	{0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0},
	{0, 0, 0, 0, 13, 0, 0, 0, 1, 0, 0, 0, 0, 0},
	{0, 2, 9, 1, 12, 1, 0, 1, 0, 0, 2, 0, 1, 0, 2, 1, 0, 0, 0},
	{1, 0, 3, 0, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0},
	{1, 0, 3, 0, 3, 0, 0, 0, 2, 0, 0, 0, 1, 1, 0, 0, 0},
	{0, 0, 1, 2, 0, 0, 0, 0, 1, 0, 3, 0, 0, 0},
	{0, 1, 2, 0, 17, 2, 3, 5, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0},
	{0, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 0, 2, 12, 0, 2, 14, 0, 0, 3},
};

size_t fuzz_seed(size_t n, uint8_t *buffer, size_t bytes)
{
	if (n >= sizeof(seeds) / sizeof(seeds[0]) || sizeof(seeds[n]) > bytes)
		return 0;
	memcpy(buffer, seeds[n], sizeof(seeds[n]));
	return sizeof(seeds[n]);
}
