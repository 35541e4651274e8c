/* SPDX-License-Identifier: MIT */

/* Streams: families, half-close, several buffers, resets, what must not kill or spin. */

#include "sockets.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

static struct ltr_waitgroup done;

static void say_and_answer(const char *where)
{
	struct pair pair = connect_through(where);
	char buffer[16];

	expect(ltr_write(pair.here, "ping", 4) == 4);
	expect(ltr_read_full(pair.there, buffer, 4) == 4 && memcmp(buffer, "ping", 4) == 0);
	expect(ltr_write(pair.there, "pong", 4) == 4);
	expect(ltr_conn_shutdown(pair.there) == 0);
	expect(ltr_read_full(pair.here, buffer, 16) == 4 && memcmp(buffer, "pong", 4) == 0);
	close_pair(pair);
}

static int every_family(int argc, char **argv)
{
	char path[64], name[64];
	struct stat found;

	(void)argc, (void)argv;
	snprintf(path, sizeof(path), "unix:/tmp/ltr-test-%d.sock", getpid());
	snprintf(name, sizeof(name), "unix:@ltr-test-%d", getpid());
	say_and_answer("127.0.0.1:0");
	say_and_answer("[::1]:0");
	say_and_answer(path);
	expect(stat(path + 5, &found) == -1 && errno == ENOENT); /* gone with the listener */
	say_and_answer(name);
	say_and_answer("localhost:0");
	return 0;
}

static int no_host_means_both_families(int argc, char **argv)
{
	struct ltr_listener *listener;
	struct ltr_conn *here, *there;
	char address[64];

	(void)argc, (void)argv;
	expect(ltr_listen(":0", &listener) == 0);
	for (int i = 0; i < 3; i++) {
		static const char *const hosts[] = {"127.0.0.1", "[::1]", ""};

		snprintf(address, sizeof(address), "%s:%u", hosts[i], ltr_listener_port(listener));
		expect(ltr_dial(address, &here) == 0 && ltr_accept(listener, &there) == 0);
		close_pair((struct pair){here, there});
	}
	ltr_listener_close(listener);
	return 0;
}

static int addresses_as_text(int argc, char **argv)
{
	static const char *const texts[] = {"127.0.0.1:80", "[::1]:443", "[fe80::1%1]:1",
					    "unix:/tmp/x", "unix:@name"};
	char text[LTR_ADDRESS_TEXT_BYTES], name[120];
	struct ltr_address address;
	struct pair pair;

	(void)argc, (void)argv;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		expect(ltr_address_resolve(texts[i], &address) == 0);
		expect(ltr_address_format(&address, text) == 0);
		expect(strcmp(text, texts[i]) == 0);
	}
	expect(ltr_address_resolve("unix:a\x1b[2J b", &address) == 0);
	expect(ltr_address_format(&address, text) == 0 && strcmp(text, "unix:a?[2J?b") == 0);
	memset(name, 'x', sizeof(name));
	memcpy(name, "unix:", 5);
	name[5 + 108] = '\0';
	expect(ltr_address_resolve(name, &address) == -EINVAL);
	name[5 + 107] = '\0';
	expect(ltr_address_resolve(name, &address) == 0);
	expect(ltr_address_format(&address, text) == 0 && strcmp(text, name) == 0);
	expect(ltr_address_resolve("unix:", &address) == -EINVAL);
	pair = connect_pair();
	expect(ltr_conn_local(pair.here, &address) == 0);
	expect(ltr_address_format(&address, text) == 0);
	expect(ltr_conn_peer(pair.there, &address) == 0);
	expect(ltr_address_format(&address, name) == 0 && strcmp(text, name) == 0);
	close_pair(pair);
	return 0;
}

static int accepted_connections_have_no_delay(int argc, char **argv)
{
	struct pair pair = connect_pair();
	int value = 0;
	socklen_t bytes = sizeof(value);

	(void)argc, (void)argv;
	expect(getsockopt(ltr_conn_fd(pair.there), IPPROTO_TCP, TCP_NODELAY, &value, &bytes) == 0);
	expect(value == 1);
	close_pair(pair);
	return 0;
}

/* --- half-close --------------------------------------------------------------------------------- */

static void reads_to_the_end(struct ltr_conn **conn)
{
	char byte;

	expect(ltr_read(*conn, &byte, 1) == 0);
	ltr_waitgroup_done(&done);
}

static int half_close(int argc, char **argv)
{
	struct pair pair = connect_pair();
	char byte;

	(void)argc, (void)argv;
	ltr_waitgroup_add(&done, 2);
	ltr_go(reads_to_the_end, pair.there);
	ltr_go(reads_to_the_end, pair.here);
	let_others_run();
	expect(ltr_conn_shutdown(pair.here) == 0);
	expect(ltr_conn_shutdown_read(pair.here) == 0);
	ltr_waitgroup_wait(&done);
	expect(ltr_write(pair.here, "x", 1) == -EPIPE);
	expect(ltr_write(pair.there, "x", 1) == 1);
	expect(ltr_read(pair.there, &byte, 1) == 0);
	close_pair(pair);
	return 0;
}

