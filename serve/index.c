/* SPDX-License-Identifier: MIT */

/*
 * The list of profiles, in the form of Go's: the same head, one row a page in the order of their
 * names, the same list of what they are. Nothing in it is the watched program's own word.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct entry {
	const char *name;
	const char *what; /* as HTML */
	size_t rows;
};

/* What is at an address beside the profiles, and no profile of its own. */
static const struct entry others[] = {
	{"cmdline", "the command line of the program", 0},
	{"profile", "what the CPUs do in the next 30 seconds, or in seconds=N: Go's name for cpu",
	 0},
	{"symbol", "names of functions: symbol?0xADDRESS+0xADDRESS", 0},
};

#define OTHER_COUNT (sizeof(others) / sizeof(others[0]))

/* What the page of this type will have, by what is known now. -ENOMEM. */
static int rows_of(const struct ltr_census *census, const struct ltr_profile_type *type,
		   size_t *ret_rows)
{
	if (type->from_waits)
		return ltr_census_wait_count(census, ret_rows);
	if (type->from_proof)
		*ret_rows = ltr_census_leak_count(census);
	else if (type->from_cpu)
		*ret_rows = ltr_census_cpu_count(census);
	else
		*ret_rows = ltr_census_count(census);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;

	return strcmp(x->name, y->name);
}

static int put_row(struct ltr__body *body, const struct entry *entry)
{
	char row[256];

	snprintf(row, sizeof(row), "<tr><td>%zu</td><td><a href='%s?debug=1'>%s</a></td></tr>\n",
		 entry->rows, entry->name, entry->name);
	return ltr__body_text(body, row);
}

static int put_what(struct ltr__body *body, const struct entry *entry)
{
	char item[512];

	snprintf(item, sizeof(item), "<li><div class=profile-name>%s: </div> %s</li>\n",
		 entry->name, entry->what);
	return ltr__body_text(body, item);
}

static int put_all(struct ltr__body *body, const struct entry *entries, size_t count)
{
	int err = ltr__body_text(
		body, "<html>\n<head>\n<title>/debug/pprof/</title>\n<style>\n.profile-name{\n"
		      "\tdisplay:inline-block;\n\twidth:6rem;\n}\n</style>\n</head>\n<body>\n"
		      "/debug/pprof/\n<br>\n"
		      "<p>Set debug=1 as a query parameter to export in legacy text format</p>\n"
		      "<br>\nTypes of profiles available:\n"
		      "<table>\n<thead><td>Count</td><td>Profile</td></thead>\n");

	for (size_t i = 0; i < count && !err; i++)
		err = put_row(body, &entries[i]);
	if (!err)
		err = ltr__body_text(
			body, "</table>\n"
			      "<a href=\"goroutine?debug=2\">full goroutine stack dump</a>\n<br>\n"
			      "<p>\nProfile Descriptions:\n<ul>\n");
	for (size_t i = 0; i < count && !err; i++)
		err = put_what(body, &entries[i]);
	if (err)
		return err;
	return ltr__body_text(body, "</ul>\n</p>\n"
				    "<p>Add seconds=N to a profile to see what changes meanwhile. "
				    "Also: <a href=\"/metrics\">metrics</a>, "
				    "<a href=\"/census.json\">census.json</a>.</p>\n"
				    "</body>\n</html>");
}

int ltr__index_write(const struct ltr_census *census, struct ltr__body *body)
{
	size_t types = ltr_profile_type_count();
	struct entry *entries = calloc(types + OTHER_COUNT, sizeof(*entries));
	int err = 0;

	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < types && !err; i++) {
		const struct ltr_profile_type *type = ltr_profile_type_at(i);

		entries[i] = (struct entry){.name = type->name, .what = type->what};
		err = rows_of(census, type, &entries[i].rows);
	}
	memcpy(entries + types, others, sizeof(others));
	qsort(entries, types + OTHER_COUNT, sizeof(*entries), by_name);
	if (!err)
		err = put_all(body, entries, types + OTHER_COUNT);
	free(entries);
	return err;
}
