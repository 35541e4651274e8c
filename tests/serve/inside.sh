#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A program that serves itself: the same pages, its beginning and its end, and what is refused.
# shellcheck source=tests/serve/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

inside=$LTR_BUILD/tests/serve/inside
text='text/plain; charset=utf-8'

begin() { start_inside "$inside" "$1" "${2:-127.0.0.1:0}"; } # HOW [ADDRESS]

# Whatever is a crash has to reach the program's handler, and nothing else is the server's.
crashing="$(for name in ILL TRAP ABRT BUS FPE SEGV SYS; do kill -l $name; done | sort -n | tr '\n' ' ')"
taken_signals() {
	local task number blocked
	for task in "/proc/$program/task/"*; do
		[[ $(<"$task/comm") == loiter-pprof ]] || continue
		blocked=0x$(sed -n 's/^SigBlk:\s*//p' "$task/status")
		for number in {1..31}; do
			((number == 9 || number == 19 || blocked >> (number - 1) & 1)) || echo "$number"
		done
	done | tr '\n' ' '
}

for how in serve before snapshots; do
	begin "$how"
	await_crowd
	answers 200 "$text" '/debug/pprof/goroutine?debug=2'
	equal "$how: senders" 3 "$(grep -cE '^goroutine [0-9]+ \[chan send(, [0-9]+ minutes)?\]:$' "$scratch/body")"
	equal "$how: goroutines" 6 "$(grep -cE '^goroutine ' "$scratch/body")"
	contains "$how: lines" '	.*inside\.c:[0-9]+ \+0x' "$scratch/body"
	answers 200 'text/html; charset=utf-8' /debug/pprof/
	answers 200 "$text" /debug/pprof/cmdline
	equal "$how: the command line" "$inside $how 127.0.0.1:0" "$(tr '\0' ' ' <"$scratch/body")"
	for type in goroutine goroutineleak wait block mutex sched wall create; do
		answers 200 application/octet-stream "/debug/pprof/$type"
		gzip -t "$scratch/body" || fail "$how: $type is not gzip'd"
	done
	answers 200 'application/json' /census.json
	answers 200 'text/plain; version=0.0.4; charset=utf-8' /metrics
	contains "$how: who" "^loiter_target_info\{pid=\"$program\"," "$scratch/body"
	if [[ $how == snapshots ]]; then
		equal "$how: histograms" 0 "$(grep -c _bucket "$scratch/body")"
	else
		await eval 'curl -s "$url/metrics" | grep -q "^loiter_wait_seconds_count{state=\"sync\""'
		answers 200 application/octet-stream '/debug/pprof/mutex?seconds=1'
	fi
	equal "$how: signals that the server takes" "$crashing" "$(taken_signals)"
	if command -v go >/dev/null; then
		well "$how: go tool pprof" go tool pprof -top "$url/debug/pprof/goroutine"
		contains "$how: go tool pprof" '^ +3 50\.00% .* send_one$' "$scratch/verdict"
	fi
	# It is a program like others for who looks from outside.
	"$loiter" dump -p "$program" >"$scratch/dump" || fail "$how: loiter dump: $?"
	equal "$how: senders, from outside" 3 "$(grep -c 'chan send' "$scratch/dump")"
	ends "$how"
done

# What check would find, once a second.
begin serve
await_crowd
ask /metrics
for grade in deadlock leaked 'never exited' suspect inconclusive; do
	contains "a series of each grade" "^loiter_findings\{grade=\"$grade\"\} 0$" "$scratch/body"
done
ends "a program that is well"
begin stuck
await eval 'curl -s "$url/metrics" >"$scratch/metrics" &&
	grep -qx "loiter_findings{grade=\"deadlock\"} 1" "$scratch/metrics" &&
	grep -qx "loiter_findings{grade=\"leaked\"} 1" "$scratch/metrics"'
contains "those who are locked out" '^loiter_finding_goroutines\{grade="deadlock"\} 2$' "$scratch/metrics"
contains "who waits for none" '^loiter_finding_goroutines\{grade="leaked"\} 1$' "$scratch/metrics"
contains "nobody else" '^loiter_finding_goroutines\{grade="suspect"\} 0$' "$scratch/metrics"
ends "a program that is stuck"

