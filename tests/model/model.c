/* SPDX-License-Identifier: MIT */

/*
 * See model.h. Each logical thread is a coroutine that stands right before its next atomic access,
 * so that what everybody would do next is known. A schedule is a path in a tree: a node is a state,
 * its choices what can happen next, one access of a thread or one late store that reaches memory.
 * The tree is walked depth-first; to come back to a node, the program is run again from its start.
 *
 * Late stores: while a thread runs, memory holds what it sees, its own late stores included; when it
 * stops they are taken back out, so that in between memory holds what everybody sees.
 *
 * Sleep sets: what was explored from a node is not explored again below its later siblings until
 * something has happened that it depends on.
 */

#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#define STEPS_MAX    512u
#define LATE_MAX     24u
#define CHOICES_MAX  64u
#define NAMES_MAX    32u
#define STACK_BYTES  (64u << 10)
#define ARENA_BYTES  (256u << 10)
#define FIRST_NOW_NS 1000000

enum kind { LOAD, STORE, MODIFY, FENCE, LOCK, WAIT, RELAX, ARRIVE };

struct step {
	enum kind kind;
	uint8_t thread;
	uint8_t bytes;
	bool release; /* waits until nothing of its thread is late */
	uintptr_t address;
};

struct late {
	uint64_t value;
	uint64_t below; /* what everybody sees instead, while the thread runs */
	uintptr_t address;
	uint8_t bytes;
	bool release;
};

struct thread {
	jmp_buf beginning;
	jmp_buf here;
	struct step next;
	bool done;
	struct late late[LATE_MAX];
	unsigned late_count;
	uint64_t relaxed_at; /* how many writes there had been when it last went on from RELAX */
	int64_t now_ns;
	char *stack;
};

struct node {
	struct step choice[CHOICES_MAX];
	struct step asleep[CHOICES_MAX];
	unsigned count, at, asleep_count;
};

struct name {
	uintptr_t address;
	size_t bytes;
	const char *name; /* NULL: ignored, or watched */
	bool watched;
};

static const struct model_program *program;
static struct model_result *result;
static struct thread threads[MODEL_THREADS_MAX];
static struct thread *current; /* NULL: the scheduler, start() or end() */
static jmp_buf scheduler;
static uint64_t writes;
static struct node nodes[STEPS_MAX];
static unsigned depth;
static struct name names[NAMES_MAX];
static unsigned name_count;
static char *arena;
static size_t arena_used;

/* --- memory ------------------------------------------------------------------------------------ */

static uint64_t get(uintptr_t address, size_t bytes)
{
	uint64_t value = 0;

	memcpy(&value, (const void *)address, bytes);
	return value;
}

static void put(uintptr_t address, uint64_t value, size_t bytes)
{
	memcpy((void *)address, &value, bytes);
}

static bool overlap(uintptr_t a, size_t a_bytes, uintptr_t b, size_t b_bytes)
{
	return a < b + b_bytes && b < a + a_bytes;
}

/* The thread runs: its own stores are there. */
static void show_late(struct thread *thread)
{
	for (unsigned i = 0; i < thread->late_count; i++) {
		struct late *late = &thread->late[i];

		late->below = get(late->address, late->bytes);
		put(late->address, late->value, late->bytes);
	}
}

static void hide_late(struct thread *thread)
{
	for (unsigned i = thread->late_count; i-- > 0;) {
		struct late *late = &thread->late[i];

		put(late->address, late->below, late->bytes);
	}
}

/* Whether late store `i` may reach memory next. */
static bool may_arrive(const struct thread *thread, unsigned i)
{
	const struct late *late = &thread->late[i];

	if (late->release)
		return i == 0;
	for (unsigned j = 0; j < i; j++)
		if (overlap(late->address, late->bytes, thread->late[j].address,
			    thread->late[j].bytes))
			return false;
	return true;
}

