#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loiter check on programs with our runtime: what each of them does wrong, and what is said of it.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# never NAME WAITING ADVICE: one goroutine of this case never exited, and this is what it waits for
never() {
	loiter_is 23 "^loiter: 1 goroutine never exited: created at .*cases.c:[0-9]+ \(run\)$" \
		check --grace 100ms -- "$cases" "$1"
	contains "$1" "(waiting|state) +$2" "$scratch/err"
	contains "$1" "advice +$3" "$scratch/err"
}

# leaked NAME WAITING ADVICE: the same of one that waits for what cannot come
leaked() {
	loiter_is 23 "^loiter: 1 goroutine leaked: created at .*cases.c:[0-9]+ \(run\)$" \
		check --grace 100ms -- "$cases" "$1"
	contains "$1" "(waiting|state) +$2" "$scratch/err"
	contains "$1" "advice +$3" "$scratch/err"
}

# deadlocked NAME WORDS ADVICE: one goroutine of this case waits for a lock that nobody will unlock
deadlocked() {
	loiter_is 23 "^loiter: deadlock: 1 goroutine $2: waiting at .*cases.c:[0-9]+" \
		check --grace 100ms -- "$cases" "$1"
	contains "$1" "advice +$3" "$scratch/err"
}

loiter_is 0 "" check -- "$cases" clean
loiter_is 9 "" check -- "$cases" status
loiter_is 0 "" check --grace 100s -- "$cases" late
loiter_is 0 "" check --grace 100ms -- "$cases" daemon
loiter_is 6 "" check --grace 100ms -- "$cases" exit
loiter_is 5 "" check -- "$cases" exit-in-main

never send "chan send" "Nobody receives here"
contains "send" "channel +made at .*cases.c:[0-9]+ \(prepare\), no buffer$" "$scratch/err"
contains "send" "^ +last to receive: nobody, ever$" "$scratch/err"
never late-answer "chan send" "Nobody receives here"
contains "late answer" "^ +last to receive: goroutine [0-9]+, which has ended$" "$scratch/err"
never range "chan receive" "Nobody sends here"
leaked nil-send "chan send \(nil chan\)" "The channel was never made"
leaked nil-receive "chan receive \(nil chan\)" "The channel was never made"
leaked select-nothing "select \(no cases\)" "A select without cases"
never nil-timed "chan receive \(nil chan\)" "The channel was never made" # ends by itself, later
never select "select" "None of the cases"
deadlocked mutex "waits for a lock whose holder has ended" "A path out of that goroutine"
contains "mutex" "held by +goroutine 1, which has ended, locked at .*cases.c:[0-9]+ \(prepare\)$" "$scratch/err"
deadlocked double-lock "waits for a lock that it holds itself" "Unlock before locking again"
contains "double lock" "held by +itself, locked at .*cases.c:[0-9]+ \(lock_twice\)$" "$scratch/err"
never waitgroup "sync.WaitGroup.Wait" "The count never reaches zero"
never once "chan send" "Nobody receives here"
never sleep "(sleep|running|queued)" "[AI]"
never accept "IO wait \(accept\)" "Nothing ends the accept loop"
never read "IO wait" "The peer sends nothing"
never blocking "syscall" "A blocking call"
never spin "(running|queued)" "It (still runs|could run)"
never hostile "chan send" "Nobody receives here"
lacks "a hostile name" $'\033' "$scratch/err"
contains "a hostile name" 'goroutine +[0-9]+ "\\x1b\[2J\\x0aloiter: clean\\xff"' "$scratch/err"
never exit-with-leak "chan send" "Nobody receives here"

loiter_is 23 "^loiter: 10000 goroutines never exited: created at .*cases.c" \
	check --grace 100ms -- "$cases" many
contains "ten thousand" "and 9995 more" "$scratch/err"

# Whoever has not run yet when the grace is over is not judged by where it stands then.
loiter_is 23 "^loiter: 20000 goroutines leaked: created at .*cases.c" check --grace 1ms -- "$cases" crowd
lacks "a crowd" "never exited" "$scratch/err"

loiter_is 23 "^loiter: deadlock: 1 goroutine is asleep and nobody can wake it" \
	check -- "$cases" deadlock
