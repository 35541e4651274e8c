/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_SETTINGS_H
#define LOITER_CLI_SETTINGS_H

/*
 * A person's settings for a subcommand: $XDG_CONFIG_HOME/loiter/NAME.conf, or, if that is not set,
 * ~/.config/loiter/NAME.conf. A line is a long option without its dashes, "sort = -age" or "mouse";
 * empty lines and what begins with # mean nothing. They are options that stand before those of the
 * command line, which therefore win.
 */

#include <stddef.h>

struct ltr__settings {
	char *text; /* of the file, cut up */
	char **arguments;
	size_t count; /* NULL follows */
};

void ltr__settings_done(struct ltr__settings *settings);

#define LTR__CLEANUP_SETTINGS __attribute__((cleanup(ltr__settings_done)))

/*
 * Reads the file of a subcommand; no file is no settings. `names`, ended by NULL, may stand in it.
 * -EINVAL, and errors of reading it: what is wrong is in ret_why; -ENOMEM.
 */
int ltr__settings_read(const char *command, const char *const *names,
		       struct ltr__settings *ret_settings, char *ret_why, size_t why_size);

/* The command line with the settings behind its first word. -ENOMEM. */
int ltr__settings_add(struct ltr__settings *settings, int argc, char **argv);

#endif
