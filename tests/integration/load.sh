#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# httpd under wrk: many connections, no error, every answer a 200, and a clean end under load.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

make_root
# More than one buffer of httpd's; on a tmpfs each piece of it goes through a blocking call.
head -c 200000 "$SCRATCH/root/big.bin" >"$SCRATCH/root/large.bin"
# ThreadSanitizer makes a request take a hundred times as long: fewer of them, and time for some answers.
connections=200 seconds=2
[[ ${LTR_SANITIZE:-} != thread ]] || connections=20 seconds=10
start_httpd
for file in hello.txt large.bin; do
	wrk -t2 -c$connections -d${seconds}s --timeout 20s "http://$address/$file" >"$SCRATCH/wrk" 2>&1 ||
		fail "wrk: $(<"$SCRATCH/wrk")"
	answers=$(awk '/requests in/ { print $1 }' "$SCRATCH/wrk")
	checks=$((checks + 1))
	((answers > 0)) || fail "no answers under load of $file"
	! grep -E 'Socket errors|Non-2xx' "$SCRATCH/wrk" || fail "errors under load of $file"
	grep 'Requests/sec' "$SCRATCH/wrk"
done

# Stop in the middle of it.
wrk -t1 -c100 -d60s "http://$address/hello.txt" >/dev/null 2>&1 &
wrk_pid=$!
started+=("$wrk_pid")
equal "under load" 200 "$(status "http://$address/hello.txt")"
stop_httpd
equal "status after SIGTERM under load" 0 "$httpd_status"
kill "$wrk_pid"
wait "$wrk_pid" 2>/dev/null || true
finish
