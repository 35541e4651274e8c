/* SPDX-License-Identifier: MIT */
#ifndef LOITER_TUI_FILTER_H
#define LOITER_TUI_FILTER_H

/*
 * Filters: which goroutines a person wants to see. The language, all terms must hold:
 *
 *   state:chan,sync  one of these states          reason:"chan send"  part of the reason
 *   age>1s  age<=5m  time in its state             func:text  a function anywhere on its stack
 *   life>1h  moves<=3  time since it was created, changes of state; fn: and function: mean func:
 *   where:text       the function or file where it waits
 *   creator:text     the function or file that created it
 *   name:text  label:key  label:key=value          is:main, is:daemon, is:unsure
 *   id:17,18  parent:17  object:0x7f..  stack:5  site:5
 *   text             any of name, where, creator, reason, labels, id
 *   -term            does not hold
 *
 * Texts match a part, in any case; commas mean "or"; quotes keep blanks and commas.
 *
 * A test costs no string comparison per goroutine: a verdict about a string, stack, site or set of
 * labels is remembered under its number.
 */

#include <stdbool.h>

#include "moment.h"

#define LTR__FILTER_BYTES 256 /* of the text of a filter, with its NUL */

struct ltr__filter;

/*
 * -EINVAL: what is wrong is in ret_why, one sentence; -ENOMEM. An empty text is a filter that lets
 * everything through.
 */
int ltr__filter_new(const char *text, struct ltr__filter **ret_filter, char *ret_why,
		    size_t why_size);

/* One that looks for a plain text as a bare word does, whatever is in it. */
int ltr__filter_new_search(const char *text, struct ltr__filter **ret_filter);

struct ltr__filter *ltr__filter_free(struct ltr__filter *filter);

bool ltr__filter_is_empty(const struct ltr__filter *filter);
bool ltr__filter_lets(struct ltr__filter *filter, const struct ltr__moment *moment,
		      const struct ltr_goroutine *goroutine);

/*
 * Completion of the last word of a text: what it could go on with, the `index`th possibility; NULL
 * after the last. Words are parts of the language: field names, states, reasons. The returned text
 * replaces the last *ret_replaced bytes.
 */
const char *ltr__filter_complete(const char *text, size_t index, size_t *ret_replaced);

/* Whether `part` occurs in `text`, in any (ASCII) case. */
bool ltr__contains(const char *text, const char *part);

#endif
