// SPDX-License-Identifier: MIT
/* The list of all kinds of targets. */
#include "target.h"

const struct ltr_target_ops *const ltr__targets[] = {
	&ltr__libloiter_target,
	&ltr__recording_target,
	NULL,
};
