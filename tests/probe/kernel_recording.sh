#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What only the kernel knows, recorded and read back when the programs are gone: samples of the CPUs
# (cpu_target.c), threads and system calls (thread_target.c), peers of connections (examples/httpd). Where
# it cannot be had, the recording says so.
set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

: "${LTR_BUILD:?is set by ctest: the build folder}"
loiter=$LTR_BUILD/loiter
scratch=$(mktemp -d)
started=()

cleanup() {
	local pid
	for pid in "${started[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	rm -rf "$scratch"
}
trap cleanup EXIT

contains() { contains_with -E "$@"; } # WHAT PATTERN FILE

contains_not() { # WHAT PATTERN FILE
	checks=$((checks + 1))
	! grep -Eq -- "$2" "$3" || fail "$1: '$2' in: $(head -n 20 "$3")"
}

# start_target NAME: tests/probe/NAME, which says "on"; its id is in $target, its end in $to.
start_target() {
	rm -f "$scratch/to"
	mkfifo "$scratch/to"
	: >"$scratch/said"
	"$LTR_BUILD/tests/probe/$1" <"$scratch/to" >"$scratch/said" &
	target=$!
	started+=("$target")
	exec {to}>"$scratch/to"
	until_true "$1 does not start" grep '^on$' "$scratch/said"
}

end_target() {
	exec {to}>&-
	{ wait "$target" || true; } 2>/dev/null
}

record() { # FILE OPTIONS...
	"$loiter" record -o "$@" 2>"$scratch/err" || fail "record $*: $(<"$scratch/err")"
}

reads() { # ARGUMENTS...: what loiter says of a file is in $scratch/out
	"$loiter" "$@" >"$scratch/out" 2>"$scratch/err" || fail "$*: $(<"$scratch/err")"
}

# samples FILE FUNCTION [OPTIONS...]: how many; 0 if one is not worth what each of 99 in a second is
samples() {
	reads profile --type cpu --folded --focus "^$2\$" -o - "${@:3}" "$1"
	awk '$NF % 10101010 { wrong = 1 } { sum += $NF } END { print wrong ? 0 : sum / 10101010 }' "$scratch/out"
}

# --- threads and system calls, of a program that stands still ---
export LTR_PROCS=2
start_target thread_target
stands_still() {
	"$loiter" dump -p "$target" >"$scratch/live" && grep 'in clock_nanosleep' "$scratch/live" &&
		grep -E '\[syscall, in read.*reader' "$scratch/live"
}
until_true "thread_target does not come to stand" stands_still
ways=(shm snapshot)
if has_way ebpf record --via ebpf -p "$target" --seconds 100ms -o "$scratch/x.ltr"; then
	ways+=(ebpf)
fi
for way in "${ways[@]}"; do
	record "$scratch/threads-$way.ltr" --via "$way" -p "$target" --seconds 300ms
done
kill -KILL "$target"
end_target
for way in "${ways[@]}"; do
	file=$scratch/threads-$way.ltr
	reads dump "$file"
	contains "$way: reader" '^goroutine [0-9]+ \[syscall, in read, thread asleep\] \{name: reader\}:$' "$scratch/out"
	contains "$way: sleeper" '\[syscall, in clock_nanosleep, thread asleep\] \{name: sleeper\}' "$scratch/out"
	contains_not "$way: nothing is missing" '^# loiter' "$scratch/out"
	reads dump --json "$file"
	contains "$way: json" '"name":"sleeper".*"thread":\{"tid":[0-9]+,"state":"asleep",.*"syscall":"clock_nanosleep"' "$scratch/out"
	# The first look of all is in it, too.
	reads dump --at 0s "$file"
	contains "$way: at first" '\[syscall, in clock_nanosleep, thread asleep\] \{name: sleeper\}' "$scratch/out"
	reads top --once --screen 140x30 "$file"
	contains "$way: top" 'clock_nanosleep' "$scratch/out"
done
# Without eBPF there are no times, and it says why.
reads dump --json "$scratch/threads-shm.ltr"
contains_not "shm: no times" '"thread":\{[^}]*"since_ns"' "$scratch/out"
contains "shm: why" '"threads_reason":"from /proc, without times: eBPF was not asked for"' "$scratch/out"
if [[ " ${ways[*]} " == *" ebpf "* ]]; then
	reads dump --json "$scratch/threads-ebpf.ltr"
	contains "ebpf: times" '"name":"sleeper".*"thread":\{[^}]*"since_ns":[0-9]+' "$scratch/out"
	contains_not "ebpf: nothing is missing" '_reason":"[^"]' <(grep -o '"cpu_reason.*' "$scratch/out" || true)
fi

