#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loiter check --every: findings are told when they arise, once, of a process and of a command.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

one_sentence_is 64 "--every wants more" check --every 0 -p 1
one_sentence_is 64 "--every wants a time" check --every soon -p 1
one_sentence_is 64 "--every is for what runs once" check --every 1s x.ltr
one_sentence_is 64 "--every is for what runs once" check --every 1s --schedules 2 -- true
one_sentence_is 64 "--every is for what runs once" check --every 1s --seed 3 -- true
one_sentence_is 64 "--every is for what runs once" check --every 1s --strategy pct -- true
one_sentence_is 64 "--every watches, --diff compares" check --every 1s --diff 1 -p 1
one_sentence_is 24 "cannot write the report to .*/none/r: No such file" \
	check --every 1s -o "$scratch/none/r" -p 1
loiter_is 24 "could not be looked at: .*not a goroutine program" check --every 1s -p $$
loiter_is 127 "cannot run '/no/such/thing'" check --every 1s -- /no/such/thing
loiter_is 24 "true is not a goroutine program" check --every 10ms -- true

# watch ARGUMENTS...: in the background, of the process $pid; its id is in $watcher
watch() {
	: >"$scratch/watch"
	"$loiter" check -p "$pid" "$@" 2>"$scratch/watch" &
	watcher=$!
}

told() { grep -qE -- "$1" "${2:-$scratch/watch}"; } # PATTERN [FILE]

# ends STATUS: the watcher, now that what it watched has ended or it was asked to
ends() {
	local status=0
	wait "$watcher" || status=$?
	equal "status of the watcher" "$1" "$status"
}

times() { # PATTERN COUNT: so often in what the watcher said
	equal "how often '$1' is said" "$2" "$(grep -cE -- "$1" "$scratch/watch" || true)"
}

# It takes signals by a descriptor; to block them alone may be for a thread that just begins.
blocks_int() {
	grep -qs "^sigmask:" "/proc/$watcher/fdinfo/"*
}

# --- told once, in all formats, and the status is of all that was told ---
start stay-nil
watch --every 10ms --format text --format json -o "$scratch/r.json" --format junit -o "$scratch/r.xml" \
	--format sarif -o "$scratch/r.sarif" --format github -o "$scratch/r.github"
until_true "nothing is told" told "1 goroutine leaked"
until_true "nothing is written" test -s "$scratch/r.github"
stop
ends 23
times "1 goroutine leaked: created at" 1
equal "json: a document a line" 1 "$(wc -l <"$scratch/r.json")"
contains "json" '^\{"format":"loiter check".*"time_unix_ns":[0-9]+.*"rule":"hopeless"' "$scratch/r.json"
contains "junit" '<testsuites name="loiter check" tests="1" failures="1"' "$scratch/r.xml"
contains "sarif" '"ruleId":"hopeless"' "$scratch/r.sarif"
equal "github" 1 "$(wc -l <"$scratch/r.github")"

# --- nothing to tell: until the program ends, or somebody asks; files say so ---
start stay-clean
watch --every 10ms -o "$scratch/report" --format junit -o "$scratch/r.xml"
until_true "the watcher cannot be asked to end" blocks_int # until then bash has it ignored
kill -INT "$watcher"
ends 0
equal "nothing" "" "$(<"$scratch/watch")"
stop

# --- a loop that sleeps, and one that never yields ---
start stay-sleep
watch --every 10ms --fail-on suspect
until_true "the loop is not told" told "^loiter: suspect: 1 goroutine sleeps and tries again: created at .*cases.c"
stop
ends 23
contains "retries" "evidence +asleep here at each look so far" "$scratch/watch"
times "sleeps and tries again: created" 1
export LTR_PROCS=2
start stay-loop
watch --every 10ms --older-than 20ms
until_true "the loop is not told" told "^loiter: suspect: 1 goroutine does not yield: created at .*cases.c"
stop
ends 0
contains "runs long" "evidence +has run for longer than 20ms without coming to the scheduler" "$scratch/watch"
contains "runs long" "runs +loop " "$scratch/watch"
unset LTR_PROCS

