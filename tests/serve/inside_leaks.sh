#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A program that serves itself and is asked for leaks: all are found and nobody else, whatever happens to
# the child that looks, and the program is not disturbed by it.
# shellcheck source=tests/serve/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

leaky=$LTR_BUILD/tests/serve/inside_leaky
text='text/plain; charset=utf-8'
leaks='/debug/pprof/goroutineleak?debug=2'

# Nothing can be proven under a sanitizer, which has more memory than can be looked at.
proves=true
[[ -z ${LTR_SANITIZE:-} ]] || proves=false
# What is leaked here is meant to be.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0

begin() { # HOW [MEGABYTES]
	start_inside "$leaky" "$1" 127.0.0.1:0 "${2:-0}"
	await eval 'curl -s "$url/metrics" | grep -q "^loiter_goroutines{state=\"chan\",reason=\"chan receive\"} 16$"'
}
lines() { grep -c "^$1$" "$scratch/lines" || true; } # LINE

# Of each goroutine that is leaked, where it waits.
leaked() { awk '/^goroutine .*\(leaked\)\]:$/ { leaked = 1 } /^(leaked|alive)\(/ && leaked { print $1 } /^$/ { leaked = 0 }' "$1"; }
finds() { # WHAT HOW-MANY-AT-MOST FILE
	checks=$((checks + 1))
	(($(leaked "$3" | grep -c '^leaked(') <= $2)) || fail "$1: more than $2 are leaked"
	equal "$1: alive, but called leaked" 0 "$(leaked "$3" | grep -c '^alive(')"
	equal "$1: alive" 6 "$(grep -c '^alive(' "$3")"
}
# Or soon: a value may be left on a stack for a while, and what was found before is kept.
found() { # HOW-MANY
	ask "$leaks"
	(($(leaked "$scratch/body" | grep -c '^leaked(') == $1))
}

# The process that looks, if there is one just now; it is no child of the program's, only its name tells.
prover() {
	local pid
	for pid in $(pgrep -x loiter-prover); do
		[[ $(readlink "/proc/$pid/exe") != "$(realpath "$leaky")" ]] || echo "$pid"
	done
}
no_prover() { [[ -z $(prover) ]]; }

# One is at work; or the question was answered before anybody was seen, and then another one is asked.
asker="" pid=""
ask_until_seen() {
	local end=$((SECONDS + patience))
	while ((SECONDS < end)); do
		curl -s -m "$patience" "$url$leaks" >"$scratch/asked" &
		asker=$!
		while kill -0 "$asker" 2>/dev/null; do
			pid=$(prover)
			[[ -z $pid ]] || return 0
		done
		wait "$asker" || true
	done
	fail "nobody was seen to look"
	exit 1
}

begin leaky
answers 200 "$text" "$leaks"
finds "a first look" 10 "$scratch/body"
if $proves; then
	await found 10
	echo >&8
	await eval '(($(lines more) == 1))'
	await found 20
	finds "a later look" 20 "$scratch/body"
	# The thread that serves is nobody's concern for those who look from outside, either.
	"$loiter" profile -p "$program" --type goroutineleak --text -o "$scratch/outside" || fail "loiter profile: $?"
	contains "from outside" '^goroutineleak profile: total 20$' "$scratch/outside"
	if command -v go >/dev/null; then
		well "go tool pprof" go tool pprof -top "$url/debug/pprof/goroutineleak"
		contains "go tool pprof" '^ +20 +100% .* leaked$' "$scratch/verdict"
	fi
else
	ask '/debug/pprof/goroutineleak?debug=1'
	printf 'not proven under a sanitizer: %s\n' "$(grep '^# loiter: ' "$scratch/body")"
fi
ends "a leaky program"

# Ten at once: each is answered rightly, and each makes the program fork once at most.
begin fork
askers=()
for i in {1..10}; do
	curl -s -m "$patience" "$url$leaks" >"$scratch/body.$i" &
	askers+=($!)
done
wait "${askers[@]}"
for i in {1..10}; do
	finds "question $i" 10 "$scratch/body.$i"
done
forks=$(lines prepared)
checks=$((checks + 1))
((forks >= 1 && forks <= 10)) || fail "$forks forks for ten questions"
ends "a program that many ask"

# The program has no child.
begin children
answers 200 "$text" "$leaks"
equal "children that were seen to end" 0 "$(lines child)"
ends "a program that looks after its children"

begin threaded
answers 200 "$text" "$leaks"
equal "with a thread whose registers are not seen" "" "$(leaked "$scratch/body")"
answers 200 "$text" '/debug/pprof/goroutineleak?debug=1'
$proves && contains "a thread of the program" '1 thread that goroutines do not run on' "$scratch/body"
ends "a program with a thread"

# Who is refused says so.
begin crowded
answers 500 "$text" "$leaks"
contains "no fork" '^Could not look for leaked goroutines: cannot fork: Resource temp' "$scratch/body"
contains "as in Go" '^X-Go-Pprof: 1$' "$scratch/head"
answers 500 "$text" '/debug/pprof/goroutineleak?seconds=1'
answers 200 "$text" '/debug/pprof/goroutine?debug=2'
ends "a program that cannot fork"
begin secretive
answers 500 "$text" "$leaks"
contains "no rights" '^Could not look for leaked goroutines: the child that looks may not read' "$scratch/body"
ends "a program that nobody may read"

# What follows takes a look that lasts.
$proves || finish

# It is killed, and that is all.
begin leaky 200
killed() {
	ask_until_seen
	kill -KILL "$pid" 2>/dev/null || true
	wait "$asker" || true
	grep -q '^Could not look for leaked goroutines: the child .* killed$' "$scratch/asked"
}
await killed
is_well "the child was killed"
# The next one looks as ever. A value that is left on a stack may hide one of them in a large program.
finds_again() { ask "$leaks" && (($(leaked "$scratch/body" | grep -c '^leaked(') >= 9)); }
await finds_again
finds "after that" 10 "$scratch/body"
# The program ends while it looks, well or by a signal: so does the child.
ask_until_seen
ends "a program that is being looked at"
wait "$asker" || true
await no_prover
begin leaky 200
ask_until_seen
stop "$program"
wait "$asker" || true
await no_prover
exec 8>&-
finish
