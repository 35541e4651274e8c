/* SPDX-License-Identifier: MIT */

/*
 * soak [--seconds N] [--rounds N] [--seed S]: a random program over channels, selects, timers, locks,
 * blocking calls and the network, that checks itself. It goes in rounds of a second or so. What a
 * round does is decided by its seed, which is printed with every complaint; a round that does not
 * end in HANG_SECONDS is one. `--seed S --rounds 1` repeats a round, as far as threads let it.
 *
 * What is checked: nothing is lost or doubled on the way through channels; who holds the mutex is
 * alone; deadlines do not come early; an echo is what was sent; a goroutine's stack keeps what was
 * put there; and at the end of a round all goroutines but the main one have ended.
 */

#include <errno.h>
#include <loiter.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WORKERS_MAX   64
#define CHANNELS_MAX  8
#define MESSAGE_BYTES 2000
#define PATIENCE      (20 * LTR_SECOND)

/* A whole round takes ThreadSanitizer 13 s of CPU time, of which it may get little. */
#ifdef __SANITIZE_THREAD__
#define HANG_SECONDS 240
#define OPERATIONS   60
#else
#define HANG_SECONDS 60
#define OPERATIONS   600
#endif

LTR_CHAN(numbers, uint64_t);

static struct options {
	int64_t seconds;
	uint64_t rounds; /* 0: as many as there is time for */
	uint64_t seed;
} options = {.seconds = 600};

static char round_name[80]; /* made beforehand: a signal handler says it, too */

struct round {
	uint64_t seed;
	uint32_t channel_count;
	numbers channels[CHANNELS_MAX];
	struct ltr_waitgroup workers;
	uint64_t sent; /* sums of all values; atomic */
	uint64_t received;
	struct ltr_mutex mutex;
	uint64_t locked[2]; /* equal whenever the mutex is free */
	struct ltr_listener *listener;
	char address[32];
};

struct worker {
	struct round *round;
	uint64_t random;
	struct ltr_conn *conn;
};

static _Noreturn void complain(const char *what)
{
	fprintf(stderr, "soak: %s; %s", what, round_name);
	abort();
}

static void check(bool so, const char *what)
{
	if (!so)
		complain(what);
}

static uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u; /* SplitMix64 */

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static uint32_t below(struct worker *worker, uint32_t limit)
{
	return (uint32_t)(next_random(&worker->random) >> 32) % limit;
}

/* At once, soon, or a little later. */
static int64_t some_deadline(struct worker *worker)
{
	switch (below(worker, 4)) {
	case 0:
		return LTR_NOW;
	case 1:
		return ltr_after(below(worker, 2000) * LTR_MICROSECOND);
	default:
		return ltr_after(below(worker, 100) * LTR_MICROSECOND);
	}
}

static numbers some_channel(struct worker *worker)
{
	return worker->round->channels[below(worker, worker->round->channel_count)];
}

static void count_sent(struct worker *worker, uint64_t value)
{
	__atomic_fetch_add(&worker->round->sent, value, __ATOMIC_RELAXED);
}

static void count_received(struct worker *worker, uint64_t value)
{
	__atomic_fetch_add(&worker->round->received, value, __ATOMIC_RELAXED);
}

/* A call that was to end by then and did not do its work has not ended before. */
static void check_late(int64_t deadline_ns)
{
	check(ltr_now() >= deadline_ns, "a deadline came early");
}

/* --- operations ----------------------------------------------------------------------------------- */

static void send_one(struct worker *worker)
{
	uint64_t value = next_random(&worker->random);
	int64_t deadline_ns = some_deadline(worker);

	if (ltr_send(some_channel(worker), value, deadline_ns) == 0)
		count_sent(worker, value);
	else
		check_late(deadline_ns);
}

static void receive_one(struct worker *worker)
{
	int64_t deadline_ns = some_deadline(worker);
	uint64_t value = 0;

	if (ltr_recv(some_channel(worker), &value, deadline_ns) == 0)
		count_received(worker, value);
	else
		check_late(deadline_ns);
}

static void choose_one(struct worker *worker)
{
	uint64_t value = next_random(&worker->random), one = 0, other = 0;
	int64_t deadline_ns = some_deadline(worker);

	switch (ltr_select(deadline_ns, LTR_RECV(some_channel(worker), &one),
			   LTR_SEND(some_channel(worker), value),
			   LTR_RECV(some_channel(worker), &other))) {
	case 0:
		count_received(worker, one);
		break;
	case 1:
		count_sent(worker, value);
		break;
	case 2:
		count_received(worker, other);
		break;
	default:
		check_late(deadline_ns);
	}
}

