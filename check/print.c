/* SPDX-License-Identifier: MIT */
/*
 * How the words of a report are written. Strings that come from the watched program pass through
 * ltr__print_clean() and nothing else: a name must not be able to move the cursor, recolour the
 * terminal, or break the report's lines.
 */

#include <inttypes.h>
#include <string.h>

#include "internal.h"

/*
 * The length of the UTF-8 sequence at `bytes` and its code point; 0 if it is not valid there
 * (truncated, overlong, a surrogate, or beyond the last code point).
 */
static size_t decode(const unsigned char *bytes, uint32_t *ret_point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length;
	uint32_t point;

	if (bytes[0] < 0x80) {
		*ret_point = bytes[0];
		return 1;
	}
	if (bytes[0] >= 0xc2 && bytes[0] < 0xe0)
		length = 2;
	else if ((bytes[0] & 0xf0) == 0xe0)
		length = 3;
	else if (bytes[0] >= 0xf0 && bytes[0] < 0xf5)
		length = 4;
	else
		return 0;
	point = bytes[0] & (0xff >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (bytes[i] & 0x3f);
	}
	if (point < least[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return 0;
	*ret_point = point;
	return length;
}

/* Controls, line and paragraph separators, zero-width and direction-changing characters. */
static bool is_harmful(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x61c ||
	       (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2060 && point <= 0x206f) || point == 0xfeff;
}

void ltr__print_clean(const char *text, size_t columns, FILE *out)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t printed = 0;

	while (*bytes) {
		uint32_t point = 0;
		size_t length = decode(bytes, &point);

		if (columns && printed++ == columns) {
			fputs("...", out);
			return;
		}
		if (length && !is_harmful(point)) {
			fwrite(bytes, 1, length, out);
		} else {
			length = length ? length : 1;
			for (size_t i = 0; i < length; i++)
				fprintf(out, "\\x%02x", bytes[i]);
		}
		bytes += length;
	}
}

void ltr__print_duration(uint64_t ns, FILE *out)
{
	static const struct {
		uint64_t ns;
		char name;
	} units[] = {{86400000000000u, 'd'}, {3600000000000u, 'h'}, {60000000000u, 'm'}};

	for (size_t i = 0; i < 3; i++) {
		uint64_t rest = ns % units[i].ns;
		uint64_t lower = i < 2 ? units[i + 1].ns : 1000000000u;

		if (ns < units[i].ns)
			continue;
		fprintf(out, "%" PRIu64 "%c", ns / units[i].ns, units[i].name);
		if (rest / lower)
			fprintf(out, "%" PRIu64 "%c", rest / lower,
				i < 2 ? units[i + 1].name : 's');
		return;
	}
	if (ns >= 1000000000u) {
		uint64_t tenths = ns / 100000000u;

		fprintf(out, "%" PRIu64, tenths / 10);
		if (tenths % 10)
			fprintf(out, ".%" PRIu64, tenths % 10);
		fputc('s', out);
	} else if (ns >= 1000000u) {
		fprintf(out, "%" PRIu64 "ms", ns / 1000000u);
	} else if (ns) {
		fprintf(out, "%" PRIu64 "us", ns / 1000u);
	} else {
		fputs("0s", out);
	}
}

void ltr__print_count(uint64_t count, const char *singular, FILE *out)
{
	size_t length = strlen(singular);

	fprintf(out, "%" PRIu64 " %s", count, singular);
	if (count != 1)
		fputs(length && singular[length - 1] == 's' ? "es" : "s", out);
}

static bool is_known(const struct ltr_finding_frame *frame)
{
	return frame->file[0] || frame->function[0] || frame->pc;
}

void ltr__print_position(const struct ltr_finding_frame *frame, const char *strip, FILE *out)
{
	const char *file = frame->file;
	size_t length = strip ? strlen(strip) : 0;

	if (!file[0]) {
		fprintf(out, "0x%" PRIx64, frame->pc);
		return;
	}
	if (length && strncmp(file, strip, length) == 0 && file[length] == '/')
		file += length + 1;
	ltr__print_clean(file, 0, out);
	if (frame->line)
		fprintf(out, ":%" PRIu32, frame->line);
}

void ltr__print_place(const struct ltr_finding_frame *frame, const char *strip, FILE *out)
{
	if (!is_known(frame)) {
		fputs("an unknown place", out);
		return;
	}
	ltr__print_position(frame, strip, out);
	if (frame->function[0]) {
		fputs(" (", out);
		ltr__print_clean(frame->function, 60, out);
		fputc(')', out);
	}
}

void ltr__print_where(const struct ltr_finding *finding, const char *strip, FILE *out)
{
	if (finding->rule->shows_creation && is_known(&finding->created)) {
		fputs("created at ", out);
		ltr__print_place(&finding->created, strip, out);
	} else if (finding->depth) {
		fputs(finding->reason ? "waiting at " : "now at ", out);
		ltr__print_place(&finding->stack[0], strip, out);
	} else {
		fputs("running ", out);
		ltr__print_place(&finding->entry, strip, out);
	}
}

void ltr__print_process(const struct ltr_judged *process, FILE *out)
{
	if (process->command[0])
		ltr__print_clean(process->command, 80, out);
	else
		fputs("a program", out);
	if (process->pid)
		fprintf(out, " (pid %" PRIu32 ")", process->pid);
}

const char *ltr__doing(const struct ltr_finding *finding)
{
	if (finding->reason)
		return ltr_reason_name(finding->reason);
	return ltr_state_name(finding->state);
}
