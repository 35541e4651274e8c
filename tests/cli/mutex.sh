#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The profile of mutexes is at the stack of who holds them, that of block at the stack of who waits; and
# profiles of every type as JSON.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

holders=$LTR_BUILD/tests/cli/holders
export LTR_PROCS=1 # who waits is known then
raw=(profile --via shm --folded -o -)

# profile TYPE CASE: folded stacks of a run, in $scratch/out
profile() { loiter_is 0 "" "${raw[@]}" --type "$1" -- "$holders" "$2"; }

# --- who holds is in mutex, who waits in block ---
profile mutex mutex
contains "the holder" '^hold_mutex;give_back [1-9][0-9]*$' "$scratch/out"
contains "those that got it one by one" '^wait_for_mutex [1-9][0-9]*$' "$scratch/out"
lacks "mutex" '\(' "$scratch/out"
profile block mutex
contains "those that wait" '^wait_for_mutex [1-9][0-9]*$' "$scratch/out"
lacks "block" 'hold_mutex|give_back' "$scratch/out"

profile mutex write
contains "a writer" '^hold_for_writing [1-9][0-9]*$' "$scratch/out"
lacks "a writer" 'wait_to_read' "$scratch/out"
profile mutex read
contains "a reader" '^hold_for_reading [1-9][0-9]*$' "$scratch/out"
profile mutex once
contains "a once" '^wait_for_once [1-9][0-9]*$' "$scratch/out"
lacks "a once" 'set_up' "$scratch/out"

# --- what nobody has unlocked is where its holder stands ---
"$holders" stay >"$scratch/stays" &
pid=$!
until_true "it does not start" test -s "$scratch/stays"
loiter_is 0 "" "${raw[@]}" --type mutex --seconds 1 -p "$pid"
contains "held still" '^hold_for_ever [1-9][0-9]*$' "$scratch/out"
lacks "held still" 'wait_for_mutex' "$scratch/out"
stop

# --- a recording knows it, too; its sums are those of the waits ---
loiter_is 0 "" record --via shm -o "$scratch/mutex.ltr" -- "$holders" mutex
loiter_is 0 "" profile --type mutex --folded -o - "$scratch/mutex.ltr"
contains "of a recording" '^hold_mutex;give_back [1-9][0-9]*$' "$scratch/out"
charged=$(awk '{ sum += $NF } END { printf "%.0f", sum }' "$scratch/out")
loiter_is 0 "" profile --type wait --folded -o - "$scratch/mutex.ltr"
equal "the sum" "$(awk '/^wait_for_mutex / { sum += $NF } END { printf "%.0f", sum }' "$scratch/out")" "$charged"

# --- as JSON, and from a recording and a command alike: the sums are there, and are those of the samples ---
for input in "$scratch/mutex.ltr" "-- $holders mutex"; do
	for type in goroutine goroutineleak wait block mutex sched wall create; do
		[[ $input == --* && $type == goroutineleak ]] && continue # may find nothing to prove with
		status=0
		[[ $type == goroutineleak ]] && status=24
		# shellcheck disable=SC2086
		loiter_is "$status" "$([[ $status == 24 ]] && echo "no leak can be proven" || true)" profile --type "$type" --json -o - $input
		command -v python3 >/dev/null || continue # nobody else here reads JSON
		python3 - "$type" "$scratch/out" <<'PYTHON' || fail "$type of $input as JSON"
import json, sys
document = json.load(open(sys.argv[2], encoding="utf-8"))
assert document["format"] == "loiter profile" and document["version"] == 1
assert document["type"] == sys.argv[1]
[process] = document["processes"]
for i, value in enumerate(document["values"]):
    assert process["sums"][i] == sum(s["values"][i] for s in process["samples"]), value
for sample in process["samples"]:
    assert "stack" not in sample or str(sample["stack"]) in process["stacks"]
if document["type"] == "mutex":
    innermost = {s["values"][0]: [f["function"] for f in process["stacks"][str(s["stack"])] if not f.get("runtime")][0]
                 for s in process["samples"]}
    assert innermost == {1: "give_back", 4: "wait_for_mutex"}, innermost
PYTHON
		checks=$((checks + 1))
	done
done

# --- as go tool pprof shows it ---
if command -v go >/dev/null; then
	export HOME=$scratch PPROF_TMPDIR=$scratch PPROF_BINARY_PATH=$scratch
	pprof() { go tool pprof "$@" "$scratch/mutex.pb.gz" >"$scratch/out" 2>"$scratch/err" || fail "go tool pprof $*"; }
	loiter_is 0 "" profile --type mutex -o "$scratch/mutex.pb.gz" "$scratch/mutex.ltr"
	pprof -top -sample_index=contentions
	contains "top" '^ +1 +20\.00% .* give_back$' "$scratch/out"
	contains "top" '^ +4 +80\.00% .* wait_for_mutex$' "$scratch/out"
	contains "top" '^ +0 +0% .* hold_mutex$' "$scratch/out"
	pprof -traces -sample_index=contentions
	contains "traces" '^ +1 +give_back$' "$scratch/out"
	contains "traces" '^ +hold_mutex$' "$scratch/out"
	pprof -raw
	contains "raw" 'contentions/count delay/nanoseconds' "$scratch/out"
fi
finish
