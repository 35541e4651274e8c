// SPDX-License-Identifier: MIT
/* Recordings that no recorder has made: refused with a sentence, in bounded memory. */
#include "recorded.h"

#include <errno.h>

#include <zstd.h>

#include "record_format.h"

static uint64_t test_seed;

static void add_block(struct tape *tape, uint32_t kind, const void *raw, size_t count)
{
	size_t bound = ZSTD_compressBound(count);
	unsigned char header[LTR__BLOCK_HEADER_BYTES];
	void *stored = malloc(bound);
	size_t bytes = ZSTD_compress(stored, bound, raw, count, 1);
	struct ltr__block block = {.kind = kind, .stored = (uint32_t)bytes, .raw = (uint32_t)count};

	block.crc = ltr__block_crc(&block, stored);
	ltr__block_pack(&block, header);
	tape->bytes = realloc(tape->bytes, tape->used + sizeof(header) + bytes);
	memcpy(tape->bytes + tape->used, header, sizeof(header));
	memcpy(tape->bytes + tape->used + sizeof(header), stored, bytes);
	tape->used += sizeof(header) + bytes;
	free(stored);
}

static void begin_file(struct tape *tape)
{
	struct ltr__writing meta = {0};

	*tape = (struct tape){.bytes = calloc(1, LTR__FILE_HEADER_BYTES),
			      .used = LTR__FILE_HEADER_BYTES};
	memcpy(tape->bytes, LTR__RECORD_MAGIC, 8);
	tape->bytes[8] = LTR__RECORD_VERSION;
	for (int i = 0; i < 3; i++)
		ltr__write_number(&meta, 1);
	for (int i = 0; i < 3; i++)
		ltr__write_text(&meta, "text");
	add_block(tape, LTR__BLOCK_META, meta.bytes, meta.used);
	free(meta.bytes);
}

static void must_be_refused(struct tape *tape, int expected, const char *words)
{
	struct ltr_probe *probe = NULL;
	struct ltr_why why;

	assert_int_equal(
		replay(tape->bytes, tape->used, UINT64_MAX, (size_t)64 << 20, &probe, &why),
		expected);
	assert_non_null(strstr(why.text, words));
	free(tape->bytes);
}

static void test_versions(void **state)
{
	(void)state;
	struct tape tape;

	begin_file(&tape);
	tape.bytes[8]++;
	must_be_refused(&tape, -EPROTO, "version 3, and this loiter knows versions 1 to 2");
	begin_file(&tape);
	tape.bytes[11] = 0xff;
	must_be_refused(&tape, -EPROTO, "version");
	begin_file(&tape);
	tape.bytes[0] = 'x';
	must_be_refused(&tape, -ENOEXEC, "is not a recording");
	begin_file(&tape);
	must_be_refused(&tape, -ENODATA, "nothing is known");
	struct ltr_probe *probe;
	struct ltr_why why;
	const struct ltr_replay_options options = {.at_ns = UINT64_MAX};
	assert_int_equal(ltr_probe_open_file("/nowhere/x.ltr", &options, &probe, &why), -ENOENT);
	assert_int_equal(ltr_probe_open_file("/dev/zero", &options, &probe, &why), -ENOEXEC);
	assert_int_equal(ltr_probe_open_file("/tmp", &options, &probe, &why), -ENOEXEC);
	assert_false(ltr_probe_is_recording("/dev/zero"));
	assert_false(ltr_probe_is_recording("/nowhere/x.ltr"));
}

/* A block of a log with these bytes. */
static void must_make_no_sense(const void *log, size_t count)
{
	struct tape tape;

	begin_file(&tape);
	add_block(&tape, LTR__BLOCK_LOG, log, count);
	must_be_refused(&tape, -EBADMSG, "makes no sense");
}

static void test_nonsense(void **state)
{
	(void)state;
	static const unsigned char logs[][16] = {
		{0},                                   /* no entry */
		{16, 1},                               /* nor this */
		{LTR__ENTRY_STRING},                   /* nothing in it */
		{LTR__ENTRY_STRING, 0, 1, 'x'},        /* number 0 */
		{LTR__ENTRY_STRING, 2, 1, 'x'},        /* a number is left out */
		{LTR__ENTRY_STRING, 1, 200, 200, 'x'}, /* longer than the block */
		{LTR__ENTRY_STACK, 1, 129, 1},         /* too deep, and not there */
		{LTR__ENTRY_LABELS, 1, 65},
		{LTR__ENTRY_SNAPSHOT_END, 1}, /* none was begun */
		{LTR__ENTRY_GOROUTINE, 2},
		{LTR__ENTRY_DEFINE, 0, 0},
		{LTR__ENTRY_EVENTS, 1, 1, 255, 255, 255, 255, 15},
		{LTR__ENTRY_ADVANCE, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1},
	};

	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++)
		must_make_no_sense(logs[i], sizeof(logs[i]));
	/* Blocks in an order that no recorder writes them in. */
	struct tape tape;
	begin_file(&tape);
	add_block(&tape, LTR__BLOCK_META, "", 0);
	must_be_refused(&tape, -EBADMSG, "makes no sense");
	begin_file(&tape);
	tape.used = LTR__FILE_HEADER_BYTES;
	add_block(&tape, LTR__BLOCK_LOG, "\013", 1);
	must_be_refused(&tape, -EBADMSG, "makes no sense");
	begin_file(&tape);
	add_block(&tape, LTR__BLOCK_SYMBOLS, "\002\001\101", 3);
	must_be_refused(&tape, -EBADMSG, "makes no sense");
	/* What a later version may add. */
	begin_file(&tape);
	add_block(&tape, 77, "\002\001\101", 3);
	must_be_refused(&tape, -ENODATA, "nothing is known");
}

