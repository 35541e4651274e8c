// SPDX-License-Identifier: MIT
/* See recorded.h. */
#include "recorded.h"
#include "../wait_count.h"
#include "same_census.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define NAMES   20
#define DEFINED 30 /* stacks that the program has numbers for */
#define STACKS  12

static const struct ltr_clock_rate nanoseconds = {0, 0, 1.0};

static int tape_write(void *context, const void *bytes, size_t count)
{
	struct tape *tape = context;
	const struct ltr_census_info *info = ltr_census_info(tape->census);

	if (tape->used + count > tape->room)
		return -ENOSPC;
	tape->bytes = realloc(tape->bytes, tape->used + count);
	assert_non_null(tape->bytes);
	memcpy(tape->bytes + tape->used, bytes, count);
	tape->used += count;
	assert_true(tape->block_count < BLOCKS);
	tape->blocks[tape->block_count].end = tape->used;
	tape->blocks[tape->block_count].events = info->events;
	tape->blocks[tape->block_count++].lost = info->lost;
	return 0;
}

struct ltr_record_sink sink_of(struct tape *tape)
{
	return (struct ltr_record_sink){tape, tape_write};
}

/* The bytes as a file in memory; its name. */
static const char *file_of(const void *bytes, size_t count)
{
	static char file_name[32];
	static int file_fd = -1;

	if (file_fd < 0) {
		file_fd = memfd_create("recording", MFD_CLOEXEC);
		assert_true(file_fd >= 0);
		snprintf(file_name, sizeof(file_name), "/proc/self/fd/%d", file_fd);
	}
	assert_int_equal(ftruncate(file_fd, 0), 0);
	assert_int_equal(pwrite(file_fd, bytes, count, 0), count);
	return file_name;
}

int replay_with(const void *bytes, size_t count, const struct ltr_replay_options *options,
		struct ltr_probe **ret_probe, struct ltr_why *why)
{
	why->text[0] = '\0';
	int err = ltr_probe_open_file(file_of(bytes, count), options, ret_probe, why);
	assert_true(!err || why->text[0]);
	return err;
}

int replay(const void *bytes, size_t count, uint64_t at_ns, size_t bytes_max,
	   struct ltr_probe **ret_probe, struct ltr_why *why)
{
	const struct ltr_replay_options options = {
		.waits = true, .at_ns = at_ns, .bytes_max = bytes_max};

	return replay_with(bytes, count, &options, ret_probe, why);
}

struct ltr_probe *replay_all(const struct tape *tape, uint64_t at_ns)
{
	struct ltr_probe *probe = NULL;
	struct ltr_why why;
	int err = replay(tape->bytes, tape->used, at_ns, 0, &probe, &why);

	if (err)
		print_message("%s\n", why.text);
	assert_int_equal(err, 0);
	return probe;
}

/* --- symbols: made from the address -------------------------------------------------------- */

static const struct ltr_module modules[] = {
	{.start = 0, .end = 0x8000, .offset = 16, .path = "/bin/program", .build_id = "00ff"},
	{.start = 0x8000, .end = 0x10000, .path = "/lib/\033[2Jlib.so", .build_id = ""},
};
static struct ltr_symbol made_symbols[2][0x200];
static char made_names[0x200][16];

static const struct ltr_symbol *find_symbol(void *context, uint64_t pc)
{
	(void)context;
	struct ltr_symbol *outer = &made_symbols[1][pc % 0x200];
	struct ltr_symbol *inner = &made_symbols[0][pc % 0x200];

	snprintf(made_names[pc % 0x200], sizeof(made_names[0]), "function %d", (int)(pc % 0x200));
	*outer = (struct ltr_symbol){.function = made_names[pc % 0x200],
				     .file = "a.c",
				     .line = (uint32_t)pc,
				     .module = pc < 0x8000 ? 0 : 1,
				     .start = pc & ~7ull,
				     .is_runtime = pc & 1};
	*inner = *outer;
	inner->function = "inlined";
	inner->outer = outer;
	return pc & 2 ? inner : outer;
}

static size_t count_modules(void *context)
{
	(void)context;
	return 2;
}

static const struct ltr_module *module_at(void *context, size_t index)
{
	(void)context;
	return &modules[index];
}

