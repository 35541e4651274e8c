#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loiter profile of several: recordings, processes, and both. What is in the one profile is what is in
# the profiles of each; and where one of them fails, there is none.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

out=$scratch/merged.pb.gz
folded=(profile --type goroutine --folded -o -)

# --- wrong usage ---
one_sentence_is 64 "process 1 is given twice" profile -p 1 -p 2 -p 1 --type goroutine -o "$out"
one_sentence_is 64 "a.ltr is given twice" profile a.ltr a.ltr --type goroutine -o "$out"
one_sentence_is 64 "not two of them" profile a.ltr b.ltr --type goroutine -o "$out" -- true
one_sentence_is 64 "not both" profile -p 1 -p 2 --type goroutine -o "$out" -- true
one_sentence_is 64 "--text is for one of them" profile -p 1 -p 2 --type goroutine --text -o "$out"
one_sentence_is 64 "--text is for one of them" profile a.ltr b.ltr --type goroutine --text=2 -o "$out"
one_sentence_is 64 "--seconds is for what runs" profile a.ltr b.ltr --type wait --seconds 1 -o "$out"
one_sentence_is 64 "--via is for what runs" profile a.ltr b.ltr --type wait --via shm -o "$out"
one_sentence_is 64 "--rate is for what runs" profile a.ltr --type cpu --rate 9 -o "$out"
one_sentence_is 64 "one recording, not two" top a.ltr b.ltr
many=()
for ((i = 1; i <= 257; i++)); do many+=(-p "$i"); done
one_sentence_is 64 "give at most 256" profile "${many[@]}" --type goroutine -o "$out"

start stay-send
first=$pid
start stay-nil
second=$pid

# value_of FOLDED: the sum of its lines
value_of() { awk '{ sum += $NF } END { printf "%.0f\n", sum }' "$1"; }

# --- two processes ---
loiter_is 0 "" "${folded[@]}" -p "$first"
cp "$scratch/out" "$scratch/first"
loiter_is 0 "" "${folded[@]}" -p "$second"
cp "$scratch/out" "$scratch/second"
sed "s|^|$cases stay-send ($first);|" "$scratch/first" >"$scratch/want"
sed "s|^|$cases stay-nil ($second);|" "$scratch/second" >>"$scratch/want"
loiter_is 0 "" "${folded[@]}" -p "$first" -p "$second"
equal "two processes" "$(<"$scratch/want")" "$(<"$scratch/out")"
contains "both are there" "send_one" "$scratch/first"
loiter_is 0 "" "${folded[@]}" --focus '^send_one$' -p "$first" -p "$second"
equal "focus" "$(grep send_one "$scratch/want")" "$(<"$scratch/out")"

# --- two recordings, of all types that one can have; times of a recording stand still ---
for which in first second; do
	"$loiter" record --via shm -p "${!which}" --seconds 200ms -o "$scratch/$which.ltr"
done
for type in goroutine create wait block mutex sched wall; do
	sum=0
	for which in first second; do
		loiter_is 0 "" profile --type "$type" --folded -o - "$scratch/$which.ltr"
		sum=$((sum + $(value_of "$scratch/out")))
	done
	loiter_is 0 "" profile --type "$type" --folded -o - "$scratch/first.ltr" "$scratch/second.ltr"
	equal "$type" "$sum" "$(value_of "$scratch/out")"
done
((sum > 0)) || fail "there is nothing in wall"
loiter_is 0 "" profile "$scratch/first.ltr" --type wait "$scratch/second.ltr" -o "$out"
gzip -t "$out" || fail "no gzip"

# A recording and a process.
loiter_is 0 "" "${folded[@]}" "$scratch/first.ltr" -p "$second"
equal "both kinds" "$(<"$scratch/want")" "$(<"$scratch/out")"
loiter_is 0 "" profile --type wait --via shm --seconds 1 -p "$first" -p "$second" --folded -o -
contains "waits" "stay-send \($first\);.*send_one" "$scratch/out"
contains "waits" "stay-nil \($second\);" "$scratch/out"

# Of one, a proof is missing: that is said of it, and the status is that of no proof.
loiter_is 24 "process $first is not in its recording" \
	profile --type goroutineleak "$scratch/first.ltr" -p "$second" -o "$out"

