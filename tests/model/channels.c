/* SPDX-License-Identifier: MIT */

/*
 * Channels and select (channel.c, select.c, waitlist.h) under the checker. Each thread of the model is
 * a goroutine on a processor of its own; what is here of the scheduler is park, ready and deadlines,
 * as simple as they can be, and with a complaint where their contract is broken: who is made ready
 * has parked, and is made ready once.
 *
 * Every value arrives once and in order, nobody waits for ever for what has come, and the two sides
 * of a channel agree on what happened. Not here: a commit runs on its goroutine's own thread, so that
 * one which touches the goroutine's stack too late is not found.
 */

#include "atomics.h"

#include "fatal.h"
#include "scheduler.h"

/* Of two cases, the order in which they are asked: both are explored. */
static uint64_t shuffling;
#define ltr__random(processor) ((void)(processor), shuffling)

/* NOLINTBEGIN(bugprone-suspicious-include): the code itself, with other atomics */
#include "channel.c"
#include "select.c"
/* NOLINTEND(bugprone-suspicious-include) */

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define VALUES      8u
#define DEADLINE_NS (INT64_C(1) << 40)

struct ltr__sched ltr__sched;
struct ltr__seed ltr__seed;
bool ltr__clock_is_virtual;
int64_t ltr__virtual_ns;
__thread struct ltr__thread *ltr__current_thread __attribute__((tls_model("initial-exec")));

static struct ltr__thread threads[MODEL_THREADS_MAX];
static struct ltr__processor processors[MODEL_THREADS_MAX];
static struct ltr__goroutine goroutines[MODEL_THREADS_MAX];
static uint32_t wake_word[MODEL_THREADS_MAX];
static bool is_parked[MODEL_THREADS_MAX], is_readied[MODEL_THREADS_MAX];
static uint32_t timer_lock, is_armed[MODEL_THREADS_MAX];
static uint32_t
	timer_word[MODEL_THREADS_MAX]; /* 1: it waits with a deadline, or will not any more */

static size_t capacity;
static struct ltr_channel *a, *b;
static bool may_die;
static unsigned sent[VALUES], received[VALUES];
static int chosen[MODEL_THREADS_MAX];

/* --- the scheduler ------------------------------------------------------------------------------ */

void ltr__park(enum ltr_reason reason, uint64_t object, int64_t deadline_ns, ltr__commit *commit,
	       void *argument)
{
	unsigned number = (unsigned)(ltr__self()->current - goroutines);

	(void)reason, (void)object;
	is_parked[number] = true;
	if (deadline_ns != LTR_FOREVER) {
		__atomic_store_n(&is_armed[number], 1, __ATOMIC_RELEASE);
		model_post(&timer_word[number]);
	}
	if (commit)
		commit(argument);
	model_wait(&wake_word[number]);
	is_parked[number] = is_readied[number] = false;
	if (deadline_ns != LTR_FOREVER) {
		ltr__lock(&timer_lock);
		__atomic_store_n(&is_armed[number], 0, __ATOMIC_RELAXED);
		ltr__unlock(&timer_lock);
	}
}

void ltr__unlock_commit(void *lock)
{
	ltr__unlock(lock);
}

void ltr__ready(struct ltr__goroutine *goroutine, uint64_t waker_id)
{
	unsigned number = (unsigned)(goroutine - goroutines);

	(void)waker_id;
	model_expect(is_parked[number]);
	model_expect(!is_readied[number]);
	is_readied[number] = true;
	model_post(&wake_word[number]);
}

void ltr__ready_each(struct ltr__goroutine *list, uint64_t waker_id)
{
	while (list) {
		struct ltr__goroutine *next = list->next;

		ltr__ready(list, waker_id);
		list = next;
	}
}

/* As ltr__timer_expire() does, at any moment. */
static void fire(unsigned number)
{
	bool fires;

	ltr__lock(&timer_lock);
	fires = __atomic_load_n(&is_armed[number], __ATOMIC_ACQUIRE) &&
		ltr__claim(&goroutines[number]);
	if (fires)
		goroutines[number].run.woken = NULL;
	__atomic_store_n(&is_armed[number], 0, __ATOMIC_RELAXED);
	ltr__unlock(&timer_lock);
	if (fires)
		ltr__ready(&goroutines[number], 0);
}

