/* SPDX-License-Identifier: MIT */

/* Text to addresses and back. Numbers are converted here, names are looked up in resolve.c. */

#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#define HOST_BYTES 256 /* with its end; names of the DNS have at most 253 */
#define PORT_BYTES 32

static int split(const char *text, char host[HOST_BYTES], char port[PORT_BYTES])
{
	const char *colon = strrchr(text, ':');
	size_t length, port_length;

	if (!colon || !colon[1])
		return -EINVAL;
	port_length = strlen(colon + 1);
	if (port_length >= PORT_BYTES)
		return -EINVAL;
	memcpy(port, colon + 1, port_length + 1);
	length = (size_t)(colon - text);
	if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
	} else if (memchr(text, ':', length)) {
		return -EINVAL;
	}
	if (length >= HOST_BYTES)
		return -EINVAL;
	memcpy(host, text, length);
	host[length] = '\0';
	return 0;
}

/* "@name" is a zero byte and the name, without a zero at its end. */
static int local_address(const char *path, struct ltr_address *ret_address)
{
	struct ltr_address address = {.local.sun_family = AF_UNIX};
	size_t length = strlen(path);

	if (length == 0 || length >= sizeof(address.local.sun_path))
		return -EINVAL;
	memcpy(address.local.sun_path, path, length);
	address.bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
	if (path[0] == '@') {
		address.local.sun_path[0] = '\0';
		address.bytes--;
	}
	*ret_address = address;
	return 0;
}

int ltr__addresses_take(int error, struct addrinfo *list, struct ltr__addresses *ret_addresses)
{
	struct ltr__addresses found = {0};

	switch (error) {
	case 0:
		break;
	case EAI_MEMORY:
		return -ENOMEM;
	case EAI_AGAIN:
		return -EAGAIN;
	default:
		return -ENXIO;
	}
	for (struct addrinfo *each = list; each; each = each->ai_next) {
		struct ltr_address *address = &found.address[found.count];

		if ((each->ai_family != AF_INET && each->ai_family != AF_INET6) ||
		    each->ai_addrlen > sizeof(address->v6))
			continue;
		address->bytes = each->ai_addrlen;
		memcpy(&address->any, each->ai_addr, each->ai_addrlen);
		if (++found.count == LTR__ADDRESSES_MAX)
			break;
	}
	freeaddrinfo(list);
	if (found.count == 0)
		return -ENXIO;
	*ret_addresses = found;
	return 0;
}

/* getaddrinfo() has 0.0.0.0 before ::, but a socket of :: takes both families. */
static void prefer_both_families(struct ltr__addresses *addresses)
{
	struct ltr_address first = addresses->address[0];

	for (uint32_t i = 1; i < addresses->count; i++)
		if (addresses->address[i].any.sa_family == AF_INET6) {
			addresses->address[0] = addresses->address[i];
			addresses->address[i] = first;
			return;
		}
}

int ltr__resolve(const char *text, bool passive, int64_t deadline_ns,
		 struct ltr__addresses *ret_addresses)
{
	struct addrinfo *list,
		hints = {
			.ai_socktype = SOCK_STREAM, /* so that each address comes once */
			.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | (passive ? AI_PASSIVE : 0),
		};
	char host[HOST_BYTES], port[PORT_BYTES];
	int r, error;

	if (strncmp(text, "unix:", 5) == 0) {
		r = local_address(text + 5, &ret_addresses->address[0]);
		if (r == 0)
			ret_addresses->count = 1;
		return r;
	}
	r = split(text, host, port);
	if (r < 0)
		return r;
	error = getaddrinfo(host[0] ? host : NULL, port, &hints, &list);
	if (error != EAI_NONAME) {
		r = ltr__addresses_take(error, list, ret_addresses);
		if (r == 0 && passive && !host[0])
			prefer_both_families(ret_addresses);
		return r;
	}
	hints.ai_flags = AI_ADDRCONFIG | (passive ? AI_PASSIVE : 0);
	return ltr__look_up(host, port, &hints, deadline_ns, ret_addresses);
}

int ltr__address_resolve(const char *text, struct ltr_address *ret_address, int64_t deadline_ns)
{
	struct ltr__addresses addresses;
	int r = ltr__resolve(text, false, deadline_ns, &addresses);

	if (r == 0)
		*ret_address = addresses.address[0];
	return r;
}

/* --- and back ----------------------------------------------------------------------------------- */

static void format_local(const struct ltr_address *address, char text[LTR_ADDRESS_TEXT_BYTES])
{
	const char *path = address->local.sun_path;
	size_t head = offsetof(struct sockaddr_un, sun_path);
	size_t length = address->bytes > head ? address->bytes - head : 0;
	char *out = text + sprintf(text, "unix:");

	if (length > sizeof(address->local.sun_path))
		length = sizeof(address->local.sun_path);
	if (length > 0 && path[0] != '\0')
		length = strnlen(path, length);
	for (size_t i = 0; i < length; i++)
		*out++ = path[i] > ' ' && path[i] <= '~' ? path[i] : i == 0 && !path[i] ? '@' : '?';
	*out = '\0';
}

int ltr_address_format(const struct ltr_address *address, char text[LTR_ADDRESS_TEXT_BYTES])
{
	char host[INET6_ADDRSTRLEN], zone[IF_NAMESIZE + 1] = "";

	_Static_assert(LTR_ADDRESS_TEXT_BYTES > sizeof("unix:") + sizeof(address->local.sun_path),
		       "the longest is a Unix socket's");
	switch (address->any.sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
		sprintf(text, "%s:%u", host, ntohs(address->v4.sin_port));
		return 0;
	case AF_INET6:
		inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
		if (address->v6.sin6_scope_id)
			snprintf(zone, sizeof(zone), "%%%u", address->v6.sin6_scope_id);
		sprintf(text, "[%s%s]:%u", host, zone, ntohs(address->v6.sin6_port));
		return 0;
	case AF_UNIX:
		format_local(address, text);
		return 0;
	default:
		return -EAFNOSUPPORT;
	}
}