static void arrive(struct thread *thread, uintptr_t address)
{
	unsigned i = 0;

	while (thread->late[i].address != address)
		i++;
	put(address, thread->late[i].value, thread->late[i].bytes);
	thread->late_count--;
	memmove(&thread->late[i], &thread->late[i + 1],
		(thread->late_count - i) * sizeof(thread->late[0]));
}

static bool is_late(const struct thread *thread, uintptr_t address, size_t bytes)
{
	for (unsigned i = 0; i < thread->late_count; i++)
		if (overlap(address, bytes, thread->late[i].address, thread->late[i].bytes))
			return true;
	return false;
}

static bool is_listed(uintptr_t address, bool watched)
{
	for (unsigned i = 0; i < name_count; i++)
		if (!names[i].name && names[i].watched == watched &&
		    address - names[i].address < names[i].bytes)
			return true;
	return false;
}

/* --- threads ----------------------------------------------------------------------------------- */

static unsigned number_of(const struct thread *thread)
{
	return (unsigned)(thread - threads);
}

static void leave(void)
{
	if (!_setjmp(current->here))
		_longjmp(scheduler, 1);
}

static void point(enum kind kind, const void *address, size_t bytes, bool release)
{
	current->next = (struct step){
		.kind = kind,
		.thread = (uint8_t)number_of(current),
		.bytes = (uint8_t)bytes,
		.release = release,
		.address = (uintptr_t)address,
	};
	leave();
}

static bool is_point(const void *address)
{
	return current && !is_listed((uintptr_t)address, false);
}

/* Until it stands before its next access. */
static void go_on(struct thread *thread)
{
	current = thread;
	show_late(thread);
	if (program->enter)
		program->enter(number_of(thread));
	if (!_setjmp(scheduler))
		_longjmp(thread->here, 1);
	hide_late(current);
	current = NULL;
}

/* The bottom of each coroutine. It is begun again for each run by a jump to `beginning`. */
static void bottom(void)
{
	if (!_setjmp(current->beginning))
		_longjmp(scheduler, 1);
	program->thread[number_of(current)](number_of(current));
	model_exit();
}

static void thread_new(struct thread *thread)
{
	ucontext_t context;

	if (thread->stack)
		return;
	thread->stack = malloc(STACK_BYTES);
	if (!thread->stack || getcontext(&context))
		abort();
	context.uc_stack.ss_sp = thread->stack;
	context.uc_stack.ss_size = STACK_BYTES;
	context.uc_link = NULL;
	makecontext(&context, bottom, 0);
	current = thread;
	if (!_setjmp(scheduler))
		setcontext(&context);
	current = NULL;
}

void model_exit(void)
{
	current->done = true;
	_longjmp(scheduler, 1);
}

bool model_is_done(unsigned number)
{
	return threads[number].done;
}

void model_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (!result->failure[0])
		vsnprintf(result->failure, sizeof(result->failure), format, arguments);
	va_end(arguments);
	if (current)
		_longjmp(scheduler, 1);
}

void *model_alloc(size_t bytes)
{
	void *memory = arena + arena_used;

	arena_used += (bytes + 63) & ~(size_t)63;
	if (arena_used > ARENA_BYTES)
		abort();
	return memset(memory, 0, bytes);
}

static void add_name(const void *address, size_t bytes, const char *name, bool watched)
{
	if (name_count == NAMES_MAX)
		abort();
	names[name_count++] = (struct name){(uintptr_t)address, bytes, name, watched};
}

void model_name(const void *address, size_t bytes, const char *name)
{
	add_name(address, bytes, name, false);
}

void model_ignore(const void *address, size_t bytes)
{
	add_name(address, bytes, NULL, false);
}

void model_watch(const void *address, size_t bytes)
{
	add_name(address, bytes, NULL, true);
}

/* --- accesses ----------------------------------------------------------------------------------- */