void ltr__fatal(const char *format, ...)
{
	if (!may_die || strcmp(format, "send on closed channel") != 0)
		model_fail("fatal: %s", format);
	model_exit();
}

void ltr__no_caller(const char *call)
{
	ltr__fatal("%s", call);
}

struct ltr__goroutine *ltr__seed_point(struct ltr__goroutine *self)
{
	return self; /* never called: ltr__seed.on is false */
}

int ltr__context_over(int64_t deadline_ns)
{
	(void)deadline_ns; /* no contexts here */
	return 0;
}

static void enter(unsigned number)
{
	ltr__current_thread = &threads[number];
}

static void start(void)
{
	memset(goroutines, 0, sizeof(goroutines));
	memset(wake_word, 0, sizeof(wake_word));
	memset(is_parked, 0, sizeof(is_parked));
	memset(is_readied, 0, sizeof(is_readied));
	memset(is_armed, 0, sizeof(is_armed));
	memset(timer_word, 0, sizeof(timer_word));
	memset(sent, 0, sizeof(sent));
	memset(received, 0, sizeof(received));
	timer_lock = 0;
	ltr__sched.shared = 1;
	ltr__clock_is_virtual = true;
	for (unsigned i = 0; i < MODEL_THREADS_MAX; i++) {
		goroutines[i].id = i + 1;
		threads[i].current = &goroutines[i];
		threads[i].processor = &processors[i];
	}
	a = ltr__channel_new(sizeof(uint64_t), capacity);
	b = ltr__channel_new(sizeof(uint64_t), capacity);
	model_name(a, sizeof(*a), "a");
	model_name(b, sizeof(*b), "b");
	model_watch(a, sizeof(*a) + capacity * sizeof(uint64_t));
	model_watch(b, sizeof(*b) + capacity * sizeof(uint64_t));
	model_watch(goroutines, sizeof(goroutines));
	model_name(goroutines, sizeof(goroutines), "goroutines");
	model_name(wake_word, sizeof(wake_word), "wake_word");
	model_name(is_armed, sizeof(is_armed), "is_armed");
	/* For whoever is alone on his processor; here nobody is. */
	model_ignore(processors, sizeof(processors));
	model_ignore(&ltr__sched, sizeof(ltr__sched));
	model_ignore(&ltr__virtual_ns, sizeof(ltr__virtual_ns));
}

/* --- what goroutines do ------------------------------------------------------------------------- */

static int send(struct ltr_channel *channel, uint64_t value, int64_t deadline_ns)
{
	int r = ltr__send(channel, &value, deadline_ns);

	model_expect(r == 0 || (r == -ETIMEDOUT && deadline_ns != LTR_FOREVER));
	if (r == 0)
		sent[value]++;
	return r;
}

static uint64_t recv(struct ltr_channel *channel, int64_t deadline_ns, int *ret_status)
{
	uint64_t value = VALUES;
	int r = ltr__recv(channel, &value, deadline_ns);

	if (r == 0) {
		model_expect(value < VALUES);
		model_expect(received[value]++ == 0);
	} else if (r == -EPIPE) {
		model_expect(value == 0);
	} else {
		model_expect(r == -ETIMEDOUT && value == VALUES);
	}
	*ret_status = r;
	return value;
}

/* The two cases on two channels; the values that it sends are its own. */
static int choose(const struct ltr_case cases[2], int64_t deadline_ns)
{
	int r = ltr__select_cases(cases, 2, deadline_ns);

	model_expect(r == 0 || r == 1 || (r == -ETIMEDOUT && deadline_ns != LTR_FOREVER));
	if (r != 0 && r != 1)
		return r;
	if (cases[r].is_receive)
		received[*(uint64_t *)cases[r].ret_received]++;
	else
		sent[*(const uint64_t *)cases[r].sent]++;
	return r;
}

static void recv_in_order(uint64_t first, uint64_t count)
{
	int status;

	for (uint64_t i = 0; i < count; i++)
		model_expect(recv(a, LTR_FOREVER, &status) == first + i && status == 0);
}

static void send_0_1_2(unsigned number)
{
	(void)number;
	for (uint64_t i = 0; i < 3; i++)
		send(a, i, LTR_FOREVER);
}