static void lock_and_count(struct worker *worker)
{
	struct round *round = worker->round;
	int64_t deadline_ns = below(worker, 2) ? some_deadline(worker) : LTR_FOREVER;

	if (ltr_mutex_lock(&round->mutex, deadline_ns) < 0) {
		check_late(deadline_ns);
		return;
	}
	check(round->locked[0] == round->locked[1], "two held the mutex");
	round->locked[0]++;
	if (below(worker, 4) == 0)
		ltr_yield();
	round->locked[1]++;
	ltr_mutex_unlock(&round->mutex);
}

static void nap(struct worker *worker)
{
	int64_t until_ns = ltr_after(below(worker, 300) * LTR_MICROSECOND);

	ltr_sleep_until(until_ns);
	check_late(until_ns);
}

static void child(struct worker *worker)
{
	for (int i = 0; i < 3; i++)
		choose_one(worker);
	ltr_waitgroup_done(&worker->round->workers);
}

static void start_child(struct worker *worker)
{
	struct worker next = {worker->round, next_random(&worker->random), NULL};

	ltr_waitgroup_add(&worker->round->workers, 1);
	ltr_go(child, next);
}

static uint64_t fill_stack(uint64_t seed, int depth)
{
	volatile uint64_t words[128];
	uint64_t sum = 0;

	for (int i = 0; i < 128; i++)
		words[i] = seed + (uint64_t)i;
	if (depth > 0)
		sum = fill_stack(seed ^ (uint64_t)depth, depth - 1);
	else
		ltr_yield();
	for (int i = 0; i < 128; i++)
		check(words[i] == seed + (uint64_t)i, "a stack was changed");
	return sum + words[0];
}

static void use_stack(struct worker *worker)
{
	fill_stack(next_random(&worker->random), (int)below(worker, 20));
}

static void short_call(void *argument)
{
	struct timespec time = {0, 20000};

	nanosleep(&time, NULL);
	*(bool *)argument = true;
}

static void block(struct worker *worker)
{
	bool called = false;

	if (below(worker, 8))
		return;
	check(ltr_blocking(short_call, &called) == 0 && called, "a blocking call was not made");
}

static void read_all(struct ltr_conn *conn, char *buffer, size_t bytes)
{
	for (size_t done = 0; done < bytes;) {
		ssize_t n = ltr_read(conn, buffer + done, bytes - done, ltr_after(PATIENCE));

		check(n > 0, "an echo did not come");
		done += (size_t)n;
	}
}

static void ask_echo(struct worker *worker)
{
	char sent[MESSAGE_BYTES], got[MESSAGE_BYTES];
	size_t bytes = 1 + below(worker, MESSAGE_BYTES);
	char byte = (char)next_random(&worker->random);

	if (!worker->conn)
		check(ltr_dial(worker->round->address, &worker->conn, ltr_after(PATIENCE)) == 0,
		      "cannot connect");
	for (size_t i = 0; i < bytes; i++)
		sent[i] = (char)(byte + (char)i);
	check(ltr_write(worker->conn, sent, bytes, ltr_after(PATIENCE)) == (ssize_t)bytes,
	      "cannot write");
	read_all(worker->conn, got, bytes);
	check(memcmp(sent, got, bytes) == 0, "an echo was not what was sent");
	if (below(worker, 20) == 0) {
		ltr_conn_close(worker->conn);
		worker->conn = NULL;
	}
}

static void yield(struct worker *worker)
{
	(void)worker;
	ltr_yield();
}

/* --- rounds --------------------------------------------------------------------------------------- */

static void work(struct worker *worker)
{
	static void (*const operations[])(struct worker *) = {
		send_one,    receive_one, choose_one, choose_one, lock_and_count, nap,
		start_child, use_stack,   block,      ask_echo,   yield,
	};

	for (int i = 0; i < OPERATIONS; i++)
		operations[below(worker, sizeof(operations) / sizeof(operations[0]))](worker);
	ltr_conn_close(worker->conn);
	ltr_waitgroup_done(&worker->round->workers);
}

