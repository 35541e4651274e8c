/* SPDX-License-Identifier: MIT */
/*
 * libloiter-pprof: a program that serves its own profiles (loiter/pprof.h). One thread has the
 * server and the probe, which looks at this process as at any other. Everything that takes a deep
 * stack is done there, because the caller may be a goroutine with a small one.
 *
 * The mutex guards `running`, and is held while a thread is started or ended, so that there is one
 * at most. The thread itself never takes it.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <loiter/pprof.h>
#include <probe/helper.h>
#include <probe/probe.h>
#include <serve/findings/findings.h>
#include <serve/serve.h>

#define STACK_BYTES     (1u << 20)
#define OPEN_AGAIN_MS   100           /* until the runtime has started */
#define SAMPLES_MS      20            /* from one taking of samples of the CPUs to the next */
#define SAMPLES_LATE_NS 1000000000ull /* how much longer there are samples than was asked for */
#define PROOF_KEPT      10            /* times as long as it took */
#define PROOF_SECONDS   120           /* as long as a client may take for the reply */
#define CONNECTIONS_MAX 64 /* descriptors are the program's; its limit of them is left alone */

struct inside {
	pthread_t thread;
	pid_t pid;  /* a child of fork() has this struct, too, and no thread */
	int stop;   /* an eventfd */
	sem_t said; /* posted once `error` and `address` are there */
	int error;
	char address[64];
	struct ltr_pprof_options options; /* the caller's, good until `said` */
	bool snapshots_only;
};

/*
 * What the thread works with. It lies on its stack, and nothing else of the process refers to it:
 * so what it knows of goroutines is no reference of the program's to what they wait on
 * (ltr_probe_step_aside()).
 */
