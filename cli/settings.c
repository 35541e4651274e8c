/* SPDX-License-Identifier: MIT */
/* Settings from a file. */
#include "settings.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES  65536
#define LINES_MAX   64
#define VALUE_BYTES 512

void ltr__settings_done(struct ltr__settings *settings)
{
	free(settings->text);
	free(settings->arguments);
	*settings = (struct ltr__settings){0};
}

/* False: nobody says where. Relative paths are to be ignored, says the XDG specification. */
static bool find_path(const char *command, char *ret_path, size_t size)
{
	const char *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	int length;

	if (config && config[0] == '/')
		length = snprintf(ret_path, size, "%s/loiter/%s.conf", config, command);
	else if (home && home[0] == '/')
		length = snprintf(ret_path, size, "%s/.config/loiter/%s.conf", home, command);
	else
		return false;
	return length > 0 && (size_t)length < size;
}

/* At most FILE_BYTES of text, without zeros. */
static int read_text(FILE *file, char *text)
{
	size_t length = fread(text, 1, FILE_BYTES + 1, file);

	if (ferror(file))
		return -EIO;
	if (length > FILE_BYTES)
		return -EFBIG;
	return memchr(text, 0, length) ? -EBADMSG : 0;
}

/* What is no file is not waited for, as a pipe would be. */
static int open_file(const char *path, FILE **ret_file)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;
	int error = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status))
		error = -errno;
	else if (!S_ISREG(status.st_mode))
		error = S_ISDIR(status.st_mode) ? -EISDIR : -ESPIPE;
	if (!error) {
		*ret_file = fdopen(fd, "r");
		error = *ret_file ? 0 : -ENOMEM;
	}
	if (error)
		close(fd);
	return error;
}

static int read_file(const char *path, char **ret_text)
{
	FILE *file = NULL;
	char *text;
	int error = open_file(path, &file);

	if (error)
		return error == -ENOENT || error == -ENOTDIR ? 0 : error;
	text = calloc(1, FILE_BYTES + 2);
	error = text ? read_text(file, text) : -ENOMEM;
	fclose(file);
	if (error)
		free(text);
	else
		*ret_text = text;
	return error;
}

static char *trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && isspace((unsigned char)end[-1]))
		*--end = 0;
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

static bool is_one_of(const char *name, size_t length, const char *const *names)
{
	for (; *names; names++) {
		if (strlen(*names) == length && !strncmp(*names, name, length))
			return true;
	}
	return false;
}

/* "name = value" into "--name=value", in `arguments`, which has room for it. -EINVAL. */
static int take_line(char *line, const char *const *names, char **arguments, char **ret_end)
{
	char *equals = strchr(line, '=');
	char *value = equals ? trim(equals + 1) : NULL;

	if (equals)
		*equals = 0;
	line = trim(line);
	if (!is_one_of(line, strlen(line), names) || (value && strlen(value) > VALUE_BYTES))
		return -EINVAL;
	*arguments = *ret_end;
	*ret_end += sprintf(*ret_end, "--%s%s%s", line, value ? "=" : "", value ? value : "") + 1;
	return 0;
}

/* Arguments are written behind the text: three bytes a line more than it has. */
static int cut_up(struct ltr__settings *settings, const char *const *names, unsigned *ret_line)
{
	size_t length = strlen(settings->text);
	char *text = realloc(settings->text, 2 * length + 4lu * LINES_MAX + 8);
	char *line;
	char *end;

	if (!text)
		return -ENOMEM;
	settings->text = text;
	settings->arguments = calloc(LINES_MAX + 1, sizeof(char *));
	if (!settings->arguments)
		return -ENOMEM;
	end = text + length + 1;
	for (*ret_line = 1; (line = strsep(&text, "\n")); (*ret_line)++) {
		line = trim(line);
		if (!*line || *line == '#')
			continue;
		if (settings->count == LINES_MAX ||
		    take_line(line, names, &settings->arguments[settings->count], &end))
			return -EINVAL;
		settings->count++;
	}
	return 0;
}

int ltr__settings_read(const char *command, const char *const *names,
		       struct ltr__settings *ret_settings, char *ret_why, size_t why_size)
{
	struct ltr__settings settings = {0};
	unsigned line = 0;
	char path[4096];
	int error;

	if (!find_path(command, path, sizeof(path)))
		return 0;
	error = read_file(path, &settings.text);
	if (error) {
		snprintf(ret_why, why_size, "the settings in %.150s cannot be read: %s", path,
			 strerror(-error));
		return error;
	}
	if (!settings.text)
		return 0;
	error = cut_up(&settings, names, &line);
	if (error) {
		snprintf(ret_why, why_size, "%.150s:%u: this is no setting", path, line);
		ltr__settings_done(&settings);
		return error;
	}
	*ret_settings = settings;
	return 0;
}

int ltr__settings_add(struct ltr__settings *settings, int argc, char **argv)
{
	char **arguments = calloc(settings->count + (size_t)argc + 1, sizeof(*arguments));
	size_t count = 0;

	if (!arguments)
		return -ENOMEM;
	for (int i = 0; i < argc && i < 1; i++)
		arguments[count++] = argv[i];
	for (size_t i = 0; i < settings->count; i++)
		arguments[count++] = settings->arguments[i];
	for (int i = 1; i < argc; i++)
		arguments[count++] = argv[i];
	free(settings->arguments);
	settings->arguments = arguments;
	settings->count = count;
	return 0;
}
