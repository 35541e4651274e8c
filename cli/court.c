/* SPDX-License-Identifier: MIT */
/*
 * One case for each visitor of the gate. A case is
 *
 *	RUNNING  from HELLO on: its probe is open, nobody looks but now and then, if that was asked for
 *	GRACE    its main goroutine has returned: looked at more and more seldom until it is judged
 *	CLOSED   judged, or found impossible to judge; whatever it asks at the gate is granted
 *
 * and leaves the list when its visitor leaves. Nobody leaves RUNNING or GRACE without a word in the
 * judgement: that is what "never silently clean" comes down to.
 */

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <loiter/layout.h>

#include "attach.h"
#include "backlog.h"
#include "child.h"
#include "cli.h"
#include "court.h"
#include "court_watch.h"
#include "gate.h"
#include "second_look.h"
#include "starved.h"

#define FIRST_PAUSE_NS  (1 * LTR__MS_NS)
#define LONG_PAUSE_NS   (50 * LTR__MS_NS)
#define END_PATIENCE_MS 2000
#define MORE_GRACE      9  /* that many times the grace at most, for who got no CPU */
#define GOT_ENOUGH      16 /* it has, if it waited for less than this part of the grace */

enum stage { RUNNING, GRACE, CLOSED };

struct trial {
	struct trial *next;
	struct ltr__visitor *visitor;
	struct ltr_probe *probe;
	enum stage stage;
	uint64_t end_ns;  /* GRACE: when it is over */
	uint64_t more_ns; /* by how much it is longer than asked for */
	/* For how long its threads had waited for a CPU when that was granted. */
	uint64_t starved_ns;
	uint64_t look_ns;  /* GRACE: when to look next */
	uint64_t pause_ns; /* and how long to wait after that */
	bool settled;      /* GRACE, the last look: nobody could go on, with this signature */
	uint64_t signature;
	struct ltr__black_box *box; /* NULL: there is none */
	struct ltr__watch watch;    /* RUNNING, if it is judged again and again */
	uint64_t watch_ns;          /* when next; 0: it is not */
	uint32_t pid;
	char command[256];
};

struct court {
	const struct ltr__court_options *options;
	struct ltr_judgement *judgement;
	struct ltr__gate *gate;
	struct ltr__child *child;
	struct trial *trials;
	bool child_ended;
	bool adjourned;          /* whoever says HELLO from now on comes too late */
	bool anybody;            /* a goroutine program has said HELLO */
	uint64_t timeout_at_ns;  /* 0: none, or it was acted on */
	uint64_t end_at_ns;      /* after the time-out: when the command is ended; 0: not */
	uint64_t patience_at_ns; /* after the command's end: for those still RUNNING; 0: not yet */
	int error;               /* the first failure of the judgement; ends everything */
};

static void note(struct court *court, int error)
{
	if (error && !court->error)
		court->error = error;
}

static void inconclusive(struct court *court, const struct trial *trial, const char *text)
{
	ltr__black_box_write(trial->box);
	note(court, ltr_judge_inconclusive(court->judgement, trial->pid, trial->command, text));
}

static void close_case(struct trial *trial)
{
	trial->probe = ltr_probe_close(trial->probe);
	trial->box = ltr__black_box_close(trial->box);
	ltr__watch_done(&trial->watch);
	trial->stage = CLOSED;
	if (trial->visitor)
		ltr__visitor_release(trial->visitor);
}

/* Nothing can be read of the program any more, and the case is closed. */
static void lose(struct court *court, struct trial *trial, int error)
{
	char text[160];

	if (error == -ESRCH)
		snprintf(text, sizeof(text), "ended before it could be judged");
	else
		snprintf(text, sizeof(text), "could not be read: %s", strerror(-error));
	inconclusive(court, trial, text);
	close_case(trial);
}

/*
 * Look for references, if anybody is left whom that concerns. The gate holds the program: to stop
 * it costs nobody anything. If it ends meanwhile, the census that we have is still good.
 */
static void prove(struct court *court, struct trial *trial)
{
	const struct ltr_census *census = ltr_probe_census(trial->probe);

	if (ltr_probe_objects(trial->probe) == -ENOMEM)
		note(court, -ENOMEM);
	if (ltr_judge_remaining(census) == 0 ||
	    ltr_census_info(census)->phase == LTR_PHASE_DEADLOCK)
		return;
	if (ltr_probe_reach(trial->probe, court->options->freeze ? LTR_FREEZE_ALWAYS
								 : LTR_FREEZE_IF_NEEDED) == -ENOMEM)
		note(court, -ENOMEM);
}

