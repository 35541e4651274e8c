#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# promtool judges the metrics; a Prometheus with the configuration of deploy/ finds its target
# up and our series in it.
# shellcheck source=tests/serve/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

command -v promtool prometheus >/dev/null || skip "no prometheus (Debian: prometheus)"
/usr/bin/python3 -c 'import prometheus_client' 2>/dev/null ||
	skip "no parser of OpenMetrics (Debian: python3-prometheus-client)"
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

# The parser of OpenMetrics in Prometheus' own client library, stricter than its scraper.
ask /metrics "${token[@]}" -H 'Accept: application/openmetrics-text'
cat >"$scratch/parse.py" <<'END'
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as families
print(sum(len(family.samples) for family in families(sys.stdin.read())))
END
/usr/bin/python3 "$scratch/parse.py" <"$scratch/body" >"$scratch/verdict" 2>&1 || true
equal "samples in OpenMetrics" "$(grep -vc '^#' "$scratch/body")" "$(cat "$scratch/verdict")"

configure_prometheus
start_prometheus
has_series() { # QUERY VALUE
	[[ $(answer_of "$1") == *"\"$2\"]"* ]]
}
await has_series 'up{job="loiter"}' 1
await has_series 'loiter_goroutines{job="loiter",state="chan",reason="chan send"}' 3
await has_series 'sum(go_goroutines)' 6
await has_series 'loiter_wait_seconds_count{state="sync",reason="sync.Mutex.Lock"} > bool 0' 1
await has_series 'histogram_quantile(1, go_sched_latencies_seconds_bucket) > bool 0' 1
checks=$((checks + 5))
# The program ends: its target is down, and that is a fact to alert on.
stop "$subject_pid"
await has_series 'up{job="loiter"}' 0
checks=$((checks + 1))
finish
