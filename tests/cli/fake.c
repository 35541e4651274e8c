/* SPDX-License-Identifier: MIT */
/*
 * A program that looks like a goroutine program from outside: it carries a layout, descriptors and
 * stacks, and speaks at the gate, but there is no runtime in it. So it can do what no real one does:
 * leak exactly so many, carry a version that nobody knows, lie, and die at any moment.
 *
 * Arguments are steps, done one after the other; most of them take a value:
 *
 *   unready -      be a program whose runtime has not started yet
 *   layout V       carry version V of the layout       gate V         speak version V at the gate
 *   ids N          number goroutines from N on         hello -        say HELLO, wait for GO
 *   leak N         N goroutines wait in a send         late MS        they are gone after MS
 *   daemon N       N daemons sleep                     sleep MS       do nothing
 *   return S       the main goroutine returns; after RELEASE exit with S
 *   deadlock -     all are asleep; after RELEASE exit with 2
 *   _exit S        kill SIG        hang -              print TEXT     exec COMMAND
 *   fork -         a child without exec speaks at the gate of its parent
 *   background S   exit with S; a child does the steps that follow
 *   touch FILE     make FILE                           await FILE     wait until FILE is there
 */

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <loiter/event.h>
#include <loiter/gate.h>
#include <loiter/layout.h>

#define DESCRIPTORS 4096

struct descriptor {
	uint64_t id, parent_id, object, since_ticks, waker_id, created_ticks;
	uint64_t saved_sp, stack_low, stack_high, entry, creation_pc, site, name, labels;
	uint32_t sequence;
	uint8_t state, reason;
	uint16_t flags;
};

static struct descriptor slab[DESCRIPTORS];
static uint64_t slabs[1];
static uint32_t slab_count = 1;
static struct ltr_ring rings[1];
static struct ltr_event records[512];
static uint32_t ring_count = 1;
static struct ltr_watch *watch;
static struct ltr_watch_slot watch_slots[LTR_WATCH_SLOTS];
static struct ltr_stack_entry stacks[2];
static uint32_t stack_count = 1;
static uint64_t stack[16];
static uint32_t used;
static uint64_t next_id = 1;
static int gate = -1;
static uint32_t gate_version = LTR_GATE_VERSION;
static const char name[] = "reply";

extern struct ltr_layout ltr_layout;

__attribute__((section(LTR_LAYOUT_SECTION), used)) struct ltr_layout ltr_layout;

