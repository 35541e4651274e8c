// SPDX-License-Identifier: MIT
/*
 * A recording: the file, block by block, into a census. A checksum would keep every change out of the
 * blocks' contents, and zstd most: an input whose first byte is 'f' is the file itself; of any other the
 * rest is a list of blocks, each its kind, its size in two bytes and its contents as they are before they
 * are packed, and the file is made of that ('1': of version 1). What comes out is looked at as consumers do.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zstd.h>

#include "census_fill.h"
#include "fuzz_census.h"
#include "probe.h"
#include "record.h"
#include "record_format.h"
#include "timeline.h"

#define BYTES_MAX ((size_t)64 << 20)

/* --- a file in memory ------------------------------------------------------------------------ */

static int file_fd = -1;
static char file_name[32];

static void begin_file(void)
{
	if (file_fd < 0)
		file_fd = memfd_create("recording", MFD_CLOEXEC);
	if (file_fd < 0 || ftruncate(file_fd, 0) < 0 || lseek(file_fd, 0, SEEK_SET) < 0)
		abort();
	snprintf(file_name, sizeof(file_name), "/proc/self/fd/%d", file_fd);
}

static void add_bytes(const void *bytes, size_t count)
{
	if (write(file_fd, bytes, count) != (ssize_t)count)
		abort();
}

static void add_block(uint32_t kind, const uint8_t *raw, size_t count)
{
	static ZSTD_CCtx *zstd;
	unsigned char header[LTR__BLOCK_HEADER_BYTES];
	size_t bound = ZSTD_compressBound(count);
	uint8_t *stored = malloc(bound);
	struct ltr__block block = {.kind = kind, .raw = (uint32_t)count};

	if (!zstd)
		zstd = ZSTD_createCCtx();
	if (!stored || !zstd)
		abort();
	block.stored = (uint32_t)ZSTD_compressCCtx(zstd, stored, bound, raw, count, 1);
	block.crc = ltr__block_crc(&block, stored);
	ltr__block_pack(&block, header);
	add_bytes(header, sizeof(header));
	add_bytes(stored, block.stored);
	free(stored);
}

static void add_blocks(uint8_t version, const uint8_t *data, size_t size)
{
	unsigned char header[LTR__FILE_HEADER_BYTES] = LTR__RECORD_MAGIC;

	header[8] = version;
	add_bytes(header, sizeof(header));
	while (size >= 3) {
		size_t count = data[1] | (size_t)data[2] << 8;

		if (count > size - 3)
			count = size - 3;
		add_block(data[0], data + 3, count);
		data += 3 + count;
		size -= 3 + count;
	}
}

/* --- what consumers do ----------------------------------------------------------------------- */

static void look_at_symbols(const struct ltr_census *census, uint64_t pc)
{
	const struct ltr_symbol *symbol = ltr_census_call_symbol(census, pc);
	int depth = 0;

	for (; symbol; symbol = symbol->outer, depth++) {
		fuzz_expect(strlen(symbol->function) <= 255 && strlen(symbol->file) <= 255);
		fuzz_expect(symbol->module == UINT32_MAX ||
			    symbol->module < ltr_census_module_count(census));
	}
	fuzz_expect(depth <= (int)LTR__RECORD_CHAIN_MAX);
}

static void look_at_kernel(const struct ltr_census *census)
{
	const struct ltr_census_info *info = ltr_census_info(census);
	struct ltr_census_socket socket;
	uint64_t last_id = 0;
	size_t depth;

	fuzz_expect(strlen(info->cpu_reason) < sizeof(info->cpu_reason));
	fuzz_expect(strlen(info->threads_reason) < sizeof(info->threads_reason));
	fuzz_expect(strlen(info->sockets_reason) < sizeof(info->sockets_reason));
	for (size_t i = 0; i < ltr_census_thread_count(census); i++) {
		const struct ltr_thread *thread = ltr_census_thread(census, i);

		fuzz_expect(thread->goroutine_id >= last_id);
		fuzz_expect(strcmp(ltr_thread_state_name(thread->state), "") != 0);
		fuzz_expect(strlen(ltr_census_string(census, thread->call_name)) < 32);
		last_id = thread->goroutine_id;
	}
	for (size_t i = 0; i < ltr_census_cpu_count(census); i++) {
		const struct ltr_cpu_total *total = ltr_census_cpu(census, i);
		const uint64_t *pcs = ltr_census_stack(census, total->stack, &depth);

		fuzz_expect(total->samples > 0 && total->state < LTR_STATE_COUNT);
		for (size_t frame = 0; frame < depth; frame++)
			look_at_symbols(census, pcs[frame]);
		fuzz_expect(strlen(ltr_census_string(census, total->name)) <= 255);
		fuzz_expect(!total->site || ltr_census_site(census, total->site));
		(void)ltr_census_labels(census, total->labels, &depth);
	}
	for (size_t i = 0; i < ltr_census_count(census); i++) {
		(void)ltr_census_thread_of(census, ltr_census_at(census, i));
		if (!ltr_census_socket(census, ltr_census_at(census, i), &socket))
			continue;
		fuzz_expect(strlen(socket.local) < sizeof(socket.local));
		fuzz_expect(strlen(socket.peer) < sizeof(socket.peer));
	}
}

