#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loiter looks at a running httpd: the pile of leaked goroutines grows between two looks, and the
# profile names the line.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

make_root
cd "$LTR_SOURCE"
leak=examples/httpd/audit.c
blocked=audit.c:$(grep -n 'ltr_send(audit' "$leak" | cut -d: -f1)

# How many goroutines wait in a send, by a dump.
pile() {
	"$LOITER" dump -p "$httpd_pid" >"$SCRATCH/dump"
	grep -c '^goroutine [0-9]* \[chan send' "$SCRATCH/dump" || true
}

load() {
	wrk -t1 -c20 -d1s "http://$address/hello.txt" >"$SCRATCH/wrk" 2>&1 ||
		fail "wrk: $(<"$SCRATCH/wrk")"
}

start_httpd --leak=50
load
first=$(pile)
"$LOITER" top --once --screen 140x50 -p "$httpd_pid" >"$SCRATCH/top.1"
load
second=$(pile)
"$LOITER" top --once --screen 140x50 -p "$httpd_pid" >"$SCRATCH/top.2"
printf 'the pile: %s, then %s\n' "$first" "$second"
checks=$((checks + 1))
((first > 0 && second > first)) || fail "the pile does not grow: $first, then $second"
contains "top" "audit" "$SCRATCH/top.2"
contains "top" "chan send" "$SCRATCH/top.2"
contains "top" "$blocked" "$SCRATCH/top.2"

"$LOITER" profile -p "$httpd_pid" --type goroutine -o "$SCRATCH/goroutine.pb.gz"
go tool pprof -top -lines "$SCRATCH/goroutine.pb.gz" >"$SCRATCH/pprof" 2>&1 ||
	fail "go tool pprof: $(<"$SCRATCH/pprof")"
contains "the profile" "Type: goroutine" "$SCRATCH/pprof"
contains "the profile" "$blocked" "$SCRATCH/pprof"
contains "the profile" "give_opinion" "$SCRATCH/pprof"

# Waits while there is load.
wrk -t1 -c20 -d100s "http://$address/hello.txt" >/dev/null 2>&1 &
wrk_pid=$!
started+=("$wrk_pid")
"$LOITER" profile -p "$httpd_pid" --type wait --seconds 1 -o "$SCRATCH/wait.pb.gz"
kill "$wrk_pid"
go tool pprof -top -lines -nodefraction=0 -nodecount=100 "$SCRATCH/wait.pb.gz" >"$SCRATCH/pprof" 2>&1 ||
	fail "go tool pprof: $(<"$SCRATCH/pprof")"
contains "waits" "$blocked" "$SCRATCH/pprof"
contains "waits" "read_request" "$SCRATCH/pprof"

equal "httpd is well" 200 "$(status "http://$address/hello.txt")"
stop_httpd
equal "status after SIGTERM" 0 "$httpd_status"
finish