static const struct ltr_symbol_source symbols = {
	.find = find_symbol,
	.module_count = count_modules,
	.module = module_at,
};

/* --- random calls --------------------------------------------------------------------------- */

void make(struct made *made, uint64_t seed, const struct ltr_recorder_options *options)
{
	*made = (struct made){.chance = {seed}, .now_ns = STARTED};
	assert_int_equal(ltr_census_new(&made->census), 0);
	assert_int_equal(ltr_census_keep_waits(made->census), 0);
	ltr_census_set_symbols(made->census, &symbols, NULL);
	struct ltr_census_info *info = ltr_census_info_mut(made->census);
	info->pid = 4711;
	info->way = LTR_WAY_SHM;
	info->started_ns = STARTED;
	snprintf(info->command, sizeof(info->command), "./server --port 80");
	assert_int_equal(ltr_recorder_new(options, &made->recorder), 0);
	if (options->sink.context)
		((struct tape *)options->sink.context)->census = made->census;
	ltr_recorder_attach(made->recorder, made->census);
}

void unmake(struct made *made)
{
	ltr_recorder_free(made->recorder);
	ltr_census_free(made->census);
}

static uint32_t some_stack(struct made *made)
{
	uint64_t pcs[5];
	uint32_t stack;
	uint32_t which = chance_below(&made->chance, STACKS);
	size_t depth = which % 5;

	for (size_t i = 0; i < depth; i++)
		pcs[i] = 0x7fff00ull + which * 16ull - i * 3;
	assert_int_equal(ltr_census_intern_stack(made->census, pcs, depth, &stack), 0);
	return stack;
}

static uint32_t some_string(struct made *made)
{
	char text[32] = "";
	uint32_t string;
	uint32_t which = chance_below(&made->chance, NAMES);

	if (which)
		snprintf(text, sizeof(text), "name %u \033[31m\377", which);
	assert_int_equal(ltr_census_intern_string(made->census, text, &string), 0);
	return string;
}

static void put_someone(struct made *made, uint64_t id)
{
	struct chance *chance = &made->chance;
	struct ltr_census_label label = {some_string(made), some_string(made)};
	struct ltr_goroutine goroutine = {
		.id = id,
		.parent_id = chance_below(chance, 4),
		.since_ns = made->now_ns - chance_below(chance, 1000),
		.created_ns = chance_below(chance, 2) ? made->now_ns - 5000 : 0,
		.object = chance_next(chance),
		.waker_id = chance_below(chance, 9),
		.entry_pc = 0x1000 + chance_below(chance, 3) * 64,
		.creation_pc = 0x2001 + chance_below(chance, 3) * 64,
		.stack = some_stack(made),
		.name = some_string(made),
		.transitions = made->sequences[id] + chance_below(chance, 2),
		.state = (uint8_t)chance_below(chance, LTR_STATE_COUNT),
		.reason = (uint8_t)chance_below(chance, LTR_REASON_COUNT),
		.flags = (uint16_t)(chance_next(chance) & 0x3b),
	};

	assert_int_equal(ltr_census_intern_labels(made->census, &label, chance_below(chance, 2),
						  &goroutine.labels),
			 0);
	assert_int_equal(ltr_census_intern_site(made->census, "site.c", "make",
						chance_below(chance, 4), &goroutine.site),
			 0);
	assert_int_equal(ltr_census_snapshot_put(made->census, &goroutine), 0);
}

/* What is waited on by anybody, and the cases of those who wait on several. */
static void note_objects(struct made *made)
{
	struct chance *chance = &made->chance;

	ltr_census_objects_begin(made->census, ltr_census_info(made->census)->now_ns);
	for (size_t i = 0; i < ltr_census_count(made->census); i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(made->census, i);
		const struct ltr_object object = {
			.address = goroutine->object ? goroutine->object : 0x7000 + i,
			.made_pc = chance_below(chance, 2) ? 0x1001 + chance_below(chance, 9) : 0,
			.giver_id = chance_below(chance, 99),
			.taker_id = UINT64_MAX - chance_below(chance, 9),
			.count = chance_below(chance, 9) - 4,
			.capacity = INT64_MIN + chance_below(chance, 9),
			.first_at = 0x1001 + chance_below(chance, 9),
			.given_at = 0x1001 + chance_below(chance, 9),
			.taken_at = UINT32_MAX,
			.kind = goroutine->object ? ltr_census_object_kind(goroutine->reason)
						  : LTR_OBJECT_CHANNEL,
			.counted = chance_below(chance, 2),
			.closed = chance_below(chance, 2),
		};
		const struct ltr_select_case one = {
			goroutine->id, 0x7000 + i, goroutine->transitions,
			(uint8_t)chance_below(chance, 9), chance_below(chance, 2)};

		assert_int_equal(ltr_census_object_put(made->census, &object), 0);
		assert_int_equal(ltr_census_case_put(made->census, &one), 0);
	}
	ltr_census_objects_end(made->census);
}

