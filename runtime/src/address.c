/* SPDX-License-Identifier: MIT */

/* See address.h. getaddrinfo() may read files and wait for servers: never on a goroutine's stack. */

#include "address.h"

#include <errno.h>
#include <loiter/goroutine.h>
#include <string.h>
#include <sys/socket.h>

struct lookup {
	char host[256];
	char port[32];
	struct addrinfo hints;
	struct addrinfo *found;
	int error;
	int system_error; /* errno of the thread that looked it up */
};

static int split(const char *address, struct lookup *lookup)
{
	const char *colon = strrchr(address, ':');
	const char *host = address;
	size_t length, port_length;

	if (!colon || !colon[1])
		return -EINVAL;
	port_length = strlen(colon + 1);
	if (port_length >= sizeof(lookup->port))
		return -EINVAL;
	length = (size_t)(colon - host);
	if (length >= 2 && host[0] == '[' && host[length - 1] == ']') {
		host++;
		length -= 2;
	} else if (memchr(host, ':', length)) {
		return -EINVAL;
	}
	if (length >= sizeof(lookup->host))
		return -EINVAL;
	memcpy(lookup->host, host, length);
	lookup->host[length] = '\0';
	memcpy(lookup->port, colon + 1, port_length + 1);
	return 0;
}

static void look_up(void *argument)
{
	struct lookup *lookup = argument;

	lookup->error = getaddrinfo(lookup->host[0] ? lookup->host : NULL, lookup->port,
				    &lookup->hints, &lookup->found);
	lookup->system_error = errno;
}

int ltr__resolve(const char *address, bool passive, int64_t deadline_ns,
		 struct addrinfo **ret_addresses)
{
	struct lookup lookup = {
		.hints.ai_socktype = SOCK_STREAM,
		.hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | (passive ? AI_PASSIVE : 0),
	};
	int r = split(address, &lookup);

	if (r < 0)
		return r;
	look_up(&lookup);
	if (lookup.error == EAI_NONAME) {
		lookup.hints.ai_flags = AI_ADDRCONFIG | (passive ? AI_PASSIVE : 0);
		r = ltr_blocking(look_up, &lookup, deadline_ns);
		if (r < 0)
			return r;
	}
	switch (lookup.error) {
	case 0:
		*ret_addresses = lookup.found;
		return 0;
	case EAI_MEMORY:
		return -ENOMEM;
	case EAI_AGAIN:
		return -EAGAIN;
	case EAI_SYSTEM:
		return lookup.system_error ? -lookup.system_error : -EIO;
	default:
		return -ENXIO;
	}
}
