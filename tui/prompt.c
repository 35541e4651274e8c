/* SPDX-License-Identifier: MIT */
/*
 * Editing one line. Invariant: text is NUL-ended UTF-8 as it was typed, cursor stands between runes.
 */
#include "prompt.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "rune.h"

void ltr__prompt_open(struct ltr__prompt *prompt, enum ltr__action purpose, const char *text)
{
	*prompt = (struct ltr__prompt){.is_open = true, .purpose = purpose};
	snprintf(prompt->text, sizeof(prompt->text), "%s", text);
	snprintf(prompt->before, sizeof(prompt->before), "%s", text);
	prompt->cursor = strlen(prompt->text);
}

static size_t rune_before(const struct ltr__prompt *prompt, size_t at)
{
	while (at && ((unsigned char)prompt->text[--at] & 0xc0) == 0x80)
		;
	return at;
}

static size_t rune_behind(const struct ltr__prompt *prompt, size_t at)
{
	if (prompt->text[at])
		at++;
	while (((unsigned char)prompt->text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static void cut(struct ltr__prompt *prompt, size_t from, size_t to)
{
	memmove(prompt->text + from, prompt->text + to, strlen(prompt->text + to) + 1);
	prompt->cursor = from;
}

static bool insert(struct ltr__prompt *prompt, const char *bytes, size_t length)
{
	size_t old = strlen(prompt->text);

	if (old + length >= sizeof(prompt->text))
		return false;
	memmove(prompt->text + prompt->cursor + length, prompt->text + prompt->cursor,
		old - prompt->cursor + 1);
	memcpy(prompt->text + prompt->cursor, bytes, length);
	prompt->cursor += length;
	return true;
}

static size_t word_before(const struct ltr__prompt *prompt)
{
	size_t at = prompt->cursor;

	while (at && isspace((unsigned char)prompt->text[at - 1]))
		at--;
	while (at && !isspace((unsigned char)prompt->text[at - 1]))
		at--;
	return at;
}

/* The `index`th possibility: words of the language, then values of the program. */
static const char *possibility(const struct ltr__prompt *prompt, size_t index, size_t *ret_replaced)
{
	const char *word = ltr__filter_complete(prompt->completed, index, ret_replaced);

	if (word || index >= prompt->values.count)
		return word;
	*ret_replaced = prompt->values.replaced;
	return prompt->values.value[index].text;
}

/* The next possibility to go on from where Tab was first pressed; round again after the last. */
static bool complete(struct ltr__prompt *prompt, const struct ltr__moment *moment)
{
	const char *word;
	size_t replaced;
	size_t keep;

	if (prompt->purpose != LTR__DO_FILTER)
		return false;
	if (!prompt->completions) {
		memcpy(prompt->completed, prompt->text, sizeof(prompt->completed));
		prompt->values.count = 0;
		if (moment)
			ltr__filter_values(moment, prompt->completed, &prompt->values);
	}
	word = possibility(prompt, prompt->completions, &replaced);
	if (!word && prompt->completions) {
		prompt->completions = 0;
		word = possibility(prompt, 0, &replaced);
	}
	keep = strlen(prompt->completed);
	if (!word || keep - replaced + strlen(word) >= sizeof(prompt->text))
		return false;
	prompt->completions++;
	memcpy(prompt->text, prompt->completed, keep - replaced);
	memcpy(prompt->text + keep - replaced, word, strlen(word) + 1);
	prompt->cursor = strlen(prompt->text);
	return true;
}

static bool edit(struct ltr__prompt *prompt, uint32_t key)
{
	char bytes[4];

	switch (key) {
	case LTR__KEY_BACKSPACE:
	case LTR__KEY_CONTROL('h'):
		cut(prompt, rune_before(prompt, prompt->cursor), prompt->cursor);
		return true;
	case LTR__KEY_DELETE:
		cut(prompt, prompt->cursor, rune_behind(prompt, prompt->cursor));
		return true;
	case LTR__KEY_CONTROL('u'):
		cut(prompt, 0, prompt->cursor);
		return true;
	case LTR__KEY_CONTROL('w'):
		cut(prompt, word_before(prompt), prompt->cursor);
		return true;
	case LTR__KEY_LEFT:
		prompt->cursor = rune_before(prompt, prompt->cursor);
		return false;
	case LTR__KEY_RIGHT:
		prompt->cursor = rune_behind(prompt, prompt->cursor);
		return false;
	case LTR__KEY_HOME:
	case LTR__KEY_CONTROL('a'):
		prompt->cursor = 0;
		return false;
	case LTR__KEY_END:
	case LTR__KEY_CONTROL('e'):
		prompt->cursor = strlen(prompt->text);
		return false;
	default:
		if (key < ' ' || key > 0x10ffff || (key >= 0x7f && key < 0xa0))
			return false;
		return insert(prompt, bytes, (size_t)ltr__rune_encode(key, bytes));
	}
}

enum ltr__prompt_result ltr__prompt_key(struct ltr__prompt *prompt, uint32_t key,
					const struct ltr__moment *moment)
{
	switch (key) {
	case LTR__KEY_ENTER:
	case '\n':
		return LTR__PROMPT_DONE;
	case LTR__KEY_ESCAPE:
	case LTR__KEY_CONTROL('c'):
	case LTR__KEY_CONTROL('g'):
		return LTR__PROMPT_CANCELLED;
	case LTR__KEY_TAB:
		return complete(prompt, moment) ? LTR__PROMPT_EDITED : LTR__PROMPT_SAME;
	default:
		prompt->completions = 0;
		return edit(prompt, key) ? LTR__PROMPT_EDITED : LTR__PROMPT_SAME;
	}
}

void ltr__prompt_draw(const struct ltr__prompt *prompt, struct ltr__area line)
{
	char head[LTR__FILTER_BYTES];
	const char *name = prompt->purpose == LTR__DO_FILTER ? "filter " : "search ";
	int name_width = line.width < 30 ? 0 : (int)strlen(name);
	int why_width = prompt->why[0] ? line.width / 2 : 0;
	int room = line.width - name_width - why_width - 2;
	struct ltr__area text = ltr__area_part(line, 1 + name_width, 0, room, 1);
	int before;

	memcpy(head, prompt->text, prompt->cursor);
	head[prompt->cursor] = 0;
	before = ltr__text_columns(line.grid, head);
	ltr__fill(line, 0, 0, line.width, LTR__STYLE_PROMPT, ' ');
	ltr__text(line, 1, 0, name_width, LTR__STYLE_KEY, name);
	/* a text that is too long is moved to the left, so that the cursor stays in sight */
	ltr__text(text, before < text.width ? 0 : text.width - 1 - before, 0, LTR__GRID_MAX_WIDTH,
		  LTR__STYLE_PROMPT, prompt->text);
	ltr__restyle(text, before < text.width ? before : text.width - 1, 0, 1, LTR__STYLE_CURSOR);
	if (why_width)
		ltr__text(line, line.width - why_width, 0, why_width, LTR__STYLE_WARNING,
			  prompt->why);
}
