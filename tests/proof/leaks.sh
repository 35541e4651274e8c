#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fifteen kinds of leaks are found, each at the place that created it, while the program runs,
# stopped or not, and at its end.
# shellcheck source=tests/proof/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start leaks 200
judge -p "$subject"
equal "status" 23 "$judged"
all_found 98
contains_with -F "evidence" "no live goroutine, global or heap block refers to" "$SCRATCH/report"
contains_with -F "passes" "(3 passes, " "$SCRATCH/report"

judge --freeze -p "$subject"
equal "status, stopped" 23 "$judged"
all_found 98
contains_with -F "one pass" "(1 pass, " "$SCRATCH/report"
contains_with -F "the pause is told" "stopped for" "$SCRATCH/report"

# The profile has the same.
planted=$(awk '$1 == "planted" { sum += $3 } END { print sum }' "$SCRATCH/said")
for freeze in "" --freeze; do
	profile_leaks ${freeze:+"$freeze"} -p "$subject"
	equal "status of a profile $freeze" 0 "$judged"
	equal "a profile $freeze: could be proven" "" "$(cat "$SCRATCH/error")"
	found=$(profiled '.*')
	checks=$((checks + 1))
	((found * 100 >= planted * 98 && found <= planted)) || fail "profile $freeze: $found of $planted"
	found=$(profiled send_alone)
	((found * 100 >= 200 * 98 && found <= 200)) || fail "profile $freeze: $found of 200 who send"
done

# Memory is not recorded: that is said, and only what needs no proof is there.
"$LOITER" record -p "$subject" --via snapshot --seconds 100ms -o "$SCRATCH/x.ltr"
profile_leaks "$SCRATCH/x.ltr"
equal "status of a recording's profile" 24 "$judged"
contains_with -F "a recording's profile" "no leak can be proven: the memory" "$SCRATCH/error"
equal "who waits for nothing, in a recording" 400 "$(profiled '.*')"

judge --fail-on suspect -p "$subject"
equal "status when leaks are not asked for" 0 "$judged"
kill -KILL "$subject"
wait "$subject" 2>/dev/null || true
subject=""

# At the end of a command, what is proven is leaked, and not only never exited.
judge --grace 0 -- "$LTR_BUILD/tests/proof/proof_leaks" 200 end >"$SCRATCH/said"
equal "status of a command" 23 "$judged"
all_found 98
finish
