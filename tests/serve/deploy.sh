#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What lies in deploy/: promtool judges the rules and runs their examples, each query of the dashboard
# and of the rules is answered by a Prometheus that scrapes us, every name in them is one that we
# export, and systemd understands the unit.
# shellcheck source=tests/serve/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

command -v promtool prometheus python3 >/dev/null || skip "no prometheus or python3 (Debian: both)"
deploy=$LTR_SOURCE/deploy
well "promtool check rules" promtool check rules "$deploy/prometheus/loiter.rules.yml"
well "promtool test rules" promtool test rules "$deploy/prometheus/loiter.test.yml"

printf 'a-token-of-24-characters\n' >"$scratch/token"
start_subject
start_server --token-file "$scratch/token" -p "$subject_pid"
token=(-H 'Authorization: Bearer a-token-of-24-characters')
await eval 'curl -s "${token[@]}" "$url/metrics" | grep "^loiter_span_seconds_total" >"$scratch/spans"'
ask /metrics "${token[@]}"
sed -n 's/^# TYPE \([^ ]*\) histogram$/\1_bucket\n\1_sum\n\1_count/p; s/^# TYPE \([^ ]*\) .*/\1/p' \
	"$scratch/body" | sort -u >"$scratch/exported"

# All queries, one a line; the dashboard's variables as Grafana fills them in.
cat >"$scratch/queries.py" <<'END'
import json, re, sys
for panel in json.load(open(sys.argv[1]))["panels"]:
    for target in panel["targets"]:
        print(target["expr"].replace("$job", "loiter").replace("$__rate_interval", "1m"))
for rule in re.findall(r"expr: (?:>\n)?((?: {10}.*\n)+|.*\n)", open(sys.argv[2]).read()):
    print(" ".join(rule.split()))
END
python3 "$scratch/queries.py" "$deploy/grafana/loiter.json" "$deploy/prometheus/loiter.rules.yml" |
	sed "s/\$instance/127.0.0.1:$port/g" >"$scratch/queries"
checks=$((checks + 1))
(($(wc -l <"$scratch/queries") >= 16)) || fail "only $(wc -l <"$scratch/queries") queries seen"
grep -oE '\b(go|loiter)_[a-z_]+' "$scratch/queries" | sort -u >"$scratch/asked"
equal "names that we do not export" "" "$(comm -23 "$scratch/asked" "$scratch/exported")"

configure_prometheus
start_prometheus
has_scraped() { [[ $(answer_of 'count_over_time(up{job="loiter"}[1h]) >= 3') == *'"metric"'* ]]; }
await has_scraped
while IFS= read -r query; do
	checks=$((checks + 1))
	[[ $(answer_of "$query") == '{"status":"success"'* ]] ||
		fail "Prometheus on '$query': $(answer_of "$query")"
	# Rules are quiet as long as nothing is wrong; a panel has something to show.
	[[ $query != *'{job="loiter",instance='* || $(answer_of "$query") == *'"metric"'* ]] ||
		fail "nothing to show for '$query'"
done <"$scratch/queries"

if command -v systemd-analyze >/dev/null; then
	mkdir "$scratch/units"
	cp "$deploy/systemd/loiter-serve@.service" "$scratch/units/"
	printf '[Service]\nExecStart=/bin/true\n' >"$scratch/units/httpd.service"
	well "systemd-analyze verify" env "SYSTEMD_UNIT_PATH=$scratch/units:" \
		systemd-analyze verify --man=no --recursive-errors=one loiter-serve@httpd.service
else
	echo "skipped: the unit: no systemd-analyze"
fi
finish
