/* SPDX-License-Identifier: MIT */
/*
 * Somebody at a terminal plays a recording: one that `loiter record` made of examples/httpd, whose
 * moments are the machine's, and one of a made-up program, whose moments are known.
 *
 * LTR_LOITER, LTR_HTTPD and LTR_TUI_DEMO say where the programs are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "seat.h"

#define XTERM ((const char *const[]){"TERM=xterm-256color", NULL})

static char file[64];

static const char *path_of(const char *name)
{
	const char *path = getenv(name);

	if (!path)
		fail_msg("%s is not set", name);
	return path;
}

static int make_recording(void **state)
{
	char command[2048];

	(void)state;
	snprintf(file, sizeof(file), "/tmp/loiter-playing-%ld.ltr", (long)getpid());
	snprintf(
		command, sizeof(command),
		"'%s' record --via shm --seconds 500ms -o %s -- '%s' --listen 127.0.0.1:0 >/dev/null",
		path_of("LTR_LOITER"), file, path_of("LTR_HTTPD"));
	return system(command);
}

static int remove_recording(void **state)
{
	(void)state;
	return unlink(file);
}

static void quit(struct seat *seat)
{
	seat_type(seat, "q");
	assert_int_equal(seat_wait(seat), 0);
	seat_expect_restored(seat);
	seat_done(seat);
}

static void start(struct seat *seat, const char *const *arguments)
{
	seat_start(seat, 110, 30, XTERM, arguments);
}

/* Its two goroutines wait for the network from the beginning of the recording on. */
static void a_real_recording_is_rewound(void **state)
{
	struct seat seat;

	(void)state;
	start(&seat, (const char *const[]){path_of("LTR_LOITER"), "top", file, NULL});
	seat_expect(&seat, "paused");
	seat_expect(&seat, "1-2 of 2");
	seat_type(&seat, "t");
	seat_expect(&seat, "a step is");
	seat_press(&seat, VTERM_KEY_HOME);
	seat_expect(&seat, "at 0.0");
	seat_press(&seat, VTERM_KEY_END);
	seat_type(&seat, "1Gb");
	/* The moment when it began to wait. */
	seat_expect(&seat, " 0ns ");
	seat_type(&seat, "\r");
	seat_expect(&seat, "network: IO wait");
	seat_expect(&seat, "for 0ns");
	/* And before that it did not wait. */
	seat_type(&seat, "{");
	seat_expect(&seat, "running  for 0ns");
	seat_type(&seat, "{");
	seat_expect(&seat, "queued  for 0ns");
	/* What is proven is proven of a program that runs. */
	seat_type(&seat, "7P");
	seat_expect(&seat, "nobody can look at the references of this program");
	seat_expect(&seat, "nothing is known to be wrong at this moment");
	quit(&seat);
}

/* What is kept of a program that runs; the machine decides how much that is by then. */
static void a_live_program_is_rewound(void **state)
{
	struct seat seat;

	(void)state;
	start(&seat, (const char *const[]){path_of("LTR_LOITER"), "top", "--via", "shm", "--",
					   path_of("LTR_HTTPD"), "--listen", "127.0.0.1:0", NULL});
	seat_expect(&seat, "LIVE");
	seat_expect(&seat, "1-2 of 2");
	seat_expect(&seat, "kept: last ");
	seat_type(&seat, "t");
	seat_expect(&seat, "are kept: , goes back.");
	seat_type(&seat, "1G,");
	seat_expect(&seat, "paused   REWOUND");
	seat_expect(&seat, "1-2 of 2");
	/* All of it is kept: also the moment when it began to wait. */
	seat_type(&seat, "b");
	seat_expect(&seat, " 0ns ");
	seat_expect(&seat, "paused   REWOUND");
	seat_type(&seat, "\r");
	seat_expect(&seat, "for 0ns");
	seat_type(&seat, "ht");
	seat_press(&seat, VTERM_KEY_HOME);
	seat_expect(&seat, "at 0.0");
	seat_type(&seat, "L");
	seat_expect(&seat, "LIVE");
	seat_expect(&seat, "are kept: , goes back.");
	/* An address that was on screen is there in the past, too, from a reading on. */
	seat_type(&seat, "1fis:main\r");
	seat_expect(&seat, "1-1 of 1");
	seat_type(&seat, "g\ru");
	seat_expect(&seat, "at 127.0.0.1:");
	seat_type(&seat, ",t");
	seat_expect(&seat, "paused   REWOUND");
	seat_press(&seat, VTERM_KEY_END);
	seat_type(&seat, "1\r");
	seat_expect(&seat, "paused   REWOUND");
	seat_expect(&seat, "at 127.0.0.1:");
	seat_type(&seat, "L");
	seat_expect(&seat, "LIVE");
	/* From a moment that is held, and straight out of it. */
	seat_type(&seat, "1F ");
	seat_expect(&seat, "PAUSED");
	seat_type(&seat, "[");
	seat_expect(&seat, "paused   REWOUND");
	/* Where it ends it goes on with the program. */
	seat_type(&seat, "t");
	seat_press(&seat, VTERM_KEY_END);
	seat_type(&seat, " ");
	seat_expect(&seat, "LIVE");
	quit(&seat);
}

