#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loiter check --diff: two recordings, two moments of one, a recording and a process, two processes.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

few=$scratch/few.ltr
many=$scratch/many.ltr

# wrong usage
one_sentence_is 64 "say what to look at" check --diff "$few"
one_sentence_is 64 "not with a command" check --diff "$few" -- true
one_sentence_is 64 "not with a command" check --diff "$few" --schedules 3 -- true
one_sentence_is 64 "cannot compare with '0': it is no process" check --diff 0 -p 1
one_sentence_is 64 "it is no process" check --diff 99999999999 -p 1
one_sentence_is 64 "--growth is for --diff and --every" check --growth 2 -p 1
one_sentence_is 64 "--growth wants at least 1" check --diff 1 --growth 0 -p 1
one_sentence_is 64 "--growth wants a number" check --diff 1 --growth x -p 1
one_sentence_is 64 "--at is for recordings" check --diff 1 -p 1 --at 1s
one_sentence_is 64 "--freeze proves leaks" check --diff 1 -p 1 --freeze

# What cannot be looked at is never clean.
printf 'no recording\n' >"$scratch/no.ltr"
loiter_is 24 "$scratch/no.ltr could not be looked at" check --diff "$scratch/no.ltr" "$scratch/no.ltr"
loiter_is 24 "none.ltr could not be looked at: .*No such file" \
	check --diff "$scratch/none.ltr" -p $$
contains "the other one" "could not be looked at: .*not a goroutine program" "$scratch/err"

# --- a run that leaves five where another one left four somewhere else ---
loiter_is 0 "" record --via snapshot --grace 100ms -o "$few" -- "$cases" grow
loiter_is 0 "" record --via snapshot --grace 100ms -o "$many" -- "$cases" sends
loiter_is 23 "^loiter: suspect: 5 goroutines wait where more and more do: created at .*cases.c:[0-9]+ \(five_sends\)$" \
	check --diff "$few" "$many"
contains "the evidence" "evidence +none like these before, 5 now" "$scratch/err"
contains "what is gone" "^ +4 -> 0 gone: chan send, created at .*cases.c:[0-9]+ \(grow\)$" "$scratch/err"
contains "both" "^loiter: [0-9]+ goroutines of .*cases grow before, [0-9]+ of .*cases sends now$" "$scratch/err"
loiter_is 0 "wait where more and more do" check --diff "$few" "$many" --fail-on deadlock
loiter_is 0 "^loiter: nothing has grown" check --diff "$few" "$many" --growth 6
loiter_is 0 "^loiter: nothing has grown" check --diff "$many" "$many"
lacks "the same" "->" "$scratch/err"
loiter_is 0 "" check --diff "$many" "$many" -o "$scratch/report"
contains "nothing, in a file" "^loiter: nothing has grown" "$scratch/report"
loiter_is 0 "" check --diff "$few" "$many" --write-baseline "$scratch/base" \
	--fail-on suspect -o "$scratch/report"
contains "the baseline" '^5 function "send_one" creator "five_sends" reason "chan send"$' "$scratch/base"
loiter_is 0 "^loiter: nothing has grown" check --diff "$few" "$many" --baseline "$scratch/base"
loiter_is 23 "" check --diff "$few" "$many" --format json -o "$scratch/r.json" \
	--format junit -o "$scratch/r.xml" --format sarif -o "$scratch/r.sarif" \
	--format github -o "$scratch/r.github"
contains "json" '"place_after":5' "$scratch/r.json"
contains "junit" '<failure type="grows"' "$scratch/r.xml"
contains "sarif" '"ruleId":"grows"' "$scratch/r.sarif"
contains "github" "^::error file=.*cases.c,line=[0-9]+,title=loiter%3A suspect%3A 5 goroutines" \
	"$scratch/r.github"

# --- cut: reported, but 24, on either side ---
head -c $(($(stat -c %s "$many") - 20)) "$many" >"$scratch/cut.ltr"
loiter_is 24 "the end of the recording is missing" check --diff "$few" "$scratch/cut.ltr"
loiter_is 24 "the end of the recording is missing" check --diff "$scratch/cut.ltr" "$many"

# --- a process that grows: two moments of its recording, and its recording and itself ---
senders() { # COUNT: are there so many?
	[[ $("$loiter" dump -p "$pid" | grep -c "chan send") == "$1" ]]
}
mkfifo "$scratch/input"
exec 9<>"$scratch/input"
"$cases" grow <"$scratch/input" &
pid=$!
until_true "there are no four senders" senders 4
"$loiter" record --via snapshot -p "$pid" -o "$scratch/grows.ltr" &
recorder=$!
until_true "nothing is recorded" "$loiter" dump "$scratch/grows.ltr.part"
printf x >&9
until_true "there are no eight senders" senders 8
printf xx >&9
until_true "there are no sixteen senders" senders 16
kill -INT "$recorder"
wait "$recorder"
loiter_is 23 "12 goroutines|16 goroutines" check --older-than 1us \
	--diff "$scratch/grows.ltr@0" "$scratch/grows.ltr"
contains "moments" "evidence +4 like these before, 16 now; created here, whatever they do, 4 before, 16 now" \
	"$scratch/err"
loiter_is 0 "^loiter: nothing has grown" check --older-than 1us --diff "$scratch/grows.ltr" -p "$pid"
loiter_is 23 "4 like these before, 16 now" check --older-than 1us --diff "$scratch/grows.ltr@0" -p "$pid"
loiter_is 0 "nothing has grown" check --older-than 1h --diff "$scratch/grows.ltr@0" -p "$pid"
contains "too young" "^ +4 -> 16 more: chan send" "$scratch/err"

# --- two processes ---
older=$pid
"$cases" grow <&9 &
pid=$!
until_true "there are no four senders" senders 4
loiter_is 0 "^loiter: nothing has grown" check --older-than 1us --diff "$older" -p "$pid"
loiter_is 23 "4 like these before, 16 now" check --older-than 1us --diff "$pid" -p "$older"
kill -KILL "$pid" "$older"
wait "$pid" "$older" 2>/dev/null || true
finish
