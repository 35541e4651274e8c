#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Golden screens: each tests/tui/scripts/NAME.keys is typed into the screen over the made-up program,
# at each of its sizes, and what it prints is compared with tests/tui/golden/NAME-SIZE.txt.
#
#   tests/tui/golden.sh           compare
#   tests/tui/golden.sh --write   take what it prints now as right; read the diff before you commit
#
# A script says in comments how it is run:  "# sizes: 80x24 120x40"  and  "# options: --lost 5".
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${LTR_BUILD:-$here/../../build/dev}
demo=$build/tests/tui/tui_demo
write=false
[[ ${1:-} == --write ]] && write=true
printed=$(mktemp)
trap 'rm -f "$printed"' EXIT

if [[ ! -x $demo ]]; then
	echo "golden.sh: $demo is not built" >&2
	exit 1
fi

compared=0
failed=0
for script in "$here"/scripts/*.keys; do
	name=$(basename "$script" .keys)
	sizes=$(sed -n 's/^# sizes: //p' "$script")
	options=$(sed -n 's/^# options: //p' "$script")
	for size in $sizes; do
		golden=$here/golden/$name-$size.txt
		# options are words without blanks inside
		# shellcheck disable=SC2086
		if ! "$demo" $options --script "$script" --screen "$size" >"$printed"; then
			echo "golden.sh: $name at $size failed" >&2
			failed=$((failed + 1))
			continue
		fi
		compared=$((compared + 1))
		if $write; then
			cp "$printed" "$golden"
		elif ! diff -u "$golden" "$printed"; then
			echo "golden.sh: $name at $size is not as it was" >&2
			failed=$((failed + 1))
		fi
	done
done
echo "golden.sh: $compared screens, $failed wrong"
((compared > 0 && failed == 0))
