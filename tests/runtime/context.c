/* SPDX-License-Identifier: MIT */

/* Contexts, and how every waiting call sees them, as rules (what Go's context_test.go demands). */

#include "harness.h"

#include <sys/socket.h>

LTR_CHAN(numbers, int);

static bool is_closed(ltr_done_receiver done)
{
	return ltr_recv(done, NULL, LTR_NOW) == -EPIPE;
}

/* --- the tree ----------------------------------------------------------------------------------- */

static int the_background_is_never_over(int argc, char **argv)
{
	static int key;
	struct ltr_context *none = LTR_BACKGROUND;
	numbers c = ltr_make(numbers, 1);

	(void)argc, (void)argv;
	expect(ltr_context_error(none) == 0 && ltr_context_cause(none) == 0);
	expect(ltr_context_deadline(none) == LTR_FOREVER);
	expect(ltr_context_value(none, &key) == NULL);
	expect(ltr_recv(ltr_context_done(none), NULL, LTR_NOW) == -ETIMEDOUT);
	expect(ltr_context_ref(none) == NULL);
	ltr_context_unref(none);
	ltr_context_free(none);
	expect(ltr_send(c, 1, none) == 0 && ltr_recv(c, NULL, none) == 0);
	expect(ltr_sleep(1, none) == 0);
	ltr_free(c);
	return 0;
}

static int parents_end_children_but_not_the_other_way(int argc, char **argv)
{
	struct ltr_context *root = ltr_context_with_cancel(LTR_BACKGROUND);
	struct ltr_context *left = ltr_context_with_cancel(root);
	struct ltr_context *right = ltr_context_with_timeout(root, 1000 * LTR_SECOND);
	struct ltr_context *leaf = ltr_context_with_value(left, &root, &left);
	ltr_done_receiver leafs_done = ltr_context_done(leaf);

	(void)argc, (void)argv;
	expect(!is_closed(leafs_done) && ltr_context_done(leaf).chan == leafs_done.chan);
	ltr_context_cancel(left);
	expect(ltr_context_error(left) == -ECANCELED && ltr_context_error(leaf) == -ECANCELED);
	expect(is_closed(leafs_done));
	expect(!ltr_context_error(root) && !ltr_context_error(right));
	ltr_context_cancel(root);
	ltr_context_cancel(root);
	expect(ltr_context_error(root) == -ECANCELED && ltr_context_error(right) == -ECANCELED);
	expect(is_closed(ltr_context_done(right))); /* asked for after the end */
	struct ltr_context *late = ltr_context_with_timeout(root, LTR_SECOND);
	expect(ltr_context_error(late) == -ECANCELED);
	/* Parents go first: children keep them. */
	ltr_context_free(root);
	ltr_context_free(late);
	ltr_context_free(right);
	ltr_context_free(left);
	ltr_context_unref(leaf);
	return 0;
}

/* The rules for error and cause: who ended first, with what, and what is seen below. */
static int the_first_cause_counts(int argc, char **argv)
{
	static const struct {
		int above,
			below; /* causes given to the parent and to the child; 1: not cancelled */
		bool above_first;
		int seen_above, seen_below;
	} table[] = {
		{0, 1, true, -ECANCELED, -ECANCELED}, {-EIO, 1, true, -EIO, -EIO},
		{-EIO, -EPERM, true, -EIO, -EIO},     {-EIO, -EPERM, false, -EIO, -EPERM},
		{1, -EPERM, true, 0, -EPERM},         {0, 0, false, -ECANCELED, -ECANCELED},
	};

	(void)argc, (void)argv;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct ltr_context *above = ltr_context_with_cancel(LTR_BACKGROUND);
		struct ltr_context *below = ltr_context_with_cancel(above);

		if (table[i].above_first && table[i].above <= 0)
			ltr_context_cancel(above, table[i].above);
		if (table[i].below <= 0)
			ltr_context_cancel(below, table[i].below);
		if (!table[i].above_first && table[i].above <= 0)
			ltr_context_cancel(above, table[i].above);
		expect(ltr_context_cause(above) == table[i].seen_above);
		expect(ltr_context_cause(below) == table[i].seen_below);
		expect(ltr_context_error(below) == -ECANCELED);
		ltr_context_free(below);
		ltr_context_free(above);
	}
	return 0;
}

