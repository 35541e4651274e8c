#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Beginning and end: of the program, of the command, of the server; and who is let in.
# shellcheck source=tests/serve/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

text='text/plain; charset=utf-8'

ended() { # WHAT EXPECTED: of the server
	local status=0
	wait "$server_pid" || status=$?
	equal "status $1" "$2" "$status"
	equal "left in the runtime folder $1" "" "$(ls -A "$XDG_RUNTIME_DIR")"
}

has_delta() { (($(curl -s "$url/healthz" >/dev/null && ss -Htn state established "sport = :$port" | wc -l) > 0)); }

# The program goes while somebody waits.
start_subject
start_server -p "$subject_pid"
await_crowd
curl -s -m "$patience" -o "$scratch/late" -w '%{http_code}' \
	"$url/debug/pprof/wait?seconds=3600" >"$scratch/late-status" &
waiting=$!
if command -v ss >/dev/null; then
	await has_delta
fi
stop "$subject_pid"
wait "$waiting" || fail "who waited was left without an answer: $?"
equal "status for who waited" 503 "$(cat "$scratch/late-status")"
for path in / /debug/pprof/ /debug/pprof/goroutine '/debug/pprof/wait?seconds=9' /metrics \
	/debug/pprof/heap /nothing /census.json; do
	answers 503 "$text" "$path"
	equal "$path" "The program (process $subject_pid) has ended." "$(cat "$scratch/body")"
done
answers 200 "$text" /healthz
equal health "ok, but the program has ended" "$(cat "$scratch/body")"
kill -TERM "$server_pid"
ended "after SIGTERM" 0

# The server goes: with clients, with one that waits.
for signal in TERM INT; do
	start_subject
	start_server -p "$subject_pid"
	await_crowd
	exec 9<>"/dev/tcp/127.0.0.1/$port"
	printf 'GET /debug/pprof/wait?seconds=3600 HTTP/1.1\r\nHost: localhost\r\n\r\n' >&9
	is_well "somebody has begun to wait"
	kill "-$signal" "$server_pid"
	ended "after SIG$signal" 0
	exec 9>&-
	checks=$((checks + 1))
	kill -0 "$subject_pid" || fail "the program has gone with its server"
	stop "$subject_pid"
done

# A command: it is told to end, and its status is ours.
start_server -- "$subject"
await_crowd
answers 200 "$text" '/debug/pprof/goroutine?debug=2'
kill -TERM "$server_pid"
ended "of a command after SIGTERM" 143
start_server -- "$LTR_BUILD/tests/cli/cases" status
ended "of a command that has ended" 9

# Snapshots: no history, the same numbers.
start_subject
start_server --via snapshot -p "$subject_pid"
await_crowd
answers 200 "$text" '/debug/pprof/goroutine?debug=1'
equal "the first line" "goroutine profile: total 6" "$(head -n 1 "$scratch/body")"
answers 200 "$text" '/debug/pprof/wait?debug=1'
contains "waits of a snapshot" '^# loiter: only the waits that have not ended yet$' "$scratch/body"
stop "$server_pid"

# A token.
printf 'a-token-of-24-characters\n' >"$scratch/token"
start_server --token-file "$scratch/token" -p "$subject_pid"
for path in / /debug/pprof/ /debug/pprof/goroutine /metrics /nothing; do
	answers 401 "$text" "$path"
	contains "$path" '^WWW-Authenticate: Bearer$' "$scratch/head"
	answers 401 "$text" "$path" -H 'Authorization: Bearer a-token-of-24-characterx'
done
answers 200 "$text" /healthz
answers 200 'text/html; charset=utf-8' /debug/pprof/ \
	-H 'Authorization: Bearer a-token-of-24-characters' -H 'Host: example.org'
stop "$server_pid"

# refused STATUS PATTERN ARGUMENTS...: one sentence, nothing is started
refused() {
	local expected=$1 pattern=$2 got=0
	shift 2
	timeout "$patience" "$loiter" serve "$@" >"$scratch/server-out" 2>"$scratch/said" || got=$?
	equal "status of serve $*" "$expected" "$got"
	equal "lines of serve $*" 1 "$(wc -l <"$scratch/said")"
	contains "serve $*" "^loiter: .*$pattern" "$scratch/said"
}
echo short >"$scratch/short"
printf 'two words of a token\n' >"$scratch/words"
refused 1 "others could reach" --listen 0.0.0.0:0 -p "$subject_pid"
refused 1 "others could reach" --listen :0 --token-file "$scratch/token" -p "$subject_pid"
refused 64 "needs a --token-file" --listen 0.0.0.0:0 --allow-remote -p "$subject_pid"
refused 1 "shorter than 16" --token-file "$scratch/short" -p "$subject_pid"
refused 1 "is no token" --token-file "$scratch/words" -p "$subject_pid"
refused 1 "cannot read the token" --token-file "$scratch/none" -p "$subject_pid"
refused 1 "is no address" --listen example.org:80 -p "$subject_pid"
refused 1 "not a goroutine program" --listen 127.0.0.1:0 -p $$
start_server --listen 0.0.0.0:0 --allow-remote --token-file "$scratch/token" -p "$subject_pid"
url=http://127.0.0.1:$port
answers 401 "$text" /metrics
refused 1 "cannot listen on 127.0.0.1:$port: Address already in use" \
	--listen "127.0.0.1:$port" -- touch "$scratch/started"
[[ ! -e $scratch/started ]] || fail "a command was started for nothing"
finish
