#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Requests that are malformed, huge, slow, many or never finished: none of them does harm, and
# whoever asks properly meanwhile gets an answer.
# shellcheck source=tests/serve/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

trap '' PIPE # it closes while we talk
start_subject
start_server -p "$subject_pid"
await_crowd

# send WHAT FORMAT: what comes back ends up in $scratch/back; the server closes, or has answered
# what it was asked for with "Connection: close".
send() {
	local fd
	checks=$((checks + 1))
	exec {fd}<>"/dev/tcp/127.0.0.1/$port"
	# shellcheck disable=SC2059 # it is a format
	{ printf "$2" >&"$fd"; } 2>/dev/null || true
	timeout "$patience" cat <&"$fd" >"$scratch/back" 2>/dev/null || [[ $? != 124 ]] ||
		fail "it does not close: $1"
	exec {fd}>&-
	is_well "$1"
}
status_is() { # WHAT PATTERN
	contains "$1" "^HTTP/1\.[01] ($2) " "$scratch/back"
}
repeat() { head -c "$2" /dev/zero | tr '\0' "$1"; }
close='Host: localhost\r\nConnection: close\r\n\r\n'

send "no HTTP" '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n'
send "nothing but lines" '\r\n\r\n\r\n\r\n'
send "one word" 'GET\r\n\r\n'
send "no Host" 'GET /metrics HTTP/1.1\r\n\r\n'
status_is "no Host" 400
send "another version" "GET /metrics HTTP/9.9\r\n$close"
send "a NUL in the path" "GET /metr\\\\x00ics HTTP/1.1\r\n$close"
send "a NUL, encoded" "GET /debug/pprof/%%00 HTTP/1.1\r\n$close"
status_is "a NUL, encoded" '40.'
send "broken escapes" "GET /debug/pprof/%%zz%%%% HTTP/1.1\r\n$close"
send "a way out" "GET /debug/pprof/../../../etc/passwd HTTP/1.1\r\n$close"
status_is "a way out" 404
send "a header that is none" "GET /metrics HTTP/1.1\r\nnonsense\r\n$close"
send "a broken line" "GET /metrics HTTP/1.1\r\n folded: 1\r\n$close"
send "a huge path" "GET /$(repeat a 100000) HTTP/1.1\r\n$close"
status_is "a huge path" '414|431'
send "a huge header" "GET /metrics HTTP/1.1\r\nX: $(repeat a 100000)\r\n$close"
status_is "a huge header" '431|413'
send "many headers" "GET /metrics HTTP/1.1\r\n$(for i in {1..5000}; do printf 'X%d: 1\\r\\n' "$i"; done)$close"
status_is "many headers" '431|413'
send "a huge query" "GET /debug/pprof/symbol?$(for i in {1..2000}; do printf '1+'; done) HTTP/1.1\r\n$close"
status_is "a huge query" 200
send "a name of the web" "GET /metrics HTTP/1.1\r\nHost: $(repeat a 2000)\r\nConnection: close\r\n\r\n"
status_is "a name of the web" 403
send "a body" "POST /metrics HTTP/1.1\r\nContent-Length: 99999999999\r\n$close"
status_is "a body" 405
send "a body of GET" "GET /metrics HTTP/1.1\r\nContent-Length: 5\r\n${close}hello"
status_is "a body of GET" 413
send "chunks" "GET /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n${close}ffffffffffffffff\r\n"
status_is "chunks" '413|400'
send "a length that is none" "GET /metrics HTTP/1.1\r\nContent-Length: -1\r\n$close"
status_is "a length that is none" '400|413'
send "pipelined" "$(for _ in {1..50}; do printf 'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n'; done)GET /healthz HTTP/1.1\r\n$close"
equal "answers to pipelined requests" 51 "$(grep -ac '^HTTP/1.1 200' "$scratch/back")"

# Random bytes, also behind a good beginning.
for i in {1..100}; do
	exec 9<>"/dev/tcp/127.0.0.1/$port"
	((i % 2)) || printf 'GET /debug/pprof/goroutine HTTP/1.1\r\n' >&9
	head -c $((RANDOM % 3000)) /dev/urandom >&9 2>/dev/null || true
	exec 9>&-
done
is_well "random bytes"

# More wait than may.
for i in {1..40}; do
	curl -s -m "$patience" -o /dev/null -w '%{http_code}\n' \
		"$url/debug/pprof/wait?seconds=2" >>"$scratch/many" &
	curls[i]=$!
done
wait "${curls[@]}"
equal "all were answered" 40 "$(grep -cE '^(200|503)$' "$scratch/many")"
checks=$((checks + 1))
(($(grep -c '^200$' "$scratch/many") >= 32)) || fail "fewer may wait than is written"

# Who has asked for a long wait, and leaves: others get the places.
for i in {1..40}; do
	exec 9<>"/dev/tcp/127.0.0.1/$port"
	printf 'GET /debug/pprof/wait?seconds=3600 HTTP/1.1\r\nHost: localhost\r\n\r\n' >&9
	exec 9>&-
done
is_well "people who did not wait"
has_place() { [[ $(curl -s -m "$patience" -o /dev/null -w '%{http_code}' "$url/debug/pprof/wait?seconds=1") == 200 ]]; }
await has_place
checks=$((checks + 1))

# One that talks for ever and never comes to the point: in the end it is cut off.
exec 9<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /metrics HTTP/1.1\r\nX: ' >&9
end=$((SECONDS + patience))
cut=no
while ((SECONDS < end)); do
	got=0
	read -r -t 0.5 -n 1 -u 9 || got=$?
	if ((got <= 128)); then # no time-out: closed
		cut=yes
		break
	fi
	printf x >&9 2>/dev/null || true
done
exec 9>&-
equal "a slow client is cut off" yes "$cut"

# A thousand that say nothing.
if ! ulimit -n 2048 2>/dev/null; then
	printf 'left out: a thousand idle connections: ulimit -n is %s\n' "$(ulimit -n)"
	finish
fi
idle=()
for i in {1..1000}; do
	exec {fd}<>"/dev/tcp/127.0.0.1/$port"
	idle+=("$fd")
done
is_well "a thousand idle connections"
for path in /metrics /debug/pprof/goroutine '/debug/pprof/goroutine?debug=2'; do
	ask "$path"
	equal "$path among a thousand" 200 "$status"
done
for fd in "${idle[@]}"; do
	exec {fd}>&-
done
is_well "their leaving"
kill -TERM "$server_pid"
status=0
wait "$server_pid" || status=$?
equal "status after all this" 0 "$status"
finish
