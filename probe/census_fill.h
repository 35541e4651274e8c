/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CENSUS_FILL_H
#define LOITER_CENSUS_FILL_H

/*
 * How a census comes to be. Only targets (probe/target/), the recording reader and tests include
 * this header. Two ways fill it: snapshots, which say how everything is, and events, which say what
 * has changed; both may be mixed in any order (see ltr_event.sequence).
 *
 * All functions return 0 or a negative errno (-ENOMEM unless said otherwise) and leave the census
 * valid when they fail.
 */

#include "census.h"

int ltr_census_new(struct ltr_census **ret_census);
struct ltr_census *ltr_census_free(struct ltr_census *census); /* takes NULL; returns NULL */

/* For the owner to write the fields that no function below keeps up to date. by_state, created,
 * exited, events and lost are kept by the functions; now_ns moves forward by itself. Where records
 * will come, set `way` before the first snapshot: it decides whether a goroutine that is missing or
 * ahead in a snapshot has records on the way. Wait totals count from `started_ns`. */
struct ltr_census_info *ltr_census_info_mut(struct ltr_census *census);

/* Keep wait totals from now on (costs memory for each stack and each goroutine). */
int ltr_census_keep_waits(struct ltr_census *census);

/* Equal contents get equal numbers. A string is cut at 255 bytes; a stack at 128 frames. */
int ltr_census_intern_string(struct ltr_census *census, const char *text, uint32_t *ret_string);
int ltr_census_intern_site(struct ltr_census *census, const char *file, const char *function,
			   uint32_t line, uint32_t *ret_site);
int ltr_census_intern_labels(struct ltr_census *census, const struct ltr_census_label *label,
			     size_t count, uint32_t *ret_labels);
int ltr_census_intern_stack(struct ltr_census *census, const uint64_t *pcs, size_t depth,
			    uint32_t *ret_stack);

/*
 * So many goroutines will come into a census that has none yet, at most: memory for them is had at once,
 * and need not be moved. Only a hint.
 */
void ltr_census_reserve(struct ltr_census *census, size_t count);

/*
 * A snapshot: begin, put each goroutine that was read, end. A goroutine put twice keeps the later
 * one. `goroutine->transitions` decides against the events already applied: an older reading of a
 * goroutine that has moved on since does not bring the old state back, but fills what events do not
 * carry (entry, site, name, labels, stack if the transitions are equal). `end` removes the
 * goroutines that the census had before `begin` and that the snapshot did not contain, unless an
 * event created them meanwhile; a complete snapshot clears LTR_IS_UNSURE. Pass complete = false if
 * something could not be read: then nothing is removed or cleared.
 */
int ltr_census_snapshot_begin(struct ltr_census *census, uint64_t now_ns);
int ltr_census_snapshot_put(struct ltr_census *census, const struct ltr_goroutine *goroutine);
int ltr_census_snapshot_end(struct ltr_census *census, bool complete);

/*
 * Between begin and end: a lock that a goroutine of this snapshot waits for, and one who holds an
 * RWMutex for reading. What an earlier snapshot said of locks is forgotten when the next one begins;
 * of a lock that is put twice one is kept.
 */
int ltr_census_snapshot_lock(struct ltr_census *census, const struct ltr_lock *lock);
int ltr_census_snapshot_reader(struct ltr_census *census, const struct ltr_reader *reader);

/*
 * What objects say of themselves, when somebody has asked for it: begin, put each once and the cases of
 * selects, end. What was known before is forgotten.
 */
void ltr_census_objects_begin(struct ltr_census *census, uint64_t now_ns);
int ltr_census_object_put(struct ltr_census *census, const struct ltr_object *object);
int ltr_census_case_put(struct ltr_census *census, const struct ltr_select_case *one);
void ltr_census_objects_end(struct ltr_census *census);

/*
 * `count` records of one ring in their order; `ticks_ns` converts their clock. `position` is that
 * of the first record in the ring: a jump against the last call for the same ring is a loss and is
 * counted. Records that come before an earlier one of the same goroutine (from another ring) are
 * held back until it is there. `ring` < 65536, else -EINVAL. With count 0 (events may be NULL) only
 * the position is noted.
 */
struct ltr_clock_rate {
	uint64_t base_ticks;
	uint64_t base_ns;
	double ns_per_tick;
};
int ltr_census_apply(struct ltr_census *census, const struct ltr_clock_rate *ticks_ns,
		     uint32_t ring, uint64_t position, const struct ltr_event *events,
		     size_t count);

