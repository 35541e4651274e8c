/* SPDX-License-Identifier: MIT */
/*
 * Which memory a process has: /proc/PID/maps, less what is left out, and of that the pages that are
 * there (/proc/PID/pagemap). Left out from the beginning is what the process cannot read either, and
 * what it shares without being able to write it.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "private.h"

#define AREAS_MAX  (1u << 18)
#define SPAN_MAX   (1ull << 38) /* of data of files, too; a sanitizer's shadow is larger */
#define STACKS_MAX (1ull << 42) /* the same, of stacks: each of their pages is visited (hot.c) */

/* Of an entry of pagemap (Documentation/admin-guide/mm/pagemap.rst). */
#define PAGE_PRESENT (1ull << 63)
#define PAGE_SWAPPED (1ull << 62)
#define PAGE_OF_FILE (1ull << 61)

struct line {
	uint64_t start;
	uint64_t end;
	char rights[5];
	uint64_t inode;
	const char *path; /* in the line; "" */
};

static bool parse_line(char *text, struct line *ret_line)
{
	struct line line = {0};
	int path_at = 0;

	text[strcspn(text, "\n")] = '\0';
	if (sscanf(text, "%" SCNx64 "-%" SCNx64 " %4s %*x %*x:%*x %" SCNu64 " %n", &line.start,
		   &line.end, line.rights, &line.inode, &path_at) != 4 ||
	    !path_at || strlen(line.rights) != 4 || line.end <= line.start ||
	    line.start % LTR__PAGE_BYTES || line.end % LTR__PAGE_BYTES)
		return false;
	line.path = text + path_at;
	*ret_line = line;
	return true;
}

static bool is_c_library(const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	return ltr__begins_with(name, "libc.so.") || ltr__begins_with(name, "libc-2.");
}

/* Whether words that are in there may count; `before` is the area that was found last, or NULL. */
static bool judge_line(const struct line *line, const struct ltr__area *before,
		       struct ltr__area *ret_area)
{
	bool shared = line->rights[3] == 's';
	bool has_file = line->path[0] == '/';

	*ret_area = (struct ltr__area){
		.start = line->start, .end = line->end, .kind = LTR__AREA_MEMORY};
	if (line->rights[0] != 'r' || (shared && line->rights[1] != 'w'))
		return false;
	if (ltr__begins_with(line->path, "[v")) /* vdso, vvar, vsyscall: the kernel's */
		return false;
	ret_area->of_file = has_file && !shared;
	ret_area->of_nobody = !line->inode && !shared;
	ret_area->of_data = has_file && !shared && line->rights[1] == 'w';
	ret_area->of_malloc = has_file && is_c_library(line->path);
	if (has_file || ltr__begins_with(line->path, "[stack")) {
		ret_area->kind = LTR__AREA_DATA;
		ret_area->known = true;
	} else if (strcmp(line->path, "[heap]") == 0) {
		ret_area->is_heap = true;
	} else if (!line->path[0] && before && before->end == line->start && before->of_data) {
		/* What of a file's data is zero at first: nothing else that follows a file is known. */
		ret_area->kind = LTR__AREA_DATA;
		ret_area->known = true;
	}
	return true;
}

static int add_area(struct ltr__areas *areas, const struct ltr__area *area)
{
	if (areas->count == AREAS_MAX)
		return -E2BIG;
	if (areas->count == areas->capacity) {
		size_t more = areas->capacity ? areas->capacity * 2 : 64;
		void *grown = reallocarray(areas->area, more, sizeof(*areas->area));

		if (!grown)
			return -ENOMEM;
		areas->area = grown;
		areas->capacity = more;
	}
	areas->area[areas->count] = *area;
	areas->area[areas->count].base = areas->granules;
	if (area->kind == LTR__AREA_MEMORY) {
		uint64_t granules = (area->end - area->start) / LTR__GRANULE;

		if (granules > LTR__GRANULES_MAX - areas->granules)
			return -E2BIG;
		areas->granules += (uint32_t)granules;
	}
	areas->count++;
	return 0;
}

static uint64_t down(uint64_t address)
{
	return address & ~(uint64_t)(LTR__PAGE_BYTES - 1);
}

static uint64_t up(uint64_t address)
{
	return down(address + LTR__PAGE_BYTES - 1);
}

/*
 * Add the area without the regions, which are sorted; *next is the first that may matter. Only whole
 * pages are left out, so that an area begins and ends at pages.
 */
static int add_less(struct ltr__areas *areas, struct ltr__area area,
		    const struct ltr_reach_region *skip, size_t skip_count, size_t *next)
{
	uint64_t at = area.start;
	uint64_t end = area.end;
	int error = 0;

	while (*next < skip_count && down(skip[*next].high) <= at)
		(*next)++;
	for (size_t i = *next; i < skip_count && !error && at < end; i++) {
		uint64_t low = up(skip[i].low);
		uint64_t high = down(skip[i].high);

		if (low >= end)
			break;
		if (high <= at || high <= low)
			continue;
		if (low > at) {
			area.start = at;
			area.end = low;
			error = add_area(areas, &area);
		}
		at = low > at ? low : at;
		if (!error && skip[i].kind == LTR_REACH_STACKS) {
			struct ltr__area stacks = {.start = at,
						   .end = high < end ? high : end,
						   .kind = LTR__AREA_STACKS,
						   .known = true};
			error = add_area(areas, &stacks);
		}
		at = high;
	}
	if (error || at >= end)
		return error;
	area.start = at;
	area.end = end;
	return add_area(areas, &area);
}

