/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_GOROUTINE_COLUMNS_H
#define LOITER_TUI_GOROUTINE_COLUMNS_H

/*
 * The columns of the table of goroutines; `item` is a const struct ltr_goroutine.
 */

#include "column.h"

extern const struct ltr__column ltr__goroutine_columns[];
extern const size_t ltr__goroutine_column_count;

#endif
