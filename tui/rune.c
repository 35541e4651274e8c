/* SPDX-License-Identifier: MIT */
/*
 * Runes. Widths come from the C library's own table, read under the C.UTF-8 locale whatever the
 * locale of the process is: so tests see the same widths everywhere, and curses, which asks the same
 * table, agrees with the grid.
 */
#include "rune.h"

#include <locale.h>
#include <stddef.h>
#include <wchar.h>

struct range {
	uint32_t first;
	uint32_t last;
};

/*
 * Invisible, or changes how its neighbours are shown. Some have a width of 0 in the C library's
 * table, like the combining marks, which are visible and stay.
 */
static const struct range invisible[] = {
	{0x00ad, 0x00ad},   {0x034f, 0x034f},   {0x061c, 0x061c},      {0x115f, 0x1160},
	{0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x200b, 0x200f},      {0x2028, 0x202e},
	{0x2060, 0x206f},   {0x3164, 0x3164},   {0xd7b0, 0xd7ff},      {0xe000, 0xf8ff},
	{0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},      {0xfff0, 0xfffb},
	{0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}, {0xf0000, UINT32_MAX},
};

uint32_t ltr__rune_next(const char **text)
{
	const unsigned char *byte = (const unsigned char *)*text;
	uint32_t rune;
	uint32_t least;
	int more;

	if (byte[0] == 0)
		return 0;
	*text += 1;
	if (byte[0] < 0x80)
		return byte[0];
	if (byte[0] >= 0xc2 && byte[0] <= 0xdf) {
		more = 1;
		least = 0x80;
		rune = byte[0] & 0x1f;
	} else if ((byte[0] & 0xf0) == 0xe0) {
		more = 2;
		least = 0x800;
		rune = byte[0] & 0x0f;
	} else if (byte[0] >= 0xf0 && byte[0] <= 0xf4) {
		more = 3;
		least = 0x10000;
		rune = byte[0] & 0x07;
	} else {
		return LTR__RUNE_BAD;
	}
	for (int i = 1; i <= more; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return LTR__RUNE_BAD;
		rune = rune << 6 | (byte[i] & 0x3f);
	}
	if (rune < least || rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff))
		return LTR__RUNE_BAD;
	*text += more;
	return rune;
}

static int table_width(uint32_t rune)
{
	static locale_t utf8;
	locale_t before;
	int width;

	if (!utf8)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	if (!utf8)
		return -1;
	before = uselocale(utf8);
	width = wcwidth((wchar_t)rune);
	uselocale(before);
	return width;
}

int ltr__rune_width(uint32_t rune)
{
	if (rune < 0x20)
		return -1;
	if (rune < 0x7f)
		return 1;
	if (rune < 0xa0)
		return -1;
	for (size_t i = 0; i < sizeof(invisible) / sizeof(*invisible); i++) {
		if (rune >= invisible[i].first && rune <= invisible[i].last)
			return -1;
	}
	if (rune == LTR__RUNE_BAD)
		return 1;
	return table_width(rune);
}

/* What our own drawing uses beyond ASCII, and its nearest relative there. */
static uint32_t ascii_for(uint32_t rune)
{
	switch (rune) {
	case 0x2026: /* … */
		return '~';
	case 0x00b5: /* µ */
		return 'u';
	case 0x00b7: /* · */
		return '-';
	case 0x2550: /* ═ */
		return '=';
	case 0x2551: /* ║ */
	case 0x2554: /* ╔ */
	case 0x2560: /* ╠ */
	case 0x255a: /* ╚ */
		return '#';
	case 0x2500: /* ─ */
	case 0x2013: /* – */
		return '-';
	case 0x2524: /* ┤ */
	case 0x2502: /* │ */
		return '|';
	case 0x2514: /* └ */
		return '`';
	case 0x251c: /* ├ */
		return '|';
	case 0x25b2: /* ▲ */
		return '^';
	case 0x25bc: /* ▼ */
		return 'v';
	case 0x25b8: /* ▸ */
	case 0x203a: /* › */
	case 0x25b6: /* ▶ */
		return '>';
	case 0x2190: /* ← */
		return '<';
	case 0x2191: /* ↑ */
		return '^';
	case 0x2193: /* ↓ */
		return 'v';
	default:
		if (rune >= 0x2588 && rune <= 0x258b) /* more than half a block */
			return '#';
		if (rune >= 0x258c && rune <= 0x258f)
			return '|';
		return '?';
	}
}

uint32_t ltr__rune_clean(uint32_t rune, bool ascii)
{
	if (rune >= 0x20 && rune < 0x7f)
		return rune;
	if (ascii)
		return ascii_for(rune);
	if (rune < 0x20)
		return 0x2400 + rune;
	if (rune == 0x7f)
		return 0x2421;
	return ltr__rune_width(rune) < 0 ? LTR__RUNE_BAD : rune;
}

int ltr__rune_encode(uint32_t rune, char ret_bytes[4])
{
	if (rune < 0x80) {
		ret_bytes[0] = (char)rune;
		return 1;
	}
	if (rune < 0x800) {
		ret_bytes[0] = (char)(0xc0 | rune >> 6);
		ret_bytes[1] = (char)(0x80 | (rune & 0x3f));
		return 2;
	}
	if (rune < 0x10000) {
		ret_bytes[0] = (char)(0xe0 | rune >> 12);
		ret_bytes[1] = (char)(0x80 | (rune >> 6 & 0x3f));
		ret_bytes[2] = (char)(0x80 | (rune & 0x3f));
		return 3;
	}
	ret_bytes[0] = (char)(0xf0 | (rune >> 18 & 0x07));
	ret_bytes[1] = (char)(0x80 | (rune >> 12 & 0x3f));
	ret_bytes[2] = (char)(0x80 | (rune >> 6 & 0x3f));
	ret_bytes[3] = (char)(0x80 | (rune & 0x3f));
	return 4;
}
