/* SPDX-License-Identifier: MIT */

/* The listening socket, and who could reach it. */

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

#define BACKLOG 512

struct place {
	char host[INET6_ADDRSTRLEN + 1];
	const char *port;
	struct sockaddr_storage address;
	socklen_t length;
};

static int no_address(const char *listen, struct ltr_serve_why *ret_why)
{
	snprintf(ret_why->text, sizeof(ret_why->text),
		 "'%.100s' is no address to listen on; 127.0.0.1:6060, [::1]:6060 and :6060 are",
		 listen);
	return -EINVAL;
}

/* HOST:PORT, where HOST may be in brackets or nothing. */
static bool split(const char *listen, struct place *place)
{
	const char *colon = strrchr(listen, ':');
	const char *host = listen;
	size_t length;

	if (!colon || strlen(colon) < 2 || strlen(colon) > 6 ||
	    colon[1 + strspn(colon + 1, "0123456789")] != '\0')
		return false;
	length = (size_t)(colon - listen);
	if (length >= 2 && host[0] == '[' && host[length - 1] == ']') {
		host++;
		length -= 2;
	} else if (memchr(host, ':', length)) {
		return false;
	}
	if (length >= sizeof(place->host))
		return false;
	memcpy(place->host, host, length);
	place->host[length] = '\0';
	place->port = colon + 1;
	return strtoul(place->port, NULL, 10) <= UINT16_MAX;
}

static bool resolve(struct place *place)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
	};
	struct addrinfo *found;
	const char *host = place->host;

	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (getaddrinfo(host[0] ? host : NULL, place->port, &hints, &found) != 0)
		return false;
	memcpy(&place->address, found->ai_addr, found->ai_addrlen);
	place->length = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

static bool is_loopback(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;

	if (address->ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	return address->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static int check_access(const struct ltr_serve_options *options, const struct place *place,
			struct ltr_serve_why *ret_why)
{
	if (options->token && strlen(options->token) < LTR_SERVE_TOKEN_MIN) {
		snprintf(ret_why->text, sizeof(ret_why->text),
			 "the token is shorter than %d characters", LTR_SERVE_TOKEN_MIN);
		return -EINVAL;
	}
	if (is_loopback(&place->address) || (options->allow_remote && options->token))
		return 0;
	snprintf(ret_why->text, sizeof(ret_why->text),
		 "others could reach '%.100s': that takes --allow-remote and --token-file",
		 options->listen);
	return -EACCES;
}

static int open_socket(const struct place *place)
{
	const int yes = 1;
	int fd = socket(place->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (const void *)&place->address, place->length) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static void name_socket(struct ltr__listener *listener)
{
	struct sockaddr_storage address = {0};
	socklen_t length = sizeof(address);
	char host[INET6_ADDRSTRLEN] = "";
	char port[8] = "";

	getsockname(listener->fd, (void *)&address, &length);
	getnameinfo((const void *)&address, length, host, sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(listener->address, sizeof(listener->address),
		 address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

int ltr__listen(const struct ltr_serve_options *options, struct ltr__listener *ret_listener,
		struct ltr_serve_why *ret_why)
{
	struct place place = {.length = 0};
	struct ltr__listener listener;
	int err;

	if (!split(options->listen, &place) || !resolve(&place))
		return no_address(options->listen, ret_why);
	err = check_access(options, &place, ret_why);
	if (err)
		return err;
	listener = (struct ltr__listener){.fd = open_socket(&place),
					  .is_loopback = is_loopback(&place.address)};
	if (listener.fd < 0) {
		snprintf(ret_why->text, sizeof(ret_why->text), "cannot listen on %.100s: %s",
			 options->listen, strerror(-listener.fd));
		return listener.fd;
	}
	name_socket(&listener);
	*ret_listener = listener;
	return 0;
}
