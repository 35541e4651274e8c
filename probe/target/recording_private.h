/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TARGET_RECORDING_PRIVATE_H
#define LOITER_TARGET_RECORDING_PRIVATE_H

/*
 * What the files of the recording target share:
 *
 *   recording.c          the table of functions, what a person is told
 *   recording_block.c    the file, block by block
 *   recording_replay.c   entries of a log, into a census
 *   recording_objects.c  those of what objects say of themselves
 *   recording_kernel.c   of these, what only the kernel knows
 *   recording_play.c     any moment of it, back and forth
 *   recording_skim.c     what one goroutine does in all of it
 *   recording_symbols.c  modules and symbols
 *
 * Everything in the file is hostile. A block's size is bounded before there is memory for it; what
 * the blocks add up to in memory is bounded after each (LTR__REPLAY_BYTES_MAX).
 */

#include <zstd.h>

#include "../record_format.h"
#include "../timeline.h"
#include "target.h"

/* What a recording may take in memory. That is looked at after each block, which adds a hundred MiB at
 * most. */
#define LTR__REPLAY_BYTES_MAX ((size_t)2 << 30)

struct ltr__recording {
	int fd;
	char path[256];  /* for sentences, cut to fit */
	uint64_t offset; /* of the next block */
	unsigned char *stored;
	unsigned char *raw;
	size_t stored_capacity;
	size_t raw_capacity;
	ZSTD_DCtx *zstd;
	struct ltr__recording_state *state; /* NULL: it shows one moment for ever */
};

/* recording_block.c */
int ltr__recording_open(const char *path, struct ltr__recording **ret_recording,
			struct ltr_why *why);
struct ltr__recording *ltr__recording_close(struct ltr__recording *recording); /* takes NULL */
/*
 * The next block and its contents, good until the next call. 1; 0 if there is no other whole block;
 * -EBADMSG if it is whole and cannot be unpacked; -errno.
 */
int ltr__recording_next(struct ltr__recording *recording, struct ltr__block *ret_block,
			struct ltr__reading *ret_reading);

/* The numbers of the file's things, as the census has them. */
struct ltr__numbers {
	uint32_t *at;
	uint32_t capacity;
	uint32_t count; /* numbers are smaller; 0: none yet */
};

/* An entry: the block that it is in, and where in its contents. */
struct ltr__point {
	uint64_t block; /* offset in the file */
	size_t entry;
};

struct ltr__replay;

/* Who is told what a replay comes by; the last two may be NULL. */
struct ltr__replay_watch {
	/*
	 * A snapshot begins; if is_first_look, the block has told of no goroutine before. Returns when
	 * it was whole: it tells of what is later than now_ns.
	 */
	uint64_t (*snapshot_begin)(struct ltr__replay *replay, uint64_t now_ns);
	void (*snapshot_end)(struct ltr__replay *replay, bool complete);
	void (*moment)(struct ltr__replay *replay); /* the census is whole, and its clock moved */
};

/*
 * Records and samples are read and written down so long after they were made, at most: a snapshot of millions
 * takes seconds, and those of its time stand behind it. What stands further behind a wanted moment is not
 * searched for those from before it.
 */
#define LTR__LATE_NS_MAX 5000000000ull
/* Who plays a file has read it once, and knows how late they are; by so much in any case. */
#define LTR__LATE_NS_LEAST 100000000ull

struct ltr__replay {
	struct ltr_census *census;
	uint64_t until_ns;              /* no further */
	const atomic_bool *is_unwanted; /* as in struct ltr_replay_options */
	bool is_skimming;               /* nothing is applied: only who is followed is looked for */
	bool past; /* it has been reached, and nothing from before it is to come */
	const struct ltr__replay_watch *watch; /* NULL: nobody */
	struct ltr__play *play;                /* whose replay this is; NULL: nobody's */

