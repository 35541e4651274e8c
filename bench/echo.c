/* SPDX-License-Identifier: MIT */

/* See echo.h. */

#include "echo.h"

#include <loiter.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Start the load, which lies in a folder beside this program; returns the end of a pipe that it prints to. */
static int start_load(unsigned port, pid_t *ret_child)
{
	posix_spawn_file_actions_t actions;
	char path[1024], port_text[8];
	char *argv[] = {path, port_text, NULL};
	static const char load[] = "load/echo_load";
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - sizeof(load));
	int ends[2];

	if (length <= 0 || pipe(ends) != 0)
		return -1;
	path[length] = '\0';
	memcpy(strrchr(path, '/') + 1, load, sizeof(load));
	snprintf(port_text, sizeof(port_text), "%u", port);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	if (posix_spawn(ret_child, path, &actions, NULL, argv, environ) != 0)
		return -1;
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	return ends[0];
}

/* --- goroutines --------------------------------------------------------------------------------- */

static void echo(struct ltr_conn **conn)
{
	char buffer[1024];
	ssize_t n;

	while ((n = ltr_read(*conn, buffer, sizeof(buffer))) > 0)
		if (ltr_write(*conn, buffer, (size_t)n) < 0)
			break;
	ltr_conn_close(*conn);
}

static void serve(struct ltr_listener **listener)
{
	struct ltr_conn *conn;

	while (ltr_accept(*listener, &conn) == 0)
		ltr_go(echo, conn);
}

double echo_by_goroutines(void)
{
	struct ltr_listener *listener;
	struct ltr_conn *said;
	char answer[64] = "";
	pid_t load;
	int out;

	if (ltr_listen("127.0.0.1:0", &listener) < 0)
		return -1;
	ltr_go(serve, listener);
	out = start_load(ltr_listener_port(listener), &load);
	if (out < 0 || ltr_conn_adopt(out, &said) < 0)
		return -1;
	if (ltr_read_full(said, answer, sizeof(answer) - 1) <= 0)
		return -1;
	waitpid(load, NULL, 0);
	return atof(answer);
}

/* --- a loop ------------------------------------------------------------------------------------- */

static void accept_one(int epoll, int listening)
{
	struct epoll_event event = {.events = EPOLLIN};

	event.data.fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (event.data.fd >= 0)
		epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
}

static void echo_once(int fd)
{
	char buffer[1024];
	ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

	if (n <= 0 || send(fd, buffer, (size_t)n, MSG_NOSIGNAL) != n)
		close(fd);
}

static double read_answer(int fd)
{
	char answer[64] = "";

	return read(fd, answer, sizeof(answer) - 1) > 0 ? atof(answer) : -1;
}

double echo_by_loop(void)
{
	struct ltr_address address = {.bytes = sizeof(address.v4), .v4.sin_family = AF_INET};
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), out;
	struct epoll_event event = {.events = EPOLLIN, .data.fd = listening}, events[128];
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	pid_t load;

	address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listening, &address.any, address.bytes) != 0 || listen(listening, 128) != 0 ||
	    getsockname(listening, &address.any, &address.bytes) != 0)
		return -1;
	epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &event);
	out = start_load(ntohs(address.v4.sin_port), &load);
	event.data.fd = out;
	if (out < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, out, &event) != 0)
		return -1;
	for (;;) {
		int count = epoll_wait(epoll, events, 128, -1);

		for (int i = 0; i < count; i++)
			if (events[i].data.fd == listening)
				accept_one(epoll, listening);
			else if (events[i].data.fd == out)
				return read_answer(out);
			else
				echo_once(events[i].data.fd);
	}
}