static __attribute__((noinline)) void wait_for_reply(void)
{
	__asm__ volatile("nop\n nop\n nop\n nop");
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void describe_fields(void)
{
#define LTR__FIELD(field, size)                \
	ltr_layout.fields[LTR_FIELD_##field] = \
		(struct ltr_field){.offset = offsetof(struct descriptor, field), .bytes = size};
	LTR_DESCRIPTOR_FIELDS(LTR__FIELD)
#undef LTR__FIELD
}

/* What layout.h asks for, with memory of a file behind the watch word. */
static void prepare(void)
{
	int fd = memfd_create("watch", 0);

	if (fd < 0 || ftruncate(fd, 4096) != 0)
		_exit(99);
	watch = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (watch == MAP_FAILED)
		_exit(99);
	stack[0] = (uintptr_t)&stack[4]; /* the saved frame pointer */
	stack[5] = (uintptr_t)wait_for_reply + 2;
	slabs[0] = (uintptr_t)slab;
	rings[0] = (struct ltr_ring){
		.records = (uintptr_t)records, .capacity = 512, .tid = (uint32_t)getpid()};
	ltr_layout.magic = LTR_LAYOUT_MAGIC;
	ltr_layout.version = LTR_LAYOUT_VERSION;
	ltr_layout.bytes = sizeof(ltr_layout);
	ltr_layout.phase = LTR_PHASE_RUNNING;
	ltr_layout.clock = LTR_CLOCK_MONOTONIC;
	ltr_layout.processors = 1;
	ltr_layout.clock_ns = now_ns();
	ltr_layout.clock_ticks = ltr_layout.clock_ns;
	ltr_layout.slabs = (uintptr_t)slabs;
	ltr_layout.slab_count = (uintptr_t)&slab_count;
	ltr_layout.slab_max = 1;
	ltr_layout.slab_descriptors = DESCRIPTORS;
	ltr_layout.descriptor_bytes = sizeof(struct descriptor);
	describe_fields();
	ltr_layout.rings = (uintptr_t)rings;
	ltr_layout.ring_count = (uintptr_t)&ring_count;
	ltr_layout.ring_max = 1;
	ltr_layout.event_bytes = LTR_EVENT_BYTES;
	ltr_layout.watch = (uintptr_t)watch;
	ltr_layout.watch_slots = (uintptr_t)watch_slots;
	ltr_layout.stacks = (uintptr_t)stacks;
	ltr_layout.stack_count = (uintptr_t)&stack_count;
	ltr_layout.stack_max = 2;
	__atomic_store_n(&ltr_layout.ready, 1, __ATOMIC_RELEASE);
}

static void add(long count, uint16_t flags, uint8_t reason)
{
	static const struct ltr_site site = {__FILE__, "add", __LINE__};

	for (long i = 0; i < count && used < DESCRIPTORS; i++) {
		slab[used++] = (struct descriptor){
			.id = next_id++,
			.parent_id = flags & LTR_GOROUTINE_MAIN ? 0 : 1,
			.sequence = 6,
			.state = reason ? ltr_reason_state(reason) : LTR_STATE_RUNNING,
			.reason = reason,
			.flags = flags,
			.since_ticks = now_ns(),
			.created_ticks = now_ns(),
			.saved_sp = reason ? (uintptr_t)stack : 0,
			.stack_low = (uintptr_t)stack,
			.stack_high = (uintptr_t)(stack + 16),
			.entry = (uintptr_t)wait_for_reply,
			.site = flags & LTR_GOROUTINE_MAIN ? 0 : (uintptr_t)&site,
			.name = (uintptr_t)name,
		};
		rings[0].created++;
	}
}

static void send_message(uint32_t kind, uint64_t value)
{
	struct ltr_gate_message message = {
		.version = gate_version, .kind = kind, .pid = (uint32_t)getpid(), .value = value};

	if (gate >= 0 && send(gate, &message, sizeof(message), MSG_NOSIGNAL) < 0)
		gate = -1;
}

static void await_message(uint32_t kind)
{
	struct ltr_gate_message message = {0};

	while (gate >= 0 && message.kind != kind)
		if (recv(gate, &message, sizeof(message), 0) <= 0)
			gate = -1;
}

static void say_hello(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = getenv(LTR_GATE_VARIABLE);

	if (!path)
		return;
	gate = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (connect(gate, (struct sockaddr *)&address, sizeof(address)) != 0)
		gate = -1;
	send_message(LTR_GATE_HELLO, (uintptr_t)&ltr_layout);
	await_message(LTR_GATE_GO);
}

static void nap(long ms)
{
	struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	while (nanosleep(&time, &time) != 0 && errno == EINTR)
		;
}

static long late_ms = -1;

static _Noreturn void finish(uint32_t kind, uint32_t phase, int status)
{
	ltr_layout.phase = phase;
	send_message(kind, (uint64_t)status);
	if (late_ms >= 0) {
		nap(late_ms);
		for (uint32_t i = 0; i < used; i++)
			if (!(slab[i].flags & LTR_GOROUTINE_MAIN))
				slab[i].id = 0;
	}
	await_message(LTR_GATE_RELEASE);
	exit(status);
}

static void run_forked(void)
{
	pid_t child = fork();

	if (child == 0) {
		send_message(LTR_GATE_MAIN_RETURNED, 0);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	await_message(LTR_GATE_RELEASE); /* meant for the child that is gone */
}

static void step(const char *what, const char *value, char **rest)
{
	long number = atol(value);

	if (strcmp(what, "layout") == 0)
		ltr_layout.version = (uint32_t)number;
	else if (strcmp(what, "unready") == 0)
		ltr_layout.ready = 0;
	else if (strcmp(what, "gate") == 0)
		gate_version = (uint32_t)number;
	else if (strcmp(what, "hello") == 0)
		say_hello();
	else if (strcmp(what, "ids") == 0)
		next_id = (uint64_t)number;
	else if (strcmp(what, "leak") == 0)
		add(number, 0, LTR_REASON_CHAN_SEND);
	else if (strcmp(what, "late") == 0)
		late_ms = number;
	else if (strcmp(what, "daemon") == 0)
		add(number, LTR_GOROUTINE_DAEMON, LTR_REASON_SLEEP);
	else if (strcmp(what, "sleep") == 0)
		nap(number);
	else if (strcmp(what, "return") == 0)
		finish(LTR_GATE_MAIN_RETURNED, LTR_PHASE_MAIN_RETURNED, (int)number);
	else if (strcmp(what, "deadlock") == 0)
		finish(LTR_GATE_DEADLOCK, LTR_PHASE_DEADLOCK, 2);
	else if (strcmp(what, "_exit") == 0)
		_exit((int)number);
	else if (strcmp(what, "kill") == 0)
		raise((int)number);
	else if (strcmp(what, "fork") == 0)
		run_forked();
	else if (strcmp(what, "print") == 0)
		puts(value);
	else if (strcmp(what, "touch") == 0)
		fclose(fopen(value, "w"));
	else if (strcmp(what, "await") == 0)
		while (access(value, F_OK) != 0)
			nap(5);
	else if (strcmp(what, "exec") == 0)
		execvp(value, rest - 1);
	else if (strcmp(what, "hang") == 0)
		for (;;)
			pause();
	else if (strcmp(what, "background") == 0 && fork() != 0)
		_exit((int)number);
	else if (strcmp(what, "background") != 0)
		exit(98);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	prepare();
	add(1, LTR_GOROUTINE_MAIN, 0);
	for (int i = 1; i + 1 < argc; i += 2)
		step(argv[i], argv[i + 1], argv + i + 2);
	finish(LTR_GATE_MAIN_RETURNED, LTR_PHASE_MAIN_RETURNED, 0);
}
