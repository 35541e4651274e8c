#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loiter check against everything that a program can do at the gate and away from it.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

check() { # STATUS PATTERN STEPS...: the fake, with a short grace
	local status=$1 pattern=$2
	shift 2
	loiter_is "$status" "$pattern" check --grace 100ms -- "$fake" "$@"
}

# Clean: nothing is said, and the command's status passes through.
check 0 "" hello - return 0
check 7 "" hello - return 7
check 0 "" hello - daemon 3 return 0
# Late, but within the grace; a long grace is not waited for.
loiter_is 0 "" check --grace 100s -- "$fake" hello - leak 3 late 20 return 0

# Found.
check 23 "^loiter: 3 goroutines never exited: created at .*fake.c:[0-9]+ \(add\)$" \
	hello - leak 3 return 0
contains "the report" 'goroutines +2 "reply", 3 "reply", 4 "reply"$' "$scratch/err"
contains "the report" 'waiting +chan send' "$scratch/err"
contains "the report" 'stack +wait_for_reply +.*fake.c:[0-9]+$' "$scratch/err"
contains "the report" 'evidence +still there 100ms after' "$scratch/err"
contains "the report" 'advice +Nobody receives' "$scratch/err"
check 23 "1 goroutine never exited" hello - leak 1 daemon 3 return 9
check 23 "^loiter: deadlock: all 3 goroutines are asleep" hello - leak 2 deadlock -
loiter_is 23 "still there when the main goroutine had returned" \
	check --grace 0 -- "$fake" hello - leak 1 return 0

# The outputs of the command are its own.
check 0 "" print one hello - print two return 0
equal "standard output" $'one\ntwo' "$(cat "$scratch/out")"
loiter_is 24 "is not a goroutine program" check -- sh -c 'cat; echo err >&2'
contains "standard error" "^err$" "$scratch/err"

# Never clean in silence.
check 24 "was killed by signal 9 \(Killed\) before its main goroutine had returned" \
	hello - kill 9
check 24 "was killed by signal 10 \(User defined signal 1\)" hello - leak 2 kill 10
check 24 "ended with status 5 before its main goroutine had returned \(_exit or exec\)" hello - _exit 5
check 24 "became another program \(exec\)" hello - exec sleep 1
check 24 "fake .*forked without an exec" hello - fork - return 0
check 24 "speaks version 2 of the gate" gate 2 hello - return 0
check 24 "could not be looked at: .*version 99" layout 99 hello - return 0
loiter_is 24 "true is not a goroutine program, and has not started one" check -- true
loiter_is 24 "sh was killed by signal 15 \(Terminated\)" check -- sh -c 'kill $$'
loiter_is 24 "was still running when its time was over, and no goroutine program" \
	check --timeout 50ms -- sleep 1000
# The command that hangs is shown as it is, and ended.
loiter_is 24 "timed out with 3 goroutines still there" \
	check --timeout 300ms -- "$fake" hello - leak 2 hang -
contains "hangs" "the main goroutine had not returned after 300ms" "$scratch/err"
contains "hangs" "add +.*fake.c" "$scratch/err"
# A time-out that comes while the grace runs does not cut it short.
loiter_is 23 "2 goroutines never exited" \
	check --timeout 300ms --grace 600ms -- "$fake" hello - leak 2 return 0

# Cannot be run.
one_sentence_is 127 "cannot run '/no/such/thing': there is no such command" check -- /no/such/thing
one_sentence_is 127 "cannot run 'no-such-thing'" check -- no-such-thing
one_sentence_is 126 "cannot run '/tmp': Permission denied" check -- /tmp
printf 'no program\n' >"$scratch/text"
one_sentence_is 126 "cannot run .*: Permission denied" check -- "$scratch/text"

# Each program that a command starts is judged for itself.
loiter_is 23 "2 goroutines never exited in .*fake .*\(pid [0-9]+\)" \
	check --grace 100ms -- sh -c "$fake hello - return 0; $fake hello - leak 2 return 0; true"
loiter_is 0 "" check -- sh -c "$fake hello - return 0; $fake hello - return 1 & wait"
loiter_is 24 "ended before its main goroutine had returned \(_exit, exec, a crash or a signal\)" \
	check -- sh -c "$fake hello - _exit 0; true"
# One that is left behind has the grace to end ...
loiter_is 0 "" check --grace 100s -- "$fake" background 0 hello - sleep 50 return 0
# ... and then is left alone.
loiter_is 24 "was still running when the command had ended; it is left alone" \
	check --grace 50ms -- "$fake" background 0 touch "$scratch/left" hello - \
	await "$scratch/go" touch "$scratch/gone"
[[ ! -e $scratch/gone ]] || fail "the one left behind has ended before it was told to"
touch "$scratch/go"
await_file "$scratch/gone"

# Where the report goes.
loiter_is 0 "" check -o "$scratch/report" -- "$fake" hello - return 0
contains "a clean report" "^loiter: clean: nothing was left of 1 goroutine in 1 process$" \
	"$scratch/report"
loiter_is 23 "" check --grace 0 -o "$scratch/report" -- "$fake" hello - leak 1 return 0
contains "a report in a file" "never exited" "$scratch/report"
one_sentence_is 24 "cannot write the report to /dev/full: No space left" \
	check -o /dev/full -- "$fake" hello - return 0
loiter_is 23 "cannot write the report to /dev/full: No space left" \
	check --grace 0 -o /dev/full -- "$fake" hello - leak 1 return 0
contains "a report that found no other place" "1 goroutine never exited" "$scratch/err"
one_sentence_is 24 "cannot write the report to .*/none/report" \
	check -o "$scratch/none/report" -- "$fake" hello - return 0
mkdir "$scratch/small"
if mount -t tmpfs -o size=4k,nr_inodes=4 none "$scratch/small" 2>/dev/null; then
	head -c 4096 /dev/zero >"$scratch/small/full"
	printf 'before\n' >"$scratch/small/report" 2>/dev/null || true
	before=$(ls -A "$scratch/small"; cat "$scratch/small/report" 2>/dev/null || true)
	one_sentence_is 24 "cannot write the report to .*: No space left" \
		check -o "$scratch/small/report" -- "$fake" hello - return 0
	equal "a full disk is as before" "$before" \
		"$(ls -A "$scratch/small"; cat "$scratch/small/report" 2>/dev/null || true)"
	umount "$scratch/small"
else
	printf 'left out: a tiny tmpfs, mount is refused here\n'
fi

# Signals: the command gets them, and what it does then counts.
rm -f "$scratch/ready"
"$loiter" check -- sh -c "$fake hello - return 0; trap 'exit 3' TERM; touch $scratch/ready
	while :; do sleep 0.01; done" 2>"$scratch/err" &
pid=$!
await_file "$scratch/ready"
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
equal "status after SIGTERM" 3 "$status"
nothing_left "SIGTERM"

# loiter killed: the command does not wait at a gate that is gone.
rm -f "$scratch/ready" "$scratch/go" "$scratch/gone"
"$loiter" check -- sh -c "trap '' TERM; $fake hello - touch $scratch/ready await $scratch/go return 0
	touch $scratch/gone" 2>/dev/null &
pid=$!
await_file "$scratch/ready"
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
touch "$scratch/go"
await_file "$scratch/gone"
checks=$((checks + 1))
rm -rf "${XDG_RUNTIME_DIR:?}"/* # SIGKILL leaves what it leaves
finish
