#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Findings in the metrics: of each grade that a running program can be found at, and none where
# nothing is wrong.
# shellcheck source=tests/serve/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# finds NUMBER GOROUTINES GRADE: in the end, for findings are judged once a second
finds() {
	await eval "curl -s '$url/metrics' >'$scratch/metrics' &&
		grep -qx 'loiter_findings{grade=\"$3\"} $1' '$scratch/metrics'"
	contains "goroutines of grade $3" "^loiter_finding_goroutines\{grade=\"$3\"\} $2$" "$scratch/metrics"
}
equals_sum() { # WHAT EXPECTED: of all findings in the last page
	equal "$1" "$2" "$(awk '/^loiter_findings\{/ { sum += $NF } END { print sum }' "$scratch/metrics")"
}
watch() { # PROGRAM ARGUMENT [OPTIONS...]
	local program=$1 argument=$2
	local subject=$LTR_BUILD/tests/cli/$program
	shift 2
	"$LTR_BUILD/tests/cli/$program" "$argument" >"$scratch/program-out" &
	subject_pid=$!
	await is_executed
	start_server -p "$subject_pid" "$@"
}
unwatch() {
	stop "$server_pid"
	stop "$subject_pid"
}

for via in shm snapshot; do
	watch lockers ab-ba --via "$via"
	finds 1 2 deadlock
	equals_sum "nothing but the deadlock" 1
	unwatch
	watch cases stay-nil --via "$via"
	finds 1 1 leaked
	equals_sum "nothing but the leak" 1
	unwatch
done

# A proof is kept for a while, and for whoever asks: those who are leaked remain so.
watch cases stay-leak --via shm
leaks() { curl -s -m "$patience" "$url/debug/pprof/goroutineleak?debug=1" | head -n 1; }
await eval '[[ $(leaks) == "goroutineleak profile: total 1" ]]'
for _ in {1..20}; do
	equal "who is leaked" "goroutineleak profile: total 1" "$(leaks)"
done
ask /debug/pprof/goroutineleak --head
equal "HEAD" 200 "$status"
ask '/debug/pprof/goroutineleak?seconds=x'
equal "no number of seconds" 400 "$status"
unwatch

start_subject
start_server -p "$subject_pid"
await_crowd
finds 0 0 deadlock
equals_sum "nothing is wrong" 0
for grade in deadlock leaked 'never exited' suspect inconclusive; do
	contains "a series of each grade" "^loiter_findings\{grade=\"$grade\"\} 0$" "$scratch/metrics"
done
stop "$server_pid"
start_server -p "$subject_pid" --older-than 1ms
# The three that send to nobody. Who quarrels may have waited a moment ago.
await eval 'curl -s "$url/metrics" | grep -qE "^loiter_finding_goroutines\{grade=\"suspect\"\} [345]$"'
checks=$((checks + 1))
finish