static int values_are_looked_up_upwards(int argc, char **argv)
{
	static int user, trace, other;
	int alice = 1, bob = 2, id = 3;
	struct ltr_context *a = ltr_context_with_value(LTR_BACKGROUND, &user, &alice);
	struct ltr_context *b = ltr_context_with_value(a, &trace, &id);
	struct ltr_context *c = ltr_context_with_timeout(b, LTR_MINUTE);
	struct ltr_context *d = ltr_context_with_value(c, &user, &bob);

	(void)argc, (void)argv;
	expect(ltr_context_value(a, &user) == &alice && ltr_context_value(c, &user) == &alice);
	expect(ltr_context_value(d, &user) == &bob && ltr_context_value(d, &trace) == &id);
	expect(!ltr_context_value(d, &other) && !ltr_context_value(a, &trace));
	expect(!ltr_context_value(d, NULL));
	expect(ltr_context_deadline(d) == ltr_context_deadline(c));
	ltr_context_free(d);
	ltr_context_free(c);
	ltr_context_free(b);
	ltr_context_free(a);
	return 0;
}

static int the_earlier_deadline_counts(int argc, char **argv)
{
	int64_t soon_ns = ltr_after(LTR_MINUTE), late_ns = ltr_after(2 * LTR_MINUTE);
	struct ltr_context *soon = ltr_context_with_deadline(LTR_BACKGROUND, soon_ns);
	struct ltr_context *late = ltr_context_with_deadline(soon, late_ns);
	struct ltr_context *sooner = ltr_context_with_deadline(late, soon_ns - 1);
	struct ltr_context *never = ltr_context_with_deadline(LTR_BACKGROUND, LTR_FOREVER);
	struct ltr_context *past = ltr_context_with_deadline(soon, ltr_now() - 1);
	struct ltr_context *passed = ltr_context_with_timeout(soon, -5);
	struct ltr_context *short_one = ltr_context_with_timeout(soon, LTR_MILLISECOND);
	struct ltr_context *below = ltr_context_with_timeout(short_one, LTR_MINUTE);

	(void)argc, (void)argv;
	expect(ltr_context_deadline(soon) == soon_ns && ltr_context_deadline(late) == soon_ns);
	expect(ltr_context_deadline(sooner) == soon_ns - 1);
	expect(ltr_context_deadline(never) == LTR_FOREVER && !ltr_context_error(never));
	expect(ltr_context_error(past) == -ETIMEDOUT && ltr_context_cause(past) == -ETIMEDOUT);
	expect(ltr_context_error(passed) == -ETIMEDOUT);
	ltr_context_cancel(past);
	expect(ltr_context_error(past) == -ETIMEDOUT);
	expect(ltr_recv(ltr_context_done(below), NULL) == -EPIPE);
	expect(ltr_now() >= ltr_context_deadline(short_one));
	expect(ltr_context_error(below) == -ETIMEDOUT &&
	       ltr_context_error(short_one) == -ETIMEDOUT);
	expect(!ltr_context_error(soon) && !ltr_context_error(late));
	ltr_context_free(below);
	ltr_context_free(short_one);
	ltr_context_free(passed);
	ltr_context_free(past);
	ltr_context_free(never);
	ltr_context_free(sooner);
	ltr_context_free(late);
	ltr_context_free(soon);
	while (ltr_count() > 1) /* nothing is set any more: "timers" goes */
		ltr_yield();
	return 0;
}

static int trees_may_be_deep_and_wide(int argc, char **argv)
{
	enum { DEEP = 20000, WIDE = 200 };
	static struct ltr_context *chain[DEEP], *fan[WIDE];

	(void)argc, (void)argv;
	for (int i = 0; i < DEEP; i++)
		chain[i] = ltr_context_with_cancel(i ? chain[i - 1] : LTR_BACKGROUND);
	for (int i = 0; i < WIDE; i++)
		fan[i] = ltr_context_with_cancel(chain[i]);
	for (int i = 0; i < WIDE; i += 2)
		ltr_context_free(fan[i]);
	ltr_context_cancel(chain[0], -EIO);
	expect(ltr_context_cause(chain[DEEP - 1]) == -EIO);
	for (int i = 1; i < WIDE; i += 2) {
		expect(ltr_context_cause(fan[i]) == -EIO);
		ltr_context_free(fan[i]);
	}
	for (int i = 0; i < DEEP; i++) /* the last one takes all with it */
		ltr_context_unref(chain[i]);
	return 0;
}