/* What the kernel says of some who run or are in a call, as it were. */
static void see_threads(struct made *made)
{
	struct chance *chance = &made->chance;
	struct ltr_thread threads[8] = {0};
	bool in_call[8];
	size_t count = chance_below(chance, 9);

	for (size_t i = 0; i < count; i++) {
		threads[i] = (struct ltr_thread){
			.goroutine_id = 1 + i * 3 + chance_below(chance, 3),
			.since_ns = chance_below(chance, 2) ? made->now_ns - 77 : 0,
			.tid = chance_below(chance, 100000),
			.call = (int32_t)chance_below(chance, 400) - 1,
			.call_name = some_string(made),
			.state = (uint8_t)chance_below(chance, LTR_THREAD_STOPPED + 1),
		};
		const struct ltr_goroutine *goroutine =
			ltr_census_find(made->census, threads[i].goroutine_id);
		in_call[i] = goroutine && goroutine->state == LTR_STATE_SYSCALL;
	}
	assert_int_equal(ltr_census_set_threads(made->census, threads, in_call, count), 0);
}

static void see_sockets(struct made *made)
{
	struct ltr_known_socket sockets[32] = {0};
	size_t count = 0;

	for (size_t i = 0; i < ltr_census_count(made->census) && count < 32; i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(made->census, i);

		if (goroutine->state != LTR_STATE_NETWORK)
			continue;
		sockets[count].goroutine_id = goroutine->id;
		sockets[count].transitions = goroutine->transitions;
		snprintf(sockets[count].is.local, sizeof(sockets[0].is.local), "127.0.0.1:%u",
			 chance_below(&made->chance, 65536));
		if (chance_below(&made->chance, 2))
			snprintf(sockets[count].is.peer, sizeof(sockets[0].is.peer),
				 "@\033[2Jname \377 %u", chance_below(&made->chance, 9));
		count++;
	}
	assert_int_equal(ltr_census_know_sockets(made->census, sockets, count, true), 0);
}

void look(struct made *made, bool complete)
{
	assert_int_equal(ltr_census_snapshot_begin(made->census, made->now_ns), 0);
	for (uint64_t id = 1; id < 32; id++)
		if (chance_below(&made->chance, 3))
			put_someone(made, id);
	for (uint32_t i = chance_below(&made->chance, 4); i > 0; i--) {
		const struct ltr_lock lock = {
			.object = i * 64ull,
			.owner_id = chance_below(&made->chance, 9),
			.readers = chance_below(&made->chance, 3),
			.locked_at = 0x1001 + chance_below(&made->chance, 9),
			.stray_unlock = i & 1,
			.stray_reader = i & 2,
		};
		const struct ltr_reader reader = {lock.object, lock.owner_id};

		assert_int_equal(ltr_census_snapshot_lock(made->census, &lock), 0);
		assert_int_equal(ltr_census_snapshot_reader(made->census, &reader), 0);
	}
	assert_int_equal(ltr_census_snapshot_end(made->census, complete), 0);
	note_objects(made);
	see_threads(made); /* as a probe does */
	see_sockets(made);
}

