#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loiter check --schedules: what goes wrong in few schedules is found, said with its seed in every
# format, and found again by that seed, exactly.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

seldom=$LTR_BUILD/tests/cli/seldom

# explored STATUS PATTERN ARGUMENTS...: without stopping, with a report in every format
explored() {
	loiter_is "$1" "$2" check --keep-going --format text --format text -o "$scratch/r.txt" \
		--format json -o "$scratch/r.json" --format junit -o "$scratch/r.xml" \
		--format sarif -o "$scratch/r.sarif" --format github -o "$scratch/r.github" "${@:3}"
}

# The commands that the last report gives for its seeds, one a line.
replays() { sed -n 's/^loiter: again: loiter //p' "$scratch/r.txt"; }

# What a report says, but for what is another in each process: ids, times, addresses, and how a proof
# went, which may stand in two lines.
lasting() {
	sed -E 's/\(pid [0-9]+/(pid N/; s/, for .*$//; s/0x[0-9a-f]+/ADDRESS/' "$1" |
		tr -s '\n ' ' ' | sed -E 's/ \([^()]* read in [^()]*\)//g'
}

# again PATTERN: each of the first three seeds does it again, twice, with the same report
again() {
	local command count=0
	while read -r command; do
		((++count <= 3)) || break
		# shellcheck disable=SC2086 # words of a command without quotes in it
		loiter_is 23 "$1" $command
		lasting "$scratch/err" >"$scratch/once"
		# shellcheck disable=SC2086
		loiter_is 23 "$1" $command
		lasting "$scratch/err" >"$scratch/twice"
		cmp -s "$scratch/once" "$scratch/twice" || {
			fail "another report: loiter $command"
			diff "$scratch/once" "$scratch/twice" || true
		}
	done < <(replays)
	checks=$((checks + 1))
	((count > 0)) || fail "no seed to be replayed for '$1'"
}

for strategy in random pct; do
	explored 23 "^loiter: [0-9]+ of 60 schedules leaks?: seeds? [0-9, and]+( more)? \($strategy\)$" \
		--schedules 60 --strategy "$strategy" -- "$seldom" leak
	again "^loiter: 1 of 1 schedule leaks: seed [0-9]+ \($strategy\)$"
	contains "text" "process +.*seldom leak \(pid [0-9]+, seed [0-9]+\)" "$scratch/r.txt"
	contains "text" "waiting +chan send" "$scratch/r.txt"
	contains "json" '^ *"strategy":"'"$strategy"'",$' "$scratch/r.json"
	contains "json" '^ *"asked":60,$' "$scratch/r.json"
	contains "json" '^ *"outcome":"leak",$' "$scratch/r.json"
	contains "json" '^ *"replay":"loiter check --seed [0-9]+ ' "$scratch/r.json"
	contains "json" '^ *"seed":[0-9]+,$' "$scratch/r.json"
	contains "json" '^ *"schedules":[0-9]+,$' "$scratch/r.json"
	contains "junit" '<testsuite name="[^"]*, seed [0-9]+\)"' "$scratch/r.xml"
	contains "junit" 'Found in [0-9]+ schedules?, first with seed [0-9]+: loiter check --seed' "$scratch/r.xml"
	contains "sarif" '^ *"schedules":[0-9]+$' "$scratch/r.sarif"
	contains "github" '^::error .*first with seed [0-9]+: loiter check --seed [0-9]+' "$scratch/r.github"
	explored 0 "^loiter: none of 30 schedules leaks: seeds 1 to 30 \($strategy\)$" \
		--schedules 30 --strategy "$strategy" -- "$seldom" never
	contains "text" "^loiter: none of 30 schedules" "$scratch/r.txt"
	explored 3 "^loiter: [0-9]+ of 60 schedules made the command fail: seed" \
		--schedules 60 --strategy "$strategy" -- "$seldom" status
done
explored 23 "^loiter: [0-9]+ of 60 schedules deadlocks?: seed" --schedules 60 -- "$seldom" deadlock
again "^loiter: 1 of 1 schedule deadlocks: seed"
# Two leaks: each is there once, with the number of schedules that show it.
explored 23 "^loiter: [0-9]+ of 80 schedules leak" --schedules 80 -- "$seldom" twice
equal "findings of two leaks" "1 1" "$(grep -c "stack  *answer " "$scratch/r.txt") $(grep -c "stack  *other_answer " "$scratch/r.txt")"

# It stops at the first; that and how it is asked for is what --keep-going and --seed change.
loiter_is 23 "^loiter: 1 of [0-9]+ schedules? leaks: seed ([0-9]+) \(random; [0-9]+ more were not run\)$" \
	check --schedules 600 -- "$seldom" leak
first=$(sed -nE 's/^loiter: 1 of .* seed ([0-9]+) .*/\1/p' "$scratch/err")
loiter_is 23 "^loiter: 1 of 1 schedule leaks: seed $first " \
	check --schedules 5 --seed "$first" -- "$seldom" leak
LTR_SEED=$first loiter_is 23 "1 goroutine leaked" check --grace 50ms -- "$seldom" leak
loiter_is 0 "^loiter: seed 7 does not leak \(pct\)$" check --seed 7 --strategy pct -- "$seldom" never

# What could not be judged is not clean; the command that is given back is one that a shell can read.
loiter_is 24 "^loiter: 1 of [0-9]+ schedules? could not be judged: seed" \
	check --schedules 200 --timeout 1s -- "$seldom" hang
contains "a hang" "^loiter: again: loiter check --seed [0-9]+ --timeout 1s -- .*seldom hang$" "$scratch/err"
loiter_is 24 "is not a goroutine program" check --schedules 5 -- sh -c 'echo "it'"'"'s" "$1"' sh '' 'a b'
contains "quotes" "-- sh -c 'echo \"it'.''s\" \"[$]1\"' sh '' 'a b'\$" "$scratch/err"
equal "the outputs of the runs" "" "$(cat "$scratch/out")"
one_sentence_is 127 "there is no such command" check --schedules 3 -- /no/such/thing

# A baseline counts by run, not over all of them.
loiter_is 0 "" check --schedules 60 --keep-going --write-baseline "$scratch/baseline" -o "$scratch/r.txt" \
	-- "$seldom" leak
equal "the baseline" 1 "$(grep -c "^1 function" "$scratch/baseline")"
explored 0 "none of 60 schedules leaks" --baseline "$scratch/baseline" --schedules 60 -- "$seldom" leak
lacks "the baseline" "not needed" "$scratch/r.txt"

for number in 0 x -1 1000001; do
	one_sentence_is 64 "--schedules wants" check "--schedules=$number" -- true
done
for number in x -1 4294967296; do
	one_sentence_is 64 "--seed wants" check "--seed=$number" -- true
done
one_sentence_is 64 "--strategy wants random or pct, not 'luck'" check --strategy luck -- true
one_sentence_is 64 "--keep-going is for --schedules" check --keep-going -- true
one_sentence_is 64 "schedules are for a command" check --schedules 3 -p 1

# Who wants it to end ends all of it, not one run after the other.
"$loiter" check --schedules 1000000 --keep-going -- sh -c "touch $scratch/ready; exec sleep 1000" \
	2>"$scratch/err" &
pid=$!
await_file "$scratch/ready"
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
equal "status after SIGTERM" 24 "$status"
contains "SIGTERM" "1 of 1 schedule could not be judged: seed 1 \(random; 999999 more were not run\)" "$scratch/err"
finish
