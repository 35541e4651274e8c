/* SPDX-License-Identifier: MIT */
/*
 * Locks that are fought for are no deadlock: a program that does everything with locks that is correct,
 * as fast as it can, is looked at a thousand times. The two looks of each time follow one another at
 * once, where loiter leaves a pause between them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <check/check.h>
#include <probe/probe.h>
#include <signal.h>

/* Sanitized programs are in the middle of something nearly always, and are read again and again. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LOOKS 50
#else
#define LOOKS 1000
#endif

static pid_t start(void)
{
	const char *given = getenv("LOCKERS");
	const char *program = given ? given : "";
	int ends[2];
	char byte;

	assert_non_null(given);
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execl(program, "lockers", "twins", (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	return pid;
}

static bool is_fought_for(const struct ltr_census *census)
{
	for (size_t i = 0; i < ltr_census_lock_count(census); i++)
		if (ltr_census_lock(census, i)->owner_id)
			return true;
	return false;
}

static void nothing_in_a_thousand_looks(void **state)
{
	const struct ltr_probe_options options = {.via = LTR_VIA_SNAPSHOT};
	pid_t pid = start();
	struct ltr_probe *probe = NULL;
	struct ltr_why why;
	int fought_for = 0, suspicions = 0;

	(void)state;
	assert_int_equal(ltr_probe_open((uint32_t)pid, &options, &probe, &why), 0);
	for (int i = 0; i < LOOKS; i++) {
		struct ltr_judgement *judgement = NULL;
		struct ltr_look *look = NULL;

		assert_true(ltr_probe_refresh(probe) >= 0);
		assert_int_equal(ltr_look_new(ltr_probe_census(probe), &look), 0);
		fought_for += is_fought_for(ltr_probe_census(probe));
		suspicions += ltr_look_suspects(look);
		assert_true(ltr_probe_refresh(probe) >= 0);
		assert_int_equal(ltr_judgement_new(&judgement), 0);
		assert_int_equal(ltr_judge_census(judgement, ltr_probe_census(probe),
						  &(struct ltr_judge_options){.alive = true,
									      .earlier = look}),
				 0);
		for (size_t k = 0; k < ltr_judgement_count(judgement); k++) {
			const struct ltr_finding *finding = ltr_judgement_at(judgement, k);

			if (finding->grade == LTR_GRADE_INCONCLUSIVE)
				continue; /* torn, which loiter repeats */
			ltr_report_write(judgement, "text", &(struct ltr_report_options){0},
					 stdout);
			fail_msg("found in look %d", i);
		}
		ltr_judgement_free(judgement);
		ltr_look_free(look);
	}
	print_message("%d of %d looks saw a lock that was waited for; %d were worth a second one\n",
		      fought_for, LOOKS, suspicions);
	assert_true(fought_for > LOOKS / 10);
	ltr_probe_close(probe);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_in_a_thousand_looks)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