/* Whether anything fails the run that was found in processes from `first` on. */
static bool has_failed(const struct court *court, size_t first)
{
	for (size_t i = 0; i < ltr_judgement_count(court->judgement); i++) {
		const struct ltr_finding *finding = ltr_judgement_at(court->judgement, i);

		if (finding->process >= first &&
		    ltr_finding_fails(finding, court->options->fail_on))
			return true;
	}
	return false;
}

/* The verdict on the census as it is; `timed_out` if that is why. */
static void judge_after(struct court *court, struct trial *trial, uint64_t grace_ns, bool timed_out)
{
	struct ltr_judge_options options = {
		.timeout_ns = timed_out ? court->options->timeout_ns : 0,
		.older_than_ns = court->options->older_than_ns,
		.baseline = court->options->baseline,
	};
	size_t first = ltr_judgement_process_count(court->judgement);
	struct ltr_look *earlier;
	int error = ltr__backlog_await(trial->probe, &grace_ns);

	if (!error)
		error = ltr__look_again(trial->probe, &earlier);
	if (error) {
		lose(court, trial, error);
		return;
	}
	options.grace_ns = grace_ns;
	options.earlier = earlier;
	prove(court, trial);
	note(court, ltr_judge_census(court->judgement, ltr_probe_census(trial->probe), &options));
	ltr_look_free(earlier);
	if (has_failed(court, first))
		ltr__black_box_write(trial->box);
	close_case(trial);
}

static void judge(struct court *court, struct trial *trial, bool timed_out)
{
	judge_after(court, trial, court->options->grace_ns + trial->more_ns, timed_out);
}

/* Two looks in a row that show the same: in between nobody could go on, so nobody ever will. */
static bool is_settled(struct trial *trial)
{
	uint64_t signature = 0;
	bool settled = ltr_judge_is_settled(ltr_probe_census(trial->probe), &signature);
	bool twice = settled && trial->settled && signature == trial->signature;

	trial->settled = settled;
	trial->signature = signature;
	return twice;
}

/* A new look at the program; false, and the case is closed, if that is not possible any more. */
static bool look(struct court *court, struct trial *trial)
{
	int error = ltr_probe_refresh(trial->probe);

	if (error < 0)
		lose(court, trial, error);
	return error >= 0;
}

/*
 * The grace is for the program, not for the machine: what its threads have waited for a CPU
 * meanwhile is added, if somebody is left who could go on. Threads wait side by side, so that may
 * be more than was lost; there is a bound.
 */
static void grant_more(const struct court *court, struct trial *trial)
{
	const uint64_t grace_ns = court->options->grace_ns;
	uint64_t most_ns = MORE_GRACE * grace_ns - trial->more_ns;
	uint64_t starved_ns, lost_ns, signature;

	if (court->options->one_of_many || court->end_at_ns ||
	    ltr_judge_is_settled(ltr_probe_census(trial->probe), &signature))
		return;
	starved_ns = ltr__starved_ns(trial->pid);
	lost_ns = starved_ns > trial->starved_ns ? starved_ns - trial->starved_ns : 0;
	if (lost_ns > most_ns)
		lost_ns = most_ns;
	if (lost_ns <= grace_ns / GOT_ENOUGH)
		return;
	trial->starved_ns = starved_ns;
	trial->more_ns += lost_ns;
	trial->end_ns += lost_ns;
}

static void look_in_grace(struct court *court, struct trial *trial)
{
	uint64_t now_ns = ltr__now_ns();

	if (now_ns < trial->look_ns || !look(court, trial))
		return;
	if (now_ns >= trial->end_ns && ltr_judge_remaining(ltr_probe_census(trial->probe)) != 0)
		grant_more(court, trial);
	if (now_ns >= trial->end_ns || ltr_judge_remaining(ltr_probe_census(trial->probe)) == 0) {
		judge(court, trial, false);
		return;
	}
	if (court->options->one_of_many && is_settled(trial)) {
		judge_after(court, trial, 0, false); /* no grace would have helped */
		return;
	}
	trial->pause_ns *= 2;
	if (trial->pause_ns > LONG_PAUSE_NS)
		trial->pause_ns = LONG_PAUSE_NS;
	trial->look_ns = ltr__now_ns() + trial->pause_ns; /* a long look makes for a longer pause */
	if (trial->look_ns > trial->end_ns)
		trial->look_ns = trial->end_ns;
}

