/* SPDX-License-Identifier: MIT */
/*
 * From the text of a filter to its terms, and the sentences for a text that makes no sense. The
 * parser cuts a copy of the text up in place: values end where their terms end.
 */
#include "filter_term.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wording.h"

static const struct {
	const char *name; /* with its operator, as completion offers it */
	enum ltr__filter_field field;
	bool is_alias; /* understood, not offered */
} fields[] = {
	{"state:", LTR__FIELD_STATE, false},
	{"reason:", LTR__FIELD_REASON, false},
	{"age>", LTR__FIELD_AGE, false},
	{"func:", LTR__FIELD_FUNCTION, false},
	{"where:", LTR__FIELD_WHERE, false},
	{"creator:", LTR__FIELD_CREATOR, false},
	{"name:", LTR__FIELD_NAME, false},
	{"label:", LTR__FIELD_LABEL, false},
	{"is:", LTR__FIELD_IS, false},
	{"id:", LTR__FIELD_ID, false},
	{"parent:", LTR__FIELD_PARENT, false},
	{"object:", LTR__FIELD_OBJECT, false},
	{"stack:", LTR__FIELD_STACK, false},
	{"site:", LTR__FIELD_SITE, false},
	{"life>", LTR__FIELD_LIFE, false},
	{"moves>", LTR__FIELD_MOVES, false},
	{"fn:", LTR__FIELD_FUNCTION, true},
	{"function:", LTR__FIELD_FUNCTION, true},
	{"createdby:", LTR__FIELD_CREATOR, true},
};

static bool is_compared(enum ltr__filter_field field)
{
	return field == LTR__FIELD_AGE || field == LTR__FIELD_LIFE || field == LTR__FIELD_MOVES;
}

