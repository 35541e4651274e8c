/* SPDX-License-Identifier: MIT */
#ifndef LOITER_RECORD_FORMAT_H
#define LOITER_RECORD_FORMAT_H

/*
 * The form of a recording, for who writes it (record*.c) and who reads it (target/recording*.c).
 * docs/record.md has it in words. All numbers are little-endian; "number" below is a LEB128 varint
 * of at most ten bytes, "signed" one in zigzag order, "text" a number and as many bytes.
 *
 *   file    LTR__RECORD_MAGIC, u32 version, u32 0, then blocks
 *   block   struct ltr__block as 32 bytes, then `stored` bytes: one zstd frame of `raw` bytes
 *
 * A block is whole or it is not there: its checksum covers header and contents. Who reads stops at
 * the first block that is not whole. Kinds that a reader does not know are skipped, and what follows
 * the known fields of LTR__BLOCK_META and LTR__BLOCK_END is not looked at: both may grow without a
 * new version. Anything else is a new version, and a version that is not known is refused.
 */

#include <stdbool.h>

#include "census_fill.h"

#define LTR__RECORD_MAGIC   "\211LTR\r\n\032\n"
#define LTR__RECORD_VERSION 2u
/* The oldest that is read. What the kernel knows is in none before 2. */
#define LTR__RECORD_OLDEST 1u

#define LTR__FILE_HEADER_BYTES  16u
#define LTR__BLOCK_HEADER_BYTES 32u

/* A writer begins a new block at the first, a reader refuses what is larger than the second. */
#define LTR__BLOCK_RAW_AIM (1u << 20)
#define LTR__BLOCK_RAW_MAX (4u << 20)

enum ltr__block_kind {
	LTR__BLOCK_META = 1,    /* what was recorded, and how: the first */
	LTR__BLOCK_LOG = 2,     /* entries, in the order in which they came */
	LTR__BLOCK_SYMBOLS = 3, /* modules and symbols; good for the whole recording */
	LTR__BLOCK_END = 4,     /* the recorder has finished: nothing is missing */
};

struct ltr__block {
	uint32_t kind;
	uint32_t stored;
	uint32_t raw;
	uint32_t crc;     /* CRC-32 of the header without this field, and of the stored bytes */
	uint64_t time_ns; /* the clock when it was begun */
	uint64_t reserved;
};

/*
 * Entries of a log. Each is one call of census_fill.h, or a thing with a number for later calls to
 * name. Numbers of things begin at 1; each is at most one more than the highest before it.
 */
enum ltr__entry {
	LTR__ENTRY_STRING = 1,         /* number, text */
	LTR__ENTRY_SITE = 2,           /* number, file, function, line */
	LTR__ENTRY_LABELS = 3,         /* number, count, (key, value) ... */
	LTR__ENTRY_STACK = 4,          /* number, depth, signed differences of addresses */
	LTR__ENTRY_DEFINE = 5,         /* the program's number, ours */
	LTR__ENTRY_SNAPSHOT_BEGIN = 6, /* now_ns */
	LTR__ENTRY_GOROUTINE = 7,      /* see record_delta.c */
	LTR__ENTRY_SNAPSHOT_END = 8,   /* complete */
	LTR__ENTRY_EVENTS = 9, /* ring, position, count, base_ticks, base_ns, rate; events */
	LTR__ENTRY_LOSS = 10,  /* records */
	LTR__ENTRY_DOUBT = 11,
	LTR__ENTRY_ADVANCE = 12, /* signed difference to the last one in this block */
	LTR__ENTRY_INFO = 13,    /* what is in struct ltr__record_info */
	LTR__ENTRY_LOCK = 14,   /* object, owner, readers, locked_at, 1: stray unlock | 2: reader */
	LTR__ENTRY_READER = 15, /* object, goroutine */

	/* What objects say of themselves: begin, objects and cases, end. */
	LTR__ENTRY_OBJECTS = 24, /* now_ns; what was known before is forgotten */
	LTR__ENTRY_OBJECT =
		25, /* kind, 1: counted | 2: closed, address, made_pc, giver, taker, signed
				   count, signed capacity, first_at, given_at, taken_at */
	LTR__ENTRY_CASE = 26, /* goroutine, address, transitions, index, receives */
	LTR__ENTRY_OBJECTS_END = 27,
	LTR__ENTRY_KERNEL = 20, /* enum ltr__kernel_entry, bytes, contents */
};

/*
 * Contents of LTR__ENTRY_KERNEL: what only the kernel knows. A reader skips kinds that it does not know,
 * and what follows the known fields, so these may grow without a new version. `first` is 1 if what was
 * known before is forgotten, 0 if this is more of the same.
 */
enum ltr__kernel_entry {
	LTR__KERNEL_HOW = 1, /* cpu_period_ns, cpu_started_ns; why there are no samples, why no
				    threads or not all of them, why no sockets: texts */
	LTR__KERNEL_SAMPLE =
		2, /* one sample of a CPU: stack, site, name, labels, state; at_ns, goroutine:
				    an older recording does not have the last two */
	LTR__KERNEL_LOST = 3, /* samples that were lost besides */
	LTR__KERNEL_THREADS =
		4, /* first, count; each: signed difference of goroutines, transitions,
				    tid, state, since_ns, signed call, name of the call: text */
	LTR__KERNEL_SOCKETS =
		5, /* first, count; each: signed difference of goroutines, transitions,
				    local, peer: texts */
};