static void hear(struct made *made)
{
	struct ltr_event events[24];
	struct chance *chance = &made->chance;
	uint32_t ring = chance_below(chance, RINGS);
	size_t count = chance_below(chance, 24);

	for (size_t i = 0; i < count; i++) {
		uint64_t id = 1 + chance_below(chance, 31);
		uint32_t gap = chance_below(chance, 12) == 0;

		made->sequences[id] += 1 + gap;
		events[i] = (struct ltr_event){
			.goroutine = id,
			.ticks = made->now_ns += 1 + chance_below(chance, 900),
			.arg = chance_below(chance, 2) ? chance_below(chance, 5)
						       : chance_next(chance),
			.sequence = made->sequences[id],
			.kind = (uint8_t)(1 + chance_below(chance, LTR_KIND_COUNT + 1)),
			.reason = (uint8_t)chance_below(chance, LTR_REASON_COUNT + 2),
			.flags = (uint8_t)chance_below(chance, 2),
		};
		if (events[i].kind == LTR_KIND_LOST && made->no_loss)
			events[i].kind = LTR_KIND_YIELD;
		if (events[i].kind == LTR_KIND_STACK)
			events[i].arg = 1 + chance_below(chance, 30);
	}
	uint64_t jump = !made->no_loss && chance_below(chance, 30) == 0;
	made->positions[ring] += jump;
	assert_int_equal(ltr_census_apply(made->census, &nanoseconds, ring, made->positions[ring],
					  events, count),
			 0);
	made->positions[ring] += count;
}

static void see_cpu(struct made *made)
{
	struct ltr_census_info *info = ltr_census_info_mut(made->census);
	const uint64_t pcs[] = {0x7000 + chance_below(&made->chance, 64), 0x6001};

	info->cpu_period_ns = 10101010;
	info->cpu_started_ns = STARTED + 5;
	if (!made->no_loss)
		info->cpu_lost += chance_below(&made->chance, 2);
	for (uint32_t i = chance_below(&made->chance, 5); i > 0; i--)
		assert_int_equal(ltr_census_add_cpu_sample(made->census, made->now_ns - i,
							   chance_below(&made->chance, 40),
							   chance_below(&made->chance, 2), pcs,
							   i % 3),
				 0);
	snprintf(info->threads_reason, sizeof(info->threads_reason), "%u \033[2J",
		 chance_below(&made->chance, 3));
}

void call_something(struct made *made)
{
	struct chance *chance = &made->chance;
	struct ltr_census_info *info = ltr_census_info_mut(made->census);
	uint64_t pcs[] = {0x7000 + chance_below(chance, 64), 0x6001};

	made->now_ns += chance_below(chance, 20000000);
	switch (chance_below(chance, 16)) {
	case 0:
		look(made, chance_below(chance, 4));
		info->unreadable = chance_below(chance, 3);
		break;
	case 1:
		if (!made->no_loss)
			ltr_census_note_loss(made->census, chance_below(chance, 3));
		break;
	case 2:
		ltr_census_note_doubt(made->census);
		break;
	case 3:
		assert_int_equal(ltr_census_define_stack(made->census,
							 1 + chance_below(chance, DEFINED), pcs, 2),
				 0);
		break;
	case 4:
		info->threads = chance_below(chance, 9);
		info->created = chance_next(chance);
		info->phase = chance_below(chance, 3);
		info->wall_ns = made->now_ns * 2;
		break;
	case 5:
		see_threads(made);
		see_sockets(made);
		break;
	case 6:
		see_cpu(made);
		break;
	default:
		hear(made);
	}
	ltr_census_advance(made->census, made->now_ns);
}

/* --- two censuses --------------------------------------------------------------------------- */

static void same_symbol(const struct ltr_census *a, const struct ltr_census *b, uint64_t pc)
{
	const struct ltr_symbol *is = ltr_census_symbol(a, pc);
	const struct ltr_symbol *read = ltr_census_symbol(b, pc);

	for (; is && read; is = is->outer, read = read->outer) {
		assert_string_equal(is->function, read->function);
		assert_string_equal(is->file, read->file);
		assert_int_equal(is->line, read->line);
		assert_int_equal(is->module, read->module);
		assert_int_equal(is->start, read->start);
		assert_int_equal(is->is_runtime, read->is_runtime);
	}
	assert_true(!is && !read);
}

static void same_stack(const struct ltr_census *a, uint32_t stack_a, const struct ltr_census *b,
		       uint32_t stack_b)
{
	size_t depth_a;
	size_t depth_b;
	const uint64_t *pcs_a = ltr_census_stack(a, stack_a, &depth_a);
	const uint64_t *pcs_b = ltr_census_stack(b, stack_b, &depth_b);

	assert_int_equal(depth_a, depth_b);
	for (size_t i = 0; i < depth_a; i++) {
		assert_int_equal(pcs_a[i], pcs_b[i]);
		same_symbol(a, b, pcs_a[i] - 1);
	}
}

