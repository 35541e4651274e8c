/* SPDX-License-Identifier: MIT */
#ifndef LOITER_SOCKETS_H
#define LOITER_SOCKETS_H

/*
 * What the sockets are that goroutines wait on, noted in the census (ltr_census_know_sockets()) for who
 * cannot ask the program later. Only who has begun to wait since the last look is asked about, and of
 * these a bounded number each time: the others come with the next looks.
 */

#include "process.h"

/*
 * Right after a snapshot. Notes in info->sockets_reason why nobody can be asked, or why some were not yet;
 * "" when nothing is missing. 0, -ESRCH, -ENOMEM.
 */
int ltr__sockets_look(const struct ltr_process *process, struct ltr_census *census);

#endif