static void look_at_goroutines(const struct ltr_census *census)
{
	size_t count;

	fuzz_check_census(census);
	look_at_kernel(census);
	for (size_t i = 0; i < ltr_census_count(census); i++) {
		const struct ltr_goroutine *goroutine = ltr_census_at(census, i);
		const uint64_t *pcs = ltr_census_stack(census, goroutine->stack, &count);

		fuzz_expect(goroutine->state < LTR_STATE_COUNT);
		for (size_t frame = 0; frame < count; frame++)
			look_at_symbols(census, pcs[frame]);
		look_at_symbols(census, goroutine->creation_pc);
		fuzz_expect(ltr_census_first_frame(census, goroutine->stack) <= count);
		(void)ltr_census_labels(census, goroutine->labels, &count);
		(void)ltr_census_site(census, goroutine->site);
		(void)ltr_census_lock_of(census, goroutine);
	}
}

/* What holds of every step, whatever is in the file. */
static void take_step(void *context, const struct ltr_census *census, const struct ltr_step *step)
{
	size_t depth;

	(void)context;
	fuzz_expect(step->goroutine_id != 0);
	fuzz_expect(step->at_ns >= step->from_ns);
	fuzz_expect(step->from_ns || !step->state);
	fuzz_expect(!step->unfinished || !step->other_id);
	(void)ltr_census_first_frame(census, step->stack);
	(void)ltr_census_stack(census, step->stack, &depth);
	(void)ltr_census_find(census, step->other_id);
}

static void tell_steps(void)
{
	static const struct ltr_steps steps = {.take = take_step};
	const struct ltr_replay_options options = {
		.waits = true, .at_ns = UINT64_MAX, .bytes_max = BYTES_MAX, .steps = &steps};
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {.text = ""};
	int err = ltr_probe_open_file(file_name, &options, &probe, &why);

	fuzz_expect(!err || why.text[0]);
	ltr_probe_close(probe);
}

static void replay(uint64_t at_ns)
{
	const struct ltr_replay_options options = {
		.waits = true, .at_ns = at_ns, .bytes_max = BYTES_MAX};
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};
	int err = ltr_probe_open_file(file_name, &options, &probe, &why);

	fuzz_expect(!err || why.text[0]);
	if (!err)
		look_at_goroutines(ltr_probe_census(probe));
	ltr_probe_close(probe);
}

/* Back and forth. */
static void play(void)
{
	const struct ltr_replay_options options = {
		.at_ns = UINT64_MAX, .bytes_max = BYTES_MAX, .seeks = true};
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};

	if (ltr_probe_open_file(file_name, &options, &probe, &why))
		return;
	const struct ltr_timeline *timeline = ltr_probe_timeline(probe);
	uint64_t span = timeline->end_ns - timeline->begin_ns;
	const uint64_t moments_ns[] = {
		timeline->begin_ns,
		timeline->begin_ns + 1,
		timeline->begin_ns + span / 3,
		timeline->begin_ns + span / 2,
		timeline->begin_ns + span / 3,
		timeline->end_ns - 1,
		timeline->end_ns,
		0,
	};

	fuzz_expect(timeline->begin_ns <= timeline->end_ns);
	fuzz_expect(timeline->count <= LTR_TIMELINE_SAMPLES);
	for (size_t i = 0; i < sizeof(moments_ns) / sizeof(moments_ns[0]); i++) {
		why.text[0] = '\0';
		fuzz_expect(!ltr_probe_seek(probe, moments_ns[i], &why) || why.text[0]);
		look_at_goroutines(ltr_probe_census(probe));
	}
	for (uint64_t id = 1; id < 4; id++)
		while (ltr_probe_follow(probe, id) > 0)
			;
	ltr_probe_close(probe);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	begin_file();
	if (size && data[0] == 'f')
		add_bytes(data + 1, size - 1);
	else if (size)
		add_blocks(data[0] == '1' ? 1 : LTR__RECORD_VERSION, data + 1, size - 1);
	(void)ltr_probe_is_recording(file_name);
	replay(UINT64_MAX);
	play();
	replay(5000);
	tell_steps();
	return 0;
}