static void recv_0_1_2(unsigned number)
{
	(void)number;
	recv_in_order(0, 3);
}

/* Thread 0 sends 0 and 1, thread 1 sends 2 and 3. */
static void send_two(unsigned number)
{
	for (uint64_t i = 0; i < 2; i++)
		send(a, UINT64_C(2) * number + i, LTR_FOREVER);
}

static void recv_four(unsigned number)
{
	uint64_t next[2] = {0, 2};
	int status;

	(void)number;
	for (int i = 0; i < 4; i++) {
		uint64_t value = recv(a, LTR_FOREVER, &status);

		model_expect(status == 0);
		model_expect(value == next[value / 2]); /* in each sender's order */
		next[value / 2]++;
	}
}

static void send_four(unsigned number)
{
	(void)number;
	for (uint64_t i = 0; i < 4; i++)
		send(a, i, LTR_FOREVER);
}

static void recv_two(unsigned number)
{
	uint64_t before = 0;
	int status;

	(void)number;
	for (int i = 0; i < 2; i++) {
		uint64_t value = recv(a, LTR_FOREVER, &status);

		model_expect(status == 0 && (i == 0 || value > before));
		before = value;
	}
}

static void send_two_and_close(unsigned number)
{
	(void)number;
	send(a, 1, LTR_FOREVER);
	send(a, 2, LTR_FOREVER);
	ltr__close(a);
}

static void recv_until_closed(unsigned number)
{
	uint64_t before = 0;
	int status;

	(void)number;
	for (;;) {
		uint64_t value = recv(a, LTR_FOREVER, &status);

		if (status)
			break;
		model_expect(value > before);
		before = value;
	}
	model_expect(status == -EPIPE);
}

static void close_it(unsigned number)
{
	(void)number;
	ltr__close(a);
}

static void send_one(unsigned number)
{
	send(a, number, LTR_FOREVER);
}

/* Thread 0 to channel a, thread 1 to channel b. */
static void send_to_ones_own(unsigned number)
{
	send(number ? b : a, number, LTR_FOREVER);
}

static void recv_from_either_twice(unsigned number)
{
	(void)number;
	for (int i = 0; i < 2; i++) {
		uint64_t value[2] = {VALUES, VALUES};
		const struct ltr_case cases[2] = {
			{.chan = a, .ret_received = &value[0], .is_receive = true},
			{.chan = b, .ret_received = &value[1], .is_receive = true},
		};
		int r = choose(cases, LTR_FOREVER);

		model_expect(value[r] == (uint64_t)r && value[1 - r] == VALUES);
	}
}

/* Thread 0 sends on a or receives from b, thread 1 receives from a or sends on b. */
static void exchange(unsigned number)
{
	uint64_t value = number, got = VALUES;
	const struct ltr_case send_a = {.chan = a, .sent = &value},
			      send_b = {.chan = b, .sent = &value},
			      recv_a = {.chan = a, .ret_received = &got, .is_receive = true},
			      recv_b = {.chan = b, .ret_received = &got, .is_receive = true};
	const struct ltr_case cases[2] = {number ? recv_a : send_a, number ? send_b : recv_b};

	chosen[number] = choose(cases, LTR_FOREVER);
}

/* On one channel: one of two sends, and the other receives. */
static void either_way(unsigned number)
{
	uint64_t value = number, got = VALUES;
	const struct ltr_case cases[2] = {
		{.chan = a, .sent = &value},
		{.chan = a, .ret_received = &got, .is_receive = true},
	};

	chosen[number] = choose(cases, LTR_FOREVER);
}

static void send_in_time(unsigned number)
{
	send(a, number, DEADLINE_NS);
	model_post(&timer_word[number]);
}

static void recv_in_time(unsigned number)
{
	int status;

	recv(a, DEADLINE_NS, &status);
	model_post(&timer_word[number]);
}

static void choose_in_time(unsigned number)
{
	uint64_t got[2] = {VALUES, VALUES};
	const struct ltr_case cases[2] = {
		{.chan = a, .ret_received = &got[0], .is_receive = true},
		{.chan = b, .ret_received = &got[1], .is_receive = true},
	};

	choose(cases, DEADLINE_NS);
	model_post(&timer_word[number]);
}

