#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The configurations for fleets in deploy/: what Parca and Grafana Alloy ask for with them is asked
# here, and pprof's parser, which both use, reads the answers; the DaemonSet has no field that
# Kubernetes does not know, and what its container runs is run.
# shellcheck source=tests/serve/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

here=$LTR_SOURCE/tests/serve
deploy=$LTR_SOURCE/deploy
/usr/bin/python3 -c 'import yaml' 2>/dev/null || skip "no PyYAML (Debian: python3-yaml)"
command -v go >/dev/null || skip "no go (Debian: golang-go)"
printf 'a-token-of-24-characters\n' >"$scratch/token"
token=(-H 'Authorization: Bearer a-token-of-24-characters')
# Under a name that no other program has: the DaemonSet looks for it.
cp "$subject" "$scratch/fleet$$"
subject=$scratch/fleet$$
start_subject
start_server --token-file "$scratch/token" -p "$subject_pid"
await eval 'curl -s "${token[@]}" "$url/metrics" | grep -q "^go_goroutines 6$"'

scrape() { # WHO CONFIGURATION: the answers are in $scratch/WHO
	mkdir "$scratch/$1"
	well "$1's requests" /usr/bin/python3 "$here/scrapes.py" "$1" "$deploy/$2" "127.0.0.1:$port" \
		a-token-of-24-characters "$scratch/$1"
	cp "$scratch/verdict" "$scratch/names"
	while IFS= read -r name; do
		well "$1 $name" go tool pprof -raw "$scratch/$1/$name"
		cp "$scratch/verdict" "$scratch/$1/$name.raw"
	done <"$scratch/names"
}
# The sample types that a profile has, as pprof prints them.
types_are() { # EXPECTED FILE
	equal "sample types of ${2##*/}" "$1" "$(sed -n '/^Samples:$/{n;p;q}' "$2")"
}
for who in parca alloy; do
	case $who in
	parca) scrape parca parca/parca.yaml ;;
	alloy) scrape alloy alloy/loiter.alloy ;;
	esac
	for number in 0 1; do
		types_are "goroutine/count" "$scratch/$who/goroutine.$number.raw"
		# Alloy takes differences of these alone, by their names.
		types_are "contentions/count delay/nanoseconds" "$scratch/$who/block.$number.raw"
		types_are "contentions/count delay/nanoseconds" "$scratch/$who/mutex.$number.raw"
		contains "$who: wait of some seconds" '^Duration: [1-9]' "$scratch/$who/wait.$number.raw"
		contains "$who: sched of some seconds" '^Duration: [1-9]' "$scratch/$who/sched.$number.raw"
	done
done
# The difference that Alloy takes: nothing that was counted becomes less.
well "a difference" go tool pprof -raw -base "$scratch/alloy/mutex.0" "$scratch/alloy/mutex.1"
checks=$((checks + 1))
! grep -qE '^ +-[0-9]' "$scratch/verdict" || fail "mutex has become less: $(cat "$scratch/verdict")"
stop "$server_pid"

# The DaemonSet: its fields are Kubernetes' own, and it may do no more than is written there.
well "the DaemonSet" /usr/bin/python3 "$here/daemonset.py" "$deploy/kubernetes/loiter-daemonset.yaml" \
	"$scratch/command"
sed -i "s|/run/loiter/pid|$scratch/pid|; s|:6060|:0|; s|/etc/loiter/token|$scratch/token|; s|exec loiter|exec $loiter|" \
	"$scratch/command"
# A file from a container before this one would make the liveness probe kill the one that waits.
true &
stale=$!
wait "$stale"
echo "$stale" >"$scratch/pid"
PROGRAM=none$$ POD_IP=127.0.0.1 sh -ec "$(<"$scratch/command")" >/dev/null 2>&1 &
waiting=$!
await eval '[[ ! -e $scratch/pid ]]'
stop "$waiting"
echo "$stale" >"$scratch/pid"
PROGRAM=fleet$$ POD_IP=127.0.0.1 sh -ec "$(<"$scratch/command")" >/dev/null 2>"$scratch/said" &
server_pid=$!
await has_address
url=$(sed -n 's|^loiter: serving \(http://[^/]*\)/.*|\1|p' "$scratch/said")
checks=$((checks + 1))
[[ -d /proc/$(<"$scratch/pid") ]] || fail "no process $(<"$scratch/pid")"
status=$(curl -sS -m "$patience" -o "$scratch/body" -w '%{http_code}' "${token[@]}" "$url/debug/pprof/goroutine?debug=1")
equal "what its container serves" 200 "$status"
contains "what its container serves" '^goroutine profile: total [1-9]' "$scratch/body"
equal "without the token" 401 "$(curl -sS -o /dev/null -w '%{http_code}' "$url/metrics")"
finish
