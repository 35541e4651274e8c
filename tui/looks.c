/* SPDX-License-Identifier: MIT */
/*
 * The tables of looks (looks.h). No true colour but black is below 8: terminals that take colours
 * as they are may read these numbers as those of their palette.
 */
#include "looks.h"

enum { BLACK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE };
enum { BOLD = LTR__LOOK_BOLD, REVERSE = LTR__LOOK_REVERSE, UNDERLINE = LTR__LOOK_UNDERLINE };

static const struct ltr__look dark[LTR__STYLE_COUNT] = {
	[LTR__STYLE_NORMAL] = {-1, -1, -1, -1, -1, -1, 0, 0},
	[LTR__STYLE_DIM] = {0xa0a8b4, -1, 245, -1, -1, -1, 0, 0},
	[LTR__STYLE_STRONG] = {-1, -1, -1, -1, -1, -1, BOLD, BOLD},
	[LTR__STYLE_TITLE] = {0x5fb3ff, -1, 33, -1, CYAN, -1, BOLD, BOLD},
	[LTR__STYLE_HEADING] = {0xe6e9ef, 0x3b4252, 252, 238, WHITE, BLUE, 0, REVERSE},
	[LTR__STYLE_SORTED] = {0xffffff, 0x3b4252, 231, 238, WHITE, BLUE, BOLD, REVERSE | BOLD},
	[LTR__STYLE_SELECTED] = {0xffffff, 0x1f5f99, 231, 24, BLACK, CYAN, 0, REVERSE},
	[LTR__STYLE_LOUD] = {0xffffff, 0xc62828, 231, 160, WHITE, RED, BOLD, REVERSE | BOLD},
	[LTR__STYLE_WARNING] = {0xe5b567, -1, 172, -1, YELLOW, -1, BOLD, BOLD},
	[LTR__STYLE_GOOD] = {0x7bd88f, -1, 35, -1, GREEN, -1, BOLD, BOLD},
	[LTR__STYLE_KEY] = {0x5fb3ff, -1, 33, -1, CYAN, -1, BOLD, BOLD},
	[LTR__STYLE_HINT] = {0xa0a8b4, -1, 245, -1, -1, -1, 0, 0},
	[LTR__STYLE_PROMPT] = {0xe6e9ef, 0x353b48, 252, 236, WHITE, BLUE, 0, UNDERLINE},
	[LTR__STYLE_CURSOR] = {0x101010, 0xd8dee9, 16, 252, BLACK, WHITE, 0, REVERSE},
	[LTR__STYLE_MATCH] = {0x101010, 0xf0c674, 16, 178, BLACK, YELLOW, 0, UNDERLINE | BOLD},
	[LTR__STYLE_FUNCTION] = {-1, -1, -1, -1, -1, -1, 0, 0},
	[LTR__STYLE_BAR_EMPTY] = {0x7a8290, -1, 240, -1, -1, -1, 0, 0},
	[LTR__STYLE_STATE_UNKNOWN] = {0xa0a8b4, -1, 245, -1, -1, -1, 0, 0},
	[LTR__STYLE_STATE_QUEUED] = {0xe5b567, -1, 172, -1, YELLOW, -1, 0, 0},
	[LTR__STYLE_STATE_RUNNING] = {0x7bd88f, -1, 35, -1, GREEN, -1, BOLD, BOLD},
	[LTR__STYLE_STATE_SYSCALL] = {0x5ad4e6, -1, 37, -1, CYAN, -1, 0, 0},
	[LTR__STYLE_STATE_SLEEP] = {0x9fb4d0, -1, 67, -1, BLUE, -1, 0, 0},
	[LTR__STYLE_STATE_NETWORK] = {0x5fb3ff, -1, 33, -1, BLUE, -1, 0, 0},
	[LTR__STYLE_STATE_CHAN] = {0xc9a0ff, -1, 134, -1, MAGENTA, -1, 0, 0},
	[LTR__STYLE_STATE_SYNC] = {0xff8f8f, -1, 167, -1, RED, -1, 0, 0},
	[LTR__STYLE_STATE_EXITED] = {0x959dab, -1, 245, -1, -1, -1, 0, 0},
};