/* Records were lost outside the rings (the kernel's buffer was full). Marks everybody unsure. */
void ltr_census_note_loss(struct ltr_census *census, uint64_t records);

/* A snapshot could not read somebody as a whole: another one is needed. */
void ltr_census_note_doubt(struct ltr_census *census);

/* Whether anybody is marked LTR_IS_UNSURE, or there is a doubt: a complete snapshot would help. */
bool ltr_census_is_unsure(const struct ltr_census *census);

/*
 * A CPU was seen to work for the program at `at_ns`: goroutine `id` ran (0: none, or not known
 * which), `in_call` if in a blocking call, at `pcs`, innermost first, of which the first is the very
 * instruction and the others are where calls return to. What the census knows of the goroutine now
 * goes with it. The owner of info writes cpu_*.
 */
int ltr_census_add_cpu_sample(struct ltr_census *census, uint64_t at_ns, uint64_t id, bool in_call,
			      const uint64_t *pcs, size_t depth);

/* A sample as a census had it; what.samples of them. */
int ltr_census_restore_cpu_sample(struct ltr_census *census, const struct ltr_cpu_seen *seen);

/*
 * What the kernel says of the threads of goroutines, instead of what was known before; each goroutine
 * at most once. `transitions` are filled in here. Of goroutines that are not in the state that their
 * thread says (`in_call` of its element: a blocking call; else running) nothing is kept.
 */
int ltr_census_set_threads(struct ltr_census *census, const struct ltr_thread *threads,
			   const bool *in_call, size_t count);

/* What is known of threads as a census had it, `transitions` too; `first`: instead of what was known
 * before. -E2BIG: nobody can have so many. */
int ltr_census_restore_threads(struct ltr_census *census, const struct ltr_thread *threads,
			       size_t count, bool first);

/* The socket that a goroutine waited on when it had made so many transitions. */
struct ltr_known_socket {
	uint64_t goroutine_id;
	uint32_t transitions;
	struct ltr_census_socket is;
};

/*
 * What ltr_census_socket() is to say where nobody can be asked; the same for `first` and the result. At most
 * LTR_KNOWN_SOCKETS_MAX, each goroutine once.
 */
#define LTR_KNOWN_SOCKETS_MAX 65536u
int ltr_census_know_sockets(struct ltr_census *census, const struct ltr_known_socket *sockets,
			    size_t count, bool first);
/* NULL: nothing is known, or it has moved on. */
const struct ltr_known_socket *ltr_census_known_socket(const struct ltr_census *census,
						       const struct ltr_goroutine *goroutine);

/* The stack that a STACK record's identifier means, as soon as it is known. */
int ltr_census_define_stack(struct ltr_census *census, uint32_t runtime_stack, const uint64_t *pcs,
			    size_t depth);
/* The census's number of one that was defined; 0: none has been. */
uint32_t ltr_census_defined_stack(const struct ltr_census *census, uint32_t runtime_stack);

/*
 * The moment that the census shows from now on; never goes back. Updates unfinished waits. To be
 * called when everything that is there has been applied: a record that is still held back a second
 * after the first such call is given up waiting for, and the ones before it count as lost.
 */
void ltr_census_advance(struct ltr_census *census, uint64_t now_ns);

/*
 * Who is told how a census comes to be, call by call: whoever makes the same calls with the same
 * arguments on an empty census gets the same census. That is what a recorder writes down (record.h).
 * The functions are called before the ones with their names do their work (define_stack: after, with
 * the census's number), and not for what those call in turn. They must not change the census.
 *
 * What only the kernel knows comes in the form that can be given to another census: a sample with what is
 * known of who ran, threads and sockets as they are kept, after they are.
 */
