/* SPDX-License-Identifier: MIT */
/*
 * What clients of `loiter serve` send. The first byte of an input says whether there is a token (0x80)
 * and in pieces of how many bytes the rest arrives; between the pieces the server has its turn. Whatever
 * comes, each answer is one that we give, and who asks properly afterwards is answered.
 */
#include "fuzz.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <serve/serve.h>

#include "../pprof/fixture.h"

#define TOKEN      "a-token-of-24-characters"
#define IDLE_TURNS 20 /* after so many without a byte there is nothing to come */
#define BACK_BYTES (1u << 20)

struct talk {
	struct ltr_serve *server;
	struct ltr_serve_source source;
	int fd;
	size_t back_bytes;
	bool ended;
};

static char back[BACK_BYTES + 1];

static void begin(struct talk *talk)
{
	const char *port = strrchr(ltr_serve_address(talk->server), ':');
	const struct linger none = {.l_onoff = 1};
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons((uint16_t)atoi(port + 1))};

	talk->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	talk->back_bytes = 0;
	talk->ended = false;
	/* So that thousands of connections a second leave nothing behind. */
	fuzz_expect(talk->fd >= 0);
	setsockopt(talk->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	fuzz_expect(connect(talk->fd, (void *)&address, sizeof(address)) == 0);
}

/* A turn, and what has come of it; false: nothing. */
static bool turn(struct talk *talk)
{
	ssize_t got;

	ltr_serve_turn(talk->server, &talk->source);
	got = recv(talk->fd, back + talk->back_bytes, BACK_BYTES - talk->back_bytes, MSG_DONTWAIT);
	if (got > 0)
		talk->back_bytes += (size_t)got;
	else if (got == 0 || errno != EAGAIN)
		talk->ended = true;
	return got > 0;
}

static void send_all(struct talk *talk, const uint8_t *data, size_t size, size_t piece)
{
	while (size > 0 && !talk->ended) {
		size_t bytes = size < piece ? size : piece;
		ssize_t sent = send(talk->fd, data, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			break;
		if (sent > 0) {
			data += sent;
			size -= (size_t)sent;
		}
		turn(talk);
	}
}

static void hear(struct talk *talk)
{
	unsigned int idle = 0;

	while (!talk->ended && idle < IDLE_TURNS && talk->back_bytes < BACK_BYTES)
		idle = turn(talk) ? 0 : idle + 1;
	back[talk->back_bytes] = '\0';
	close(talk->fd);
	ltr_serve_turn(talk->server, &talk->source);
}

/* The first answer; others may follow it. */
static void judge(const struct talk *talk)
{
	static const char *const known[] = {"100", "200", "301", "400", "401", "403", "404", "405",
					    "413", "414", "431", "500", "501", "503", "505"};
	bool is_known = false;

	if (talk->back_bytes == 0)
		return;
	fuzz_expect(talk->back_bytes > 12 && strncmp(back, "HTTP/1.", 7) == 0);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		is_known |= strncmp(back + 9, known[i], 3) == 0;
	if (!is_known)
		fprintf(stderr, "%.200s\n", back);
	fuzz_expect(is_known);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char proper[] =
		"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	static struct ltr_census *census;
	struct ltr_serve_options options = {.listen = "127.0.0.1:0"};
	struct talk talk = {.fd = -1};
	struct ltr_serve_why why;

	if (!census) {
		census = fixture_census(false);
		ltr_census_info_mut(census)->pid = (uint32_t)getpid();
	}
	if (size == 0)
		return 0;
	if (data[0] & 0x80)
		options.token = TOKEN;
	talk.source.census = census;
	fuzz_expect(ltr_serve_open(&options, &talk.server, &why) == 0);
	begin(&talk);
	send_all(&talk, data + 1, size - 1, data[0] & 0x7f ? (data[0] & 0x7f) * (size_t)16 : size);
	hear(&talk);
	judge(&talk);

	begin(&talk);
	send_all(&talk, (const uint8_t *)proper, sizeof(proper) - 1, sizeof(proper));
	hear(&talk);
	fuzz_expect(strncmp(back, "HTTP/1.1 200 OK\r\n", 17) == 0);
	fuzz_expect(talk.back_bytes > 3 && strcmp(back + talk.back_bytes - 3, "ok\n") == 0);
	ltr_serve_close(talk.server);
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
	"\x85GET /metrics HTTP/1.1\r\n" HOST "Authorization: Bearer " TOKEN "\r\n\r\n",
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
