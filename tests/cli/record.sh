#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loiter record, and what the other subcommands make of a recording: by every way there is, from a
# recorder that is killed, on a full disk, and of files that are no recordings.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

file=$scratch/x.ltr

# --- wrong usage ---
one_sentence_is 64 "say where the recording goes" record -p 1
one_sentence_is 64 "--last wants more" record -p 1 --last 0 -o "$file"
one_sentence_is 64 "--seconds wants more" record -p 1 --seconds 0 -o "$file"
one_sentence_is 64 "say what to look at" record -o "$file"
one_sentence_is 64 "--at is for recordings" dump -p 1 --at 1s
one_sentence_is 64 "--at wants a time" dump --at soon x.ltr
one_sentence_is 64 "--via is for what runs" top --via shm x.ltr
one_sentence_is 64 "--seconds is for what runs" profile x.ltr --type wait --seconds 1 -o /dev/null
one_sentence_is 64 "--timeout is for a command" check x.ltr --timeout 1s
one_sentence_is 64 "one recording, not two" dump x.ltr y.ltr
one_sentence_is 64 "not two of them" dump -p 1 x.ltr
[[ ! -e $file && ! -e $file.part ]] || fail "wrong usage leaves a file"

# record_in_background ARGUMENTS...: its id is in $recorder
record_in_background() {
	"$loiter" record "$@" 2>"$scratch/record.err" &
	recorder=$!
}

fails() { # ARGUMENTS...: loiter ends with 23
	local status=0
	"$loiter" "$@" || status=$?
	((status == 23))
}

catches_usr1() { # PID
	local mask
	is_loiter "$1" || return
	mask=$(awk '/^SigCgt/ { print $2 }' "/proc/$1/status")
	((0x$mask & 1 << 9))
}

await_recorder() { # its status is in $recorded
	recorded=0
	wait "$recorder" || recorded=$?
}

ways=(shm snapshot)
if has_way ebpf record --via ebpf -o "$file" -- "$cases" clean; then
	ways+=(ebpf)
fi
rm -f "$file"

# --- a command ---
for way in "${ways[@]}"; do
	loiter_is 0 "" record --via "$way" --grace 100ms -o "$file" -- "$cases" send
	[[ ! -e $file.part ]] || fail "$way: there is a .part of a finished recording"
	loiter_is 23 "^loiter: 1 goroutine never exited: created at .*cases.c:[0-9]+ \(run\)$" check "$file"
	contains "$way: check" "stack +send_one +.*cases.c:[0-9]+" "$scratch/err"
	loiter_is 0 "" dump "$file"
	contains "$way: dump" "^goroutine [0-9]+ \[chan send" "$scratch/out"
	contains "$way: dump" "cases.c:[0-9]+" "$scratch/out"
	loiter_is 0 "" dump "$file" --json
	contains "$way: json" "\"way\":\"file\".*recorded through $way" "$scratch/out"
	loiter_is 0 "" profile --type goroutine --folded --focus '^send_one$' -o - "$file"
	equal "$way: folded" "send_one 1" "$(<"$scratch/out")"
	loiter_is 0 "" profile "$file" --type wait -o "$scratch/wait.pb.gz"
	loiter_is 0 "" top --once --screen 140x30 "$file"
	contains "$way: top" "FILE" "$scratch/out"
	contains "$way: top" "send_one" "$scratch/out"
	loiter_is 0 "" record --via "$way" -o "$file" -- "$cases" clean
	loiter_is 0 "" check "$file"
	loiter_is 9 "" record --via "$way" -o "$file" -- "$cases" status
	loiter_is 2 "all goroutines are asleep" record --via "$way" -o "$file" -- "$cases" deadlock
	loiter_is 23 "^loiter: deadlock: 1 goroutine is asleep" check "$file"
	rm -f "$file"
done

# --- a process: what is read live is what is read from the file, also when the program is gone ---
cp "$cases" "$scratch/moved"
for way in "${ways[@]}"; do
	cases=$scratch/moved start stay-nil
	loiter_is 0 "" dump -p "$pid"
	cp "$scratch/out" "$scratch/live"
	loiter_is 0 "" record --via "$way" -p "$pid" --seconds 300ms -o "$file"
	mv "$scratch/moved" "$scratch/elsewhere" # nothing of it is needed
	stop
	loiter_is 0 "" dump "$file"
	cmp -s "$scratch/live" "$scratch/out" ||
		fail "$way: not the same: $(diff "$scratch/live" "$scratch/out")"
	loiter_is 23 "^loiter: 1 goroutine leaked: created at .*cases.c:[0-9]+ \(run\)$" check "$file"
	mv "$scratch/elsewhere" "$scratch/moved"
	loiter_is 0 "" dump "$file" --at 1ms
	contains "$way: --at" "^goroutine " "$scratch/out"
	rm -f "$file"
done

# --- a deadlock of two, while others go on ---
for way in "${ways[@]}"; do
	cases=$LTR_BUILD/tests/cli/lockers start ab-ba
	until_true "ab-ba does not deadlock" fails check -p "$pid"
	loiter_is 0 "" record --via "$way" -p "$pid" --seconds 100ms -o "$file"
	loiter_is 23 "^loiter: deadlock: 2 goroutines wait for each other's lock" check "$file"
	contains "$way: deadlock" "held by +goroutine [0-9]+, locked at .*lockers.c:[0-9]+" "$scratch/err"
	stop
	rm "$file"
done

# --- an older recording is left alone until there is a new one ---
printf 'older' >"$file"
one_sentence_is 1 "not a goroutine program" record -p $$ -o "$file"
one_sentence_is 127 "there is no such command" record -o "$file" -- "$scratch/nothing"
equal "the older file" older "$(<"$file")"
[[ ! -e $file.part ]] || fail "a .part of what could not be watched"

