#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Thousands at once: quick, slow, greedy ones, and such that wait. Nobody who asks properly goes without
# an answer, and nothing of them is left.
# shellcheck source=tests/serve/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

command -v python3 >/dev/null || skip "no python3 (Debian: python3)"
start_subject
start_server -p "$subject_pid"
await_crowd
descriptors() { find "/proc/$server_pid/fd" -mindepth 1 | wc -l; }
before=$(descriptors)
status=0
python3 "$LTR_SOURCE/tests/serve/crowd.py" "$port" || status=$?
[[ $status != 77 ]] || skip "there may be too few descriptors"
equal "status of the crowd" 0 "$status"
is_well "the crowd"
answers 200 'text/plain; charset=utf-8' '/debug/pprof/goroutine?debug=2'
are_gone() { (($(descriptors) <= before)); }
await are_gone
checks=$((checks + 1))
most_kib=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB$/\1/p' "/proc/$server_pid/status")
echo "the server took $most_kib KiB at most"
((most_kib < 256 * 1024)) || [[ -n ${LTR_SANITIZE:-} ]] || fail "the server took $most_kib KiB"
kill -TERM "$server_pid"
status=0
wait "$server_pid" || status=$?
equal "status after all this" 0 "$status"
finish