/* A block that claims to be larger than any may be is not unpacked, whatever its checksum says. */
static void test_sizes(void **state)
{
	(void)state;
	static const uint32_t sizes[] = {0, 1, LTR__BLOCK_RAW_MAX + 1, 1u << 31, UINT32_MAX};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (int stored = 0; stored < 2; stored++) {
			unsigned char header[LTR__BLOCK_HEADER_BYTES];
			struct ltr__block block;
			struct tape tape;
			struct ltr_probe *probe;
			struct ltr_why why;

			begin_file(&tape);
			size_t at = tape.used;
			add_block(&tape, LTR__BLOCK_LOG, "\013\013\013", 3);
			ltr__block_unpack(tape.bytes + at, &block);
			if (stored)
				block.stored = sizes[i];
			else
				block.raw = sizes[i];
			if (block.stored <= tape.used - at - sizeof(header))
				block.crc =
					ltr__block_crc(&block, tape.bytes + at + sizeof(header));
			ltr__block_pack(&block, header);
			memcpy(tape.bytes + at, header, sizeof(header));
			int err = replay(tape.bytes, tape.used, UINT64_MAX, 0, &probe, &why);
			assert_true(err == -EBADMSG || err == -ENODATA);
			free(tape.bytes);
		}
	}
}

/* Small files that want to be large: goroutines, strings, stacks, symbols without end. */
static void test_total_memory(void **state)
{
	(void)state;

	for (int kind = 0; kind < 4; kind++) {
		struct ltr__writing log = {0};
		struct tape tape;
		uint32_t number = 1;

		begin_file(&tape);
		for (int block = 0; block < 40; block++) {
			log.used = 0;
			if (kind == 0) {
				ltr__write_number(&log, LTR__ENTRY_SNAPSHOT_BEGIN);
				ltr__write_number(&log, 7);
			}
			for (int i = 0; i < 100000 && log.used < LTR__BLOCK_RAW_AIM; i++) {
				char text[16];

				snprintf(text, sizeof(text), "%u", number);
				if (kind == 0) {
					unsigned char rest[15] = {0};
					ltr__write_number(&log, LTR__ENTRY_GOROUTINE);
					ltr__write_signed(&log, i ? 1 : (block + 1) * 1000000ull);
					ltr__write_bytes(&log, rest, sizeof(rest));
				} else if (kind == 1) {
					ltr__write_number(&log, LTR__ENTRY_STRING);
					ltr__write_number(&log, number++);
					ltr__write_text(&log, text);
				} else if (kind == 2) {
					ltr__write_number(&log, LTR__ENTRY_STACK);
					ltr__write_number(&log, number);
					ltr__write_number(&log, 128);
					for (int frame = 0; frame < 128; frame++)
						ltr__write_number(&log, frame ? 0 : number);
					number++;
				} else {
					ltr__write_number(&log, LTR__ENTRY_DEFINE);
					ltr__write_number(&log, 0x00ffffff);
					ltr__write_number(&log, 0);
					break;
				}
			}
			add_block(&tape, LTR__BLOCK_LOG, log.bytes, log.used);
		}
		print_message("kind %d: %zu bytes\n", kind, tape.used);
		if (kind < 3)
			must_be_refused(&tape, -EFBIG, "64 MiB of memory");
		else
			must_be_refused(&tape, -EBADMSG, "makes no sense");
		free(log.bytes);
	}
}

