/* SPDX-License-Identifier: MIT */
/* What the options say about the first screen: views, columns, sorting, filter. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "goroutine_columns.h"
#include "tui_private.h"

static int open_roots(struct ltr__tui *tui)
{
	struct ltr__subject everything = {0};

	for (size_t i = 0; i < LTR__TUI_ROOTS; i++) {
		int error = ltr__view_by_index(i)->open(&tui->scene, &everything, &tui->roots[i]);

		if (error)
			return error;
	}
	return 0;
}

static int choose_view(struct ltr__tui *tui)
{
	const char *name = tui->options->view;

	if (!name)
		return 0;
	for (size_t i = 0; i < LTR__TUI_ROOTS; i++) {
		if (!strcmp(ltr__view_by_index(i)->name, name)) {
			tui->root = i;
			return 0;
		}
	}
	snprintf(tui->end->why, sizeof(tui->end->why), "there is no view '%.60s'", name);
	return -EINVAL;
}

static int choose_columns(struct ltr__tui *tui)
{
	const char *columns = tui->options->columns;
	const char *wrong;
	int length;

	if (!columns || !*columns)
		return 0;
	wrong = ltr__columns_choose(ltr__goroutine_columns, ltr__goroutine_column_count, columns,
				    &tui->scene.columns);
	if (!wrong)
		return 0;
	length = (int)strcspn(wrong, ",");
	snprintf(tui->end->why, sizeof(tui->end->why), "goroutines have no column '%.*s'",
		 length < 60 ? length : 60, wrong);
	return -EINVAL;
}

/* What the options say about the first screen. */
int ltr__tui_prepare(struct ltr__tui *tui)
{
	const struct ltr_tui_options *options = tui->options;
	struct ltr__view *view;
	int error = ltr__tui_set_filter(tui, options->filter ? options->filter : "", tui->end->why,
					sizeof(tui->end->why));

	if (!error)
		error = choose_columns(tui);
	if (!error)
		error = open_roots(tui);
	if (!error)
		error = choose_view(tui);
	if (error)
		return error;
	view = tui->roots[tui->root];
	if (options->sort && (!view->kind->sort || view->kind->sort(view, options->sort))) {
		snprintf(tui->end->why, sizeof(tui->end->why), "%s cannot be sorted by '%.60s'",
			 view->kind->name, options->sort);
		return -EINVAL;
	}
	return 0;
}
