#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A reader that is kept from reading while the program makes more records than any buffer holds: the
# program goes on, and everybody who looks is told, by each way.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

enough=1000000 # transitions; the largest buffer holds 262144 records

transitions() { # of whoever makes most of them
	"$loiter" dump --json -p "$pid" | grep -o '"transitions":[0-9]*' | cut -d: -f2 | sort -n | tail -n 1
}

is_attached() { # PID: only then it can do without the right to gain more of them; or it has ended
	[[ ! -e /proc/$1 ]] || { is_loiter "$1" && grep -q '^NoNewPrivs:.1$' "/proc/$1/status"; }
}

has_made() { (($(transitions) - before > enough)); }

# sleep_through PID: it is stopped, once it is attached, until a good deal has happened. On a machine that is
# busy it may have lost some before, have said so and have ended.
sleep_through() {
	until_true "it does not attach: $(<"$scratch/err")" is_attached "$1"
	kill -STOP "$1" 2>/dev/null || return 0
	before=$(transitions)
	until_true "the program does not go on" has_made
	kill -CONT "$1"
}

ways=(shm)
if has_way ebpf record --via ebpf -o "$scratch/x.ltr" -- "$cases" clean; then
	ways+=(ebpf)
fi
rm -f "$scratch/x.ltr"
LTR_PROCS=1 start stay-spins
for way in "${ways[@]}"; do
	file=$scratch/$way.ltr
	"$loiter" record --via "$way" -p "$pid" -o "$file" 2>"$scratch/err" &
	recorder=$!
	sleep_through "$recorder"
	kill -INT "$recorder"
	wait "$recorder" || fail "$way: status $?"
	contains "$way: record" "^loiter: [1-9][0-9]* of [0-9]+ records were lost, and the recording says so$" "$scratch/err"
	loiter_is 24 "inconclusive.*lost [1-9][0-9]* records of what its goroutines did" check "$file"
	loiter_is 0 "" top --once --screen 140x30 "$file"
	contains "$way: screen" "LOST [^ ]+ records" "$scratch/out"
	loiter_is 0 "" dump "$file"
	contains "$way: dump" "not the whole truth: [1-9][0-9]* records lost" "$scratch/out"
	loiter_is 0 "" profile --type wait -o "$scratch/wait.pb.gz" "$file"
	gunzip -c "$scratch/wait.pb.gz" >"$scratch/wait.pb"
	contains_with -aE "$way: profile" "not the whole truth: [1-9][0-9]* records lost" "$scratch/wait.pb"

	# Live: it says so, and what it shows is true again.
	printf 'until LOST\nscreen\nkeys <Enter>\nuntil goroutine\nscreen\n' >"$scratch/keys"
	"$loiter" top --via "$way" --script "$scratch/keys" --screen 140x30 -p "$pid" >"$scratch/screen" \
		2>"$scratch/err" &
	viewer=$!
	sleep_through "$viewer"
	wait "$viewer" || fail "$way: status $? of top: $(<"$scratch/err")"
	contains "$way: live" "LOST [^ ]+ records: rows marked ! may be out of date" "$scratch/screen"
done
stop
finish
