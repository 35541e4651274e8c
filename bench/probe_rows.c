/* SPDX-License-Identifier: MIT */

/* The table of bench/probe, for people and as JSON. */

#include "probe_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static const struct {
	const char *printed, *unit;
	double must;
	bool larger;
} rows[] = {
#define ROW(NAME, printed, unit, must, larger) {printed, unit, must, larger},
	ROWS(ROW)
#undef ROW
};

double rows_values[ROW_COUNT][ROUNDS_MAX];

int rows_by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Drops the rounds in which the row could not be measured; returns how many are left. */
static int pack(double *v, int rounds)
{
	int count = 0;

	for (int i = 0; i < rounds; i++)
		if (!isnan(v[i]))
			v[count++] = v[i];
	return count;
}

static const char *verdict(size_t row, double median)
{
	if (rows[row].must == 0)
		return "";
	return (rows[row].larger ? median >= rows[row].must : median <= rows[row].must) ? "reached"
											: "MISSED";
}

/* The processor's name without what JSON would want escaped. */
static void processor_name(char *name, size_t bytes)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[512];

	snprintf(name, bytes, "unknown processor");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "model name", 10) == 0 && strchr(line, ':')) {
			snprintf(name, bytes, "%s", strchr(line, ':') + 2);
			break;
		}
	if (file)
		fclose(file);
	for (char *c = name; *c; c++)
		if (*c == '"' || *c == '\\' || (unsigned char)*c < ' ')
			*c = *c == '\n' ? '\0' : ' ';
}

void rows_report(int rounds, long goroutines, bool all, FILE *json)
{
	char name[128];
	struct utsname kernel;
	const char *comma = "";

	uname(&kernel);
	processor_name(name, sizeof(name));
	printf("%s, %ld processors, Linux %s; %d rounds, %ld goroutines in the large census\n",
	       name, sysconf(_SC_NPROCESSORS_ONLN), kernel.release, rounds, goroutines);
	printf("%-38s %10s %10s %10s  %-10s %6s\n", "row", "median", "least", "most", "unit",
	       "must");
	if (json)
		fprintf(json,
			"{\"processor\": \"%s\", \"processors\": %ld, \"kernel\": \"%s\", "
			"\"rounds\": %d, \"goroutines\": %ld, \"rows\": [",
			name, sysconf(_SC_NPROCESSORS_ONLN), kernel.release, rounds, goroutines);
	for (size_t row = 0; row < ROW_COUNT; row++) {
		double *v = rows_values[row];
		int count = pack(v, rounds);

		if (count == 0) {
			if (all)
				printf("%-38s not measured\n", rows[row].printed);
			continue;
		}
		qsort(v, (size_t)count, sizeof(v[0]), rows_by_size);
		printf("%-38s %10.2f %10.2f %10.2f  %-10s", rows[row].printed, v[count / 2], v[0],
		       v[count - 1], rows[row].unit);
		if (count < rounds)
			printf(" (in %d rounds)", count);
		if (rows[row].must > 0)
			printf(" %s%-5g %s", rows[row].larger ? ">=" : "<=", rows[row].must,
			       verdict(row, v[count / 2]));
		printf("\n");
		if (json) {
			fprintf(json,
				"%s\n{\"row\": \"%s\", \"unit\": \"%s\", \"median\": %.3f, "
				"\"least\": %.3f, \"most\": %.3f, \"must\": %g, \"verdict\": \"%s\"}",
				comma, rows[row].printed, rows[row].unit, v[count / 2], v[0],
				v[count - 1], rows[row].must, verdict(row, v[count / 2]));
			comma = ",";
		}
	}
	if (json)
		fprintf(json, "\n]}\n");
}
