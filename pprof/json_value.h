/* SPDX-License-Identifier: MIT */
#ifndef LOITER_PPROF_JSON_VALUE_H
#define LOITER_PPROF_JSON_VALUE_H

/*
 * A JSON document that is written value by value: build a json-c value, add to it, put it, forget
 * it. json-c takes ownership of a value that is added to another one; so do these functions, also
 * when they fail. A value that could not be had is NULL, and may be passed on: `error` notes it.
 */

#include <json-c/json_object.h>
#include <stdbool.h>
#include <stdint.h>

#include "text_writer.h"

struct ltr__json {
	int error; /* -ENOMEM while building; that of writing is the text's */
	struct ltr__text text;
};

/* `key` is a constant that the object does not have yet. */
void ltr__json_add(struct ltr__json *json, struct json_object *to, const char *key,
		   struct json_object *value);
void ltr__json_add_number(struct ltr__json *json, struct json_object *to, const char *key,
			  uint64_t number);
void ltr__json_add_signed(struct ltr__json *json, struct json_object *to, const char *key,
			  int64_t number);
void ltr__json_add_bool(struct ltr__json *json, struct json_object *to, const char *key,
			bool value);
void ltr__json_add_text(struct ltr__json *json, struct json_object *to, const char *key,
			const char *text);

/* What is not known, "" or 0, is left out, so that nobody takes it for a value. */
void ltr__json_add_known_text(struct ltr__json *json, struct json_object *to, const char *key,
			      const char *text);
void ltr__json_add_known_number(struct ltr__json *json, struct json_object *to, const char *key,
				uint64_t number);

/* Addresses are strings ("0x401000"): most readers of JSON hold numbers in 53 bits. */
void ltr__json_add_known_address(struct ltr__json *json, struct json_object *to, const char *key,
				 uint64_t address);

/* A string of the watched program: UTF-8, whatever it was. NULL without memory. */
struct json_object *ltr__json_text(const char *text);

/* Writes and frees `value`. */
void ltr__json_put(struct ltr__json *json, struct json_object *value);

#endif