static int cancel_of_background(int argc, char **argv)
{
	(void)argc, (void)argv;
	ltr_context_cancel(LTR_BACKGROUND);
	return 0;
}

static int value_without_key(int argc, char **argv)
{
	(void)argc, (void)argv;
	ltr_context_with_value(LTR_BACKGROUND, NULL, &argc);
	return 0;
}

/* --- every call that waits ---------------------------------------------------------------------- */

static struct {
	numbers c, full;
	struct ltr_mutex mutex, own_mutex;
	struct ltr_rwmutex rwmutex, read_locked;
	struct ltr_cond cond;
	struct ltr_semaphore semaphore;
	struct ltr_waitgroup waitgroup;
	struct ltr_once once;
	struct ltr_group group;
	struct ltr_listener *listener;
	struct ltr_conn *left, *right, *idle_left, *idle_right;
} held;

static int call_recv(struct ltr_context *context)
{
	int n = 5, r = ltr_recv(held.c, &n, context);

	expect(n == 5);
	return r;
}

static int call_recv_nil(struct ltr_context *context)
{
	numbers nil = {.chan = NULL};

	return ltr_recv(nil, NULL, context);
}

static int call_send(struct ltr_context *context)
{
	return ltr_send(held.full, 2, context);
}

static int call_select(struct ltr_context *context)
{
	int n;

	return ltr_select(context, LTR_RECV(held.c, &n), LTR_SEND(held.full, 3));
}

static int call_select_of_none(struct ltr_context *context)
{
	return ltr_select(context);
}

static int call_sleep(struct ltr_context *context)
{
	return ltr_sleep(1000 * LTR_SECOND, context);
}

static int call_sleep_until(struct ltr_context *context)
{
	return ltr_sleep_until(LTR_FOREVER, context);
}

static int call_mutex(struct ltr_context *context)
{
	return ltr_mutex_lock(&held.mutex, context);
}

static int call_rwmutex_lock(struct ltr_context *context)
{
	return ltr_rwmutex_lock(&held.read_locked, context);
}

static int call_rwmutex_rlock(struct ltr_context *context)
{
	return ltr_rwmutex_rlock(&held.rwmutex, context);
}

static int call_cond(struct ltr_context *context)
{
	int r;

	ltr_mutex_lock(&held.own_mutex);
	r = ltr_cond_wait(&held.cond, &held.own_mutex, context);
	expect(held.own_mutex.owner == ltr_id());
	ltr_mutex_unlock(&held.own_mutex);
	return r;
}

static int call_semaphore(struct ltr_context *context)
{
	return ltr_semaphore_acquire(&held.semaphore, 2, context);
}

static int call_waitgroup(struct ltr_context *context)
{
	return ltr_waitgroup_wait(&held.waitgroup, context);
}

static void never_called(void)
{
	expect(!"called");
}

static int call_once(struct ltr_context *context)
{
	return ltr_once_do(&held.once, never_called, context);
}

static int call_group(struct ltr_context *context)
{
	return ltr_group_wait(&held.group, context);
}

static int call_read(struct ltr_context *context)
{
	char byte;

	return (int)ltr_read(held.left, &byte, 1, context);
}

static int call_write(struct ltr_context *context)
{
	static char much[1 << 20];

	return (int)ltr_write(held.left, much, sizeof(much), context);
}

static int call_conn_wait(struct ltr_context *context)
{
	return ltr_conn_wait(held.idle_left, LTR_READABLE, context);
}

static int call_accept(struct ltr_context *context)
{
	struct ltr_conn *conn;

	return ltr_accept(held.listener, &conn, context);
}

static const struct call {
	const char *name;
	int (*call)(struct ltr_context *context);
} calls[] = {
	{"recv", call_recv},
	{"recv on nil", call_recv_nil},
	{"send", call_send},
	{"select", call_select},
	{"select of none", call_select_of_none},
	{"sleep", call_sleep},
	{"sleep_until", call_sleep_until},
	{"mutex", call_mutex},
	{"rwmutex lock", call_rwmutex_lock},
	{"rwmutex rlock", call_rwmutex_rlock},
	{"cond", call_cond},
	{"semaphore", call_semaphore},
	{"waitgroup", call_waitgroup},
	{"once", call_once},
	{"group", call_group},
	{"read", call_read},
	{"conn_wait", call_conn_wait},
	{"accept", call_accept},
	{"write", call_write},
};

