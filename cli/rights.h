/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CLI_RIGHTS_H
#define LOITER_CLI_RIGHTS_H

/*
 * What of a privileged caller's rights is given up once they have been used: what is read from programs
 * and recordings is hostile, and whoever finds a mistake in the reading gets no more than what is left.
 *
 * Of capabilities(7) there remain, if they were there:
 *   always          CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: files that the user names, debug information
 *   to look on      CAP_SYS_PTRACE: memory of programs; CAP_KILL: to end a command; CAP_SYS_NICE: to let
 *                   a program stand only for a short time; CAP_BPF: what threads do (until Linux 5.18)
 *   to attach again CAP_PERFMON, and CAP_SYS_ADMIN, which some kernels ask for instead
 * What is executed later gets no rights back (no_new_privs), so commands have to be started before.
 */

enum ltr__rights {
	LTR__RIGHTS_FILES, /* a recording is read */
	LTR__RIGHTS_LOOK,  /* a program is attached to */
	LTR__RIGHTS_ATTACH,
};

/*
 * For the calling thread and those that it starts from now on. Never blocks. Giving up again, and with
 * no rights at all, is fine. -errno of capset(2) or prctl(2), which is not to be expected; -ENOMEM.
 */
int ltr__rights_keep(enum ltr__rights rights);

/* The same; who cannot give them up says so and goes on with them. */
void ltr__rights_give_up(enum ltr__rights rights);

#endif