	/*
	 * To be exact, and to go on later. At `stop` the file says that it is later than until_ns,
	 * but records from before may still follow: threads hand them over now and then. So what
	 * stands from `stop` to `over` is searched for these, and for nothing else. Before `stop`,
	 * from `resume` on, there may be records that are too late. Going on, all from `resume` to
	 * `over` is read again, without the records that are not from after done_ns.
	 */
	bool is_exact;    /* do so; else `stop` is `over` */
	uint64_t late_ns; /* how far `over` is behind `stop`: noted while the file is read first */
	bool is_late;     /* `stop` was reached */
	bool has_resume;  /* `resume` is set */
	bool is_going_on; /* the next entry is between `resume` and `over` */
	bool is_before_stop;    /* and before `stop`, where all but records is applied */
	uint64_t done_ns;       /* while is_going_on */
	uint64_t block;         /* offset of the block being replayed */
	struct ltr__point here; /* the entry being replayed */
	struct ltr__point resume;
	struct ltr__point stop;
	struct ltr__point over;
	struct ltr__point going_stop; /* where these were before, while is_going_on */
	struct ltr__point going_over;
	struct ltr__delta resume_delta; /* as it was before `resume` */
	struct ltr__record_info info;   /* the last that was applied, if has_info */
	bool has_info;
	bool has_how;       /* it was told how the kernel was asked */
	bool is_first_look; /* the block has told of nothing but the snapshot that it begins with */
	struct ltr__numbers strings;
	struct ltr__numbers sites;
	struct ltr__numbers labels;
	struct ltr__numbers stacks;
	struct ltr__delta delta;
};

static inline bool ltr__replay_is_unwanted(const struct ltr__replay *replay)
{
	return replay->is_unwanted &&
	       atomic_load_explicit(replay->is_unwanted, memory_order_relaxed);
}

/* recording_replay.c. One block of a log: 0, -EBADMSG, -ENOMEM, -ECANCELED. */
int ltr__replay_log(struct ltr__replay *replay, struct ltr__reading *reading);
/* The block that `resume` is in, from there on, with another until_ns that is not earlier. */
int ltr__replay_go_on(struct ltr__replay *replay, struct ltr__reading *reading);
/* recording_objects.c. Entries, as the others. */
int ltr__replay_objects(struct ltr__replay *replay, struct ltr__reading *reading);
int ltr__replay_object(struct ltr__replay *replay, struct ltr__reading *reading);
int ltr__replay_case(struct ltr__replay *replay, struct ltr__reading *reading);
int ltr__replay_objects_end(struct ltr__replay *replay, struct ltr__reading *reading);

/* The thing that the number read names, in the census; 0 if there is none. */
uint32_t ltr__replay_name(const struct ltr__numbers *numbers, struct ltr__reading *reading);
size_t ltr__replay_bytes(const struct ltr__replay *replay);
void ltr__replay_done(struct ltr__replay *replay);

/* recording_kernel.c. The contents of one entry; if is_late, only samples from before are taken. 0,
 * -EBADMSG, -ENOMEM. */
int ltr__replay_kernel(struct ltr__replay *replay, enum ltr__kernel_entry kind,
		       struct ltr__reading *contents);

/* recording_symbols.c. They belong to the census from the beginning. */
struct ltr__recorded_symbols;
int ltr__recorded_symbols_new(struct ltr_census *census,
			      struct ltr__recorded_symbols **ret_symbols);
/* One block of symbols: 0, -EBADMSG, -ENOMEM. What is too much is left out. */
int ltr__recorded_symbols_add(struct ltr__recorded_symbols *symbols, struct ltr__reading *reading);

/*
 * recording_play.c. A play is given to the first replay, which must be of the whole file, and knows
 * then where in the file to begin for any moment.
 */
int ltr__play_new(struct ltr__replay *replay);
struct ltr__play *ltr__play_free(struct ltr__play *play); /* takes NULL */
/* The file ends at `offset` (`ended`: with its end), and the census is what it was then. */
int ltr__play_is_read(struct ltr__play *play, uint64_t offset, bool ended); /* -ENOMEM */
/* -EBADMSG, -ENOMEM, -EFBIG, -EIO: it is not what it was when it was read first. */
int ltr__play_seek(struct ltr__play *play, struct ltr__recording *recording, uint64_t moment_ns,
		   size_t bytes_max);
uint64_t ltr__play_end(const struct ltr__play *play); /* where the last whole block ends */
const struct ltr_timeline *ltr__play_timeline(const struct ltr__play *play);
size_t ltr__play_bytes(const struct ltr__play *play);

/* recording_skim.c. 1: there is more; 0: that was all; -errno. `end`: where the last whole block ends. */
struct ltr__skim;
int ltr__skim_new(struct ltr_census *census, struct ltr__skim **ret_skim);
struct ltr__skim *ltr__skim_free(struct ltr__skim *skim); /* takes NULL */
int ltr__skim_on(struct ltr__skim *skim, struct ltr__recording *recording, uint64_t end);

#endif
