/* SPDX-License-Identifier: MIT */

/*
 * The load of the row tcp_echo (echo.h): echo_load PORT prints how many ns a request took.
 */

#include "echo.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char text[ECHO_BYTES];
static size_t received[ECHO_CONNECTIONS];
static int sockets[ECHO_CONNECTIONS];

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int connect_to(int port)
{
	struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof(server)) != 0)
		fail("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

/* One readiness: read, and when all has come back, send again. Returns whether it has. */
static int go_on(uint32_t at)
{
	char buffer[ECHO_BYTES];
	ssize_t n = recv(sockets[at], buffer, sizeof(buffer) - received[at], 0);

	if (n <= 0)
		fail("recv");
	received[at] += (size_t)n;
	if (received[at] < ECHO_BYTES)
		return 0;
	received[at] = 0;
	if (send(sockets[at], text, sizeof(text), MSG_NOSIGNAL) != sizeof(text))
		fail("send");
	return 1;
}

int main(int argc, char **argv)
{
	struct epoll_event events[ECHO_CONNECTIONS];
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint64_t requests = 0;
	double start, end;

	if (argc != 2)
		return fprintf(stderr, "usage: %s PORT\n", argv[0]), 64;
	for (uint32_t i = 0; i < ECHO_CONNECTIONS; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};

		sockets[i] = connect_to(atoi(argv[1]));
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, sockets[i], &event) != 0)
			fail("epoll_ctl");
	}
	start = now();
	for (uint32_t i = 0; i < ECHO_CONNECTIONS; i++)
		if (send(sockets[i], text, sizeof(text), MSG_NOSIGNAL) != sizeof(text))
			fail("send");
	do {
		int count = epoll_wait(epoll, events, ECHO_CONNECTIONS, 10000);

		if (count <= 0)
			fail("epoll_wait");
		for (int i = 0; i < count; i++)
			requests += (uint64_t)go_on(events[i].data.u32);
		end = now();
	} while (end - start < ECHO_SECONDS);
	printf("%.2f\n", (end - start) * 1e9 / (double)requests);
	return 0;
}
