/* SPDX-License-Identifier: MIT */

/*
 * See uring.h. An operation lies on the stack of its goroutine, which does not go on before the
 * kernel has said that it is over: until then the kernel has its buffer, deadline or not.
 *
 * `submitting` guards the submission queue, which is empty outside of it: an entry that the kernel
 * does not take is taken back. It is held over the system call, and from before the goroutine parks,
 * so that a deadline cannot cancel what is not there yet. `draining` guards the completion queue, and
 * in operations whether they are over. Neither is taken under the other.
 *
 * Completions never outnumber the queue: an operation is admitted while fewer than OPERATIONS_MAX
 * are awaited, each is cancelled once at most, and the queue has room for twice as many.
 */

#include "uring.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "poller.h"
#include "seed.h"

#define OPERATIONS_MAX 256u
#define BYTES_MAX      0x7ffff000u /* what read() and write() do at once at most */
#define NOT_TAKEN      INT32_MIN

#define FEATURES_NEEDED (IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP)

enum { UNKNOWN, READY, REFUSED };

struct operation {
	struct io_uring_sqe entry;
	struct ltr__wait_list waiters; /* its goroutine */
	struct ltr__waiter waiter;
	int32_t result; /* NOT_TAKEN until it is over */
	bool is_over;
};

static struct {
	uint32_t state; /* atomic; UNKNOWN until the first operation */
	uint32_t submitting __attribute__((aligned(64)));
	uint32_t draining __attribute__((aligned(64)));
	uint32_t awaited; /* completions that are to come; atomic */
	int fd;

	/* Shared with the kernel, which writes the head of the first queue and the tail of the second. */
	uint32_t *submit_head, *submit_tail, submit_mask;
	struct io_uring_sqe *entries;
	uint32_t *done_head, *done_tail, done_mask;
	const struct io_uring_cqe *completions;
} ring = {.fd = -1};

void ltr__uring_init(bool is_wanted)
{
	ring.state = is_wanted && !ltr__seed.on ? UNKNOWN : REFUSED;
}

/* --- setting up --------------------------------------------------------------------------------- */

/*
 * Whoever gets hold of the descriptor can do no more with it than we do; and as many workers as the
 * pool may have, so that slow files do not hold up others.
 */
static int restrict_ring(int fd)
{
	static const uint8_t allowed[] = {IORING_OP_READ, IORING_OP_WRITE, IORING_OP_FSYNC,
					  IORING_OP_ASYNC_CANCEL};
	struct io_uring_restriction restrictions[sizeof(allowed)] = {0};
	uint32_t workers[2] = {LTR__CALL_MAX, LTR__CALL_MAX};

	for (size_t i = 0; i < sizeof(allowed); i++) {
		restrictions[i].opcode = IORING_RESTRICTION_SQE_OP;
		restrictions[i].sqe_op = allowed[i];
	}
	(void)syscall(SYS_io_uring_register, fd, IORING_REGISTER_IOWQ_MAX_WORKERS, workers, 2);
	if (syscall(SYS_io_uring_register, fd, IORING_REGISTER_RESTRICTIONS, restrictions,
		    sizeof(allowed)) < 0 ||
	    syscall(SYS_io_uring_register, fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0) < 0)
		return -errno;
	return 0;
}

static void *map(int fd, size_t bytes, off_t what)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, what);

	return memory == MAP_FAILED ? NULL : memory;
}

static int map_queues(int fd, const struct io_uring_params *params)
{
	size_t submit_bytes = params->sq_off.array + params->sq_entries * sizeof(uint32_t);
	size_t done_bytes = params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe);
	size_t bytes = submit_bytes > done_bytes ? submit_bytes : done_bytes;
	char *queues = map(fd, bytes, IORING_OFF_SQ_RING);
	uint32_t *order;

	if (!queues)
		return -ENOMEM;
	ring.entries = map(fd, params->sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	if (!ring.entries) {
		munmap(queues, bytes);
		return -ENOMEM;
	}
	ring.submit_head = (uint32_t *)(queues + params->sq_off.head);
	ring.submit_tail = (uint32_t *)(queues + params->sq_off.tail);
	ring.submit_mask = params->sq_entries - 1;
	order = (uint32_t *)(queues + params->sq_off.array);
	for (uint32_t i = 0; i < params->sq_entries; i++)
		order[i] = i;
	ring.done_head = (uint32_t *)(queues + params->cq_off.head);
	ring.done_tail = (uint32_t *)(queues + params->cq_off.tail);
	ring.done_mask = params->cq_entries - 1;
	ring.completions = (const struct io_uring_cqe *)(queues + params->cq_off.cqes);
	return 0;
}

