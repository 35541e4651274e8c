/* SPDX-License-Identifier: MIT */
/*
 * loiter serve: a program's profiles and metrics over HTTP, until somebody ends it or, for a
 * command, until the command has ended.
 *
 * One thread does it all, in turns: the program's news into the census, then the server.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <serve/findings/findings.h>
#include <serve/serve.h>

#include "cli.h"
#include "interrupts.h"
#include "options.h"
#include "rights.h"
#include "serve_files.h"
#include "target.h"

#define POLL_MS    50 /* of a program that cannot tell us when it has news */
#define PROOF_KEPT 10 /* times as long as it took */

struct serve_options {
	struct ltr__parsing parsing; /* first */
	struct ltr_serve_options serve;
	const char *token_file;
	uint64_t older_than_ns;
	const char *tls_cert_file;
	const char *tls_key_file;
	char *token; /* what is in the files */
	char *tls_cert;
	char *tls_key;
};

enum {
	KEY_LISTEN = LTR__KEY_OWN,
	KEY_ALLOW_REMOTE,
	KEY_TOKEN_FILE,
	KEY_OLDER_THAN,
	KEY_TLS_CERT,
	KEY_TLS_KEY
};

static const struct argp_option options[] = {
	LTR__OPTION_HELP,
	LTR__OPTION_PID,
	LTR__OPTION_VIA,
	{"listen", KEY_LISTEN, "HOST:PORT", 0,
	 "where to listen; without this: 127.0.0.1:6060. Port 0 is any free one", 0},
	{"token-file", KEY_TOKEN_FILE, "FILE", 0, "clients have to know what is in FILE", 0},
	{"allow-remote", KEY_ALLOW_REMOTE, NULL, 0,
	 "listen on an address that others can reach; needs --token-file", 0},
	{"tls-cert", KEY_TLS_CERT, "FILE", 0, "encrypt; the certificate is in FILE (PEM)", 0},
	{"tls-key", KEY_TLS_KEY, "FILE", 0, "and its key in this one, which others cannot read", 0},
	{"older-than", KEY_OLDER_THAN, "TIME", 0,
	 "in loiter_findings, whoever waits longer than TIME without a deadline is suspect", 0},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct serve_options *serve = state->input;

	switch (key) {
	case KEY_LISTEN:
		serve->serve.listen = argument;
		return 0;
	case KEY_ALLOW_REMOTE:
		serve->serve.allow_remote = true;
		return 0;
	case KEY_TOKEN_FILE:
		serve->token_file = argument;
		return 0;
	case KEY_TLS_CERT:
		serve->tls_cert_file = argument;
		return 0;
	case KEY_TLS_KEY:
		serve->tls_key_file = argument;
		return 0;
	case KEY_OLDER_THAN:
		return ltr__options_duration(state, "--older-than", argument,
					     &serve->older_than_ns);
	case ARGP_KEY_END:
		if (serve->serve.allow_remote && !serve->token_file)
			return ltr__options_wrong(state, "--allow-remote needs a --token-file");
		if (!serve->tls_cert_file != !serve->tls_key_file)
			return ltr__options_wrong(state, "--tls-cert and --tls-key go together");
		return ltr__options_common(key, argument, state);
	default:
		return ltr__options_common(key, argument, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "-p PID\n-- COMMAND...",
	.doc = "Serve a program's profiles and metrics over HTTP.\v"
	       "/debug/pprof/ has the profiles at the addresses and in the forms of Go's "
	       "net/http/pprof, with seconds=N for what changes meanwhile; /metrics is for "
	       "Prometheus, and loiter_findings there has what check would find, by grade; /healthz is for "
	       "whoever looks after loiter itself.\n\n"
	       "Only this machine can ask, unless --allow-remote says otherwise; others may listen "
	       "in then, unless --tls-cert and --tls-key encrypt it.\n\n"
	       "When a process has ended, every page but /healthz answers with 503. When a command "
	       "has ended, so does loiter. SIGTERM and Ctrl-C end loiter, or the command and then "
	       "loiter.\n\n"
	       "Exit status: the command's own; 0 for a process; 1 if the program cannot be watched, "
	       "or nobody can listen at the address; 64, 126 and 127 as a shell.\n\n"
	       "Examples:\n"
	       "  loiter serve -p $(pidof httpd)\n"
	       "  go tool pprof 'http://127.0.0.1:6060/debug/pprof/wait?seconds=10'",
};

/* What files have for the server; 0 if all could be read. */
static int read_files(struct serve_options *serve)
{
	if (serve->token_file && !(serve->token = ltr__read_token(serve->token_file)))
		return -1;
	if (!serve->tls_cert_file)
		return 0;
	serve->tls_cert = ltr__read_certificate(serve->tls_cert_file);
	if (!serve->tls_cert || !(serve->tls_key = ltr__read_key(serve->tls_key_file)))
		return -1;
	return 0;
}

static int open_server(struct serve_options *serve, struct ltr_serve **ret_server)
{
	struct ltr_serve_why why;
	int err = read_files(serve);

	if (!err) {
		serve->serve.token = serve->token;
		serve->serve.tls_certificate = serve->tls_cert;
		serve->serve.tls_key = serve->tls_key;
		err = ltr_serve_open(&serve->serve, ret_server, &why);
		if (err)
			ltr__say("%s", why.text);
	}
	serve->token = ltr__secret_free(serve->token);
	serve->tls_cert = ltr__secret_free(serve->tls_cert);
	serve->tls_key = ltr__secret_free(serve->tls_key);
	return err;
}

struct serving {
	struct ltr__target *target;
	struct ltr_serve *server;
	struct ltr__interrupts interrupts;
	struct ltr_findings findings;
	uint64_t prove_due_ns;
	bool is_command;
};

static void refresh(void *context)
{
	struct serving *serving = context;

	ltr_probe_refresh(ltr__target_probe(serving->target));
}

/* Once it is begun it goes on, and costs one interrupt a sample. */
static int sample_cpu(void *context, unsigned int seconds, char *why, size_t bytes)
{
	struct serving *serving = context;
	struct ltr_why sentence;
	int error = ltr_probe_sample_cpu(ltr__target_probe(serving->target), LTR_CPU_HZ, &sentence);

	(void)seconds;
	if (error)
		snprintf(why, bytes, "%s", sentence.text);
	return error;
}

/*
 * Nobody else is served meanwhile, and the rings fill: it takes a part of the time at most. What
 * went wrong is in the census.
 */
static int prove(void *context, char *why, size_t bytes)
{
	struct serving *serving = context;
	uint64_t begin_ns = ltr__now_ns();
	uint64_t end_ns;

	(void)why;
	(void)bytes;
	if (begin_ns < serving->prove_due_ns)
		return 0;
	ltr_probe_reach(ltr__target_probe(serving->target), LTR_FREEZE_NEVER);
	end_ns = ltr__now_ns();
	serving->prove_due_ns = end_ns + PROOF_KEPT * (end_ns - begin_ns);
	return 0;
}

static const struct ltr_metrics_grade *grades(void *context, size_t *ret_count)
{
	struct serving *serving = context;

	*ret_count = LTR_GRADE_COUNT;
	return ltr_findings_of(&serving->findings, ltr__target_probe(serving->target));
}

static void await_news(const struct serving *serving)
{
	struct pollfd news[] = {
		{.fd = ltr_serve_fd(serving->server), .events = POLLIN},
		{.fd = ltr__target_fd(serving->target), .events = POLLIN},
		{.fd = serving->interrupts.fd, .events = POLLIN},
	};
	int timeout = ltr_serve_timeout_ms(serving->server);

	if (news[1].fd < 0 && timeout > POLL_MS)
		timeout = POLL_MS;
	poll(news, 3, timeout);
}

static void serve_all(struct serving *serving)
{
	struct ltr_serve_source source = {.refresh = refresh,
					  .sample_cpu = sample_cpu,
					  .prove = prove,
					  .grades = grades,
					  .context = serving};

	for (;;) {
		int got = ltr__target_poll(serving->target, 0);

		if (got < 0 && got != -ESRCH) {
			ltr__say("cannot watch the program any more: %s", strerror(-got));
			return;
		}
		if (serving->is_command && ltr__target_is_over(serving->target))
			return;
		if (ltr__interrupts_came(&serving->interrupts))
			return;
		source.census = ltr_probe_census(ltr__target_probe(serving->target));
		ltr_serve_turn(serving->server, &source);
		await_news(serving);
	}
}

static int run_server(const struct serve_options *serve, struct ltr_serve *server)
{
	const struct ltr__target_options target = {
		.pid = serve->parsing.pid,
		.command = serve->parsing.program,
		.probe = {.via = serve->parsing.via,
			  .waits = serve->parsing.via != LTR_VIA_SNAPSHOT},
		.keeps_rights = true,
	};
	struct serving serving = {
		.server = server,
		.interrupts.fd = -1,
		.findings.older_than_ns = serve->older_than_ns,
		.is_command = serve->parsing.pid == 0,
	};
	struct ltr_why why;
	int status;

	if (ltr__target_open(&target, &serving.target, &why, &status) != 0) {
		ltr__say("%s", why.text);
		return status;
	}
	/* CPUs are sampled when somebody asks for that. */
	ltr__rights_give_up(LTR__RIGHTS_ATTACH);
	if (!serving.is_command)
		ltr__interrupts_begin(&serving.interrupts);
	ltr__say("serving %s://%s/debug/pprof/ and /metrics", ltr_serve_scheme(server),
		 ltr_serve_address(server));
	serve_all(&serving);
	ltr_findings_done(&serving.findings);
	status = ltr__target_close(serving.target, false);
	if (!serving.is_command)
		ltr__interrupts_end(&serving.interrupts);
	return status;
}

static int run(int argc, char **argv)
{
	struct serve_options serve = {
		.parsing.takes_pid = true,
		.serve.listen = "127.0.0.1:6060",
	};
	struct ltr_serve *server;
	int status;

	if (!ltr__options_parse(&argp, argc, argv, &serve.parsing, &status))
		return status;
	/* Before anything is started. */
	if (open_server(&serve, &server) != 0)
		return LTR__STATUS_FAILED;
	status = run_server(&serve, server);
	ltr_serve_close(server);
	return status;
}

const struct ltr__command ltr__command_serve = {
	.name = "serve",
	.summary = "serve profiles and metrics over HTTP",
	.run = run,
};
