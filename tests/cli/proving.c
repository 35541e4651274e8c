/* SPDX-License-Identifier: MIT */
/*
 * References are looked at apart from the watching, and may be stopped. LEAKS says where the program is
 * that has goroutines nobody can wake.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <cli/proving.h>
#include <probe/record.h>

struct subject {
	pid_t pid;
	FILE *said;
	int input; /* it lives as long as this is open */
	struct ltr_probe *probe;
};

static void begin(struct subject *subject)
{
	const struct ltr_probe_options options = {.via = LTR_VIA_SHM};
	const char *leaks = getenv("LEAKS");
	struct ltr_why why;
	int out[2];
	int in[2];
	char line[256];

	if (!leaks)
		fail_msg("LEAKS is not set");
	assert_int_equal(pipe(out), 0);
	assert_int_equal(pipe(in), 0);
	subject->pid = fork();
	assert_true(subject->pid >= 0);
	if (!subject->pid && leaks) {
		dup2(out[1], 1);
		dup2(in[0], 0);
		close(in[1]);
		execl(leaks, "leaks", "20", (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	close(in[0]);
	subject->input = in[1];
	subject->said = fdopen(out[0], "r");
	do
		assert_non_null(fgets(line, sizeof(line), subject->said));
	while (strcmp(line, "ready\n") != 0);
	assert_int_equal(ltr_probe_open((uint32_t)subject->pid, &options, &subject->probe, &why),
			 0);
}

static void end(struct subject *subject)
{
	ltr_probe_close(subject->probe);
	kill(subject->pid, SIGKILL);
	waitpid(subject->pid, NULL, 0);
	fclose(subject->said);
	close(subject->input);
}

static size_t unreachable(const struct subject *subject)
{
	const struct ltr_census *census = ltr_probe_census(subject->probe);
	size_t count = 0;

	for (size_t i = 0; i < ltr_census_count(census); i++)
		count += (ltr_census_at(census, i)->flags & LTR_IS_UNREACHABLE) != 0;
	return count;
}

static int prove(struct ltr__proving *proving, struct subject *subject)
{
	struct ltr_why why;
	int more;

	while ((more = ltr__proving_go(proving, subject->probe, &why)) > 0) {
		assert_int_equal(unreachable(subject), 0);
		assert_true(ltr_probe_poll(subject->probe, 1) >= 0);
	}
	return more;
}

static void it_is_noted_where_one_watches(void **state)
{
	struct ltr__proving *proving;
	struct subject subject;

	(void)state;
	begin(&subject);
	assert_int_equal(ltr__proving_new(&proving), 0);
	assert_int_equal(prove(proving, &subject), 0);
	assert_true(ltr_census_info(ltr_probe_census(subject.probe))->reach.conclusive);
	assert_true(unreachable(&subject) > 0);
	ltr__proving_free(proving);
	end(&subject);
}

/* Whenever it is stopped: nothing is noted, and it can be begun again. */
static void it_can_be_stopped(void **state)
{
	struct ltr__proving *proving;
	struct subject subject;
	struct ltr_why why;

	(void)state;
	begin(&subject);
	assert_int_equal(ltr__proving_new(&proving), 0);
	ltr__proving_stop(proving);
	for (int times = 0; times < 20; times++) {
		/* Once: as much of it as may be has been done by then. */
		assert_int_equal(ltr__proving_go(proving, subject.probe, &why), 1);
		poll(NULL, 0, times);
		ltr__proving_stop(proving);
		assert_false(ltr_census_info(ltr_probe_census(subject.probe))->reach.tried);
	}
	assert_int_equal(prove(proving, &subject), 0);
	assert_true(unreachable(&subject) > 0);
	assert_int_equal(ltr__proving_go(proving, subject.probe, &why), 1);
	ltr__proving_free(proving);
	end(&subject);
}

/* Who cancels a probe gets nothing from it. */
static void what_is_cancelled_reads_nothing(void **state)
{
	struct subject subject;

	(void)state;
	begin(&subject);
	ltr_probe_cancel(subject.probe);
	assert_int_equal(ltr_probe_reach(subject.probe, LTR_FREEZE_NEVER), -ECANCELED);
	assert_int_equal(unreachable(&subject), 0);
	end(&subject);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_noted_where_one_watches),
		cmocka_unit_test(it_can_be_stopped),
		cmocka_unit_test(what_is_cancelled_reads_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