static int set_up(void)
{
	/* Cooperative (Linux 5.19): what ends an operation is done when its submitter's thread is in
	 * the kernel next, at the latest with the clock's tick, and interrupts nobody. */
	struct io_uring_params params = {
		.flags = IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE | IORING_SETUP_COOP_TASKRUN,
		.cq_entries = 2 * OPERATIONS_MAX,
	};
	int fd = (int)syscall(SYS_io_uring_setup, 2u, &params); /* one at a time, see above */
	int r = 0;

	if (fd < 0)
		return -errno;
	if ((params.features & FEATURES_NEEDED) != FEATURES_NEEDED)
		r = -ENOSYS;
	if (r == 0)
		r = restrict_ring(fd);
	if (r == 0)
		r = ltr__poll_add(fd, LTR__POLL_RING);
	if (r == 0)
		r = map_queues(fd, &params);
	if (r < 0)
		close(fd); /* the poller forgets it, too */
	else
		ring.fd = fd;
	return r;
}

static bool is_there(void)
{
	/* acquire: pairs with the release below: the queues are mapped */
	uint32_t state = __atomic_load_n(&ring.state, __ATOMIC_ACQUIRE);

	if (state == UNKNOWN) {
		ltr__lock(&ring.submitting);
		state = __atomic_load_n(&ring.state, __ATOMIC_RELAXED);
		if (state == UNKNOWN) {
			state = set_up() == 0 ? READY : REFUSED;
			__atomic_store_n(&ring.state, state, __ATOMIC_RELEASE);
		}
		ltr__unlock(&ring.submitting);
	}
	return state == READY;
}

/* --- operations --------------------------------------------------------------------------------- */

/* Under `submitting`. False: the kernel did not take it. */
static bool submit(const struct io_uring_sqe *entry)
{
	uint32_t tail = *ring.submit_tail; /* only we write it */
	long r;

	ring.entries[tail & ring.submit_mask] = *entry;
	/* release: pairs with the kernel's acquire, it sees the entry; and with ltr__uring_drain() */
	__atomic_store_n(ring.submit_tail, tail + 1, __ATOMIC_RELEASE);
	do
		r = syscall(SYS_io_uring_enter, ring.fd, 1u, 0u, 0u, NULL, 0);
	while (r < 0 && errno == EINTR);
	/* acquire: pairs with the kernel's release: it has read the entry */
	if (__atomic_load_n(ring.submit_head, __ATOMIC_ACQUIRE) == tail + 1)
		return true;
	__atomic_store_n(ring.submit_tail, tail, __ATOMIC_RELEASE);
	return false;
}

/* The commit of the goroutine that parks. */
static void submit_operation(void *argument)
{
	struct operation *operation = argument;
	struct ltr__waiter *waiter = NULL;

	/* Once it is submitted it may be over, and gone. */
	if (!submit(&operation->entry)) {
		__atomic_fetch_sub(&ring.awaited, 1, __ATOMIC_RELAXED);
		operation->is_over = true;
		waiter = ltr__wait_take(&operation->waiters);
	}
	ltr__unlock(&ring.submitting);
	if (waiter)
		ltr__ready(waiter->goroutine, 0);
}

static void cancel(const struct operation *operation)
{
	struct io_uring_sqe entry = {
		.opcode = IORING_OP_ASYNC_CANCEL, .fd = -1, .addr = (uintptr_t)operation};

	__atomic_fetch_add(&ring.awaited, 1, __ATOMIC_RELAXED);
	ltr__lock(&ring.submitting);
	if (!submit(&entry)) /* then it takes the time that it takes */
		__atomic_fetch_sub(&ring.awaited, 1, __ATOMIC_RELAXED);
	ltr__unlock(&ring.submitting);
}

