#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The arrows between rooms run one way. First the test tests itself on a tree with planted faults.
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")

# Complaints about the tree in folder $1, on standard output.
arrows() {
	(cd "$1" && find runtime probe check pprof serve tui cli examples bench tests -name '*.[chS]' |
		sort | awk -f "$here/arrows.awk")
}

# A small tree without faults.
plant_tree() {
	local tree=$1 room
	for room in runtime/include/loiter runtime/src probe/bpf probe/ebpf check pprof serve \
		serve/findings serve/inside serve/include/loiter tui cli examples bench tests/check tests/tui; do
		mkdir -p "$tree/$room"
	done
	echo '#include <stdint.h>' | tee "$tree"/runtime/include/loiter/{event,layout,gate,channel}.h >/dev/null
	echo '#include <loiter/channel.h>' >"$tree/runtime/include/loiter.h"
	echo '#include "../include/loiter/event.h"' >"$tree/runtime/src/sched.h"
	printf '#include "sched.h"\n#include <sys/epoll.h>\n' >"$tree/runtime/src/sched.c"
	echo '#include <loiter/event.h>' >"$tree/probe/census.h"
	echo '#include "census.h"' | tee "$tree"/probe/{census_fill,probe}.h >/dev/null
	printf '#include <loiter/event.h>\n#include <bpf/bpf_helpers.h>\n' >"$tree/probe/bpf/batch.bpf.c"
	printf '#include "../census.h"\n#include <bpf/libbpf.h>\n#include "batch.skel.h"\n#include "batch.lskel.h"\n' \
		>"$tree/probe/ebpf/records.c"
	echo '#include <elfutils/libdwfl.h>' >"$tree/probe/symbols.c"
	echo '#include "census.h"' >"$tree/check/check.h"
	printf '#include "check.h"\n#include <stdio.h>\n' >"$tree/check/check.c"
	printf '#include <probe/census.h>\n#include "profile.pb-c.h"\n' >"$tree/pprof/profile.c"
	printf '#include "profile.h"\n#include <pprof/sink.h>\n#include <microhttpd.h>\n' >"$tree/serve/server.c"
	printf '#include <loiter/pprof.h>\n#include <probe/probe.h>\n#include <serve/serve.h>\n' \
		>"$tree/serve/inside/inside.c"
	touch "$tree/serve/include/loiter/pprof.h" "$tree/serve/serve.h"
	touch "$tree"/pprof/{profile,sink}.h
	printf '#include "census.h"\n#include <curses.h>\n' >"$tree/tui/curses.c"
	echo '#include "probe/census.h"' >"$tree/tui/screen.h"
	printf '#include "check/check.h"\n#include "probe.h"\n' >"$tree/cli/main.c"
	printf '#include <loiter.h>\n# include <http_parser.h>\n' >"$tree/examples/httpd.c"
	printf '#include "census_fill.h"\n#include <cmocka.h>\n' >"$tree/tests/check/test.c"
}

faults=0
# plant FILE INCLUDE: a tree with this one more line must be refused, and for this line.
plant() {
	local tree=$scratch/tree output
	rm -rf "$tree"
	plant_tree "$tree"
	mkdir -p "$(dirname "$tree/$1")"
	printf '#include %s\n' "$2" >>"$tree/$1"
	if output=$(arrows "$tree"); then
		echo "not found: $1 includes $2"
		faults=$((faults + 1))
	elif ! grep -qF "$1" <<<"$output"; then
		echo "found, but elsewhere: $1 includes $2: $output"
		faults=$((faults + 1))
	fi
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
plant_tree "$scratch/good"
arrows "$scratch/good" >"$scratch/said" || {
	echo "the tree without faults was refused:"
	cat "$scratch/said"
	exit 1
}

plant runtime/src/sched.c '"../../probe/census.h"'
plant runtime/src/sched.c '<bpf/libbpf.h>'
plant runtime/include/loiter/channel.h '<zlib.h>'
plant runtime/src/sched.c '<a_new_library.h>'
plant probe/symbols.c '"../check/check.h"'
plant probe/symbols.c '<loiter/channel.h>'
plant probe/symbols.c '<loiter.h>'
plant probe/symbols.c '<bpf/libbpf.h>'
plant probe/symbols.c '<curses.h>'
plant probe/target/recording.c '<bpf/libbpf.h>'
plant probe/ebpf/records.c '"../census_fill.h"'
plant probe/bpf/batch.bpf.c '<stdio.h>'
plant probe/bpf/batch.bpf.c '"../census.h"'
plant check/check.c '"census_fill.h"'
plant check/check.c '"probe.h"'
plant check/check.c '<loiter/gate.h>'
plant check/check.c '<unheard_of/time.h>'
plant check/check.c '"../tui/screen.h"'
plant check/check.h '<loiter.h>'
plant check/check.c '"sched.h"'
plant pprof/other.c '"profile.pb-c.h"'
plant pprof/profile.c '"../check/check.h"'
plant pprof/profile.c '"../serve/server.h"'
plant serve/other.c '<microhttpd.h>'
plant serve/server.c '"probe.h"'
plant serve/inside/inside.c '<loiter/gate.h>'
plant serve/inside/inside.c '"census_fill.h"'
plant serve/findings/findings.c '<serve/serve.h>'
plant serve/server.c '<check/check.h>'
plant serve/include/loiter/pprof.h '<probe/census.h>'
plant cli/main.c '<microhttpd.h>'
plant tui/screen.c '<ncurses.h>'
plant tui/screen.c '<ncursesw/curses.h>'
plant tui/screen.c '	"probe/probe.h"'
plant cli/main.c '<bpf/libbpf.h>'
plant cli/main.c '"profile.pb-c.h"'
plant cli/main.c '"census_fill.h"'
plant examples/httpd.c '"probe.h"'
plant examples/httpd.c '"../runtime/src/sched.h"'
plant tests/check/test.c '"../../tui/screen.h"'
plant tests/check/test.c 'SOME_MACRO'
[[ $faults -eq 0 ]] || {
	echo "the test of the test failed"
	exit 1
}
echo "self-test: all planted faults were found"

arrows "${LTR_SOURCE:-$here/../..}"
