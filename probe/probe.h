/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PROBE_H
#define LOITER_PROBE_H

/*
 * A probe watches one program and keeps its census up to date. It never stops the program.
 *
 * One probe belongs to one thread. Errors are negative errno values, and a sentence for a person in
 * `ret_why`, which says what was wrong and what to do about it.
 */

#include <stdatomic.h>

#include "census.h"

struct ltr_probe;

enum ltr_via {
	LTR_VIA_BEST = 0, /* eBPF, else the rings from outside; info->way_reason says why */
	LTR_VIA_EBPF = 1, /* fail if that is refused */
	LTR_VIA_SHM = 2,
	LTR_VIA_SNAPSHOT = 3, /* no events: what a single look needs */
};

struct ltr_recorder; /* record.h */

struct ltr_probe_options {
	enum ltr_via via;
	bool waits;           /* keep wait totals with stacks (costs the program a few ns a park) */
	uint64_t snapshot_ns; /* renew stacks by a snapshot that often; 0: only when something was
				 lost or ltr_probe_refresh() asks for it */
	struct ltr_recorder *recorder; /* writes down all that is learnt; NULL: nobody does */
	bool threads; /* with each snapshot, ask the kernel for the threads of goroutines */
	bool sockets; /* with each snapshot, note which sockets goroutines wait on, for a recorder */
	uint32_t cpu_hz; /* sample the CPUs so often, from the beginning (needs eBPF); 0: do not */
	bool cpu_if_allowed; /* if that is refused, go on without; info->cpu_reason says why */
};

/* Go's rate; not a round number, so that it does not keep step with what the program does. */
#define LTR_CPU_HZ     99
#define LTR_CPU_HZ_MAX 5000

/* The time that a sample stands for. */
static inline uint64_t ltr_cpu_period_ns(uint32_t rate_hz)
{
	return 1000000000ull / rate_hz;
}

struct ltr_why {
	char text[256];
};

/*
 * Start to watch process `pid`. The census is complete when this returns.
 *   -ESRCH      there is no such process
 *   -EPERM      it is not ours to read (the sentence says which capability or setting is missing)
 *   -ENOEXEC    it is not a goroutine program
 *   -EPROTO     its layout version is unknown to us, or what it says of itself makes no sense
 *   -EAGAIN     its runtime has not started (yet)
 *   -EOPNOTSUPP the wanted way is refused here
 */
int ltr_probe_open(uint32_t pid, const struct ltr_probe_options *options,
		   struct ltr_probe **ret_probe, struct ltr_why *ret_why);

struct ltr_replay_options {
	bool waits;       /* keep wait totals */
	uint64_t at_ns;   /* show the moment so long after its beginning; UINT64_MAX: its end */
	size_t bytes_max; /* the most memory that it may want; 0: 2 GiB */
	bool seeks;       /* ltr_probe_seek() will be called. Wait totals are gone after that */
	/*
	 * Once it is true, which any thread may make it, reading and seeking end soon, for good, with
	 * -ECANCELED, and what the census shows is nothing in particular. NULL: nobody does. It is looked
	 * at until the probe is closed; relaxed, since nothing else is told by it.
	 */
	const atomic_bool *is_unwanted;
	/* Is told of each step, functions and lines known from the first on; NULL: nobody. */
	const struct ltr_steps *steps;
};

/*
 * The same of a recording: the census is what it was when it was recorded, and does not change any
 * more. info->cut says if the recording has no end: everything before that is used.
 *   -ENOENT, -EACCES and others of open(2)
 *   -ENOEXEC    it is not a recording
 *   -EPROTO     it is of a version that is unknown to us
 *   -ENODATA    it is cut before anything of the program is known
 *   -EBADMSG    it is whole, but makes no sense
 *   -EFBIG      it wants more memory than it may have (bytes_max)
 *   -ECANCELED  it is unwanted
 */
int ltr_probe_open_file(const char *path, const struct ltr_replay_options *options,
			struct ltr_probe **ret_probe, struct ltr_why *ret_why);

struct ltr_timeline; /* timeline.h */

/* What a recording is like from its beginning to its end; NULL: it was not opened with `seeks`. Good
 * as long as the probe. */
const struct ltr_timeline *ltr_probe_timeline(const struct ltr_probe *probe);

/*
 * The census of a recording that was opened with `seeks` is to show another moment, earlier or later,
 * on the clock of the census; before the beginning is the beginning, behind the end the end. It takes
 * as long as reading what lies between two snapshots of the recorder. Indices and pointers into the
 * census are void; numbers of strings, sites, labels and stacks, and symbols, mean what they meant.
 *   -EOPNOTSUPP it was not opened so
 *   -EIO        the file is not what it was when it was opened
 *   -EBADMSG, -EFBIG, -ENOMEM and others as ltr_probe_open_file()
 * After an error the census shows the moment before, if that can still be read.
 */
int ltr_probe_seek(struct ltr_probe *probe, uint64_t moment_ns, struct ltr_why *ret_why);

/*
 * Follow one goroutine: ltr_census_lifeline() of the census. Of a program that runs, from now on, and
 * what snapshots see of it. Of a recording that was opened with `seeks`, all of it, whatever moment is
 * shown; each call reads a block more, and more is to be read as long as 1 is returned. Another id begins
 * anew; 0: nobody any more. 0, or -errno as ltr_probe_seek().
 */