/* Rows in one entry: with the longest texts no more than LTR__BLOCK_RAW_AIM. */
#define LTR__KERNEL_ROWS_MAX 3072u

/* Entries of LTR__BLOCK_SYMBOLS. */
enum ltr__symbol_entry {
	LTR__ENTRY_MODULE = 1, /* start, end, offset, path, build id */
	LTR__ENTRY_SYMBOL = 2, /* address, count; each: function, file, line, module + 1, start,
				  runtime */
};

/* How many symbols one address may have: itself and whom it was inlined into. */
#define LTR__RECORD_CHAIN_MAX 64u

/* The part of struct ltr_census_info that only the program knows. */
#define LTR__RECORD_INFO(X) \
	X(wall_ns)          \
	X(created)          \
	X(exited)           \
	X(unreadable)       \
	X(processors)       \
	X(threads)          \
	X(phase)            \
	X(coarse_ns)        \
	X(gone)

struct ltr__record_info {
#define LTR__FIELD(name) uint64_t name;
	LTR__RECORD_INFO(LTR__FIELD)
#undef LTR__FIELD
};

/*
 * Goroutines and events are written as differences to what came before them in the same block: both
 * sides keep this, all zero at the beginning of each block.
 */
struct ltr__delta {
	struct ltr_goroutine goroutine;
	struct ltr_event event;
	uint64_t arg[16];        /* of the last event, by the low bits of its kind */
	uint32_t sequence[1024]; /* of the last event, by the low bits of its goroutine */
	uint64_t now_ns;
};

/* What is being written. Without memory `failed` is set, and nothing is added any more. */
struct ltr__writing {
	unsigned char *bytes;
	size_t used;
	size_t capacity;
	bool failed;
};

#define LTR__NUMBER_BYTES_MAX 10

/* Room for `count` bytes more, for ltr__write_room() alone; false without memory. */
bool ltr__write_grow(struct ltr__writing *writing, size_t count);

/* Where the next `count` bytes may be put, before `used` is moved behind them; NULL without memory. */
static inline unsigned char *ltr__write_room(struct ltr__writing *writing, size_t count)
{
	if ((writing->failed || writing->capacity - writing->used < count) &&
	    !ltr__write_grow(writing, count))
		return NULL;
	return writing->bytes + writing->used;
}

/* Seven bits a byte, the lowest first; at most LTR__NUMBER_BYTES_MAX. Returns where it ends. */
static inline unsigned char *ltr__put_number(unsigned char *at, uint64_t number)
{
	while (number >= 0x80) {
		*at++ = (unsigned char)(number | 0x80);
		number >>= 7;
	}
	*at++ = (unsigned char)number;
	return at;
}

/* A difference as a number that is small if the difference is, whatever its sign. */
static inline uint64_t ltr__signed_number(uint64_t difference)
{
	return difference << 1 ^ (difference >> 63 ? UINT64_MAX : 0);
}

void ltr__write_bytes(struct ltr__writing *writing, const void *bytes, size_t count);
void ltr__write_number(struct ltr__writing *writing, uint64_t number);
void ltr__write_signed(struct ltr__writing *writing, uint64_t difference);
void ltr__write_text(struct ltr__writing *writing, const char *text);
void ltr__write_goroutine(struct ltr__writing *writing, struct ltr__delta *delta,
			  const struct ltr_goroutine *goroutine);
void ltr__write_event(struct ltr__writing *writing, struct ltr__delta *delta,
		      const struct ltr_event *event);

/* What is being read. Beyond the end, or where a number is none, `bad` is set, and all is 0. */
struct ltr__reading {
	const unsigned char *at;
	const unsigned char *end;
	bool bad;
};

uint64_t ltr__read_number(struct ltr__reading *reading);
/* The same, and bad if it is larger than `most`. */
uint64_t ltr__read_bounded(struct ltr__reading *reading, uint64_t most);
uint64_t ltr__read_signed(struct ltr__reading *reading);
const unsigned char *ltr__read_bytes(struct ltr__reading *reading, size_t count); /* NULL: bad */
/* Into a buffer of `bytes`, cut to fit, without NULs in it; "" if bad. */
void ltr__read_text(struct ltr__reading *reading, char *buffer, size_t bytes);
void ltr__read_goroutine(struct ltr__reading *reading, struct ltr__delta *delta,
			 struct ltr_goroutine *ret_goroutine);
void ltr__read_event(struct ltr__reading *reading, struct ltr__delta *delta,
		     struct ltr_event *ret_event);

/* A block's header as it stands in the file, and back. */
void ltr__block_pack(const struct ltr__block *block, unsigned char bytes[LTR__BLOCK_HEADER_BYTES]);
void ltr__block_unpack(const unsigned char bytes[LTR__BLOCK_HEADER_BYTES],
		       struct ltr__block *ret_block);
/* The checksum that it should have. */
uint32_t ltr__block_crc(const struct ltr__block *block, const void *stored);

#endif