loiter_is 23 "^loiter: deadlock: all 2 goroutines" check -- "$cases" deadlock-with-daemon
loiter_is 23 "^loiter: deadlock: 2 goroutines wait for each other's lock" check -- "$cases" ab-ba
contains "AB-BA" "^loiter: deadlock: 1 goroutine is asleep" "$scratch/err"
contains "AB-BA" "held by +goroutine [0-9]+, locked at .*cases.c:[0-9]+ \(lock_both\)$" "$scratch/err"
contains "AB-BA" "waiting +sync.WaitGroup.Wait" "$scratch/err"
contains "AB-BA" "waiting +sync.Mutex.Lock" "$scratch/err"
loiter_is 23 "^loiter: deadlock" check -- "$cases" ltr-exit-in-main

loiter_is 24 "ended with status 6 before its main goroutine had returned" check -- "$cases" _exit
loiter_is 24 "killed by signal 6 \(Aborted\)" check -- "$cases" abort
loiter_is 24 "killed by signal 9 \(Killed\)" check -- "$cases" kill
loiter_is 24 "ended with status 2 before its main goroutine had returned" check -- "$cases" misuse
loiter_is 24 "became another program" check -- "$cases" exec
loiter_is 24 "timed out with 2 goroutines still there" \
	check --timeout 300ms -- "$cases" hang
contains "a hang" "waiting +sleep" "$scratch/err"
contains "a hang" "waiting +chan send" "$scratch/err"
# A hang with a finding is a finding; what else is there is shown as well.
loiter_is 23 "^loiter: 1 goroutine leaked: created at .*cases.c" \
	check --timeout 300ms -- "$cases" hang-nil
contains "a hang with a finding" "^loiter: inconclusive: timed out with 1 goroutine" "$scratch/err"
loiter_is 24 "timed out with 1 goroutine" \
	check --timeout 300ms --fail-on deadlock -- "$cases" hang-nil

# By process, through a shell.
loiter_is 23 "1 goroutine never exited in .*cases range \(pid [0-9]+\)" check --grace 100ms -- \
	sh -c "$cases clean && $cases range && $cases daemon"
# The other subcommands, on a command.
loiter_is 0 "" dump -- "$cases" send
contains "dump" "^goroutine [0-9]+ \[chan send" "$scratch/out"
loiter_is 0 "" profile --type goroutine -o "$scratch/profile" -- "$cases" send
loiter_is 0 "" profile --type wait --via shm -o "$scratch/profile" -- "$cases" late
for type in block mutex sched wall; do
	loiter_is 0 "" profile --type "$type" --via shm -o "$scratch/profile" -- "$cases" late
done
loiter_is 0 "" profile --type create --folded -o "$scratch/folded" -- "$cases" send
contains "folded stacks" "^run 1$" "$scratch/folded"
loiter_is 0 "" profile --type goroutine --text -o - -- "$cases" send
equal "text" "goroutine profile: total 1" "$(head -n 1 "$scratch/out")"
contains "text" "^1 @ 0x" "$scratch/out"
contains "text" "^#	0x[0-9a-f]+	send_one\+0x" "$scratch/out"
lacks "text" "ltr__" "$scratch/out"
loiter_is 0 "" profile --type goroutine --text --runtime-frames -o - -- "$cases" send
contains "text with the runtime's frames" "^#	0x[0-9a-f]+	ltr__" "$scratch/out"
loiter_is 0 "" profile --type goroutine --text --ignore send_one -o - -- "$cases" send
equal "text, ignored" "goroutine profile: total 0
# loiter: only samples that were asked for by function" "$(cat "$scratch/out")"
loiter_is 0 "" profile --type goroutineleak --text=2 -o - -- "$cases" nil-send
contains "text of leaks" "^goroutine [0-9]+ \[chan send \(nil chan\) \(leaked\)\]:$" "$scratch/out"
loiter_is 0 "" profile --type goroutineleak --text=1 -o - -- "$cases" nil-send
equal "text of leaks" "goroutineleak profile: total 1" "$(head -n 1 "$scratch/out")"
loiter_is 0 "" profile --type goroutine --folded --focus '^send_one$' -o - -- "$cases" send
equal "what was focused on" "send_one 1" "$(cat "$scratch/out")"
loiter_is 0 "" profile --type goroutine --folded --ignore '^send_one$' -o - -- "$cases" send
lacks "what was ignored" "send_one" "$scratch/out"
finish
