#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The small examples print what they promise.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# They leave their channels to the end of the program.
export ASAN_OPTIONS=detect_leaks=0

# run STATUS NAME ARGUMENTS...: output in $SCRATCH/out and $SCRATCH/error
run() {
	local expected=$1 name=$2 got=0
	shift 2
	timeout 60 "$LTR_BUILD/examples/$name" "$@" >"$SCRATCH/out" 2>"$SCRATCH/error" || got=$?
	equal "status of $name" "$expected" "$got"
}

run 0 squares
equal "squares" "1 4 9 16 25 36 49 64 81 100" "$(paste -sd ' ' "$SCRATCH/out")"
run 0 sieve 50
equal "sieve" "2 3 5 7 11 13 17 19 23 29 31 37 41 43 47" "$(paste -sd ' ' "$SCRATCH/out")"
seq 1000 >"$SCRATCH/thousand"
seq 37 >"$SCRATCH/few"
run 0 workers "$SCRATCH/thousand" "$SCRATCH/few" /dev/null
equal "workers" "0 37 1000 1037" "$(awk '{ print $1 }' "$SCRATCH/out" | sort -n | paste -sd ' ')"
run 1 workers /nonexistent "$SCRATCH/few"
contains "workers" "workers: /nonexistent: No such file or directory" "$SCRATCH/error"
run 0 ticker
contains "ticker" "tick 1" "$SCRATCH/out"
equal "ticker's last word" enough "$(tail -n 1 "$SCRATCH/out")"
echo needle >>"$SCRATCH/few"
run 0 search needle "$SCRATCH/thousand" "$SCRATCH/few" /dev/null "$SCRATCH/few"
equal "search" "$SCRATCH/few $SCRATCH/few" "$(paste -sd ' ' "$SCRATCH/out")"
run 1 search needle /nonexistent "$SCRATCH/few"
contains "search" "search: /nonexistent: No such file or directory" "$SCRATCH/error"
run 0 heartbeat
equal "heartbeat" "beat 1 beat 2 beat 3" "$(head -n 3 "$SCRATCH/out" | paste -sd ' ')"
contains "heartbeat" "stopped: Cannot send after transport endpoint shutdown" "$SCRATCH/out"
run 0 leaky
contains "leaky" "was first" "$SCRATCH/out"
run 2 deadlock
contains "deadlock" "all goroutines are asleep" "$SCRATCH/error"
contains "deadlock" "sync.Mutex.Lock" "$SCRATCH/error"
finish
