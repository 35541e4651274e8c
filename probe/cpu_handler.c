// SPDX-License-Identifier: MIT
/*
 * The handler runs on any thread of the program, at any instruction: on a goroutine's stack,
 * between two of them, in a blocking call, with any lock held. So it takes no lock, allocates
 * nothing, uses no thread-local variable but errno, which it restores, and believes nothing that
 * the interrupted code has in its registers: stacks are read by process_vm_readv() of the process
 * itself, which answers where a load would crash. Whose goroutine runs there is said by the
 * thread's ring, as to readers outside; but for the few instructions between the runtime's saying
 * so and its switching, stack and goroutine belong together.
 *
 * Everything it touches is in its own slot, and the kernel does not interrupt it by another
 * SIGPROF.
 */
#include "cpu_handler.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define FRAMES_MAX  128u
#define FRAME_MOST  (1u << 20) /* no function has a frame as large */
#define HEAD_WORDS  3u
#define ENTRY_WORDS (HEAD_WORDS + FRAMES_MAX)
#define MAGIC       0x6c746370ull /* the upper half of a signal's value */

/* How many periods a sample stands for at most. */
#define WORTH_MOST 100u

/* The first word of an entry: depth, and these; then the goroutine's id, the time, its stack. */
#define DEPTH_MASK  0xffffu
#define IN_CALL     0x10000u
#define WORTH_SHIFT 32u

#define WINDOW_WORDS 64u

static struct ltr__slot *slots[LTR__SLOT_MAX]; /* atomic; set once each */
static pid_t process;

struct registers {
	uint64_t pc;
	uint64_t sp;
	uint64_t fp;
};

#if defined(__x86_64__)
#define KNOWS_REGISTERS true
static struct registers registers_of(const ucontext_t *context)
{
	const greg_t *all = context->uc_mcontext.gregs;

	return (struct registers){(uint64_t)all[REG_RIP], (uint64_t)all[REG_RSP],
				  (uint64_t)all[REG_RBP]};
}
#elif defined(__aarch64__)
#define KNOWS_REGISTERS true
static struct registers registers_of(const ucontext_t *context)
{
	const mcontext_t *all = &context->uc_mcontext;

	return (struct registers){all->pc, all->sp, all->regs[29]};
}
#else
#define KNOWS_REGISTERS false
static struct registers registers_of(const ucontext_t *context)
{
	(void)context;
	return (struct registers){0};
}
#endif

bool ltr__handler_knows_registers(void)
{
	return KNOWS_REGISTERS;
}

void ltr__handler_prepare(pid_t pid)
{
	__atomic_store_n(&process, pid, __ATOMIC_RELAXED);
}

union sigval ltr__slot_value(uint32_t index)
{
	return (union sigval){.sival_ptr = (void *)(uintptr_t)(MAGIC << 32 | index)};
}

struct ltr__slot *ltr__slot_at(uint32_t index)
{
	struct ltr__slot *slot = __atomic_load_n(&slots[index], __ATOMIC_RELAXED);

	if (slot)
		return slot;
	slot = mmap(NULL, sizeof(*slot), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	if (slot == MAP_FAILED)
		return NULL;
	__atomic_store_n(&slots[index], slot, __ATOMIC_RELEASE); /* pairs with slot_of() */
	return slot;
}

/* NULL: it is no signal of ours, whoever sent it. */
static struct ltr__slot *slot_of(const siginfo_t *info)
{
	uint64_t value = (uint64_t)(uintptr_t)info->si_value.sival_ptr;

