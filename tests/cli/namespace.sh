#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A program in a pid namespace of its own, as in a container, looked at from outside, by each way: there its
# threads have other numbers than it has for them.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

unshare -pf --mount-proc true 2>/dev/null || skip "there is no pid namespace to be had here"

# start_inside PROGRAM ARGUMENTS...: it is the first in there; its id is in $pid
start_inside() {
	rm -f "$scratch/to"
	mkfifo "$scratch/to"
	: >"$scratch/said"
	unshare -pf --kill-child --mount-proc "$@" <"$scratch/to" >"$scratch/said" &
	outer=$!
	exec {to}>"$scratch/to"
	until_true "$1 does not start" test -s "$scratch/said"
	pid=$(pgrep -P "$outer")
	equal "its number in there" 1 "$(awk '/^NSpid:/ { print $NF }' "/proc/$pid/status")"
}

end_inside() {
	kill -KILL "$outer"
	wait "$outer" 2>/dev/null || true
	exec {to}>&-
}

ways=(shm snapshot)
if has_way ebpf record --via ebpf -o "$scratch/x.ltr" -- "$cases" clean; then
	ways+=(ebpf)
fi
rm -f "$scratch/x.ltr"

# --- which thread, which system call ---
export LTR_PROCS=2
start_inside "$LTR_BUILD/tests/probe/thread_target"
stands_still() {
	"$loiter" dump -p "$pid" >"$scratch/live" && grep 'in clock_nanosleep' "$scratch/live" &&
		grep -E '\[syscall, in read.*reader' "$scratch/live"
}
until_true "it does not come to stand" stands_still
for way in "${ways[@]}"; do
	loiter_is 0 "" record --via "$way" -p "$pid" --seconds 300ms -o "$scratch/$way.ltr"
	loiter_is 0 "" dump "$scratch/$way.ltr"
	contains "$way: reader" '^goroutine [0-9]+ \[syscall, in read, thread asleep\] \{name: reader\}:$' "$scratch/out"
	contains "$way: sleeper" '\[syscall, in clock_nanosleep, thread asleep\] \{name: sleeper\}' "$scratch/out"
	loiter_is 0 "" dump --json "$scratch/$way.ltr"
	# By the number that it has in there.
	contains "$way: thread" '"name":"sleeper".*"thread":\{"tid":[1-9][0-9]?,' "$scratch/out"
done
end_inside

# --- what is leaked: registers of all threads are accounted for ---
unset LTR_PROCS
start_inside "$cases" stay-leak
loiter_is 23 "1 goroutine leaked: created at .*cases.c:[0-9]+ \(leave_one_who_sends\)" check -p "$pid"
end_inside

# --- samples of the CPUs ---
if [[ " ${ways[*]} " == *" ebpf "* ]]; then
	LTR_PROCS=1 start_inside "$LTR_BUILD/tests/probe/cpu_target"
	loiter_is 0 "" profile --type cpu --seconds 1s --folded -o - -p "$pid"
	contains "samples" 'work_three;work [1-9]' "$scratch/out"
	end_inside
fi
finish
