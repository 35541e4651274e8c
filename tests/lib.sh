# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What all test scripts share: counting checks and faults. A script, or the lib.sh of its folder,
# sources this, makes its checks, and calls finish.

checks=0
faults=0

skip() {
	printf 'skipped: %s\n' "$*"
	exit 77
}

fail() {
	printf 'FAILED: %s\n' "$*"
	faults=$((faults + 1))
}

equal() { # WHAT EXPECTED GOT
	checks=$((checks + 1))
	[[ $2 == "$3" ]] || fail "$1: expected '$2', got '$3'"
}

# contains_with GREP_OPTIONS WHAT PATTERN FILE
contains_with() {
	checks=$((checks + 1))
	grep -q "$1" -- "$3" "$4" || {
		fail "$2: no '$3' in:"
		head -n 60 "$4"
	}
}

finish() {
	printf '%d checks, %d faults\n' "$checks" "$faults"
	((checks > 0 && faults == 0))
	exit
}
