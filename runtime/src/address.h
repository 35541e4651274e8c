/* SPDX-License-Identifier: MIT */
#ifndef LTR_ADDRESS_H
#define LTR_ADDRESS_H

/* All the addresses that a text means (loiter/address.h), for those who try one after the other. */

#include <loiter/address.h>
#include <stdbool.h>
#include <stdint.h>

#define LTR__ADDRESSES_MAX 16u

struct ltr__addresses {
	uint32_t count;
	struct ltr_address address[LTR__ADDRESSES_MAX];
};

/* `passive`: to listen or bind there. Errors as ltr_address_resolve(). */
int ltr__resolve(const char *text, bool passive, int64_t deadline_ns,
		 struct ltr__addresses *ret_addresses);

struct addrinfo;

/* resolve.c: ask getaddrinfo(), which may read files and wait for servers, in a blocking call. */
int ltr__look_up(const char *host, const char *port, const struct addrinfo *hints,
		 int64_t deadline_ns, struct ltr__addresses *ret_addresses);

/* Convert what getaddrinfo() said to a negative errno, and take over its list (freed). */
int ltr__addresses_take(int error, struct addrinfo *list, struct ltr__addresses *ret_addresses);

#endif
