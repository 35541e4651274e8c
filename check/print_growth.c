/* SPDX-License-Identifier: MIT */
/* How growth is put into words. */

#include <inttypes.h>

#include "internal.h"

void ltr__print_growth(const struct ltr_finding_growth *growth, FILE *out)
{
	if (growth->window_ns) {
		fprintf(out, "created here and waiting on and on were %" PRIu64 " ",
			growth->place_before);
		ltr__print_duration(growth->window_ns, out);
		fprintf(out, " ago and ever more at the looks since: %" PRIu64 " now",
			growth->place_after);
		return;
	}
	if (growth->before)
		fprintf(out, "%" PRIu64 " like %s before, %" PRIu64 " now", growth->before,
			growth->after == 1 ? "it" : "these", growth->after);
	else
		fprintf(out, "none like %s before, %" PRIu64 " now",
			growth->after == 1 ? "it" : "these", growth->after);
	fprintf(out, "; created here, whatever they do, %" PRIu64 " before, %" PRIu64 " now",
		growth->place_before, growth->place_after);
}

void ltr__print_comparison(const struct ltr_comparison *comparison, FILE *out)
{
	ltr__print_count(comparison->count_before, "goroutine", out);
	fputs(" of ", out);
	ltr__print_clean(comparison->before, 80, out);
	fprintf(out, " before, %" PRIu64 " of ", comparison->count_after);
	ltr__print_clean(comparison->after, 80, out);
	fputs(" now", out);
}

void ltr__print_change(const struct ltr_change *change, const char *strip, FILE *out)
{
	fprintf(out, "%" PRIu64 " -> %" PRIu64 " %s: %s, ", change->before, change->after,
		!change->before                  ? "new"
		: !change->after                 ? "gone"
		: change->after > change->before ? "more"
						 : "fewer",
		ltr__doing(change->kind));
	ltr__print_where(change->kind, strip, out);
}
