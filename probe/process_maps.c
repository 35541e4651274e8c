// SPDX-License-Identifier: MIT
/*
 * The mapped files of a process, from /proc/PID/maps. Anonymous memory is left out at once: a
 * program with many stacks has many of these, and nobody here asks for them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process_private.h"

#define MAPS_MAX 65536

static int parse_line(char *line, struct ltr_process_map *ret_map)
{
	struct ltr_process_map map = {0};
	char rights[5];
	unsigned int major;
	unsigned int minor;
	int path_at = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n", &map.start,
		   &map.end, rights, &map.offset, &major, &minor, &map.inode, &path_at) != 7 ||
	    !path_at || line[path_at] != '/' || map.end <= map.start)
		return -ENOENT;
	line[path_at + strcspn(line + path_at, "\n")] = '\0';
	map.device = (uint64_t)major << 32 | minor;
	map.writable = rights[1] == 'w';
	map.executable = rights[2] == 'x';
	map.path = strdup(line + path_at);
	if (!map.path)
		return -ENOMEM;
	*ret_map = map;
	return 0;
}

static int add_map(struct ltr_process_maps *maps, size_t *capacity,
		   const struct ltr_process_map *map)
{
	if (maps->count == *capacity) {
		size_t more = *capacity ? *capacity * 2 : 64;
		void *grown = realloc(maps->map, more * sizeof(*maps->map));
		if (!grown)
			return -ENOMEM;
		maps->map = grown;
		*capacity = more;
	}
	maps->map[maps->count++] = *map;
	return 0;
}

int ltr_process_maps(const struct ltr_process *process, struct ltr_process_maps *ret_maps)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%u/maps", process->pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? -ESRCH : -errno;

	struct ltr_process_maps maps = {0};
	size_t capacity = 0;
	char *line = NULL;
	size_t line_bytes = 0;
	int err = 0;
	while (maps.count < MAPS_MAX && getline(&line, &line_bytes, file) > 0) {
		struct ltr_process_map map;
		err = parse_line(line, &map);
		if (err == -ENOENT) {
			err = 0;
			continue;
		}
		if (!err) {
			err = add_map(&maps, &capacity, &map);
			if (err)
				free(map.path);
		}
		if (err)
			break;
	}
	free(line);
	fclose(file);
	if (err) {
		ltr_process_maps_done(&maps);
		return err;
	}
	*ret_maps = maps;
	return 0;
}

void ltr_process_maps_done(struct ltr_process_maps *maps)
{
	for (size_t i = 0; i < maps->count; i++)
		free(maps->map[i].path);
	free(maps->map);
	*maps = (struct ltr_process_maps){0};
}
