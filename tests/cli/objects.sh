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
lacks "nobody has unlocked it" "last to unlock" "$scratch/readers.txt"
says unlocked "^ +held by +1 reader$" "^ +last to unlock: goroutine [0-9]+, which has ended$"
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
	json unlocked '.lock.last_unlocked.ended' true
fi

# The other ways to see it: from outside, and in a recording.
dump_says() {
	local name=$1 pattern=$2
	loiter_is 0 "" dump -- "$objects" "$name"
	contains "dump of $name" "$pattern" "$scratch/out"
	loiter_is 0 "" record -o "$scratch/$name.ltr" -- "$objects" "$name" 300
	loiter_is 0 "" dump "$scratch/$name.ltr"
	contains "dump of a recording of $name" "$pattern" "$scratch/out"
	loiter_is 23 "" check --format text -o "$scratch/again" "$scratch/$name.ltr"
	for kind in "WaitGroup  " "semaphore  " "channel  " "held by"; do
		equal "$name: check of a recording: $kind" \
			"$(grep -A2 "^ *$kind" "$scratch/$name.txt" | sed 's/goroutine [0-9]*/goroutine N/')" \
			"$(grep -A2 "^ *$kind" "$scratch/again" | sed 's/goroutine [0-9]*/goroutine N/')"
	done
}
top_says() {
	local name=$1 pattern=$2
	loiter_is 0 "" top --once --view objects --screen 200x40 "$scratch/$name.ltr"
	contains "top on a recording of $name" "$pattern" "$scratch/out"
}
dump_says waitgroup '\{"first used": "add_to_group objects.c:[0-9]+", WaitGroup: "2 not done", "last to be done": "[0-9]+ use_group objects.c:[0-9]+", "last to add": "[0-9]+ add_to_group '
dump_says semaphore 'semaphore: "2 of 3 taken", "last to release": "[0-9]+ acquire_and_forget objects.c'
dump_says select 'case: "0 receives", made: "make_channels objects.c:[0-9]+", channel: "no buffer", "last to send": nobody, .*case: "2 sends"'
dump_says readers '\{readers: 1\}'

top_says waitgroup " 2 left .*add_to_group objects.c:.*be done: [0-9]+ \(ended\)"
top_says semaphore " 2/3 .*acquire_and_forget objects.c:.*release: [0-9]+ \(ended\)"
printf 'keys 1<Enter>\nscreen\n' >"$scratch/keys"
loiter_is 0 "" top --script "$scratch/keys" --screen 120x40 "$scratch/select.ltr"
contains "the page of one in a select" "case 0 receives from channel 0x[0-9a-f]+  0/0 made at make_channels objects.c" "$scratch/out"
contains "the page of one in a select" "case 2 sends to channel 0x[0-9a-f]+  2/2 made at make_channels objects.c" "$scratch/out"
if command -v jq >/dev/null; then
	loiter_is 0 "" dump --json "$scratch/waitgroup.ltr"
	equal "a document of a recording" "WaitGroup 2 add_to_group use_group" \
		"$(jq -r '.goroutines[] | .waits_on // empty | "\(.kind) \(.count) \(.first_used_at.function) \(.last_done.by.function)"' \
			"$scratch/out")"
fi

finish
