#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loiter trace: of a recording, of a process and of a command; of a recording that is cut; to where nothing
# can be written. Each trace is held against the rules of the format.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

file=$scratch/x.ltr
trace=$scratch/x.json

# valid WHAT [lossy]: the trace keeps to the format; its counts are in $scratch/counts
valid() {
	checks=$((checks + 1))
	"$LTR_BUILD/tests/pprof/check_trace" "$trace" "${@:2}" >"$scratch/counts" 2>"$scratch/wrong" ||
		fail "$1: $(head -n 5 "$scratch/wrong")"
}

one_sentence_is 64 "where the trace goes" trace -p 1
one_sentence_is 64 "needs every event" trace -p 1 --via snapshot -o "$trace"
one_sentence_is 64 "--seconds is for what runs" trace "$file" --seconds 1 -o "$trace"
one_sentence_is 64 "--seconds wants" trace -p 1 --seconds 0 -o "$trace"
one_sentence_is 1 "cannot open $file" trace "$file" -o "$trace"
one_sentence_is 1 "not a goroutine program" trace -p $$ -o "$trace"
one_sentence_is 127 "there is no such command" trace -o "$trace" -- "$scratch/nothing"
[[ ! -e $trace ]] || fail "a trace of nothing"

for way in shm ebpf; do
	has_way "$way" record --via "$way" -o "$file" -- "$cases" many || continue
	loiter_is 0 "" trace "$file" -o "$trace"
	valid "$way"
	contains "$way" "^[0-9]+ slices, [0-9]+ runs, 1[0-9]{4} arrows, 100[0-9]{2} tracks, [1-9][0-9]* runs on processors$" "$scratch/counts"
	contains "$way" '"name":"Proc 0"' "$trace"
	# Who runs has a thread and a processor.
	equal "$way: runs" "$(sed 's/.* slices, \([0-9]*\) runs,.*/\1/' "$scratch/counts")" \
		"$(sed 's/.* \([0-9]*\) runs on processors/\1/' "$scratch/counts")"
	# The same recording, the same trace.
	loiter_is 0 "" trace "$file" -o "$scratch/again.json"
	cmp -s "$trace" "$scratch/again.json" || fail "$way: another trace of the same recording"
	loiter_is 0 "" trace "$file" -o "$scratch/x.json.gz"
	gzip -dc "$scratch/x.json.gz" | cmp -s - "$trace" || fail "$way: another one in gzip"

	# Cut: what is before that is there, and it is said; an old file stays if there is nothing.
	head -c "$(($(stat -c %s "$file") * 2 / 3))" "$file" >"$scratch/cut.ltr"
	loiter_is 0 "^loiter: the end of the recording is missing" trace "$scratch/cut.ltr" -o "$trace"
	valid "$way, cut" lossy
	contains "$way, cut" '"cut":true' "$trace"
	head -c 100 "$file" >"$scratch/cut.ltr"
	printf 'older' >"$trace"
	one_sentence_is 1 "nothing is known of it" trace "$scratch/cut.ltr" -o "$trace"
	equal "$way: an older file" older "$(<"$trace")"

	# A command, which has an end; and one that is ended. What was on its way then may be missing.
	loiter_is 0 "" trace --via "$way" -o "$trace" -- "$cases" late
	valid "$way, a command" lossy
	loiter_is 9 "" trace --via "$way" -o "$trace" -- "$cases" status
	loiter_is 0 "" trace --via "$way" --seconds 1 -o "$trace" -- "$cases" hang
	valid "$way, a command that is ended" lossy
	contains "$way: where it waits" '"name":"chan send","args":\{"at":"send_one [^"]*cases.c:[0-9]+"' "$trace"

	# A process. Its name is hostile.
	start stay-send
	loiter_is 0 "" trace --via "$way" -p "$pid" --seconds 1 -o "$trace"
	valid "$way, a process" lossy
	contains "$way, a process" "goroutines of process $pid: " "$trace"
	stop
	loiter_is 0 "" trace --via "$way" -o "$trace" -- "$cases" hostile
	valid "$way, hostile" lossy
	contains "$way, hostile" '"name":"goroutine [0-9]+ \\\\x1b\[2J\\\\x0aloiter: clean\\\\xff"' "$trace"
done

# Snapshots have no events: that is said.
loiter_is 0 "" record --via snapshot -o "$file" -- "$cases" send
loiter_is 0 "^loiter: the recording has no events" trace "$file" -o "$trace"
valid "snapshots"
contains "snapshots" '"name":"chan send"' "$trace"

# Samples are wanted where they are allowed. That they are not is said, unless shared memory was asked for.
refused=()
((UID != 0)) || refused=(setpriv --inh-caps=-all --bounding-set=-all)
"${refused[@]}" "$loiter" trace -o "$trace" -- "$cases" late 2>"$scratch/err" ||
	fail "without rights: status $?"
contains "without rights" "^loiter: there are no samples of the CPUs: " "$scratch/err"
valid "without rights" lossy

# What is recorded on the way is not the command's to write to.
loiter_is 9 "" trace --via shm -o "$trace" -- \
	sh -c 'ls -l /proc/self/fd >"$1"; exec "$0" status' "$cases" "$scratch/files"
contains "open in the command" " 1 -> $scratch/files" "$scratch/files"
lacks "open in the command" "deleted" "$scratch/files"

# A full disk: a sentence, and the older file.
loiter_is 0 "" record --via shm -o "$file" -- "$cases" many
printf 'older' >"$trace"
status=0
(
	trap '' XFSZ
	ulimit -f 8
	exec "$loiter" trace "$file" -o "$trace" 2>"$scratch/err"
) || status=$?
equal "a full disk" 1 "$status"
contains "a full disk" "^loiter: cannot write the trace to $trace: File too large$" "$scratch/err"
equal "the older file" older "$(<"$trace")"
equal "nothing else" 0 "$(find "$scratch" -name '.loiter*' | wc -l)"
one_sentence_is 1 "cannot write the trace" trace "$file" -o "$scratch/nowhere/x.json"
finish
