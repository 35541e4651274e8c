/* SPDX-License-Identifier: MIT */
/*
 * The names of C++ functions, out of what the linker calls them (the Itanium C++ ABI, "Mangling"). Only
 * what people know a function by is taken: namespaces, classes and its own name, without parameters and
 * without the arguments of templates, which are read over. So nothing has to be expanded: what comes out
 * is not longer than what goes in but for fixed words, and reading takes one pass, whatever a hostile
 * file says. What is not understood keeps its mangled name.
 */

#include <ctype.h>
#include <string.h>

#include "demangle.h"

#define DEPTH_MAX 64

struct reading {
	const char *at;
	char *out;
	size_t bytes;
	size_t used;
	int quiet; /* above 0: what is read is not written */
	int depth;
	/* The last component, for constructors; in the input. */
	const char *last;
	size_t last_length;
};

static bool read_name(struct reading *reading);
static bool read_types(struct reading *reading);

static void put(struct reading *reading, const char *text, size_t length)
{
	if (reading->quiet)
		return;
	if (length > reading->bytes - 1 - reading->used)
		length = reading->bytes - 1 - reading->used;
	memcpy(reading->out + reading->used, text, length);
	reading->used += length;
}

static void put_text(struct reading *reading, const char *text)
{
	put(reading, text, strlen(text));
}

