#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every page: status, headers and words as Go's, and numbers that are those of the subject.
# shellcheck source=tests/serve/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

text='text/plain; charset=utf-8'
types=(goroutine goroutineleak wait block mutex sched wall create)
start_subject
start_server -p "$subject_pid"
await_crowd

answers 200 'text/html; charset=utf-8' /debug/pprof/
for type in "${types[@]}"; do
	contains index "<td><a href='$type\?debug=1'>$type</a></td>" "$scratch/body"
done
equal "the order of the index" "$(printf '%s\n' "${types[@]}" cpu cmdline profile symbol | LC_ALL=C sort)" \
	"$(sed -n "s/^<tr><td>[0-9]*<\/td>.*>\([a-z]*\)<\/a><\/td><\/tr>$/\1/p" "$scratch/body")"
for path in /debug/pprof /; do
	answers 307 'text/html; charset=utf-8' "$path"
	contains "a redirect" '^Location: /debug/pprof/$' "$scratch/head"
	equal "a redirect" '<a href="/debug/pprof/">Temporary Redirect</a>.' "$(cat "$scratch/body")"
done
# With what was asked, as it was asked; none of it is HTML.
while read -r query location html; do
	answers 307 'text/html; charset=utf-8' "/debug/pprof?$query"
	equal "a redirect" "Location: /debug/pprof/?$location" "$(grep -a '^Location:' "$scratch/head")"
	equal "a redirect" "<a href=\"/debug/pprof/?$html\">Temporary Redirect</a>." "$(cat "$scratch/body")"
done <<'END'
debug=1&seconds=%31+x debug=1&seconds=%31+x debug=1&amp;seconds=%31+x
"'<>=&&x "'<>=&&x &#34;&#39;&lt;&gt;=&amp;&amp;x
ä= %c3%a4= %c3%a4=
END

for type in "${types[@]}"; do
	for query in '' '?debug=0' '?seconds='; do
		answers 200 application/octet-stream "/debug/pprof/$type$query"
		contains "$type" "^Content-Disposition: attachment; filename=\"$type\"\$" "$scratch/head"
		checks=$((checks + 1))
		! grep -qi '^Content-Encoding' "$scratch/head" || fail "$type$query: Content-Encoding"
		gzip -t "$scratch/body" || fail "$type$query is not gzip'd"
	done
	answers 200 "$text" "/debug/pprof/$type?debug=1"
	answers 400 "$text" "/debug/pprof/$type?seconds=1&debug=1"
	contains "$type" '^X-Go-Pprof: 1$' "$scratch/head"
	equal "$type" "seconds and debug params are incompatible" "$(cat "$scratch/body")"
done
for seconds in 0 -1 x 1x +1 %201 1.5 99999999999999999999; do
	answers 400 "$text" "/debug/pprof/wait?seconds=$seconds"
	equal "seconds=$seconds" 'invalid value for "seconds" - must be a positive integer' \
		"$(cat "$scratch/body")"
done
answers 400 "$text" "/debug/pprof/wait?seconds=3601"
for type in goroutine wait create; do
	answers 200 application/octet-stream "/debug/pprof/$type?seconds=1"
	contains "$type" "^Content-Disposition: attachment; filename=\"$type-delta\"\$" "$scratch/head"
	gzip -t "$scratch/body" || fail "the delta of $type is not gzip'd"
done

answers 200 "$text" "/debug/pprof/goroutine?debug=1"
equal "the first line" "goroutine profile: total 6" "$(head -n 1 "$scratch/body")"
contains "the senders" '^3 @ ' "$scratch/body"
contains "the senders" '	send_one\+0x[0-9a-f]+	.*subject\.c:[0-9]+$' "$scratch/body"
answers 200 "$text" "/debug/pprof/goroutine?debug=2"
equal "goroutines" 6 "$(grep -cE '^goroutine [0-9]+ \[[^]]+\].*:$' "$scratch/body")"
equal "senders" 3 "$(grep -cE '^goroutine [0-9]+ \[chan send(, [0-9]+ minutes)?\]:$' "$scratch/body")"
answers 200 "$text" "/debug/pprof/mutex?debug=1"
contains "the quarrel" '	quarrel\+0x' "$scratch/body"

answers 404 "$text" /debug/pprof/heap
contains "no such profile" '^X-Go-Pprof: 1$' "$scratch/head"
equal "no such profile" "Unknown profile" "$(cat "$scratch/body")"
answers 404 "$text" "/debug/pprof/goroutine/x"
answers 404 "$text" /nothing

