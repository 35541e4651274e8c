#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Readers of JSON that are not ours take the census, and it says what is in it.
set -eu

golden=$LTR_SOURCE/tests/pprof/golden/census.json
if command -v jq >/dev/null; then
	[ "$(jq '.goroutines | length' "$golden")" = 14 ]
	[ "$(jq '.counts.goroutines' "$golden")" = 14 ]
	[ "$(jq -r '.goroutines[] | select(.id == 31) | .labels["go::k,{}"]' "$golden")" = $'v\u00e9\ufffd(' ]
	[ "$(jq -r '.stacks as $s | .goroutines[] | select(.reason == "chan send")
		| $s[.stack | tostring] | map(select(.runtime | not))[0] | "\(.function):\(.line)"' \
		"$golden" | sort -u)" = reply:87 ]
elif command -v python3 >/dev/null; then
	python3 - "$golden" <<'PYTHON'
import json, sys
census = json.load(open(sys.argv[1], encoding="utf-8"))
assert len(census["goroutines"]) == census["counts"]["goroutines"] == 14
named = {g["id"]: g for g in census["goroutines"]}
assert named[30]["name"] == "\x1b]0;owned\x07 \"q\" \u202e"
assert census["stacks"][str(named[10]["stack"])][2]["function"] == "reply"
PYTHON
else
	echo "skipped: neither jq nor python3"
	exit 77
fi