static void test_symbols_without_end(void **state)
{
	(void)state;
	struct ltr__writing log = {0};
	struct tape tape;
	struct ltr_probe *probe = NULL;
	struct ltr_why why;
	char text[256];

	memset(text, 'x', sizeof(text) - 1);
	text[255] = '\0';
	begin_file(&tape);
	ltr__write_number(&log, LTR__ENTRY_SNAPSHOT_BEGIN);
	ltr__write_number(&log, 7);
	ltr__write_number(&log, LTR__ENTRY_SNAPSHOT_END);
	ltr__write_number(&log, 1);
	add_block(&tape, LTR__BLOCK_LOG, log.bytes, log.used);
	for (uint64_t pc = 1; pc < 400000;) {
		log.used = 0;
		for (; pc < 400000 && log.used < LTR__BLOCK_RAW_AIM; pc++) {
			ltr__write_number(&log, LTR__ENTRY_SYMBOL);
			ltr__write_number(&log, pc);
			ltr__write_number(&log, 1);
			ltr__write_text(&log, text);
			ltr__write_text(&log, text);
			for (int i = 0; i < 4; i++)
				ltr__write_number(&log, 99);
		}
		add_block(&tape, LTR__BLOCK_SYMBOLS, log.bytes, log.used);
	}
	assert_int_equal(replay(tape.bytes, tape.used, UINT64_MAX, 0, &probe, &why), 0);
	const struct ltr_census *census = ltr_probe_census(probe);
	assert_string_equal(ltr_census_symbol(census, 1)->function, text);
	assert_int_equal(ltr_census_symbol(census, 1)->module, UINT32_MAX);
	assert_string_equal(ltr_census_symbol(census, 399999)->function, "");
	ltr_probe_close(probe);
	free(tape.bytes);
	free(log.bytes);
}

/* --- what only the kernel knows --------------------------------------------------------------- */

/* A file that shows something, and an entry of `kind` with these contents. */
static void begin_kernel_file(struct tape *tape, uint64_t kind, const void *contents, size_t count)
{
	struct ltr__writing log = {0};

	begin_file(tape);
	ltr__write_number(&log, LTR__ENTRY_SNAPSHOT_BEGIN);
	ltr__write_number(&log, 7);
	ltr__write_number(&log, LTR__ENTRY_SNAPSHOT_END);
	ltr__write_number(&log, 1);
	ltr__write_number(&log, LTR__ENTRY_KERNEL);
	ltr__write_number(&log, kind);
	ltr__write_number(&log, count);
	ltr__write_bytes(&log, contents, count);
	add_block(tape, LTR__BLOCK_LOG, log.bytes, log.used);
	free(log.bytes);
}

static void test_kernel_nonsense(void **state)
{
	(void)state;
	static const struct {
		uint64_t kind;
		size_t count;
		unsigned char contents[16];
	} entries[] = {
		{LTR__KERNEL_HOW, 1, {1}},
		{LTR__KERNEL_HOW, 4, {1, 1, 9, 'x'}},       /* a text beyond the end */
		{LTR__KERNEL_SAMPLE, 4, {0, 0, 0, 0}},      /* no state */
		{LTR__KERNEL_SAMPLE, 5, {0, 0, 0, 0, 200}}, /* a state that is not there */
		{LTR__KERNEL_LOST, 0, {0}},
		{LTR__KERNEL_THREADS, 2, {2, 0}}, /* neither first nor not */
		{LTR__KERNEL_THREADS, 2, {1, 1}}, /* none is there */
		{LTR__KERNEL_THREADS,
		 9,
		 {1, 1, 2, 0, 0, 7, 0, 0, 0}},              /* a state that is not there */
		{LTR__KERNEL_THREADS, 4, {1, 129, 128, 1}}, /* more than an entry may have */
		{LTR__KERNEL_SOCKETS, 2, {1, 1}},
		{LTR__KERNEL_SOCKETS, 6, {1, 1, 2, 0, 9, 'x'}}, /* a text beyond the end */
		{LTR__KERNEL_SOCKETS, 4, {1, 129, 128, 1}},
	};
	struct tape tape;

	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		begin_kernel_file(&tape, entries[i].kind, entries[i].contents, entries[i].count);
		must_be_refused(&tape, -EBADMSG, "makes no sense");
	}
	/* An entry that says that it goes on behind the block. */
	static const unsigned char endless[] = {LTR__ENTRY_KERNEL, LTR__KERNEL_LOST, 200, 1, 1};

	begin_file(&tape);
	add_block(&tape, LTR__BLOCK_LOG, endless, sizeof(endless));
	must_be_refused(&tape, -EBADMSG, "makes no sense");
}

static void test_kernel_entries_may_grow(void **state)
{
	(void)state;
	static const unsigned char lost[] = {5, 1, 2, 3};
	const struct ltr_census *census;
	struct ltr_probe *probe;
	struct tape tape;

	begin_kernel_file(&tape, LTR__KERNEL_LOST, lost, sizeof(lost));
	probe = replay_all(&tape, UINT64_MAX);
	assert_int_equal(ltr_census_info(ltr_probe_census(probe))->cpu_lost, 5);
	ltr_probe_close(probe);
	free(tape.bytes);

	begin_kernel_file(&tape, 1000, lost, sizeof(lost));
	probe = replay_all(&tape, UINT64_MAX);
	census = ltr_probe_census(probe);
	assert_int_equal(ltr_census_info(census)->cpu_lost, 0);
	ltr_probe_close(probe);
	free(tape.bytes);
}