# --- samples ---
export LTR_PROCS=1
start_target cpu_target
record "$scratch/none.ltr" --via shm -p "$target" --seconds 100ms
record "$scratch/unasked.ltr" --no-cpu -p "$target" --seconds 100ms
if [[ " ${ways[*]} " == *" ebpf "* ]]; then
	record "$scratch/cpu.ltr" -p "$target" --seconds 4s
	record "$scratch/ring.ltr" --last 30s -p "$target" --seconds 2s
	reads profile --type cpu --folded -o - --seconds 1s -p "$target"
	equal "live: what samples are worth" "" "$(awk '$NF % 10101010' "$scratch/out")"
fi
end_target

refuses() { # PATTERN FILE
	local status=0
	"$loiter" profile --type cpu -o "$scratch/cpu.pb.gz" "$2" 2>"$scratch/err" || status=$?
	equal "status without samples" 1 "$status"
	contains "no samples" "^loiter: there are no samples of the CPUs in .*$1" "$scratch/err"
	[[ ! -e $scratch/cpu.pb.gz ]] || fail "a profile of nothing"
}
refuses 'none.ltr: eBPF was not asked for$' "$scratch/none.ltr"
refuses 'unasked.ltr: the recorder was not asked for that$' "$scratch/unasked.ltr"
if [[ " ${ways[*]} " == *" ebpf "* ]]; then
	three=$(samples "$scratch/cpu.ltr" work_three)
	one=$(samples "$scratch/cpu.ltr" work_one)
	early=$(samples "$scratch/cpu.ltr" work_three --at 1s)
	printf '%d : %d samples, %d in the first second\n' "$three" "$one" "$early"
	checks=$((checks + 1))
	((three > one && one > 0 && early < three)) || fail "$three : $one samples, $early early"
	# Each says when it was and who ran: it lies where that goroutine worked.
	reads trace "$scratch/cpu.ltr" -o "$scratch/cpu.json"
	"$LTR_BUILD/tests/pprof/check_trace" "$scratch/cpu.json" lossy >"$scratch/out" || fail "the trace"
	read -r all _ working _ < <(tail -n 1 "$scratch/out")
	printf '%d samples, %d at work\n' "$all" "$working"
	checks=$((checks + 1))
	((all >= three && working * 10 > all * 9)) || fail "of $all samples $working at work"
	# Whose they are is in it.
	reads profile --type cpu --folded --focus '^work_in_call$' -o - "$scratch/cpu.ltr"
	contains "in a call" 'work_in_call' "$scratch/out"
	reads profile --type cpu --text -o - "$scratch/cpu.ltr"
	contains "labels" '^# labels: \{"share":"one"\}$' "$scratch/out"
	checks=$((checks + 1))
	(($(samples "$scratch/ring.ltr" work_three) > 0)) || fail "a ring without samples"
fi

# --- peers of connections ---
mkdir "$scratch/root"
mkfifo "$scratch/where"
"$LTR_BUILD/examples/httpd" --listen 127.0.0.1:0 --root "$scratch/root" >"$scratch/where" &
httpd=$!
started+=("$httpd")
read -r line <"$scratch/where"
address=${line#listening on }
exec {idle}<>"/dev/tcp/127.0.0.1/${address##*:}"
peer() { "$loiter" dump -p "$httpd" | grep -Eo 'from: "127.0.0.1:[0-9]+"' >"$scratch/peer"; }
until_true "httpd has no peer" peer
for way in "${ways[@]}"; do
	record "$scratch/net-$way.ltr" --via "$way" -p "$httpd" --seconds 300ms
done
exec {idle}>&-
kill -KILL "$httpd"
{ wait "$httpd" || true; } 2>/dev/null
for way in "${ways[@]}"; do
	reads dump "$scratch/net-$way.ltr"
	contains "$way: peer" "\[IO wait.*\{.*$(<"$scratch/peer")" "$scratch/out"
	contains "$way: listener" "\[IO wait.*\{.*at: \"$address\"" "$scratch/out"
	reads top --once --screen 160x30 "$scratch/net-$way.ltr"
	contains "$way: top" "$(grep -Eo '127[^"]*' "$scratch/peer")" "$scratch/out"
done

# --- nobody is privileged ---
if ((EUID == 0)) && command -v setpriv >/dev/null; then
	plain=(setpriv --inh-caps=-all --bounding-set=-all --)
	"${plain[@]}" "$loiter" record --grace 10ms -o "$scratch/plain.ltr" -- "$LTR_BUILD/tests/cli/cases" send \
		2>"$scratch/err" || fail "without privileges: $(<"$scratch/err")"
	reads dump --json "$scratch/plain.ltr"
	contains "without privileges" '"cpu_reason":"[^"]*(refused|CAP_|root)' "$scratch/out"
	contains "without privileges" '"threads_reason":"from /proc, without times: ' "$scratch/out"
	refuses 'plain.ltr: .*(refused|CAP_|root)' "$scratch/plain.ltr"
else
	printf 'not without privileges: that takes root and setpriv\n'
fi
finish
