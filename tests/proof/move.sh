#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# References that are moved from block to block while memory is read: a stop sees every one of them, and
# who has lost its channel is found all the same. In the end all others are woken.
# shellcheck source=tests/proof/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start move 2000
for look in 1 2 3 4 5 6; do
	judge --freeze -p "$subject"
	equal "status, look $look" 23 "$judged"
	equal "look $look could prove something" "" "$(cat "$SCRATCH/error")"
	all_found 98
	equal "nobody else, look $look" "$(lost wait_lost)" "$(lost '.*')"
done

printf x >&9
read -r line <&8
equal "all were woken" "woken: 2000" "$line"
kill -KILL "$subject" 2>/dev/null || true
wait "$subject" 2>/dev/null || true
subject=""
finish