/* It is about the program as it is now, and says what it has come to when one is there again. */
static void a_proof_ends_while_one_is_back(void **state)
{
	struct seat seat;

	(void)state;
	start(&seat, (const char *const[]){path_of("LTR_TUI_DEMO"), "--kept", "--judged", "--proof",
					   "3", NULL});
	seat_expect(&seat, "kept: last ");
	seat_type(&seat, "7P");
	seat_expect(&seat, "looking at all references, for ");
	seat_type(&seat, "1,");
	seat_expect(&seat, "paused   REWOUND");
	seat_expect(&seat, "references were looked at: L shows what was found");
	seat_type(&seat, "7P");
	seat_expect(&seat, "references can be looked at only as they are now: L first");
	seat_type(&seat, "1L");
	seat_expect(&seat, "LIVE");
	seat_expect(&seat, "by locks and by what can never come");
	quit(&seat);
}

static void nothing_is_kept_if_nobody_wants_it(void **state)
{
	struct seat seat;

	(void)state;
	start(&seat,
	      (const char *const[]){path_of("LTR_LOITER"), "top", "--via", "shm", "--keep", "0s",
				    "--", path_of("LTR_HTTPD"), "--listen", "127.0.0.1:0", NULL});
	seat_expect(&seat, "1-2 of 2");
	seat_type(&seat, ",t");
	seat_expect(&seat, "There is no recording to go back in: this is live.");
	quit(&seat);
}

static void it_plays_to_the_end(void **state)
{
	struct seat seat;

	(void)state;
	start(&seat, (const char *const[]){path_of("LTR_TUI_DEMO"), "--recorded", "240", NULL});
	seat_expect(&seat, "at 59.8 s of 59.8 s, paused");
	seat_type(&seat, "t+ ");
	seat_expect(&seat, "of 59.8 s, playing x2");
	seat_type(&seat, "++++++++");
	seat_expect(&seat, "at 59.8 s of 59.8 s, paused");
	seat_type(&seat, "[");
	seat_expect(&seat, "at 49.8 s of 59.8 s, paused");
	seat_press(&seat, VTERM_KEY_LEFT);
	seat_expect(&seat, "at 48.8 s of 59.8 s, paused");
	seat_press(&seat, VTERM_KEY_RIGHT);
	seat_press(&seat, VTERM_KEY_RIGHT);
	seat_expect(&seat, "at 50.8 s of 59.8 s, paused");
	seat_resize(&seat, 60, 12);
	seat_expect(&seat, "50.8 s");
	quit(&seat);
}

static void open_gate(const char *gate)
{
	FILE *made = fopen(gate, "w");

	assert_non_null(made);
	fclose(made);
}

