#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loiter check on programs that deadlock while some of their goroutines go on.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cases=$LTR_BUILD/tests/cli/lockers

# They come to where they wait in their own time.
deadlocked() { # CASE PATTERN
	start "$1"
	local end=$((SECONDS + patience))
	while "$loiter" check -p "$pid" 2>/dev/null && ((SECONDS <= end)); do
		sleep 0.01
	done
	loiter_is 23 "" check -p "$pid" --fail-on deadlock,leaked --format json -o "$scratch/report"
	loiter_is 23 "$2" check -p "$pid"
	contains "$1" '"advice":"[A-Z]' "$scratch/report"
}

deadlocked ab-ba "^loiter: deadlock: 2 goroutines wait for each other's lock: waiting at .*lockers.c:[0-9]+ \(lock_[ab]_then_[ab]\)$"
contains "AB-BA" "^ +held by +goroutine [0-9]+, locked at .*lockers.c:[0-9]+ \(lock_a_then_b\)$" "$scratch/err"
contains "AB-BA" "^ +held by +goroutine [0-9]+, locked at .*lockers.c:[0-9]+ \(lock_b_then_a\)$" "$scratch/err"
contains "AB-BA" "^ +advice +Take the two locks in the same order everywhere" "$scratch/err"
contains "AB-BA" '"rule":"lock-order"' "$scratch/report"
contains "AB-BA" '"cycle":\[' "$scratch/report"
contains "AB-BA" '"locked_at":' "$scratch/report"
loiter_is 0 "deadlock" check -p "$pid" --fail-on leaked
printf 'loiter baseline 1\n1 function "serve"\n' >"$scratch/base"
loiter_is 23 "^loiter: deadlock: 2 goroutines" check -p "$pid" --baseline "$scratch/base"
loiter_is 0 "" dump --json -p "$pid"
contains "dump" '"held_by":[0-9]+,"locked_at":.*"lock_[ab]_then_[ab]"' "$scratch/out"
for format in junit sarif github; do
	loiter_is 23 "" check -p "$pid" --format "$format" -o "$scratch/report"
	contains "$format" "lock-order|each other's lock" "$scratch/report"
	contains "$format" "Take the two locks in the same order" "$scratch/report"
done
stop

deadlocked double-lock "^loiter: deadlock: 1 goroutine waits for a lock that it holds itself: waiting at .*\(lock_twice\)$"
contains "double lock" "^ +held by +itself, locked at .*\(lock_twice\)$" "$scratch/err"
stop
deadlocked once-in-once "^loiter: deadlock: 1 goroutine waits for a Once inside its function: waiting at .*\(call_once_in_once\)$"
stop
deadlocked read-write-read "^loiter: deadlock: 1 goroutine reads, and reads again behind a writer: waiting at .*\(read_twice\)$"
contains "RWR" "^ +held by +itself, for reading; goroutine [0-9]+ waits to write$" "$scratch/err"
contains "RWR" "^ +behind +1 more goroutine waits: [0-9]+$" "$scratch/err"
stop
deadlocked upgrade "^loiter: deadlock: 1 goroutine waits to write what it holds for reading"
stop
deadlocked circle "^loiter: deadlock: 5 goroutines wait for each other's locks in a circle"
stop
deadlocked abandoned "^loiter: deadlock: 1 goroutine waits for a lock whose holder has ended: waiting at .*\(lock_a\)$"
contains "abandoned" "^ +held by +goroutine [0-9]+, which has ended, locked at .*\(lock_and_end\)$" "$scratch/err"
stop
deadlocked held-for-ever "^loiter: 1 goroutine leaked: created at"
contains "held for ever" "^loiter: 1 goroutine leaked behind a lock: waiting at .*\(lock_a\)$" "$scratch/err"
stop

# The same when their time is over; the status says that something was proven.
loiter_is 23 "^loiter: deadlock: 2 goroutines wait for each other's lock" \
	check --timeout 2s -- "$cases" ab-ba
loiter_is 23 "^loiter: deadlock: 1 goroutine" check --timeout 2s --fail-on deadlock -- "$cases" double-lock

start twins
for _ in 1 2 3 4 5; do
	loiter_is 0 "" check -p "$pid"
done
stop
finish