#define CALLS (sizeof(calls) / sizeof(calls[0]))

static numbers group_end;

static int wait_in_group(void)
{
	return ltr_recv(group_end, NULL) == -EPIPE ? 0 : -EIO;
}

static void hold_all(void)
{
	int ends[2];

	held.c = ltr_make(numbers, 0);
	held.full = ltr_make(numbers, 1);
	ltr_send(held.full, 1);
	ltr_mutex_lock(&held.mutex);
	ltr_rwmutex_lock(&held.rwmutex);
	ltr_rwmutex_rlock(&held.read_locked);
	held.semaphore = (struct ltr_semaphore)LTR_SEMAPHORE(2);
	ltr_semaphore_acquire(&held.semaphore, 1);
	ltr_waitgroup_add(&held.waitgroup, 1);
	ltr_mutex_lock(&held.once.mutex); /* as while its function runs */
	group_end = ltr_make(numbers, 0);
	ltr_group_go(&held.group, wait_in_group);
	expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	expect(ltr_conn_adopt(ends[0], &held.left) == 0);
	expect(ltr_conn_adopt(ends[1], &held.right) == 0);
	expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	expect(ltr_conn_adopt(ends[0], &held.idle_left) == 0);
	expect(ltr_conn_adopt(ends[1], &held.idle_right) == 0);
	expect(ltr_listen("127.0.0.1:0", &held.listener) == 0);
}

/* Everything is as before those who gave up came, and still works. */
static void release_all(void)
{
	int n;

	expect(ltr_recv(held.full, &n) == 0 && n == 1);
	ltr_free(held.full);
	ltr_free(held.c);
	ltr_mutex_unlock(&held.mutex);
	expect(held.mutex.state == 0 && held.own_mutex.state == 0);
	ltr_rwmutex_unlock(&held.rwmutex);
	ltr_rwmutex_runlock(&held.read_locked);
	expect(held.rwmutex.state == 0 && held.read_locked.state == 0);
	ltr_semaphore_release(&held.semaphore, 1);
	expect(ltr_semaphore_acquire(&held.semaphore, 2, LTR_NOW) == 0);
	ltr_waitgroup_done(&held.waitgroup);
	expect(ltr_waitgroup_wait(&held.waitgroup) == 0);
	ltr_mutex_unlock(&held.once.mutex);
	ltr_close(group_end);
	expect(ltr_group_wait(&held.group) == 0);
	ltr_free(group_end);
	ltr_conn_close(held.left);
	ltr_conn_close(held.right);
	ltr_conn_close(held.idle_left);
	ltr_conn_close(held.idle_right);
	ltr_listener_close(held.listener);
}

struct caller {
	const struct call *call;
	struct ltr_context *context;
	int expected;
	struct ltr_waitgroup *done;
};

static void make_call(struct caller *caller)
{
	int r = caller->call->call(caller->context);

	if (r != caller->expected)
		fprintf(stderr, "%s: %d\n", caller->call->name, r);
	expect(r == caller->expected);
	ltr_context_unref(caller->context);
	ltr_waitgroup_done(caller->done);
}

/* One goroutine in each call, all with the same context. */
static void start_callers(struct ltr_context *context, int expected, struct ltr_waitgroup *done)
{
	for (size_t i = 0; i < CALLS; i++) {
		ltr_waitgroup_add(done, 1);
		ltr_go(make_call,
		       (struct caller){&calls[i], ltr_context_ref(context), expected, done});
	}
}

static int every_call_sees_a_cancel(int argc, char **argv)
{
	struct ltr_context *parent = ltr_context_with_cancel(LTR_BACKGROUND), *child;
	struct ltr_waitgroup done = {0};

	(void)argc, (void)argv;
	hold_all();
	child = ltr_context_with_value(parent, &done, &done);
	start_callers(parent, -ECANCELED, &done);
	start_callers(child, -ECANCELED, &done);
	for (int i = 0; i < 200; i++) /* with one processor, all are parked then */
		ltr_yield();
	ltr_context_cancel(parent, -EIO);
	ltr_waitgroup_wait(&done);
	start_callers(child, -ECANCELED, &done); /* over already */
	ltr_waitgroup_wait(&done);
	release_all();
	ltr_context_free(child);
	ltr_context_free(parent);
	return 0;
}

