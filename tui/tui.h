/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_H
#define LOITER_TUI_H

/*
 * The live screen (`loiter top`). It shows a census that somebody else keeps up to date; it knows
 * neither the probe nor the program. Manual for the person in front of it: docs/top.md.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct ltr_census;
struct ltr_timeline;
struct ltr_goroutine;

/* What the program and its watcher cost, since each of them began; 0: not known. */
struct ltr_tui_usage {
	uint64_t program_cpu_ns;
	uint64_t program_bytes; /* of memory that is resident */
	uint64_t own_cpu_ns;
	uint64_t own_bytes;
};

/* A piece of evidence: what it is, in a word ("": as the line before), and a text. */
struct ltr_tui_line {
	const char *label;
	const char *text;
};

/* Something that is wrong with the program, or may be. */
struct ltr_tui_finding {
	uint64_t key;      /* stays the same as long as it is the same finding; never 0 */
	unsigned strength; /* 0: the surest grade; then in their order */
	bool is_serious;   /* to be told on top of every view */
	const char *grade; /* the grade in a word or two */
	const char *title;
	const char *advice;
	uint64_t count;     /* goroutines; 0: it is about the program as a whole */
	uint64_t oldest_ns; /* how long the first of them has been there; 0: not known */
	uint64_t found_ns;  /* when it was found first; of a recording arose_ns. 0: not known */
	uint64_t arose_ns;  /* when it came to be so; 0: not known */
	const struct ltr_tui_line *lines;
	size_t line_count;
	const uint64_t *ids; /* its goroutines, in order; there may be more */
	size_t id_count;
};

struct ltr_tui_findings {
	const struct ltr_tui_finding *findings; /* the surest first */
	size_t count;
	size_t more;        /* that were found besides */
	uint64_t judged_ns; /* the moment that they are of */
	const char *note;   /* what has not been looked at, or how that ended; "" */
};

/* How far looking for the moment is at which a finding arose. */
struct ltr_tui_arising {
	uint64_t from_ns; /* it was not there then; 0: it has always been there */
	uint64_t to_ns;   /* and it was by then */
	unsigned looks;   /* moments that were judged for that */
};

/* What is kept in memory of a program that runs. */
struct ltr_tui_kept {
	uint64_t from_ns; /* the first moment of it; 0: nothing yet */
	uint64_t last_ns; /* for how long things are kept */
	uint64_t bytes;   /* that it takes, and may take */
	uint64_t bytes_max;
	int error; /* nothing is kept any more: why; 0: it is */
};

/* What a source can write of goroutines; the screen writes text by itself. */
enum ltr_tui_format {
	LTR_TUI_FORMAT_JSON,
	LTR_TUI_FORMAT_PPROF, /* the profile of goroutines, gzip'd */
};

/* The goroutines of the census that are shown. */
struct ltr_tui_shown {
	bool (*has)(void *context, const struct ltr_goroutine *goroutine);
	void *context;
};

/*
 * Where the census comes from. All functions are called with `context`, on the thread that runs the
 * screen but for what `beside` does. They behave as the functions of probe.h with the same names:
 *   poll     take in what has happened; wait for it at most timeout_ms (the screen passes 0).
 *            Negative: -ESRCH the program has ended, anything else is shown to the person.
 *   refresh  read the whole program again (NULL: not possible)
 *   census   the census, always the same object but for `rewind`
 *   fd       becomes readable when poll has something to do; NULL or -1: poll is called every few
 *            milliseconds instead
 *   usage    what the program and loiter cost until now; NULL: nobody knows. Asked once a frame.
 *   timeline what a recording is like from its beginning to its end (timeline.h); NULL, or returns
 *            NULL: it cannot be played
 *   seek     show another moment of it; a negative errno, and a sentence. NULL where timeline is
 *   beside   do `work` on a thread of its own, or ask whether that is done, and wait for it at most
 *            wait_ms: 1 not yet, 0 done. Negative: no thread, nothing was done. What it does is to call
 *            `census`, `seek`, `follow` and `judge`; none of these, nor the census of a recording, nor
 *            `save` and `rewind`, is used by the screen meanwhile, nor `poll` but of a program that runs.
 *            NULL: the screen does it itself.
 *   leave    the screen has ended: whatever `beside` and `rewind` have begun is to end soon, with whatever
 *            came of it. NULL: it ends soon by itself
 *   follow   fill the census's lifeline of one goroutine; 1: call it again, there is more. NULL: it
 *            stays as it is
 *   kept     what is kept of a program that runs, to go back in. False: nothing. Asked once a frame;
 *            NULL: nothing ever
 *   rewind   go back: make what is kept until now a recording. 0: `census` and all other functions,
 *            but `poll`, `refresh` and `usage`, are of that recording, at its end; 1: call again, it is
 *            being made. Negative: a sentence why not. Not `back`: to the program as it is now, also
 *            while it is being made; whatever belongs to the recording is void. NULL where kept is
 *   judge    look for what is wrong in the census as it is, for about budget_ns. 1: there is more to
 *            do, and the census is not polled until it is done (if it shows another moment, it begins
 *            anew); 0: done, *ret_findings is good until
 *            the next call. Negative: -ENOMEM. NULL: nobody judges.
 *   prove    look at all references of the program, so that the next judgement can prove leaks. 1: it
 *            is under way, call again; 0: done. Negative, and perhaps a sentence: it was not possible.
 *            Not `go`: stop that. NULL: nobody can.
 *   arising  look in the recording for the moment at which a finding of the moment on screen arose, beside
 *            the screen. 1: under way, and how far; call again, also while another moment is shown. 0: it
 *            arose at to_ns. Negative: a sentence why that is not known. 0 as key: stop. NULL: nobody can.
 *   save     write those that are shown to `file`; does not close it. Negative: why it was not
 *            possible. NULL: nobody can.
 */
