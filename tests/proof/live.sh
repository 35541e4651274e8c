#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# No goroutine that can be woken is ever called leaked: ten kinds, a thousand of each, while others
# come and go; without stopping the program and with. In the end all of them are woken.
# shellcheck source=tests/proof/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start live 1000 4
for look in 1 2 3; do
	judge -p "$subject"
	equal "status, look $look" 0 "$judged"
	contains_with -F "look $look" "nothing was found" "$SCRATCH/report"
	equal "look $look could prove something" "" "$(cat "$SCRATCH/error")"
done
judge --freeze -p "$subject"
equal "status, stopped" 0 "$judged"
contains_with -F "stopped" "nothing was found" "$SCRATCH/report"
equal "stopped: could prove something" "" "$(cat "$SCRATCH/error")"

profile_leaks -p "$subject"
equal "status of a profile" 0 "$judged"
equal "a profile could be made" "" "$(cat "$SCRATCH/error")"
equal "nobody is in the profile" "" "$(cat "$SCRATCH/folded")"

printf x >&9
read -r line <&8
equal "all were woken" "woken: 13000" "$line"
status=0
wait "$subject" || status=$?
equal "status of the program" 0 "$status"
subject=""
finish
