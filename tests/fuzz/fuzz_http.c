/* SPDX-License-Identifier: MIT */
/*
 * What clients of `loiter serve` send. The first byte of an input says whether there is a token (0x80)
 * and in pieces of how many bytes the rest arrives; between the pieces the server has its turn. Whatever
 * comes, each answer is one that we give, and who asks properly afterwards is answered.
 */
#include "fuzz.h"

#include <string.h>

#include "http_talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct talk talk;

	if (size == 0)
		return 0;
	talk_open(&talk, data[0] & 0x80);
	talk_say(&talk, data + 1, size - 1, data[0] & 0x7f ? (data[0] & 0x7f) * (size_t)16 : size);
	talk_close(&talk);
	return 0;
}

#define HOST "Host: 127.0.0.1:6060\r\n"

static const char *const seeds[] = {
	"\x00GET /debug/pprof/ HTTP/1.1\r\n" HOST "\r\n",
	"\x01GET /debug/pprof/goroutine HTTP/1.1\r\n" HOST "User-Agent: conprof/0.24.0\r\n\r\n",
	"\x02GET /debug/pprof/goroutine?debug=2 HTTP/1.1\r\n" HOST "\r\n"
	"GET /debug/pprof/wait?debug=1 HTTP/1.1\r\n" HOST "\r\n",
	"\x10GET /debug/pprof/block?seconds=1 HTTP/1.1\r\n" HOST "\r\n",
	"\x20GET /debug/pprof/symbol?0x401000+0x402011+zzz HTTP/1.0\r\n\r\n",
	"\x01HEAD /metrics HTTP/1.1\r\n" HOST "Accept: application/openmetrics-text\r\n\r\n",
	"\x7fGET /census.json HTTP/1.1\r\nHost: [::1]:6060\r\nConnection: close\r\n\r\n",
	"\x85GET /metrics HTTP/1.1\r\n" HOST "Authorization: Bearer " TALK_TOKEN "\r\n\r\n",
	"\x85GET /debug/pprof/mutex HTTP/1.1\r\n" HOST "Authorization: Bearer x\r\n\r\n",
	"\x04POST /debug/pprof/symbol HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n0x1",
	"\x04POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
	"3\r\nabc\r\n0\r\n\r\n",
	"\x03GET /debug/pprof/cmdline?a=b&c HTTP/1.1\r\n" HOST "Cookie: a=b; c=\"d\"\r\n"
	" folded: 1\r\nRange: bytes=0-1\r\n\r\n",
	"\x0fGET /debug/pprof/%2e%2e/%00%zz HTTP/1.1\r\n" HOST "\r\n",
};

size_t fuzz_seed(size_t n, uint8_t *buffer, size_t bytes)
{
	size_t length;

	if (n >= sizeof(seeds) / sizeof(seeds[0]))
		return 0;
	/* The first byte of the first one is a NUL. */
	length = 1 + strlen(seeds[n] + 1);
	if (length > bytes)
		return 0;
	memcpy(buffer, seeds[n], length);
	return length;
}
