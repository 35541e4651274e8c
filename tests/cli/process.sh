#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loiter check -p: a process that runs, judged from outside, and going on as before.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start stay-clean
loiter_is 0 "" check -p "$pid"
loiter_is 0 "" check -p "$pid" --older-than 1h --fail-on suspect
loiter_is 0 "" check -p "$pid" -o "$scratch/report"
contains "nothing found" "^loiter: nothing was found against the [0-9]+ goroutines? of .*cases stay-clean \(pid $pid\), which runs on$" \
	"$scratch/report"
stop

start stay-nil
loiter_is 23 "^loiter: 1 goroutine leaked: created at .*cases.c:[0-9]+ \(run\)$" check -p "$pid"
contains "nil" "evidence +nobody else can have the channel" "$scratch/err"
loiter_is 0 "leaked" check -p "$pid" --fail-on deadlock
loiter_is 0 "leaked" check -p "$pid" --write-baseline "$scratch/base"
loiter_is 0 "" check -p "$pid" --baseline "$scratch/base"
loiter_is 23 "" check -p "$pid" --format json -o "$scratch/report"
contains "json" '"alive":true' "$scratch/report"
stop

start stay-nothing
loiter_is 23 "^loiter: 1 goroutine leaked" check -p "$pid"
stop

# It ends by itself: nothing is proven.
start stay-nil-timed
loiter_is 0 "" check -p "$pid" --older-than 1us --fail-on suspect
stop

start stay-send
loiter_is 0 "" check -p "$pid"
loiter_is 0 "" check -p "$pid" --older-than 1h
loiter_is 0 "^loiter: suspect: 1 goroutine waits very long: created at" check -p "$pid" --older-than 1us
contains "suspect" "evidence +waits longer than 1us" "$scratch/err"
loiter_is 23 "^loiter: suspect" check -p "$pid" --older-than 1us --fail-on suspect
stop

start stay-accept
loiter_is 0 "" check -p "$pid" --older-than 1us --fail-on suspect
stop

start stay-spin
loiter_is 0 "" check -p "$pid" --older-than 1us --fail-on suspect
stop

# Where nobody can be seen to be lost, that is no news that nobody is.
start stay-spoilt
somebody_sends() { "$loiter" dump -p "$pid" >"$scratch/dump" && grep -q "chan send" "$scratch/dump"; }
until_true "nobody sends" somebody_sends
loiter_is 0 "^loiter: no leak can be proven in process $pid: a heap of malloc\(\) could not be walked" check -p "$pid"
stop

# A profile of leaks: without a proof, it is no empty profile in silence.
start stay-nil
loiter_is 0 "" profile -p "$pid" --type goroutineleak --folded -o -
contains "one that waits for nothing" "^[^ ]+ 1$" "$scratch/out"
stop
start stay-run-leak
until_true "nobody sends" somebody_sends
loiter_is 24 "^loiter: no leak can be proven in process $pid: goroutine [0-9]+ ran all the time" \
	profile -p "$pid" --type goroutineleak --folded -o -
equal "what is not proven" "" "$(<"$scratch/out")"
stop
one_sentence_is 64 "--freeze is for --type goroutineleak" \
	profile -p 1 --type goroutine --freeze -o /dev/null

# What cannot be looked at is never clean, and is in the report as well.
loiter_is 24 "could not be looked at: .*not a goroutine program" check -p $$
loiter_is 24 "could not be looked at" check -p 2147483647
loiter_is 24 "" check -p $$ --format junit -o "$scratch/report"
contains "junit" "<error type=\"not-judged\"" "$scratch/report"
finish
