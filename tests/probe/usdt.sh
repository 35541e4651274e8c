#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The USDT probes, as bpftrace sees them, and the one-liners of docs/usdt.md, each as it stands there,
# on a program that makes a known number of events (usdt_program.c).
set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

: "${LTR_BUILD:?is set by ctest: the build folder}" "${LTR_SOURCE:?is set by ctest}"
programs=$LTR_BUILD/tests/probe
scratch=$(mktemp -d)
program_pid=

cleanup() {
	[[ -z $program_pid ]] || kill -KILL "$program_pid" 2>/dev/null || true
	rm -rf "$scratch"
}
trap cleanup EXIT

# matches WHAT PATTERN: the last output has such a line
matches() {
	checks=$((checks + 1))
	grep -Eq -- "$2" "$scratch/out" || {
		fail "$1: no line '$2' in:"
		head -n 40 "$scratch/out"
	}
}

# The sum of the counts of all keys, as in "@[key]: 12".
sum() {
	awk '/^@.*: [0-9]+$/ { sum += $NF } END { print sum + 0 }' "$scratch/out"
}

# adds_up WHAT COUNT
adds_up() {
	checks=$((checks + 1))
	(($(sum) == $2)) || fail "$1: expected $2 in all, got $(sum)"
}

# The sum of the rows of histograms, as in "[2, 4)   13 |@@  |".
rows() {
	awk '/^\[.*\|$/ { sub(/^\[[^])]*[])]/, ""); sum += $1 } END { print sum + 0 }' "$scratch/out"
}

trace() {
	timeout 100 bash -c "$1" >"$scratch/out" 2>"$scratch/err" || {
		fail "status $? of: $1"
		cat "$scratch/err"
	}
}

command -v bpftrace >/dev/null || skip "there is no bpftrace"
((EUID == 0)) || skip "bpftrace needs root"
bpftrace -e 'BEGIN { exit(); }' >"$scratch/out" 2>&1 ||
	skip "BPF is refused here: $(tail -n 1 "$scratch/out")"

cd "$scratch"
cp "$programs/usdt_program" program
strip -o stripped program
library=$(realpath "$LTR_BUILD/runtime/libloiter.so") # as it is mapped: bpftrace compares names

# What there is, in the program, in a stripped one, in the library; all with a semaphore.
for file in ./program ./stripped "$library"; do
	bpftrace -l "usdt:$file:loiter:*" 2>/dev/null | sed 's/.*:loiter://' | sort >out
	checks=$((checks + 1))
	[[ $(tr '\n' ' ' <out) == "create exit park ready start yield " ]] ||
		fail "probes of $file: $(<out)"
	checks=$((checks + 1))
	[[ $(readelf -n "$file" | grep -c 'Semaphore: 0x0*[1-9a-f]') == 6 ]] ||
		fail "$file: not every probe has a semaphore"
done

# The one-liners, in their order in the document.
grep -E '^bpftrace ' "$LTR_SOURCE/docs/usdt.md" >lines
mapfile -t lines <lines
checks=$((checks + 1))
[[ ${#lines[@]} == 9 ]] ||
	fail "docs/usdt.md has ${#lines[@]} one-liners, this test knows 9: add what the others must show"

trace "${lines[0]}"
matches "the list" '^usdt:./program:loiter:park$'
trace "${lines[1]}"
matches "reasons" '^@\[sleep\]: 1$'
matches "reasons" '^@\[chan send\]: [0-9]+$'
trace "${lines[2]}"
matches "waits" '^@us\[sleep\]: *$'
matches "waits" '^@us\[chan receive\]: *$'
trace "${lines[3]}"
checks=$((checks + 1))
(($(rows) > 100)) || fail "only $(rows) times in the queue"
trace "${lines[4]}"
matches "wakers" '^@\[1, [0-9]+\]: [0-9]+$'
trace "${lines[5]}"
checks=$((checks + 1))
(($(rows) == 11)) || fail "11 goroutines lived, bpftrace saw $(rows)"
trace "${lines[6]}"
[[ -s out ]] || fail "nothing about yielding"

# Exactly: 10 goroutines and the main one, each started for the first time once.
trace "bpftrace -e 'usdt:./program:loiter:create { @ = count(); }' -c ./program"
adds_up "created" 11
trace "bpftrace -e 'usdt:./program:loiter:start /arg1/ { @ = count(); }' -c ./program"
adds_up "started" 11
trace "bpftrace -e 'usdt:./stripped:loiter:exit { @ = count(); }' -c ./stripped"
adds_up "ended" 11

mkfifo hold
# start PROGRAM: in the background, until `end_program`
start() {
	"$1" on <hold &
	program_pid=$!
	exec 7>hold
}
end_program() {
	exec 7>&-
	wait "$program_pid" || fail "the program did not end well: $?"
	program_pid=
}

# A running program, attached to twice.
start ./program
trace "${lines[7]/\$(pidof program)/$program_pid}"
matches "functions" '^@\[produce\]: [0-9]+$'
trace "${lines[8]/\$(pidof program)/$program_pid}"
matches "places" 'chan receive'
matches "places" '^ +once\+[0-9]+$'
matches "places" '^ +produce\+[0-9]+$'
end_program

# While loiter watches, too; and each goes on when the other has left.
start ./program
"$LTR_BUILD/loiter" record -p "$program_pid" -o both.ltr 2>err &
recorder=$!
until_true "loiter does not attach" grep -q '^NoNewPrivs:.1$' "/proc/$recorder/status"
trace "${lines[7]/\$(pidof program)/$program_pid}"
matches "functions, beside loiter" '^@\[produce\]: [0-9]+$'
kill -INT "$recorder"
wait "$recorder" || fail "loiter beside bpftrace: status $?: $(<err)"
"$LTR_BUILD/loiter" dump --json both.ltr >out || fail "what was recorded beside bpftrace"
matches "beside bpftrace" '"events":[1-9][0-9]*'
trace "${lines[7]/\$(pidof program)/$program_pid}"
matches "functions, after loiter" '^@\[produce\]: [0-9]+$'
end_program

# The same through the shared library.
start "$programs/usdt_program_shared"
one=${lines[7]/\$(pidof program)/$program_pid}
trace "${one/.\/program/$library}"
matches "functions, shared library" '^@\[produce\]: [0-9]+$'
end_program

((checks > 20)) || fail "only $checks checks"
finish
