#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The verdicts of `loiter top` about programs that run on: by each way that they can be watched.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkfifo "$scratch/in"
lockers=$LTR_BUILD/tests/cli/lockers
cases=$LTR_BUILD/tests/cli/cases

screen() { # NAME VIA SCRIPT -- COMMAND...
	local name=$1 via=$2 options=()
	[[ $via == auto ]] || options=(--via "$via")
	printf '%s\n' "$3" >"$scratch/keys"
	shift 4
	"$loiter" top "${options[@]}" --script "$scratch/keys" --screen 160x50 -- "$@" \
		>"$scratch/screen" 2>"$scratch/err" ||
		fail "$name by $via: $(cat "$scratch/err" "$scratch/screen")"
}

# A deadlock of some while the others go on; its page; its goroutines.
for via in auto shm snapshot; do
	screen deadlock "$via" $'until FOUND: 1 deadlock (2 goroutines): 7 shows what\nkeys 7
until locked at\nscreen\nkeys <Enter>\nscreen\nkeys <Enter>\nscreen' -- "$lockers" ab-ba
	contains "$via" "^.deadlock +2 .* 2 goroutines wait for each other's lock: waiting at .*lockers.c" "$scratch/screen"
	contains "$via" "held by +goroutine [0-9]+, locked at .*lockers.c:[0-9]+ \(lock_a_then_b\)" "$scratch/screen"
	contains "$via" "What to do" "$scratch/screen"
	contains "$via" "Take the two locks in the same order everywhere" "$scratch/screen"
	contains "$via" "verdicts › deadlock › goroutines of a finding .* 1-2 of 2$" "$scratch/screen"
done

# Who waits for whom, drawn.
screen circle auto $'until FOUND: 1 deadlock\nkeys 5\nscreen\nkeys j<Enter>\nscreen\nkeys W\nscreen' -- "$lockers" circle
contains circle "^.CYCLE of 5 goroutines: each waits for what the next one holds" "$scratch/screen"
contains circle "^ ╔═ [0-9]+  sync.Mutex.Lock " "$scratch/screen"
contains circle "who waits for whom, 1 cycle › goroutine [0-9]+ › who waits for whom, 1 cycle" "$scratch/screen"

# Any moment of a recording is judged, in any order: the end, the beginning, when it arose, the end.
loiter_is 0 "" record --seconds 3s -o "$scratch/circle.ltr" -- "$lockers" circle
printf 'keys 7\nscreen\nkeys tg7\nscreen\nkeys tG7\nscreen\nkeys b\nscreen\nkeys tG7\nscreen\n' >"$scratch/keys"
loiter_is 0 "" top --script "$scratch/keys" --screen 160x30 "$scratch/circle.ltr"
split -l 30 -d "$scratch/out" "$scratch/moment."
for moment in 00 02 04; do
	contains "end $moment" "^.deadlock +5 .* 5 goroutines wait for each other's locks in a circle" "$scratch/moment.$moment"
done
for moment in 01 03; do
	contains "moment $moment" "nothing is known to be wrong at this moment" "$scratch/moment.$moment"
done
contains arose "it arose here" "$scratch/moment.03"

# When it took others for it to arise, their doings say when, not the waiting of who is left: looked for.
later() { # NAME GRADE OLDEST WHAT COMMAND...: recorded; `b` finds it, the step before has nothing, the end says when
	local name=$1 grade=$2 oldest=$3 what=$4
	shift 4
	timeout "$patience" "$loiter" record --seconds 3s -o "$scratch/$name.ltr" -- "$@" >"$scratch/out" 2>&1 ||
		true # the status of the command
	printf 'keys 7\nscreen\nkeys <Enter>\nscreen\nkeys <Esc>b\nscreen\nkeys t,7\nscreen\nkeys tG7\nscreen\n' \
		>"$scratch/keys"
	loiter_is 0 "" top --script "$scratch/keys" --screen 160x30 "$scratch/$name.ltr"
	split -l 30 -d "$scratch/out" "$scratch/later."
	contains "$name" "^.$grade +1 +$oldest {8,}1 $what" "$scratch/later.00" # nothing in FOUND
	contains "$name" "What to do" "$scratch/later.01"
	checks=$((checks + 1))
	! grep -q "found .* ago" "$scratch/later.01" || fail "$name: found, without saying when"
	contains "$name" "^.$grade +1 .* here 1 $what" "$scratch/later.02"
	contains "$name" "it is found from here on: it arose since the reading before" "$scratch/later.02"
	contains "$name" "nothing is known to be wrong at this moment" "$scratch/later.03"
	contains "$name" "^.$grade +1 +$oldest +[0-9.]+[mun]?s 1 $what" "$scratch/later.04"
}
later abandoned deadlock "[0-9.]+s" "goroutine waits for a lock whose holder has ended" "$lockers" abandoned
later never "never exited" "[0-9.]+[mun]?s" "goroutine never exited" "$cases" send

