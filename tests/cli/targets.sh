#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# top, profile and dump on what they cannot look at, and on files that cannot be written.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

profile=(profile --type goroutine -o "$scratch/profile")

# each STATUS PATTERN TARGET...: all three of them, and no file is left behind
each() {
	local status=$1 pattern=$2
	shift 2
	one_sentence_is "$status" "$pattern" dump "$@"
	one_sentence_is "$status" "$pattern" top --once "$@"
	one_sentence_is "$status" "$pattern" "${profile[@]}" "$@"
	one_sentence_is "$status" "$pattern" profile --type wait -o "$scratch/profile" "$@"
	[[ ! -e $scratch/profile ]] || fail "a profile of nothing"
	equal "left in the folder" "run" "$(find "$scratch" -mindepth 1 -maxdepth 1 -printf '%f\n' |
		grep -vE '^(out|err|ready|bin|small)$')"
}

# No such process: a pid above what this kernel gives.
each 1 "no.*process.*$(($(cat /proc/sys/kernel/pid_max) + 1))|$(($(cat /proc/sys/kernel/pid_max) + 1)).*no.*process" \
	-p "$(($(cat /proc/sys/kernel/pid_max) + 1))"

# Not a goroutine program; also a kernel thread, and a zombie.
sleep 1000 &
sleeper=$!
each 1 "not a goroutine program" -p "$sleeper"
each 1 "'true' ended with status 0 and was not a goroutine program" -- true
each 1 "'sh' ended with status 3 and was not" -- sh -c 'exit 3'
each 127 "cannot run 'no-such-thing'" -- no-such-thing
each 126 "cannot run '/tmp'" -- /tmp

# One that dies before it has said anything, or at once after.
each 1 "ended with status 137 and was not a goroutine program" -- sh -c 'kill -9 $$'

# A layout of the future.
start_fake layout 99
each 1 "version 99" -p "$fake_pid"
stop_fake
each 1 "version 99" -- "$fake" layout 99 hello - return 0

# Its runtime has not started: not ready in a second.
start_fake unready -
each 1 "not started" -p "$fake_pid"
stop_fake

# Not ours.
if ((EUID == 0)); then
	start_fake leak 2
	under=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all)
	chmod 777 "$scratch" "$XDG_RUNTIME_DIR"
	each 1 "process $fake_pid .*belongs to user 0" -p "$fake_pid"
	# BPF refused: whoever insists on it is told, everybody else gets another way.
	"${under[@]}" "$LTR_BUILD/tests/cli/cases" hang &
	nobodys=$!
	until "$loiter" dump -p "$nobodys" 2>/dev/null | grep -q "chan send"; do sleep 0.01; done
	one_sentence_is 1 "eBPF|BPF" top --once --via ebpf -p "$nobodys"
	one_sentence_is 1 "eBPF|BPF" profile --type wait --via ebpf -o "$scratch/profile" -p "$nobodys"
	loiter_is 0 "" dump -p "$nobodys"
	contains "the dump" "^goroutine [0-9]+ \[chan send" "$scratch/out"
	loiter_is 0 "" "${profile[@]}" -p "$nobodys"
	rm "$scratch/profile"
	# Which, and why, is said, and stands in what is recorded.
	loiter_is 0 "^loiter: watches through shared memory: eBPF is refused: " \
		profile --type wait --seconds 50ms -o "$scratch/profile" -p "$nobodys"
	loiter_is 0 "^loiter: watches through shared memory: eBPF is refused: " \
		record --seconds 50ms -o "$scratch/profile" -p "$nobodys"
	loiter_is 0 "" record --via shm --seconds 50ms -o "$scratch/profile2" -p "$nobodys"
	loiter_is 0 "" dump --json "$scratch/profile"
	contains "why" '"way_reason":"recorded through shm on .*; eBPF is refused: ' "$scratch/out"
	loiter_is 0 "" dump --json "$scratch/profile2"
	contains "why" '"way_reason":"recorded through shm on .*; eBPF was not asked for"' "$scratch/out"
	loiter_is 0 "" top --once --screen 160x30 -p "$nobodys"
	contains "the screen" "^ shm: eBPF is refused: " "$scratch/out"
	rm "$scratch/profile" "$scratch/profile2"
	# Where the rings are taken, too, what needs every record is not made of less.
	watchers=()
	for ((i = 0; i < 8; i++)); do
		"${under[@]}" "$loiter" record --via shm -o - -p "$nobodys" >/dev/null &
		watchers+=($!)
		until_true "a watcher does not come" grep -q '^NoNewPrivs:.1$' "/proc/$!/status"
	done
	one_sentence_is 1 "--type wait needs every event: 8 others watch this program already" \
		profile --type wait -o "$scratch/profile" -p "$nobodys"
	[[ ! -e $scratch/profile ]] || fail "a profile of nothing"
	loiter_is 0 "^loiter: watches by snapshots alone: 8 others watch this program already" \
		record --seconds 50ms -o "$scratch/profile" -p "$nobodys"
	rm "$scratch/profile"
	kill -INT "${watchers[@]}"
	wait "${watchers[@]}" || fail "status $? of a watcher"
	kill -KILL "$nobodys"
	# Set-uid: loiter refuses to be that, and a program that is pays no heed to the gate. The
	# sanitizers cannot work in such programs, and a file system may ignore the bit.
	install -m 4755 /usr/bin/id "$scratch/bin-id"
	if [[ -z ${LTR_SANITIZE:-} && $("${under[@]}" "$scratch/bin-id" -u) == 0 ]]; then
		install -m 4755 "$loiter" "$scratch/bin-loiter"
		install -m 4755 "$LTR_BUILD/tests/cli/cases" "$scratch/bin-cases"
		as_it_is=$loiter
		loiter=$scratch/bin-loiter
		one_sentence_is 1 "set-uid or set-gid, and must not be" dump -- true
		loiter=$as_it_is
		loiter_is 24 "is not a goroutine program, and has not started one" \
			check -- "$scratch/bin-cases" status
		chmod 2755 "$scratch/bin-cases" # with the same user, the gate alone would let it in
		loiter_is 24 "is not a goroutine program, and has not started one" \
			check -- "$scratch/bin-cases" status
		rm "$scratch/bin-loiter" "$scratch/bin-cases"
	else
		printf 'left out: set-uid programs: a sanitizer, or the bit does not work here\n'
	fi
	rm "$scratch/bin-id"
	under=()
	stop_fake
