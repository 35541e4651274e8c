#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# promtool judges the metrics; a Prometheus with the configuration of docs/serve.md finds its target
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

# The configuration is the page's, with this server's address and this token's file.
sed -n '/^```yaml$/,/^```$/p' "$LTR_SOURCE/docs/serve.md" | sed '/^```/d' |
	sed "s|127.0.0.1:6060|127.0.0.1:$port|; s|/etc/loiter/token|$scratch/token|; s|15s|1s|" \
		>"$scratch/prometheus.yml"
contains "the page's configuration" "127.0.0.1:$port" "$scratch/prometheus.yml"
contains "the page's configuration" "$scratch/token" "$scratch/prometheus.yml"
checks=$((checks + 1))
promtool check config "$scratch/prometheus.yml" >"$scratch/verdict" 2>&1 || {
	fail "promtool check config:"
	cat "$scratch/verdict"
}

prometheus_is_ready() { curl -sf -m 5 "$prometheus/-/ready" >/dev/null; }
for _ in 1 2 3 4 5; do # a port that is free now may not be later
	prometheus=http://127.0.0.1:$((20000 + RANDOM % 20000))
	prometheus --config.file="$scratch/prometheus.yml" --storage.tsdb.path="$scratch/data" \
		--web.listen-address="${prometheus#http://}" >"$scratch/prometheus.log" 2>&1 &
	prometheus_pid=$!
	until prometheus_is_ready || ! kill -0 "$prometheus_pid" 2>/dev/null; do sleep 0.1; done
	! kill -0 "$prometheus_pid" 2>/dev/null || break
done
has_series() { # QUERY VALUE
	curl -s -m 5 --data-urlencode "query=$1" "$prometheus/api/v1/query" >"$scratch/series"
	grep -q "\"$2\"\]" "$scratch/series"
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