static bool releases(int order)
{
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

uint64_t model_load(const void *address, size_t bytes)
{
	if (is_point(address))
		point(LOAD, address, bytes, false);
	return get((uintptr_t)address, bytes);
}

static void store_late(uintptr_t address, uint64_t value, size_t bytes, bool release)
{
	struct late *late = &current->late[current->late_count];

	if (current->late_count == LATE_MAX) {
		model_fail("more than %u late stores", LATE_MAX);
		return;
	}
	*late = (struct late){
		.value = value,
		.below = get(address, bytes),
		.address = address,
		.bytes = (uint8_t)bytes,
		.release = release,
	};
	current->late_count++;
	put(address, value, bytes);
}

void model_store(void *address, uint64_t value, size_t bytes, int order)
{
	bool release = releases(order) && !(program->without & MODEL_RELEASE);

	if (is_point(address) && program->delayed_stores) {
		store_late((uintptr_t)address, value, bytes, release);
		if (order == __ATOMIC_SEQ_CST)
			model_fence(order);
		return;
	}
	if (is_point(address))
		point(STORE, address, bytes, false);
	put((uintptr_t)address, value, bytes);
}

/* Returns whether the caller has to write by itself what it makes of the value: it is one step. */
static bool begin_modify(const void *address, size_t bytes, int order, uint64_t *ret_value)
{
	bool torn = current && (program->without & MODEL_ATOMICITY);

	if (is_point(address))
		point(torn ? LOAD : MODIFY, address, bytes, !torn && releases(order));
	*ret_value = get((uintptr_t)address, bytes);
	return !torn;
}

static void end_modify(void *address, uint64_t value, size_t bytes, int order, bool whole)
{
	if (whole)
		put((uintptr_t)address, value, bytes);
	else
		model_store(address, value, bytes, order);
}

uint64_t model_exchange(void *address, uint64_t value, size_t bytes, int order)
{
	uint64_t old;
	bool whole = begin_modify(address, bytes, order, &old);

	end_modify(address, value, bytes, order, whole);
	return old;
}

uint64_t model_fetch_add(void *address, uint64_t value, size_t bytes, int order)
{
	uint64_t old;
	bool whole = begin_modify(address, bytes, order, &old);

	end_modify(address, old + value, bytes, order, whole);
	return old;
}

bool model_compare_exchange(void *address, void *expected, uint64_t desired, size_t bytes,
			    int order)
{
	uint64_t old;
	bool whole = begin_modify(address, bytes, order, &old);

	if (old != get((uintptr_t)expected, bytes)) {
		memcpy(expected, &old, bytes);
		return false;
	}
	end_modify(address, desired, bytes, order, whole);
	return true;
}

void model_plain_read(const void *address, size_t bytes)
{
	if (current && is_listed((uintptr_t)address, true))
		point(LOAD, address, bytes, false);
}

void model_plain_write(const void *address, size_t bytes)
{
	if (current && is_listed((uintptr_t)address, true))
		point(STORE, address, bytes, false);
}

void model_fence(int order)
{
	if (!current || order != __ATOMIC_SEQ_CST || (program->without & MODEL_FENCES))
		return;
	if (current->late_count)
		point(FENCE, NULL, 0, true);
}

void model_lock(uint32_t *lock)
{
	if (current)
		point(LOCK, lock, sizeof(*lock), false);
	*lock = 1;
}

void model_wait(uint32_t *word)
{
	if (current)
		point(WAIT, word, sizeof(*word), false);
	*word = 0;
}

void model_post(uint32_t *word)
{
	if (current)
		point(MODIFY, word, sizeof(*word), true);
	*word = 1;
}

void model_relax(void)
{
	if (current)
		point(RELAX, NULL, 0, false);
}

void model_time_passes(int64_t ns)
{
	if (current)
		current->now_ns += ns;
}

int64_t model_now_ns(void)
{
	return current ? current->now_ns : FIRST_NOW_NS;
}

/* --- choices ------------------------------------------------------------------------------------ */

static bool is_write(const struct step *step)
{
	return step->kind != LOAD && step->kind != FENCE && step->kind != RELAX;
}

static bool can_go_on(const struct thread *thread)
{
	const struct step *next = &thread->next;

	if (thread->done || (next->release && thread->late_count))
		return false;
	switch (next->kind) {
	case MODIFY:
		return !is_late(thread, next->address, next->bytes);
	case LOCK:
		return !is_late(thread, next->address, next->bytes) &&
		       ((program->without & MODEL_LOCKS) || !get(next->address, next->bytes));
	case WAIT:
		return !is_late(thread, next->address, next->bytes) &&
		       get(next->address, next->bytes);
	case RELAX:
		return writes > thread->relaxed_at;
	default:
		return true;
	}
}

static unsigned list_choices(struct step choice[CHOICES_MAX])
{
	unsigned n = 0;

	for (unsigned i = 0; i < program->thread_count; i++)
		if (can_go_on(&threads[i]))
			choice[n++] = threads[i].next;
	for (unsigned i = 0; i < program->thread_count; i++)
		for (unsigned j = 0; j < threads[i].late_count && n < CHOICES_MAX; j++)
			if (may_arrive(&threads[i], j))
				choice[n++] = (struct step){
					.kind = ARRIVE,
					.thread = (uint8_t)i,
					.bytes = threads[i].late[j].bytes,
					.address = threads[i].late[j].address,
				};
	return n;
}

static bool is_same(const struct step *a, const struct step *b)
{
	return a->kind == b->kind && a->thread == b->thread && a->address == b->address;
}

/* Whether it makes no difference which of two comes first. */
static bool is_independent(const struct step *a, const struct step *b)
{
	if (a->thread == b->thread && a->kind != ARRIVE && b->kind != ARRIVE)
		return false;
	if (a->kind == RELAX || b->kind == RELAX)
		return !is_write(a) && !is_write(b);
	return (!is_write(a) && !is_write(b)) ||
	       !overlap(a->address, a->bytes, b->address, b->bytes);
}

static bool sleeps(const struct node *node, const struct step *step)
{
	for (unsigned i = 0; i < node->asleep_count; i++)
		if (is_same(&node->asleep[i], step))
			return true;
	return false;
}

/* The first choice from `at` on that has to be explored; node->count if there is none. */
static unsigned next_choice(const struct node *node, unsigned at)
{
	while (at < node->count && sleeps(node, &node->choice[at]))
		at++;
	return at;
}

/* What sleeps below the choice that `parent` is at: what slept, or was explored, and commutes. */
static void inherit(struct node *node, const struct node *parent)
{
	const struct step *chosen = &parent->choice[parent->at];

	node->asleep_count = 0;
	if (program->all_orders)
		return;
	for (unsigned i = 0; i < parent->asleep_count; i++)
		if (is_independent(&parent->asleep[i], chosen))
			node->asleep[node->asleep_count++] = parent->asleep[i];
	for (unsigned i = 0; i < parent->at; i++)
		if (!sleeps(parent, &parent->choice[i]) &&
		    is_independent(&parent->choice[i], chosen))
			node->asleep[node->asleep_count++] = parent->choice[i];
}

static void take_step(const struct step *step)
{
	struct thread *thread = &threads[step->thread];

	result->steps++;
	if (step->kind == ARRIVE) {
		arrive(thread, step->address);
	} else {
		if (step->kind == RELAX)
			thread->relaxed_at = writes;
		go_on(thread);
	}
	writes += is_write(step);
}

/* --- schedules ---------------------------------------------------------------------------------- */

static void begin(void)
{
	arena_used = 0;
	name_count = 0;
	writes = 0;
	program->start();
	for (unsigned i = 0; i < program->thread_count; i++) {
		struct thread *thread = &threads[i];

		thread->done = false;
		thread->late_count = 0;
		thread->relaxed_at = 0;
		thread->now_ns = FIRST_NOW_NS;
		memcpy(thread->here, thread->beginning, sizeof(thread->here));
		go_on(thread);
	}
}

static void finish(void)
{
	static const char *const waits[] = {
		[LOCK] = "for a lock", [WAIT] = "to be woken", [RELAX] = "in a loop"};

	for (unsigned i = 0; i < program->thread_count && !program->may_sleep; i++)
		if (!threads[i].done) {
			model_fail("thread %u waits %s for ever", i, waits[threads[i].next.kind]);
			return;
		}
	program->end();
	result->schedules++;
}

/* Run once, along the nodes that there are, `known` of them, and from there on always the first way. */
static void run(unsigned known)
{
	begin();
	for (depth = 0; !result->failure[0]; depth++) {
		struct node *node = &nodes[depth];

		if (depth == STEPS_MAX) {
			model_fail("more than %u steps: does it end?", STEPS_MAX);
			depth--;
			return;
		}
		if (depth >= known) {
			node->count = list_choices(node->choice);
			node->asleep_count = 0;
			if (depth)
				inherit(node, node - 1);
			node->at = next_choice(node, 0);
			if (node->count == 0) {
				finish();
				return;
			}
			if (node->at == node->count) {
				result->cut++;
				return;
			}
		}
		take_step(&node->choice[node->at]);
	}
}

bool model_explore(const struct model_program *explored, struct model_result *ret_result)
{
	clock_t before = clock();
	unsigned known = 0;

	program = explored;
	result = ret_result;
	memset(result, 0, sizeof(*result));
	if (!arena)
		arena = malloc(ARENA_BYTES);
	if (!arena)
		abort();
	for (unsigned i = 0; i < program->thread_count; i++)
		thread_new(&threads[i]);
	do {
		run(known);
		if (depth > result->longest)
			result->longest = depth;
		if (result->failure[0])
			break;
		/* The deepest node that has another way. */
		for (known = depth; known > 0; known--) {
			struct node *node = &nodes[known - 1];

			node->at = next_choice(node, node->at + 1);
			if (node->at < node->count)
				break;
		}
	} while (known);
	result->cpu_seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
	return !result->failure[0];
}

/* --- output ------------------------------------------------------------------------------------- */

void model_print_schedule(FILE *to)
{
	static const char *const kinds[] = {"load", "store", "modify", "fence",
					    "lock", "wait",  "relax",  "late store arrives"};

	for (unsigned i = 0; i < depth; i++) {
		const struct step *step = &nodes[i].choice[nodes[i].at];
		const struct name *name = NULL;

		for (unsigned j = 0; j < name_count && !name; j++)
			if (names[j].name && step->address - names[j].address < names[j].bytes)
				name = &names[j];
		fprintf(to, "  %3u  thread %u  %-18s ", i, step->thread, kinds[step->kind]);
		if (name)
			fprintf(to, " %s+%zu\n", name->name,
				(size_t)(step->address - name->address));
		else
			fprintf(to, " %#zx\n", (size_t)step->address);
	}
}

const char *model_loss_name(unsigned loss)
{
	return loss == MODEL_FENCES      ? "fences"
	       : loss == MODEL_RELEASE   ? "release"
	       : loss == MODEL_ATOMICITY ? "atomicity"
	       : loss == MODEL_LOCKS     ? "locks"
					 : "several things";
}

void model_print_result(const struct model_program *printed, const struct model_result *shown)
{
	printf("%s: %llu schedules, %llu cut, %llu steps, longest %u, %.2f s%s%s\n", printed->name,
	       (unsigned long long)shown->schedules, (unsigned long long)shown->cut,
	       (unsigned long long)shown->steps, shown->longest, shown->cpu_seconds,
	       shown->failure[0] ? ": " : "", shown->failure);
	fflush(stdout);
}

bool model_miss_all(const struct model_program *programs, const struct model_broken *broken,
		    size_t count,
		    bool (*explore)(const struct model_program *broken_program,
				    struct model_result *ret_result))
{
	bool all = true;

	for (size_t i = 0; i < count; i++) {
		struct model_program without = programs[broken[i].program];
		struct model_result found;

		without.without = broken[i].without;
		all &= !explore(&without, &found);
		printf("without %s: ", model_loss_name(without.without));
		model_print_result(&without, &found);
	}
	return all;
}
