/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_OBJECT_COLUMNS_H
#define LOITER_TUI_OBJECT_COLUMNS_H

/* The columns of the view of objects; the items of its rows are struct ltr__object. */

#include "column.h"

extern const struct ltr__column ltr__object_columns[];
extern const size_t ltr__object_column_count;

#endif