static const struct {
	const char *name;
	uint64_t flag;
} flags[] = {{"main", LTR_IS_MAIN},
	     {"daemon", LTR_IS_DAEMON},
	     {"unsure", LTR_IS_UNSURE},
	     {"long", LTR_IS_LONG}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct parser {
	char *at;
	char *why;
	size_t why_size;
};

static int fail(struct parser *parser, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int fail(struct parser *parser, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(parser->why, parser->why_size, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

/*
 * One value, up to a blank, or a comma if there may be several; quotes are taken off. `*ret_more`:
 * a comma followed. Values are moved to the left over the quotes, so they stay inside the text.
 */
static int take_value(struct parser *parser, bool several, char **ret_value, bool *ret_more)
{
	char *out = parser->at;
	bool quoted = false;

	*ret_value = out;
	*ret_more = false;
	for (; *parser->at; parser->at++) {
		char byte = *parser->at;

		if (byte == '"') {
			quoted = !quoted;
			continue;
		}
		if (!quoted && (isspace((unsigned char)byte) || (several && byte == ','))) {
			*ret_more = byte == ',';
			parser->at++;
			break;
		}
		*out++ = byte;
	}
	*out = 0;
	if (quoted)
		return fail(parser, "a quote is not closed: \"%s", *ret_value);
	return 0;
}

static int take_values(struct parser *parser, struct ltr__term *term, const char *name)
{
	bool more = true;

	while (more) {
		char *value;
		int error;

		if (term->value_count == LTR__TERM_VALUES)
			return fail(parser, "%s takes at most %d values", name, LTR__TERM_VALUES);
		error = take_value(parser, true, &value, &more);
		if (error)
			return error;
		if (!*value)
			return fail(parser, "%s needs a value behind it", name);
		term->values[term->value_count++] = value;
	}
	return 0;
}

static int parse_states(struct parser *parser, struct ltr__term *term)
{
	for (size_t i = 0; i < term->value_count; i++) {
		const char *value = term->values[i];
		uint64_t before = term->states;

		for (unsigned state = 0; state < LTR_STATE_COUNT; state++) {
			if (!strncasecmp(ltr_state_name((uint8_t)state), value, strlen(value)))
				term->states |= 1ull << state;
		}
		if (term->states == before)
			return fail(parser,
				    "no state is called '%.32s': there are queued, running, "
				    "syscall, sleep, network, chan, sync, unknown",
				    value);
	}
	return 0;
}

static uint64_t reasons_with(const char *value)
{
	uint64_t reasons = 0;

	for (unsigned reason = 1; reason < LTR_REASON_COUNT; reason++) {
		if (ltr__contains(ltr_reason_name((uint8_t)reason), value))
			reasons |= 1ull << reason;
	}
	return reasons;
}

static int parse_reasons(struct parser *parser, struct ltr__term *term)
{
	for (size_t i = 0; i < term->value_count; i++) {
		uint64_t reasons = reasons_with(term->values[i]);

		if (!reasons)
			return fail(parser, "no reason to wait is called '%.32s'; Tab shows them",
				    term->values[i]);
		term->reasons |= reasons;
	}
	return 0;
}

static int parse_numbers(struct parser *parser, struct ltr__term *term, const char *name)
{
	for (size_t i = 0; i < term->value_count; i++) {
		char *end;

		errno = 0;
		term->numbers[i] = strtoull(term->values[i], &end, 0);
		if (*end || errno || !isdigit((unsigned char)term->values[i][0]))
			return fail(parser, "%s needs a number, not '%.32s'", name,
				    term->values[i]);
	}
	return 0;
}

static int parse_flag(struct parser *parser, struct ltr__term *term)
{
	for (size_t i = 0; i < term->value_count; i++) {
		size_t j = 0;

		while (j < COUNT(flags) && strcasecmp(flags[j].name, term->values[i]) != 0)
			j++;
		if (j == COUNT(flags))
			return fail(parser, "is: knows main, daemon, unsure and long, not '%.32s'",
				    term->values[i]);
		term->numbers[0] |= flags[j].flag;
	}
	return 0;
}

static int parse_label(struct parser *parser, struct ltr__term *term)
{
	char *value;
	bool more;
	int error = take_value(parser, false, &value, &more);
	char *equals;

	if (error)
		return error;
	equals = strchr(value, '=');
	if (equals)
		*equals = 0;
	if (!*value)
		return fail(parser, "label: needs a key behind it, as in label:user=alice");
	term->values[0] = value;
	term->values[1] = equals ? equals + 1 : NULL;
	term->value_count = equals ? 2 : 1;
	return 0;
}

/* What stands behind the sign: a number of moves, or a time. */
static int parse_compared(struct parser *parser, struct ltr__term *term, const char *name,
			  char sign)
{
	bool more;
	char *value;
	char *end;
	int error;

	if (*parser->at == '=') {
		term->comparison = sign == '<' ? LTR__LESS_OR_EQUAL : LTR__GREATER_OR_EQUAL;
		parser->at++;
	} else {
		term->comparison = sign == '<' ? LTR__LESS : LTR__GREATER;
	}
	error = take_value(parser, false, &value, &more);
	if (error)
		return error;
	if (term->field == LTR__FIELD_MOVES) {
		errno = 0;
		term->numbers[0] = strtoull(value, &end, 10);
		if (*end || errno || !isdigit((unsigned char)*value))
			return fail(parser, "moves needs a number, not '%.32s'", value);
		return 0;
	}
	if (ltr__words_parse_duration(value, &term->numbers[0]))
		return fail(parser,
			    "%.*s needs a time with its unit, as 5ms, 1.5s or 2m10s, not '%.32s'",
			    (int)strcspn(name, ">"), name, value);
	return 0;
}

static int parse_text(struct parser *parser, struct ltr__term *term)
{
	bool more;
	int error = take_value(parser, false, &term->values[0], &more);

	if (error)
		return error;
	if (!*term->values[0])
		return fail(parser, "'-' needs a word behind it");
	term->value_count = 1;
	return 0;
}

/* What a bare word stands for besides texts. */
static void widen_text(struct ltr__term *term)
{
	const char *value = term->values[0];

	term->reasons = reasons_with(value);
	for (unsigned state = 0; state < LTR_STATE_COUNT; state++) {
		if (!strcasecmp(ltr_state_name((uint8_t)state), value))
			term->states |= 1ull << state;
	}
	term->is_digits = strspn(value, "0123456789") == strlen(value);
}

/* The value of a field whose name has been taken. */
static int parse_field(struct parser *parser, struct ltr__term *term, const char *name)
{
	int error;

	if (term->field == LTR__FIELD_LABEL)
		return parse_label(parser, term);
	error = take_values(parser, term, name);
	if (error)
		return error;
	switch (term->field) {
	case LTR__FIELD_STATE:
		return parse_states(parser, term);
	case LTR__FIELD_REASON:
		return parse_reasons(parser, term);
	case LTR__FIELD_IS:
		return parse_flag(parser, term);
	case LTR__FIELD_ID:
	case LTR__FIELD_PARENT:
	case LTR__FIELD_OBJECT:
	case LTR__FIELD_STACK:
	case LTR__FIELD_SITE:
		return parse_numbers(parser, term, name);
	default:
		return 0;
	}
}

static int parse_term(struct parser *parser, struct ltr__term *term)
{
	size_t word = strspn(parser->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
	char sign = parser->at[word];
	int error;

	for (size_t i = 0; i < COUNT(fields); i++) {
		if (strlen(fields[i].name) != word + 1 ||
		    strncasecmp(fields[i].name, parser->at, word) != 0)
			continue;
		term->field = fields[i].field;
		if (is_compared(term->field) && (sign == '<' || sign == '>')) {
			parser->at += word + 1;
			return parse_compared(parser, term, fields[i].name, sign);
		}
		if (is_compared(term->field) && sign == ':')
			return fail(parser, "%.*s is compared: %s%s or %.*s<%s", (int)word,
				    fields[i].name, fields[i].name,
				    term->field == LTR__FIELD_MOVES ? "9" : "1s", (int)word,
				    fields[i].name, term->field == LTR__FIELD_MOVES ? "9" : "1s");
		if (!is_compared(term->field) && sign == ':') {
			parser->at += word + 1;
			return parse_field(parser, term, fields[i].name);
		}
	}
	if (word && sign == ':' && parser->at[word + 1] != ':')
		return fail(parser, "there is no '%.*s:' to filter by; quotes make it a text",
			    word > 32 ? 32 : (int)word, parser->at);
	term->field = LTR__FIELD_TEXT;
	error = parse_text(parser, term);
	if (error)
		return error;
	widen_text(term);
	return 0;
}

static int parse(struct parser *parser, struct ltr__filter *filter)
{
	for (;;) {
		struct ltr__term *term = &filter->terms[filter->term_count];
		int error;

		while (isspace((unsigned char)*parser->at))
			parser->at++;
		if (!*parser->at)
			return 0;
		if (filter->term_count == LTR__FILTER_TERMS)
			return fail(parser, "a filter has at most %d terms", LTR__FILTER_TERMS);
		if (*parser->at == '-' || *parser->at == '!') {
			term->is_negated = true;
			parser->at++;
		}
		error = parse_term(parser, term);
		if (error)
			return error;
		filter->term_count++;
	}
}

int ltr__filter_new(const char *text, struct ltr__filter **ret_filter, char *ret_why,
		    size_t why_size)
{
	struct parser parser = {.why = ret_why, .why_size = why_size};
	struct ltr__filter *filter;
	int error;

	if (strlen(text) >= LTR__FILTER_BYTES)
		return fail(&parser, "a filter has at most %d bytes", LTR__FILTER_BYTES - 1);
	filter = calloc(1, sizeof(*filter));
	if (!filter)
		return -ENOMEM;
	memcpy(filter->text, text, strlen(text) + 1);
	parser.at = filter->text;
	error = parse(&parser, filter);
	if (error) {
		ltr__filter_free(filter);
		return error;
	}
	*ret_filter = filter;
	return 0;
}

int ltr__filter_new_search(const char *text, struct ltr__filter **ret_filter)
{
	struct ltr__filter *filter;

	if (strlen(text) >= LTR__FILTER_BYTES || !*text)
		return -EINVAL;
	filter = calloc(1, sizeof(*filter));
	if (!filter)
		return -ENOMEM;
	memcpy(filter->text, text, strlen(text) + 1);
	filter->term_count = 1;
	filter->terms[0].field = LTR__FIELD_TEXT;
	filter->terms[0].values[0] = filter->text;
	filter->terms[0].value_count = 1;
	widen_text(&filter->terms[0]);
	*ret_filter = filter;
	return 0;
}

/* The `index`th word with the prefix `part`, of the words that `word(i)` lists; NULL: no more. */
static const char *nth_with_prefix(const char *(*word)(size_t), const char *part, size_t index)
{
	const char *candidate;

	for (size_t i = 0; (candidate = word(i)); i++) {
		if (*candidate && !strncasecmp(candidate, part, strlen(part)) && index-- == 0)
			return candidate;
	}
	return NULL;
}

static const char *field_word(size_t index)
{
	/* aliases stand at the end */
	return index < COUNT(fields) && !fields[index].is_alias ? fields[index].name : NULL;
}

static const char *state_word(size_t index)
{
	return index < LTR_STATE_EXITED ? ltr_state_name((uint8_t)index) : NULL;
}

/* Reasons have blanks: offered with their quotes. */
static const char *reason_word(size_t index)
{
	static const char *const quoted[] = {
#define LTR__REASON(number, NAME, printed, STATE) "\"" printed "\"",
		LTR_REASONS(LTR__REASON)
#undef LTR__REASON
	};

	return index + 1 < COUNT(quoted) ? quoted[index + 1] : NULL;
}

static const char *flag_word(size_t index)
{
	return index < COUNT(flags) ? flags[index].name : NULL;
}

const char *ltr__filter_complete(const char *text, size_t index, size_t *ret_replaced)
{
	const char *word = text;
	bool quoted = false;
	const char *value;

	for (const char *at = text; *at; at++) {
		if (*at == '"')
			quoted = !quoted;
		if (!quoted && isspace((unsigned char)*at))
			word = at + 1;
	}
	if (*word == '-' || *word == '!')
		word++;
	value = strchr(word, ':');
	if (!value) {
		*ret_replaced = strlen(word);
		return nth_with_prefix(field_word, word, index);
	}
	value++;
	if (!strncasecmp(word, "reason:", 7)) {
		char plain[80];

		/* an opened quote is part of what is offered; a word without one is offered it */
		*ret_replaced = strlen(value);
		snprintf(plain, sizeof(plain), "\"%.70s", value + (*value == '"'));
		return nth_with_prefix(reason_word, plain, index);
	}
	if (strrchr(value, ','))
		value = strrchr(value, ',') + 1;
	*ret_replaced = strlen(value);
	if (!strncasecmp(word, "state:", 6))
		return nth_with_prefix(state_word, value, index);
	if (!strncasecmp(word, "is:", 3))
		return nth_with_prefix(flag_word, value, index);
	return NULL;
}