static int every_call_sees_a_deadline(int argc, char **argv)
{
	struct ltr_context *context = ltr_context_with_timeout(LTR_BACKGROUND, LTR_MILLISECOND);
	struct ltr_waitgroup done = {0};

	(void)argc, (void)argv;
	hold_all();
	start_callers(context, -ETIMEDOUT, &done);
	ltr_waitgroup_wait(&done);
	release_all();
	ltr_context_free(context);
	return 0;
}

static int what_can_be_done_is_done(int argc, char **argv)
{
	struct ltr_context *over = ltr_context_with_cancel(LTR_BACKGROUND);
	struct ltr_semaphore semaphore = LTR_SEMAPHORE(1);
	struct ltr_rwmutex rwmutex = {0};
	numbers c = ltr_make(numbers, 1);
	int n = 0;

	(void)argc, (void)argv;
	ltr_context_cancel(over);
	expect(ltr_send(c, 7, over) == 0 && ltr_send(c, 8, over) == -ECANCELED);
	expect(ltr_recv(c, &n, over) == 0 && n == 7);
	expect(ltr_select(over, LTR_SEND(c, 9)) == 0);
	expect(ltr_semaphore_acquire(&semaphore, 1, over) == 0);
	expect(ltr_rwmutex_rlock(&rwmutex, over) == 0);
	expect(ltr_rwmutex_lock(&rwmutex, over) == -ECANCELED);
	expect(ltr_sleep(LTR_SECOND, over) == -ECANCELED && ltr_sleep(-1, over) == -ECANCELED);
	ltr_free(c);
	ltr_context_free(over);
	return 0;
}

static void sleep_in_context(struct caller *caller)
{
	expect(ltr_sleep(LTR_MILLISECOND, caller->context) == 0);
	ltr_waitgroup_done(caller->done);
}

static int a_sleep_in_a_context_ends_in_time(int argc, char **argv)
{
	struct ltr_context *context = ltr_context_with_cancel(LTR_BACKGROUND);
	struct ltr_waitgroup done = {0};

	(void)argc, (void)argv;
	for (int i = 0; i < 50; i++) {
		ltr_waitgroup_add(&done, 1);
		ltr_go(sleep_in_context, (struct caller){.context = context, .done = &done});
	}
	ltr_waitgroup_wait(&done);
	ltr_context_free(context);
	return 0;
}

/* Waits that end by a value, by a cancel or by both at once: nothing is lost, nothing comes twice. */
static struct {
	numbers c;
	struct ltr_mutex mutex;
	struct ltr_rwmutex rwmutex;
	int64_t sent, received, value; /* atomic; value: guarded by mutex */
	struct ltr_waitgroup done;
} traffic;

static void send_and_cancel(int *seed)
{
	uint64_t state = rule_seed + (uint64_t)*seed * 7919;

	for (int i = 0; i < SCALED(5000); i++) {
		struct ltr_context *context = ltr_context_with_cancel(LTR_BACKGROUND);

		switch (rule_random(&state) % 3) {
		case 0:
			ltr_context_cancel(context);
			break;
		case 1:
			ltr_context_unref(context);
			context = ltr_context_with_timeout(
				LTR_BACKGROUND, (int64_t)(rule_random(&state) % 20) * 1000);
			break;
		default:
			break;
		}
		if (ltr_send(traffic.c, 1, context) == 0)
			__atomic_fetch_add(&traffic.sent, 1, __ATOMIC_RELAXED);
		if (ltr_mutex_lock(&traffic.mutex, context) == 0) {
			traffic.value++;
			if (rule_random(&state) % 4 == 0)
				ltr_yield();
			ltr_mutex_unlock(&traffic.mutex);
		}
		if (ltr_rwmutex_rlock(&traffic.rwmutex, context) == 0)
			ltr_rwmutex_runlock(&traffic.rwmutex);
		if (ltr_rwmutex_lock(&traffic.rwmutex, context) == 0)
			ltr_rwmutex_unlock(&traffic.rwmutex);
		ltr_context_free(context);
	}
	ltr_waitgroup_done(&traffic.done);
}

