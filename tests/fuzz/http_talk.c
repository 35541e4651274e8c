/* SPDX-License-Identifier: MIT */

/* See http_talk.h. */

#include "http_talk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../pprof/fixture.h"
#include "fuzz.h"

#define IDLE_TURNS 20 /* after so many without a byte there is nothing to come */
#define BACK_BYTES (1u << 20)

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
	talk->back = back;
	close(talk->fd);
	ltr_serve_turn(talk->server, &talk->source);
}

/* The first answer; others may follow it. */
static void judge(const struct talk *talk)
{
	static const char *const known[] = {"100", "200", "307", "400", "401", "403", "404", "405",
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

void talk_open(struct talk *talk, bool with_token)
{
	static struct ltr_census *census;
	struct ltr_serve_options options = {.listen = "127.0.0.1:0"};
	struct ltr_serve_why why;

	if (!census) {
		census = fixture_census(false);
		ltr_census_info_mut(census)->pid = (uint32_t)getpid();
	}
	if (with_token)
		options.token = TALK_TOKEN;
	*talk = (struct talk){.fd = -1, .source = {.census = census}};
	fuzz_expect(ltr_serve_open(&options, &talk->server, &why) == 0);
}

void talk_say(struct talk *talk, const uint8_t *data, size_t size, size_t piece)
{
	begin(talk);
	send_all(talk, data, size, piece);
	hear(talk);
	judge(talk);
}

void talk_close(struct talk *talk)
{
	static const char proper[] =
		"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

	talk_say(talk, (const uint8_t *)proper, sizeof(proper) - 1, sizeof(proper));
	fuzz_expect(strncmp(back, "HTTP/1.1 200 OK\r\n", 17) == 0);
	fuzz_expect(talk->back_bytes > 3 && strcmp(back + talk->back_bytes - 3, "ok\n") == 0);
	ltr_serve_close(talk->server);
}
