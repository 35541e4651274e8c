/* SPDX-License-Identifier: MIT */

/* See gate.h. Whatever goes wrong closes the gate for good and the program goes on. */

#include "gate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "layout.h"

static int gate_fd = -1;
static bool said;
static bool is_there; /* set before there are threads */

static void shut(void)
{
	if (gate_fd >= 0)
		close(gate_fd);
	gate_fd = -1;
}

static bool send_message(enum ltr_gate_kind kind, uint64_t value)
{
	struct ltr_gate_message message = {
		.version = LTR_GATE_VERSION,
		.kind = kind,
		.pid = (uint32_t)getpid(),
		.value = value,
	};

	return send(gate_fd, &message, sizeof(message), MSG_NOSIGNAL) == sizeof(message);
}

/* True while the other side may still answer but has not. */
static bool waits_for(enum ltr_gate_kind kind, int timeout_ms)
{
	struct pollfd poll_fd = {.fd = gate_fd, .events = POLLIN};
	struct ltr_gate_message message;
	ssize_t n;

	if (gate_fd < 0)
		return false;
	if (poll(&poll_fd, 1, timeout_ms) <= 0)
		return true;
	n = recv(gate_fd, &message, sizeof(message), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n != sizeof(message) || message.version != LTR_GATE_VERSION || message.kind != kind)
		shut();
	return false;
}

void ltr__gate_open(void)
{
	/* Not in a set-uid program: whoever starts that must not hold it, nor be told addresses. */
	const char *path = secure_getenv(LTR_GATE_VARIABLE);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = path ? strlen(path) : 0;

	if (length == 0 || length >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, length + 1);
	gate_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (gate_fd < 0)
		return;
	if (connect(gate_fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    !send_message(LTR_GATE_HELLO, (uint64_t)(uintptr_t)&ltr_layout)) {
		shut();
		return;
	}
	while (waits_for(LTR_GATE_GO, -1))
		;
	is_there = gate_fd >= 0;
}

bool ltr__gate_say(enum ltr_gate_kind kind, uint64_t value)
{
	if (gate_fd < 0 || __atomic_exchange_n(&said, true, __ATOMIC_ACQ_REL))
		return false;
	return send_message(kind, value);
}

bool ltr__gate_is_there(void)
{
	return is_there;
}

bool ltr__gate_held(int timeout_ms)
{
	return waits_for(LTR_GATE_RELEASE, timeout_ms);
}
