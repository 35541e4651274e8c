/* SPDX-License-Identifier: MIT */
/*
 * Goroutines that wait and can be woken, ten kinds of them, so many of each as is said. Each kind has
 * its own way in which the only reference to what is waited on is kept. When all of them wait the
 * program prints "ready"; at the first byte on standard input it wakes every one, through just that
 * reference, and returns 0 if all have ended. So none of them was a leak.
 */

#include <loiter.h>
#include <loiter/timer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

LTR_CHAN(numbers, int);

static int count;
static int waiting; /* of all goroutines that will wait; atomic */
static struct ltr_waitgroup all;
static numbers begin; /* closed to wake those whom nobody else does */

static void now_waiting(void)
{
	__atomic_fetch_add(&waiting, 1, __ATOMIC_RELAXED);
}

static void receive(numbers *c)
{
	int n;

	now_waiting();
	ltr_recv(*c, &n);
	ltr_waitgroup_done(&all);
}

static numbers new_waiter(void)
{
	numbers c = ltr_make(numbers, 0);

	ltr_waitgroup_add(&all, 1);
	ltr_go(receive, c);
	return c;
}

/* --- 1: a global table ---------------------------------------------------------------------- */

static numbers table[100000];

static void global_start(int i)
{
	table[i] = new_waiter();
}

static void global_wake(int i)
{
	ltr_send(table[i], i);
}

/* --- 2: a chain of heap blocks ---------------------------------------------------------------- */

static struct node {
	struct node *next;
	char filling[100];
	numbers c;
} * chain;

static void chain_start(int i)
{
	struct node *node = calloc(1, sizeof(*node));

	(void)i;
	node->c = new_waiter();
	node->next = chain;
	chain = node;
}

static void chain_wake(int i)
{
	struct node *node = chain;

	ltr_send(node->c, i);
	chain = node->next;
	free(node);
}

/* --- 3: the stack of another one that waits --------------------------------------------------- */

static void hold(void)
{
	numbers c = new_waiter();
	int n;

	now_waiting();
	ltr_recv(begin, &n);
	ltr_send(c, 1);
	ltr_waitgroup_done(&all);
}

static void other_start(int i)
{
	(void)i;
	ltr_waitgroup_add(&all, 1);
	ltr_go(hold);
}

static void nothing(int i)
{
	(void)i;
}

/* --- 4: a timer ------------------------------------------------------------------------------- */

static struct ltr_timer *timers[100000];

static void ring(void *argument)
{
	numbers c = {.chan = argument};

	ltr_send(c, 1);
}

static void timer_start(int i)
{
	numbers c = new_waiter();

	timers[i] = ltr_timer_func((60 * LTR_MINUTE), ring, c.chan);
}

static void timer_wake(int i)
{
	ltr_timer_reset(timers[i], LTR_MILLISECOND);
}

/* --- 5: input and output ---------------------------------------------------------------------- */

static int ends[100000]; /* numbers of files, not references */

static void read_one(int *fd)
{
	numbers c = new_waiter();
	struct ltr_conn *conn;
	char byte;

	if (ltr_conn_adopt(*fd, &conn) < 0)
		abort();
	now_waiting();
	if (ltr_read(conn, &byte, 1) != 1)
		abort();
	ltr_send(c, 1);
	ltr_conn_close(conn);
	ltr_waitgroup_done(&all);
}

static void io_start(int i)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	ends[i] = pair[1];
	ltr_waitgroup_add(&all, 1);
	ltr_go(read_one, pair[0]);
}

static void io_wake(int i)
{
	if (write(ends[i], "x", 1) != 1)
		abort();
	close(ends[i]);
}

/* --- 6: a hash table, which is one large block ------------------------------------------------ */

static struct entry {
	uint64_t key;
	struct ltr_semaphore *semaphore;
} * entries;

#define ENTRIES (1u << 18)

static void acquire(struct ltr_semaphore **semaphore)
{
	now_waiting();
	ltr_semaphore_acquire(*semaphore, 1);
	ltr_waitgroup_done(&all);
}

static struct entry *find(uint64_t key)
{
	uint32_t at = (uint32_t)(key * 0x9e3779b97f4a7c15ull >> 46);

	while (entries[at].key && entries[at].key != key)
		at = (at + 1) % ENTRIES;
	return &entries[at];
}

static void hash_start(int i)
{
	struct entry *entry;

	if (!entries)
		entries = calloc(ENTRIES, sizeof(*entries));
	entry = find((uint64_t)i + 1);
	entry->key = (uint64_t)i + 1;
	entry->semaphore = calloc(1, sizeof(*entry->semaphore));
	*entry->semaphore = (struct ltr_semaphore){.capacity = 1, .used = 1};
	ltr_waitgroup_add(&all, 1);
	ltr_go(acquire, entry->semaphore);
}

static void hash_wake(int i)
{
	ltr_semaphore_release(find((uint64_t)i + 1)->semaphore, 1);
}

/* --- 7: pointers into a block, with tags ------------------------------------------------------ */

struct packet {
	char head[200];
	struct ltr_waitgroup group;
	char tail[300];
};

static uintptr_t tagged[100000];

static void wait_for_group(struct packet **packet)
{
	now_waiting();
	ltr_waitgroup_wait(&(*packet)->group);
	ltr_waitgroup_done(&all);
}

static uintptr_t tag_of(int i)
{
	return i % 3 == 0 ? 3 : i % 3 == 1 ? (uintptr_t)0xabcd << 48 : 100;
}

static void tagged_start(int i)
{
	struct packet *packet = calloc(1, sizeof(*packet));

	ltr_waitgroup_add(&packet->group, 1);
	tagged[i] = (uintptr_t)packet + tag_of(i);
	ltr_waitgroup_add(&all, 1);
	ltr_go(wait_for_group, packet);
}