/* Threads 2 and 3 are the clocks of 0 and 1: it is time at any moment after they wait. */
static void let_time_pass(unsigned number)
{
	model_wait(&timer_word[number - 2]);
	fire(number - 2);
}

/* --- what must have come of it ------------------------------------------------------------------- */

/* Received is what was sent, or it is still in a buffer. */
static void nothing_lost(void)
{
	size_t missing = 0;

	for (unsigned i = 0; i < VALUES; i++) {
		model_expect(sent[i] <= 1 && received[i] <= sent[i]);
		missing += sent[i] - received[i];
	}
	model_expect(missing == a->count + b->count);
	model_expect(!a->lock && !b->lock);
	model_expect(!a->senders.first && !a->receivers.first);
	model_expect(!b->senders.first && !b->receivers.first);
}

static void all_arrived(void)
{
	nothing_lost();
	model_expect(a->count == 0 && b->count == 0);
}

static void they_agree(void)
{
	nothing_lost();
	if (capacity == 0)
		model_expect(chosen[0] == chosen[1]);
}

static void one_sent(void)
{
	nothing_lost();
	if (capacity == 0)
		model_expect(chosen[0] != chosen[1]);
}

/* --- the programs -------------------------------------------------------------------------------- */

#define CHANNEL(title, check, count, ...)                                                      \
	{                                                                                      \
		.name = title, .thread_count = count, .thread = {__VA_ARGS__}, .start = start, \
		.enter = enter, .end = check, .delayed_stores = true,                          \
	}

enum { TWO_SENDERS = 1, EITHER = 7, IN_TIME = 10 };

static const struct model_program right[] = {
	CHANNEL("three values", all_arrived, 2, send_0_1_2, recv_0_1_2),
	[TWO_SENDERS] = CHANNEL("two senders", all_arrived, 3, send_two, send_two, recv_four),
	CHANNEL("two receivers", all_arrived, 3, send_four, recv_two, recv_two),
	CHANNEL("two values, closed", all_arrived, 2, send_two_and_close, recv_until_closed),
	CHANNEL("closed before two receivers", all_arrived, 3, send_two_and_close,
		recv_until_closed, recv_until_closed),
	CHANNEL("closed before a receiver", nothing_lost, 3, close_it, recv_until_closed, send_one),
	CHANNEL("closed before two senders", nothing_lost, 3, close_it, send_one, send_one),
	[EITHER] = CHANNEL("select receives from two", all_arrived, 3, send_to_ones_own,
			   send_to_ones_own, recv_from_either_twice),
	CHANNEL("two selects on two channels", they_agree, 2, exchange, exchange),
	CHANNEL("two selects on one channel", one_sent, 2, either_way, either_way),
	[IN_TIME] = CHANNEL("send and receive in time", nothing_lost, 4, send_in_time, recv_in_time,
			    let_time_pass, let_time_pass),
	CHANNEL("send and select in time", nothing_lost, 4, send_in_time, choose_in_time,
		let_time_pass, let_time_pass),
};

static bool explore(const struct model_program *program, struct model_result *ret_result)
{
	may_die = strstr(program->name, "closed before") != NULL;
	return model_explore(program, ret_result);
}

static void every_value_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		for (capacity = 0; capacity <= 2; capacity++) {
			for (unsigned order = 0; order < 2; order++) {
				struct model_result result;

				/* Only a select shuffles. */
				if (order && !strstr(right[i].name, "select"))
					continue;
				shuffling = order ? UINT64_MAX : 0;
				explore(&right[i], &result);
				printf("capacity %zu, ", capacity);
				model_print_result(&right[i], &result);
				if (result.failure[0])
					model_print_schedule(stderr);
				assert_string_equal(result.failure, "");
			}
		}
	}
}

static void what_is_broken_is_found(void **state)
{
	static const struct model_broken broken[] = {
		{TWO_SENDERS, MODEL_LOCKS}, {EITHER, MODEL_LOCKS},      {EITHER, MODEL_ATOMICITY},
		{EITHER, MODEL_RELEASE},    {IN_TIME, MODEL_ATOMICITY},
	};

	(void)state;
	capacity = 0;
	shuffling = 0;
	assert_true(model_miss_all(right, broken, sizeof(broken) / sizeof(broken[0]), explore));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_once),
		cmocka_unit_test(what_is_broken_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