	if (info->si_code != SI_TIMER || value >> 32 != MAGIC || (uint32_t)value >= LTR__SLOT_MAX)
		return NULL;
	return __atomic_load_n(&slots[(uint32_t)value], __ATOMIC_ACQUIRE);
}

static void put(struct ltr__slot *slot, uint64_t at, uint64_t word)
{
	slot->words[at % LTR__SLOT_WORDS] = word;
}

/* A piece of the stack, so that not every frame takes a system call. */
struct window {
	uint64_t low;
	uint64_t bytes;
	uint64_t words[WINDOW_WORDS];
};

static bool read_window(struct window *window, uint64_t address)
{
	const struct iovec here = {window->words, sizeof(window->words)};
	const struct iovec there = {(void *)(uintptr_t)address, sizeof(window->words)};
	long got = syscall(SYS_process_vm_readv, __atomic_load_n(&process, __ATOMIC_RELAXED), &here,
			   1ul, &there, 1ul, 0ul);

	window->low = address;
	window->bytes = got > 0 ? (uint64_t)got : 0; /* less where a mapping ends */
	return window->bytes >= 2 * sizeof(uint64_t);
}

/* The frame at `fp`: where its caller's is, and where it returns to. */
static const uint64_t *frame_at(struct window *window, uint64_t fp)
{
	if ((fp < window->low || fp - window->low + 2 * sizeof(uint64_t) > window->bytes) &&
	    !read_window(window, fp))
		return NULL;
	return &window->words[(fp - window->low) / sizeof(uint64_t)];
}

/* Returns the depth. The outermost frame of a goroutine has no caller: its frame pointer is 0. */
static uint32_t walk(struct ltr__slot *slot, uint64_t at, const struct registers *registers)
{
	struct window window = {0};
	uint64_t before = registers->sp;
	uint64_t fp = registers->fp;
	uint32_t depth = 0;

	put(slot, at + depth++, registers->pc);
	while (depth < FRAMES_MAX && fp >= before && fp - before < FRAME_MOST &&
	       fp % sizeof(uint64_t) == 0) {
		const uint64_t *frame = frame_at(&window, fp);

		if (!frame || frame[1] == 0)
			break;
		put(slot, at + depth++, frame[1]);
		before = fp + 1;
		fp = frame[0];
	}
	return depth;
}

/* clock_gettime() may be called in a handler (signal-safety(7)). */
static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void take_sample(struct ltr__slot *slot, const struct registers *registers, uint64_t worth)
{
	const struct ltr_ring *ring = __atomic_load_n(&slot->ring, __ATOMIC_ACQUIRE);
	uint64_t head = slot->head;
	uint64_t in_call = 0;
	uint64_t goroutine = 0;
	uint32_t depth;

	/* acquire: pairs with the release in ltr__slot_take(): what lay there has been read */
	if (head + ENTRY_WORDS - __atomic_load_n(&slot->tail, __ATOMIC_ACQUIRE) > LTR__SLOT_WORDS) {
		__atomic_fetch_add(&slot->lost, worth, __ATOMIC_RELAXED);
		return;
	}
	if (ring) {
		goroutine = __atomic_load_n(&ring->running, __ATOMIC_RELAXED);
		in_call = __atomic_load_n(&ring->in_call, __ATOMIC_RELAXED) ? IN_CALL : 0;
	}
	depth = walk(slot, head + HEAD_WORDS, registers);
	put(slot, head, depth | in_call | worth << WORTH_SHIFT);
	put(slot, head + 1, goroutine);
	put(slot, head + 2, now_ns());
	__atomic_store_n(&slot->head, head + HEAD_WORDS + depth, __ATOMIC_RELEASE);
}

/*
 * For how many periods a signal stands: the timer goes off again while its signal is on the way.
 * That is CPU time of the place where the signal arrives, if the thread was in a long system call,
 * or its CPU was another machine's; a thread that has blocked the signal for long may be anywhere.
 */
static uint64_t worth_of(struct ltr__slot *slot, const siginfo_t *info)
{
	uint64_t worth = 1 + (info->si_overrun > 0 ? (uint64_t)info->si_overrun : 0);

	if (worth <= WORTH_MOST)
		return worth;
	__atomic_fetch_add(&slot->lost, worth - 1, __ATOMIC_RELAXED);
	return 1;
}

void ltr__handler(int number, siginfo_t *info, void *context)
{
	struct ltr__slot *slot = slot_of(info);
	struct registers registers;
	int before = errno;

	(void)number;
	if (!slot)
		return;
	registers = registers_of(context);
	take_sample(slot, &registers, worth_of(slot, info));
	errno = before;
}

static uint64_t get(const struct ltr__slot *slot, uint64_t at)
{
	return slot->words[at % LTR__SLOT_WORDS];
}

static bool is_entry(uint64_t first, uint64_t words)
{
	uint32_t depth = first & DEPTH_MASK;
	uint64_t worth = first >> WORTH_SHIFT;

	return depth <= FRAMES_MAX && HEAD_WORDS + depth <= words && worth <= WORTH_MOST;
}

static int deliver(const struct ltr__slot *slot, uint64_t at, const struct ltr_cpu_sink *sink)
{
	uint64_t first = get(slot, at);
	uint32_t depth = first & DEPTH_MASK;
	uint64_t pcs[FRAMES_MAX];
	int err = 0;

	for (uint32_t i = 0; i < depth; i++)
		pcs[i] = get(slot, at + HEAD_WORDS + i);
	for (uint64_t worth = first >> WORTH_SHIFT; worth > 0 && !err; worth--)
		err = sink->sample(sink->context, get(slot, at + 2), get(slot, at + 1),
				   first & IN_CALL, pcs, depth);
	return err;
}

int ltr__slot_take(struct ltr__slot *slot, const struct ltr_cpu_sink *sink)
{
	uint64_t head = __atomic_load_n(&slot->head, __ATOMIC_ACQUIRE);
	uint64_t lost = __atomic_exchange_n(&slot->lost, 0, __ATOMIC_RELAXED);
	uint64_t tail = slot->tail;
	int some = lost > 0 || tail != head;
	int err = 0;

	if (lost)
		sink->lost(sink->context, lost);
	while (tail != head && !err) {
		if (!is_entry(get(slot, tail), head - tail)) { /* nobody knows what was in it */
			sink->lost(sink->context, 1);
			tail = head;
			break;
		}
		err = deliver(slot, tail, sink);
		tail += HEAD_WORDS + (get(slot, tail) & DEPTH_MASK);
	}
	__atomic_store_n(&slot->tail, tail, __ATOMIC_RELEASE);
	return err ? err : some;
}

void ltr__slot_clear(struct ltr__slot *slot)
{
	__atomic_store_n(&slot->lost, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&slot->tail, __atomic_load_n(&slot->head, __ATOMIC_ACQUIRE),
			 __ATOMIC_RELEASE);
}