static void open_case(struct court *court, struct ltr__visitor *visitor)
{
	const struct ltr_probe_options options = {.via = LTR_VIA_SNAPSHOT};
	struct trial *trial = calloc(1, sizeof(*trial));
	struct ltr_why why;
	char text[sizeof(why.text) + 64];
	int error;

	court->anybody = true;
	if (!trial) {
		note(court, -ENOMEM);
		ltr__visitor_go(visitor);
		return;
	}
	trial->visitor = visitor;
	trial->pid = visitor->pid;
	trial->next = court->trials;
	court->trials = trial;
	visitor->owner = trial;
	ltr__command_line(trial->pid, trial->command, sizeof(trial->command));
	error = court->adjourned ? 0 : ltr__attach(trial->pid, &options, &trial->probe, &why);
	if (court->adjourned) {
		inconclusive(court, trial,
			     "was started after the command had ended; it is left alone");
		trial->stage = CLOSED;
	} else if (error) {
		snprintf(text, sizeof(text), "could not be looked at: %s", why.text);
		inconclusive(court, trial, text);
		trial->stage = CLOSED;
	}
	if (trial->probe && court->options->box.file)
		trial->box = ltr__black_box_open(trial->pid, &court->options->box);
	if (trial->stage == RUNNING && court->options->every_ns) {
		trial->watch_ns = ltr__now_ns() + court->options->every_ns;
		trial->watch.said = true; /* the proof that counts is that at its end */
	}
	ltr__visitor_go(visitor);
}

static void begin_grace(struct court *court, struct trial *trial)
{
	if (trial->stage != RUNNING)
		return;
	trial->stage = GRACE;
	trial->look_ns = ltr__now_ns();
	trial->end_ns = trial->look_ns + court->options->grace_ns;
	trial->starved_ns = ltr__starved_ns(trial->pid);
	trial->pause_ns = FIRST_PAUSE_NS;
}

static void describe_end(const struct court *court, const struct trial *trial, bool alive,
			 char *ret_text, size_t bytes)
{
	const char *when = trial->stage == GRACE ? "during the grace"
						 : "before its main goroutine had returned";
	int number;

	if (alive) {
		snprintf(ret_text, bytes, "became another program (exec) %s: not judged", when);
	} else if (!court->child_ended || trial->pid != ltr__child_pid(court->child)) {
		snprintf(ret_text, bytes, "ended %s (_exit, exec, a crash or a signal): not judged",
			 when);
	} else if ((number = ltr__child_end_signal(court->child)) != 0) {
		snprintf(ret_text, bytes, "was killed by signal %d (%s) %s: not judged", number,
			 strsignal(number), when);
	} else {
		snprintf(ret_text, bytes, "ended with status %d %s (_exit or exec): not judged",
			 ltr__child_status(court->child), when);
	}
}

/* The visitor has left. A case that is still open ends with a word about how. */
static void leave(struct court *court, struct trial *trial, bool alive)
{
	char text[160];

	for (struct trial **at = &court->trials; *at; at = &(*at)->next) {
		if (*at == trial) {
			*at = trial->next;
			break;
		}
	}
	if (trial->stage != CLOSED) {
		/* For our own child the kernel knows how: it is about to tell us. */
		if (!alive && trial->pid == ltr__child_pid(court->child) && !court->child_ended)
			court->child_ended = ltr__child_turn(court->child);
		describe_end(court, trial, alive, text, sizeof(text));
		inconclusive(court, trial, text);
	}
	ltr_probe_close(trial->probe);
	ltr__black_box_close(trial->box);
	ltr__watch_done(&trial->watch);
	free(trial);
}

static void stranger(struct court *court, const struct ltr__visitor *visitor, uint64_t version)
{
	struct trial trial = {.pid = visitor->pid};
	char text[96];

	court->anybody = true;
	ltr__command_line(trial.pid, trial.command, sizeof(trial.command));
	snprintf(text, sizeof(text),
		 "speaks version %" PRIu64 " of the gate, which is not known here", version);
	inconclusive(court, &trial, text);
}

static void forked(struct court *court, const struct ltr__visitor *visitor)
{
	const struct trial *trial = visitor->owner;

	if (trial)
		inconclusive(court, trial,
			     "forked without an exec; the child's goroutines were not judged");
}

