/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_H
#define LOITER_PPROF_H

/*
 * Profiles and metrics of this program, served by the program itself, at the addresses of Go's
 * net/http/pprof: what `loiter serve -p PID` serves from outside, without that process and without
 * any privilege. A library of its own, libloiter-pprof (pkg-config: loiter-pprof, CMake:
 * loiter::pprof); libloiter does not need it.
 *
 *	#include <loiter/pprof.h>
 *
 *	static int run(int argc, char **argv)
 *	{
 *		if (ltr_serve_pprof("127.0.0.1:6060") < 0)
 *			...
 *	}
 *
 *	$ go tool pprof http://127.0.0.1:6060/debug/pprof/goroutine
 *	$ curl 'http://127.0.0.1:6060/debug/pprof/goroutine?debug=2'
 *
 * It may be called before ltr_run(), in a goroutine or on any thread. A thread is started that runs
 * no goroutine, takes no signal but those of a crash of its own, and is no part of the runtime: it
 * reads the program as an outsider does, and goes on doing so when every goroutine is stuck. It
 * ends with the program, or with ltr_serve_pprof_stop(). A child of fork() does not serve.
 *
 * Who asks for goroutineleak makes that thread fork(): a child looks for references from outside,
 * as `loiter check -p PID` does, at most a tenth of the time. The program pauses for the fork,
 * pages that it writes to meanwhile are copied, and handlers of pthread_atfork() are called on that
 * thread. There is no SIGCHLD, and no wait() finds that child. Where Yama asks for it the child is
 * permitted by PR_SET_PTRACER, which is 0 afterwards. docs/serve.md has more.
 *
 * While somebody asks for a CPU profile, every thread of the program but that one gets SIGPROF 99
 * times for each second that it works, once it is found: threads that run no goroutines are looked
 * for ten times a second. Otherwise SIGPROF is left alone. If the program handles it, the profile
 * is refused. The library stays loaded until the program ends.
 *
 * At most 64 clients are connected at a time, each with one of the program's descriptors, and
 * others wait until one has left. RLIMIT_NOFILE is left as it is.
 *
 * Functions return 0 or a negative errno.
 */

#include <stdbool.h>
#include <stddef.h>

#include <loiter/declare.h>

LTR__DECLARE_BEGIN

/*
 * Serve at "127.0.0.1:6060", "[::1]:0", "localhost:6060". Port 0 is any free one.
 *   -EINVAL      that is no address
 *   -EACCES      others could reach it: that takes ltr_serve_pprof_with()
 *   -EADDRINUSE  and others as bind(2)
 *   -EALREADY    this program serves already
 *   -ENOMEM, -EAGAIN  no memory, no thread
 */
int ltr_serve_pprof(const char *listen);

struct ltr_pprof_options {
	const char *listen;
	/*
	 * Clients have to send "Authorization: Bearer TOKEN", 16 characters or more; NULL: nothing.
	 */
	const char *token;
	bool allow_remote; /* listen on an address that others can reach, too; needs a token */
	/* Both, in PEM, not the names of files: connections are encrypted (https). */
	const char *tls_certificate;
	const char *tls_key;
	/*
	 * Do not follow the program's records: then nothing is done between requests, but the
	 * profiles of waits know only the waits under way, and the metrics no times.
	 */
	bool snapshots_only;
};

/*
 * The same with options, which are copied; also -EINVAL if the token is too short, or if
 * certificate and key are no pair, or one of them is not there.
 */
int ltr_serve_pprof_with(const struct ltr_pprof_options *options);

/* As in a URL, with the real port: "127.0.0.1:6060". -ENOTCONN: nothing is served; -ENOSPC. */
int ltr_serve_pprof_address(char *ret_address, size_t bytes);

/* Closes all connections and ends the thread. -ENOTCONN: nothing is served. */
int ltr_serve_pprof_stop(void);

LTR__DECLARE_END

#endif