void same_symbols(const struct ltr_census *a, const struct ltr_census *b, uint32_t stack_b)
{
	size_t depth;
	const uint64_t *pcs = ltr_census_stack(b, stack_b, &depth);

	for (size_t i = 0; i < depth; i++)
		same_symbol(a, b, pcs[i] - 1);
}

static bool knows_stack(const struct ltr_census *census, uint32_t stack)
{
	size_t depth;

	return ltr_census_stack(census, stack, &depth) && depth;
}

/* Whether the program gives one of its numbers to this stack of `b`. */
static bool defines_stack(const struct ltr_census *census, const struct ltr_census *b,
			  uint32_t stack_b)
{
	for (uint32_t number = 1; number <= DEFINED; number++)
		if (census_same_stack(census, ltr_census_defined_stack(census, number), b, stack_b))
			return true;
	return false;
}

static void same_goroutine(const struct ltr_census *a, const struct ltr_goroutine *is,
			   const struct ltr_census *b, const struct ltr_census *later)
{
	const struct ltr_goroutine *read = ltr_census_find(b, is->id);

	assert_non_null(read);
#define SAME(field) assert_int_equal(is->field, read->field)
	SAME(parent_id), SAME(since_ns), SAME(created_ns), SAME(object), SAME(waker_id);
	SAME(entry_pc), SAME(creation_pc), SAME(transitions), SAME(state), SAME(reason);
	SAME(flags);
#undef SAME
	if (later && knows_stack(b, read->stack) && !knows_stack(a, is->stack))
		assert_true(defines_stack(later, b, read->stack));
	else
		same_stack(a, is->stack, b, read->stack);
	if (is->entry_pc)
		same_symbol(a, b, is->entry_pc);
	if (is->creation_pc)
		same_symbol(a, b, is->creation_pc - 1);
	assert_string_equal(ltr_census_string(a, is->name), ltr_census_string(b, read->name));

	const struct ltr_census_position *site_a = ltr_census_site(a, is->site);
	const struct ltr_census_position *site_b = ltr_census_site(b, read->site);
	assert_int_equal(!site_a, !site_b);
	if (site_a && site_b) {
		assert_int_equal(site_a->line, site_b->line);
		assert_string_equal(ltr_census_string(a, site_a->function),
				    ltr_census_string(b, site_b->function));
	}
	size_t count_a;
	size_t count_b;
	const struct ltr_census_label *labels_a = ltr_census_labels(a, is->labels, &count_a);
	const struct ltr_census_label *labels_b = ltr_census_labels(b, read->labels, &count_b);
	assert_int_equal(count_a, count_b);
	for (size_t i = 0; i < count_a; i++)
		assert_string_equal(ltr_census_string(a, labels_a[i].value),
				    ltr_census_string(b, labels_b[i].value));
}

void same_goroutines(const struct ltr_census *a, const struct ltr_census *b,
		     const struct ltr_census *later)
{
	assert_int_equal(ltr_census_count(a), ltr_census_count(b));
	for (size_t i = 0; i < ltr_census_count(a); i++)
		same_goroutine(a, ltr_census_at(a, i), b, later);
	assert_memory_equal(ltr_census_info(a)->by_state, ltr_census_info(b)->by_state,
			    sizeof(ltr_census_info(a)->by_state));
	assert_int_equal(ltr_census_info(a)->now_ns, ltr_census_info(b)->now_ns);
}

