# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the scripts in this folder share: a subject, a server on it, and asking.

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

: "${LTR_BUILD:?is set by ctest: the build folder}"
loiter=$LTR_BUILD/loiter
subject=$LTR_BUILD/tests/serve/subject
scratch=$(mktemp -d)
export XDG_RUNTIME_DIR=$scratch/run HOME=$scratch PPROF_TMPDIR=$scratch
mkdir "$XDG_RUNTIME_DIR"
patience=60 # seconds, for whatever may hang
subject_pid="" server_pid="" url="" port=""

cleanup() {
	local pid
	for pid in $(jobs -pr); do # only what is still ours: ids are used again
		kill -KILL "$pid" 2>/dev/null || true
	done
	rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 143' TERM INT HUP

contains() { contains_with -aE "$@"; } # WHAT PATTERN FILE

# await COMMAND...: until it succeeds
await() {
	local end=$((SECONDS + patience))
	until "$@"; do
		if ((SECONDS > end)); then
			fail "not after $patience s: $*"
			[[ ! -s $scratch/said ]] || cat "$scratch/said"
			exit 1
		fi
		sleep 0.02
	done
}

is_executed() { [[ $(readlink "/proc/$subject_pid/exe") == "$(realpath "$subject")" ]]; }
start_subject() {
	"$subject" &
	subject_pid=$!
	await is_executed # before that it is a shell
}

has_address() {
	grep -q '^loiter: serving http://' "$scratch/said" && return
	kill -0 "$server_pid" 2>/dev/null || {
		fail "it does not serve: $(cat "$scratch/said")"
		exit 1
	}
	return 1
}

# start_server ARGUMENTS...: its id is in $server_pid, its address in $url and $port.
start_server() {
	: >"$scratch/said"
	# A background job of a script ignores SIGINT, and would hand that down.
	env --default-signal=INT "$loiter" serve --listen 127.0.0.1:0 "$@" >"$scratch/server-out" 2>"$scratch/said" </dev/null &
	server_pid=$!
	await has_address
	url=$(sed -n 's|^loiter: serving \(http://[^/]*\)/.*|\1|p' "$scratch/said")
	# shellcheck disable=SC2034 # for the scripts
	port=${url##*:}
}

# Until all of the subject's goroutines are there.
await_crowd() { await eval 'curl -s "$url/metrics" | grep -q "^go_goroutines 6$"'; }

# ask PATH [CURL OPTIONS...]: the status is in $status, head and body in files.
ask() {
	local path=$1
	shift
	status=$(curl -sS -m "$patience" -o "$scratch/body" -D "$scratch/head" -w '%{http_code}' "$@" \
		"$url$path") || fail "curl $path: status $?"
	sed -i 's/\r$//' "$scratch/head"
	contains "$path" '^X-Content-Type-Options: nosniff$' "$scratch/head"
}

# answers STATUS TYPE PATH [CURL OPTIONS...]
answers() {
	local expected=$1 type=$2
	shift 2
	ask "$@"
	equal "status of $1" "$expected" "$status"
	equal "type of $1" "$type" "$(sed -n 's/^Content-Type: //p' "$scratch/head")"
}

is_well() { # AFTER WHAT
	checks=$((checks + 1))
	[[ $(curl -s -m "$patience" "$url/healthz") == ok ]] || fail "it is not well after $1"
}

stop() { # PID
	kill -KILL "$1"
	wait "$1" 2>/dev/null || true
}
