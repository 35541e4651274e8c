/* SPDX-License-Identifier: MIT */
/*
 * Saving what is shown. A text is drawn once more, into a grid of its own that is high and wide, so that
 * a file has what has no room on the screen and nothing in it that a terminal would take ill. A file
 * gets its name when all of it is written; a name that is taken is refused by link(2), so two who save
 * at once do not hurt each other.
 */
#include "save.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"
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

const char ltr__save_question[] =
	"save as:  t text   s this screen   j JSON   p profile (pprof)   Esc not at all";

static void write_lines(const struct ltr__grid *grid, int lines, FILE *file)
{
	char line[LINE_BYTES];

	for (int y = 0; y < lines; y++) {
		ltr__grid_line(grid, y, line, sizeof(line));
		fprintf(file, "%s\n", line);
	}
}

static int write_text(struct ltr__tui *tui, FILE *file)
{
	struct ltr__grid grid = {.ascii = tui->grid.ascii};
	int error =
		ltr__grid_resize(&grid, tui->grid.width > WIDTH ? tui->grid.width : WIDTH, HEIGHT);

	if (!error) {
		draw(tui, &grid);
		write_lines(&grid, used_lines(&grid), file);
	}
	ltr__grid_done(&grid);
	return error;
}

static int write_screen(struct ltr__tui *tui, FILE *file)
{
	/* as it was before the question */
	ltr__frame_draw(tui);
	write_lines(&tui->grid, tui->grid.height, file);
	return 0;
}

struct shown {
	struct ltr__scene *scene;
	struct ltr__subject subject;
};

static bool is_shown(void *context, const struct ltr_goroutine *goroutine)
{
	struct shown *shown = context;
	struct ltr__scene *scene = shown->scene;

	if (shown->subject.goroutine)
		return goroutine->id == shown->subject.goroutine;
	return ltr__subject_has(&shown->subject, &scene->places, scene->findings,
				scene->moment.census, goroutine) &&
	       ltr__filter_lets(scene->filter, &scene->moment, goroutine);
}

static int write_goroutines(struct ltr__tui *tui, enum ltr_tui_format format, FILE *file)
{
	struct ltr__view *view = ltr__tui_view(tui);
	struct shown shown = {.scene = &tui->scene};
	struct ltr_tui_shown those = {.has = is_shown, .context = &shown};

	if (!tui->source->save)
		return -EOPNOTSUPP;
	if (view->kind->subject)
		shown.subject = view->kind->subject(view);
	return tui->source->save(tui->source->context, format, &those, file);
}

static int write_json(struct ltr__tui *tui, FILE *file)
{
	return write_goroutines(tui, LTR_TUI_FORMAT_JSON, file);
}

static int write_pprof(struct ltr__tui *tui, FILE *file)
{
	return write_goroutines(tui, LTR_TUI_FORMAT_PPROF, file);
}

static const struct format {
	uint32_t key;
	const char *ending;
	bool is_live; /* of the program as it is: not of a moment that is held */
	int (*write)(struct ltr__tui *tui, FILE *file);
} formats[] = {
	{'t', "txt", false, write_text},
	{'s', "screen.txt", false, write_screen},
	{'j', "json", true, write_json},
	{'p', "pb.gz", true, write_pprof},
};

/* A file without a name, or, where there is no such thing, with a hidden one, which is in `ret_hidden`. */
static int open_nameless(char *ret_hidden)
{
	int fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	ret_hidden[0] = 0;
	if (fd >= 0)
		return fd;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
		return -errno;
	strcpy(ret_hidden, ".loiter-XXXXXX");
	fd = mkostemp(ret_hidden, O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The first free name of its kind becomes that of the file. */
static int give_name(const struct ltr__tui *tui, int fd, const char *hidden, const char *ending,
		     char *ret_name, size_t size)
{
	const struct ltr__view *view = ltr__tui_view(tui);
	uint32_t pid = ltr__moment_info(&tui->scene.moment)->pid;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (int number = 1; number < NUMBERS; number++) {
		int error;

		snprintf(ret_name, size, "loiter-%" PRIu32 "-%s-%d.%s", pid, view->kind->name,
			 number, ending);
		error = *hidden ? link(hidden, ret_name)
				: linkat(AT_FDCWD, path, AT_FDCWD, ret_name, AT_SYMLINK_FOLLOW);
		if (!error || errno != EEXIST)
			return error ? -errno : 0;
	}
	return -EEXIST;
}

static int write_file(struct ltr__tui *tui, const struct format *format, char *ret_name,
		      size_t size)
{
	char hidden[16];
	int fd = open_nameless(hidden);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	int error = fd < 0 ? fd : file ? 0 : -errno;

	if (!error)
		error = format->write(tui, file);
	if (!error && (fflush(file) || ferror(file)))
		error = -EIO;
	if (!error)
		error = give_name(tui, fd, hidden, format->ending, ret_name, size);
	if (*hidden)
		unlink(hidden);
	if (file)
		fclose(file);
	else if (fd >= 0)
		close(fd);
	return error;
}

void ltr__save(struct ltr__tui *tui, uint32_t key, char *ret_say, size_t size)
{
	const struct format *format = NULL;
	char name[80];
	int error;

	ret_say[0] = 0;
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		if (formats[i].key == key)
			format = &formats[i];
	}
	if (!format)
		return;
	if (format->is_live && ltr__moment_is_held(&tui->scene.moment)) {
		snprintf(ret_say, size,
			 "this moment is held, and the program has gone on: Space first");
		return;
	}
	error = write_file(tui, format, name, sizeof(name));
	if (error)
		snprintf(ret_say, size, "this could not be saved: %s", strerror(-error));
	else
		snprintf(ret_say, size, "what is shown is in %s", name);
}
