# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the tests of proofs share: starting a program that says "ready", and counting what loiter
# calls leaked.

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

: "${LTR_BUILD:?is set by ctest: the build folder}"
LOITER=$LTR_BUILD/loiter
SCRATCH=$(mktemp -d)
subject="" # its process id

cleanup() {
	[[ -z $subject ]] || kill -KILL "$subject" 2>/dev/null || true
	rm -rf "$SCRATCH"
}
trap cleanup EXIT
trap 'exit 143' TERM INT HUP

# start PROGRAM ARGUMENT...: its standard input is descriptor 9
start() {
	rm -f "$SCRATCH/in" "$SCRATCH/out"
	mkfifo "$SCRATCH/in" "$SCRATCH/out"
	"$LTR_BUILD/tests/proof/proof_$1" "${@:2}" <"$SCRATCH/in" >"$SCRATCH/out" &
	subject=$!
	exec 9>"$SCRATCH/in" 8<"$SCRATCH/out"
	: >"$SCRATCH/said"
	local line=""
	while [[ $line != ready ]]; do
		IFS= read -r line <&8 || skip "$1 did not start (files, memory?)"
		printf '%s\n' "$line" >>"$SCRATCH/said"
	done
}

# judge OPTIONS...: the report goes to $SCRATCH/report, the status to $judged
judge() {
	judged=0
	# shellcheck disable=SC2034 # for the scripts
	"$LOITER" check --all -o "$SCRATCH/report" "$@" 2>"$SCRATCH/error" || judged=$?
}

# lost PLACE: how many goroutines the report calls leaked, of those that PLACE created; or
# deadlocked, where it is a lock that nobody gives back
lost() {
	sed -nE "s/^\[[0-9]+\] (leaked|deadlock): ([0-9]+) goroutines?, .*\(($1)\)\$/\2/p" \
		"$SCRATCH/report" | awk '{ sum += $1 } END { print sum + 0 }'
}

# all_found SHARE: at least SHARE percent of each kind that the program has planted
all_found() {
	local word name planted found
	while read -r word name planted; do
		[[ $word == planted ]] || continue
		found=$(lost "$name")
		checks=$((checks + 1))
		((found * 100 >= planted * $1 && found <= planted)) ||
			fail "$name: $found of $planted found"
	done <"$SCRATCH/said"
}

# profile_leaks OPTIONS...: of $subject, as folded stacks with all callers, in $SCRATCH/folded; the
# status is in $judged
profile_leaks() {
	judged=0
	# shellcheck disable=SC2034 # for the scripts
	"$LOITER" profile --type goroutineleak --folded -o "$SCRATCH/folded" "$@" \
		2>"$SCRATCH/error" || judged=$?
}

# profiled PATTERN: how many goroutines there are on stacks with such a function
profiled() { awk -v wanted="(^|;)($1)(;| )" '$0 ~ wanted { sum += $NF } END { print sum + 0 }' "$SCRATCH/folded"; }