static void same_locks(const struct ltr_census *a, const struct ltr_census *b)
{
	assert_int_equal(ltr_census_lock_count(a), ltr_census_lock_count(b));
	for (size_t i = 0; i < ltr_census_lock_count(a); i++) {
		const struct ltr_lock *is = ltr_census_lock(a, i);
		const struct ltr_lock *read = ltr_census_lock(b, i);

#define SAME(field) assert_int_equal(is->field, read->field)
		SAME(object), SAME(owner_id), SAME(readers), SAME(locked_at);
		SAME(stray_unlock), SAME(stray_reader);
#undef SAME
		assert_int_equal(ltr_census_locked_pc(a, is), ltr_census_locked_pc(b, read));
		if (ltr_census_locked_pc(a, is))
			same_symbol(a, b, ltr_census_locked_pc(a, is) - 1);
	}
	assert_int_equal(ltr_census_reader_count(a), ltr_census_reader_count(b));
	for (size_t i = 0; i < ltr_census_reader_count(a); i++)
		assert_int_equal(ltr_census_reader(a, i)->goroutine_id,
				 ltr_census_reader(b, i)->goroutine_id);
}

static void same_object(const struct ltr_census *a, const struct ltr_object *is,
			const struct ltr_census *b, const struct ltr_object *read)
{
	assert_int_equal(!is, !read);
	if (!is)
		return;
#define SAME(field) assert_int_equal(is->field, read->field)
	SAME(address), SAME(made_pc), SAME(giver_id), SAME(taker_id), SAME(count), SAME(capacity);
	SAME(first_at), SAME(given_at), SAME(taken_at), SAME(kind), SAME(counted), SAME(closed);
#undef SAME
	assert_int_equal(ltr_census_made_pc(a, is), ltr_census_made_pc(b, read));
	if (ltr_census_made_pc(a, is))
		same_symbol(a, b, ltr_census_made_pc(a, is) - 1);
	if (ltr_census_pc_of_half(a, is->given_at))
		same_symbol(a, b, ltr_census_pc_of_half(a, is->given_at) - 1);
}

static void same_objects(const struct ltr_census *a, const struct ltr_census *b)
{
	for (size_t i = 0; i < ltr_census_count(a); i++) {
		const struct ltr_goroutine *is = ltr_census_at(a, i);
		const struct ltr_goroutine *read = ltr_census_find(b, is->id);
		size_t count_a, count_b;
		const struct ltr_select_case *cases_a = ltr_census_cases_of(a, is, &count_a);
		const struct ltr_select_case *cases_b = ltr_census_cases_of(b, read, &count_b);

		same_object(a, ltr_census_object_of(a, is), b, ltr_census_object_of(b, read));
		assert_int_equal(count_a, count_b);
		for (size_t j = 0; j < count_a; j++) {
			assert_int_equal(cases_a[j].address, cases_b[j].address);
			assert_int_equal(cases_a[j].index, cases_b[j].index);
			assert_int_equal(cases_a[j].receives, cases_b[j].receives);
			same_object(a, ltr_census_case_object(a, &cases_a[j]), b,
				    ltr_census_case_object(b, &cases_b[j]));
		}
	}
}

static void same_threads(const struct ltr_census *a, const struct ltr_census *b)
{
	assert_int_equal(ltr_census_thread_count(a), ltr_census_thread_count(b));
	for (size_t i = 0; i < ltr_census_thread_count(a); i++) {
		const struct ltr_thread *is = ltr_census_thread(a, i);
		const struct ltr_thread *read = ltr_census_thread(b, i);

#define SAME(field) assert_int_equal(is->field, read->field)
		SAME(goroutine_id), SAME(since_ns), SAME(transitions), SAME(tid), SAME(call);
		SAME(state);
#undef SAME
		/* A system call has no name that long. */
		assert_int_equal(strncmp(ltr_census_string(a, is->call_name),
					 ltr_census_string(b, read->call_name), 31),
				 0);
	}
}

static void same_sockets(const struct ltr_census *a, const struct ltr_census *b)
{
	for (size_t i = 0; i < ltr_census_count(a); i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(a, i);
		struct ltr_census_socket is;
		struct ltr_census_socket read;

		assert_int_equal(ltr_census_socket(a, goroutine, &is),
				 ltr_census_socket(b, goroutine, &read));
		if (!ltr_census_socket(a, goroutine, &is))
			continue;
		assert_string_equal(is.local, read.local);
		assert_string_equal(is.peer, read.peer);
	}
}

void same_kernel(const struct ltr_census *a, const struct ltr_census *b)
{
	same_threads(a, b);
	same_sockets(a, b);
	assert_string_equal(ltr_census_info(a)->cpu_reason, ltr_census_info(b)->cpu_reason);
	assert_string_equal(ltr_census_info(a)->threads_reason, ltr_census_info(b)->threads_reason);
	assert_string_equal(ltr_census_info(a)->sockets_reason, ltr_census_info(b)->sockets_reason);
}