static bool take(struct reading *reading, const char *text)
{
	size_t length = strlen(text);

	if (strncmp(reading->at, text, length) != 0)
		return false;
	reading->at += length;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool read_number(struct reading *reading, size_t *ret_number)
{
	size_t number = 0;

	if (!is_digit(*reading->at))
		return false;
	while (is_digit(*reading->at)) {
		number = number * 10 + (size_t)(*reading->at++ - '0');
		if (number > 4096)
			return false;
	}
	*ret_number = number;
	return true;
}

/* The rest of S_, S0_, T_, Ut_, ...: digits and capital letters up to an underscore. */
static bool read_sequence(struct reading *reading)
{
	while (is_digit(*reading->at) || isupper((unsigned char)*reading->at))
		reading->at++;
	return take(reading, "_");
}

/* <source-name>: a length, and so many bytes. */
static bool read_source_name(struct reading *reading)
{
	static const char nameless[] = "_GLOBAL__N";
	size_t length;

	if (!read_number(reading, &length) || length == 0 || strnlen(reading->at, length) < length)
		return false;
	if (!reading->quiet) {
		reading->last = reading->at;
		reading->last_length = length;
	}
	if (length >= sizeof(nameless) - 1 &&
	    strncmp(reading->at, nameless, sizeof(nameless) - 1) == 0)
		put_text(reading, "(anonymous namespace)");
	else
		put(reading, reading->at, length);
	reading->at += length;
	return true;
}

static bool read_operator(struct reading *reading)
{
	static const struct {
		char code[3];
		const char *text;
	} known[] = {
		{"nw", " new"},      {"na", " new[]"}, {"dl", " delete"}, {"da", " delete[]"},
		{"aw", " co_await"}, {"ps", "+"},      {"ng", "-"},       {"ad", "&"},
		{"de", "*"},         {"co", "~"},      {"pl", "+"},       {"mi", "-"},
		{"ml", "*"},         {"dv", "/"},      {"rm", "%"},       {"an", "&"},
		{"or", "|"},         {"eo", "^"},      {"aS", "="},       {"pL", "+="},
		{"mI", "-="},        {"mL", "*="},     {"dV", "/="},      {"rM", "%="},
		{"aN", "&="},        {"oR", "|="},     {"eO", "^="},      {"ls", "<<"},
		{"rs", ">>"},        {"lS", "<<="},    {"rS", ">>="},     {"eq", "=="},
		{"ne", "!="},        {"lt", "<"},      {"gt", ">"},       {"le", "<="},
		{"ge", ">="},        {"ss", "<=>"},    {"nt", "!"},       {"aa", "&&"},
		{"oo", "||"},        {"pp", "++"},     {"mm", "--"},      {"cm", ","},
		{"pm", "->*"},       {"pt", "->"},     {"cl", "()"},      {"ix", "[]"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!take(reading, known[i].code))
			continue;
		put_text(reading, "operator");
		put_text(reading, known[i].text);
		return true;
	}
	return false;
}

/* <type>, read over. Deeply nested ones are not understood. */
static bool read_type(struct reading *reading);

static bool read_until_end(struct reading *reading, bool (*one)(struct reading *reading))
{
	while (!take(reading, "E"))
		if (!one(reading))
			return false;
	return true;
}

/* <expr-primary>, without its L: a literal, or a function. */
static bool read_literal(struct reading *reading)
{
	if (take(reading, "_Z"))
		return read_name(reading) && read_types(reading) && take(reading, "E");
	if (!read_type(reading))
		return false;
	reading->at += strcspn(reading->at, "E");
	return take(reading, "E");
}

static bool read_argument(struct reading *reading)
{
	if (take(reading, "L"))
		return read_literal(reading);
	if (take(reading, "J")) {
		bool good = reading->depth++ < DEPTH_MAX && read_until_end(reading, read_argument);

		reading->depth--;
		return good;
	}
	return read_type(reading); /* no expressions */
}

/* <template-args>, if there are any. */
static bool read_arguments(struct reading *reading)
{
	bool good;

	if (!take(reading, "I"))
		return true;
	reading->quiet++;
	good = read_until_end(reading, read_argument);
	reading->quiet--;
	return good;
}

static bool read_array(struct reading *reading)
{
	size_t elements;

	if (is_digit(*reading->at) && !read_number(reading, &elements))
		return false;
	return take(reading, "_") && read_type(reading);
}

static bool read_d_type(struct reading *reading)
{
	size_t lanes;

	if (*reading->at && strchr("defhisacnu", *reading->at)) {
		reading->at++;
		return true;
	}
	if (take(reading, "p"))
		return read_type(reading);
	if (take(reading, "o")) /* noexcept */
		return read_type(reading);
	if (take(reading, "v"))
		return read_number(reading, &lanes) && take(reading, "_") && read_type(reading);
	return false; /* decltype and others that are made of expressions */
}

/* What follows an S in a type. */
static bool read_substitution(struct reading *reading)
{
	if (take(reading, "t"))
		return read_source_name(reading);
	if (*reading->at && strchr("absiod", *reading->at)) {
		reading->at++;
		return true;
	}
	return read_sequence(reading);
}

static bool read_bare_type(struct reading *reading)
{
	reading->at += strspn(reading->at, "rVKPROCG");
	if (*reading->at == 'N' || *reading->at == 'Z' || is_digit(*reading->at))
		return read_name(reading);
	if (*reading->at && strchr("vwbcahstijlmxynofdegz", *reading->at)) {
		reading->at++;
		return true;
	}
	if (take(reading, "S"))
		return read_substitution(reading) && read_arguments(reading);
	if (take(reading, "T"))
		return read_sequence(reading) && read_arguments(reading);
	if (take(reading, "F"))
		return read_until_end(reading, read_type);
	if (take(reading, "A"))
		return read_array(reading);
	if (take(reading, "M")) { /* of a class, a type */
		if (!read_type(reading))
			return false;
		return read_type(reading);
	}
	if (take(reading, "D"))
		return read_d_type(reading);
	if (take(reading, "u"))
		return read_source_name(reading);
	if (take(reading, "U"))
		return read_source_name(reading) && read_arguments(reading) && read_type(reading);
	return false;
}

static bool read_type(struct reading *reading)
{
	bool good;

	if (reading->depth >= DEPTH_MAX)
		return false;
	reading->depth++;
	reading->quiet++;
	good = read_bare_type(reading);
	reading->quiet--;
	reading->depth--;
	return good;
}

/* Parameters of a function that others are in, up to the E behind them, which is left. */
static bool read_types(struct reading *reading)
{
	while (*reading->at && *reading->at != 'E')
		if (!read_type(reading))
			return false;
	return true;
}

/* C1, D0, ...: named as the class around them. */
static bool read_structor(struct reading *reading)
{
	const char *last = reading->last;
	bool destroys = *reading->at == 'D';

	if ((reading->at[0] != 'C' && !destroys) || !is_digit(reading->at[1]) ||
	    (!last && !reading->quiet))
		return false;
	reading->at += 2;
	put_text(reading, destroys ? "~" : "");
	if (last)
		put(reading, last, reading->last_length);
	return true;
}

/* Ul...E_ is a lambda, Ut_ has no name. */
static bool read_nameless(struct reading *reading)
{
	if (take(reading, "Ut")) {
		put_text(reading, "{unnamed}");
		return read_sequence(reading);
	}
	if (!take(reading, "Ul"))
		return false;
	put_text(reading, "{lambda}");
	return read_until_end(reading, read_type) && read_sequence(reading);
}

static bool read_conversion(struct reading *reading)
{
	if (!take(reading, "cv"))
		return false;
	put_text(reading, "operator (cast)");
	return read_type(reading);
}

/* <unqualified-name>, with the tags of an ABI, which are left out. */
static bool read_component(struct reading *reading)
{
	(void)take(reading, "L");
	if (is_digit(*reading->at)) {
		if (!read_source_name(reading))
			return false;
	} else if (!read_structor(reading) && !read_nameless(reading) &&
		   !read_conversion(reading) && !read_operator(reading)) {
		return false;
	}
	reading->quiet++;
	while (take(reading, "B")) {
		if (!read_source_name(reading)) {
			reading->quiet--;
			return false;
		}
	}
	reading->quiet--;
	return true;
}

/* What a name may begin with: St, or an abbreviation of a class in there. */
static bool read_standard(struct reading *reading)
{
	static const struct {
		char code[3];
		const char *text;
		const char *last;
	} known[] = {
		{"St", "std", NULL},
		{"Sa", "std::allocator", "allocator"},
		{"Sb", "std::basic_string", "basic_string"},
		{"Ss", "std::string", "basic_string"},
		{"Si", "std::istream", "basic_istream"},
		{"So", "std::ostream", "basic_ostream"},
		{"Sd", "std::iostream", "basic_iostream"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!take(reading, known[i].code))
			continue;
		put_text(reading, known[i].text);
		if (!reading->quiet) {
			reading->last = known[i].last;
			reading->last_length = known[i].last ? strlen(known[i].last) : 0;
		}
		return true;
	}
	return false;
}

/* N...E, without its N. */
static bool read_nested(struct reading *reading)
{
	bool some = false;

	reading->at += strspn(reading->at, "rVKRO");
	while (!take(reading, "E")) {
		if (*reading->at == 'I') {
			if (!some || !read_arguments(reading))
				return false;
			continue;
		}
		if (some)
			put_text(reading, "::");
		/* In a type, which is not written, it does not matter what S_ and T_ stand for. */
		if (!(!some && read_standard(reading)) && !read_component(reading) &&
		    !(reading->quiet && (take(reading, "S") || take(reading, "T")) &&
		      read_sequence(reading)))
			return false;
		some = true;
	}
	return some;
}

/* Z...E and what is in that function, without the Z. */
static bool read_local(struct reading *reading)
{
	size_t number;

	if (!read_name(reading) || !read_types(reading) || !take(reading, "E"))
		return false;
	if (take(reading, "s")) /* a string */
		return true;
	if (take(reading, "d") && is_digit(*reading->at) && !read_number(reading, &number))
		return false;
	(void)take(reading, "_");
	put_text(reading, "::");
	if (!read_name(reading))
		return false;
	if (take(reading, "__"))
		return read_number(reading, &number) && take(reading, "_");
	if (*reading->at == '_' && is_digit(reading->at[1]))
		reading->at += 2;
	return true;
}

static bool read_simple(struct reading *reading)
{
	if (read_standard(reading)) {
		put_text(reading, "::");
		return read_component(reading) && read_arguments(reading);
	}
	return read_component(reading) && read_arguments(reading);
}

/* <name>, with the arguments behind it. */
static bool read_name(struct reading *reading)
{
	bool good;

	if (reading->depth >= DEPTH_MAX)
		return false;
	reading->depth++;
	if (take(reading, "N"))
		good = read_nested(reading);
	else if (take(reading, "Z"))
		good = read_local(reading);
	else
		good = read_simple(reading);
	reading->depth--;
	return good;
}

/* Calls that adjust `this` on the way to another function are named as that. */
static bool read_thunk(struct reading *reading)
{
	size_t by;

	if (take(reading, "Th"))
		return (take(reading, "n"), read_number(reading, &by)) && take(reading, "_");
	if (take(reading, "Tv"))
		return (take(reading, "n"), read_number(reading, &by)) && take(reading, "_") &&
		       (take(reading, "n"), read_number(reading, &by)) && take(reading, "_");
	return true;
}

bool ltr__demangle(const char *mangled, char *out, size_t bytes)
{
	char text[512];
	struct reading reading = {.at = mangled, .out = text, .bytes = sizeof(text)};

	if (!take(&reading, "_Z") || !read_thunk(&reading) || !read_name(&reading) ||
	    reading.used == 0)
		return false;
	if (reading.used > bytes - 1)
		reading.used = bytes - 1;
	memcpy(out, text, reading.used);
	out[reading.used] = '\0';
	return true;
}
