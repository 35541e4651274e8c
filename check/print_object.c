/* SPDX-License-Identifier: MIT */
/* What an object says of itself, in words. */

#include <inttypes.h>

#include "internal.h"

struct ltr__comer_word ltr__object_comer(const struct ltr_finding_object *object,
					 unsigned int which)
{
	const struct ltr_object_words *words = ltr_object_words(object->kind);
	bool takes = which == 1;

	if (object->kind == LTR_OBJECT_CHANNEL) {
		if (which)
			return (struct ltr__comer_word){0};
		takes = !object->receives;
	}
	if (which > 1 || (takes && !words->take))
		return (struct ltr__comer_word){0};
	return takes ? (struct ltr__comer_word){&object->taker, words->take, words->taker_key}
		     : (struct ltr__comer_word){&object->giver, words->give, words->giver_key};
}

static void print_fill(const struct ltr_finding_object *object, const char *separator, FILE *out)
{
	if (!object->counted)
		return;
	switch (object->kind) {
	case LTR_OBJECT_CHANNEL:
		if (object->capacity)
			fprintf(out, "%s%" PRId64 " of %" PRId64 " in its buffer", separator,
				object->count, object->capacity);
		else
			fprintf(out, "%sno buffer", separator);
		if (object->closed)
			fputs(", closed", out);
		break;
	case LTR_OBJECT_WAITGROUP:
		fprintf(out, "%s%" PRId64 " not done", separator, object->count);
		break;
	case LTR_OBJECT_SEMAPHORE:
		fprintf(out, "%s%" PRId64 " of %" PRId64 " taken", separator, object->count,
			object->capacity);
		break;
	default:
		break;
	}
}

/* False: nothing is known. */
static bool print_likeness(const struct ltr_finding_object *object, const char *strip, FILE *out)
{
	bool is_known = ltr__is_known(&object->made);

	if (is_known) {
		fputs(object->kind == LTR_OBJECT_CHANNEL ? "made at " : "first used at ", out);
		ltr__print_place(&object->made, strip, out);
	}
	print_fill(object, is_known ? ", " : "", out);
	return is_known || (object->counted && object->kind != LTR_OBJECT_COND);
}

void ltr__print_comer(const struct ltr_finding_comer *comer, const char *strip, FILE *out)
{
	if (!comer->id) {
		fputs("nobody, ever", out);
		return;
	}
	fprintf(out, "goroutine %" PRIu64, comer->id);
	if (ltr__is_known(&comer->by)) {
		fputs(" at ", out);
		ltr__print_place(&comer->by, strip, out);
	}
	if (comer->ended) {
		fputs(", which has ended", out);
		return;
	}
	fprintf(out, ", now %s",
		comer->reason ? ltr_reason_name(comer->reason) : ltr_state_name(comer->state));
	if (ltr__is_known(&comer->at)) {
		fputs(" at ", out);
		ltr__print_place(&comer->at, strip, out);
	}
	if (ltr__is_known(&comer->created)) {
		fputs(", created at ", out);
		ltr__print_place(&comer->created, strip, out);
	}
}

bool ltr__print_object(const struct ltr_finding_object *object, unsigned int which,
		       const char *strip, FILE *out)
{
	struct ltr__comer_word word;

	if (which == 0)
		return print_likeness(object, strip, out);
	word = ltr__object_comer(object, which - 1);
	if (!word.comer)
		return false;
	fprintf(out, "last to %s: ", word.text);
	ltr__print_comer(word.comer, strip, out);
	return true;
}

void ltr__print_object_message(const struct ltr_finding_object *object, const char *strip,
			       FILE *out)
{
	if (object->is_case)
		fprintf(out, "; case %u %s", object->index,
			object->receives ? "receives" : "sends");
	if (ltr__is_known(&object->made) || object->counted) {
		fprintf(out, "; %s ", ltr_object_words(object->kind)->kind);
		print_likeness(object, strip, out);
	}
	for (unsigned int i = 0; ltr__object_comer(object, i).comer; i++) {
		fputs("; ", out);
		ltr__print_object(object, i + 1, strip, out);
	}
}
