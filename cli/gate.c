/* SPDX-License-Identifier: MIT */
/*
 * The gate is an epoll instance with the listening socket, and two descriptors for each visitor: its
 * connection and its pidfd. The pidfd is what tells the end of a visitor whose connection lives on
 * in a child that it forked.
 *
 * Visitors that have left are kept until the next ltr__gate_next(), so that events can point at
 * them. Everything that comes through the socket is hostile: one packet of a fixed size, unknown
 * kinds ignored.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <loiter/gate.h>

#include "cli.h"
#include "gate.h"

#define VISITORS_MAX    4096
#define LEAVING_WAIT_MS 200

struct guest; /* a visitor with its descriptors */

/* What an epoll event points at: `guest` is NULL for the listening socket. */
struct source {
	struct guest *guest;
	bool is_pidfd;
};

struct guest {
	struct ltr__visitor visitor; /* first: a visitor is its guest */
	struct ltr__gate *gate;
	struct guest *next;
	struct guest *previous;
	struct source connection;
	struct source process;
	int fd;
	int pidfd;  /* -1: this kernel has none, or the process is gone already */
	bool known; /* it has said HELLO */
};

struct ltr__gate {
	struct source listener;
	struct guest *guests;
	struct guest *left; /* to be freed at the next call */
	size_t guest_count;
	int fd;
	int epoll;
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/*
 * What is left to remove if a signal ends us. Written while no gate is up, or with the signals
 * blocked; read by the handler.
 */
static struct {
	pid_t owner;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];
} leftovers;

static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

static void clean_up(int number)
{
	if (getpid() == leftovers.owner) { /* not in a child that has not yet become a command */
		unlink(leftovers.path);
		rmdir(leftovers.directory);
	}
	signal(number, SIG_DFL);
	raise(number);
}

/* Does not touch signals that are ignored, or that somebody else handles. */
static void clean_up_on_signals(const struct ltr__gate *gate)
{
	leftovers.owner = getpid();
	memcpy(leftovers.path, gate->path, sizeof(leftovers.path));
	memcpy(leftovers.directory, gate->directory, sizeof(leftovers.directory));
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		struct sigaction action;

		if (sigaction(ending[i], NULL, &action) == 0 && action.sa_handler == SIG_DFL)
			signal(ending[i], clean_up);
	}
}