int ltr_probe_follow(struct ltr_probe *probe, uint64_t id);

/* Whether the file begins as recordings do. Does not block. */
bool ltr_probe_is_recording(const char *path);

/* Stops watching; the program goes on as before. Takes NULL, returns NULL. */
struct ltr_probe *ltr_probe_close(struct ltr_probe *probe);

/*
 * Wait for news for at most `timeout_ms` (0: do not wait), take all there is into the census and
 * advance its clock. Returns 1 if something changed, 0 if not, -ESRCH once the program has ended
 * (info->gone is set, the census keeps its last moment), -ENOMEM.
 */
int ltr_probe_poll(struct ltr_probe *probe, int timeout_ms);

/* A full snapshot now: all states, stacks, names. Errors as ltr_probe_poll(). */
int ltr_probe_refresh(struct ltr_probe *probe);

/* The same; one that could not be read whole is repeated a few times. 0, or -errno as above. */
int ltr_probe_refresh_whole(struct ltr_probe *probe);

/*
 * Sample the CPUs from now on, `rate_hz` (1 .. LTR_CPU_HZ_MAX) times a second each, and add up in the
 * census (ltr_census_cpu()) what they do for the program; 0 stops that. Nothing happens if it is done
 * already. Only through eBPF; of this very process by SIGPROF, which goes to each of its threads but the
 * caller's, and then ltr_probe_poll() has to be called a few times a second:
 *   -EPERM, -EOPNOTSUPP  it is refused here; the sentence says what is missing
 *   -EBUSY               the program handles SIGPROF itself, or samples itself already
 *   -EAGAIN              the kernel has no timers left for this user (ulimit -i)
 *   -EINVAL              no such rate
 *   -ESRCH, -ENOMEM
 */
int ltr_probe_sample_cpu(struct ltr_probe *probe, uint32_t rate_hz, struct ltr_why *ret_why);

enum ltr_reach_freeze {
	LTR_FREEZE_NEVER = 0,
	LTR_FREEZE_IF_NEEDED = 1, /* if nothing can be proven otherwise, or not all */
	/* The last pass while all threads are stopped (ptrace), unless the one before, while they
	 * ran, has left nobody to be proven. */
	LTR_FREEZE_ALWAYS = 2,
};

/*
 * Look for references to what goroutines wait on, and note in the census who cannot be reached
 * (LTR_IS_UNREACHABLE, info->reach). To be called after a snapshot; what is noted is forgotten when
 * the goroutine moves. Memory that it takes depends on how many pointers the program has, and on
 * how much of its stacks is in use: commonly a tenth of the program's.
 * -ESRCH, -ENOMEM, -EOPNOTSUPP; everything else that is wrong is told in info->reach.
 */
int ltr_probe_reach(struct ltr_probe *probe, enum ltr_reach_freeze freeze);

/*
 * Of a probe of this very process, whose thread runs nothing of the program's and does nothing but look:
 * what that thread knows is no reference any more, until the probe is closed, and its registers need not be
 * seen. Whoever looks for references is told so, others from outside, too. -EOPNOTSUPP: the program's
 * runtime has no place for that; -EINVAL: it is not this process.
 */
int ltr_probe_step_aside(struct ltr_probe *probe);

/*
 * ltr_probe_reach() of this very process, after ltr_probe_step_aside(): a child looks from outside
 * (LTR_FREEZE_NEVER), and the caller sleeps until it is done. The program pauses for the time of a fork()
 * at its beginning, and a page that it writes to meanwhile is copied. The program gets no SIGCHLD for
 * it, and no wait() of it sees it; its handlers of pthread_atfork() are called, on this thread.
 * What was noted remains if there is an error:
 *   -EAGAIN, -ENOMEM, -EPERM and others of clone(2)
 *   -EPERM       the child may not read us
 *   -ECHILD      it was killed
 *   -ETIMEDOUT   it took longer than `most_s` seconds, and was ended
 *   -ECANCELED   `stop_fd` (-1: none) has become readable; it was ended
 *   -EOPNOTSUPP  it is not this process
 */
int ltr_probe_reach_by_child(struct ltr_probe *probe, int stop_fd, unsigned int most_s,
			     struct ltr_why *ret_why);

/*
 * From another thread, while one is in ltr_probe_reach(): that returns -ECANCELED soon, and the probe
 * is only good for being closed.
 */
void ltr_probe_cancel(struct ltr_probe *probe);

/*
 * Take over what ltr_probe_reach() has found with `other`, a probe of the same program: of those that have
 * not moved since. -EINVAL: it is another program.
 */
int ltr_probe_take_reach(struct ltr_probe *probe, const struct ltr_probe *other);

/*
 * Read what the channels, WaitGroups, Conds and semaphores that the census's goroutines wait on say of
 * themselves (ltr_census_object_of(), ltr_census_cases_of()). It is of this moment, not of the snapshot,
 * and stays until the next call. Costs a reading of about 100 bytes an object, and of 1 KiB of the stack of
 * who waits for several channels. -ESRCH, -ENOMEM, -EOPNOTSUPP (a recording has what was recorded).
 */
int ltr_probe_objects(struct ltr_probe *probe);

const struct ltr_census *ltr_probe_census(const struct ltr_probe *probe);

/* Becomes readable when there is news or the program ended; for a caller's own poll(). -1: none. */
int ltr_probe_fd(const struct ltr_probe *probe);

#endif
