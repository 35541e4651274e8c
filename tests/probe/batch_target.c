/* SPDX-License-Identifier: MIT */
/*
 * The smallest program that looks like one with our runtime to the eBPF side: a layout object, a
 * watch word, the two probed functions, and threads that hand batches over. It obeys one command a
 * line on stdin and answers each with one line:
 *
 *   emit RINGS BATCHES COUNT    one thread a ring hands over BATCHES batches of COUNT records
 *                               (0: sizes around the classes of the kernel side); answers the
 *                               nanoseconds that the slowest thread took
 *   bad                         hands over what the contract forbids: unreadable records, no records,
 *                               too many, an unknown ring
 *   fork                        as "emit 1 4 8", in a child
 *   watch                       answers the two semaphores
 *
 * Every record can be recognised: see fill().
 */

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <loiter/event.h>
#include <loiter/layout.h>

#include "batch_target.h"

void ltr__handover(const struct ltr_event *records, uint64_t count, uint64_t position,
		   uint64_t ring);
void ltr__want_stacks(void);

/* An entry that nothing shares with a prologue: the 5-byte nop, then the return. */
__asm__(".text\n"
	".balign 16\n"
	".type ltr__handover, @function\n"
	".globl ltr__handover\n"
	"ltr__handover:\n"
	".byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n"
	"ret\n"
	".size ltr__handover, . - ltr__handover\n"
	".balign 16\n"
	".type ltr__want_stacks, @function\n"
	".globl ltr__want_stacks\n"
	"ltr__want_stacks:\n"
	".byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n"
	"ret\n"
	".size ltr__want_stacks, . - ltr__want_stacks\n");

/* Not zero-initialised data (.bss): the kernel wants a semaphore that is mapped from the file. */
static struct ltr_watch watch __attribute__((section(".data")));

static struct ltr_layout layout __attribute__((section(LTR_LAYOUT_SECTION), used));

struct emitter {
	pthread_t thread;
	uint32_t ring;
	uint64_t batches;
	uint64_t count;
	uint64_t nanoseconds;
};

static uint64_t positions[TARGET_RINGS];

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void fill(struct ltr_event *records, uint64_t count, uint64_t position, uint32_t ring)
{
	for (uint64_t i = 0; i < count; i++)
		records[i] = target_record(ring, position + i);
}

static void *emit(void *context)
{
	static const uint64_t around[] = {
		1, 31, 32, 33, 127, 128, 129, 511, 512, 513, LTR_BATCH_MAX - 1, LTR_BATCH_MAX};
	struct emitter *emitter = context;
	struct ltr_event records[LTR_BATCH_MAX];
	uint64_t position = positions[emitter->ring];

	for (uint64_t i = 0; i < emitter->batches; i++) {
		uint64_t count = emitter->count ? emitter->count
						: around[i % (sizeof(around) / sizeof(*around))];

		fill(records, count, position, emitter->ring);

		uint64_t begin = now();

		ltr__handover(records, count, position, emitter->ring);
		emitter->nanoseconds += now() - begin;
		position += count;
	}
	positions[emitter->ring] = position;
	return NULL;
}

static uint64_t emit_all(unsigned int rings, uint64_t batches, uint64_t count)
{
	struct emitter emitters[TARGET_RINGS] = {0};
	uint64_t slowest = 0;

	for (unsigned int i = 0; i < rings; i++) {
		emitters[i].ring = i;
		emitters[i].batches = batches;
		emitters[i].count = count;
		if (pthread_create(&emitters[i].thread, NULL, emit, &emitters[i]) != 0)
			abort();
	}
	for (unsigned int i = 0; i < rings; i++) {
		pthread_join(emitters[i].thread, NULL);
		if (emitters[i].nanoseconds > slowest)
			slowest = emitters[i].nanoseconds;
	}
	return slowest;
}

/* Ring 0's position moves on over what is unreadable, as it would in the runtime. */
static void emit_bad(void)
{
	struct ltr_event records[1];

	fill(records, 1, positions[0], 0);
	ltr__handover((const struct ltr_event *)(uintptr_t)4096, TARGET_UNREADABLE, positions[0],
		      0);
	positions[0] += TARGET_UNREADABLE;
	ltr__handover(records, 0, positions[0], 0);
	ltr__handover(records, LTR_BATCH_MAX + 1, positions[0], 0);
	ltr__handover(records, UINT64_MAX, positions[0], 0);
	ltr__handover(records, 1, positions[0], TARGET_RINGS);
	ltr__handover(records, 1, positions[0], UINT64_MAX);
	ltr__handover(records, 1, positions[0], (uint64_t)1 << 32);
}

static void emit_in_child(void)
{
	pid_t child = fork();

	if (child == 0) {
		emit_all(1, 4, 8);
		_exit(0);
	}
	if (child < 0 || waitpid(child, NULL, 0) < 0)
		abort();
}

static void obey(const char *line)
{
	unsigned int rings;
	uint64_t batches, count, answer = 0;

	if (sscanf(line, "emit %u %" SCNu64 " %" SCNu64, &rings, &batches, &count) == 3 &&
	    rings <= TARGET_RINGS && count <= LTR_BATCH_MAX) {
		answer = emit_all(rings, batches, count);
	} else if (strcmp(line, "bad\n") == 0) {
		emit_bad();
	} else if (strcmp(line, "fork\n") == 0) {
		emit_in_child();
	} else if (strcmp(line, "watch\n") == 0) {
		printf("%u %u\n", __atomic_load_n(&watch.events_kernel, __ATOMIC_RELAXED),
		       __atomic_load_n(&watch.stacks_kernel, __ATOMIC_RELAXED));
		return;
	} else {
		abort();
	}
	printf("%" PRIu64 "\n", answer);
}

int main(void)
{
	char line[128];

	layout = (struct ltr_layout){
		.magic = LTR_LAYOUT_MAGIC,
		.version = LTR_LAYOUT_VERSION,
		.bytes = sizeof(layout),
		.ready = 1,
		.ring_max = TARGET_RINGS,
		.event_bytes = LTR_EVENT_BYTES,
		.watch = (uint64_t)(uintptr_t)&watch,
		.handover = (uint64_t)(uintptr_t)ltr__handover,
		.want_stacks = (uint64_t)(uintptr_t)ltr__want_stacks,
	};
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%p\n", (void *)&layout);
	while (fgets(line, sizeof(line), stdin))
		obey(line);
	return 0;
}