static int watch(struct ltr__gate *gate, int fd, struct source *source)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};

	return epoll_ctl(gate->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

/* A directory that only we can enter, and the socket's path in it. */
static int make_directory(struct ltr__gate *gate, const char *parent)
{
	int length = snprintf(gate->directory, sizeof(gate->directory), "%s/loiter-XXXXXX", parent);

	if (parent[0] != '/' || length < 0 || (size_t)length >= sizeof(gate->directory)) {
		gate->directory[0] = '\0';
		return -ENAMETOOLONG;
	}
	if (!mkdtemp(gate->directory)) { /* with mode 0700 */
		gate->directory[0] = '\0';
		return -errno;
	}
	length = snprintf(gate->path, sizeof(gate->path), "%s/gate", gate->directory);
	if (length < 0 || (size_t)length >= sizeof(gate->path)) {
		rmdir(gate->directory);
		gate->directory[0] = '\0';
		gate->path[0] = '\0';
		return -ENAMETOOLONG;
	}
	return 0;
}

static int bind_socket(struct ltr__gate *gate)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int on = 1;

	memcpy(address.sun_path, gate->path, sizeof(address.sun_path));
	gate->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (gate->fd < 0)
		return -errno;
	/*
	 * Accepted sockets inherit it. Set on them after accept() it would come too late for a HELLO
	 * that was sent in between: that would carry no credentials and be turned away.
	 */
	if (setsockopt(gate->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) != 0)
		return -errno;
	if (bind(gate->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(gate->fd, SOMAXCONN) != 0)
		return -errno;
	gate->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (gate->epoll < 0)
		return -errno;
	return watch(gate, gate->fd, &gate->listener);
}

int ltr__gate_new(struct ltr__gate **ret_gate, struct ltr_why *ret_why)
{
	const char *parent = getenv("XDG_RUNTIME_DIR");
	struct ltr__gate *gate = calloc(1, sizeof(*gate));
	int error = -ENOENT;

	if (!gate) {
		ltr__why(ret_why, "there is no memory left");
		return -ENOMEM;
	}
	gate->fd = -1;
	gate->epoll = -1;
	if (parent && parent[0])
		error = make_directory(gate, parent);
	if (error)
		error = make_directory(gate, "/tmp");
	if (!error)
		clean_up_on_signals(gate);
	if (!error)
		error = bind_socket(gate);
	if (error) {
		ltr__why(ret_why, "cannot make a socket below $XDG_RUNTIME_DIR or /tmp: %s",
			 strerror(-error));
		ltr__gate_free(gate);
		return error;
	}
	*ret_gate = gate;
	return 0;
}

static void send_message(struct guest *guest, uint32_t kind)
{
	struct ltr_gate_message message = {
		.version = LTR_GATE_VERSION,
		.kind = kind,
		.pid = (uint32_t)getpid(),
	};

	/* A full buffer or a closed socket: the visitor does not wait for us any more. */
	if (send(guest->fd, &message, sizeof(message), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return;
}

static struct guest *guest_free(struct guest *guest)
{
	if (!guest)
		return NULL;
	if (guest->fd >= 0)
		close(guest->fd);
	if (guest->pidfd >= 0)
		close(guest->pidfd);
	free(guest);
	return NULL;
}

struct ltr__gate *ltr__gate_free(struct ltr__gate *gate)
{
	if (!gate)
		return NULL;
	while (gate->guests) {
		struct guest *next = gate->guests->next;

		guest_free(gate->guests); /* a closed connection lets it go */
		gate->guests = next;
	}
	guest_free(gate->left);
	leftovers.owner = 0;
	if (gate->epoll >= 0)
		close(gate->epoll);
	if (gate->fd >= 0)
		close(gate->fd);
	if (gate->path[0])
		unlink(gate->path);
	if (gate->directory[0])
		rmdir(gate->directory);
	free(gate);
	return NULL;
}

const char *ltr__gate_path(const struct ltr__gate *gate)
{
	return gate->path;
}

int ltr__gate_fd(const struct ltr__gate *gate)
{
	return gate->epoll;
}

/* Takes the connection over. */
static int guest_new(struct ltr__gate *gate, int fd, pid_t pid)
{
	struct guest *guest = calloc(1, sizeof(*guest));
	int error;

	if (!guest) {
		close(fd);
		return -ENOMEM;
	}
	guest->visitor.pid = (uint32_t)pid;
	guest->gate = gate;
	guest->fd = fd;
	guest->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (guest->pidfd < 0 && errno == ESRCH)
		guest->pidfd = eventfd(1, EFD_CLOEXEC); /* it has ended: readable, like a pidfd */
	guest->connection = (struct source){.guest = guest};
	guest->process = (struct source){.guest = guest, .is_pidfd = true};
	error = watch(gate, fd, &guest->connection);
	if (!error && guest->pidfd >= 0)
		error = watch(gate, guest->pidfd, &guest->process);
	if (error) {
		guest_free(guest);
		return error;
	}
	guest->next = gate->guests;
	if (guest->next)
		guest->next->previous = guest;
	gate->guests = guest;
	gate->guest_count++;
	return 0;
}

/* Turned away means: the connection is closed, and the program goes on without a gate. */
static int let_in(struct ltr__gate *gate)
{
	struct ucred peer;
	socklen_t bytes = sizeof(peer);
	int fd = accept4(gate->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : 0;
	if (gate->guest_count >= VISITORS_MAX ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0 || peer.pid <= 0 ||
	    peer.uid != geteuid()) {
		close(fd);
		return 0;
	}
	return guest_new(gate, fd, peer.pid);
}

static void leave(struct guest *guest)
{
	struct ltr__gate *gate = guest->gate;

	if (guest->previous)
		guest->previous->next = guest->next;
	else
		gate->guests = guest->next;
	if (guest->next)
		guest->next->previous = guest->previous;
	gate->guest_count--;
	/* Closed here, not only forgotten: an event for it must not come back. */
	close(guest->fd);
	guest->fd = -1;
	if (guest->pidfd >= 0)
		close(guest->pidfd);
	guest->pidfd = -1;
	gate->left = guest;
}

/* Has the process ended? One that has closed its socket by ending takes a moment to be dead. */
static bool is_alive(const struct guest *guest, int wait_ms)
{
	struct pollfd process = {.fd = guest->pidfd, .events = POLLIN};

	return guest->pidfd >= 0 && poll(&process, 1, wait_ms) == 0;
}

/* 1: a message of the right size; 0: none there; -EPIPE: closed. */
static int receive(struct guest *guest, struct ltr_gate_message *ret_message, pid_t *ret_sender)
{
	union {
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	struct ltr_gate_message message;
	struct iovec part = {.iov_base = &message, .iov_len = sizeof(message)};
	struct msghdr header = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *sent;
	struct ucred sender = {0};
	ssize_t bytes = recvmsg(guest->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (bytes < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -EPIPE;
	if (bytes == 0)
		return -EPIPE;
	for (sent = CMSG_FIRSTHDR(&header); sent; sent = CMSG_NXTHDR(&header, sent))
		if (sent->cmsg_level == SOL_SOCKET && sent->cmsg_type == SCM_CREDENTIALS)
			memcpy(&sender, CMSG_DATA(sent), sizeof(sender));
	if ((size_t)bytes < sizeof(message) || (header.msg_flags & MSG_TRUNC))
		return -EPIPE; /* it speaks something else: no use going on */
	*ret_message = message;
	*ret_sender = sender.pid;
	return 1;
}

static int translate(struct guest *guest, const struct ltr_gate_message *message, pid_t sender,
		     struct ltr__gate_event *ret_event)
{
	struct ltr__gate_event event = {.visitor = &guest->visitor, .value = message->value};

	if (message->version != LTR_GATE_VERSION) {
		event.what = LTR__GATE_STRANGER;
		event.value = message->version;
		leave(guest);
	} else if ((uint32_t)sender != guest->visitor.pid) {
		event.what = LTR__GATE_FORKED;
		send_message(guest, LTR_GATE_RELEASE);
	} else if (message->kind == LTR_GATE_HELLO && !guest->known) {
		event.what = LTR__GATE_HELLO;
		guest->known = true;
	} else if (message->kind == LTR_GATE_MAIN_RETURNED && guest->known) {
		event.what = LTR__GATE_MAIN_RETURNED;
	} else if (message->kind == LTR_GATE_DEADLOCK && guest->known) {
		event.what = LTR__GATE_DEADLOCK;
	} else {
		return 0;
	}
	*ret_event = event;
	return 1;
}

/* What a guest has to say: a message first, its leaving only when there is none left. */
static int hear(struct guest *guest, bool process_ended, struct ltr__gate_event *ret_event)
{
	struct ltr_gate_message message;
	pid_t sender;
	int got = receive(guest, &message, &sender);

	if (got > 0)
		return translate(guest, &message, sender, ret_event);
	if (got == 0 && !process_ended)
		return 0;
	*ret_event = (struct ltr__gate_event){
		.what = LTR__GATE_LEFT,
		.visitor = &guest->visitor,
		.value = is_alive(guest, LEAVING_WAIT_MS),
	};
	leave(guest);
	return guest->known; /* who has never said HELLO was never there */
}

int ltr__gate_next(struct ltr__gate *gate, struct ltr__gate_event *ret_event)
{
	struct epoll_event event;
	int count;

	for (;;) {
		const struct source *source;
		int got;

		gate->left = guest_free(gate->left);
		count = epoll_wait(gate->epoll, &event, 1, 0);
		if (count <= 0)
			return count == 0 || errno == EINTR ? 0 : -errno;
		source = event.data.ptr;
		if (source->guest)
			got = hear(source->guest, source->is_pidfd, ret_event);
		else
			got = let_in(gate);
		if (got)
			return got;
	}
}

void ltr__visitor_go(struct ltr__visitor *visitor)
{
	send_message((struct guest *)visitor, LTR_GATE_GO);
}

void ltr__visitor_release(struct ltr__visitor *visitor)
{
	send_message((struct guest *)visitor, LTR_GATE_RELEASE);
}
