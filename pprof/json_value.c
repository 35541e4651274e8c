/* SPDX-License-Identifier: MIT */

/* json-c values that note their errors and come out harmless (json_value.h). */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "clean.h"
#include "json_value.h"

void ltr__json_add(struct ltr__json *json, struct json_object *to, const char *key,
		   struct json_object *value)
{
	if (!value || !to ||
	    json_object_object_add_ex(to, key, value, JSON_C_OBJECT_ADD_CONSTANT_KEY)) {
		json_object_put(value);
		json->error = -ENOMEM;
	}
}

void ltr__json_add_number(struct ltr__json *json, struct json_object *to, const char *key,
			  uint64_t number)
{
	ltr__json_add(json, to, key, json_object_new_uint64(number));
}

void ltr__json_add_signed(struct ltr__json *json, struct json_object *to, const char *key,
			  int64_t number)
{
	ltr__json_add(json, to, key, json_object_new_int64(number));
}

void ltr__json_add_bool(struct ltr__json *json, struct json_object *to, const char *key, bool value)
{
	ltr__json_add(json, to, key, json_object_new_boolean(value));
}

struct json_object *ltr__json_text(const char *text)
{
	char clean[LTR__CLEAN_BYTES];
	size_t bytes = ltr__pprof_clean_utf8(clean, sizeof(clean), text);

	return json_object_new_string_len(clean, (int)bytes);
}

void ltr__json_add_text(struct ltr__json *json, struct json_object *to, const char *key,
			const char *text)
{
	ltr__json_add(json, to, key, ltr__json_text(text));
}

void ltr__json_add_known_text(struct ltr__json *json, struct json_object *to, const char *key,
			      const char *text)
{
	if (text[0])
		ltr__json_add_text(json, to, key, text);
}

void ltr__json_add_known_number(struct ltr__json *json, struct json_object *to, const char *key,
				uint64_t number)
{
	if (number)
		ltr__json_add_number(json, to, key, number);
}

void ltr__json_add_known_address(struct ltr__json *json, struct json_object *to, const char *key,
				 uint64_t address)
{
	char hex[32];

	snprintf(hex, sizeof(hex), "0x%" PRIx64, address);
	if (address)
		ltr__json_add_text(json, to, key, hex);
}

/*
 * json-c escapes what JSON requires. Other controls (DEL, C1, direction marks) can only be inside a
 * string, so they may be escaped afterwards.
 */
static void put_escaped(struct ltr__text *text, const char *json, size_t bytes)
{
	size_t start = 0;
	size_t at = 0;

	while (at < bytes) {
		size_t length;
		uint32_t character = ltr__pprof_utf8_next(json + at, bytes - at, &length);

		if (character != UINT32_MAX && ltr__pprof_is_control(character)) {
			ltr__text_bytes(text, json + start, at - start);
			ltr__text_format(text, "\\u%04x", character);
			start = at + length;
		}
		at += length;
	}
	ltr__text_bytes(text, json + start, bytes - start);
}

void ltr__json_put(struct ltr__json *json, struct json_object *value)
{
	size_t bytes = 0;
	const char *text =
		value ? json_object_to_json_string_length(
				value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
				&bytes)
		      : NULL;

	if (text)
		put_escaped(&json->text, text, bytes);
	else
		json->error = -ENOMEM;
	json_object_put(value);
}
