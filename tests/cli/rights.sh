#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What root's loiter gives up once it is attached, and that its command keeps it; and with which capabilities an
# ordinary user gets what.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if ((EUID)); then
	echo "skipped: only root has rights to give up"
	exit 77
fi

# The numbers are those of capabilities(7).
override=1 search=2 kill=5 ptrace=19 admin=21 nice=23 perfmon=38 bpf=39

# mask NUMBER...: as /proc writes it
mask() {
	local sum=0 number
	for number; do
		((sum |= 1 << number))
	done
	printf '%016x' "$sum"
}

# rights PID WORD: a line of /proc/PID/status
rights() { awk -v word="$2:" '$1 == word { print $2 }' "/proc/$1/status"; }

# This very shell may have less than root has elsewhere.
had=$(rights $$ CapEff)
among() { printf '%016x' "$((16#$1 & 16#$had))"; }
files=$(among "$(mask $override $search)")
look=$(among "$(mask $override $search $kill $ptrace $nice $bpf)")
attach=$(among "$(mask $override $search $kill $ptrace $nice $bpf $perfmon $admin)")
[[ $had != "$look" ]] || fail "there is nothing to give up: $had"

# comes_to WHAT PID MASK: in time, for good
comes_to() {
	local tries=0
	while [[ $(rights "$2" CapEff) != "$3" ]]; do
		((++tries < 1000)) || break
		sleep 0.01
	done
	equal "$1: effective" "$3" "$(rights "$2" CapEff)"
	equal "$1: permitted" "$3" "$(rights "$2" CapPrm)"
	equal "$1: no new privileges" 1 "$(rights "$2" NoNewPrivs)"
}

"$LTR_BUILD/tests/cli/cases" hang &
subject=$!
until "$loiter" dump -p "$subject" 2>/dev/null | grep -q "chan send"; do sleep 0.01; done

"$loiter" record -p "$subject" -o "$scratch/a.ltr" &
recorder=$!
comes_to record "$recorder" "$look"
kill -INT "$recorder"
wait "$recorder" || status=$?
equal "record still writes" 0 "${status:-0}"
loiter_is 0 "" dump "$scratch/a.ltr"
contains "the recording" "^goroutine [0-9]+ \[chan send" "$scratch/out"

"$loiter" check -p "$subject" --every 1h >/dev/null 2>&1 &
checker=$!
comes_to check "$checker" "$look"
kill -INT "$checker"
wait "$checker" || true

"$loiter" serve -p "$subject" --listen 127.0.0.1:0 2>"$scratch/said" &
server=$!
comes_to serve "$server" "$attach"
kill -INT "$server"
wait "$server" || true

# What it says of a recording goes into a pipe that is full.
mkfifo "$scratch/full"
exec 3<>"$scratch/full"
head -c 65536 /dev/zero >&3
"$loiter" dump "$scratch/a.ltr" >&3 &
reader=$!
comes_to "a recording" "$reader" "$files"
kill -KILL "$reader"
wait "$reader" 2>/dev/null || true
exec 3>&-

# Its command has what the caller has.
"$loiter" record -o "$scratch/b.ltr" -- "$LTR_BUILD/tests/cli/cases" hang &
recorder=$!
comes_to "record of a command" "$recorder" "$look"
command=$(pgrep -P "$recorder" -x cases)
equal "the command" "$had" "$(rights "$command" CapEff)"
equal "the command's privileges" 0 "$(rights "$command" NoNewPrivs)"
kill -KILL "$command"
wait "$recorder" || true

# --- an ordinary user with some of them, on a process of root's: what docs/security.md says suffices ---
chmod 777 "$scratch" "$XDG_RUNTIME_DIR"
with() { # CAPABILITIES: for the loiter that is run next
	under=(setpriv --reuid=65534 --regid=65534 --clear-groups "--inh-caps=-all$1" "--ambient-caps=-all$1")
}
with ""
one_sentence_is 1 "belongs to user 0: reading it needs CAP_SYS_PTRACE" dump -p "$subject"
with ,+sys_ptrace
loiter_is 0 "" dump -p "$subject"
one_sentence_is 1 "eBPF is refused: it needs root, or CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE, and for records CAP_SYS_ADMIN" \
	top --once --via ebpf -p "$subject"
loiter_is 0 "" top --once --screen 160x30 -p "$subject"
contains "by reading alone" "^ shm: eBPF is refused" "$scratch/out"
if has_way ebpf record --via ebpf -o "$scratch/c.ltr" --seconds 10ms -p "$subject"; then
	with ,+sys_ptrace,+sys_admin
	loiter_is 0 "" record --via ebpf --seconds 300ms -o "$scratch/d.ltr" -p "$subject"
	loiter_is 0 "" dump --json "$scratch/d.ltr"
	lacks "all of it" '"(cpu|threads|sockets)_reason":"[^"]' "$scratch/out"
	with ,+sys_ptrace,+bpf,+perfmon
	loiter_is 0 "" dump --json -p "$subject"
	lacks "threads" '"threads_reason":"[^"]' "$scratch/out"
	one_sentence_is 1 "attaching to process $subject is refused: it needs root, or CAP_SYS_ADMIN and CAP_SYS_PTRACE" \
		record --via ebpf --seconds 300ms -o "$scratch/e.ltr" -p "$subject"
	loiter_is 0 "watches through shared memory: attaching" record --seconds 300ms -o "$scratch/f.ltr" -p "$subject"
	if (($(</proc/sys/kernel/perf_event_paranoid) <= 2)); then
		loiter_is 0 "" profile --type cpu --seconds 50ms -o "$scratch/cpu.pb.gz" -p "$subject"
	else
		one_sentence_is 1 "sampling the CPUs is refused: .*CAP_SYS_ADMIN" \
			profile --type cpu --seconds 50ms -o "$scratch/cpu.pb.gz" -p "$subject"
	fi
fi
under=()

kill -KILL "$subject"
wait "$subject" 2>/dev/null || true
finish
