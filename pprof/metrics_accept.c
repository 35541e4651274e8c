/* SPDX-License-Identifier: MIT */

/*
 * Which form of metrics a client wants (metrics.h). An Accept header is a list of ranges, each with
 * a quality from 0 (not at all) to 1; of the ranges that fit a form the narrowest counts. A version
 * that we do not write fits none.
 */

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "metrics.h"

#define SPACE " \t"

/* A part of the header. */
struct part {
	const char *at;
	size_t length;
};

/* What was found out about a form: `narrow` is 0 as long as no range fits. */
struct wish {
	int narrow;
	int quality; /* in thousandths */
};

static struct part trimmed(const char *at, size_t length)
{
	while (length > 0 && strchr(SPACE, at[0])) {
		at++;
		length--;
	}
	while (length > 0 && strchr(SPACE, at[length - 1]))
		length--;
	return (struct part){at, length};
}

/* Takes what stands before `end` off the front of `rest`; what is quoted does not end it. */
static struct part next_part(struct part *rest, char end)
{
	bool is_quoted = false;
	size_t length = 0;
	struct part part;

	for (; length < rest->length && (is_quoted || rest->at[length] != end); length++) {
		if (rest->at[length] == '"')
			is_quoted = !is_quoted;
		else if (is_quoted && rest->at[length] == '\\' && length + 1 < rest->length)
			length++;
	}
	part = trimmed(rest->at, length);
	length += length < rest->length ? 1 : 0;
	rest->at += length;
	rest->length -= length;
	return part;
}

static bool is(struct part part, const char *text)
{
	return part.length == strlen(text) && strncasecmp(part.at, text, part.length) == 0;
}

static struct part unquoted(struct part part)
{
	if (part.length >= 2 && part.at[0] == '"' && part.at[part.length - 1] == '"')
		return (struct part){part.at + 1, part.length - 2};
	return part;
}

/*
 * 0, 1, or either with up to three digits behind a point, in thousandths; what is something else is
 * no wish. Not by strtod(), which knows the point of the program's locale alone.
 */
static int quality_of(struct part value)
{
	int quality = 0;
	int unit = 1000;

	if (value.length == 0 || value.length > 5 || (value.length > 1 && value.at[1] != '.'))
		return 0;
	for (size_t i = 0; i < value.length; i++) {
		if (i == 1)
			continue;
		if (value.at[i] < '0' || value.at[i] > '9')
			return 0;
		quality += (value.at[i] - '0') * unit;
		unit /= 10;
	}
	return quality <= 1000 ? quality : 0;
}

static void wish_for(struct wish *wish, int narrow, int quality)
{
	if (narrow > wish->narrow || (narrow == wish->narrow && quality > wish->quality))
		*wish = (struct wish){narrow, quality};
}

static void read_range(struct part range, struct wish *text, struct wish *open)
{
	struct part type = next_part(&range, ';');
	struct part version = {"", 0};
	int quality = 1000;

	while (range.length > 0) {
		struct part value = next_part(&range, ';');
		struct part name = next_part(&value, '=');

		value = unquoted(trimmed(value.at, value.length));
		if (is(name, "q"))
			quality = quality_of(value);
		else if (is(name, "version"))
			version = value;
	}
	if (is(type, "application/openmetrics-text") &&
	    (version.length == 0 || is(version, "1.0.0")))
		wish_for(open, 3, quality);
	else if (is(type, "text/plain") && (version.length == 0 || is(version, "0.0.4")))
		wish_for(text, 3, quality);
	else if (is(type, "application/*"))
		wish_for(open, 2, quality);
	else if (is(type, "text/*"))
		wish_for(text, 2, quality);
	else if (is(type, "*/*"))
		wish_for(text, 1, quality);
}

enum ltr_metrics_format ltr_metrics_accepted(const char *accept)
{
	struct part rest = {accept ? accept : "", accept ? strlen(accept) : 0};
	struct wish text = {0, 0};
	struct wish open = {0, 0};

	while (rest.length > 0)
		read_range(next_part(&rest, ','), &text, &open);
	return open.quality > 0 && open.quality >= text.quality ? LTR_METRICS_OPENMETRICS
								: LTR_METRICS_PROMETHEUS;
}
