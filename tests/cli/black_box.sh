#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loiter check --record: the end of a program that fails, and of nobody else.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

file=$scratch/x.ltr

one_sentence_is 64 "--record is for a command that runs once" check --record "$file" -p 1
one_sentence_is 64 "--record is for a command that runs once" check --record "$file" y.ltr
one_sentence_is 64 "--record is for a command" check --record "$file" --schedules 3 -- "$cases" send
one_sentence_is 64 "--record-last is for --record" check --record-last 3s -- "$cases" send
one_sentence_is 64 "--record-last wants more" check --record-last 0 --record "$file" -- "$cases" send

# Nobody runs for a file that cannot be written.
one_sentence_is 24 "cannot record to $scratch/nowhere/x.ltr" \
	check --record "$scratch/nowhere/x.ltr" -- touch "$scratch/ran"
[[ ! -e $scratch/ran ]] || fail "the command ran"

# Clean, or with a failure of its own: nothing is written, nothing is said.
loiter_is 0 "" check --record "$file" -- "$cases" clean
loiter_is 9 "" check --record "$file" -- "$cases" status
[[ ! -e $file ]] || fail "a clean run writes $file"

# It fails: the verdict is the same, and the file shows the same once more.
loiter_is 23 "the last of process [0-9]+ is in $file: loiter top $file" \
	check --grace 100ms --record "$file" -- "$cases" send
contains "the verdict" "^loiter: 1 goroutine never exited: created at .*cases.c" "$scratch/err"
loiter_is 23 "1 goroutine never exited: created at .*cases.c" check "$file"
loiter_is 0 "" top --once --screen 120x30 "$file"
contains "the screen" "chan send" "$scratch/out"

# It is replaced as a whole; nothing of the one before is left.
loiter_is 23 "is in $file" check --record "$file" --record-last 2s -- "$cases" deadlock
loiter_is 23 "all [0-9]+ goroutines are asleep|deadlock" check "$file"

# What does not fail the run is not written.
rm "$file"
loiter_is 0 "1 goroutine never exited" check --grace 100ms --fail-on deadlock --record "$file" -- "$cases" send
[[ ! -e $file ]] || fail "writes $file although it does not fail"

# Two that fail: each has a file.
loiter_is 23 "is in $file: " check --grace 100ms --record "$file" -- \
	sh -c '"$0" send; "$0" send' "$cases"
[[ $(grep -c "the last of process" "$scratch/err") == 2 ]] || fail "not two recordings"
second=$(compgen -G "$file.*") || fail "there is no second recording"
loiter_is 23 "never exited" check "$second"

# The one that fails comes after one whose findings are known.
rm -f "$file" "$second"
printf 'loiter baseline 1\n1 function send_one\n' >"$scratch/base"
loiter_is 23 "is in $file: " check --grace 100ms --baseline "$scratch/base" --record "$file" -- \
	sh -c '"$0" send; "$0" select' "$cases"
[[ -e $file ]] || fail "the program that fails after one that is excused has no recording"

# One that hangs, or is killed, cannot be judged in full; its last seconds are there.
rm "$file"
loiter_is 24 "is in $file: " check --record "$file" --timeout 300ms -- "$cases" hang
loiter_is 0 "" top --once --screen 120x30 "$file"
contains "the screen" "2 goroutines" "$scratch/out"
rm "$file"
loiter_is 24 "is in $file: " check --record "$file" -- "$cases" kill
loiter_is 0 "" top --once --screen 120x30 "$file"
finish
