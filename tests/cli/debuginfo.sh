#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Where names come from when a program has none: a file beside it, one where the system keeps them, a
# server that is asked only where the user says so. Without any of them there are addresses.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

command -v python3 >/dev/null || skip "no python3"
command -v objcopy >/dev/null || skip "no objcopy (Debian: binutils)"

# Optimised and stripped, whatever this build is; its debug information is in $scratch/away.debug.
program=$scratch/bin/program
mkdir "$scratch/bin"
cp "$LTR_BUILD/tests/cli/holders" "$program"
objcopy --only-keep-debug "$program" "$scratch/away.debug"
strip -s "$program"
objcopy --add-gnu-debuglink="$scratch/away.debug" "$program"
id=$(readelf -n "$program" | sed -n 's/ *Build ID: *//p')
[[ $id =~ ^[0-9a-f]{8,}$ ]] || skip "no build id in what is built here"

export LTR_PROCS=1 XDG_CACHE_HOME=$scratch/cache HOME=$scratch
unset DEBUGINFOD_URLS LTR_DEBUGINFOD
profile=(profile --via shm --type mutex --folded -o - -- "$program" mutex)

loiter_is 0 "" "${profile[@]}"
lacks "stripped" 'give_back|hold_mutex' "$scratch/out"
contains "stripped" '^0x[0-9a-f]+(;0x[0-9a-f]+)* [1-9][0-9]*$' "$scratch/out"
loiter_is 0 "" profile --via shm --type mutex -o "$scratch/stripped.pb.gz" -- "$program" mutex
if command -v go >/dev/null; then
	PPROF_TMPDIR=$scratch PPROF_BINARY_PATH=$scratch go tool pprof -raw "$scratch/stripped.pb.gz" >"$scratch/raw" 2>"$scratch/err"
	contains "stripped: its mapping" "/bin/program $id" "$scratch/raw"
fi

# --- beside it, by the name in the program ---
for place in "$scratch/bin" "$scratch/bin/.debug"; do
	mkdir -p "$place"
	cp "$scratch/away.debug" "$place/away.debug"
	loiter_is 0 "" "${profile[@]}"
	contains "in $place" '^hold_mutex;give_back [1-9][0-9]*$' "$scratch/out"
	rm "$place/away.debug"
done
# Another program's: its build id is another one.
objcopy --only-keep-debug "$loiter" "$scratch/bin/away.debug"
loiter_is 0 "" "${profile[@]}"
lacks "another program's" 'give_back' "$scratch/out"
rm "$scratch/bin/away.debug"

# --- where the system keeps them, in a /usr/lib/debug that nobody else sees ---
if unshare -m true 2>/dev/null && [[ -d /usr/lib/debug ]]; then
	# shellcheck disable=SC2016
	unshare -m bash -c 'mount -t tmpfs none /usr/lib/debug && mkdir -p "/usr/lib/debug/.build-id/${1:0:2}" &&
		cp "$2" "/usr/lib/debug/.build-id/${1:0:2}/${1:2}.debug" && exec "${@:3}"' - \
		"$id" "$scratch/away.debug" "$loiter" "${profile[@]}" >"$scratch/out" 2>"$scratch/err" || fail "in a /usr/lib/debug: $(<"$scratch/err")"
	contains "by its build id" '^hold_mutex;give_back [1-9][0-9]*$' "$scratch/out"
else
	printf 'not by build id: no mount namespace, or no /usr/lib/debug\n'
fi

# --- a server ---
mkdir -p "$scratch/served/buildid/$id"
cp "$scratch/away.debug" "$scratch/served/buildid/$id/debuginfo"
python3 -u -c '
import functools, http.server, sys
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
server = http.server.HTTPServer(("127.0.0.1", 0), handler)
print(server.server_port, flush=True)
server.serve_forever()' "$scratch/served" >"$scratch/port" 2>"$scratch/requests" &
until_true "no server" test -s "$scratch/port"
DEBUGINFOD_URLS=http://127.0.0.1:$(<"$scratch/port")/
export DEBUGINFOD_URLS

loiter_is 0 "" "${profile[@]}"
lacks "not asked for" 'give_back' "$scratch/out"
equal "nobody was asked" "" "$(<"$scratch/requests")"
export LTR_DEBUGINFOD=1
if ls /usr/lib/*/libdebuginfod.so.1 >/dev/null 2>&1; then
	loiter_is 0 "" "${profile[@]}"
	contains "from a server" '^hold_mutex;give_back [1-9][0-9]*$' "$scratch/out"
	contains "from a server" "\"GET /buildid/$id/debuginfo HTTP/1.[01]\" 200" "$scratch/requests"
else
	printf 'not from a server: no libdebuginfod (Debian: libdebuginfod1)\n'
fi
# None that answers: addresses again.
export DEBUGINFOD_URLS=http://127.0.0.1:1/ XDG_CACHE_HOME=$scratch/other
loiter_is 0 "" "${profile[@]}"
lacks "no server" 'give_back' "$scratch/out"
finish