struct server {
	const struct inside *inside;
	struct ltr_serve *serve;
	struct ltr_probe *probe;
	struct ltr_why why; /* why there is no probe */
	struct ltr_findings findings;
	uint64_t samples_end_ns; /* how long there are samples of the CPUs; 0: there are none */
	uint64_t prove_due_ns;   /* when to look for references again */
	int prove_error;         /* what came of the last look */
	struct ltr_why prove_why;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct inside *running;

/* Before the runtime has started there is nothing to look at; what else is wrong remains so. */
static void open_probe(struct server *server)
{
	const struct ltr_probe_options options = {
		.via = server->inside->snapshots_only ? LTR_VIA_SNAPSHOT : LTR_VIA_SHM,
		.waits = !server->inside->snapshots_only,
	};

	if (ltr_probe_open((uint32_t)getpid(), &options, &server->probe, &server->why) < 0)
		server->probe = NULL;
	/* Of a runtime that has no place to say so, nothing is proven, and pages say why. */
	if (server->probe)
		(void)ltr_probe_step_aside(server->probe);
}

static void refresh(void *context)
{
	struct server *server = context;

	ltr_probe_refresh(server->probe);
}

static const struct ltr_metrics_grade *grades(void *context, size_t *ret_count)
{
	struct server *server = context;

	*ret_count = LTR_GRADE_COUNT;
	return ltr_findings_of(&server->findings, server->probe);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static int sample_cpu(void *context, unsigned int seconds, char *why, size_t bytes)
{
	struct server *server = context;
	uint64_t end_ns = now_ns() + seconds * 1000000000ull + SAMPLES_LATE_NS;
	struct ltr_why sentence;
	int error = ltr_probe_sample_cpu(server->probe, LTR_CPU_HZ, &sentence);

	if (error)
		snprintf(why, bytes, "%s", sentence.text);
	else if (end_ns > server->samples_end_ns)
		server->samples_end_ns = end_ns;
	return error;
}

/*
 * Nobody else is served meanwhile, and the rings fill: it takes a part of the time at most. An
 * error is kept as long: what is refused now will be refused then.
 */
static int prove(void *context, char *why, size_t bytes)
{
	struct server *server = context;
	uint64_t begin_ns = now_ns();
	uint64_t end_ns;

	if (begin_ns >= server->prove_due_ns) {
		server->prove_error = ltr_probe_reach_by_child(server->probe, server->inside->stop,
							       PROOF_SECONDS, &server->prove_why);
		end_ns = now_ns();
		server->prove_due_ns = end_ns + PROOF_KEPT * (end_ns - begin_ns);
	}
	if (server->prove_error)
		snprintf(why, bytes, "%s", server->prove_why.text);
	return server->prove_error;
}

/* Nobody asks any more: the program's threads are left alone again. */
static void stop_samples(struct server *server)
{
	ltr_probe_sample_cpu(server->probe, 0, NULL);
	server->samples_end_ns = 0;
}

static void look(struct server *server)
{
	if (!server->probe) {
		open_probe(server);
	} else if (ltr_probe_poll(server->probe, 0) < 0) {
		server->probe = ltr_probe_close(server->probe);
		server->samples_end_ns = server->prove_due_ns = 0;
		server->prove_error = 0;
	} else if (server->samples_end_ns && now_ns() >= server->samples_end_ns) {
		stop_samples(server);
	}
}

static void turn(struct server *server)
{
	const struct ltr_serve_source source = {
		.census = server->probe ? ltr_probe_census(server->probe) : NULL,
		.why = server->why.text,
		.refresh = refresh,
		.sample_cpu = sample_cpu,
		.prove = prove,
		.grades = grades,
		.context = server,
	};

	ltr_serve_turn(server->serve, &source);
}

/* The probe has news 500 times a second; the server seldom, and is left alone until then. */
static void serve(struct server *server)
{
	struct pollfd news[] = {
		{.fd = server->inside->stop, .events = POLLIN},
		{.fd = ltr_serve_fd(server->serve), .events = POLLIN},
		{.events = POLLIN},
	};
	uint64_t due_ms = 0;

	while (!news[0].revents) {
		uint64_t now = now_ns() / 1000000;
		int timeout = OPEN_AGAIN_MS;

		look(server);
		if (news[1].revents || now >= due_ms) {
			turn(server);
			due_ms = now + (uint64_t)ltr_serve_timeout_ms(server->serve);
		}
		if (server->probe)
			timeout = due_ms > now ? (int)(due_ms - now) : 0;
		if (server->samples_end_ns && timeout > SAMPLES_MS)
			timeout = SAMPLES_MS;
		news[2].fd = server->probe ? ltr_probe_fd(server->probe) : -1;
		poll(news, 3, timeout);
	}
}

static void *thread_main(void *context)
{
	struct inside *inside = context;
	struct server server = {.inside = inside};
	const struct ltr_serve_options options = {
		.listen = inside->options.listen,
		.token = inside->options.token,
		.allow_remote = inside->options.allow_remote,
		.tls_certificate = inside->options.tls_certificate,
		.tls_key = inside->options.tls_key,
		.connections_max = CONNECTIONS_MAX,
	};
	struct ltr_serve_why why;

	pthread_setname_np(pthread_self(), "loiter-pprof");
	inside->error = ltr_serve_open(&options, &server.serve, &why);
	if (inside->error) {
		sem_post(&inside->said);
		return NULL;
	}
	snprintf(inside->address, sizeof(inside->address), "%s", ltr_serve_address(server.serve));
	sem_post(&inside->said);
	serve(&server);
	ltr_findings_done(&server.findings);
	ltr_probe_close(server.probe);
	ltr_serve_close(server.serve);
	return NULL;
}

static int start_thread(struct inside *inside)
{
	int error = ltr_helper_start(&inside->thread, STACK_BYTES, thread_main, inside);

	if (error)
		return error;
	while (sem_wait(&inside->said) < 0)
		; /* interrupted */
	if (inside->error)
		pthread_join(inside->thread, NULL);
	return inside->error;
}

static void free_inside(struct inside *inside)
{
	if (inside->stop >= 0)
		close(inside->stop);
	sem_destroy(&inside->said);
	free(inside);
}

static int start(const struct ltr_pprof_options *options)
{
	struct inside *inside = calloc(1, sizeof(*inside));
	int error;

	if (!inside)
		return -ENOMEM;
	inside->pid = getpid();
	inside->options = *options;
	inside->snapshots_only = options->snapshots_only;
	sem_init(&inside->said, 0, 0);
	inside->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = inside->stop < 0 ? -errno : start_thread(inside);
	inside->options = (struct ltr_pprof_options){0};
	if (error)
		free_inside(inside);
	else
		running = inside;
	return error;
}

/*
 * With the mutex: who serves in this process; a parent's is not ours, and its memory is left alone.
 */
static struct inside *ours(void)
{
	return running && running->pid == getpid() ? running : NULL;
}

int ltr_serve_pprof_with(const struct ltr_pprof_options *options)
{
	int error = -EINVAL;

	if (!options->listen)
		return error;
	pthread_mutex_lock(&mutex);
	error = ours() ? -EALREADY : start(options);
	pthread_mutex_unlock(&mutex);
	return error;
}

int ltr_serve_pprof(const char *listen)
{
	return ltr_serve_pprof_with(&(struct ltr_pprof_options){.listen = listen});
}

int ltr_serve_pprof_address(char *ret_address, size_t bytes)
{
	int error = -ENOTCONN;
	const struct inside *inside;

	pthread_mutex_lock(&mutex);
	inside = ours();
	if (inside)
		error = strlen(inside->address) < bytes ? 0 : -ENOSPC;
	if (!error)
		memcpy(ret_address, inside->address, strlen(inside->address) + 1);
	pthread_mutex_unlock(&mutex);
	return error;
}

int ltr_serve_pprof_stop(void)
{
	const uint64_t one = 1;
	struct inside *inside;

	pthread_mutex_lock(&mutex);
	inside = ours();
	if (inside) {
		running = NULL;
		while (write(inside->stop, &one, sizeof(one)) < 0 && errno == EINTR)
			;
		pthread_join(inside->thread, NULL);
		free_inside(inside);
	}
	pthread_mutex_unlock(&mutex);
	return inside ? 0 : -ENOTCONN;
}

/* At exit() our libraries are still there; a moment later they are not. */
__attribute__((destructor)) static void stop_at_exit(void)
{
	ltr_serve_pprof_stop();
}
