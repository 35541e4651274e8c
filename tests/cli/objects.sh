#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What is told of the object that a goroutine waits on: where it was made or first used, how full it is,
# and who came to it last.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

objects=$LTR_BUILD/tests/cli/objects
source=$(dirname "${BASH_SOURCE[0]}")/objects.c

# line TAG: "objects.c:NUMBER" of the line with /* TAG */
line() {
	grep -n "/\* $1 \*/" "$source" | sed 's/:.*//; s/^/objects.c:/'
}

# says CASE PATTERN...: each is a line of the report on this case
says() {
	local name=$1 pattern
	shift
	loiter_is 23 "" check --grace 100ms --format text -o "$scratch/$name.txt" --format json \
		-o "$scratch/$name.json" -- "$objects" "$name"
	for pattern in "$@"; do
		contains "$name" "$pattern" "$scratch/$name.txt"
	done
}

gone="goroutine [0-9]+ at .*"
says waitgroup "^ +WaitGroup +first used at .*$(line 'FIRST ADD') \(add_to_group\), 2 not done$" \
	"^ +last to be done: $gone$(line DONE) \(use_group\), which has ended$" \
	"^ +last to add: $gone$(line 'LAST ADD') \(add_to_group\), which has ended$"
says group "^ +WaitGroup +first used at .*$(line MEMBER) \(go_in_group\), 1 not done$" \
	"^ +last to be done: nobody, ever$" "^ +last to add: $gone$(line MEMBER) \(go_in_group\), which has ended$"
says cond "^ +Cond +first used at .*$(line SIGNAL) \(signal_too_early\)$" \
	"^ +last to signal: $gone$(line SIGNAL) \(signal_too_early\), which has ended$"
says broadcast "^ +last to signal: $gone$(line BROADCAST) \(broadcast_too_early\), which has ended$"
says semaphore "^ +semaphore +first used at .*$(line 'FIRST ACQUIRE') \(acquire_and_forget\), 2 of 3 taken$" \
	"^ +last to release: $gone$(line RELEASE) \(acquire_and_forget\), which has ended$" \
	"^ +last to acquire: $gone$(line 'LAST ACQUIRE') \(acquire_and_forget\), which has ended$"
says readers "^ +held by +1 reader$"
says full "^ +channel +made at .*$(line BUFFERED) \(make_channels\), 2 of 2 in its buffer$" \
	"^ +last to receive: nobody, ever$"
says select "^ +channel +case 0 receives: made at .*$(line UNBUFFERED) \(make_channels\), no buffer$" \
	"^ +last to send: nobody, ever$" \
	"^ +channel +case 2 sends: made at .*$(line BUFFERED) \(make_channels\), 2 of 2 in its buffer$" \
	"^ +last to receive: nobody, ever$"
lacks "select" "case 1" "$scratch/select.txt"

# As a document.
json() {
	equal "$1: $2" "$3" "$(jq -r ".findings[] | select(.count == 1) | $2" "$scratch/$1.json")"
}
if command -v jq >/dev/null; then
	json waitgroup '.object | "\(.kind) \(.count) \(.last_done.ended) \(.first_used_at.function)"' \
		"WaitGroup 2 true add_to_group"
	json semaphore '.object | "\(.kind) \(.count) \(.capacity) \(.last_released.by.function)"' \
		"semaphore 2 3 acquire_and_forget"
	json select '.cases[1] | "\(.case) \(.does) \(.count) \(.capacity) \(.closed)"' "2 send 2 2 false"
	json full '.channel | "\(.count) \(.capacity) \(.made_at.function)"' "2 2 make_channels"
	json readers '.lock.readers' 1
fi

finish