/* --- seeds: a short life, recorded ----------------------------------------------------------- */

static struct {
	uint8_t bytes[1u << 16];
	size_t used;
} tape;

static int tape_write(void *context, const void *bytes, size_t count)
{
	(void)context;
	if (count > sizeof(tape.bytes) - tape.used)
		return -ENOSPC;
	memcpy(tape.bytes + tape.used, bytes, count);
	tape.used += count;
	return 0;
}

static const struct ltr_symbol *find_symbol(void *context, uint64_t pc)
{
	static const struct ltr_symbol outer = {
		.function = "run", .file = "a.c", .line = 7, .module = 0, .start = 4096};
	static const struct ltr_symbol inner = {.function = "inlined",
						.file = "a.h",
						.line = 3,
						.module = 0,
						.start = 4096,
						.is_runtime = true,
						.outer = &outer};

	(void)context;
	return pc & 1 ? &inner : &outer;
}

static size_t count_modules(void *context)
{
	(void)context;
	return 1;
}

static const struct ltr_module *module_at(void *context, size_t index)
{
	static const struct ltr_module module = {
		.start = 4096, .end = 65536, .path = "/bin/program", .build_id = "00ff"};

	(void)context, (void)index;
	return &module;
}

/* What a recorder is told of that only the kernel knows. */
static void live_in_kernel(struct ltr_census *census)
{
	const struct ltr_thread threads[] = {
		{.goroutine_id = 4, .tid = 77, .call = -1, .state = LTR_THREAD_READY},
		{.goroutine_id = 5, .since_ns = 950, .tid = 78, .state = LTR_THREAD_ASLEEP},
	};
	const bool in_call[] = {false, true};
	const struct ltr_known_socket socket = {
		.goroutine_id = 6, .transitions = 1, .is = {"127.0.0.1:80", "[::1]:4711"}};
	const uint64_t pcs[] = {4250, 4301};
	struct ltr_census_info *info = ltr_census_info_mut(census);
	struct ltr_thread named[2];

	for (size_t i = 0; i < 2; i++) {
		named[i] = threads[i];
		if (in_call[i])
			ltr_census_intern_string(census, "read", &named[i].call_name);
	}
	ltr_census_set_threads(census, named, in_call, 2);
	ltr_census_know_sockets(census, &socket, 1, true);
	info->cpu_period_ns = 10101010;
	info->cpu_started_ns = 1000;
	ltr_census_add_cpu_sample(census, 1000, 4, false, pcs, 2);
	ltr_census_add_cpu_sample(census, 2000, 0, false, pcs, 0);
	ltr_census_add_cpu_sample(census, 3000, 5, true, pcs, 1);
	info->cpu_lost = 2;
	memcpy(info->threads_reason, "from /proc", sizeof("from /proc"));
}