# CPUs are sampled while somebody wants that, by signals.
catches_sigprof() {
	local caught
	caught=0x$(sed -n 's/^SigCgt:\s*//p' "/proc/$program/status")
	((caught >> 26 & 1))
}
begin busy
! catches_sigprof || fail "SIGPROF is handled although nobody has asked"
answers 200 application/octet-stream '/debug/pprof/profile?seconds=1'
contains "its name" '^Content-Disposition: attachment; filename="profile"$' "$scratch/head"
cp "$scratch/body" "$scratch/cpu.pb.gz"
await eval '! catches_sigprof'
[[ ! -e /proc/$program/timers ]] || equal "timers that are left" "" "$(cat "/proc/$program/timers")"
if command -v go >/dev/null; then
	well "go tool pprof" go tool pprof -top -tagfocus name=worker "$scratch/cpu.pb.gz"
	contains "where the time goes" ' work$' "$scratch/verdict"
	contains "the type" '^Type: cpu$' "$scratch/verdict"
fi
answers 200 "$text" '/debug/pprof/cpu?debug=1'
catches_sigprof || fail "nobody samples after somebody has asked for all samples"
works() { curl -s "$url/debug/pprof/cpu?debug=1" >"$scratch/cpu" && grep -q 'work+0x' "$scratch/cpu"; }
await works
ends "a program that is busy"
begin profiled
answers 500 "$text" '/debug/pprof/profile?seconds=1'
contains "a handler of its own" '^Could not enable CPU profiling: the program handles SIGPROF itself' "$scratch/body"
catches_sigprof || fail "its handler was taken away"
ends "a program that handles SIGPROF"

# Where there is no runtime, or not yet.
begin no-runtime
answers 503 "$text" /debug/pprof/goroutine
contains "no runtime" '^There is nothing to see: .*\.$' "$scratch/body"
answers 503 "$text" /metrics
answers 200 "$text" /healthz
ends "no-runtime"

# It ends while somebody waits.
begin serve
await_crowd
exec 9<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /debug/pprof/wait?seconds=3600 HTTP/1.1\r\nHost: localhost\r\n\r\n' >&9
is_well "somebody has begun to wait"
ends "a program that somebody waits for"
exec 9>&-

# Clients take 64 of the program's descriptors at most, and its limit of them is left alone.
soft=$(ulimit -Sn)
ulimit -Sn 128
begin limited
ulimit -Sn "$soft"
clients=()
for i in {1..150}; do
	exec {fd}<>"/dev/tcp/127.0.0.1/$port"
	clients+=("$fd")
	printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n' >&"$fd"
done
is_served() { # CLIENT
	local line=""
	IFS= read -r -t "$patience" -u "${clients[$1]}" line || true
	equal "client $1" $'HTTP/1.1 200 OK\r' "$line"
}
is_served 63
# Those behind them get their turn when others leave.
for i in {0..19}; do
	fd=${clients[i]}
	exec {fd}>&-
done
is_served 83
sockets=$(find "/proc/$program/fd" -lname 'socket:*' | wc -l) # one of them listens
checks=$((checks + 1))
((sockets <= 65)) || fail "$sockets sockets in the program"
echo >&8
await eval '(($(wc -l <"$scratch/lines") == 2))'
equal "files that it could open" 32 "$(tail -n 1 "$scratch/lines")"
for fd in "${clients[@]:20}"; do
	exec {fd}>&-
done
ends limited

begin serve
prints() { # WHAT ARGUMENTS...
	local what=$1
	shift
	equal "inside $*" "$what" "$("$inside" "$@")"
}
prints "as it should be" life 127.0.0.1:0
prints "as it should be" fork 127.0.0.1:0
prints EADDRINUSE error "127.0.0.1:$port"
prints EACCES error 0.0.0.0:0
prints EACCES error :0
prints EINVAL error 127.0.0.1
prints EINVAL error example.org:80
prints EINVAL error 0.0.0.0:0 short
prints served error 0.0.0.0:0 a-token-of-24-characters
prints served error 127.0.0.1:0
ends "a program whose port others want"
finish