/* A sample of an older version has no time; one that begins to say when it was must say who ran, too. */
static void test_older_sample(void **state)
{
	(void)state;
	static const unsigned char sample[] = {0, 0, 0, 0, LTR_STATE_RUNNING, 9};
	const struct ltr_census *census;
	struct ltr_probe *probe;
	struct tape tape;

	begin_kernel_file(&tape, LTR__KERNEL_SAMPLE, sample, 5);
	probe = replay_all(&tape, UINT64_MAX);
	census = ltr_probe_census(probe);
	assert_int_equal(ltr_census_cpu_count(census), 1);
	assert_int_equal(ltr_census_cpu(census, 0)->samples, 1);
	ltr_probe_close(probe);
	free(tape.bytes);

	begin_kernel_file(&tape, LTR__KERNEL_SAMPLE, sample, 6);
	must_be_refused(&tape, -EBADMSG, "makes no sense");
}

/* One of version 1 is read, and says that it has nothing of all this. */
static void test_older_version(void **state)
{
	(void)state;
	static const unsigned char log[] = {LTR__ENTRY_SNAPSHOT_BEGIN, 7, LTR__ENTRY_SNAPSHOT_END,
					    1};
	const struct ltr_census_info *info;
	struct ltr_probe *probe;
	struct tape tape;

	begin_file(&tape);
	tape.bytes[8] = 1;
	add_block(&tape, LTR__BLOCK_LOG, log, sizeof(log));
	probe = replay_all(&tape, UINT64_MAX);
	info = ltr_census_info(ltr_probe_census(probe));
	assert_int_equal(info->cpu_period_ns, 0);
	assert_non_null(strstr(info->cpu_reason, "did not record that"));
	assert_non_null(strstr(info->threads_reason, "did not record that"));
	assert_non_null(strstr(info->sockets_reason, "did not record that"));
	ltr_probe_close(probe);
	free(tape.bytes);
}

/* Rows that are never replaced: nobody has so many threads, or waits on so many sockets. */
static void test_too_many_rows(void **state)
{
	(void)state;

	for (uint64_t kind = LTR__KERNEL_THREADS; kind <= LTR__KERNEL_SOCKETS; kind++) {
		struct ltr__writing contents = {0};
		struct ltr__writing log = {0};
		struct tape tape;

		ltr__write_number(&contents, 0);
		ltr__write_number(&contents, LTR__KERNEL_ROWS_MAX);
		for (size_t i = 0; i < LTR__KERNEL_ROWS_MAX * 7ul; i++)
			ltr__write_number(&contents, 0);
		begin_kernel_file(&tape, kind, contents.bytes, contents.used);
		ltr__write_number(&log, LTR__ENTRY_KERNEL);
		ltr__write_number(&log, kind);
		ltr__write_number(&log, contents.used);
		ltr__write_bytes(&log, contents.bytes, contents.used);
		for (int block = 0; block < 21; block++)
			add_block(&tape, LTR__BLOCK_LOG, log.bytes, log.used);
		must_be_refused(&tape, -EBADMSG, "makes no sense");
		free(contents.bytes);
		free(log.bytes);
	}
}

/* Whole blocks with anything in them: an error or a census, never more. */
static void test_random_contents(void **state)
{
	(void)state;
	struct chance chance = {test_seed};

	for (int round = 0; round < 2000; round++) {
		unsigned char raw[600];
		struct tape tape;
		struct ltr_probe *probe = NULL;
		struct ltr_why why;

		begin_file(&tape);
		for (int block = 0; block < 3; block++) {
			size_t count = chance_below(&chance, sizeof(raw));

			for (size_t i = 0; i < count; i++)
				raw[i] = (unsigned char)(chance_below(&chance, 3)
								 ? chance_below(&chance, 14)
								 : chance_next(&chance));
			add_block(&tape, 1 + chance_below(&chance, 4) % 3 + 1, raw, count);
		}
		if (replay(tape.bytes, tape.used, UINT64_MAX, 0, &probe, &why) == 0)
			ltr_probe_close(probe);
		free(tape.bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_total_memory),
		cmocka_unit_test(test_symbols_without_end),
		cmocka_unit_test(test_kernel_nonsense),
		cmocka_unit_test(test_kernel_entries_may_grow),
		cmocka_unit_test(test_older_sample),
		cmocka_unit_test(test_older_version),
		cmocka_unit_test(test_too_many_rows),
		cmocka_unit_test(test_random_contents),
	};
	test_seed = chance_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