static void live(struct ltr_census *census)
{
	static const struct ltr_clock_rate nanoseconds = {0, 0, 1.0};
	const struct ltr_event events[] = {
		{.goroutine = 3, .ticks = 2000, .sequence = 1, .kind = LTR_KIND_CREATE, .arg = 1},
		{.goroutine = 3,
		 .ticks = 3000,
		 .sequence = 2,
		 .kind = LTR_KIND_START,
		 .flags = LTR_EVENT_FIRST,
		 .arg = 5001},
		{.goroutine = 3,
		 .ticks = 6000,
		 .sequence = 3,
		 .kind = LTR_KIND_PARK,
		 .reason = LTR_REASON_CHAN_SEND,
		 .arg = 0xc000},
		{.goroutine = 3, .ticks = 6000, .sequence = 3, .kind = LTR_KIND_STACK, .arg = 2},
	};
	const uint64_t pcs[] = {4200, 4301, 4400};
	struct ltr_goroutine goroutine = {.id = 1,
					  .since_ns = 900,
					  .object = 64,
					  .entry_pc = 5000,
					  .transitions = 5,
					  .state = LTR_STATE_SYNC,
					  .reason = LTR_REASON_MUTEX_LOCK};
	const struct ltr_lock lock = {.object = 64, .owner_id = 2, .locked_at = 4300};
	const struct ltr_reader reader = {.object = 64, .goroutine_id = 2};
	struct ltr_census_label label;

	ltr_census_intern_string(census, "key", &label.key);
	ltr_census_intern_string(census, "value", &label.value);
	ltr_census_intern_labels(census, &label, 1, &goroutine.labels);
	ltr_census_intern_site(census, "a.c", "make", 9, &goroutine.site);
	ltr_census_intern_stack(census, pcs, 3, &goroutine.stack);
	ltr_census_snapshot_begin(census, 1000);
	ltr_census_snapshot_put(census, &goroutine);
	goroutine.id = 2;
	ltr_census_snapshot_put(census, &goroutine);
	goroutine = (struct ltr_goroutine){.id = 4, .state = LTR_STATE_RUNNING, .transitions = 1};
	ltr_census_snapshot_put(census, &goroutine);
	goroutine = (struct ltr_goroutine){
		.id = 5, .state = LTR_STATE_SYSCALL, .reason = LTR_REASON_SYSCALL};
	ltr_census_snapshot_put(census, &goroutine);
	goroutine = (struct ltr_goroutine){.id = 6,
					   .object = 9,
					   .transitions = 1,
					   .state = LTR_STATE_NETWORK,
					   .reason = LTR_REASON_IO_READ};
	ltr_census_snapshot_put(census, &goroutine);
	ltr_census_snapshot_lock(census, &lock);
	ltr_census_snapshot_reader(census, &reader);
	ltr_census_snapshot_end(census, true);
	live_in_kernel(census);
	ltr_census_define_stack(census, 2, pcs, 2);
	ltr_census_apply(census, &nanoseconds, 0, 0, events, 2);
	ltr_census_advance(census, 4000);
	ltr_census_apply(census, &nanoseconds, 0, 2, events + 2, 2);
	ltr_census_note_doubt(census);
	ltr_census_note_loss(census, 3);
	ltr_census_advance(census, 7000);
}

static void record_life(void)
{
	static const struct ltr_symbol_source symbols = {
		.find = find_symbol, .module_count = count_modules, .module = module_at};
	const struct ltr_recorder_options options = {.sink = {.write = tape_write}};
	struct ltr_recorder *recorder;
	struct ltr_census *census;

	tape.used = 0;
	if (ltr_census_new(&census) < 0 || ltr_recorder_new(&options, &recorder) < 0)
		abort();
	ltr_census_set_symbols(census, &symbols, NULL);
	ltr_census_info_mut(census)->way = LTR_WAY_SHM;
	ltr_census_info_mut(census)->started_ns = 1000;
	ltr_recorder_attach(recorder, census);
	live(census);
	if (ltr_recorder_finish(recorder) < 0)
		abort();
	ltr_recorder_free(recorder);
	ltr_census_free(census);
}

/* The blocks of the tape, unpacked, in the second form of an input; how many bytes. */
static size_t unpack_tape(uint8_t *buffer, size_t bytes)
{
	size_t used = 1;

	buffer[0] = 'b';
	for (size_t at = LTR__FILE_HEADER_BYTES; at < tape.used;) {
		struct ltr__block block;

		ltr__block_unpack(tape.bytes + at, &block);
		at += LTR__BLOCK_HEADER_BYTES;
		if (block.raw > 0xffff || block.raw + 3 > bytes - used)
			abort();
		buffer[used++] = (uint8_t)block.kind;
		buffer[used++] = (uint8_t)block.raw;
		buffer[used++] = (uint8_t)(block.raw >> 8);
		if (ZSTD_decompress(buffer + used, block.raw, tape.bytes + at, block.stored) !=
		    block.raw)
			abort();
		used += block.raw;
		at += block.stored;
	}
	return used;
}

size_t fuzz_seed(size_t n, uint8_t *buffer, size_t bytes)
{
	if (n > 2)
		return 0;
	record_life();
	if (n > 0) {
		size_t size = unpack_tape(buffer, bytes);

		if (n == 2)
			buffer[0] = '1';
		return size;
	}
	if (tape.used + 1 > bytes)
		abort();
	buffer[0] = 'f';
	memcpy(buffer + 1, tape.bytes, tape.used);
	return tape.used + 1;
}
