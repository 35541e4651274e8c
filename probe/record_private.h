/* SPDX-License-Identifier: MIT */
#ifndef LOITER_RECORD_PRIVATE_H
#define LOITER_RECORD_PRIVATE_H

/*
 * What the files of the recorder share:
 *
 *   record.c          birth, end, finishing, errors
 *   record_log.c      the census's calls as entries of a log
 *   record_objects.c what objects say of themselves, as entries of a log
 *   record_kernel.c   the same of what only the kernel knows
 *   record_symbols.c  which addresses have been named, and what lies there
 *   record_block.c    entries become blocks; blocks go to a sink or are kept
 *   record_format.c, record_delta.c   bytes
 */

#include <zstd.h>

#include "census_private.h"
#include "record.h"
#include "record_format.h"

/* A block as it will stand in the file. */
struct ltr__kept_block {
	struct ltr__kept_block *next;
	size_t bytes;
	unsigned char data[];
};

/* Blocks that begin with a snapshot: replay may begin here if that was complete. */
struct ltr__segment {
	struct ltr__segment *next;
	struct ltr__kept_block *first;
	struct ltr__kept_block *last;
	uint64_t begin_ns;
	size_t bytes;
	bool complete;
};

/* Addresses whose symbols are wanted: each once, in the order in which they were named first. */
struct ltr__wanted {
	uint64_t *pcs;
	uint32_t capacity;
	uint32_t count;
	uint32_t *slots; /* hash of pcs: index + 1 */
	uint32_t slot_count;
	uint32_t next_stack; /* stacks with smaller numbers are in here, but for those in `later` */
	uint32_t *later;     /* stacks of samples, in order: see ltr__want_later() */
	uint32_t later_capacity;
	uint32_t later_count;
	uint32_t later_next; /* those before it are smaller than next_stack */
	uint64_t modules; /* a bit for each of the first 64: something in it was wanted already */
	uint64_t last_entry; /* of the goroutine before */
	uint64_t last_creation;
};

struct ltr_recorder {
	struct ltr_census *census; /* NULL: not attached */
	struct ltr_record_sink sink;
	uint64_t last_ns; /* 0: everything is written at once */
	size_t bytes_max; /* of what is kept */
	int err;
	bool finished;
	struct ltr_recorder_counts counts;

	ZSTD_CCtx *zstd;
	unsigned char *packed; /* a block being made: header and compressed bytes */
	size_t packed_capacity;

	/* The block under way, if log.used is not 0. */
	struct ltr__writing log;
	struct ltr__delta delta;
	uint64_t log_ns;

	struct ltr__record_info info; /* as written last */
	bool info_known;
	struct { /* as written last */
		uint64_t cpu_period_ns;
		uint64_t cpu_started_ns;
		uint64_t cpu_lost;
		char reasons[3][sizeof(((struct ltr_census_info *)0)->cpu_reason)];
		bool known;
	} kernel;
	struct {
		uint32_t strings, sites, labels, stacks; /* smaller numbers are written */
	} next;

	struct ltr__wanted wanted;
	uint32_t symbols_written;
	uint32_t symbols_known; /* looked up early */
	bool symbols_early;
	size_t modules_written;

	struct ltr__segment *segments; /* oldest first; only with last_ns */
	struct ltr__segment *last_segment;
};

/* The first error stays. Returns it. */
int ltr__record_fail(struct ltr_recorder *recorder, int err);

/* record_block.c. `raw` becomes a block; the sink gets it with one call. */
int ltr__record_block(struct ltr_recorder *recorder, const struct ltr_record_sink *sink,
		      enum ltr__block_kind kind, uint64_t time_ns, struct ltr__writing *raw);
int ltr__record_file_header(const struct ltr_record_sink *sink);
/* Where the log goes: to the recorder's sink, or into its last segment. */
struct ltr_record_sink ltr__record_log_sink(struct ltr_recorder *recorder);
int ltr__segment_begin(struct ltr_recorder *recorder, uint64_t now_ns);
void ltr__segments_trim(struct ltr_recorder *recorder, uint64_t now_ns);
void ltr__segments_free(struct ltr_recorder *recorder);

/* record_log.c */
extern const struct ltr_census_tap ltr__record_tap;
/* Begins an entry, perhaps a block; false: nothing is recorded. */
bool ltr__record_begin(struct ltr_recorder *recorder, enum ltr__entry entry);
void ltr__record_flush(struct ltr_recorder *recorder);
/* What has a number and was not written yet. */
void ltr__record_new_things(struct ltr_recorder *recorder);
/* Everything that has a number in the census, as log blocks. */
int ltr__record_all_things(struct ltr_recorder *recorder, const struct ltr_record_sink *sink);

/* record_objects.c: as the tap's functions. */
void ltr__record_objects_begin(void *context, uint64_t now_ns);
void ltr__record_object(void *context, const struct ltr_object *object);
void ltr__record_case(void *context, const struct ltr_select_case *one);
void ltr__record_objects_end(void *context);
/* record_kernel.c: parts of the tap, and what info says of it, if that is not written yet. */
void ltr__record_how(struct ltr_recorder *recorder);
void ltr__record_cpu_sample(void *context, const struct ltr_cpu_seen *seen);
void ltr__record_threads(void *context, const struct ltr_thread *threads, size_t count);
void ltr__record_sockets(void *context, const struct ltr_known_socket *sockets, size_t count);

/* record_symbols.c. The bound is on what one call may take; 0: none. */
void ltr__want_symbol(struct ltr_recorder *recorder, uint64_t pc);
void ltr__want_goroutine(struct ltr_recorder *recorder, const struct ltr_goroutine *goroutine);
/*
 * A stack of a sample may go through libraries that no goroutine waits in, and to read the debug information
 * of one for the first time takes so long that records are lost. That is left for the end.
 */
void ltr__want_later(struct ltr_recorder *recorder, uint32_t stack);
int ltr__record_symbols(struct ltr_recorder *recorder, const struct ltr_record_sink *sink,
			uint64_t within_ns);
/* The same, but nothing is written. */
void ltr__record_look_up(struct ltr_recorder *recorder, uint64_t within_ns);
void ltr__wanted_done(struct ltr__wanted *wanted);

#endif
