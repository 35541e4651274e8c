/* SPDX-License-Identifier: MIT */
/*
 * How the words of a report are written. Strings that come from the watched program pass through
 * ltr__print_clean() and nothing else: a name must not be able to move the cursor, recolour the
 * terminal, or break the report's lines.
 */

#include <inttypes.h>
#include <string.h>

#include "baseline.h"
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

/*
 * Controls, line and paragraph separators, zero-width and direction-changing characters, and the
 * noncharacters, which XML does not take.
 */
static bool is_harmful(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x61c ||
	       (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2060 && point <= 0x206f) || point == 0xfeff ||
	       (point & 0xfffe) == 0xfffe;
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

void ltr__print_bytes(uint64_t bytes, FILE *out)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	size_t unit = 0;
	double number = (double)bytes;

	while (number >= 999.5 && unit < sizeof(units) / sizeof(units[0]) - 1) {
		number /= 1000;
		unit++;
	}
	fprintf(out, unit && number < 9.95 ? "%.1f %s" : "%.0f %s", number, units[unit]);
}

void ltr_reach_summary(const struct ltr_reach_info *reach, FILE *out)
{
	fprintf(out, "%" PRIu32 " pass%s, ", reach->passes, reach->passes == 1 ? "" : "es");
	ltr__print_bytes(reach->bytes, out);
	fputs(" read in ", out);
	ltr__print_duration(reach->elapsed_ns, out);
	if (reach->pause_ns) {
		fputs(", stopped for ", out);
		ltr__print_duration(reach->pause_ns, out);
	}
}

void ltr__print_count(uint64_t count, const char *singular, FILE *out)
{
	size_t length = strlen(singular);

	fprintf(out, "%" PRIu64 " %s", count, singular);
	if (count != 1)
		fputs(length && singular[length - 1] == 's' ? "es" : "s", out);
}

bool ltr__is_known(const struct ltr_finding_frame *frame)
{
	return frame->file[0] || frame->function[0] || frame->pc;
}

const char *ltr__stripped(const char *file, const char *strip)
{
	size_t length = strip ? strlen(strip) : 0;

	if (length && strncmp(file, strip, length) == 0 && file[length] == '/')
		return file + length + 1;
	return file;
}

void ltr__print_position(const struct ltr_finding_frame *frame, const char *strip, FILE *out)
{
	if (!frame->file[0]) {
		fprintf(out, "0x%" PRIx64, frame->pc);
		return;
	}
	ltr__print_clean(ltr__stripped(frame->file, strip), 0, out);
	if (frame->line)
		fprintf(out, ":%" PRIu32, frame->line);
}

