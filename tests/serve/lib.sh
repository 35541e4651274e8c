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
	grep -q '^loiter: serving https*://' "$scratch/said" && return
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
	url=$(sed -n 's|^loiter: serving \(https*://[^/]*\)/.*|\1|p' "$scratch/said")
	# shellcheck disable=SC2034 # for the scripts
	port=${url##*:}
}

# start_inside PROGRAM ARGUMENTS...: one that serves itself, until descriptor 8 is closed. Its id is in $program,
# what it prints in $scratch/lines.
program=""
start_inside() {
	rm -f "$scratch/input"
	mkfifo "$scratch/input"
	: >"$scratch/lines"
	"$@" <"$scratch/input" >"$scratch/lines" 2>"$scratch/said" &
	program=$!
	exec 8>"$scratch/input"
	await grep -q '^http' "$scratch/lines"
	url=$(grep '^http' "$scratch/lines")
	# shellcheck disable=SC2034 # for the scripts
	port=${url##*:}
}
# ends HOW: it is told to, and has nothing to say.
ends() {
	local status=0
	exec 8>&-
	wait "$program" || status=$?
	equal "status of $1" 0 "$status"
	equal "what $1 says" "" "$(cat "$scratch/said")"
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

well() { # WHAT COMMAND...
	local what=$1
	shift
	checks=$((checks + 1))
	"$@" >"$scratch/verdict" 2>&1 || {
		fail "$what"
		cat "$scratch/verdict"
	}
}

# That of deploy/, with this server's address and this token's file.
configure_prometheus() {
	sed "s|127.0.0.1:6060|127.0.0.1:$port|; s|/etc/loiter/token|$scratch/token|; s|15s|1s|" \
		"$LTR_SOURCE/deploy/prometheus/prometheus.yml" >"$scratch/prometheus.yml"
	cp "$LTR_SOURCE/deploy/prometheus/loiter.rules.yml" "$scratch/"
	contains "the configuration" "127.0.0.1:$port" "$scratch/prometheus.yml"
	contains "the configuration" "$scratch/token" "$scratch/prometheus.yml"
	well "promtool check config" promtool check config "$scratch/prometheus.yml"
}

prometheus_is_ready() { curl -sf -m 5 "$prometheus/-/ready" >/dev/null; }

# With $scratch/prometheus.yml; its address is in $prometheus.
start_prometheus() {
	local pid
	for _ in 1 2 3 4 5; do # a port that is free now may not be later
		prometheus=http://127.0.0.1:$((20000 + RANDOM % 20000))
		prometheus --config.file="$scratch/prometheus.yml" --storage.tsdb.path="$scratch/data" \
			--web.listen-address="${prometheus#http://}" >"$scratch/prometheus.log" 2>&1 &
		pid=$!
		until prometheus_is_ready || ! kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
		! kill -0 "$pid" 2>/dev/null || return 0
	done
	fail "no prometheus: $(tail -n 3 "$scratch/prometheus.log")"
	exit 1
}

# answer_of QUERY: as JSON
answer_of() { curl -s -m 5 --data-urlencode "query=$1" "$prometheus/api/v1/query"; }
