/* SPDX-License-Identifier: MIT */

/*
 * Names and several addresses. This program brings its own getaddrinfo(), which knows some names, and
 * does not come back from others until it is told to.
 */

#include "sockets.h"

#include <netdb.h>
#include <semaphore.h>
#include <sys/socket.h>

#define ENTRIES_MAX 4

static struct {
	const char *host;
	const char *addresses[ENTRIES_MAX];
	int error;
} book[] = {
	{"one", {"127.0.0.1"}, 0},
	{"both", {"127.0.0.1", "::1"}, 0},
	{"dead-first", {"127.0.0.2", "127.0.0.3", "127.0.0.1"}, 0},
	{"silent-first", {"127.0.0.9", "127.0.0.1"}, 0},
	{"all-silent", {"127.0.0.9", "127.0.0.9"}, 0},
	{"slow", {"127.0.0.1"}, 0},
	{"nowhere", {NULL}, EAI_NONAME},
	{"later", {NULL}, EAI_AGAIN},
};

static sem_t asked, may_answer; /* of "slow" */
static uint32_t lookups_at_once, lookups_most;

static void note_lookup(void)
{
	uint32_t now = __atomic_add_fetch(&lookups_at_once, 1, __ATOMIC_SEQ_CST);
	uint32_t most = __atomic_load_n(&lookups_most, __ATOMIC_SEQ_CST);

	while (now > most && !__atomic_compare_exchange_n(&lookups_most, &most, now, false,
							  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

static struct addrinfo *entry(const char *address, const char *port)
{
	struct addrinfo *info = calloc(1, sizeof(*info) + sizeof(struct sockaddr_in6));
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(info + 1);
	struct sockaddr_in *v4 = (struct sockaddr_in *)v6;

	info->ai_addr = (struct sockaddr *)v6;
	if (strchr(address, ':')) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)atoi(port));
		v6->sin6_addr = in6addr_loopback;
		info->ai_addrlen = sizeof(*v6);
	} else {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)atoi(port));
		v4->sin_addr.s_addr =
			htonl(INADDR_LOOPBACK - 1 + (uint32_t)atoi(strrchr(address, '.') + 1));
		info->ai_addrlen = sizeof(*v4);
	}
	info->ai_family = info->ai_addr->sa_family;
	return info;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): netdb.h has reserved names */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **ret_list)
{
	const char *port = service ? service : "0";

	if (node && hints && (hints->ai_flags & AI_NUMERICHOST)) {
		if (node[0] != '1' && node[0] != ':')
			return EAI_NONAME;
		*ret_list = entry(node, port);
		return 0;
	}
	note_lookup();
	if (node && strcmp(node, "slow") == 0) {
		sem_post(&asked);
		sem_wait(&may_answer);
	}
	__atomic_sub_fetch(&lookups_at_once, 1, __ATOMIC_SEQ_CST);
	for (size_t i = 0; i < sizeof(book) / sizeof(book[0]); i++) {
		struct addrinfo *first = NULL, **end = &first;

		if (!node || strcmp(node, book[i].host) != 0)
			continue;
		for (int at = 0; at < ENTRIES_MAX && book[i].addresses[at]; at++) {
			*end = entry(book[i].addresses[at], port);
			end = &(*end)->ai_next;
		}
		*ret_list = first;
		return book[i].error;
	}
	return EAI_NONAME;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): netdb.h has reserved names */
void freeaddrinfo(struct addrinfo *list)
{
	while (list) {
		struct addrinfo *next = list->ai_next;

		free(list);
		list = next;
	}
}

static struct ltr_waitgroup done;
static struct ltr_listener *listener;
static uint32_t port;

static void listen_here(void)
{
	expect(ltr_listen("127.0.0.1:0", &listener) == 0);
	port = ltr_listener_port(listener);
}

/* "HOST:PORT", in memory of the caller. */
#define at(host) write_address((char[64]){0}, (host))

static const char *write_address(char text[64], const char *host)
{
	snprintf(text, 64, "%s:%u", host, port);
	return text;
}

/* Lookups and attempts that nobody waits for any more end by themselves, and free what they have. */
static void see_all_off(void)
{
	while (ltr_count() > 1)
		ltr_yield();
}

static void dial_and_close(const char *host)
{
	struct ltr_conn *here, *there;
	char text[LTR_ADDRESS_TEXT_BYTES];
	struct ltr_address peer;

	expect(ltr_dial(at(host), &here) == 0);
	expect(ltr_accept(listener, &there) == 0);
	expect(ltr_conn_peer(here, &peer) == 0 && ltr_address_format(&peer, text) == 0);
	expect(strcmp(text, at("127.0.0.1")) == 0);
	expect(ltr_write(here, "x", 1) == 1);
	expect(ltr_read(there, text, sizeof(text)) == 1);
	ltr_conn_close(here);
	ltr_conn_close(there);
}

