#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Clients that are slow on purpose, and a server that is told to stop while it is busy.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

make_root

# A short patience: half a request gets 408; nothing at all gets nothing. `raw` returns because the
# server closes, not because we do.
start_httpd --idle-timeout 0.3
equal "half a request line" 408 "$(raw_status "GET /hel")"
equal "half the headers" 408 "$(raw_status "GET / HTTP/1.1\r\nHost: x\r\nX-A: ")"
equal "half a body" 408 "$(raw_status "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")"
equal "silence" "" "$(raw "")"
equal "one answer, then silence" 200 "$(raw_status "GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\n")"

# One byte now and then does not hold a connection: the whole request has its time.
exec 8<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /hello.txt HTTP/1.1\r\nHost: x\r\nX-Slow: ' >&8
(
	trap '' PIPE
	while printf 'a' >&8; do
		read -r -t 0.1 <> <(:) || true
	done
) 2>/dev/null &
started+=("$!")
equal "a slow loris" "HTTP/1.1 408 Request Timeout" \
	"$(timeout 30 cat <&8 2>/dev/null | tr -d '\r' | head -n 1)"
exec 8>&-

# A client that asks and does not read: the write has a deadline, and the connection ends.
exec 8<>"/dev/tcp/127.0.0.1/$port"
for ((i = 0; i < 8; i++)); do
	printf 'GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n' >&8
done
# No connection of the server's port is established (state 01) any more.
idle() {
	awk -v port="$(printf ':%04X' "$port")" \
		'$2 ~ port "$" && $4 == "01" { found = 1 } END { exit found }' /proc/net/tcp
}
checks=$((checks + 1))
eventually 100 idle || fail "a client that does not read keeps its connection"
exec 8>&-
stop_httpd
equal "status after SIGTERM" 0 "$httpd_status"

# Stop while an answer is under way: it is finished, a new connection is refused, status 0.
start_httpd --idle-timeout 20
exec 7<>"/dev/tcp/127.0.0.1/$port" # an idle connection: ends at once
exec 8<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n' >&8
IFS= read -r line <&8 # the answer has begun, and does not fit into the sockets' buffers
equal "a large answer begins" "HTTP/1.1 200 OK" "${line%$'\r'}"
kill -INT "$httpd_pid"
equal "the idle connection ends" "" "$(timeout 30 cat <&7)"
timeout 30 cat <&8 >"$SCRATCH/rest"
tail -c 5000000 "$SCRATCH/rest" | cmp -s - "$SCRATCH/root/big.bin" || fail "the answer was cut off"
exec 7>&- 8>&-
wait_httpd
equal "status after SIGINT" 0 "$httpd_status"
equal "nobody listens any more" 000 "$(status "http://$address/hello.txt")"

# Counted requests.
start_httpd --max-requests 3
for i in 1 2 3; do
	equal "request $i of 3" 200 "$(status "http://$address/hello.txt")"
done
wait_httpd
equal "status after the last request" 0 "$httpd_status"
finish
