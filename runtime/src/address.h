/* SPDX-License-Identifier: MIT */
#ifndef LTR_ADDRESS_H
#define LTR_ADDRESS_H

/* "HOST:PORT" to socket addresses. */

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Numbers are converted here; names are looked up in a blocking call, until the deadline at most for
 * a thread to do it. `passive`: to listen. Free the result with freeaddrinfo().
 *   -EINVAL  not of the form HOST:PORT, [IPV6]:PORT or :PORT, or too long
 *   -ENXIO   no such host or service
 */
int ltr__resolve(const char *address, bool passive, int64_t deadline_ns,
		 struct addrinfo **ret_addresses);

#endif