# --- more and more ---
mkfifo "$scratch/input"
exec 9<>"$scratch/input"
more_is_told() {
	printf x >&9
	told "goroutines wait where more and more do: created at .*cases.c:[0-9]+ \(grow\)"
}
"$cases" grow <"$scratch/input" &
pid=$!
until_true "it does not start" "$loiter" dump -p "$pid"
watch --every 20ms
until_true "growth is not told" more_is_told
contains "growth" "evidence +created here and waiting on and on were [0-9]+ .* ago and ever more" "$scratch/watch"
stop
ends 0
times "where more and more do: created" 1

# --- a command: while it runs, and at its end ---
"$loiter" check --every 20ms --grace 100ms -- "$cases" grow <"$scratch/input" 2>"$scratch/watch" &
watcher=$!
until_true "growth is not told" more_is_told
times "never exited" 0
printf '\0' >&9
ends 23
contains "its end" "^loiter: [0-9]+ goroutines never exited: created at .*cases.c:[0-9]+ \(grow\)$" "$scratch/watch"

# --- a baseline: what a look excuses is still excused at the end, and one more is not ---
known() { # STATUS ENTRY: of a program with one that is known, until a look has seen it
	printf 'loiter baseline 1\n%s\n' "$2" >"$scratch/base"
	: >"$scratch/watch"
	"$loiter" check --every 20ms --all --baseline "$scratch/base" -- \
		"$cases" nil-until-input <"$scratch/input" 2>"$scratch/watch" &
	watcher=$!
	until_true "what is known is not told" told "1 goroutine leaked"
	printf x >&9
	ends "$1"
}
known 0 '1 function receive_from_nil'
times "1 goroutine leaked as in the baseline" 1
known 23 '1 function send_one'

# --- what of a baseline nobody needed, when all has been judged ---
stale="base:3: not needed any more: 2 function send_one$"
printf 'loiter baseline 1\n1 function receive_from_nil\n2 function send_one\n' >"$scratch/base"
: >"$scratch/watch"
"$loiter" check --every 20ms --all --baseline "$scratch/base" --format text --format json -o "$scratch/r.json" \
	--format github -o "$scratch/r.github" --format junit -o "$scratch/r.xml" -- \
	"$cases" nil-until-input <"$scratch/input" 2>"$scratch/watch" &
watcher=$!
until_true "what is known is not told" told "1 goroutine leaked"
times "not needed" 0
printf x >&9
ends 0
times "$stale" 1
times "not needed" 1
times "^loiter: clean" 0
equal "json: what was found, and what was not needed" 2 "$(wc -l <"$scratch/r.json")"
contains "json" '"findings":\[\],.*"stale":\[\{"line":3,"unused":2,"entry":"2 function send_one"\}\]' "$scratch/r.json"
contains "github" "not needed any more: 2 function send_one" "$scratch/r.github"
loiter_is 0 "" check --every 20ms --baseline "$scratch/base" -o "$scratch/r.txt" -- "$cases" clean
equal "a file that nothing was found in" 3 "$(wc -l <"$scratch/r.txt")"
contains "a file that nothing was found in" "^loiter: clean" "$scratch/r.txt"
contains "a file that nothing was found in" "$stale" "$scratch/r.txt"
loiter_is 24 "ended with status 2 before" check --every 20ms --baseline "$scratch/base" -- "$cases" misuse
lacks "what could not be judged" "not needed" "$scratch/err"
start stay-clean
watch --every 10ms --baseline "$scratch/base"
until_true "the watcher cannot be asked to end" blocks_int
kill -INT "$watcher"
ends 0
times "not needed" 0 # nobody has judged the end
stop

for ((i = 0; i < 8; i++)); do # wherever its end meets a look
	loiter_is 9 "" check --every 1ms -- "$cases" status
done
nothing_left "watching"
finish
