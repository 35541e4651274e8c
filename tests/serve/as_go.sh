#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A real net/http/pprof is asked the same as we are: the status, all headers but those of the
# connection, and the words of errors are the same.
# shellcheck source=tests/serve/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

command -v go >/dev/null || skip "no go (Debian: golang-go)"
mkdir "$scratch/gopher"
cat >"$scratch/gopher/go.mod" <<'END'
module gopher
END
cat >"$scratch/gopher/main.go" <<'END'
package main

import (
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"runtime"
)

func main() {
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(1)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	panic(http.Serve(listener, nil))
}
END
(cd "$scratch/gopher" && GOCACHE=$scratch/cache GOTOOLCHAIN=local GOFLAGS=-mod=mod go build -o program .) >"$scratch/built" 2>&1 ||
	{
		fail "go build: $(cat "$scratch/built")"
		exit 1
	}
"$scratch/gopher/program" >"$scratch/address" &
await eval '[[ -s $scratch/address ]]'
go_url=http://$(cat "$scratch/address")
start_subject
start_server -p "$subject_pid"
await_crowd

# answer_of_one URL [CURL OPTIONS...]: status, headers without those of the moment and of the connection;
# and the body, if it is an error's.
answer_of_one() {
	local code
	code=$(curl -sS -m "$patience" -o "$scratch/body" -D "$scratch/head" -w '%{http_code}' "${@:2}" "$1")
	echo "$code"
	sed -e 's/\r$//' -e '1d; /^$/d' -e '/^\(Date\|Connection\|Content-Length\|Transfer-Encoding\):/d' \
		"$scratch/head" | sort
	[[ $code == 200 ]] || cat "$scratch/body"
}

# Of each text, the form without its contents.
form_of() {
	sed -E -e 's/(total|second=) ?[0-9]+$/\1 N/' -e 's/^[0-9]+ @( 0x[0-9a-f]+)+$/N @ ADDRESSES/' \
		-e 's/^[0-9]+ [0-9]+ @( 0x[0-9a-f]+)+$/N N @ ADDRESSES/' \
		-e 's/^#\t0x[0-9a-f]+\t[^\t]+\+0x[0-9a-f]+\t+[^\t]+:[0-9]+$/#\tADDRESS\tFUNCTION\tLINE/' "$1" | sort -u
}

same() { # PATH [CURL OPTIONS...]
	answer_of_one "$go_url$1" "${@:2}" >"$scratch/of-go"
	answer_of_one "$url$1" "${@:2}" >"$scratch/of-us"
	equal "$1" "$(cat "$scratch/of-go")" "$(cat "$scratch/of-us")"
}

for type in goroutine block mutex; do
	for query in '' '?debug=0' '?debug=1' '?debug=x' '?debug=1&debug=2' '?debug=' '?seconds=' \
		'?seconds=1&debug=1' '?seconds=0' '?seconds=-1' '?seconds=x' '?seconds=1.5' '?seconds=+1' '?seconds=%201' '/' '/x'; do
		same "/debug/pprof/$type$query"
	done
	same "/debug/pprof/$type" --head
done
same '/debug/pprof/mutex?seconds=1'
for query in '?debug=2' '?seconds=1' '?seconds=1&debug=0' '?seconds=1&debug=x'; do
	same "/debug/pprof/goroutine$query"
done
same '/debug/pprof/goroutine?%64ebug=1'
same '/debug/pprof/%67oroutine'
same '/debug/pprof/'
for name in nothing 'nothing?seconds=1' 'nothing?debug=1' Goroutine; do
	same "/debug/pprof/$name"
done
for query in '' '?debug=1' '?0x1' '?0' '?x' '?+'; do
	same "/debug/pprof/cmdline$query"
	same "/debug/pprof/symbol$query"
done
same /nothing

# Where one is sent on to. (With which status, versions of Go differ.)
location_of() { curl -sS -o "$scratch/body" -D - "$1" | sed -n 's/^Location: \(.*\)\r$/\1/p'; }
for query in '' '?debug=1' '?debug=1&seconds=%31+x' "?\"'<>=&&x"; do
	equal "$query" "$(location_of "$go_url/debug/pprof$query")" "$(location_of "$url/debug/pprof$query")"
done

# What the texts look like.
for type in goroutine mutex; do
	curl -sS "$go_url/debug/pprof/$type?debug=1" >"$scratch/text"
	head -n 1 "$scratch/text" | sed -E 's/[0-9]+/N/' >"$scratch/of-go"
	ask "/debug/pprof/$type?debug=1"
	head -n 1 "$scratch/body" | sed -E 's/[0-9]+/N/' >"$scratch/of-us"
	equal "the first line of $type" "$(cat "$scratch/of-go")" "$(cat "$scratch/of-us")"
done
curl -sS "$go_url/debug/pprof/goroutine?debug=1" >"$scratch/text"
form_of "$scratch/text" >"$scratch/of-go"
ask '/debug/pprof/goroutine?debug=1'
form_of "$scratch/body" >"$scratch/of-us"
equal "lines of goroutine?debug=1" "$(cat "$scratch/of-go")" "$(cat "$scratch/of-us")"

# The index: all of Go's that is not the name, the number or the description of a profile. (Lines begin
# elsewhere in each version of Go.)
frame_of() {
	sed -E -e '/^<tr>|^<li>/d' -e '/^<style>$/,/^<\/style>$/d' -e '/^<p>(Add|Set)/d' | tr -d '\n'
}
curl -sS "$go_url/debug/pprof/" | frame_of >"$scratch/of-go"
curl -sS "$url/debug/pprof/" | frame_of >"$scratch/of-us"
equal "the index" "$(cat "$scratch/of-go")" "$(cat "$scratch/of-us")"
finish