static int compare_regions(const void *a, const void *b)
{
	const struct ltr_reach_region *x = a;
	const struct ltr_reach_region *y = b;

	return x->low < y->low ? -1 : x->low > y->low;
}

static int read_lines(FILE *file, const struct ltr_reach_region *skip, size_t skip_count,
		      struct ltr__areas *areas)
{
	struct ltr__area before = {0};
	char *text = NULL;
	size_t text_bytes = 0;
	size_t next = 0;
	uint64_t span = 0, stacks = 0;
	int error = 0;

	while (!error && getline(&text, &text_bytes, file) > 0) {
		struct ltr__area area;
		struct line line;
		size_t first = areas->count;

		/* In order, and none over another: what the rest relies on. */
		if (!parse_line(text, &line) || line.start < before.end)
			continue;
		if (!judge_line(&line, &before, &area))
			continue;
		before = area;
		error = add_less(areas, area, skip, skip_count, &next);
		for (size_t i = first; i < areas->count; i++)
			*(areas->area[i].kind == LTR__AREA_STACKS ? &stacks : &span) +=
				areas->area[i].end - areas->area[i].start;
		if (span > SPAN_MAX || stacks > STACKS_MAX)
			error = -E2BIG;
	}
	free(text);
	return error;
}

int ltr__areas_read(const struct ltr_process *process, const struct ltr_reach_region *skip,
		    size_t skip_count, struct ltr__areas *ret_areas, struct ltr_why *why)
{
	struct ltr_reach_region *sorted;
	struct ltr__areas areas = {0};
	char path[64];
	FILE *file;
	int error;

	snprintf(path, sizeof(path), "/proc/%u/maps", ltr_process_pid(process));
	file = fopen(path, "re");
	if (!file) {
		error = errno == ENOENT ? -ESRCH : -errno;
		return ltr_why_set(why, error, "cannot read %s: %s", path, strerror(-error));
	}
	sorted = calloc(skip_count + 1, sizeof(*sorted));
	if (sorted) {
		if (skip_count)
			memcpy(sorted, skip, skip_count * sizeof(*sorted));
		qsort(sorted, skip_count, sizeof(*sorted), compare_regions);
	}
	error = sorted ? read_lines(file, sorted, skip_count, &areas) : -ENOMEM;
	fclose(file);
	free(sorted);
	if (error) {
		ltr__areas_done(&areas);
		return ltr_why_set(why, error,
				   error == -E2BIG ? "it has more address space than can be looked "
						     "at (a sanitizer?)"
						   : "out of memory");
	}
	*ret_areas = areas;
	return 0;
}

void ltr__areas_done(struct ltr__areas *areas)
{
	free(areas->area);
	*areas = (struct ltr__areas){0};
}

const struct ltr__area *ltr__area_of(const struct ltr__areas *areas, uint64_t address)
{
	size_t low = 0;
	size_t high = areas->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (areas->area[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || areas->area[low - 1].end <= address)
		return NULL;
	return &areas->area[low - 1];
}

int ltr__pagemap_open(const struct ltr_process *process)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/pagemap", ltr_process_pid(process));
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool is_there(uint64_t entry, bool of_file)
{
	if (!(entry & (PAGE_PRESENT | PAGE_SWAPPED)))
		return false;
	return !of_file || !(entry & PAGE_OF_FILE);
}

int ltr__pages_each(int pagemap, uint64_t start, uint64_t end, bool of_file,
		    int (*each)(void *context, uint64_t from, uint64_t to), void *context)
{
	uint64_t entries[1024];
	uint64_t from = 0; /* of the run; 0: none */
	int error = 0;

	while (start < end && !error) {
		uint64_t pages = (end - start) / LTR__PAGE_BYTES;
		uint64_t most = sizeof(entries) / sizeof(entries[0]);
		ssize_t got = -1;

		pages = pages < most ? pages : most;
		if (pagemap >= 0)
			got = pread(pagemap, entries, pages * sizeof(entries[0]),
				    (off_t)(start / LTR__PAGE_BYTES * sizeof(entries[0])));
		if (got < (ssize_t)sizeof(entries[0])) {
			from = from ? from : start;
			start = end; /* not known: all of the rest */
			break;
		}
		pages = (uint64_t)got / sizeof(entries[0]);
		for (uint64_t i = 0; i < pages && !error; i++, start += LTR__PAGE_BYTES) {
			if (is_there(entries[i], of_file)) {
				from = from ? from : start;
			} else if (from) {
				error = each(context, from, start);
				from = 0;
			}
		}
	}
	if (from && !error)
		error = each(context, from, start);
	return error;
}