else
	printf 'left out: processes of others, and BPF refused: needs root to become somebody else\n'
fi

# Without symbols: addresses instead of names, and the place of creation all the same.
mkdir "$scratch/bin"
strip -o "$scratch/bin/stripped" "$fake"
loiter_is 0 "" dump -- "$scratch/bin/stripped" hello - leak 1 return 0
contains "a stripped program" "^goroutine 2 \[chan send" "$scratch/out"
contains "a stripped program" "created by add" "$scratch/out"
loiter_is 0 "" top --once --screen 120x20 -- "$scratch/bin/stripped" hello - leak 1 return 0
contains "a stripped program" "chan send" "$scratch/out"
loiter_is 23 "1 goroutine never exited: created at .*fake.c" \
	check --grace 0 -- "$scratch/bin/stripped" hello - leak 1 return 0
loiter_is 0 "" "${profile[@]}" -- "$scratch/bin/stripped" hello - leak 1 return 0
equal "a stripped program's profile is gzip'd" "1f8b" "$(head -c 2 "$scratch/profile" | od -An -tx1 | tr -d ' ')"
rm "$scratch/profile"

# Commands: the status is theirs.
loiter_is 7 "" dump -- "$fake" hello - leak 1 return 7
loiter_is 7 "" "${profile[@]}" -- "$fake" hello - leak 1 return 7
loiter_is 2 "" dump -- "$fake" hello - leak 1 deadlock -
# Killed while it is looked at: its last moment.
loiter_is 137 "" "${profile[@]}" -- "$fake" hello - leak 1 kill 9
[[ -s $scratch/profile ]] || fail "no profile of a program that was killed"
# Ended after --seconds.
loiter_is 0 "" "${profile[@]}" --seconds 1 -- "$fake" hello - leak 1 hang -
# The dump of a command comes after its output.
loiter_is 0 "" dump -- "$fake" print before hello - return 0
equal "first line" "before" "$(head -n 1 "$scratch/out")"

# Files.
rm -f "$scratch/profile"
start_fake leak 3
loiter_is 0 "" "${profile[@]}" -p "$fake_pid"
cp "$scratch/profile" "$scratch/bin/before"
one_sentence_is 1 "cannot write the profile to /dev/full: No space left" \
	profile --type goroutine -o /dev/full -p "$fake_pid"
one_sentence_is 1 "cannot write the dump to /dev/full: No space left" dump -o /dev/full -p "$fake_pid"
one_sentence_is 1 "cannot write the profile to .*/none/profile" \
	profile --type goroutine -o "$scratch/none/profile" -p "$fake_pid"
one_sentence_is 1 "cannot write the profile to $scratch: " \
	profile --type goroutine -o "$scratch" -p "$fake_pid"
cmp -s "$scratch/profile" "$scratch/bin/before" || fail "a profile has changed"
mkdir "$scratch/small"
if mount -t tmpfs -o size=4k none "$scratch/small" 2>/dev/null; then
	head -c 4096 /dev/zero >"$scratch/small/full"
	one_sentence_is 1 "cannot write the profile to .*: No space left" \
		profile --type goroutine -o "$scratch/small/profile" -p "$fake_pid"
	equal "in the full folder" "full" "$(ls -A "$scratch/small")"
	umount "$scratch/small"
else
	printf 'left out: a tiny tmpfs, mount is refused here\n'
fi
loiter_is 0 "" dump --json -p "$fake_pid"
python=$(command -v python3 || true)
[[ -z $python ]] || "$python" -c 'import json,sys; json.load(open(sys.argv[1]))' "$scratch/out" ||
	fail "the JSON is none"
# Ctrl-C while a process is watched: that is enough, and the profile is written.
rm -f "$scratch/profile"
"$loiter" profile --type wait --via shm --seconds 1000 -o "$scratch/profile" -p "$fake_pid" \
	2>"$scratch/err" &
pid=$!
until is_loiter "$pid" && [[ $(awk '/^SigBlk/ { print $2 }' "/proc/$pid/status") != 0000000000000000 ]]; do
	sleep 0.01
done
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
equal "status of a profile that was cut short" 0 "$status"
[[ -s $scratch/profile ]] || fail "no profile after SIGTERM"
stop_fake

# Signals while a command is awaited leave nothing behind.
for command in "dump" "top --once" "profile --type goroutine -o $scratch/profile2"; do
	read -ra words <<<"$command"
	"$loiter" "${words[@]}" -- sleep 1000 >/dev/null 2>&1 &
	pid=$!
	until pgrep -P "$pid" sleep >/dev/null; do sleep 0.01; done
	kill -TERM "$pid"
	wait "$pid" 2>/dev/null || true
	nothing_left "SIGTERM to $command"
done
[[ ! -e $scratch/profile2 ]] || fail "a profile of nothing after SIGTERM"
finish
