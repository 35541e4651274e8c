/* SPDX-License-Identifier: MIT */
/* JSON documents that note their errors (document.h). */

#include <errno.h>
#include <stdlib.h>

#include "document.h"

void ltr__document_add(struct ltr__document *document, struct json_object *to, const char *key,
		       struct json_object *value)
{
	if (value && to &&
	    json_object_object_add_ex(to, key, value, JSON_C_OBJECT_ADD_CONSTANT_KEY) == 0)
		return;
	json_object_put(value);
	document->error = -ENOMEM;
}

void ltr__document_append(struct ltr__document *document, struct json_object *array,
			  struct json_object *value)
{
	if (value && array && json_object_array_add(array, value) == 0)
		return;
	json_object_put(value);
	document->error = -ENOMEM;
}

void ltr__document_add_number(struct ltr__document *document, struct json_object *to,
			      const char *key, uint64_t number)
{
	ltr__document_add(document, to, key, json_object_new_uint64(number));
}

void ltr__document_add_signed(struct ltr__document *document, struct json_object *to,
			      const char *key, int64_t number)
{
	ltr__document_add(document, to, key, json_object_new_int64(number));
}

void ltr__document_add_bool(struct ltr__document *document, struct json_object *to, const char *key,
			    bool value)
{
	ltr__document_add(document, to, key, json_object_new_boolean(value));
}

/* Takes what was printed over; `out` was opened by open_memstream() on it, or is NULL. */
static void add_stream(struct ltr__document *document, struct json_object *to, const char *key,
		       FILE *out, char **text)
{
	if (!out || fclose(out) != 0)
		document->error = -ENOMEM;
	else if ((*text)[0])
		ltr__document_add(document, to, key, json_object_new_string(*text));
	free(*text);
}

void ltr__document_add_text(struct ltr__document *document, struct json_object *to, const char *key,
			    const char *text)
{
	char *clean = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&clean, &bytes);

	if (out)
		ltr__print_clean(text, 0, out);
	add_stream(document, to, key, out, &clean);
}

void ltr__document_add_printed(struct ltr__document *document, struct json_object *to,
			       const char *key, ltr__print_function *print,
			       const struct ltr_finding *finding)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	if (out)
		print(document->judgement, finding, document->options, out);
	add_stream(document, to, key, out, &text);
}

int ltr__document_write(struct ltr__document *document, struct json_object *root, FILE *out)
{
	const char *text =
		document->error
			? NULL
			: json_object_to_json_string_ext(
				  root, (document->options->one_line ? JSON_C_TO_STRING_PLAIN
								     : JSON_C_TO_STRING_PRETTY) |
						JSON_C_TO_STRING_NOSLASHESCAPE);

	if (text) {
		fputs(text, out);
		fputc('\n', out);
	} else {
		document->error = -ENOMEM;
	}
	json_object_put(root);
	return document->error;
}
