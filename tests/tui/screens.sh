#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The screens in docs/top.md are golden ones: behind a line "<!-- screen NAME-SIZE N -->" stands, in a
# block, the N-th screen of tests/tui/golden/NAME-SIZE.txt, without the empty lines in it.
#
#   tests/tui/screens.sh           compare
#   tests/tui/screens.sh --write   put them there
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
page=$here/../../docs/top.md
made=$(mktemp)
trap 'rm -f "$made"' EXIT

screen() { # NAME-SIZE N
	local height=${1##*x}
	sed -n "$((($2 - 1) * height + 1)),$(($2 * height))p" "$here/golden/$1.txt" | grep -v '^$'
}

screens=0
skipping=false
while IFS= read -r line; do
	if $skipping; then
		[[ $line == '```' ]] && skipping=false
		continue
	fi
	printf '%s\n' "$line"
	if [[ $line =~ ^'<!-- screen '([a-z-]+-[0-9]+x[0-9]+)' '([0-9]+)' -->'$ ]]; then
		IFS= read -r line # the block that is there begins
		[[ $line == '```' ]] || { echo "screens.sh: no block behind a marker" >&2; exit 1; }
		printf '```\n'
		screen "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
		printf '```\n'
		skipping=true
		screens=$((screens + 1))
	fi
done <"$page" >"$made"
if [[ ${1:-} == --write ]]; then
	cp "$made" "$page"
else
	diff -u "$page" "$made"
fi
echo "screens.sh: $screens screens"
((screens > 0))
