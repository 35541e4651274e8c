/* SPDX-License-Identifier: MIT */

/*
 * What C++ can use of libloiter, which is everything: goroutines with arguments of several kinds,
 * typed channels and their ends, select, locks, timers, the network's types. Built by cplusplus.sh
 * with several compilers and standards.
 */

#include <loiter.h>
#include <loiter/event.h>
#include <loiter/gate.h>
#include <loiter/layout.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace
{

struct point {
	int x;
	double y;
};

LTR_CHAN(numbers, int);
LTR_CHAN(words, const char *);
LTR_CHAN(points, point);

struct job {
	numbers_receiver in;
	numbers_sender out;
};

[[noreturn]] void fail(int line, const char *what)
{
	std::fprintf(stderr, "cplusplus.cc:%d: not so: %s\n", line, what);
	std::_Exit(99);
}

#define expect(condition) ((condition) ? (void)0 : fail(__LINE__, #condition))

void square(job *work)
{
	int n;

	while (ltr_recv(work->in, &n) == 0)
		ltr_send(work->out, n * n);
	ltr_close(work->out);
}

void channels()
{
	numbers in = ltr_make(numbers, 0), out = ltr_make(numbers, 0);
	int n = 0, sum = 0;

	ltr_go(square, job{in.receiver, out.sender});
	for (int i = 1; i <= 3; i++) {
		expect(ltr_send(in, i) == 0);
		expect(ltr_recv(out, &n, ltr_after(LTR_MINUTE)) == 0);
		sum += n;
	}
	ltr_close(in);
	expect(ltr_recv(out, &n) == -EPIPE && n == 0);
	expect(sum == 14);
	ltr_free(in);
	ltr_free(out);

	points many = ltr_make(points, 2);
	point p = {0, 0};

	expect(ltr_cap(many) == 2 && ltr_len(many) == 0);
	expect(ltr_send(many, (point{1, 2.5}), LTR_NOW) == 0);
	expect(ltr_recv(many, &p, LTR_NOW) == 0 && p.x == 1 && p.y == 2.5);
	expect(ltr_recv(many, NULL, LTR_NOW) == -ETIMEDOUT);
	ltr_free(many);
}

void select()
{
	numbers a = ltr_make(numbers, 1);
	words b = ltr_make(words, 1);
	const char *word = nullptr;
	bool ok = true;
	short narrow = 7; /* converted to the element's type */
	int n = 0;

	expect(ltr_select(LTR_NOW) == -ETIMEDOUT);
	expect(ltr_select(LTR_NOW, LTR_RECV(a, &n), LTR_RECV(b, &word)) == -ETIMEDOUT);
	expect(ltr_select(LTR_FOREVER, LTR_SEND(a, narrow)) == 0);
	expect(ltr_select(LTR_FOREVER, LTR_RECV(b, &word), LTR_RECV(a, &n, &ok)) == 1);
	expect(n == 7 && ok);
	expect(ltr_select(LTR_FOREVER, LTR_SEND(b, "word")) == 0);
	expect(ltr_select(LTR_FOREVER, LTR_RECV(a, NULL), LTR_RECV(b, &word)) == 1);
	expect(std::strcmp(word, "word") == 0);
	ltr_close(a);
	expect(ltr_select(LTR_FOREVER, LTR_RECV(a, &n, &ok)) == 0 && !ok);
	ltr_free(a);
	ltr_free(b);
}

struct ltr_mutex mutex;
struct ltr_waitgroup group;
struct ltr_once once;
int counted, initialised;

void count_up()
{
	ltr_once_do(&once, [] { initialised++; });
	for (int i = 0; i < 100; i++) {
		ltr_mutex_lock(&mutex);
		counted++;
		ltr_mutex_unlock(&mutex);
		ltr_yield();
	}
	ltr_waitgroup_done(&group);
}

/* Exceptions stay within their goroutine; between throw and the end of catch nothing parks. */
void throws(int *depth)
{
	ltr_defer([](void *) { ltr_waitgroup_done(&group); }, nullptr);
	for (int i = 0; i < *depth; i++) {
		try {
			throw i;
		} catch (int caught) {
			expect(caught == i);
		}
		ltr_yield();
	}
	ltr_exit();
}

void goroutines()
{
	ltr_go_options options = {};

	options.name = "named";
	options.stack_bytes = 1 << 20;
	ltr_waitgroup_add(&group, 7);
	for (int i = 0; i < 4; i++)
		ltr_go(count_up);
	ltr_go_with(&options, throws, 50);
	ltr_go_with(&options, throws, 60);
	/* A lambda that captures nothing is a function. */
	ltr_go(
		[](point *p) {
			expect(p->x == 3);
			ltr_sleep(LTR_MICROSECOND);
			ltr_waitgroup_done(&group);
		},
		point{3, 4});
	expect(ltr_waitgroup_wait(&group, ltr_after(LTR_MINUTE)) == 0);
	expect(counted == 400 && initialised == 1);

	int called = 0;
	expect(ltr_blocking([](void *argument) { *static_cast<int *>(argument) = 1; }, &called) == 0);
	expect(called == 1);
}

void network()
{
	ltr_listener *listener;
	ltr_conn *here, *there;
	char address[32], buffer[8] = {};

	expect(ltr_listen("127.0.0.1:0", &listener) == 0);
	std::snprintf(address, sizeof(address), "127.0.0.1:%u", ltr_listener_port(listener));
	expect(ltr_dial(address, &here) == 0);
	expect(ltr_accept(listener, &there) == 0);
	expect(ltr_write(here, "hello", 5) == 5);
	expect(ltr_read(there, buffer, sizeof(buffer)) == 5);
	expect(std::strcmp(buffer, "hello") == 0);
	ltr_conn_close(here);
	ltr_conn_close(there);
	ltr_listener_close(listener);
}

int run(int, char **)
{
	expect(sizeof(ltr_event) == LTR_EVENT_BYTES);
	expect(std::strcmp(ltr_reason_name(LTR_REASON_SELECT), "select") == 0);
	channels();
	select();
	goroutines();
	network();
	std::puts("everything holds in C++");
	return 0;
}

} // namespace

int main(int argc, char **argv)
{
	return ltr_run(run, argc, argv);
}
