// SPDX-License-Identifier: MIT
/*
 * Tools that come and go, each a process of its own and several at a time, while a program is at
 * work. At every quiet point each tool that is there has joined at another moment, or has stayed
 * since an earlier turn: all must count as many goroutines as the program does, and show what a
 * snapshot does. A thousand attaches over the rules.
 *
 * A census heals itself, so what a join has missed would be mended by then. But it is known: a
 * record is missing, and nobody has said that one was lost.
 */
#include "live_child.h"
#include "same_census.h"
#include "testing.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "census_private.h"
#include "probe.h"

#define TOOLS    4
#define EACH     5    /* attaches of a tool in a turn */
#define PATIENCE 1000 /* polls of 10 ms */

/* Of attaches. A program made slower by a sanitizer is busy enough with fewer. */
#ifdef __SANITIZE_ADDRESS__
#define SCALED(count) ((count) / 5)
#else
#define SCALED(count) (count)
#endif

static struct chance chance;

/* What one of the tools sees. */
struct seat {
	uint32_t pid;
	const enum ltr_via *ways; /* one of two at a time */
	struct chance chance;
	struct ltr_probe *probe;
	bool waits;
	struct tally {
		unsigned int came;
		unsigned int lossy;  /* of those: the reader was too slow, and knows it */
		unsigned int gapped; /* and those that miss a record of which no loss has told */
	} tally;
};

static void leave(struct seat *seat)
{
	const struct ltr_census *census = seat->probe ? ltr_probe_census(seat->probe) : NULL;

	seat->tally.lossy += census && census->lost_counted;
	seat->tally.gapped += census && !census->lost_counted && census->lost_missing;
	seat->probe = ltr_probe_close(seat->probe);
}

static const char *come(struct seat *seat)
{
	seat->waits = chance_below(&seat->chance, 3) != 0;
	struct ltr_probe_options options = {.via = seat->ways[chance_below(&seat->chance, 2)],
					    .waits = seat->waits};
	static struct ltr_why why;

	if (ltr_probe_open(seat->pid, &options, &seat->probe, &why) < 0)
		return why.text;
	seat->tally.came++;
	return NULL;
}

static const char *come_and_go(struct seat *seat)
{
	/* Who is there may stay over the quiet. */
	uint32_t coming = seat->probe ? chance_below(&seat->chance, EACH) : EACH;
	const char *wrong = NULL;

	for (uint32_t i = 0; i < coming && !wrong; i++) {
		leave(seat);
		wrong = come(seat);
		uint32_t polls = chance_below(&seat->chance, 20);
		for (uint32_t poll = 0; poll < polls && !wrong; poll++)
			if (ltr_probe_poll(seat->probe, (int)chance_below(&seat->chance, 2)) < 0)
				wrong = "cannot be polled";
	}
	return wrong;
}

static const char *compare(struct seat *seat, size_t count)
{
	const struct ltr_census *census = ltr_probe_census(seat->probe);
	const char *wrong = "never looked";

	for (int i = 0; i < PATIENCE && wrong; i++) {
		struct ltr_probe_options options = {.via = LTR_VIA_SNAPSHOT};
		struct ltr_probe *other = NULL;
		struct ltr_why why = {""};

		if (ltr_probe_poll(seat->probe, 10) < 0 ||
		    ltr_probe_open(seat->pid, &options, &other, &why) < 0)
			return "cannot be read";
		wrong = ltr_census_count(census) == count
				? census_difference(census, ltr_probe_census(other), seat->waits,
						    i == PATIENCE - 1)
				: "what the program counts";
		ltr_probe_close(other);
	}
	return wrong;
}

/* Reads what comes while nothing is asked. */
static bool next_question(struct seat *seat, char *line, size_t bytes)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

	while (seat->probe && poll(&input, 1, 0) == 0)
		(void)ltr_probe_poll(seat->probe, 1);
	ssize_t got = read(STDIN_FILENO, line, bytes - 1);
	line[got > 0 ? got : 0] = '\0';
	return got > 0;
}

