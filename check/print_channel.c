/* SPDX-License-Identifier: MIT */
/* What a channel says of itself, in words. */

#include <inttypes.h>

#include "internal.h"

const char *ltr__other_end(const struct ltr_finding_channel *channel)
{
	return channel->receives ? "last to receive" : "last to send";
}

void ltr__print_other(const struct ltr_finding_channel *channel, const char *strip, FILE *out)
{
	if (!channel->other_id) {
		fputs("nobody, ever", out);
		return;
	}
	fprintf(out, "goroutine %" PRIu64, channel->other_id);
	if (channel->other_ended) {
		fputs(", which has ended", out);
		return;
	}
	fprintf(out, ", now %s",
		channel->other_reason ? ltr_reason_name(channel->other_reason)
				      : ltr_state_name(channel->other_state));
	if (ltr__is_known(&channel->other_at)) {
		fputs(" at ", out);
		ltr__print_place(&channel->other_at, strip, out);
	}
	if (ltr__is_known(&channel->other_created)) {
		fputs(", created at ", out);
		ltr__print_place(&channel->other_created, strip, out);
	}
}

void ltr__print_channel_message(const struct ltr_finding_channel *channel, const char *strip,
				FILE *out)
{
	if (ltr__is_known(&channel->made)) {
		fputs("; channel made at ", out);
		ltr__print_place(&channel->made, strip, out);
	}
	fprintf(out, "; %s: ", ltr__other_end(channel));
	ltr__print_other(channel, strip, out);
}
