#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The profile wall of a program in which nobody comes or goes is the time that was watched, times its
# goroutines, to the nanosecond, of each creator, too; through each way, and of a recording.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

command -v python3 >/dev/null || skip "no python3"
start stay-send
loiter_is 0 "" dump --json -p "$pid"
cp "$scratch/out" "$scratch/dump"

# adds_up WHAT: the profile in $scratch/out
adds_up() {
	checks=$((checks + 1))
	python3 - "$scratch/dump" "$scratch/out" <<'PYTHON' || fail "$1"
import collections, json, sys
def creator(of): return of.get("created_by", {}).get("function", "")
dumped = json.load(open(sys.argv[1]))["goroutines"]
goroutines = len(dumped)
[process] = json.load(open(sys.argv[2]))["processes"]
watch = process["watch"]
elapsed = watch["now_ns"] - watch["started_ns"]
assert watch["complete"] and goroutines > 1 and elapsed > 0
assert process["sums"][1] == goroutines * elapsed, (process["sums"], goroutines, elapsed)
assert process["sums"][1] == sum(s["values"][1] for s in process["samples"])
times = collections.Counter()
for sample in process["samples"]:
    times[creator(sample)] += sample["values"][1]
assert len(times) > 1 and times == {c: n * elapsed for c, n in collections.Counter(map(creator, dumped)).items()}, times
PYTHON
}

for via in shm ebpf; do
	has_way "$via" profile --type wall --via "$via" --seconds 1 --json -o - -p "$pid" || continue
	adds_up "$via"
done
loiter_is 0 "" record --via shm --seconds 200ms -o "$scratch/wall.ltr" -p "$pid"
loiter_is 0 "" profile --type wall --json -o - "$scratch/wall.ltr"
adds_up "a recording"
stop
finish