static void tagged_wake(int i)
{
	struct packet *packet = (struct packet *)(tagged[i] - tag_of(i));

	ltr_waitgroup_done(&packet->group);
}

/* --- 8: variables of a thread ----------------------------------------------------------------- */

static __thread struct ltr_mutex *volatile locked[1000];
static uintptr_t hidden[100000]; /* where they are, for the end; no pointer that anybody sees */

static void lock(struct ltr_mutex **mutex)
{
	now_waiting();
	ltr_mutex_lock(*mutex);
	ltr_mutex_unlock(*mutex);
	ltr_waitgroup_done(&all);
}

static __attribute__((noinline)) void keep_in_thread(int i, struct ltr_mutex *mutex)
{
	locked[i % 1000] = mutex;
}

static void thread_start(int i)
{
	struct ltr_mutex *mutex = calloc(1, sizeof(*mutex));

	ltr_mutex_lock(mutex);
	keep_in_thread(i, mutex);
	hidden[i] = ~(uintptr_t)mutex;
	ltr_waitgroup_add(&all, 1);
	ltr_go(lock, mutex);
}

static void thread_wake(int i)
{
	ltr_mutex_unlock((struct ltr_mutex *)~hidden[i]);
}

/* --- 9: memory that the program has mapped itself --------------------------------------------- */

static numbers *mapped[3];
static int mapped_kinds;

static void mapped_start(int i)
{
	size_t bytes = (size_t)count * sizeof(numbers);
	int kind = i % 3;

	if (!mapped[kind]) {
		int flags = kind == 0   ? MAP_PRIVATE | MAP_ANONYMOUS
			    : kind == 1 ? MAP_SHARED | MAP_ANONYMOUS
					: MAP_SHARED;
		int fd = kind == 2 ? memfd_create("table", MFD_CLOEXEC) : -1;

		if (kind == 2 && ftruncate(fd, (off_t)bytes) < 0)
			abort();
		mapped[kind] = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
		mapped_kinds++;
	}
	mapped[kind][i] = new_waiter();
}

static void mapped_wake(int i)
{
	ltr_send(mapped[i % 3][i], 1);
}

/* --- 10: a register of one that waits --------------------------------------------------------- */

static __attribute__((noinline)) void wait_with(numbers c)
{
	int n;

	now_waiting();
	ltr_recv(begin, &n);
	ltr_send(c, 1); /* kept across the call where the compiler likes, mostly in a register */
}

static void hold_in_register(numbers *argument)
{
	numbers c = *argument;

	argument->chan = NULL;
	__asm__ volatile("" : "+r"(c.chan) : : "memory");
	wait_with(c);
	ltr_waitgroup_done(&all);
}

static void register_start(int i)
{
	(void)i;
	ltr_waitgroup_add(&all, 1);
	ltr_go(hold_in_register, new_waiter());
}

/* ---------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*start)(int);
	void (*wake)(int);
	int goroutines; /* that wait, for each */
} kinds[] = {
	{"global", global_start, global_wake, 1},
	{"chain", chain_start, chain_wake, 1},
	{"stack", other_start, nothing, 2},
	{"timer", timer_start, timer_wake, 1},
	{"io", io_start, io_wake, 2},
	{"hash", hash_start, hash_wake, 1},
	{"tagged", tagged_start, tagged_wake, 1},
	{"thread", thread_start, thread_wake, 1},
	{"mapped", mapped_start, mapped_wake, 1},
	{"register", register_start, nothing, 2},
};

#define KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

/* With something to move about while it is looked at: goroutines that come and go, and blocks. */
static bool stir_no_more;

static void stir(void)
{
	while (!__atomic_load_n(&stir_no_more, __ATOMIC_RELAXED)) {
		numbers c = ltr_make(numbers, 1);
		void *block = malloc(1000 + (size_t)(uintptr_t)c.chan % 4096);
		int n;

		ltr_send(c, 1);
		ltr_recv(c, &n);
		free(block);
		ltr_free(c);
		ltr_sleep(100 * LTR_MICROSECOND);
	}
}

static int run(int argc, char **argv)
{
	int expected = 0;
	struct ltr_conn *input;
	char byte;

	count = argc > 1 ? atoi(argv[1]) : 1000;
	begin = ltr_make(numbers, 0);
	for (int kind = 0; kind < KINDS; kind++) {
		expected += kinds[kind].goroutines * count;
		for (int i = 0; i < count; i++)
			kinds[kind].start(i);
	}
	while (__atomic_load_n(&waiting, __ATOMIC_RELAXED) < expected)
		ltr_yield();
	ltr_sleep(10 *
		  LTR_MILLISECOND); /* the last of them is on its way; not needed to be right */
	for (int i = 0; i < (argc > 2 ? atoi(argv[2]) : 0); i++)
		ltr_go(stir);
	printf("ready\n");
	fflush(stdout);
	if (ltr_conn_adopt(dup(STDIN_FILENO), &input) < 0 || ltr_read(input, &byte, 1) != 1)
		return 1;
	ltr_conn_close(input);
	__atomic_store_n(&stir_no_more, true, __ATOMIC_RELAXED);
	ltr_close(begin);
	for (int kind = 0; kind < KINDS; kind++)
		for (int i = 0; i < count; i++)
			kinds[kind].wake(i);
	ltr_waitgroup_wait(&all);
	printf("woken: %d\n", expected);
	return 0;
}

int main(int argc, char **argv)
{
	struct rlimit files = {1u << 16, 1u << 16};

	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		getrlimit(RLIMIT_NOFILE, &files);
	return ltr_run(run, argc, argv);
}
