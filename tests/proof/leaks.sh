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
