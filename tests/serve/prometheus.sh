#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# promtool judges the metrics; a Prometheus with the configuration of deploy/ finds its target
# up and our series in it.
# shellcheck source=tests/serve/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

command -v promtool prometheus >/dev/null || skip "no prometheus (Debian: prometheus)"
printf 'a-token-of-24-characters\n' >"$scratch/token"
start_subject
start_server --token-file "$scratch/token" -p "$subject_pid"
token=(-H 'Authorization: Bearer a-token-of-24-characters')
await eval 'curl -s "${token[@]}" "$url/metrics" | grep -q "^go_goroutines 6$"'
ask /metrics "${token[@]}"
checks=$((checks + 1))
promtool check metrics <"$scratch/body" >"$scratch/verdict" 2>&1 || {
	fail "promtool check metrics:"
	cat "$scratch/verdict"
}
equal "what promtool would have otherwise" "" "$(cat "$scratch/verdict")"

configure_prometheus
start_prometheus
has_series() { # QUERY VALUE
	[[ $(answer_of "$1") == *"\"$2\"]"* ]]
}
await has_series 'up{job="loiter"}' 1
await has_series 'loiter_goroutines{job="loiter",state="chan",reason="chan send"}' 3
await has_series 'sum(go_goroutines)' 6
checks=$((checks + 3))
# The program ends: its target is down, and that is a fact to alert on.
stop "$subject_pid"
await has_series 'up{job="loiter"}' 0
checks=$((checks + 1))
finish