/* False: the deadline came first. */
static bool wait_for(struct operation *operation, int64_t deadline_ns)
{
	struct ltr__goroutine *self = ltr__caller("a file operation");

	ltr__lock(&ring.submitting);
	if (ltr__wait(self, &operation->waiters, &operation->waiter, LTR_REASON_SYSCALL, 0,
		      deadline_ns, submit_operation, operation))
		return true;
	cancel(operation);
	ltr__lock(&ring.draining);
	if (operation->is_over) {
		ltr__unlock(&ring.draining);
		return false;
	}
	ltr__wait_remove(&operation->waiters, &operation->waiter);
	ltr__wait(self, &operation->waiters, &operation->waiter, LTR_REASON_SYSCALL, 0, LTR_FOREVER,
		  ltr__unlock_commit, &ring.draining);
	return false;
}

bool ltr__uring(const struct ltr__uring_call *call, int64_t deadline_ns, ssize_t *ret_result)
{
	struct operation operation = {.result = NOT_TAKEN};
	bool in_time;

	operation.entry = (struct io_uring_sqe){
		.opcode = call->opcode,
		.fd = call->fd,
		.addr = (uintptr_t)call->buffer,
		.len = call->bytes < BYTES_MAX ? (uint32_t)call->bytes : BYTES_MAX,
		.off = call->offset,
		.user_data = (uintptr_t)&operation,
	};
	if (!is_there())
		return false;
	if (__atomic_fetch_add(&ring.awaited, 1, __ATOMIC_RELAXED) >= OPERATIONS_MAX) {
		__atomic_fetch_sub(&ring.awaited, 1, __ATOMIC_RELAXED);
		return false;
	}
	__atomic_fetch_add(&ltr__sched.net_waits, 1, __ATOMIC_RELEASE);
	in_time = wait_for(&operation, deadline_ns);
	__atomic_fetch_sub(&ltr__sched.net_waits, 1, __ATOMIC_RELEASE);
	if (operation.result == NOT_TAKEN)
		return false;
	*ret_result = operation.result;
	if (!in_time && (operation.result == -ECANCELED || operation.result == -EINTR))
		*ret_result = ltr__gave_up(deadline_ns);
	return true;
}

/* --- completions -------------------------------------------------------------------------------- */

/* Under `draining`. */
static void complete(const struct io_uring_cqe *completion, struct ltr__woken *woken)
{
	struct operation *operation = (struct operation *)(uintptr_t)completion->user_data;
	struct ltr__waiter *waiter;

	if (!operation) /* what has become of a cancellation */
		return;
	operation->result = completion->res;
	operation->is_over = true;
	waiter = ltr__wait_take(&operation->waiters);
	if (!waiter) /* its deadline has woken it */
		return;
	waiter->goroutine->next = NULL;
	*woken->end = waiter->goroutine;
	woken->end = &waiter->goroutine->next;
	woken->count++;
}

void ltr__uring_drain(struct ltr__woken *woken)
{
	uint32_t head, tail;

	/* acquire: pairs with is_there(): the queues are mapped */
	if (__atomic_load_n(&ring.state, __ATOMIC_ACQUIRE) != READY)
		return;
	if (__atomic_load_n(ring.done_head, __ATOMIC_RELAXED) ==
	    __atomic_load_n(ring.done_tail, __ATOMIC_RELAXED))
		return;
	ltr__lock(&ring.draining);
	head = *ring.done_head; /* only we write it */
	/* acquire: pairs with the kernel's release: we see the completions */
	tail = __atomic_load_n(ring.done_tail, __ATOMIC_ACQUIRE);
	/* acquire: pairs with submit(): whose operation is over is parked, and no longer read */
	(void)__atomic_load_n(ring.submit_tail, __ATOMIC_ACQUIRE);
	for (uint32_t i = head; i != tail; i++)
		complete(&ring.completions[i & ring.done_mask], woken);
	/* release: pairs with the kernel's acquire: we have read them */
	__atomic_store_n(ring.done_head, tail, __ATOMIC_RELEASE);
	__atomic_fetch_sub(&ring.awaited, tail - head, __ATOMIC_RELAXED);
	ltr__unlock(&ring.draining);
}