static const struct ltr__look light[LTR__STYLE_COUNT] = {
	[LTR__STYLE_NORMAL] = {-1, -1, -1, -1, -1, -1, 0, 0},
	[LTR__STYLE_DIM] = {0x5c6370, -1, 242, -1, -1, -1, 0, 0},
	[LTR__STYLE_STRONG] = {-1, -1, -1, -1, -1, -1, BOLD, BOLD},
	[LTR__STYLE_TITLE] = {0x0b5cad, -1, 25, -1, BLUE, -1, BOLD, BOLD},
	[LTR__STYLE_HEADING] = {0x1f2430, 0xd5d9e0, 235, 252, WHITE, BLUE, 0, REVERSE},
	[LTR__STYLE_SORTED] = {0x101010, 0xc0c6d0, 16, 250, WHITE, BLUE, BOLD, REVERSE | BOLD},
	[LTR__STYLE_SELECTED] = {0x101010, 0xa9d1ff, 16, 153, BLACK, CYAN, 0, REVERSE},
	[LTR__STYLE_LOUD] = {0xffffff, 0xc62828, 231, 160, WHITE, RED, BOLD, REVERSE | BOLD},
	[LTR__STYLE_WARNING] = {0x8a4b00, -1, 130, -1, RED, -1, BOLD, BOLD},
	[LTR__STYLE_GOOD] = {0x1a6b2d, -1, 28, -1, GREEN, -1, BOLD, BOLD},
	[LTR__STYLE_KEY] = {0x0b5cad, -1, 25, -1, BLUE, -1, BOLD, BOLD},
	[LTR__STYLE_HINT] = {0x5c6370, -1, 242, -1, -1, -1, 0, 0},
	[LTR__STYLE_PROMPT] = {0x1f2430, 0xe6e9ef, 235, 254, WHITE, BLUE, 0, UNDERLINE},
	[LTR__STYLE_CURSOR] = {0xffffff, 0x303540, 231, 236, WHITE, BLACK, 0, REVERSE},
	[LTR__STYLE_MATCH] = {0x101010, 0xffd866, 16, 222, BLACK, YELLOW, 0, UNDERLINE | BOLD},
	[LTR__STYLE_FUNCTION] = {-1, -1, -1, -1, -1, -1, 0, 0},
	[LTR__STYLE_BAR_EMPTY] = {0x858b97, -1, 248, -1, -1, -1, 0, 0},
	[LTR__STYLE_STATE_UNKNOWN] = {0x5c6370, -1, 242, -1, -1, -1, 0, 0},
	[LTR__STYLE_STATE_QUEUED] = {0x8a4b00, -1, 130, -1, -1, -1, 0, 0},
	[LTR__STYLE_STATE_RUNNING] = {0x1a6b2d, -1, 28, -1, GREEN, -1, BOLD, BOLD},
	[LTR__STYLE_STATE_SYSCALL] = {0x006d77, -1, 23, -1, BLUE, -1, 0, 0},
	[LTR__STYLE_STATE_SLEEP] = {0x4a5a8a, -1, 60, -1, BLUE, -1, 0, 0},
	[LTR__STYLE_STATE_NETWORK] = {0x0b5cad, -1, 25, -1, BLUE, -1, 0, 0},
	[LTR__STYLE_STATE_CHAN] = {0x7b2fbe, -1, 90, -1, MAGENTA, -1, 0, 0},
	[LTR__STYLE_STATE_SYNC] = {0xb3261e, -1, 124, -1, RED, -1, 0, 0},
	[LTR__STYLE_STATE_EXITED] = {0x666b75, -1, 242, -1, -1, -1, 0, 0},
};

const struct ltr__look *ltr__look_of(bool is_light, enum ltr__style style)
{
	return &(is_light ? light : dark)[style];
}

int ltr__look_rgb(int colour256)
{
	static const int levels[] = {0, 95, 135, 175, 215, 255};
	int grey;

	if (colour256 < 16)
		return colour256;
	if (colour256 >= 232) {
		grey = 8 + (colour256 - 232) * 10;
		return grey << 16 | grey << 8 | grey;
	}
	colour256 -= 16;
	return levels[colour256 / 36] << 16 | levels[colour256 / 6 % 6] << 8 |
	       levels[colour256 % 6];
}
