#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Ten thousand open connections, a goroutine each: everything works as with ten.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

CROWD=10000
hard=$(ulimit -Hn)
[[ $hard == unlimited ]] || ((hard >= CROWD + 200)) ||
	skip "RLIMIT_NOFILE is $hard here, and $CROWD connections need more"

make_root
httpd_under=("$LOITER" check --grace 5s -o "$SCRATCH/report" --)
start_httpd --idle-timeout 500
under_check=$httpd_pid
# httpd is the only child of loiter check.
httpd_pid=$(cat "/proc/$under_check/task/$under_check/children")
httpd_pid=${httpd_pid%% *}

mkfifo "$SCRATCH/hold" "$SCRATCH/opened"
"$LTR_BUILD/tests/integration/opener" "$address" "$CROWD" <"$SCRATCH/hold" >"$SCRATCH/opened" &
started+=("$!")
exec 6>"$SCRATCH/hold" 5<"$SCRATCH/opened"
IFS= read -r -t 60 line <&5 || fail "the connections were not opened"
# They are connected; whether all have been accepted, a dump says.
all_there() {
	"$LOITER" dump -p "$httpd_pid" >"$SCRATCH/dump" &&
		(($(grep -c '^goroutine .*IO wait' "$SCRATCH/dump") >= CROWD))
}
checks=$((checks + 1))
eventually 300 all_there || fail "not all of $CROWD connections wait for a request"

"$LOITER" top --once --screen 140x50 -p "$httpd_pid" >"$SCRATCH/top"
contains "top" "connection" "$SCRATCH/top"
contains "top" "IO wait" "$SCRATCH/top"
"$LOITER" profile -p "$httpd_pid" --type goroutine -o "$SCRATCH/goroutine.pb.gz"
go tool pprof -top "$SCRATCH/goroutine.pb.gz" >"$SCRATCH/pprof" 2>&1 ||
	fail "go tool pprof: $(<"$SCRATCH/pprof")"
contains "the profile" "read_request" "$SCRATCH/pprof"
count=$(awk '/read_request/ { print $4; exit }' "$SCRATCH/pprof")
checks=$((checks + 1))
((count >= CROWD)) || fail "the profile counts $count connections"
equal "one more request" 200 "$(status "http://$address/hello.txt")"

# All of them are seen off, and the verdict is clean.
kill -TERM "$httpd_pid"
httpd_pid=$under_check
wait_httpd
equal "status after SIGTERM" 0 "$httpd_status"
contains "the verdict" "clean" "$SCRATCH/report"
exec 6>&- 5<&-
finish