# A disk that is full (of what a file may be): a sentence, 1, and the older file.
status=0
(
	trap '' XFSZ
	ulimit -f 1
	exec "$loiter" record --via shm --grace 10ms -o "$file" -- "$cases" send
) >"$scratch/out" 2>"$scratch/err" || status=$?
equal "status with a full disk" 1 "$status"
contains "a full disk" "^loiter: cannot write the recording to .*x.ltr.part: File too large$" "$scratch/err"
equal "the older file" older "$(<"$file")"
rm -f "$file.part"
loiter_is 1 "^loiter: cannot write the recording to /dev/full: No space left on device$" \
	record --via shm -o /dev/full -- "$cases" clean
loiter_is 1 "^loiter: cannot record to .*nowhere/x.ltr: No such file" \
	record -o "$scratch/nowhere/x.ltr" -- "$cases" clean
loiter_is 1 "^loiter: cannot record to .*: No such file" record -o "" -- "$cases" clean
loiter_is 1 "^loiter: cannot record to .*: Is a directory$" record -o "$scratch" -- "$cases" clean

# --- killed: everything up to the last block is there, and it says that its end is not ---
start stay-send
names_send_one() { "$loiter" dump "$file.part" | grep send_one; } # reads all of it
for way in "${ways[@]}"; do
	record_in_background --via "$way" -p "$pid" -o "$file"
	# Names are looked up a few at a time, between blocks.
	until_true "$way: nothing is recorded" names_send_one
	one_sentence_is 1 "another loiter is recording to" record -p "$pid" -o "$file"
	kill -KILL "$recorder"
	await_recorder
	equal "$way: the older file" older "$(<"$file")"
	loiter_is 0 "" dump "$file.part"
	contains "$way: killed" "^goroutine [0-9]+ \[chan send" "$scratch/out"
	contains "$way: killed" "send_one" "$scratch/out"
	contains "$way: killed" "not the whole truth.*, the end of the recording missing" "$scratch/out"
	loiter_is 24 "the end of the recording is missing" check "$file.part"
	loiter_is 0 "" top --once --screen 140x30 "$file.part"
	contains "$way: top" "CUT: the end of the recording is missing" "$scratch/out"
	one_sentence_is 1 "from a recording that was not finished" record -p "$pid" -o "$file"
	rm "$file.part"
done

# Asked to end, it ends well; the program goes on.
record_in_background --via shm -p "$pid" -o "$file"
until_true "nothing is recorded" "$loiter" dump "$file.part"
kill -INT "$recorder"
await_recorder
equal "status after SIGINT" 0 "$recorded"
loiter_is 0 "" dump "$file"
loiter_is 0 "" check "$file"
loiter_is 0 "^loiter: suspect" check "$file" --older-than 1us

# To a pipe, and under another name.
"$loiter" record --via shm -p "$pid" --seconds 100ms -o - | cat >"$scratch/other"
loiter_is 0 "" dump "$scratch/other"
contains "from a pipe" "^goroutine [0-9]+ \[chan send" "$scratch/out"

# --- the last seconds, on a signal and at the end ---
rm "$file"
for way in "${ways[@]}"; do
	record_in_background --via "$way" --last 2s -p "$pid" -o "$file"
	# It catches the signal before it looks at the program.
	until_true "it does not catch SIGUSR1" catches_usr1 "$recorder"
	kill -USR1 "$recorder"
	until_true "$way: nothing is written" test -e "$file"
	loiter_is 0 "" dump "$file"
	contains "$way: on a signal" "^goroutine [0-9]+ \[chan send" "$scratch/out"
	contains "$way: on a signal" "send_one" "$scratch/out"
	kill -0 "$recorder" || fail "$way: it has ended"
	rm "$file"
	kill -INT "$recorder"
	await_recorder
	equal "$way: status" 0 "$recorded"
	loiter_is 0 "" check "$file"
	loiter_is 0 "" dump "$file"
	contains "$way: at the end" "cases.c:[0-9]+" "$scratch/out"
	rm "$file"
done
stop
loiter_is 0 "" record --last 5s --grace 100ms -o "$file" -- "$cases" send
loiter_is 23 "never exited" check "$file"

# --- files that are none, or are damaged ---
loiter_is 1 "^loiter: cannot open .*nothing.ltr: No such file" dump "$scratch/nothing.ltr"
loiter_is 24 "could not be looked at: cannot open .*nothing.ltr" check "$scratch/nothing.ltr"
printf 'no recording' >"$scratch/no.ltr"
one_sentence_is 1 "no.ltr is not a recording of loiter" top --once "$scratch/no.ltr"
one_sentence_is 1 "is not a recording of loiter" profile "$scratch/no.ltr" --type wait -o "$scratch/p"
cp "$file" "$scratch/new.ltr"
printf '\003' | dd of="$scratch/new.ltr" bs=1 seek=8 conv=notrunc status=none
one_sentence_is 1 "is a recording of version 3, and this loiter knows versions 1 to 2" dump "$scratch/new.ltr"
loiter_is 24 "version 3" check "$scratch/new.ltr"
size=$(stat -c %s "$file")
for ((at = 0; at < size; at += 1 + size / 40)); do
	head -c "$at" "$file" >"$scratch/cut.ltr"
	status=0
	"$loiter" dump "$scratch/cut.ltr" >"$scratch/out" 2>"$scratch/err" || status=$?
	checks=$((checks + 1))
	if ((status > 1)) || [[ $status == 1 && ! -s $scratch/err ]]; then
		fail "cut at $at: status $status"
	fi
	loiter_is 24 "could not be looked at|end of the recording is missing" check "$scratch/cut.ltr"
done
finish
