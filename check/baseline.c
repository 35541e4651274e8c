/* SPDX-License-Identifier: MIT */
/*
 * Reading a baseline, and taking goroutines off it (baseline.h). The text is copied once; values
 * are unescaped in place, so an entry's strings point into that copy, and the lines as they were
 * written into a second one.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <loiter/layout.h>

#include "baseline.h"
#include "internal.h"

#define ENTRIES_MAX 10000

struct entry {
	struct ltr_baseline_entry public; /* used: of the run that is judged just now */
	uint64_t most_used;               /* of the runs before, and of looks */
	uint64_t aside;                   /* used: of the run that a look interrupts */
	const char *function;             /* NULL: fits everything, as the next two */
	const char *creator;
	const char *reason;
	bool deadlock;
	const char *label[LTR_LABEL_MAX]; /* "KEY=VALUE" */
	size_t label_count;
};

struct ltr_baseline {
	char *values; /* the text; values unescaped in place */
	char *lines;  /* the text, a NUL at the end of each line */
	struct entry *entries;
	size_t count;
};

static int wrong(struct ltr_baseline_error *ret_error, uint32_t line, const char *what,
		 const char *quoted)
{
	FILE *out = fmemopen(ret_error->text, sizeof(ret_error->text), "w");

	ret_error->line = line;
	ret_error->text[0] = '\0';
	if (out) {
		fputs(what, out);
		if (quoted) {
			fputs(" '", out);
			ltr__print_clean(quoted, 40, out);
			fputc('\'', out);
		}
		fclose(out);
	}
	ret_error->text[sizeof(ret_error->text) - 1] = '\0';
	return -EINVAL;
}

