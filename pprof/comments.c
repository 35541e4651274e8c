/* SPDX-License-Identifier: MIT */

/* Comments of one or several censuses (comments.h). */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clean.h"
#include "comments.h"
#include "words.h"

#define PREFIX "loiter: "

struct ltr__comment {
	const char *recording; /* "": none */
	const struct ltr_census *census;
	bool is_loss; /* each census has its own, also if they are in the same words */
	char text[LTR__COMMENT_BYTES];
};

void ltr__comments_done(struct ltr__comments *comments)
{
	free(comments->at);
	*comments = (struct ltr__comments){0};
}

static int add(struct ltr__comments *comments, const struct ltr_census *census,
	       const char *recording, const char *text, bool is_loss)
{
	int err = ltr__pprof_array_reserve(&comments->at, &comments->capacity, comments->count,
					   sizeof(*comments->at));
	struct ltr__comment *comment;

	if (err)
		return err;
	comment = &comments->at[comments->count++];
	comment->census = census;
	comment->recording = recording;
	comment->is_loss = is_loss;
	snprintf(comment->text, sizeof(comment->text), "%s", text);
	return 0;
}

int ltr__comments_add(struct ltr__comments *comments, const struct ltr_census *census,
		      const char *recording, const struct ltr__samples *samples)
{
	char loss[LTR__LOSS_BYTES];
	int err = 0;

	ltr__loss_text(census, loss);
	if (loss[0])
		err = add(comments, census, recording, loss, true);
	for (size_t i = 0; i < samples->comment_count && !err; i++)
		err = add(comments, census, recording, samples->comments[i], false);
	return err;
}

const char *ltr__recording_of(const struct ltr_profile_options *options, size_t i)
{
	return options->recordings && options->recordings[i] ? options->recordings[i] : "";
}

void ltr__process_command(const struct ltr_census *census, char *out, size_t bytes)
{
	const char *command = ltr_census_info(census)->command;

	ltr__pprof_clean(out, bytes, command[0] ? command : "?");
}

static bool is_same(const struct ltr__comment *a, const struct ltr__comment *b)
{
	return a->is_loss == b->is_loss && strcmp(a->text, b->text) == 0;
}

static void write_named(const struct ltr__comment *comment, struct ltr__encoder *encoder)
{
	char command[128];
	char recording[128];
	char text[LTR__COMMENT_BYTES + sizeof(command) + sizeof(recording) + 32];
	const char *rest = comment->text;

	if (strncmp(rest, PREFIX, strlen(PREFIX)) == 0)
		rest += strlen(PREFIX);
	ltr__process_command(comment->census, command, sizeof(command));
	ltr__pprof_clean(recording, sizeof(recording), comment->recording);
	snprintf(text, sizeof(text), PREFIX "process %" PRIu32 " (%s)%s%s: %s",
		 ltr_census_info(comment->census)->pid, command, recording[0] ? " in " : "",
		 recording, rest);
	ltr__encode_comment(encoder, ltr__encode_string(encoder, text));
}

void ltr__comments_write(const struct ltr__comments *comments, size_t census_count,
			 struct ltr__encoder *encoder)
{
	for (size_t i = 0; i < comments->count; i++) {
		const struct ltr__comment *comment = &comments->at[i];
		size_t alike = 0;
		size_t first = comments->count;

		for (size_t j = 0; j < comments->count; j++) {
			if (!is_same(&comments->at[j], comment))
				continue;
			alike++;
			if (j < first)
				first = j;
		}
		if (census_count > 1 && (comment->is_loss || alike < census_count))
			write_named(comment, encoder);
		else if (first == i)
			ltr__encode_comment(encoder, ltr__encode_string(encoder, comment->text));
	}
}
