/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_GROUP_COLUMNS_H
#define LOITER_TUI_GROUP_COLUMNS_H

/*
 * The columns of the tables of groups. For drawing, `item` is a const struct ltr__group_item; for
 * sorting it is the const struct ltr__group itself.
 */

#include "column.h"
#include "group.h"

struct ltr__group_item {
	const struct ltr__groups *groups;
	const struct ltr__group *group;
};

/* The table for groups by something, sorted by their counts. */
void ltr__group_table(enum ltr__group_by by, struct ltr__table *ret_table);

#endif