void ltr__print_place(const struct ltr_finding_frame *frame, const char *strip, FILE *out)
{
	if (!ltr__is_known(frame)) {
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

const struct ltr_finding_frame *ltr__main_frame(const struct ltr_finding *finding)
{
	if (finding->rule->shows_creation && ltr__is_known(&finding->created))
		return &finding->created;
	return finding->depth ? &finding->stack[0] : &finding->entry;
}

void ltr__print_where(const struct ltr_finding *finding, const char *strip, FILE *out)
{
	const struct ltr_finding_frame *frame = ltr__main_frame(finding);

	if (frame == &finding->created)
		fputs("created at ", out);
	else if (frame == &finding->entry)
		fputs("running ", out);
	else
		fputs(finding->reason ? "waiting at " : "now at ", out);
	ltr__print_place(frame, strip, out);
}

void ltr__print_process(const struct ltr_judged *process, FILE *out)
{
	if (process->command[0])
		ltr__print_clean(process->command, 80, out);
	else
		fputs("a program", out);
	if (process->pid && process->strategy)
		fprintf(out, " (pid %" PRIu32 ", seed %" PRIu64 ")", process->pid, process->seed);
	else if (process->pid)
		fprintf(out, " (pid %" PRIu32 ")", process->pid);
	else if (process->strategy)
		fprintf(out, " (seed %" PRIu64 ")", process->seed);
}

const char *ltr__doing(const struct ltr_finding *finding)
{
	if (finding->reason)
		return ltr_reason_name(finding->reason);
	return ltr_state_name(finding->state);
}

/* One figure if both would look the same. */
void ltr__print_ages(const struct ltr_finding *finding, FILE *out)
{
	char text[2][32] = {"", ""};
	const uint64_t ages[2] = {finding->youngest_ns, finding->oldest_ns};

	for (int i = 0; i < 2; i++) {
		FILE *age = fmemopen(text[i], sizeof(text[i]), "w");

		if (age) {
			ltr__print_duration(ages[i], age);
			fclose(age);
		}
	}
	if (strcmp(text[0], text[1]) != 0)
		fprintf(out, "%s to ", text[0]);
	fputs(text[1], out);
}

void ltr__print_holder(const struct ltr_finding *finding, const char *strip, FILE *out)
{
	const struct ltr_finding_lock *lock = finding->lock;

	if (!lock->holder_id) {
		ltr__print_count(lock->readers, "reader", out);
		if (lock->reader_id)
			fprintf(out, ", among them goroutine %" PRIu64, lock->reader_id);
		return;
	}
	if (lock->holder_id == finding->member[0].id && finding->count == 1)
		fputs("itself", out);
	else if (lock->holder_id == finding->member[0].id)
		fputs("each itself", out);
	else
		fprintf(out, "goroutine %" PRIu64, lock->holder_id);
	if (lock->ended)
		fputs(", which has ended", out);
	if (lock->reading)
		fputs(", for reading", out);
	if (ltr__is_known(&lock->locked)) {
		fputs(", locked at ", out);
		ltr__print_place(&lock->locked, strip, out);
	}
	if (lock->writer_id)
		fprintf(out, "; goroutine %" PRIu64 " waits to write", lock->writer_id);
}

void ltr__print_behind(const struct ltr_finding *finding, FILE *out)
{
	ltr__print_count(finding->behind, "more goroutine", out);
	fprintf(out, finding->behind == 1 ? " waits: %" PRIu64 : " wait, among them %" PRIu64,
		finding->behind_id);
}

/* "; goroutine 7 waits at PLACE, held by goroutine 8, locked at PLACE" */
static void print_lock_message(const struct ltr_finding *finding, const char *strip, FILE *out)
{
	if (finding->cycle_count) {
		for (size_t i = 0; i < finding->cycle_count && i < LTR__CYCLE_SHOWN; i++)
			print_lock_message(finding->cycle[i], strip, out);
		return;
	}
	fprintf(out, "; goroutine %" PRIu64 " waits at ", finding->member[0].id);
	ltr__print_place(finding->depth ? &finding->stack[0] : &finding->entry, strip, out);
	fputs(", held by ", out);
	ltr__print_holder(finding, strip, out);
}

void ltr__print_message(const struct ltr_judgement *judgement, const struct ltr_finding *finding,
			const struct ltr_report_options *options, FILE *out)
{
	ltr_finding_summary(judgement, finding, options, out);
	if (finding->count) {
		fprintf(out, "; %s", ltr__doing(finding));
		if (finding->oldest_ns) {
			fputs(" for ", out);
			ltr__print_ages(finding, out);
		}
		if (finding->lock)
			print_lock_message(finding, options->strip, out);
		if (finding->lock && finding->lock->unlocker.id) {
			fputs("; last to unlock: ", out);
			ltr__print_comer(&finding->lock->unlocker, options->strip, out);
		}
		for (size_t i = 0; i < finding->object_count; i++)
			ltr__print_object_message(&finding->objects[i], options->strip, out);
		if (finding->behind) {
			fputs("; behind: ", out);
			ltr__print_behind(finding, out);
		}
		fprintf(out, ". %s", finding->advice);
	}
	ltr__print_seed(judgement, finding, options, out);
}

void ltr__print_stale(const struct ltr_baseline *baseline, size_t index, const char *file,
		      FILE *out)
{
	struct ltr_baseline_entry entry = ltr_baseline_at(baseline, index);
	uint64_t stale = ltr_baseline_stale(baseline, index);

	ltr__print_clean(file ? file : "the baseline", 0, out);
	fprintf(out, ":%" PRIu32 ": ", entry.line);
	if (entry.used)
		fprintf(out, "%" PRIu64 " of %" PRIu64 " are not needed any more: ", stale,
			entry.count);
	else
		fputs("not needed any more: ", out);
	ltr__print_clean(entry.text, 120, out);
}
