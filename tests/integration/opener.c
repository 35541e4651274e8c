/* SPDX-License-Identifier: MIT */
/*
 * opener HOST:PORT COUNT: opens so many TCP connections to a number address of IPv4, says "open" on
 * standard output when all are there, and holds them until its standard input ends.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static int parse_address(char *text, struct sockaddr_in *ret_address)
{
	char *colon = strrchr(text, ':');

	if (colon == NULL)
		return -1;
	*colon = '\0';
	memset(ret_address, 0, sizeof(*ret_address));
	ret_address->sin_family = AF_INET;
	ret_address->sin_port = htons((uint16_t)atoi(colon + 1));
	return inet_pton(AF_INET, text, &ret_address->sin_addr) == 1 ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address;
	struct rlimit files;
	char byte;

	if (argc != 3 || parse_address(argv[1], &address) != 0) {
		fprintf(stderr, "usage: opener IPV4:PORT COUNT\n");
		return 64;
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	for (long i = 0; i < atol(argv[2]); i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
			fprintf(stderr, "opener: connection %ld: %s\n", i, strerror(errno));
			return 1;
		}
	}
	puts("open");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