static int names_have_several_addresses(int argc, char **argv)
{
	struct ltr_conn *conn;

	(void)argc, (void)argv;
	listen_here();
	dial_and_close("one");
	dial_and_close("both");       /* nobody listens at ::1 */
	dial_and_close("dead-first"); /* nor at .2 and .3 */
	expect(ltr_dial(at("nowhere"), &conn) == -ENXIO);
	expect(ltr_dial(at("later"), &conn) == -EAGAIN);
	expect(ltr_dial(at("unheard-of"), &conn) == -ENXIO);
	ltr_listener_close(listener);
	expect(ltr_dial(at("one"), &conn) == -ECONNREFUSED);
	expect(ltr_dial(at("dead-first"), &conn) == -ECONNREFUSED);
	see_all_off();
	return 0;
}

/*
 * An address that does not answer: a listener with a full backlog, whose connections wait for ever.
 * Fills it until a connect() has not come back.
 */
static void be_silent(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int silent = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 8);
	expect(bind(silent, (struct sockaddr *)&address, sizeof(address)) == 0);
	expect(listen(silent, 0) == 0);
	for (int i = 0; i < 3; i++) {
		struct ltr_conn *conn;
		char text[64];

		snprintf(text, sizeof(text), "127.0.0.9:%u", port);
		if (ltr_dial(text, &conn, ltr_after(50 * LTR_MILLISECOND)) == -ETIMEDOUT)
			return;
	}
	expect(!"the backlog is never full");
}

static int silent_addresses_are_overtaken(int argc, char **argv)
{
	struct ltr_conn *conn;

	(void)argc, (void)argv;
	listen_here();
	be_silent();
	dial_and_close("silent-first");
	expect(ltr_dial(at("all-silent"), &conn, ltr_after(300 * LTR_MILLISECOND)) == -ETIMEDOUT);
	expect(ltr_dial(at("silent-first"), &conn, ltr_after(LTR_MILLISECOND)) == -ETIMEDOUT);
	ltr_listener_close(listener);
	see_all_off();
	return 0;
}

static void wait_for_lookup(void *unused)
{
	(void)unused;
	sem_wait(&asked);
}

static void dials_slowly(void)
{
	struct ltr_conn *conn;

	expect(ltr_dial(at("slow"), &conn) == 0);
	ltr_conn_close(conn);
	ltr_waitgroup_done(&done);
}

/* The caller leaves on time, while the lookup goes on for as long as it likes. */
static int lookups_do_not_hold_the_caller(int argc, char **argv)
{
	int64_t patience_ns = LTR_MILLISECOND;
	struct ltr_conn *conn;

	(void)argc, (void)argv;
	sem_init(&asked, 0, 0);
	sem_init(&may_answer, 0, 0);
	listen_here();
	do /* until a lookup has begun, which is not over, since it may not answer yet */
		expect(ltr_dial(at("slow"), &conn, ltr_after(patience_ns *= 2)) == -ETIMEDOUT);
	while (sem_trywait(&asked) != 0);
	expect(ltr_dial(at("slow"), &conn, LTR_NOW) == -ETIMEDOUT);
	ltr_waitgroup_add(&done, 1);
	ltr_go(dials_slowly);
	ltr_blocking(wait_for_lookup, NULL);
	dial_and_close("one");        /* nobody else waits */
	for (int i = 0; i < 100; i++) /* several of the first may have begun */
		sem_post(&may_answer);
	ltr_waitgroup_wait(&done);
	expect(ltr_accept(listener, &conn) == 0);
	ltr_conn_close(conn);
	ltr_listener_close(listener);
	see_all_off();
	return 0;
}

static void gives_up(void)
{
	struct ltr_conn *conn;

	expect(ltr_dial(at("slow"), &conn, ltr_after(5 * LTR_MILLISECOND)) == -ETIMEDOUT);
	ltr_waitgroup_done(&done);
}

static void say_hello(void *said)
{
	*(bool *)said = true;
}

/* Servers that are dead do not take the threads of all other blocking calls. */
static int lookups_leave_room(int argc, char **argv)
{
	bool said = false;

	(void)argc, (void)argv;
	sem_init(&asked, 0, 0);
	sem_init(&may_answer, 0, 0);
	port = 1;
	ltr_waitgroup_add(&done, 400);
	for (int i = 0; i < 400; i++)
		ltr_go(gives_up);
	ltr_waitgroup_wait(&done);
	expect(ltr_blocking(say_hello, &said) == 0 && said);
	for (int i = 0; i < 400; i++)
		sem_post(&may_answer);
	while (__atomic_load_n(&lookups_at_once, __ATOMIC_SEQ_CST))
		ltr_yield();
	expect(__atomic_load_n(&lookups_most, __ATOMIC_SEQ_CST) > 0);
	expect(__atomic_load_n(&lookups_most, __ATOMIC_SEQ_CST) <= 64);
	see_all_off();
	return 0;
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(names_have_several_addresses),
		RULE(silent_addresses_are_overtaken),
		RULE(lookups_do_not_hold_the_caller),
		RULE(lookups_leave_room),
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
