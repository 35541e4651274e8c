#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loiter check --grace: what others take of the CPU is no grace of the program's.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if ! [[ -r /proc/self/schedstat ]] || ! command -v taskset >/dev/null; then
	echo "skipped: needs schedstat of the kernel, and taskset"
	exit 77
fi
cpu=$(taskset -cp $$ | sed 's/.*: *//; s/[,-].*//')
spinners=()
for ((i = 0; i < 3; i++)); do
	taskset -c "$cpu" sh -c 'while :; do :; done' &
	spinners+=($!)
done

# It needs 50 ms, in a grace in which it gets 30. Ten times the grace is the most that it is given.
loiter_is 0 "" check --grace 120ms -- taskset -c "$cpu" "$cases" late-work

# Who waits for others gets no more by waiting longer.
loiter_is 23 "^loiter: 1 goroutine never exited" check --grace 200ms -- taskset -c "$cpu" "$cases" send
contains "evidence" "still there 200ms after the main goroutine had returned" "$scratch/err"

# Who never ends is found all the same, and the evidence says how long that was waited for.
loiter_is 23 "^loiter: 1 goroutine never exited" check --grace 50ms -- taskset -c "$cpu" "$cases" spin
contains "evidence" "still there [0-9.]+m?s after the main goroutine had returned" "$scratch/err"

kill "${spinners[@]}"
wait "${spinners[@]}" || true
finish