# --- go tool pprof on it ---
if go tool pprof -h >/dev/null 2>&1 || command -v go >/dev/null; then
	pprof() { HOME=$scratch PPROF_TMPDIR=$scratch go tool pprof "$@" 2>"$scratch/pprof.err"; }
	count=$(value_of "$scratch/want")
	of_first=$(value_of "$scratch/first")
	for inputs in "-p $first -p $second" "$scratch/first.ltr $scratch/second.ltr"; do
		# shellcheck disable=SC2086
		loiter_is 0 "" profile --type goroutine $inputs -o "$out"
		pprof -top "$out" >"$scratch/top"
		contains "go: top" "accounting for $count, 100% of $count total" "$scratch/top"
		pprof -top -tagfocus "pid=$first" "$out" >"$scratch/top"
		contains "go: pid" "accounting for $of_first, .* of $count total" "$scratch/top"
		pprof -top -tagfocus "process=stay-send" "$out" >"$scratch/top"
		contains "go: process" "accounting for $of_first, .* of $count total" "$scratch/top"
		pprof -tags "$out" >"$scratch/tags"
		contains "go: tags" "^ *pid: Total $count" "$scratch/tags"
		contains "go: tags" ": .*cases stay-nil$" "$scratch/tags"
		# One program, loaded at two places: one mapping of its code.
		pprof -raw "$out" >"$scratch/raw"
		equal "go: mappings" 1 "$(awk '/^Mappings/ { on = 1 } on && /\/cases /' "$scratch/raw" | wc -l)"
	done
	loiter_is 0 "" profile --type goroutine --per-goroutine -p "$first" -p "$second" -o "$out"
	pprof -raw "$out" >"$scratch/raw"
	equal "go: one each" "$count" "$(grep -c 'go::goroutine:' "$scratch/raw")"
else
	printf 'not with pprof: no go (Debian: golang-go)\n'
fi

# --- a loss in one of them: the comment names it ---
head -c "$(($(stat -c %s "$scratch/second.ltr") * 2 / 3))" "$scratch/second.ltr" >"$scratch/cut.ltr"
loiter_is 0 "" profile --type goroutine "$scratch/first.ltr" "$scratch/cut.ltr" -o "$out"
gzip -dc "$out" >"$scratch/raw"
equal "the loss" 1 "$(grep -ac "loiter: process $second (.*cases stay-nil): not the whole truth" "$scratch/raw")"
lacks "no loss" "process $first" "$scratch/raw"

# --- one fails: its name, and no profile; what was there is left alone ---
nobody=4194305 # above every kernel's largest
printf 'no recording' >"$scratch/no.ltr"
printf 'older' >"$out"
for type in goroutine wait; do
	one_sentence_is 1 "process $nobody" profile -p "$first" -p "$nobody" --type "$type" -o "$out"
	one_sentence_is 1 "process $$ " profile -p "$$" -p "$first" --type "$type" -o "$out"
	one_sentence_is 1 "no.ltr is not a recording" profile "$scratch/first.ltr" "$scratch/no.ltr" --type "$type" -o "$out"
	one_sentence_is 1 "nothing.ltr: No such file" profile -p "$first" "$scratch/nothing.ltr" --type "$type" -o "$out"
	one_sentence_is 1 "no.ltr is not a recording" profile "$scratch/first.ltr" "$scratch/no.ltr" --type "$type" --folded -o -
done
equal "the older file" older "$(<"$out")"

# A process that ends while it is watched is there with its last moment; an interrupt is the end of the
# watching, of all of them.
"$loiter" profile --type wait --via shm --seconds 1000 -p "$first" -p "$second" --folded -o "$scratch/ended" &
taker=$!
# It waits for signals by a descriptor when it has all of them before it.
watches() { [[ -n $(find "/proc/$taker/fd" -lname '*signalfd*') ]]; }
until_true "it does not watch" watches
kill -KILL "$second"
wait "$second" 2>/dev/null || true
kill -INT "$taker"
status=0
wait "$taker" || status=$?
equal "status after one has ended" 0 "$status"
contains "the one that goes on" "\($first\);.*send_one" "$scratch/ended"
contains "the one that has ended" "\($second\);" "$scratch/ended"
pid=$first
stop
finish