static void same_cpu(const struct ltr_census *a, const struct ltr_census *b)
{
	const struct ltr_census_info *info_a = ltr_census_info(a);
	const struct ltr_census_info *info_b = ltr_census_info(b);

	assert_int_equal(info_a->cpu_period_ns, info_b->cpu_period_ns);
	assert_int_equal(info_a->cpu_started_ns, info_b->cpu_started_ns);
	assert_int_equal(info_a->cpu_lost, info_b->cpu_lost);
	assert_int_equal(ltr_census_cpu_count(a), ltr_census_cpu_count(b));
	for (size_t i = 0; i < ltr_census_cpu_count(a); i++) {
		const struct ltr_cpu_total *is = ltr_census_cpu(a, i);
		const struct ltr_cpu_total *read = ltr_census_cpu(b, i);

		same_stack(a, is->stack, b, read->stack);
		assert_int_equal(is->samples, read->samples);
		assert_int_equal(is->state, read->state);
		assert_string_equal(ltr_census_string(a, is->name),
				    ltr_census_string(b, read->name));
		assert_int_equal(!is->site, !read->site);
		assert_int_equal(!is->labels, !read->labels);
	}
}

static void same_group(const struct ltr_census *a, uint32_t group_a, const struct ltr_census *b,
		       uint32_t group_b)
{
	const struct ltr_census_group *is = ltr_census_group(a, group_a);
	const struct ltr_census_group *read = ltr_census_group(b, group_b);

	assert_string_equal(ltr_census_string(a, is->name), ltr_census_string(b, read->name));
	assert_int_equal(!is->site, !read->site);
	assert_int_equal(!is->labels, !read->labels);
}

void same_census(const struct ltr_census *a, const struct ltr_census *b)
{
	const struct ltr_census_info *is = ltr_census_info(a);
	const struct ltr_census_info *read = ltr_census_info(b);

	same_goroutines(a, b, NULL);
#define SAME(field) assert_int_equal(is->field, read->field)
	SAME(started_ns), SAME(events), SAME(lost), SAME(pid), SAME(processors);
	SAME(gone), SAME(created), SAME(exited), SAME(wall_ns), SAME(unreadable), SAME(threads);
	SAME(phase);
#undef SAME
	assert_string_equal(is->command, read->command);
	same_locks(a, b);
	same_objects(a, b);
	same_kernel(a, b);
	same_cpu(a, b);
	assert_int_equal(ltr_census_is_unsure(a), ltr_census_is_unsure(b));
	assert_int_equal(wait_count_of(a), wait_count_of(b));
	for (size_t i = 0; i < wait_count_of(a); i++) {
		const struct ltr_wait_total *wait_a = ltr_census_wait(a, i);
		const struct ltr_wait_total *wait_b = ltr_census_wait(b, i);

		same_stack(a, wait_a->stack, b, wait_b->stack);
		same_group(a, wait_a->group, b, wait_b->group);
		assert_int_equal(wait_a->state, wait_b->state);
		assert_int_equal(wait_a->reason, wait_b->reason);
		assert_int_equal(wait_a->count, wait_b->count);
		assert_int_equal(wait_a->unfinished, wait_b->unfinished);
		assert_int_equal(wait_a->total_ns, wait_b->total_ns);
		assert_int_equal(wait_a->longest_ns, wait_b->longest_ns);
	}
	assert_int_equal(ltr_census_histogram_count(a), ltr_census_histogram_count(b));
	for (size_t i = 0; i < ltr_census_histogram_count(a); i++)
		assert_memory_equal(ltr_census_histogram(a, i), ltr_census_histogram(b, i),
				    sizeof(struct ltr_histogram));
	assert_int_equal(ltr_census_module_count(b), 2);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(ltr_census_module(b, i)->path, modules[i].path);
		assert_string_equal(ltr_census_module(b, i)->build_id, modules[i].build_id);
		assert_int_equal(ltr_census_module(b, i)->end, modules[i].end);
		assert_int_equal(ltr_census_module(b, i)->offset, modules[i].offset);
	}
}