static void serve_gate(struct court *court)
{
	struct ltr__gate_event event;
	int got;

	while ((got = ltr__gate_next(court->gate, &event)) > 0) {
		struct trial *trial = event.visitor->owner;

		switch (event.what) {
		case LTR__GATE_HELLO:
			open_case(court, event.visitor);
			break;
		case LTR__GATE_MAIN_RETURNED:
			if (trial && trial->stage == RUNNING)
				begin_grace(court, trial);
			else
				ltr__visitor_release(event.visitor);
			break;
		case LTR__GATE_DEADLOCK:
			if (trial && trial->stage != CLOSED && look(court, trial))
				judge(court, trial, false);
			else
				ltr__visitor_release(event.visitor);
			break;
		case LTR__GATE_LEFT:
			if (trial)
				leave(court, trial, event.value != 0);
			break;
		case LTR__GATE_FORKED:
			forked(court, event.visitor);
			break;
		case LTR__GATE_STRANGER:
			stranger(court, event.visitor, event.value);
			break;
		}
	}
	note(court, got);
}

/* The time is over: whoever still runs is judged as it is. A grace that has begun is granted. */
static void time_out(struct court *court)
{
	struct trial command = {.pid = ltr__child_pid(court->child)};
	bool shown = false;

	court->timeout_at_ns = 0;
	court->end_at_ns = ltr__now_ns();
	for (struct trial *trial = court->trials; trial; trial = trial->next) {
		if (trial->stage == GRACE && trial->end_ns > court->end_at_ns)
			court->end_at_ns = trial->end_ns;
		if (trial->stage != RUNNING)
			continue;
		shown = true;
		if (look(court, trial))
			judge(court, trial, true);
	}
	if (shown)
		return; /* what hangs has been said */
	snprintf(command.command, sizeof(command.command), "%s", court->options->command[0]);
	inconclusive(court, &command,
		     court->anybody ? "was still running when its time was over, and was ended"
				    : "was still running when its time was over, and no goroutine "
				      "program was among what it had started");
}

/* After the time-out, and with no grace left. */
static void end_command(struct court *court)
{
	court->end_at_ns = 0;
	for (struct trial *trial = court->trials; trial; trial = trial->next)
		kill((pid_t)trial->pid, SIGTERM); /* it may have left the command's process group */
	ltr__child_end(court->child, END_PATIENCE_MS);
	court->child_ended = true;
}

/* The command has ended, and those that it left behind have had their time. */
static void adjourn(struct court *court)
{
	for (struct trial *trial = court->trials; trial; trial = trial->next) {
		if (trial->stage != RUNNING)
			continue;
		inconclusive(court, trial,
			     "was still running when the command had ended; it is left alone");
		close_case(trial);
	}
	court->adjourned = true;
	court->patience_at_ns = ltr__now_ns() + LTR__SECOND_NS;
}

/*
 * Is there anything to wait for? Others of the command's process group may be on their way to the
 * gate when the command itself has ended; they have as long as those that are there already.
 */
static bool is_open(const struct court *court)
{
	if (!court->child_ended)
		return true;
	for (const struct trial *trial = court->trials; trial; trial = trial->next)
		if (trial->stage != CLOSED)
			return true;
	return !court->adjourned && ltr__child_left_others(court->child);
}

static void earlier(uint64_t *at_ns, uint64_t other_ns)
{
	if (other_ns && other_ns < *at_ns)
		*at_ns = other_ns;
}

/* How long nothing is to be done; -1: until something happens. */
static int idle_ms(const struct court *court)
{
	uint64_t at_ns = UINT64_MAX;
	uint64_t now_ns = ltr__now_ns();

	for (const struct trial *trial = court->trials; trial; trial = trial->next) {
		if (trial->stage == GRACE)
			earlier(&at_ns, trial->look_ns);
		else if (trial->stage == RUNNING)
			earlier(&at_ns, trial->watch_ns);
		if (trial->box)
			earlier(&at_ns, now_ns + LTR__BLACK_BOX_MS * LTR__MS_NS);
	}
	earlier(&at_ns, court->timeout_at_ns);
	earlier(&at_ns, court->end_at_ns);
	earlier(&at_ns, court->patience_at_ns);
	if (court->child_ended)
		earlier(&at_ns, now_ns + LONG_PAUSE_NS); /* nobody tells when a group is empty */
	if (at_ns == UINT64_MAX)
		return -1;
	if (at_ns <= now_ns)
		return 0;
	at_ns = (at_ns - now_ns + LTR__MS_NS - 1) / LTR__MS_NS;
	return at_ns > 60000 ? 60000 : (int)at_ns;
}

