#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# TLS: who trusts the certificate can ask, nobody can listen in; and files that are no good.
# shellcheck source=tests/serve/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

command -v openssl >/dev/null || skip "no openssl (Debian: openssl)"
trap '' PIPE
text='text/plain; charset=utf-8'
cd "$scratch"
certificate() { # NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
		-subj /CN=localhost -addext 'subjectAltName=IP:127.0.0.1,DNS:localhost' \
		-keyout "$1.key" -out "$1.pem" 2>openssl-said || {
		fail "openssl: $(<openssl-said)"
		exit 1
	}
}
certificate own
certificate other
trust=(--cacert own.pem)

start_subject
start_server -p "$subject_pid" --tls-cert own.pem --tls-key own.key
contains "the address" '^loiter: serving https://127\.0\.0\.1:' said
await eval 'curl -s "${trust[@]}" "$url/metrics" | grep -q "^go_goroutines 6$"'
answers 200 "$text" '/debug/pprof/goroutine?debug=2' "${trust[@]}"
equal "goroutines" 6 "$(grep -cE '^goroutine [0-9]+ ' body)"
answers 200 application/octet-stream /debug/pprof/goroutine "${trust[@]}"
gzip -t body || fail "it is not gzip'd"
answers 200 application/octet-stream '/debug/pprof/mutex?seconds=1' "${trust[@]}"
contains "a delta" '^Content-Disposition: attachment; filename="mutex-delta"$' head
answers 200 application/json /census.json "${trust[@]}"
answers 405 "$text" /metrics "${trust[@]}" -X POST
answers 403 "$text" /metrics "${trust[@]}" -H 'Host: example.org'

refuses() { # WHAT CURL'S STATUS OPTIONS...
	local what=$1 expected=$2 got=0
	shift 2
	curl -sS -m "$patience" -o /dev/null "$@" "$url/healthz" 2>curl-said || got=$?
	equal "curl, $what" "$expected" "$got"
}
refuses "who trusts nobody" 60
refuses "who trusts another" 60 --cacert other.pem
refuses "an old version" 35 "${trust[@]}" --tls-max 1.1 --ciphers 'DEFAULT@SECLEVEL=0'
refuses "1.2" 0 "${trust[@]}" --tls-max 1.2
plain=$(curl -s -m "$patience" "http://127.0.0.1:$port/healthz" | tr -d '\0' || true)
equal "without TLS" "" "$plain"

is_well() {
	checks=$((checks + 1))
	[[ $(curl -s -m "$patience" "${trust[@]}" "$url/healthz") == ok ]] || fail "not well after $1"
}
# Bytes that are no handshake, half a handshake, and none at all.
for i in {1..50}; do
	exec 9<>"/dev/tcp/127.0.0.1/$port"
	((i % 3)) || printf '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' >&9
	((i % 3 == 1)) && head -c $((RANDOM % 2000)) /dev/urandom >&9 2>/dev/null || true
	exec 9>&-
done
is_well "random bytes"
idle=()
for _ in {1..100}; do
	exec {fd}<>"/dev/tcp/127.0.0.1/$port"
	idle+=("$fd")
	printf '\x16\x03\x01\x02\x00' >&"$fd"
done
is_well "a hundred that have begun to shake hands"
timeout "$patience" cat <&"${idle[0]}" >/dev/null || [[ $? != 124 ]] || fail "it waits for ever"
checks=$((checks + 1))
for fd in "${idle[@]}"; do
	exec {fd}>&-
done
if command -v go >/dev/null; then
	well "go tool pprof" go tool pprof -top -tls_ca own.pem \
		"https+insecure://127.0.0.1:$port/debug/pprof/goroutine"
fi
kill -TERM "$server_pid"
status=0
wait "$server_pid" || status=$?
equal "status" 0 "$status"

# refused STATUS PATTERN ARGUMENTS...: one sentence, nothing is served
refused() {
	local expected=$1 pattern=$2 got=0
	shift 2
	timeout "$patience" "$loiter" serve --listen 127.0.0.1:0 -p "$subject_pid" "$@" >out 2>said || got=$?
	equal "status of serve $*" "$expected" "$got"
	equal "lines of serve $*" 1 "$(wc -l <said)"
	contains "serve $*" "^loiter: .*$pattern" said
}
refused 64 "--tls-cert and --tls-key go together" --tls-cert own.pem
refused 64 "--tls-cert and --tls-key go together" --tls-key own.key
refused 1 "cannot read the certificate from none: No such file" --tls-cert none --tls-key own.key
refused 1 "cannot read the key from none: No such file" --tls-cert own.pem --tls-key none
refused 1 "cannot read the key from \.: Is a directory" --tls-cert own.pem --tls-key .
refused 1 "own.key is not the certificate: there is no BEGIN CERTIFICATE" --tls-cert own.key --tls-key own.key
(umask 077 && cp own.pem no.key && chmod 600 no.key)
refused 1 "no.key is not the key: there is no BEGIN PRIVATE KEY" --tls-cert own.pem --tls-key no.key
refused 1 "are no pair" --tls-cert own.pem --tls-key other.key
head -c 100 /dev/urandom >noise
head -c 70000 /dev/zero | tr '\0' x >long
for bad in noise long /dev/zero; do
	refused 1 "is not the certificate" --tls-cert "$bad" --tls-key own.key
done
{ echo '-----BEGIN CERTIFICATE-----' && echo nonsense; } >broken.pem
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 # GnuTLS leaks what it cannot parse
refused 1 "are no pair" --tls-cert broken.pem --tls-key own.key
# The same by libloiter-pprof.
inside=$LTR_BUILD/tests/serve/inside
mkfifo input
"$inside" tls 127.0.0.1:0 own.pem own.key <input >address &
exec 8>input
await grep -q '^http' address
url=https://127.0.0.1:$(sed 's/.*://' address)
await eval 'curl -s "${trust[@]}" "$url/metrics" | grep -q "^go_goroutines 6$"'
equal "inside, no pair" EINVAL \
	"$("$inside" tls-error 127.0.0.1:0 own.pem other.key)"
equal "inside, no key" EINVAL "$("$inside" tls-error 127.0.0.1:0 own.pem -)"
equal "inside, no certificate" EINVAL "$("$inside" tls-error 127.0.0.1:0 - own.key)"
chmod 604 other.key
refused 1 "others can read the key in other.key" --tls-cert other.pem --tls-key other.key
finish