struct ltr_tui_source {
	void *context;
	int (*poll)(void *context, int timeout_ms);
	int (*refresh)(void *context);
	const struct ltr_census *(*census)(void *context);
	int (*fd)(void *context);
	void (*usage)(void *context, struct ltr_tui_usage *ret_usage);
	const struct ltr_timeline *(*timeline)(void *context);
	int (*seek)(void *context, uint64_t moment_ns, char *ret_why, size_t why_size);
	int (*beside)(void *context, void (*work)(void *argument), void *argument,
		      unsigned int wait_ms);
	void (*leave)(void *context);
	int (*follow)(void *context, uint64_t id);
	bool (*kept)(void *context, struct ltr_tui_kept *ret_kept);
	int (*rewind)(void *context, bool back, char *ret_why, size_t why_size);
	int (*judge)(void *context, uint64_t budget_ns,
		     const struct ltr_tui_findings **ret_findings);
	int (*prove)(void *context, bool go, char *ret_why, size_t why_size);
	int (*arising)(void *context, uint64_t key, struct ltr_tui_arising *ret_arising,
		       char *ret_why, size_t why_size);
	int (*save)(void *context, enum ltr_tui_format format, const struct ltr_tui_shown *shown,
		    FILE *file);
};

enum ltr_tui_colours {
	LTR_TUI_COLOURS_AUTO = 0, /* what the terminal can; none if NO_COLOR is set and not empty */
	LTR_TUI_COLOURS_NONE,
	LTR_TUI_COLOURS_16,
	LTR_TUI_COLOURS_256,
	LTR_TUI_COLOURS_TRUE, /* 24 bits each, whatever TERM and COLORTERM say */
};

/* What is behind the text: looks are chosen so that they can be read on it. */
enum ltr_tui_theme {
	LTR_TUI_THEME_AUTO = 0, /* what the terminal says of itself (COLORFGBG), else dark */
	LTR_TUI_THEME_DARK,
	LTR_TUI_THEME_LIGHT,
};

/* All zero is a good choice: an interactive screen, everything by default. */
struct ltr_tui_options {
	unsigned interval_ms; /* between frames; 0: 250 */
	enum ltr_tui_colours colours;
	enum ltr_tui_theme theme;
	bool ascii; /* nothing but ASCII, also in a UTF-8 locale */
	bool mouse; /* let the mouse select, sort and scroll (the terminal's own selecting needs shift) */

	const char *view;   /* "goroutines", "objects"; NULL: the first. See ltr_tui_view_name() */
	const char *filter; /* as typed at `f`; NULL: none */
	const char
		*columns; /* of goroutines, their names with commas between; NULL: as many as fit */
	const char *sort; /* a column, '-' before it for the other direction; NULL: age */

	/*
	 * Without a terminal: one screen is printed to `output` (once), or the keys of a file are
	 * typed (script; docs/top.md has its language) and the screens it asks for are printed.
	 */
	bool once;
	const char *script;
	unsigned width; /* of that screen; 0: 80 x 24 */
	unsigned height;
	FILE *output; /* NULL: standard output */
};

/* How it ended, for the caller to act on. */
struct ltr_tui_end {
	int signal;    /* != 0: ended by this signal, which the caller should raise again */
	char why[256]; /* the sentence for an error; "" if there was none */
};

/*
 * Runs until the person quits, a signal asks to end (SIGINT, SIGTERM, SIGHUP, SIGQUIT), the
 * terminal goes away or the script ends. The terminal is as it was before when this returns, and
 * also when the process dies by a signal in here. A program that ends does not end the screen.
 *
 * While it runs, the dispositions of those signals, of SIGWINCH, SIGTSTP, SIGCONT and of the
 * signals of crashes are its own; they are put back.
 *
 *   0         quit, or ended by a signal
 *   -EINVAL   an option, the filter or the script makes no sense
 *   -ENOTTY, -ENOTSUP   no usable terminal: `once` would work
 *   -EIO      the terminal went away, or `output` could not be written
 *   -ETIMEDOUT  what a script waited for did not appear
 *   -ENOMEM, and errors of opening the script
 */
int ltr_tui_run(const struct ltr_tui_options *options, const struct ltr_tui_source *source,
		struct ltr_tui_end *ret_end);

/* The names that `view` may have, one by one; NULL after the last. */
const char *ltr_tui_view_name(size_t index);

#endif
