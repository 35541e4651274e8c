# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
#
# What the integration tests share: starting httpd and being sure that it ends, speaking HTTP by
# hand, and counting what went wrong. A script sources this, makes its checks, and calls finish.

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

: "${LTR_BUILD:?is set by ctest: the build folder}"
HTTPD=$LTR_BUILD/examples/httpd
LOITER=$LTR_BUILD/loiter
SCRATCH=$(mktemp -d)
started=() # processes, by id
# Set by start_httpd and wait_httpd.
httpd_pid="" httpd_status="" address="" port=""

cleanup() {
	local pid
	for pid in "${started[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	rm -rf "$SCRATCH"
}
trap cleanup EXIT
trap 'exit 143' TERM INT HUP

# contains WHAT PART FILE: the file has a line with this part (a plain string)
contains() { contains_with -F "$@"; }

# A folder with something to serve: $SCRATCH/root, and a secret beside it.
make_root() {
	mkdir -p "$SCRATCH/root/folder"
	printf 'hello\n' >"$SCRATCH/root/hello.txt"
	printf '<p>hi</p>\n' >"$SCRATCH/root/page.html"
	printf 'with blank\n' >"$SCRATCH/root/a b.txt"
	: >"$SCRATCH/root/empty"
	printf 'inner\n' >"$SCRATCH/root/folder/inner.txt"
	head -c 5000000 /dev/urandom >"$SCRATCH/root/big.bin"
	printf 'secret\n' >"$SCRATCH/secret"
	ln -s ../secret "$SCRATCH/root/way-out"
	ln -s hello.txt "$SCRATCH/root/way-in"
	mkfifo "$SCRATCH/root/fifo"
}

# start_httpd OPTIONS...: sets httpd_pid, address, port. $httpd_under is put before the command.
httpd_under=()
start_httpd() {
	local line
	rm -f "$SCRATCH/said"
	mkfifo "$SCRATCH/said"
	"${httpd_under[@]}" "$HTTPD" --listen 127.0.0.1:0 --root "$SCRATCH/root" "$@" \
		>"$SCRATCH/said" 2>"$SCRATCH/httpd.log" &
	httpd_pid=$!
	started+=("$httpd_pid")
	exec 9<"$SCRATCH/said"
	IFS= read -r -t 30 line <&9 || {
		cat "$SCRATCH/httpd.log"
		fail "httpd did not start"
		exit 1
	}
	address=${line#listening on }
	port=${address##*:}
}

# stop_httpd [SIGNAL]: sets httpd_status to its exit status
stop_httpd() {
	kill "-${1:-TERM}" "$httpd_pid"
	wait_httpd
}

wait_httpd() {
	httpd_status=0
	wait "$httpd_pid" || httpd_status=$?
	exec 9<&-
	if [[ -s $SCRATCH/httpd.log ]]; then
		cat "$SCRATCH/httpd.log"
	fi
}

# status OPTIONS... URL: the status that curl got
status() {
	curl -s -o "$SCRATCH/body" -w '%{http_code}' --max-time 30 "$@" || true
}

# raw TEXT: sends these bytes (printf's escapes), prints everything that comes back until the end
raw() {
	exec 8<>"/dev/tcp/127.0.0.1/$port"
	# shellcheck disable=SC2059 # the escapes are the point
	printf "$1" >&8 2>/dev/null || true
	timeout 30 cat <&8 | tr -d '\r'
	exec 8>&-
}

# raw_status TEXT: the status of the first answer
raw_status() {
	raw "$1" | awk 'NR == 1 { print $2; exit }'
}

# Repeats a command until it succeeds; gives up after $1 tenths of a second.
eventually() {
	local tries=$1
	shift
	until "$@"; do
		((tries-- > 0)) || return 1
		read -r -t 0.1 <> <(:) || true
	done
}
