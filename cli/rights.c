/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "cli.h"
#include "rights.h"

static const struct {
	cap_value_t capability;
	enum ltr__rights from; /* kept with this and what is above */
} kept[] = {
	{CAP_DAC_OVERRIDE, LTR__RIGHTS_FILES}, {CAP_DAC_READ_SEARCH, LTR__RIGHTS_FILES},
	{CAP_SYS_PTRACE, LTR__RIGHTS_LOOK},    {CAP_KILL, LTR__RIGHTS_LOOK},
	{CAP_SYS_NICE, LTR__RIGHTS_LOOK},      {CAP_BPF, LTR__RIGHTS_LOOK},
	{CAP_PERFMON, LTR__RIGHTS_ATTACH},     {CAP_SYS_ADMIN, LTR__RIGHTS_ATTACH},
};

/* A kernel that does not know a capability says of it that it is not there. */
static int take_over(cap_t now, cap_t then, cap_value_t capability)
{
	static const cap_flag_t flags[] = {CAP_PERMITTED, CAP_EFFECTIVE};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		cap_flag_value_t value = CAP_CLEAR;

		if (cap_get_flag(now, capability, flags[i], &value) == 0 && value == CAP_SET &&
		    cap_set_flag(then, flags[i], 1, &capability, CAP_SET) < 0)
			return -errno;
	}
	return 0;
}

int ltr__rights_keep(enum ltr__rights rights)
{
	cap_t now = cap_get_proc();
	cap_t then = cap_init();
	int error = now && then ? 0 : -ENOMEM;

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]) && !error; i++)
		if (kept[i].from <= rights)
			error = take_over(now, then, kept[i].capability);
	if (!error && (cap_set_proc(then) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0))
		error = -errno;
	cap_free(now);
	cap_free(then);
	return error;
}

void ltr__rights_give_up(enum ltr__rights rights)
{
	int error = ltr__rights_keep(rights);

	if (error)
		ltr__say("cannot give up rights, and goes on with them: %s", strerror(-error));
}
