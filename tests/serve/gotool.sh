#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# go tool pprof asks the server by itself: every type, and what changes in a second.
# shellcheck source=tests/serve/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

command -v go >/dev/null || skip "no go (Debian: golang-go)"
start_subject
start_server -p "$subject_pid"
await_crowd

top() { # PATH [OPTIONS...]
	local path=$1
	shift
	go tool pprof -top "$@" "$url/debug/pprof/$path" >"$scratch/top" 2>"$scratch/errors" || {
		fail "go tool pprof $path:"
		cat "$scratch/errors"
	}
}

top goroutine
contains goroutine '^Type: goroutine$' "$scratch/top"
contains goroutine '100% of 6 total$' "$scratch/top"
contains goroutine '^ +3 50\.00% .* send_one$' "$scratch/top"
top create
contains create '100% of 6 total$' "$scratch/top"
contains create '^ +5 .* run$' "$scratch/top"
top wait
contains wait '^Type: delay$' "$scratch/top"
contains wait ' send_one$' "$scratch/top"
top block -focus 'send_one' -sample_index contentions
contains block '^ +3 .* send_one$' "$scratch/top"
top mutex
contains mutex ' quarrel$' "$scratch/top"
top sched
contains sched ' \(queued\)$' "$scratch/top"
top wall
contains wall '^Type: wall$' "$scratch/top"
# What changes: the quarrel goes on, nobody comes or goes.
top 'mutex?seconds=1'
contains "mutex-delta" ' quarrel$' "$scratch/top"
contains "mutex-delta" '^Duration: [1-9]' "$scratch/top"
# pprof's own way to ask for it
top wall -seconds 1
contains "wall-delta" ' send_one$' "$scratch/top"
# The CPUs, under loiter's name and under Go's, which says for how long.
ask '/debug/pprof/profile?seconds=1'
if [[ $status == 500 ]]; then
	contains "no CPU profile" '^Could not enable CPU profiling: .*(refused|this kernel)' "$scratch/body"
else
	equal "the status of profile" 200 "$status"
	contains "profile" '^Content-Disposition: attachment; filename="profile"$' "$scratch/head"
	top 'profile?seconds=1'
	contains profile '^Type: cpu$' "$scratch/top"
	contains profile '^Duration: [1-9]' "$scratch/top"
	# Since the first question: the quarrel needs little, and is met sooner or later.
	tries=0
	until top cpu && grep -qE ' [1-9][0-9.]*m?s total$' "$scratch/top" || ((++tries > 60)); do
		:
	done
	contains cpu '^Type: cpu$' "$scratch/top"
	contains cpu ' [1-9][0-9.]*m?s total$' "$scratch/top"
	answers 200 "application/octet-stream" '/debug/pprof/cpu?seconds=1'
	contains "cpu-delta" '^Content-Disposition: attachment; filename="cpu-delta"$' "$scratch/head"
fi
finish
