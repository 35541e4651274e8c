/* SPDX-License-Identifier: MIT */

/* Who may ask (internal.h). */

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "internal.h"

bool ltr__token_fits(const char *token, const char *authorization)
{
	static const char scheme[] = "Bearer ";
	size_t length = strlen(token);
	unsigned char differs;
	const char *guess;
	size_t guessed;

	if (!authorization || strncasecmp(authorization, scheme, sizeof(scheme) - 1) != 0)
		return false;
	guess = authorization + sizeof(scheme) - 1;
	guess += strspn(guess, " ");
	guessed = strlen(guess);
	differs = guessed != length;
	for (size_t i = 0; i < length; i++)
		differs |= (unsigned char)(token[i] ^ (guessed ? guess[i % guessed] : 0));
	return differs == 0;
}

bool ltr__host_is_address(const char *host)
{
	char name[64];
	struct in_addr v4;
	struct in6_addr v6;
	size_t length;

	if (!host)
		return true;
	if (host[0] == '[') {
		host++;
		length = strcspn(host, "]");
		if (host[length] != ']' || length >= sizeof(name))
			return false;
		memcpy(name, host, length);
		name[length] = '\0';
		return inet_pton(AF_INET6, name, &v6) == 1;
	}
	length = strcspn(host, ":");
	if (length >= sizeof(name))
		return false;
	memcpy(name, host, length);
	name[length] = '\0';
	return strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, &v4) == 1;
}
