/* SPDX-License-Identifier: MIT */
/*
 * The table of rules. Its order is the order of the grades: whoever comes first claims first, which
 * is what keeps a goroutine out of a weaker finding than it deserves. tests/check holds it to that.
 */

#include "internal.h"

const struct ltr_rule *const ltr__rules[] = {
	&ltr__rule_double_lock,     &ltr__rule_once_in_once,
	&ltr__rule_read_write_read, &ltr__rule_lock_upgrade,
	&ltr__rule_lock_order,      &ltr__rule_lock_cycle,
	&ltr__rule_abandoned_lock,  &ltr__rule_all_asleep,
	&ltr__rule_hopeless,        &ltr__rule_unreachable,
	&ltr__rule_held_for_ever,   &ltr__rule_never_exited,
	&ltr__rule_grows,           &ltr__rule_retries,
	&ltr__rule_runs_long,       &ltr__rule_waits_long,
	&ltr__rule_still_running,   &ltr__rule_incomplete,
	&ltr__rule_not_judged,      NULL,
};