/* "go" is to come and go, a number is to compare; answers "ok" or what is wrong. */
static void be_a_tool(void *context)
{
	struct seat *seat = context;
	char line[32];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The others' pipes: their end is a message. */
	close_range(STDERR_FILENO + 1, ~0u, 0);
	while (next_question(seat, line, sizeof(line))) {
		const char *wrong =
			line[0] == 'g' ? come_and_go(seat) : compare(seat, strtoul(line, NULL, 10));
		if (wrong && seat->probe) {
			const struct ltr_census *census = ltr_probe_census(seat->probe);
			const struct ltr_census_info *info = ltr_census_info(census);

			dprintf(STDERR_FILENO,
				"%s by %s, waits %d, attach %u: %zu goroutines, %llu lost, "
				"asked \"%s\"\n",
				wrong, ltr_way_name(info->way), seat->waits, seat->tally.came,
				ltr_census_count(census), (unsigned long long)info->lost, line);
		}
		dprintf(STDOUT_FILENO, "%s %u %u %u\n", wrong ? wrong : "ok", seat->tally.came,
			seat->tally.lossy, seat->tally.gapped);
	}
	leave(seat);
	_exit(0);
}

static struct child start_tool(const struct child *child, const enum ltr_via ways[2])
{
	struct seat seat = {.pid = (uint32_t)child->pid, .ways = ways};

	seat.chance.state = chance_next(&chance);
	return child_fork(be_a_tool, &seat);
}

static void ask_all(const struct child *tools, const char *question)
{
	for (int i = 0; i < TOOLS; i++)
		assert_int_equal(write(tools[i].asks, question, strlen(question)),
				 strlen(question));
}

/* The tallies of all, together. */
static struct tally hear_all(const struct child *tools)
{
	struct tally all = {0};

	for (int i = 0; i < TOOLS; i++) {
		char answer[300];
		struct tally own;

		assert_non_null(fgets(answer, sizeof(answer), tools[i].says));
		if (sscanf(answer, "ok %u %u %u", &own.came, &own.lossy, &own.gapped) != 3)
			fail_msg("a tool says: %s", answer);
		all.came += own.came;
		all.lossy += own.lossy;
		all.gapped += own.gapped;
	}
	return all;
}

static void many_attaches(uint32_t least, const enum ltr_via ways[2])
{
	struct child child = child_start(CHURN_PROGRAM, NULL);
	struct child tools[TOOLS];
	struct tally all = {0};
	uint32_t turns = 0;

	for (int i = 0; i < TOOLS; i++)
		tools[i] = start_tool(&child, ways);
	for (; all.came < least; turns++) {
		char line[64];
		unsigned int count;

		child_go_on(&child);
		child_hear(&child, "busy\n");
		ask_all(tools, "go");
		(void)hear_all(tools);
		child_go_on(&child);
		assert_non_null(fgets(line, sizeof(line), child.says));
		assert_int_equal(sscanf(line, "quiet %u", &count), 1);
		snprintf(line, sizeof(line), "%u", count);
		ask_all(tools, line);
		all = hear_all(tools);
	}
	print_message("%u attaches in %u turns: %u were too slow, %u miss a record untold\n",
		      all.came, turns, all.lossy, all.gapped);
	/* Few: a thread may be kept from all CPUs for longer than its records are waited for. */
	assert_true(all.gapped * 20 <= all.came);
	for (int i = 0; i < TOOLS; i++)
		child_end(&tools[i]);
	child_end(&child);
}

static bool ebpf_is_refused(void)
{
	struct child child = child_start(CHURN_PROGRAM, NULL);
	struct ltr_probe_options options = {.via = LTR_VIA_EBPF};
	struct ltr_probe *probe = NULL;
	struct ltr_why why = {""};

	child_go_on(&child);
	child_hear(&child, "busy\n");
	bool refused = ltr_probe_open((uint32_t)child.pid, &options, &probe, &why) < 0;
	if (refused)
		print_message("refused: %s\n", why.text);
	ltr_probe_close(probe);
	child_go_on(&child);
	child_end(&child);
	return refused;
}

static void test_through_shared_memory(void **state)
{
	static const enum ltr_via ways[2] = {LTR_VIA_SHM, LTR_VIA_SHM};

	(void)state;
	many_attaches(SCALED(600), ways);
}

static void test_through_ebpf(void **state)
{
	static const enum ltr_via ways[2] = {LTR_VIA_EBPF, LTR_VIA_EBPF};

	(void)state;
	if (ebpf_is_refused())
		skip();
	many_attaches(SCALED(150), ways);
}

static void test_through_both(void **state)
{
	static const enum ltr_via ways[2] = {LTR_VIA_EBPF, LTR_VIA_SHM};

	(void)state;
	if (ebpf_is_refused())
		skip();
	many_attaches(SCALED(250), ways);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_through_shared_memory),
		cmocka_unit_test(test_through_ebpf),
		cmocka_unit_test(test_through_both),
	};

	signal(SIGPIPE, SIG_IGN);
	chance.state = chance_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