answers 200 "$text" /debug/pprof/cmdline
equal "the command line" "$subject" "$(tr '\0' '\n' <"$scratch/body")"
ask "/debug/pprof/goroutine?debug=1"
address=$(sed -n 's/^#	\(0x[0-9a-f]*\)	send_one.*/\1/p' "$scratch/body" | head -n 1)
answers 200 "$text" "/debug/pprof/symbol?0x1+$address+zzz"
equal "symbols" "num_symbols: 1
$address send_one" "$(cat "$scratch/body")"

answers 200 'application/json' /census.json
contains "the queue's histogram" '^\{"state":"queued","count":[1-9][0-9]*,"total_ns":[0-9]+,"buckets":\[\{"up_to_ns":' "$scratch/body"
contains "a lock's histogram" '^\{"state":"sync","reason":"sync.Mutex.Lock","count":' "$scratch/body"
contains "the census" '"goroutines": *6' "$scratch/body"
answers 200 'text/plain; version=0.0.4; charset=utf-8' /metrics
contains metrics '^loiter_goroutines\{state="chan",reason="chan send"\} 3$' "$scratch/body"
contains metrics '^loiter_goroutines_created_total 6$' "$scratch/body"
contains metrics '^loiter_goroutines_exited_total 0$' "$scratch/body"
contains metrics '^loiter_events_lost_total 0$' "$scratch/body"
contains metrics '^go_sched_latencies_seconds_bucket\{le="6.4e-08"\} [0-9]+$' "$scratch/body"
contains metrics '^loiter_wait_seconds_count\{state="sync",reason="sync.Mutex.Lock"\} [1-9]' "$scratch/body"
contains metrics '^loiter_histograms_incomplete 0$' "$scratch/body"
contains metrics "^loiter_target_info\{pid=\"$subject_pid\",command=\"[^\"]*subject\"" "$scratch/body"
equal "by state" 6 "$(awk '/^loiter_goroutines\{/ { sum += $NF } END { print sum }' "$scratch/body")"
equal "by state, as Go has it" 6 \
	"$(awk '/^go_sched_goroutines_[a-z_]*_goroutines / { sum += $2 } END { print sum }' "$scratch/body")"
# The same series, whichever form a client asks for. Of loiter_goroutines there are those of the moment.
without_values() { sed '/^#/! s/ [^ ]*$//' "$1"; }
open='application/openmetrics-text; version=1.0.0'
for _ in {1..50}; do
	answers 200 'text/plain; version=0.0.4; charset=utf-8' /metrics
	without_values "$scratch/body" |
		sed 's/^# TYPE \(.*\)_total counter$/# TYPE \1 counter/; s/^# HELP \(.*\)_total \(.*\)/# HELP \1 \2/
			s/^# TYPE loiter_target_info gauge$/# TYPE loiter_target info/
			s/^# HELP loiter_target_info/# HELP loiter_target/' >"$scratch/expected"
	echo '# EOF' >>"$scratch/expected"
	answers 200 "$open; charset=utf-8" /metrics -H "Accept: $open,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
	without_values "$scratch/body" >"$scratch/got"
	! cmp -s "$scratch/expected" "$scratch/got" || break
done
equal "OpenMetrics" "$(cat "$scratch/expected")" "$(cat "$scratch/got")"
answers 200 'text/plain; version=0.0.4; charset=utf-8' /metrics -H 'Accept: text/html'

answers 200 "$text" /healthz
equal health ok "$(cat "$scratch/body")"

# HEAD has the head of GET and nothing else.
answers 200 application/octet-stream /debug/pprof/goroutine --head
equal "the body of HEAD" 0 "$(sed '1,/^$/d' "$scratch/head" | wc -c)"
for method in POST PUT DELETE OPTIONS TRACE BREW; do
	answers 405 "$text" /debug/pprof/goroutine -X "$method"
	contains "$method" '^Allow: GET, HEAD$' "$scratch/head"
done
answers 405 "$text" /debug/pprof/symbol --data 0x1

# Whoever comes by another name was sent by a web page.
answers 403 "$text" /debug/pprof/ -H 'Host: example.org'
answers 200 'text/html; charset=utf-8' /debug/pprof/ -H 'Host: localhost:1'
finish