static void writes_much(struct ltr_conn **conn)
{
	size_t bytes = 8 << 20;
	char *much = malloc(bytes);

	memset(much, 'x', bytes);
	expect(ltr_write(*conn, much, bytes) == (ssize_t)bytes);
	free(much);
	ltr_conn_close(*conn);
	ltr_waitgroup_done(&done);
}

/*
 * The other side has said its last word and reads slowly: the writer waits, and lets others run
 * meanwhile. (Where it spins instead, this never ends with one processor.)
 */
static int writers_wait_for_half_closed_readers(int argc, char **argv)
{
	struct pair pair = connect_pair();
	static char buffer[1 << 16];
	size_t got = 0;
	ssize_t n;

	(void)argc, (void)argv;
	expect(ltr_conn_shutdown(pair.here) == 0);
	expect(ltr_read(pair.there, buffer, 1) == 0);
	ltr_waitgroup_add(&done, 1);
	ltr_go(writes_much, pair.there);
	let_others_run();
	while ((n = ltr_read(pair.here, buffer, sizeof(buffer))) > 0)
		got += (size_t)n;
	expect(n == 0 && got == 8 << 20);
	ltr_waitgroup_wait(&done);
	ltr_conn_close(pair.here);
	return 0;
}

/* --- several buffers, several writers ----------------------------------------------------------- */

#define WRITERS      8
#define LETTER_BYTES 300000

struct letter {
	struct ltr_conn *conn;
	char letter;
};

static void writes_its_letter(struct letter *letter)
{
	char *letters = malloc(LETTER_BYTES);
	struct iovec parts[100];

	memset(letters, letter->letter, LETTER_BYTES);
	for (int i = 0; i < 100; i++)
		parts[i] = (struct iovec){letters + (size_t)i * (LETTER_BYTES / 100),
					  LETTER_BYTES / 100};
	if (letter->letter % 2)
		expect(ltr_write(letter->conn, letters, LETTER_BYTES) == LETTER_BYTES);
	else
		expect(ltr_writev(letter->conn, parts, 100) == LETTER_BYTES);
	free(letters);
	ltr_waitgroup_done(&done);
}

static int writes_do_not_mix(int argc, char **argv)
{
	struct pair pair = connect_through("unix:@ltr-test-mix");
	char *letters = malloc(LETTER_BYTES);

	(void)argc, (void)argv;
	ltr_waitgroup_add(&done, WRITERS);
	for (int i = 0; i < WRITERS; i++)
		ltr_go(writes_its_letter, (struct letter){pair.here, (char)('a' + i)});
	for (int i = 0; i < WRITERS; i++) {
		expect(ltr_read_full(pair.there, letters, LETTER_BYTES) == LETTER_BYTES);
		for (int at = 1; at < LETTER_BYTES; at++)
			expect(letters[at] == letters[0]);
	}
	ltr_waitgroup_wait(&done);
	free(letters);
	close_pair(pair);
	return 0;
}

static int several_buffers(int argc, char **argv)
{
	struct pair pair = connect_pair();
	char a[2], b[3], rest[8];
	struct iovec out[] = {{"ab", 2}, {NULL, 0}, {"cde", 3}, {"", 0}, {"f", 1}};
	struct iovec in[] = {{a, 2}, {b, 3}};

	(void)argc, (void)argv;
	expect(ltr_writev(pair.here, out, 5) == 6);
	expect(ltr_conn_shutdown(pair.here) == 0);
	expect(ltr_readv(pair.there, in, 2) == 5);
	expect(memcmp(a, "ab", 2) == 0 && memcmp(b, "cde", 3) == 0);
	expect(ltr_read_full(pair.there, rest, 8) == 1 && rest[0] == 'f');
	expect(ltr_writev(pair.there, out, 0) == 0);
	expect(ltr_writev(pair.there, out, -1) == -EINVAL);
	expect(ltr_readv(pair.there, in, 1025) == -EINVAL);
	out[0].iov_len = SIZE_MAX;
	expect(ltr_writev(pair.there, out, 5) == -EINVAL);
	close_pair(pair);
	return 0;
}

static int a_part_at_a_time(int argc, char **argv)
{
	struct pair pair = connect_pair();
	size_t bytes = 64 << 20, sent = 0, got = 0;
	char *much = calloc(1, bytes);
	ssize_t n;

	(void)argc, (void)argv;
	n = ltr_write_some(pair.here, much, bytes);
	expect(n > 0 && (size_t)n < bytes);
	sent = (size_t)n;
	expect(ltr_write(pair.here, much, bytes, ltr_after(LTR_MILLISECOND)) == -ETIMEDOUT);
	while (got < sent) {
		n = ltr_read(pair.there, much, bytes);
		expect(n > 0);
		got += (size_t)n;
	}
	expect(ltr_conn_wait(pair.here, LTR_WRITABLE) == 0);
	free(much);
	close_pair(pair);
	return 0;
}

/* --- what other programs do to us --------------------------------------------------------------- */

