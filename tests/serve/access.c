/* SPDX-License-Identifier: MIT */

/* Who may ask, and where a server may listen. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <serve/internal.h>

static void only_the_token_fits(void **state)
{
	static const char token[] = "0123456789abcdef";

	(void)state;
	assert_true(ltr__token_fits(token, "Bearer 0123456789abcdef"));
	assert_true(ltr__token_fits(token, "bearer   0123456789abcdef"));
	assert_false(ltr__token_fits(token, NULL));
	assert_false(ltr__token_fits(token, ""));
	assert_false(ltr__token_fits(token, "Bearer"));
	assert_false(ltr__token_fits(token, "Bearer "));
	assert_false(ltr__token_fits(token, "Basic 0123456789abcdef"));
	assert_false(ltr__token_fits(token, "Bearer 0123456789abcde"));
	assert_false(ltr__token_fits(token, "Bearer 0123456789abcdeg"));
	assert_false(ltr__token_fits(token, "Bearer 0123456789abcdef0"));
	assert_false(ltr__token_fits(token, "Bearer 0123456789abcdef0123456789abcdef"));
	assert_false(ltr__token_fits(token, "Bearer 0123456789abcdef "));
}

static void hosts_are_addresses(void **state)
{
	static const char *const good[] = {"127.0.0.1",      "127.0.0.1:6060", "10.1.2.3",
					   "[::1]",          "[::1]:6060",     "localhost",
					   "localhost:6060", "LOCALHOST"};
	static const char *const bad[] = {"example.org",
					  "example.org:6060",
					  "127.0.0.1.example.org",
					  "",
					  "localhost.example.org",
					  "[::1",
					  "::1",
					  "[example]"};
	char huge[5000];

	(void)state;
	assert_true(ltr__host_is_address(NULL)); /* HTTP/1.0 */
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(ltr__host_is_address(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(ltr__host_is_address(bad[i]));
	memset(huge, '1', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	assert_false(ltr__host_is_address(huge));
	huge[0] = '[';
	huge[sizeof(huge) - 2] = ']';
	assert_false(ltr__host_is_address(huge));
}

/* Opens and closes; the result. */
static int try_to_listen(const char *address, bool allow_remote, const char *token)
{
	const struct ltr_serve_options options = {
		.listen = address, .allow_remote = allow_remote, .token = token};
	struct ltr_serve *server;
	struct ltr_serve_why why;
	int err = ltr_serve_open(&options, &server, &why);

	if (err) {
		assert_true(strlen(why.text) > 10);
		return err;
	}
	assert_null(strstr(ltr_serve_address(server), ":0"));
	ltr_serve_close(server);
	return 0;
}

static void others_have_to_be_let_in(void **state)
{
	static const char *const loopback[] = {"127.0.0.1:0", "127.9.9.9:0", "localhost:0"};
	static const char *const remote[] = {"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0"};
	static const char token[] = "0123456789abcdef";

	(void)state;
	for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++)
		assert_int_equal(try_to_listen(loopback[i], false, NULL), 0);
	for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++) {
		assert_int_equal(try_to_listen(remote[i], false, NULL), -EACCES);
		assert_int_equal(try_to_listen(remote[i], true, NULL), -EACCES);
		assert_int_equal(try_to_listen(remote[i], false, token), -EACCES);
	}
	assert_int_equal(try_to_listen("0.0.0.0:0", true, token), 0);
	assert_int_equal(try_to_listen("127.0.0.1:0", false, "short"), -EINVAL);
	assert_int_equal(try_to_listen("127.0.0.1:0", false, ""), -EINVAL);
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = {"",
					  ":",
					  "127.0.0.1",
					  "6060",
					  "127.0.0.1:",
					  "127.0.0.1:x",
					  "127.0.0.1:-1",
					  "127.0.0.1:65536",
					  "::1:6060",
					  "[::1]",
					  "example.org:80",
					  "[127.0.0.1:80",
					  "127.0.0.1:6060x",
					  "127.0.0.1 :6060",
					  "localhost"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(try_to_listen(bad[i], true, "0123456789abcdef"), -EINVAL);
}

/* Whoever gives one of them wants no plain text. */
static void half_a_pair_is_refused(void **state)
{
	static const struct ltr_serve_options halves[] = {
		{.listen = "127.0.0.1:0", .tls_certificate = "-----BEGIN CERTIFICATE-----"},
		{.listen = "127.0.0.1:0", .tls_key = "-----BEGIN PRIVATE KEY-----"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++) {
		struct ltr_serve *server;
		struct ltr_serve_why why;

		assert_int_equal(ltr_serve_open(&halves[i], &server, &why), -EINVAL);
		assert_string_equal(why.text, "a certificate and its key go together");
	}
}

static void an_address_is_taken_once(void **state)
{
	const struct ltr_serve_options options = {.listen = "127.0.0.1:0"};
	struct ltr_serve *server;
	struct ltr_serve_why why;

	(void)state;
	assert_int_equal(ltr_serve_open(&options, &server, &why), 0);
	assert_int_equal(try_to_listen(ltr_serve_address(server), false, NULL), -EADDRINUSE);
	ltr_serve_close(server);
	assert_null(ltr_serve_close(NULL));
}

static void bodies_keep_to_their_budget(void **state)
{
	struct ltr__budget budget = {.used = LTR__BODIES_BYTES_MAX - 5000};
	struct ltr__body body = {.budget = &budget};
	struct ltr_sink sink = ltr__body_sink(&body);
	char data[4000];

	(void)state;
	memset(data, 'x', sizeof(data));
	assert_int_equal(sink.write(sink.context, data, sizeof(data)), 0);
	assert_int_equal(sink.write(sink.context, data, sizeof(data)), -ENOBUFS);
	assert_int_equal(body.bytes, sizeof(data));
	ltr__body_done(&body);
	assert_int_equal(budget.used, LTR__BODIES_BYTES_MAX - 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_token_fits),
		cmocka_unit_test(hosts_are_addresses),
		cmocka_unit_test(others_have_to_be_let_in),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(half_a_pair_is_refused),
		cmocka_unit_test(an_address_is_taken_once),
		cmocka_unit_test(bodies_keep_to_their_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