/* What takes its time is done beside the screen, which says where it is going and takes keys. */
static void the_screen_lives_while_it_is_going(void **state)
{
	struct seat seat;
	char gate[64];

	(void)state;
	snprintf(gate, sizeof(gate), "/tmp/loiter-playing-%ld.gate", (long)getpid());
	start(&seat, (const char *const[]){path_of("LTR_TUI_DEMO"), "--recorded", "240", "--gate",
					   gate, NULL});
	seat_expect(&seat, "at 59.8 s of 59.8 s, paused");
	/* Steps add up; a key for the list waits. */
	seat_type(&seat, ",");
	seat_expect(&seat, "going to 58.8 s ... (Esc: stay)");
	seat_type(&seat, "[,");
	seat_expect(&seat, "going to 47.8 s ... (Esc: stay)");
	/* What was on screen stays there, as far as there is room. */
	seat_resize(&seat, 90, 20);
	seat_expect(&seat, "going to 47.8 s ... (Esc: stay)");
	seat_expect(&seat, "568 goroutines");
	seat_type(&seat, "t");
	seat_expect(&seat, "(Esc: stay)  1 key waits");
	open_gate(gate);
	seat_expect(&seat, "at 47.8 s of 59.8 s, paused");
	seat_expect(&seat, "a step is");
	/* Esc leads back to where one was. */
	unlink(gate);
	seat_press(&seat, VTERM_KEY_HOME);
	seat_expect(&seat, "going to 0.0 s ... (Esc: stay)");
	seat_press(&seat, VTERM_KEY_ESCAPE);
	seat_expect(&seat, "going to 47.8 s ... (Esc: stay)");
	open_gate(gate);
	seat_type(&seat, "1");
	seat_expect(&seat, " of 472");
	seat_expect(&seat, "at 47.8 s of 59.8 s, paused");
	/* What may be text is none of its keys: it neither quits, nor leads elsewhere. */
	unlink(gate);
	seat_type(&seat, ",");
	seat_expect(&seat, "going to 46.8 s ... (Esc: stay)");
	seat_type(&seat, "/queue,");
	seat_expect(&seat, "going to 46.8 s ...  7 keys wait");
	open_gate(gate);
	seat_expect(&seat, "queue,");
	seat_expect(&seat, "at 46.8 s of 59.8 s, paused");
	seat_press(&seat, VTERM_KEY_ESCAPE);
	/* From a frame of what is played nobody wants to go back. */
	unlink(gate);
	seat_type(&seat, "t++++++ ");
	seat_expect(&seat, "going to 59.8 s ... (Esc: stop)");
	seat_press(&seat, VTERM_KEY_ESCAPE);
	open_gate(gate);
	seat_expect(&seat, "at 59.8 s of 59.8 s, paused");
	/* What an errand has to say is not lost to a key that waited. */
	seat_type(&seat, "1g");
	unlink(gate);
	seat_type(&seat, "}");
	seat_expect(&seat, "going there ... (Esc: stay)");
	seat_type(&seat, "j");
	seat_expect(&seat, "1 key waits");
	open_gate(gate);
	seat_expect(&seat, "it does nothing any more, as far as the recording goes");
	/* And who wants to quit need not wait until it is there: it never is. */
	unlink(gate);
	seat_type(&seat, "b");
	seat_expect(&seat, "going there ... (Esc: stay)");
	seat_type(&seat, "q");
	assert_int_equal(seat_wait(&seat), 0);
	seat_expect_restored(&seat);
	seat_done(&seat);
}

/* When a finding arose that does not tell it is looked for, as long as a person wants that. */
static void the_moment_of_a_finding_is_looked_for(void **state)
{
	struct seat seat;
	char found[64];

	(void)state;
	snprintf(found, sizeof(found), "/tmp/loiter-playing-%ld.found", (long)getpid());
	start(&seat, (const char *const[]){path_of("LTR_TUI_DEMO"), "--recorded", "240", "--found",
					   found, NULL});
	seat_type(&seat, "7");
	seat_expect(&seat, "1 goroutine waits for a lock whose holder has ended");
	seat_type(&seat, "b");
	seat_expect(&seat, "looking for when it arose: 0.0 s to 59.8 s, look ");
	/* The screen goes on. */
	seat_type(&seat, "1");
	seat_expect(&seat, "looking for when it arose");
	seat_expect(&seat, " of 568");
	seat_press(&seat, VTERM_KEY_ESCAPE);
	seat_expect(&seat, "stopped looking for when it arose");
	/* The moment from which it is looked for stays on screen. */
	seat_type(&seat, "7[[ ");
	seat_expect(&seat, "playing");
	seat_expect(&seat, "1 goroutine waits for a lock whose holder has ended");
	seat_type(&seat, "b");
	seat_expect(&seat, "looking for when it arose");
	seat_expect(&seat, "paused");
	seat_type(&seat, "t");
	seat_press(&seat, VTERM_KEY_END);
	seat_expect(&seat, "at 59.8 s of 59.8 s, paused");
	/* Who goes elsewhere has thought better of it. */
	seat_type(&seat, "7b");
	seat_expect(&seat, "looking for when it arose");
	seat_type(&seat, ",");
	seat_expect(&seat, "at 58.8 s of 59.8 s, paused");
	seat_expect(&seat, "Enter open");
	seat_type(&seat, "b");
	seat_expect(&seat, "looking for when it arose");
	open_gate(found);
	seat_expect(&seat, "at 20.0 s of 59.8 s, paused");
	seat_expect(&seat, "it is found from here on: it arose since the reading before");
	seat_type(&seat, ",");
	seat_expect(&seat, "nothing is known to be wrong at this moment");
	quit(&seat);
	unlink(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_real_recording_is_rewound),
		cmocka_unit_test(a_live_program_is_rewound),
		cmocka_unit_test(a_proof_ends_while_one_is_back),
		cmocka_unit_test(nothing_is_kept_if_nobody_wants_it),
		cmocka_unit_test(it_plays_to_the_end),
		cmocka_unit_test(the_screen_lives_while_it_is_going),
		cmocka_unit_test(the_moment_of_a_finding_is_looked_for),
	};

	return cmocka_run_group_tests(tests, make_recording, remove_recording);
}
