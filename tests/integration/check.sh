#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loiter check judges httpd: clean without its leak, 23 and the place with it, also for ten thousand.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

make_root
cd "$LTR_SOURCE" # the report's file names are relative to where we are
leak=examples/httpd/audit.c
created=$leak:$(grep -n 'ltr_go(give_opinion' "$leak" | cut -d: -f1)
blocked=audit.c:$(grep -n 'ltr_send(audit' "$leak" | cut -d: -f1)

# check_httpd OPTIONS...: httpd under loiter check; its report goes to $SCRATCH/report
check_httpd() {
	rm -f "$SCRATCH/report"
	httpd_under=("$LOITER" check --grace 2s -o "$SCRATCH/report" --)
	start_httpd "$@"
}

# How many goroutines of that place there are: most of them are proven leaks. What was left on a stack or
# in memory that was freed may still look like a reference to one or another.
at_place() {
	awk -v place="created at $created (audit_request)" \
		'/^loiter: / && index($0, place) { sum += $2 } END { print sum + 0 }' "$SCRATCH/report"
}

check_httpd --max-requests 20
for ((i = 0; i < 20; i++)); do
	equal "request $i" 200 "$(status "http://$address/hello.txt")"
done
wait_httpd
equal "status of a clean run" 0 "$httpd_status"
contains "a clean run" "clean" "$SCRATCH/report"

check_httpd --max-requests 20 --leak=4
for ((i = 0; i < 20; i++)); do
	equal "request $i" 200 "$(status "http://$address/hello.txt")"
done
wait_httpd
equal "status with a leak" 23 "$httpd_status"
contains "who leaks" "leaked: created at $created (audit_request)" "$SCRATCH/report"
equal "how many leak" 5 "$(at_place)"
contains "where it is blocked" "$blocked" "$SCRATCH/report"
contains "why" "chan send" "$SCRATCH/report"

# A signal that asks loiter to end asks httpd to.
check_httpd
equal "before SIGTERM" 200 "$(status "http://$address/hello.txt")"
stop_httpd TERM
equal "status after SIGTERM" 0 "$httpd_status"
contains "after SIGTERM" "clean" "$SCRATCH/report"

# Ten thousand.
check_httpd --max-requests 10000 --leak=1
wrk -t1 -c100 -d100s "http://$address/hello.txt" >/dev/null 2>&1 &
wrk_pid=$!
started+=("$wrk_pid")
wait_httpd
kill "$wrk_pid" 2>/dev/null || true
equal "status with 10,000 leaks" 23 "$httpd_status"
contains "10,000 leaks" "goroutines leaked: created at $created (audit_request)" \
	"$SCRATCH/report"
count=$(at_place)
checks=$((checks + 1))
((count >= 10000 && count < 10200)) || fail "10,000 leaks: the report says $count"

# The small examples.
check_example() { # STATUS NAME
	local got=0
	"$LOITER" check -o "$SCRATCH/report" -- "$LTR_BUILD/examples/$2" >/dev/null \
		2>"$SCRATCH/error" || got=$?
	equal "status of $2" "$1" "$got"
}
for name in squares sieve workers; do
	check_example 0 "$name"
done
check_example 23 leaky
contains "leaky" "2 goroutines leaked" "$SCRATCH/report"
check_example 23 deadlock
contains "deadlock" "deadlock" "$SCRATCH/report"
contains "deadlock" "sync.Mutex.Lock" "$SCRATCH/report"
finish
