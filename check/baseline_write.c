/* SPDX-License-Identifier: MIT */
/*
 * Writing a baseline: one entry for each function, creator and reason, in the order of the alphabet,
 * so that a new one differs from the old one by what has changed.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"
#include "internal.h"

struct row {
	const char *function;
	const char *creator;
	const char *doing;
	bool deadlock;
	uint64_t count;
};

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a;
	const struct row *y = b;
	int order = strcmp(x->function, y->function);

	if (!order)
		order = strcmp(x->creator, y->creator);
	if (!order)
		order = strcmp(x->doing, y->doing);
	return order ? order : x->deadlock - y->deadlock;
}

static void put_value(const char *key, const char *value, FILE *out)
{
	if (!value[0])
		return;
	fprintf(out, " %s \"", key);
	for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
		if (*c == '"' || *c == '\\')
			fprintf(out, "\\%c", *c);
		else if (*c >= 0x20 && *c < 0x7f)
			fputc(*c, out);
		else
			fprintf(out, "\\x%02x", *c);
	}
	fputc('"', out);
}

/* Whoever runs may be queued in the next run, and the other way round: that is left out. */
static const char *doing_of(const struct ltr_finding *finding)
{
	if (finding->state == LTR_STATE_RUNNING || finding->state == LTR_STATE_QUEUED)
		return "";
	return ltr__doing(finding);
}

/* Adds the row of a finding, if there is anything to tell its goroutines by; of a cycle, of each. */
static size_t add_rows(const struct ltr_finding *finding, struct row *rows, uint64_t *left_out)
{
	struct row row = {
		.function = finding->depth ? finding->stack[0].function : finding->entry.function,
		.creator = finding->created.function,
		.doing = doing_of(finding),
		.deadlock = finding->grade == LTR_GRADE_DEADLOCK,
		.count = finding->count,
	};
	size_t used = 0;

	for (size_t i = 0; i < finding->cycle_count; i++)
		used += add_rows(finding->cycle[i], rows + used, left_out);
	if (finding->cycle_count)
		return used;
	if (!row.function[0] && !row.creator[0]) {
		*left_out += finding->count;
		return 0;
	}
	rows[0] = row;
	return 1;
}

static size_t collect(const struct ltr_judgement *judgement, uint32_t fail_on, struct row *rows,
		      uint64_t *ret_left_out)
{
	size_t used = 0;

	*ret_left_out = 0;
	for (size_t i = 0; i < ltr_judgement_count(judgement); i++) {
		const struct ltr_finding *finding = ltr_judgement_at(judgement, i);

		if (!finding->count || finding->grade == LTR_GRADE_INCONCLUSIVE ||
		    !(fail_on & LTR_GRADE_BIT(finding->grade)))
			continue;
		used += add_rows(finding, rows + used, ret_left_out);
	}
	return used;
}

static void put_row(const struct row *row, uint64_t count, FILE *out)
{
	fprintf(out, "%" PRIu64, count);
	put_value("function", row->function, out);
	put_value("creator", row->creator, out);
	put_value("reason", row->doing, out);
	if (row->deadlock)
		put_value("grade", ltr_grade_name(LTR_GRADE_DEADLOCK), out);
	fputc('\n', out);
}

int ltr_baseline_write(const struct ltr_judgement *judgement, uint32_t fail_on, FILE *out,
		       uint64_t *ret_left_out)
{
	size_t most = ltr_judgement_count(judgement) + 1;
	struct row *rows;
	uint64_t left_out;
	size_t used;

	for (size_t i = 0; i < ltr_judgement_count(judgement); i++)
		most += ltr_judgement_at(judgement, i)->cycle_count;
	rows = calloc(most, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	used = collect(judgement, fail_on ? fail_on : LTR_FAIL_ON_DEFAULT, rows, &left_out);
	if (used > 1)
		qsort(rows, used, sizeof(*rows), compare_rows);
	errno = 0;
	fputs("loiter baseline 1\n"
	      "# Goroutines that are known to be left; 'loiter check --baseline' does not fail for\n"
	      "# them. Cure them and take their lines out: loiter says which are not needed any "
	      "more.\n",
	      out);
	for (size_t i = 0; i < used;) {
		uint64_t count = rows[i].count;
		size_t end = i + 1;

		for (; end < used && compare_rows(&rows[i], &rows[end]) == 0; end++)
			count += rows[end].count;
		put_row(&rows[i], count, out);
		i = end;
	}
	free(rows);
	if (fflush(out) != 0 || ferror(out))
		return errno ? -errno : -EIO;
	*ret_left_out = left_out;
	return 0;
}
