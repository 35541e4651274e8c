/* SPDX-License-Identifier: MIT */

/* check_trace FILE [lossy]: holds a trace against the rules of traced.h, and says what is in it. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "traced.h"

int main(int argc, char **argv)
{
	struct traced traced;
	size_t bytes;
	char *json;
	bool good;

	if (argc < 2)
		return 64;
	json = read_file(argv[1], &bytes);
	if (!json)
		return 66;
	good = trace_is_valid(json, bytes, argc < 3, &traced);
	printf("%zu slices, %zu runs, %zu arrows, %zu tracks, %zu runs on processors\n",
	       traced.slices, traced.runs, traced.arrows, traced.tracks, traced.processor_runs);
	printf("%zu samples, %zu at work\n", traced.samples, traced.samples_at_work);
	free(json);
	return good ? 0 : 1;
}
