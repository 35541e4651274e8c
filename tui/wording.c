/* SPDX-License-Identifier: MIT */
/*
 * Words for the screen. Nothing here is cleaned: the grid does that.
 */
#include "wording.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define US  UINT64_C(1000)
#define MS  UINT64_C(1000000)
#define SEC UINT64_C(1000000000)
#define MIN (60 * SEC)
#define HR  (60 * MIN)
#define DAY (24 * HR)

static struct ltr__words words(const char *format, ...) __attribute__((format(printf, 1, 2)));

static struct ltr__words words(const char *format, ...)
{
	struct ltr__words result;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(result.text, sizeof(result.text), format, arguments);
	va_end(arguments);
	return result;
}

struct ltr__words ltr__words_count(uint64_t count)
{
	struct ltr__words result;
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);
	int out = 0;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			result.text[out++] = ',';
		result.text[out++] = digits[i];
	}
	result.text[out] = 0;
	return result;
}

/* `value` in three digits and a unit. */
static struct ltr__words three_digits(double value, const char *unit)
{
	/* Rounding must not make a fourth digit. */
	int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

	return words("%.*f%s", decimals, value, unit);
}

struct ltr__words ltr__words_short_count(uint64_t count)
{
	static const char *const units[] = {"k", "M", "G", "T", "P", "E"};
	double value = (double)count / 1000;
	size_t unit = 0;

	if (count < 1000)
		return words("%" PRIu64, count);
	while (value >= 999.5 && unit < 5) {
		value /= 1000;
		unit++;
	}
	return three_digits(value, units[unit]);
}

static struct ltr__words two_digits(uint64_t ns, uint64_t unit, const char *name)
{
	if (ns < 10 * unit)
		return words("%" PRIu64 ".%" PRIu64 "%s", ns / unit, ns % unit * 10 / unit, name);
	return words("%" PRIu64 "%s", ns / unit, name);
}

struct ltr__words ltr__words_duration(uint64_t ns)
{
	if (ns < US)
		return words("%" PRIu64 "ns", ns);
	if (ns < MS)
		return words("%" PRIu64 "µs", ns / US);
	if (ns < SEC)
		return two_digits(ns, MS, "ms");
	if (ns < MIN)
		return two_digits(ns, SEC, "s");
	if (ns < HR)
		return words("%" PRIu64 "m%02" PRIu64 "s", ns / MIN, ns % MIN / SEC);
	if (ns < DAY)
		return words("%" PRIu64 "h%02" PRIu64 "m", ns / HR, ns % HR / MIN);
	if (ns < 1000 * DAY)
		return words("%" PRIu64 "d%02" PRIu64 "h", ns / DAY, ns % DAY / HR);
	return words("%" PRIu64 "d", ns / DAY);
}

struct ltr__words ltr__words_age(const struct ltr__moment *moment,
				 const struct ltr_goroutine *goroutine)
{
	struct ltr__words age;

	if (!goroutine->since_ns)
		return words("?");
	age = ltr__words_duration(ltr__moment_age(moment, goroutine));
	if (goroutine->flags & LTR_SINCE_EXACT)
		return age;
	return words("~%.40s", age.text);
}

struct ltr__words ltr__words_rate(double per_second)
{
	if (per_second <= 0)
		return words("0");
	if (per_second < 9.95)
		return words("%.1f", per_second);
	return ltr__words_short_count((uint64_t)(per_second + 0.5));
}

int ltr__words_parse_duration(const char *text, uint64_t *ret_ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {{"ns", 1},  {"us", US}, {"µs", US}, {"ms", MS},
		     {"s", SEC}, {"m", MIN}, {"h", HR},  {"d", DAY}};
	double total = 0;

	if (!*text)
		return -EINVAL;
	while (*text) {
		uint64_t unit = 0;
		double value;
		char *stop;
		char *end;

		if (!isdigit((unsigned char)*text) && *text != '.')
			return -EINVAL;
		for (end = (char *)text; isdigit((unsigned char)*end) || *end == '.'; end++)
			;
		value = strtod(text, &stop);
		if (stop != end || end - text > 20)
			return -EINVAL;
		for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
			size_t length = strlen(units[i].name);

			if (!strncmp(end, units[i].name, length) &&
			    !isalpha((unsigned char)end[length])) {
				unit = units[i].ns;
				end += length;
				break;
			}
		}
		if (!unit)
			return -EINVAL;
		total += value * (double)unit;
		text = end;
	}
	if (total >= 1e19)
		return -EINVAL;
	*ret_ns = (uint64_t)total;
	return 0;
}

const char *ltr__base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

struct ltr__place ltr__place_of_symbol(const struct ltr_symbol *symbol, uint64_t pc)
{
	return (struct ltr__place){
		.function = symbol->function,
		.file = ltr__base_name(symbol->file),
		.line = symbol->line,
		.pc = pc,
	};
}

struct ltr__place ltr__place_of_stack(const struct ltr_census *census, uint32_t stack)
{
	size_t first = ltr_census_first_frame(census, stack);
	size_t depth;
	const uint64_t *pcs = ltr_census_stack(census, stack, &depth);

	if (!pcs || !depth)
		return (struct ltr__place){.function = "", .file = ""};
	if (first >= depth)
		first = 0;
	return ltr__place_of_symbol(ltr_census_call_place(census, pcs[first]), pcs[first]);
}

struct ltr__place ltr__place_of(const struct ltr_census *census,
				const struct ltr_goroutine *goroutine)
{
	struct ltr__place place;

	if (goroutine->stack)
		return ltr__place_of_stack(census, goroutine->stack);
	if (!goroutine->entry_pc)
		return (struct ltr__place){.function = "", .file = ""};
	place = ltr__place_of_symbol(ltr_census_symbol(census, goroutine->entry_pc),
				     goroutine->entry_pc);
	place.is_entry = true;
	return place;
}

struct ltr__place ltr__place_of_site(const struct ltr_census *census, uint32_t site)
{
	const struct ltr_census_position *position = ltr_census_site(census, site);

	if (!position)
		return (struct ltr__place){.function = "", .file = ""};
	return (struct ltr__place){
		.function = ltr_census_string(census, position->function),
		.file = ltr__base_name(ltr_census_string(census, position->file)),
		.line = position->line,
	};
}

struct ltr__place ltr__creator_of(const struct ltr_census *census,
				  const struct ltr_goroutine *goroutine)
{
	if (goroutine->site || !goroutine->creation_pc)
		return ltr__place_of_site(census, goroutine->site);
	return ltr__place_of_symbol(ltr_census_call_symbol(census, goroutine->creation_pc),
				    goroutine->creation_pc);
}
