#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# httpd speaks HTTP/1.1: bodies, statuses, keep-alive, pipelining, limits, and nothing outside its
# folder.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

make_root
start_httpd --idle-timeout 20
url=http://$address

# Bodies.
for file in hello.txt page.html empty folder/inner.txt big.bin; do
	equal "GET /$file" 200 "$(status "$url/$file")"
	cmp -s "$SCRATCH/body" "$SCRATCH/root/$file" || fail "GET /$file: another body"
done
equal "an escape" 200 "$(status "$url/a%20b.txt")"
equal "a query" 200 "$(status "$url/hello.txt?x=1&y=/../..")"
equal "a link inside" 200 "$(status "$url/way-in")"
equal "an absolute target" 200 \
	"$(raw_status "GET http://example.org/hello.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")"

# HEAD: the same head, no body.
curl -sI --max-time 30 "$url/big.bin" >"$SCRATCH/head"
contains "HEAD" "Content-Length: 5000000" "$SCRATCH/head"
contains "HEAD" "Content-Type: application/octet-stream" "$SCRATCH/head"
equal "HEAD has no body" "" "$(raw "HEAD /hello.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" |
	sed '1,/^$/d')"
curl -sI --max-time 30 "$url/page.html" >"$SCRATCH/head"
contains "a page" "Content-Type: text/html; charset=utf-8" "$SCRATCH/head"

# Statuses.
equal "no such file" 404 "$(status "$url/nothing")"
equal "a file as a folder" 404 "$(status "$url/hello.txt/x")"
equal "a very long name" 404 "$(status "$url/$(printf 'x%.0s' {1..300})")"
equal "a folder" 403 "$(status "$url/folder")"
equal "the root" 403 "$(status "$url/")"
equal "a FIFO" 403 "$(status "$url/fifo")"
equal "POST" 405 "$(status -d 'x=1' "$url/hello.txt")"
curl -s -D "$SCRATCH/head" -o /dev/null --max-time 30 -X DELETE "$url/hello.txt" || true
contains "405 says what is allowed" "Allow: GET, HEAD" "$SCRATCH/head"
equal "a body too large" 413 \
	"$(raw_status "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")"
equal "a chunk too large" 413 "$(raw_status \
	"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n$(printf 'x%.0s' {1..70000})")"
equal "a target too long" 414 "$(status "$url/$(printf 'x%.0s' {1..5000})")"
equal "headers too large" 431 "$(status -H "X: $(printf 'x%.0s' {1..20000})" "$url/hello.txt")"
equal "HTTP/2.0" 505 "$(raw_status "GET / HTTP/2.0\r\nHost: x\r\n\r\n")"
equal "no Host" 400 "$(raw_status "GET / HTTP/1.1\r\n\r\n")"
equal "two Hosts" 400 "$(raw_status "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")"
equal "no HTTP at all" 400 "$(raw_status "\001\002\003\004\r\n\r\n")"
equal "an unknown method" 400 "$(raw_status "MAKE /tea HTTP/1.1\r\nHost: x\r\n\r\n")"
equal "a wrong escape" 400 "$(status "$url/%zz")"
equal "half an escape" 400 "$(status "$url/hello%2")"
equal "a NUL" 400 "$(status "$url/hello.txt%00.html")"
equal "two lengths" 400 \
	"$(raw_status "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc")"
equal "a length and chunks" 400 "$(raw_status \
	"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")"

# Nothing leads out of the folder.
for path in /../secret /folder/../../secret /%2e%2e/secret /..%2fsecret /folder/%2e%2e/%2e%2e/secret \
	/way-out //../secret "/folder/..//../secret" /proc/self/root/etc/passwd //etc/passwd; do
	got=$(status --path-as-is "$url$path")
	[[ $got == 40[34] ]] || fail "GET $path: $got"
	checks=$((checks + 1))
	! grep -q secret "$SCRATCH/body" || fail "GET $path gave the secret away"
done
equal ".. that stays inside" 200 "$(status --path-as-is "$url/folder/../hello.txt")"

# One connection, many requests.
equal "keep-alive" "0 0 1" "$(curl -s --max-time 30 -o /dev/null -w '%{num_connects} ' "$url/hello.txt" \
	-o /dev/null "$url/nothing" -o /dev/null "$url/folder" | awk '{ print $2, $3, $1 }')"
pipelined=$(raw "GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\nHEAD /hello.txt HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\nGET /folder/inner.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
equal "pipelining" "200 200 404 200" \
	"$(awk '/^HTTP\/1.1/ { printf "%s%s", sep, $2; sep = " " }' <<<"$pipelined")"
equal "the end of the pipe" inner "$(tail -n 1 <<<"$pipelined")"
equal "a body is skipped" "200 200" "$(raw "GET /hello.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /GET /hello.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" |
	awk '/^HTTP\/1.1/ { printf "%s%s", sep, $2; sep = " " }')"
equal "HTTP/1.0 closes" "Connection: close" \
	"$(raw "GET /hello.txt HTTP/1.0\r\n\r\n" | grep -i '^Connection:')"

# Still there, and ends well.
equal "after all that" 200 "$(status "$url/hello.txt")"
stop_httpd
equal "status after SIGTERM" 0 "$httpd_status"

# Wrong commands.
got=0; "$HTTPD" --root /nonexistent >/dev/null 2>"$SCRATCH/error" || got=$?
equal "no such root" 1 "$got"
contains "no such root" "httpd: /nonexistent: No such file or directory" "$SCRATCH/error"
got=0; "$HTTPD" --idle-timeout x >/dev/null 2>&1 || got=$?
equal "no such number" 64 "$got"
got=0; "$HTTPD" --listen nowhere >/dev/null 2>&1 || got=$?
equal "no such address" 64 "$got"
finish