static void receive_all(void)
{
	for (;;) {
		struct ltr_context *context =
			ltr_context_with_timeout(LTR_BACKGROUND, 10 * LTR_MICROSECOND);
		int r = ltr_recv(traffic.c, NULL, context);

		ltr_context_free(context);
		if (r == 0)
			__atomic_fetch_add(&traffic.received, 1, __ATOMIC_RELAXED);
		else if (r == -EPIPE)
			break;
	}
	ltr_waitgroup_done(&traffic.done);
}

static int values_and_cancels_cross(int argc, char **argv)
{
	(void)argc, (void)argv;
	traffic.c = ltr_make(numbers, 0);
	ltr_waitgroup_add(&traffic.done, 4);
	for (int i = 0; i < 4; i++)
		ltr_go(send_and_cancel, i);
	for (int i = 0; i < 2; i++)
		ltr_go(receive_all);
	ltr_waitgroup_wait(&traffic.done);
	ltr_waitgroup_add(&traffic.done, 2);
	ltr_close(traffic.c);
	ltr_waitgroup_wait(&traffic.done);
	expect(traffic.sent == traffic.received && traffic.sent > 0);
	expect(traffic.mutex.state == 0 && traffic.rwmutex.state == 0);
	ltr_free(traffic.c);
	return 0;
}

/* Everybody makes and ends contexts of one tree at once. */
static struct ltr_context *shared;

static void plant_and_fell(struct ltr_waitgroup **done)
{
	for (int i = 0; i < SCALED(2000); i++) {
		struct ltr_context *a = ltr_context_with_cancel(shared);
		struct ltr_context *b = ltr_context_with_timeout(a, i % 50 * LTR_MICROSECOND);
		struct ltr_context *c = ltr_context_with_value(b, &shared, a);

		if (i % 3)
			(void)ltr_context_done(c);
		ltr_context_free(a);
		/* at once, or as soon as whoever is cancelling the whole tree comes to it */
		expect(ltr_recv(ltr_context_done(c), NULL) == -EPIPE && ltr_context_error(c));
		ltr_context_free(b);
		ltr_context_unref(c);
	}
	ltr_waitgroup_done(*done);
}

static int trees_may_be_changed_by_all(int argc, char **argv)
{
	struct ltr_waitgroup done = {0};

	(void)argc, (void)argv;
	shared = ltr_context_with_cancel(LTR_BACKGROUND);
	ltr_waitgroup_add(&done, 8);
	for (int i = 0; i < 8; i++)
		ltr_go(plant_and_fell, &done);
	for (int i = 0; i < 100; i++)
		ltr_yield();
	ltr_context_cancel(shared);
	ltr_waitgroup_wait(&done);
	ltr_context_free(shared);
	while (ltr_count() > 1)
		ltr_yield();
	return 0;
}

static int waiting_for_a_context_may_be_a_deadlock(int argc, char **argv)
{
	struct ltr_context *context = ltr_context_with_timeout(LTR_BACKGROUND, LTR_MILLISECOND);
	struct ltr_context *other = ltr_context_with_timeout(LTR_BACKGROUND, LTR_MINUTE);
	struct ltr_context *never = ltr_context_with_cancel(LTR_BACKGROUND);
	numbers c = ltr_make(numbers, 0);

	(void)argc, (void)argv;
	ltr_context_free(other); /* a stopped alarm keeps nobody waiting */
	expect(ltr_recv(c, NULL, context) == -ETIMEDOUT);
	return ltr_recv(c, NULL, never);
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(the_background_is_never_over),
		RULE(parents_end_children_but_not_the_other_way),
		RULE(the_first_cause_counts),
		RULE(values_are_looked_up_upwards),
		RULE(the_earlier_deadline_counts),
		RULE(trees_may_be_deep_and_wide),
		RULE(every_call_sees_a_cancel),
		RULE(every_call_sees_a_deadline),
		RULE(what_can_be_done_is_done),
		RULE(a_sleep_in_a_context_ends_in_time),
		RULE(values_and_cancels_cross),
		RULE(trees_may_be_changed_by_all),
		FATAL_RULE(cancel_of_background, "cancel of the background context"),
		FATAL_RULE(value_without_key, "the key of a context's value is NULL"),
		FATAL_RULE(waiting_for_a_context_may_be_a_deadlock, "all goroutines are asleep"),
	};

	return run_rules(rules, sizeof(rules) / sizeof(rules[0]));
}