# A suspect becomes one by its age.
loiter_is 0 "" record --seconds 3s -o "$scratch/suspect.ltr" -- "$cases" stay-send
printf 'keys 7\nscreen\nkeys b\nscreen\nkeys t.,,7\nscreen\n' >"$scratch/keys"
loiter_is 0 "" top --older-than 1500ms --script "$scratch/keys" --screen 160x30 "$scratch/suspect.ltr"
split -l 30 -d "$scratch/out" "$scratch/suspect."
contains suspect "^.suspect +1 +[23]\.[0-9]s +1\.[0-9]s 1 goroutine waits very long" "$scratch/suspect.00"
contains suspect "^.suspect +1 +1\.5s +here 1 goroutine waits very long" "$scratch/suspect.01"
contains suspect "it arose here" "$scratch/suspect.01"
contains suspect "nothing is known to be wrong at this moment" "$scratch/suspect.02"

# And of a program that runs: back to when it arose.
screen arose auto $'until FOUND: 1 deadlock (2 goroutines): 7 shows what\nkeys 7
until locked at\nkeys b\nscreen\nkeys L\nuntil LIVE\nuntil FOUND: 1 deadlock\nscreen' -- "$lockers" ab-ba
contains "arose, live" "REWOUND" "$scratch/screen"
contains "arose, live" "it arose here" "$scratch/screen"

screen others auto $'until FOUND: 1 deadlock (1 goroutine): 7 shows what\nkeys 7
until holder has ended\nkeys b\nscreen\nkeys ,7\nscreen\nkeys L\nuntil LIVE\nuntil FOUND: 1 deadlock\nscreen' -- "$lockers" abandoned
contains "later, live" "REWOUND" "$scratch/screen"
contains "later, live" "it is found from here on" "$scratch/screen"
contains "later, live" "nothing is known to be wrong at this moment" "$scratch/screen"

# What is no mistake is not found: many frames of programs that do the same rightly.
frames=$(printf "renew\n%.0s" {1..60})
for via in auto snapshot; do
	screen twins "$via" "until goroutines"$'\n'"$frames"$'\nkeys 7\nscreen' -- "$lockers" twins
	contains "twins by $via" "^ verdicts" "$scratch/screen"
	checks=$((checks + 1))
	! grep -E "deadlock|leaked" "$scratch/screen" || fail "twins by $via are found"
done

# Leaks are found when somebody asks for the proof, not before.
"$LTR_BUILD/tests/proof/proof_leaks" 20 <"$scratch/in" >"$scratch/said" &
leaks=$!
exec 9>"$scratch/in"
until_true "leaks are not ready" grep -q ready "$scratch/said"
printf 'until goroutines\nkeys 7\nscreen\nkeys P\nscreen\nkeys G<Enter>\nscreen\nkeys b\nscreen\n' >"$scratch/keys"
"$loiter" top -p "$leaks" --script "$scratch/keys" --screen 160x50 >"$scratch/screen" 2>&1 ||
	fail "the proof: $(cat "$scratch/screen")"
kill -KILL "$leaks"
contains leak "P also looks at references" "$scratch/screen"
contains leak "a recording does not tell it: what only references prove is not in it" "$scratch/screen"
contains leak "^.leaked +[0-9]+ .* [0-9]+ goroutines? leaked: created at .*leaks.c" "$scratch/screen"
contains leak "no live goroutine, global or heap block refers to" "$scratch/screen"
contains leak "references were looked at: ([0-9]+ pass(es)?, [0-9.]+ [kMG]B read in [0-9.]+m?s)" "$scratch/screen"
# In the same figures as the evidence.
looked=$(sed -n 's/^.*references were looked at: \([^;]*[0-9]m\?s\).*$/\1/p' "$scratch/screen" | head -n 1)
contains "the evidence of a leak" "waits? on \($looked" "$scratch/screen"

# What needs no proof.
screen nil auto $'until FOUND: 1 leaked\nkeys 7\nscreen' -- "$cases" stay-nil
contains nil "1 goroutine leaked: created at" "$scratch/screen"

# Suspect is only who asks for it.
printf 'until findings 1\nkeys 7\nscreen\n' >"$scratch/keys"
"$loiter" top --older-than 10ms --script "$scratch/keys" --screen 160x50 -- "$cases" stay-send \
	>"$scratch/screen" 2>&1 || fail "suspect: $(cat "$scratch/screen")"
contains suspect "^.suspect +1 .*1 goroutine waits very long" "$scratch/screen"
finish
