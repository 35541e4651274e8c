/* SPDX-License-Identifier: MIT */
/*
 * Saving what is shown. It is drawn once more, into a grid of its own that is high and wide, so that
 * a file has what has no room on the screen and nothing in it that a terminal would take ill.
 */
#include "save.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "header.h"
#include "tui_private.h"

#define WIDTH      160 /* at least */
#define HEIGHT     1000
#define NUMBERS    1000
#define LINE_BYTES (LTR__GRID_MAX_WIDTH * 12 + 16)

/* The lines that have something in them, up to the last one. */
static int used_lines(const struct ltr__grid *grid)
{
	char line[LINE_BYTES];
	int used = grid->height;

	while (used > 0 && !ltr__grid_line(grid, used - 1, line, sizeof(line)))
		used--;
	return used;
}

static void draw(struct ltr__tui *tui, struct ltr__grid *grid)
{
	struct ltr__view *view = ltr__tui_view(tui);
	struct ltr__area all = ltr__grid_area(grid);
	int header = ltr__header_height(&tui->scene, all.width, all.height);
	char title[160];
	int x;

	ltr__header_draw(&tui->scene, ltr__area_part(all, 0, 0, all.width, header), all.height);
	view->kind->title(view, &tui->scene, title, sizeof(title));
	x = 1 + ltr__text(all, 1, header, all.width - 1, LTR__STYLE_STRONG, title);
	if (!ltr__filter_is_empty(tui->scene.filter))
		ltr__textf(all, x, header, all.width - x, LTR__STYLE_NORMAL, "   filter %s",
			   tui->scene.filter_text);
	view->kind->draw(view, &tui->scene,
			 ltr__area_part(all, 0, header + 1, all.width, all.height - header - 1));
}

/* A new file; its descriptor, or a negative errno. */
static int create(const struct ltr__tui *tui, char *ret_name, size_t size)
{
	const struct ltr__view *view = ltr__tui_view(tui);
	uint32_t pid = ltr__moment_info(&tui->scene.moment)->pid;

	for (int number = 1; number < NUMBERS; number++) {
		int fd;

		snprintf(ret_name, size, "loiter-%" PRIu32 "-%s-%d.txt", pid, view->kind->name,
			 number);
		fd = open(ret_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd >= 0 || errno != EEXIST)
			return fd < 0 ? -errno : fd;
	}
	return -EEXIST;
}

static int write_lines(const struct ltr__grid *grid, int lines, int fd)
{
	char line[LINE_BYTES];
	FILE *file = fdopen(fd, "w");
	int error;

	if (!file) {
		error = -errno;
		close(fd);
		return error;
	}
	for (int y = 0; y < lines; y++) {
		ltr__grid_line(grid, y, line, sizeof(line));
		fprintf(file, "%s\n", line);
	}
	error = ferror(file) ? -EIO : 0;
	if (fclose(file) && !error)
		error = -errno;
	return error;
}

void ltr__save_text(struct ltr__tui *tui, char *ret_say, size_t size)
{
	struct ltr__grid grid = {.ascii = tui->grid.ascii};
	char name[64];
	int lines = 0;
	int fd = -1;
	int error =
		ltr__grid_resize(&grid, tui->grid.width > WIDTH ? tui->grid.width : WIDTH, HEIGHT);

	if (!error) {
		draw(tui, &grid);
		lines = used_lines(&grid);
		fd = create(tui, name, sizeof(name));
		error = fd < 0 ? fd : write_lines(&grid, lines, fd);
		if (error && fd >= 0)
			unlink(name);
	}
	ltr__grid_done(&grid);
	if (error)
		snprintf(ret_say, size, "this could not be saved: %s", strerror(-error));
	else
		snprintf(ret_say, size, "%d lines are in %s", lines, name);
}
