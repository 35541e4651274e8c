#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loiter profile --type cpu on a program that works in named functions, 3 : 1 (cpu_target.c), and what go
# tool pprof makes of the file.
set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

: "${LTR_BUILD:?is set by ctest: the build folder}"
loiter=$LTR_BUILD/loiter
scratch=$(mktemp -d)
export HOME=$scratch PPROF_TMPDIR=$scratch LTR_PROCS=1
trap 'exec {to}>&- || true; rm -rf "$scratch"' EXIT

contains() { contains_with -E "$@"; } # WHAT PATTERN FILE

command -v go >/dev/null || skip "no go (Debian: golang-go)"
mkfifo "$scratch/to"
"$LTR_BUILD/tests/probe/cpu_target" <"$scratch/to" >"$scratch/from" &
target=$!
exec {to}>"$scratch/to"
until_true "cpu_target does not start" grep '^on$' "$scratch/from"

has_way ebpf profile --type cpu --seconds 3 --rate 997 -p "$target" -o "$scratch/cpu.pb.gz" || {
	((faults == 0)) || exit 1
	skip "$(<"$scratch/err")"
}

pprof() { go tool pprof "$@" "$scratch/cpu.pb.gz" >"$scratch/out" 2>"$scratch/errors" || fail "go tool pprof $*"; }

pprof -top
contains top '^Type: cpu$' "$scratch/out"
contains top '^Duration: [3-9]' "$scratch/out"
contains top ' work_three$' "$scratch/out"
contains top ' work_one$' "$scratch/out"
pprof -raw
contains raw '^PeriodType: cpu nanoseconds$' "$scratch/out"
contains raw '^Period: 1003009$' "$scratch/out"
contains raw '^samples/count cpu/nanoseconds' "$scratch/out"
# Everything of goroutine "one" is in its function and below it.
pprof -top -unit ms -tagfocus 'name=^one$'
contains "tag one" ' work_one$' "$scratch/out"
! grep -q ' work_three$' "$scratch/out" || fail "goroutine one in work_three()"
pprof -tags
contains tags ' running$' "$scratch/out"
contains tags ' syscall$' "$scratch/out"
contains tags ' caller$' "$scratch/out"
pprof -traces -focus work_three
contains traces 'creator: +run .*cpu_target.c:[0-9]+' "$scratch/out"

# In samples; test cpu knows how many.
pprof -top -sample_index samples
contains shares ' work_three$' "$scratch/out"
three=$(awk '$NF == "work_three" { print $4 + 0 }' "$scratch/out")
one=$(awk '$NF == "work_one" { print $4 + 0 }' "$scratch/out")
checks=$((checks + 1))
((three > one && one > 0)) || fail "$three : $one samples, where the work is 3 : 1"

# What cannot be.
refuses() { # PATTERN ARGUMENTS...
	local pattern=$1
	shift
	status=0
	"$loiter" profile -o "$scratch/none" "$@" 2>"$scratch/said" || status=$?
	equal "the status of $*" 64 "$status"
	contains "$*" "$pattern" "$scratch/said"
}
refuses 'through eBPF alone' --type cpu --via shm -p "$target"
refuses 'rate is for --type cpu' --type wait --rate 10 -p "$target"
refuses 'added up' --type cpu --per-goroutine -p "$target"
exec {to}>&-
wait "$target"
finish