struct ltr_census_tap {
	void (*snapshot_begin)(void *context, uint64_t now_ns);
	void (*snapshot_put)(void *context, const struct ltr_goroutine *goroutine);
	void (*snapshot_lock)(void *context, const struct ltr_lock *lock);
	void (*snapshot_reader)(void *context, const struct ltr_reader *reader);
	void (*snapshot_end)(void *context, bool complete);
	void (*apply)(void *context, const struct ltr_clock_rate *ticks_ns, uint32_t ring,
		      uint64_t position, const struct ltr_event *events, size_t count);
	void (*note_loss)(void *context, uint64_t records);
	void (*note_doubt)(void *context);
	void (*define_stack)(void *context, uint32_t runtime_stack, uint32_t stack);
	void (*advance)(void *context, uint64_t now_ns);
	void (*objects_begin)(void *context, uint64_t now_ns);
	void (*object_put)(void *context, const struct ltr_object *object);
	void (*case_put)(void *context, const struct ltr_select_case *one);
	void (*objects_end)(void *context);
	void (*cpu_sample)(void *context, const struct ltr_cpu_seen *seen);
	void (*set_threads)(void *context, const struct ltr_thread *threads, size_t count);
	void (*know_sockets)(void *context, const struct ltr_known_socket *sockets, size_t count);
};
/* NULL: nobody any more. */
void ltr_census_set_tap(struct ltr_census *census, const struct ltr_census_tap *tap, void *context);

/*
 * To show earlier moments again. A mark is taken before a complete snapshot is put; later the census
 * goes back to it, and is told that snapshot and what followed once more. Goroutines, locks and wait
 * totals are forgotten (totals are not kept any more), and the clock stands at 0 until the snapshot
 * moves it; strings, sites, labels and stacks keep their numbers.
 */
struct ltr_census_mark {
	uint64_t created;
	uint64_t exited;
	uint64_t events;
	uint64_t lost_counted;
	uint64_t lost_missing;
	uint64_t *positions; /* of rings; UINT64_MAX: not known */
	uint32_t position_count;
	bool had_records;
};
int ltr_census_mark(const struct ltr_census *census, struct ltr_census_mark *ret_mark);
void ltr_census_mark_done(struct ltr_census_mark *mark);
void ltr_census_rewind(struct ltr_census *census, const struct ltr_census_mark *mark);

/*
 * Follow one goroutine (lifeline.h), from its beginning on; 0: nobody. Who fills a census adds what it
 * knows of it, in any order; one transition twice is one. Bounded, and only of who is followed.
 */
struct ltr_transition;
int ltr_census_follow(struct ltr_census *census, uint64_t id);
void ltr_census_lifeline_add(struct ltr_census *census, const struct ltr_transition *transition);
void ltr_census_lifeline_event(struct ltr_census *census, const struct ltr_event *event,
			       uint64_t ns);
void ltr_census_lifeline_reading(struct ltr_census *census, const struct ltr_goroutine *goroutine);
/* From now on whatever it is told of this one is added by itself; 0: of nobody. */
void ltr_census_follow_live(struct ltr_census *census, uint64_t id);
/* Who is told of each step from now on; NULL: nobody any more. */
void ltr_census_set_steps(struct ltr_census *census, const struct ltr_steps *steps);

/* The census ends here: tell what is under way (ltr_step.unfinished). */
void ltr_census_tell_unfinished(struct ltr_census *census);

/* About how much memory it has taken, its symbols not counted. */
size_t ltr_census_bytes(const struct ltr_census *census);

/*
 * What a look at all references has found about a goroutine that had made so many transitions; one
 * that has moved since keeps what it has, which is nothing.
 */
void ltr_census_note_reach(struct ltr_census *census, uint64_t id, uint32_t transitions,
			   bool reachable);

/* Who knows the sockets of the program, by file descriptor: 0 or a negative errno; NULL: nobody. */
typedef int ltr_socket_find(void *context, uint64_t descriptor,
			    struct ltr_census_socket *ret_socket);
void ltr_census_set_sockets(struct ltr_census *census, ltr_socket_find *find, void *context);

/* Who can read an object of the program: 0 or a negative errno; NULL: nobody. */
typedef int ltr_object_find(void *context, uint64_t address, uint8_t kind,
			    struct ltr_object *ret_object);
/* The same for cases of the select of a goroutine that has made so many transitions; returns how many. */
typedef size_t ltr_cases_find(void *context, uint64_t id, uint32_t transitions,
			      struct ltr_select_case *ret_cases, size_t most);
void ltr_census_set_object_finder(struct ltr_census *census, ltr_object_find *find_object,
				  ltr_cases_find *find_cases, void *context);

/* Where symbols and modules come from; without one, all symbols are unknown. The census calls
 * `free` with `context` at its own end. */
struct ltr_symbol_source {
	const struct ltr_symbol *(*find)(void *context, uint64_t pc);
	size_t (*module_count)(void *context);
	const struct ltr_module *(*module)(void *context, size_t index);
	void (*free)(void *context);
};
void ltr_census_set_symbols(struct ltr_census *census, const struct ltr_symbol_source *source,
			    void *context);

#endif