static void echo(struct ltr_conn **conn)
{
	char buffer[700];
	ssize_t n;

	while ((n = ltr_read(*conn, buffer, sizeof(buffer))) > 0)
		if (ltr_write(*conn, buffer, (size_t)n) != n)
			break;
	ltr_conn_close(*conn);
}

static void accept_all(struct ltr_listener **listener)
{
	struct ltr_conn *conn;

	while (ltr_accept(*listener, &conn) == 0)
		ltr_go(echo, conn);
}

static void play(uint64_t seed)
{
	struct worker chance = {.random = seed};
	struct round round = {.seed = seed};
	uint32_t workers = 2 + below(&chance, WORKERS_MAX - 1);
	uint64_t value;

	snprintf(round_name, sizeof(round_name), "repeat with: soak --rounds 1 --seed %#llx\n",
		 (unsigned long long)seed);
	alarm(HANG_SECONDS);
	round.channel_count = 1 + below(&chance, CHANNELS_MAX);
	for (uint32_t i = 0; i < round.channel_count; i++)
		round.channels[i] = ltr_make(numbers, below(&chance, 9));
	check(ltr_listen("127.0.0.1:0", &round.listener) == 0, "cannot listen");
	snprintf(round.address, sizeof(round.address), "127.0.0.1:%u",
		 ltr_listener_port(round.listener));
	ltr_go(accept_all, round.listener);
	ltr_waitgroup_add(&round.workers, workers);
	for (uint32_t i = 0; i < workers; i++)
		ltr_go(work, (struct worker){&round, next_random(&chance.random), NULL});
	ltr_waitgroup_wait(&round.workers);
	for (uint32_t i = 0; i < round.channel_count; i++) {
		while (ltr_recv(round.channels[i], &value, LTR_NOW) == 0)
			round.received += value;
		ltr_free(round.channels[i]);
	}
	check(round.sent == round.received, "what was sent is not what was received");
	check(round.locked[0] == round.locked[1], "two held the mutex");
	ltr_listener_close(round.listener);
	while (ltr_count() > 1)
		ltr_sleep(LTR_MILLISECOND);
}

static int soak(int argc, char **argv)
{
	int64_t until_ns = ltr_after(options.seconds * LTR_SECOND);
	int64_t said_ns = ltr_now();
	uint64_t seeds = options.seed;
	uint64_t rounds = 0;

	(void)argc, (void)argv;
	/* A single round is given by its own seed; more of them by that of the first. */
	for (uint64_t seed = seeds; ltr_now() < until_ns; seed = next_random(&seeds)) {
		play(seed);
		if (++rounds == options.rounds)
			break;
		if (ltr_now() - said_ns > 30 * LTR_SECOND) {
			said_ns = ltr_now();
			printf("%llu rounds\n", (unsigned long long)rounds);
			fflush(stdout);
		}
	}
	alarm(0);
	printf("%llu rounds, nothing to complain about\n", (unsigned long long)rounds);
	return 0;
}

static void hangs(int signal)
{
	static const char words[] = "soak: a round did not end; ";

	(void)signal;
	if (write(STDERR_FILENO, words, sizeof(words) - 1) > 0)
		(void)!write(STDERR_FILENO, round_name, strnlen(round_name, sizeof(round_name)));
	abort();
}

static bool read_number(const char *text, uint64_t *ret_number)
{
	char *end;
	unsigned long long number;

	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, 0);
	if (errno || *end)
		return false;
	*ret_number = number;
	return true;
}

static int usage(void)
{
	fprintf(stderr, "usage: soak [--seconds N] [--rounds N] [--seed S]\n");
	return 64;
}

int main(int argc, char **argv)
{
	const char *seed = getenv("LTR_TEST_SEED");
	uint64_t number;

	if (!read_number(seed, &options.seed))
		options.seed = (uint64_t)time(NULL) * 2654435761u;
	for (int i = 1; i < argc; i += 2) {
		if (!read_number(argv[i + 1], &number))
			return usage();
		if (strcmp(argv[i], "--seconds") == 0 && number <= INT32_MAX)
			options.seconds = (int64_t)number;
		else if (strcmp(argv[i], "--rounds") == 0)
			options.rounds = number;
		else if (strcmp(argv[i], "--seed") == 0)
			options.seed = number;
		else
			return usage();
	}
	printf("soak --seed %#llx\n", (unsigned long long)options.seed);
	fflush(stdout);
	signal(SIGALRM, hangs);
	return ltr_run(soak, argc, argv);
}