/* A look at somebody who runs on. One who ends meanwhile says so at the gate. */
static void watch(struct court *court, struct trial *trial)
{
	int error = ltr__watch_look(&trial->watch, trial->probe, court->options);

	trial->watch_ns = ltr__now_ns() + court->options->every_ns;
	if (error == -ENOMEM)
		note(court, error);
}

static void look_at_clock(struct court *court)
{
	uint64_t now_ns = ltr__now_ns();

	for (struct trial *trial = court->trials; trial; trial = trial->next) {
		ltr__black_box_poll(trial->box);
		if (trial->stage == GRACE)
			look_in_grace(court, trial);
		else if (trial->stage == RUNNING && trial->watch_ns && now_ns >= trial->watch_ns)
			watch(court, trial);
	}
	if (court->timeout_at_ns && now_ns >= court->timeout_at_ns && !court->child_ended)
		time_out(court);
	if (court->end_at_ns && now_ns >= court->end_at_ns && !court->child_ended)
		end_command(court);
	if (!court->child_ended)
		return;
	court->timeout_at_ns = 0;
	court->end_at_ns = 0;
	if (!court->patience_at_ns)
		court->patience_at_ns = now_ns + court->options->grace_ns + 1;
	if (now_ns >= court->patience_at_ns || ltr__child_is_over(court->child))
		adjourn(court);
}

static void run(struct court *court)
{
	while (!court->error && is_open(court)) {
		struct pollfd news[] = {
			{.fd = ltr__gate_fd(court->gate), .events = POLLIN},
			{.fd = ltr__child_fd(court->child), .events = POLLIN},
		};

		if (poll(news, 2, idle_ms(court)) < 0 && errno != EINTR)
			note(court, -errno);
		/* The gate first: what a program said before it ended was said before it ended. */
		serve_gate(court);
		if (ltr__child_turn(court->child))
			court->child_ended = true;
		look_at_clock(court);
	}
}

/* Nobody has said HELLO: then there is nothing to be clean. */
static void close_empty(struct court *court)
{
	struct trial command = {.pid = 0};
	int number = ltr__child_end_signal(court->child);
	char text[160];

	if (court->anybody || ltr_judgement_count(court->judgement) != 0)
		return;
	snprintf(command.command, sizeof(command.command), "%s", court->options->command[0]);
	if (number)
		snprintf(text, sizeof(text),
			 "was killed by signal %d (%s), and no goroutine program was among what it "
			 "had started",
			 number, strsignal(number));
	else
		snprintf(text, sizeof(text),
			 "is not a goroutine program, and has not started one: nothing was judged");
	inconclusive(court, &command, text);
}

static void court_done(struct court *court)
{
	while (court->trials) {
		struct trial *next = court->trials->next;

		ltr_probe_close(court->trials->probe);
		ltr__black_box_close(court->trials->box);
		ltr__watch_done(&court->trials->watch);
		free(court->trials);
		court->trials = next;
	}
	ltr__gate_free(court->gate);
	ltr__child_free(court->child);
}

int ltr__court_hold(const struct ltr__court_options *options, struct ltr_judgement *judgement,
		    struct ltr__court_end *ret_end, struct ltr_why *ret_why)
{
	struct court court = {.options = options, .judgement = judgement};
	struct ltr__child_options child = {
		.argv = options->command,
		.output = -1,
		.silent = options->one_of_many,
	};
	int error = ltr__gate_new(&court.gate, ret_why);

	*ret_end = (struct ltr__court_end){.status = LTR__STATUS_INCONCLUSIVE};
	if (error)
		return error;
	child.gate = ltr__gate_path(court.gate);
	error = ltr__child_start(&child, &court.child, ret_why);
	if (error) {
		ret_end->status = ltr__child_start_status(error);
		court_done(&court);
		return error;
	}
	if (options->timeout_ns)
		court.timeout_at_ns = ltr__now_ns() + options->timeout_ns;
	run(&court);
	if (!court.child_ended)
		ltr__child_end(court.child, END_PATIENCE_MS);
	close_empty(&court);
	error = court.error;
	if (error)
		ltr__why(ret_why, "cannot judge: %s", strerror(-error));
	else
		ret_end->status = ltr__child_status(court.child);
	ret_end->interrupted = ltr__child_was_asked(court.child);
	court_done(&court);
	return error;
}
