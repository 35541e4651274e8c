/* SPDX-License-Identifier: MIT */
/*
 * The help: the table of keys, as far as they work where the help was asked for, and the words that
 * the screen uses.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tui.h"
#include "view.h"

#define KEYS_WIDTH 18

struct help {
	struct ltr__view view;
	unsigned where;
	int top;
	int lines;
	int height;
};

struct help_line {
	const char *left;
	const char *right;
};

static const struct help_line filter_lines[] = {
	{"chan", "any of name, where, creator, reason, labels, id has this"},
	{"state:chan,sync", "in one of these states"},
	{"reason:\"chan send\"", "waits for this reason"},
	{"age>1s  age<5ms", "in its state for longer, shorter"},
	{"life>1h  moves<9", "time since it was created, changes of state"},
	{"func:text", "a function anywhere on its stack"},
	{"where:text", "the function or file where it waits"},
	{"creator:text", "the function or file that created it"},
	{"name:text", "its name"},
	{"label:key=value", "a label; without =value: has this label"},
	{"is:main,daemon", "also is:unsure"},
	{"id:17 parent:17", "by number; also object:, stack:, site:"},
	{"-term", "does not hold; several terms must all hold"},
};

static const struct help_line word_lines[] = {
	{"~", "the time is coarse: nobody watched when it began"},
	{"!", "unsure: records of it were lost, its state may be old"},
	{"ebpf, shm", "how it is watched: by the kernel, or through shared memory"},
	{"snapshot, file", "read now and then; from a recording"},
	{"LOST", "records that nobody could take in time; all are counted"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct help *help_of(struct ltr__view *view)
{
	return (struct help *)view;
}

static int help_open(const struct ltr__scene *scene, const struct ltr__subject *subject,
		     struct ltr__view **ret_view)
{
	struct help *help = calloc(1, sizeof(*help));

	(void)scene;
	if (!help)
		return -ENOMEM;
	help->view.kind = &ltr__view_help;
	help->where = subject->help_for | LTR__IN_ALL;
	*ret_view = &help->view;
	return 0;
}

static void help_close(struct ltr__view *view)
{
	free(view);
}

static void help_begin(struct ltr__view *view, struct ltr__scene *scene)
{
	(void)view;
	(void)scene;
}

static int help_take(struct ltr__view *view, struct ltr__scene *scene, size_t from, size_t to)
{
	(void)view;
	(void)scene;
	(void)from;
	(void)to;
	return 0;
}

static int help_end(struct ltr__view *view, struct ltr__scene *scene)
{
	(void)view;
	(void)scene;
	return 0;
}

static void draw_line(struct ltr__area area, int *y, const char *left, const char *right)
{
	int width = area.width < 40 ? 10 : KEYS_WIDTH;

	ltr__text(area, 2, *y, width, LTR__STYLE_KEY, left);
	ltr__text(area, 2 + width + 1, *y, area.width - width - 3, LTR__STYLE_NORMAL, right);
	(*y)++;
}

static void draw_heading(struct ltr__area area, int *y, const char *text)
{
	ltr__text(area, 1, *y, area.width - 1, LTR__STYLE_TITLE, text);
	(*y)++;
}

static void draw_lines(struct ltr__area area, int *y, const char *title,
		       const struct help_line *lines, size_t count)
{
	(*y)++;
	draw_heading(area, y, title);
	for (size_t i = 0; i < count; i++)
		draw_line(area, y, lines[i].left, lines[i].right);
}

static void help_draw(struct ltr__view *view, struct ltr__scene *scene, struct ltr__area area)
{
	struct help *help = help_of(view);
	int y = -help->top;

	(void)scene;
	help->height = area.height;
	draw_heading(area, &y, "Keys");
	for (size_t i = 0; i < ltr__binding_count; i++) {
		const struct ltr__binding *binding = &ltr__bindings[i];

		if (binding->help && binding->where & help->where)
			draw_line(area, &y, binding->label, binding->help);
	}
	if (help->where & (LTR__IN_LISTS | LTR__IN_GRAPH))
		draw_lines(area, &y, "Filters", filter_lines, COUNT(filter_lines));
	draw_lines(area, &y, "Words and marks", word_lines, COUNT(word_lines));
	help->lines = y + help->top;
}

static struct ltr__want help_act(struct ltr__view *view, struct ltr__scene *scene,
				 enum ltr__action action, int line)
{
	struct help *help = help_of(view);

	(void)scene;
	(void)line;
	help->top = ltr__scroll(action, help->top, help->lines, help->height);
	return (struct ltr__want){0};
}

static void help_title(struct ltr__view *view, struct ltr__scene *scene, char *ret_text,
		       size_t size)
{
	(void)view;
	(void)scene;
	snprintf(ret_text, size, "help");
}

static void help_place(struct ltr__view *view, char *ret_text, size_t size)
{
	struct help *help = help_of(view);

	ltr__say_lines(help->top, help->lines, help->height, ret_text, size);
}

const struct ltr__view_kind ltr__view_help = {
	.name = "help",
	.where = LTR__IN_HELP,
	.open = help_open,
	.close = help_close,
	.begin = help_begin,
	.take = help_take,
	.end = help_end,
	.draw = help_draw,
	.act = help_act,
	.title = help_title,
	.place = help_place,
};
