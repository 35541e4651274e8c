// SPDX-License-Identifier: MIT
/* Who is asked for the socket of a goroutine, and when not. */
#include "testing.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "census_fill.h"
#include "process.h"
#include "sockets.h"

static int find(void *context, uint64_t descriptor, struct ltr_census_socket *ret_socket)
{
	unsigned int *asked = context;

	(*asked)++;
	if (descriptor != 12)
		return -EBADF;
	*ret_socket = (struct ltr_census_socket){.local = "127.0.0.1:80", .peer = "192.0.2.1:1024"};
	return 0;
}

static struct ltr_census *census_of(const struct ltr_goroutine goroutines[3])
{
	struct ltr_census *census;

	assert_int_equal(ltr_census_new(&census), 0);
	assert_int_equal(ltr_census_snapshot_begin(census, 1000), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ltr_census_snapshot_put(census, &goroutines[i]), 0);
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	return census;
}

static void test_only_who_waits_on_one_is_asked_about(void **state)
{
	(void)state;
	static const struct ltr_goroutine goroutines[] = {
		{.id = 1, .state = LTR_STATE_NETWORK, .object = 12, .transitions = 4},
		{.id = 2, .state = LTR_STATE_NETWORK, .object = 13, .transitions = 4},
		{.id = 3, .state = LTR_STATE_CHAN, .object = 12, .transitions = 4},
	};
	struct ltr_goroutine moved = goroutines[0];
	struct ltr_census_socket is = {.peer = "untouched"};
	struct ltr_census *census = census_of(goroutines);
	unsigned int asked = 0;

	assert_false(ltr_census_socket(census, &goroutines[0], &is)); /* nobody knows */

	ltr_census_set_sockets(census, find, &asked);
	assert_false(ltr_census_socket(census, &goroutines[1], &is));
	assert_string_equal(is.peer, "untouched");
	assert_int_equal(asked, 1);
	assert_false(ltr_census_socket(census, &goroutines[2], &is));
	moved.transitions = 3; /* as somebody remembers it */
	assert_false(ltr_census_socket(census, &moved, &is));
	assert_int_equal(asked, 1);
	assert_true(ltr_census_socket(census, &goroutines[0], &is));
	assert_string_equal(is.peer, "192.0.2.1:1024");
	ltr_census_info_mut(census)->gone = true;
	assert_false(ltr_census_socket(census, &goroutines[0], &is));
	assert_int_equal(asked, 2);
	ltr_census_free(census);
}

static void test_what_was_noted_counts_while_the_wait_lasts(void **state)
{
	(void)state;
	static const struct ltr_goroutine goroutines[] = {
		{.id = 5, .state = LTR_STATE_NETWORK, .object = 12, .transitions = 4},
		{.id = 6, .state = LTR_STATE_NETWORK, .object = 13, .transitions = 2},
		{.id = 7, .state = LTR_STATE_CHAN, .object = 13, .transitions = 2},
	};
	static const struct ltr_known_socket noted[] = {
		{6, 2, {"127.0.0.1:80", ""}},
		{5, 4, {"127.0.0.1:80", "192.0.2.1:7"}},
		{7, 2, {"not of a socket", ""}},
	};
	struct ltr_goroutine moved = goroutines[0];
	struct ltr_census_socket is = {.peer = "untouched"};
	struct ltr_census *census = census_of(goroutines);
	unsigned int asked = 0;

	assert_int_equal(ltr_census_know_sockets(census, noted, 1, true), 0);
	assert_int_equal(ltr_census_know_sockets(census, noted + 1, 2, false), 0);
	assert_true(ltr_census_socket(census, &goroutines[0], &is));
	assert_string_equal(is.peer, "192.0.2.1:7");
	assert_true(ltr_census_socket(census, &goroutines[1], &is));
	assert_string_equal(is.peer, "");
	assert_false(ltr_census_socket(census, &goroutines[2], &is));
	moved.transitions = 6;
	assert_null(ltr_census_known_socket(census, &moved));

	/* A program that runs is asked. */
	ltr_census_set_sockets(census, find, &asked);
	assert_true(ltr_census_socket(census, &goroutines[0], &is));
	assert_string_equal(is.peer, "192.0.2.1:1024");
	ltr_census_set_sockets(census, NULL, NULL);

	assert_int_equal(ltr_census_know_sockets(census, noted, LTR_KNOWN_SOCKETS_MAX, false),
			 -E2BIG);
	assert_true(ltr_census_socket(census, &goroutines[0], &is));
	assert_int_equal(ltr_census_know_sockets(census, noted, 1, true), 0);
	assert_false(ltr_census_socket(census, &goroutines[0], &is));
	ltr_census_free(census);
}

/* What one look asks about is bounded; that somebody was left out is said until it is made up for. */
static void test_who_is_not_asked_about_yet_is_told(void **state)
{
	enum { MANY = 5000 }; /* more than one look asks about, less than two do */
	struct ltr_census *census;
	struct ltr_process *process;
	struct ltr_census_socket is;
	struct ltr_why why;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(ltr_process_open((uint32_t)getpid(), &process, &why), 0);
	assert_int_equal(ltr_census_new(&census), 0);
	assert_int_equal(ltr_census_snapshot_begin(census, 1000), 0);
	for (uint64_t id = 1; id <= MANY; id++) {
		const struct ltr_goroutine goroutine = {.id = id,
							.state = LTR_STATE_NETWORK,
							.object = (uint64_t)pair[0],
							.transitions = 4};

		assert_int_equal(ltr_census_snapshot_put(census, &goroutine), 0);
	}
	assert_int_equal(ltr_census_snapshot_end(census, true), 0);
	for (int looks = 1; looks <= 3; looks++) {
		size_t known = 0;

		assert_int_equal(ltr__sockets_look(process, census), 0);
		if (strstr(ltr_census_info(census)->sockets_reason, "refused") ||
		    strstr(ltr_census_info(census)->sockets_reason, "fails"))
			skip(); /* a kernel before 5.6, or a filter */
		for (size_t i = 0; i < MANY; i++)
			known += ltr_census_socket(census, ltr_census_at(census, i), &is);
		assert_int_equal(known == MANY, looks > 1);
		assert_int_equal(ltr_census_info(census)->sockets_reason[0] == '\0', looks > 1);
	}
	ltr_census_free(census);
	ltr_process_close(process);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_who_waits_on_one_is_asked_about),
		cmocka_unit_test(test_what_was_noted_counts_while_the_wait_lasts),
		cmocka_unit_test(test_who_is_not_asked_about_yet_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