static void reset(struct ltr_conn *conn)
{
	struct linger at_once = {1, 0};

	setsockopt(ltr_conn_fd(conn), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	ltr_conn_close(conn);
}

static void reads_a_reset(struct ltr_conn **conn)
{
	char byte;

	expect(ltr_read(*conn, &byte, 1) == -ECONNRESET);
	ltr_waitgroup_done(&done);
}

static int resets(int argc, char **argv)
{
	struct pair pair = connect_pair();
	char byte = 0;

	(void)argc, (void)argv;
	ltr_waitgroup_add(&done, 1);
	ltr_go(reads_a_reset, pair.there);
	let_others_run();
	reset(pair.here);
	ltr_waitgroup_wait(&done);
	expect(ltr_read(pair.there, &byte, 1) == 0);
	expect(ltr_write(pair.there, &byte, 1) == -EPIPE);
	ltr_conn_close(pair.there);
	return 0;
}

static int sigpipe_does_not_kill(int argc, char **argv)
{
	struct pair pair = connect_through("unix:@ltr-test-pipe");
	struct iovec part = {"x", 1};
	struct ltr_conn *out;
	int ends[2];

	(void)argc, (void)argv;
	ltr_conn_close(pair.there);
	expect(ltr_write(pair.here, "x", 1) == -EPIPE);
	expect(ltr_writev(pair.here, &part, 1) == -EPIPE);
	ltr_conn_close(pair.here);
	expect(pipe(ends) == 0);
	expect(ltr_conn_adopt(ends[1], &out) == 0);
	close(ends[0]);
	expect(ltr_write(out, "x", 1) == -EPIPE);
	expect(ltr_writev(out, &part, 1) == -EPIPE);
	ltr_conn_close(out);
	return 0;
}

static void sends_urgent_data(struct ltr_conn **conn)
{
	int fd = ltr_conn_fd(*conn);

	expect(send(fd, "before", 6, 0) == 6);
	expect(send(fd, "!", 1, MSG_OOB) == 1);
	expect(send(fd, "after", 5, 0) == 5);
	ltr_waitgroup_done(&done);
}

/* recv() stops before urgent data: a short read does not mean that there is no more. */
static int urgent_data_hides_nothing(int argc, char **argv)
{
	(void)argc, (void)argv;
	for (int round = 0; round < 20; round++) {
		struct pair pair = connect_pair();
		char buffer[64];

		ltr_waitgroup_add(&done, 1);
		ltr_go(sends_urgent_data, pair.here);
		if (round % 2)
			let_others_run();
		expect(ltr_read_full(pair.there, buffer, 11) == 11);
		expect(memcmp(buffer, "beforeafter", 11) == 0);
		ltr_waitgroup_wait(&done);
		close_pair(pair);
	}
	return 0;
}

/* Nor across descriptors that are passed along with data. */
static int passed_descriptors_hide_nothing(int argc, char **argv)
{
	struct pair pair = connect_through("unix:@ltr-test-pass");
	char control[CMSG_SPACE(sizeof(int))] = {0}, buffer[64];
	struct iovec part = {"with", 4};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control};
	struct cmsghdr *header;

	(void)argc, (void)argv;
	message.msg_controllen = sizeof(control);
	header = CMSG_FIRSTHDR(&message);
	*header = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(header), &(int){STDERR_FILENO}, sizeof(int));
	for (int i = 0; i < 3; i++)
		expect(sendmsg(ltr_conn_fd(pair.here), &message, 0) == 4);
	expect(ltr_read_full(pair.there, buffer, 12) == 12);
	close_pair(pair);
	return 0;
}

/* A wait of one's own, for calls of one's own. */
static int waiting_and_reading_by_hand(int argc, char **argv)
{
	struct pair pair = connect_pair();
	char byte;

	(void)argc, (void)argv;
	expect(ltr_conn_wait(pair.there, LTR_READABLE, LTR_NOW) == -ETIMEDOUT);
	expect(ltr_conn_wait(pair.there, LTR_READABLE, ltr_after(LTR_MILLISECOND)) == -ETIMEDOUT);
	for (int i = 0; i < 3; i++) {
		expect(ltr_write(pair.here, "x", 1) == 1);
		expect(ltr_conn_wait(pair.there, LTR_READABLE) == 0);
		expect(ltr_conn_wait(pair.there, LTR_READABLE) == 0); /* still */
		expect(recv(ltr_conn_fd(pair.there), &byte, 1, 0) == 1);
		expect(recv(ltr_conn_fd(pair.there), &byte, 1, 0) == -1 && errno == EAGAIN);
	}
	ltr_conn_close(pair.here);
	expect(ltr_conn_wait(pair.there, LTR_READABLE) == 0);
	ltr_conn_close(pair.there);
	return 0;
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(every_family),
		RULE(no_host_means_both_families),
		RULE(addresses_as_text),
		RULE(accepted_connections_have_no_delay),
		RULE(half_close),
		RULE(writers_wait_for_half_closed_readers),
		RULE(writes_do_not_mix),
		RULE(several_buffers),
		RULE(a_part_at_a_time),
		RULE(resets),
		RULE(sigpipe_does_not_kill),
		RULE(urgent_data_hides_nothing),
		RULE(passed_descriptors_hide_nothing),
		RULE(waiting_and_reading_by_hand),
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
