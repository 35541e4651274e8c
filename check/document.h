/* SPDX-License-Identifier: MIT */
#ifndef LOITER_CHECK_DOCUMENT_H
#define LOITER_CHECK_DOCUMENT_H

/*
 * A JSON document that is being built, by json-c. What fails is noted in `error` and the rest goes
 * on, so that builders read like the document; ltr__document_write() says what became of it. Values
 * that are given away belong to the document, also after a failure.
 */

#include <stdio.h>

#include <json-c/json.h>

#include "internal.h"

struct ltr__document {
	const struct ltr_judgement *judgement;
	const struct ltr_report_options *options;
	int error; /* -ENOMEM, or 0 */
};

/* `key` is a constant that the object does not have yet. */
void ltr__document_add(struct ltr__document *document, struct json_object *to, const char *key,
		       struct json_object *value);
void ltr__document_append(struct ltr__document *document, struct json_object *array,
			  struct json_object *value);
void ltr__document_add_number(struct ltr__document *document, struct json_object *to,
			      const char *key, uint64_t number);
void ltr__document_add_signed(struct ltr__document *document, struct json_object *to,
			      const char *key, int64_t number);
void ltr__document_add_bool(struct ltr__document *document, struct json_object *to, const char *key,
			    bool value);

/* Cleaned (ltr__print_clean()); "" is left out, so that nobody takes it for a value. */
void ltr__document_add_text(struct ltr__document *document, struct json_object *to, const char *key,
			    const char *text);

/* What ltr__print_NAME(judgement, finding, options, out) prints. */
typedef void ltr__print_function(const struct ltr_judgement *judgement,
				 const struct ltr_finding *finding,
				 const struct ltr_report_options *options, FILE *out);
void ltr__document_add_printed(struct ltr__document *document, struct json_object *to,
			       const char *key, ltr__print_function *print,
			       const struct ltr_finding *finding);

/* Writes and frees `root`. */
int ltr__document_write(struct ltr__document *document, struct json_object *root, FILE *out);

#endif