static char *skip_blanks(char *at)
{
	return at + strspn(at, " \t");
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* `at` is behind the opening quote; the value is written over it. NULL: it has no end. */
static char *unquote(char *at)
{
	char *to = at;

	while (*at && *at != '"') {
		if (*at != '\\') {
			*to++ = *at++;
		} else if (at[1] == '"' || at[1] == '\\') {
			*to++ = at[1];
			at += 2;
		} else if (at[1] == 'x' && hex_digit(at[2]) >= 0 && hex_digit(at[3]) >= 0 &&
			   (at[2] != '0' || at[3] != '0')) {
			*to++ = (char)(hex_digit(at[2]) * 16 + hex_digit(at[3]));
			at += 4;
		} else {
			return NULL;
		}
	}
	if (*at != '"' || (at[1] && at[1] != ' ' && at[1] != '\t'))
		return NULL;
	*to = '\0';
	return at + 1;
}

/* The next word or quoted value, ended by a NUL; *at is moved behind it. NULL: there is none. */
static char *next_value(char **at)
{
	char *value = skip_blanks(*at);
	char *end;

	if (!*value)
		return NULL;
	if (*value == '"') {
		end = unquote(++value);
		if (!end)
			return NULL;
		*at = end;
		return value;
	}
	end = value + strcspn(value, " \t");
	*at = *end ? end + 1 : end;
	*end = '\0';
	return strchr(value, '"') ? NULL : value;
}

static bool is_reason(const char *word)
{
	for (int i = 1; i < LTR_REASON_COUNT; i++)
		if (strcmp(word, ltr_reason_name((uint8_t)i)) == 0)
			return true;
	for (int i = 1; i < LTR_STATE_COUNT; i++)
		if (strcmp(word, ltr_state_name((uint8_t)i)) == 0)
			return true;
	return false;
}

static int set_once(const char **field, const char *value, struct ltr_baseline_error *ret_error,
		    uint32_t line, const char *key)
{
	if (*field)
		return wrong(ret_error, line, "there is a second", key);
	*field = value;
	return 0;
}

static int parse_pair(struct entry *entry, const char *key, const char *value,
		      struct ltr_baseline_error *ret_error)
{
	uint32_t line = entry->public.line;

	if (!value)
		return wrong(ret_error, line, "no value, or one with a broken quote, after", key);
	if (strcmp(key, "function") == 0)
		return set_once(&entry->function, value, ret_error, line, key);
	if (strcmp(key, "creator") == 0)
		return set_once(&entry->creator, value, ret_error, line, key);
	if (strcmp(key, "reason") == 0) {
		if (!is_reason(value))
			return wrong(ret_error, line, "nobody waits for", value);
		return set_once(&entry->reason, value, ret_error, line, key);
	}
	if (strcmp(key, "grade") == 0) {
		if (strcmp(value, ltr_grade_name(LTR_GRADE_DEADLOCK)) != 0)
			return wrong(ret_error, line, "grade has to be deadlock, not", value);
		entry->deadlock = true;
		return 0;
	}
	if (strcmp(key, "label") == 0) {
		if (!strchr(value, '='))
			return wrong(ret_error, line, "a label is KEY=VALUE, not", value);
		if (entry->label_count == LTR_LABEL_MAX)
			return wrong(ret_error, line, "a goroutine has not so many labels", NULL);
		entry->label[entry->label_count++] = value;
		return 0;
	}
	return wrong(ret_error, line, "there is no key", key);
}

static int parse_count(const char *word, uint64_t *ret_count)
{
	char *end;
	uint64_t count;

	if (strcmp(word, "*") == 0) {
		*ret_count = UINT64_MAX;
		return 0;
	}
	errno = 0;
	count = strtoull(word, &end, 10);
	if (word[0] < '0' || word[0] > '9' || *end || errno || count == 0 || count == UINT64_MAX)
		return -EINVAL;
	*ret_count = count;
	return 0;
}

static int parse_entry(struct entry *entry, char *text, struct ltr_baseline_error *ret_error)
{
	uint32_t line = entry->public.line;
	char *word = next_value(&text);
	int error = 0;

	if (!word || parse_count(word, &entry->public.count) != 0)
		return wrong(ret_error, line,
			     "a line begins with a number of goroutines or *, not with", word);
	while (!error && *(text = skip_blanks(text))) {
		const char *key = next_value(&text);

		if (!key)
			return wrong(ret_error, line, "there is a broken quote", NULL);
		error = parse_pair(entry, key, next_value(&text), ret_error);
	}
	if (!error && !entry->function && !entry->creator && !entry->label_count)
		return wrong(ret_error, line,
			     "an entry needs a function, a creator or a label, or it would excuse "
			     "everything",
			     NULL);
	return error;
}

/* Ends `line` at its newline, takes the blanks off its end; returns the next one. */
static char *cut_line(char *line)
{
	char *end = strchr(line, '\n');
	char *next = end ? end + 1 : line + strlen(line);

	if (end)
		*end = '\0';
	for (end = line + strlen(line); end > line && strchr(" \t\r", end[-1]);)
		*--end = '\0';
	return next;
}

static int parse_lines(struct ltr_baseline *baseline, struct ltr_baseline_error *ret_error)
{
	char *value_line = baseline->values;
	char *line = baseline->lines;

	for (uint32_t number = 1; *line; number++) {
		char *next = cut_line(line);
		char *next_value_line = cut_line(value_line);
		char *at = skip_blanks(line);
		int error;

		if (number == 1 && strcmp(line, "loiter baseline 1") != 0)
			return wrong(ret_error, 1, "the first line has to be 'loiter baseline 1'",
				     NULL);
		if (number > 1 && *at && *at != '#') {
			struct entry *entry = &baseline->entries[baseline->count];

			if (baseline->count == ENTRIES_MAX)
				return wrong(ret_error, number, "there are too many entries", NULL);
			entry->public.line = number;
			entry->public.text = at;
			error = parse_entry(entry, value_line, ret_error);
			if (error)
				return error;
			baseline->count++;
		}
		line = next;
		value_line = next_value_line;
	}
	return 0;
}

static size_t count_lines(const char *text)
{
	size_t lines = 1;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

int ltr_baseline_parse(const char *text, size_t bytes, struct ltr_baseline **ret_baseline,
		       struct ltr_baseline_error *ret_error)
{
	struct ltr_baseline *baseline;
	size_t lines;
	int error = -ENOMEM;

	if (bytes == 0)
		return wrong(ret_error, 0, "it is empty", NULL);
	if (memchr(text, '\0', bytes))
		return wrong(ret_error, 0, "it is no text", NULL);
	baseline = calloc(1, sizeof(*baseline));
	if (!baseline)
		return -ENOMEM;
	baseline->values = strndup(text, bytes);
	baseline->lines = strndup(text, bytes);
	if (baseline->values && baseline->lines) {
		lines = count_lines(baseline->lines);
		baseline->entries = calloc(lines < ENTRIES_MAX ? lines : ENTRIES_MAX,
					   sizeof(*baseline->entries));
		if (baseline->entries)
			error = parse_lines(baseline, ret_error);
	}
	if (error) {
		ltr_baseline_free(baseline);
		return error;
	}
	*ret_baseline = baseline;
	return 0;
}

struct ltr_baseline *ltr_baseline_free(struct ltr_baseline *baseline)
{
	if (!baseline)
		return NULL;
	free(baseline->values);
	free(baseline->lines);
	free(baseline->entries);
	free(baseline);
	return NULL;
}

size_t ltr_baseline_count(const struct ltr_baseline *baseline)
{
	return baseline->count;
}

static uint64_t most_used(const struct entry *entry)
{
	return entry->public.used > entry->most_used ? entry->public.used : entry->most_used;
}

void ltr_baseline_next_run(struct ltr_baseline *baseline)
{
	for (size_t i = 0; baseline && i < baseline->count; i++) {
		baseline->entries[i].most_used = most_used(&baseline->entries[i]);
		baseline->entries[i].public.used = 0;
	}
}

void ltr_baseline_look_begins(struct ltr_baseline *baseline)
{
	for (size_t i = 0; baseline && i < baseline->count; i++) {
		baseline->entries[i].aside = baseline->entries[i].public.used;
		baseline->entries[i].public.used = 0;
	}
}

void ltr_baseline_look_ends(struct ltr_baseline *baseline)
{
	for (size_t i = 0; baseline && i < baseline->count; i++) {
		baseline->entries[i].most_used = most_used(&baseline->entries[i]);
		baseline->entries[i].public.used = baseline->entries[i].aside;
	}
}

struct ltr_baseline_entry ltr_baseline_at(const struct ltr_baseline *baseline, size_t index)
{
	struct ltr_baseline_entry entry = baseline->entries[index].public;

	entry.used = most_used(&baseline->entries[index]);
	return entry;
}

uint64_t ltr_baseline_stale(const struct ltr_baseline *baseline, size_t index)
{
	struct ltr_baseline_entry entry = ltr_baseline_at(baseline, index);

	if (entry.count == UINT64_MAX)
		return entry.used == 0;
	return entry.count - entry.used;
}

static bool has_label(const struct ltr_census *census, const struct ltr_goroutine *goroutine,
		      const char *wanted)
{
	size_t count;
	const struct ltr_census_label *labels =
		ltr_census_labels(census, goroutine->labels, &count);

	for (size_t i = 0; labels && i < count; i++) {
		const char *key = ltr_census_string(census, labels[i].key);
		size_t length = strlen(key);

		if (strncmp(wanted, key, length) == 0 && wanted[length] == '=' &&
		    strcmp(wanted + length + 1, ltr_census_string(census, labels[i].value)) == 0)
			return true;
	}
	return false;
}

/* What all claims of one finding have in common. */
static bool fits_kin(const struct entry *entry, const struct ltr_rule *rule,
		     const struct ltr__kin *kin)
{
	if (rule->grade == LTR_GRADE_INCONCLUSIVE ||
	    entry->deadlock != (rule->grade == LTR_GRADE_DEADLOCK))
		return false;
	return (!entry->function || strcmp(entry->function, kin->function) == 0) &&
	       (!entry->creator || strcmp(entry->creator, kin->creator) == 0) &&
	       (!entry->reason || strcmp(entry->reason, kin->doing) == 0);
}

static bool take(struct entry *entry, const struct ltr_census *census,
		 const struct ltr_goroutine *goroutine)
{
	if (entry->public.used == entry->public.count)
		return false;
	for (size_t i = 0; i < entry->label_count; i++)
		if (!has_label(census, goroutine, entry->label[i]))
			return false;
	entry->public.used++;
	return true;
}

/* Claims of one kin; `fitting` has room for all entries. */
static void excuse_kin(struct ltr_baseline *baseline, const struct ltr_census *census,
		       struct ltr__claim *claims, size_t count, struct entry **fitting)
{
	struct ltr__kin kin = ltr__kin_of(census, claims[0].goroutine);
	size_t fitting_count = 0;

	for (size_t i = 0; i < baseline->count; i++)
		if (fits_kin(&baseline->entries[i], claims[0].rule, &kin))
			fitting[fitting_count++] = &baseline->entries[i];
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < fitting_count && !claims[i].excused; k++)
			claims[i].excused = take(fitting[k], census, claims[i].goroutine);
}

int ltr__baseline_excuse(struct ltr_baseline *baseline, const struct ltr_census *census,
			 struct ltr__claim *claims, size_t count)
{
	struct entry **fitting = calloc(baseline->count + 1, sizeof(struct entry *));
	size_t end;

	if (!fitting)
		return -ENOMEM;
	for (size_t begin = 0; begin < count; begin = end) {
		end = begin + 1;
		/* who are in a cycle are no kin */
		while (end < count && !claims[begin].group &&
		       ltr__claims_match(&claims[begin], &claims[end]))
			end++;
		excuse_kin(baseline, census, &claims[begin], end - begin, fitting);
	}
	free(fitting);
	return 0;
}
