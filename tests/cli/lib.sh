# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the scripts in this folder share. Each check runs loiter, and looks at its status, at what it
# says on standard error, and at what is left behind: no file, no socket, no process.

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

: "${LTR_BUILD:?is set by ctest: the build folder}"
loiter=$LTR_BUILD/loiter
fake=$LTR_BUILD/tests/cli/fake
scratch=$(mktemp -d)
export XDG_RUNTIME_DIR=$scratch/run # the gate's folders appear in there
export XDG_CONFIG_HOME=$scratch/config # nobody's settings
mkdir "$XDG_RUNTIME_DIR"

cleanup() {
	local pid
	for pid in $(jobs -pr); do # only what is still ours: ids are used again
		kill -KILL "$pid" 2>/dev/null || true
	done
	rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 143' TERM INT HUP

# loiter_is STATUS PATTERN ARGUMENTS...: runs loiter. Its status has to be STATUS, the pattern (an
# extended regular expression; "" for nothing at all) has to be in its standard error. Outputs are in
# $scratch/out and $scratch/err.
loiter_is() {
	local expected=$1 pattern=$2 status=0
	shift 2
	checks=$((checks + 1))
	timeout -k 5 "$patience" "${under[@]}" "$loiter" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
	if [[ $status != "$expected" ]]; then
		fail "status $status, not $expected: loiter $*"
		cat "$scratch/err"
	fi
	# Whether eBPF is refused is up to where the tests run.
	[[ -n $pattern ]] || sed -i '/^loiter: watches through shared memory: eBPF is refused/d' "$scratch/err"
	if [[ -z $pattern && -s $scratch/err ]]; then
		fail "says something: loiter $*"
		cat "$scratch/err"
	elif [[ -n $pattern ]] && ! grep -qE -- "$pattern" "$scratch/err"; then
		fail "no '$pattern' from: loiter $*"
		cat "$scratch/err"
	fi
	nothing_left "loiter $*"
}
under=() # put before loiter

# one_sentence_is STATUS PATTERN ARGUMENTS...: the same for errors: all it says is one line that
# begins with its name, and standard output is empty.
one_sentence_is() {
	loiter_is "$@"
	shift 2
	if [[ $(wc -l <"$scratch/err") != 1 || $(head -c 8 "$scratch/err") != "loiter: " ]]; then
		fail "not one sentence: loiter $*"
		cat "$scratch/err"
	fi
	[[ ! -s $scratch/out ]] || fail "prints something: loiter $*"
}

# await_file FILE: until it is there
await_file() { until_true "there is no $1 after $patience s" test -e "$1"; }

# start NAME: a case of $cases that stays and has said so; its id is in $pid.
start() {
	: >"$scratch/stays"
	"$cases" "$1" >"$scratch/stays" &
	pid=$!
	until_true "$1 does not start" test -s "$scratch/stays"
}
cases=$LTR_BUILD/tests/cli/cases

stop() {
	kill -0 "$pid" || fail "it does not run any more"
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || true
}

# is_loiter PID: no longer the shell's copy, which has handlers and blocked signals of its own
is_loiter() { [[ $(cat "/proc/$1/comm") == loiter ]]; }

nothing_left() {
	[[ -z $(ls -A "$XDG_RUNTIME_DIR") ]] || {
		fail "left in the runtime folder: $1"
		rm -rf "${XDG_RUNTIME_DIR:?}"/*
	}
}

contains() { contains_with -E "$@"; } # WHAT PATTERN FILE

lacks() { # WHAT PATTERN FILE
	checks=$((checks + 1))
	! grep -qE -- "$2" "$3" || fail "$1: there is '$2'"
}

# start_fake STEPS...: a fake in the background that has finished its steps and hangs; its id is in
# $fake_pid.
start_fake() {
	rm -f "$scratch/ready"
	"$fake" "$@" touch "$scratch/ready" hang - &
	fake_pid=$!
	await_file "$scratch/ready"
}

stop_fake() {
	kill -KILL "$fake_pid"
	wait "$fake_pid" 2>/dev/null || true
}
