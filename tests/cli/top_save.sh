#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What `e` in `loiter top` saves: what is shown and nothing else, in each format, whole or not at all.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

lockers=$LTR_BUILD/tests/cli/lockers
mkdir "$scratch/here"
cd "$scratch/here"
: >taken
# Two of four goroutines wait for a Mutex; twice, to see that nothing is written over.
{
	echo 'until FOUND'
	echo 'keys freason:Mutex<Enter>'
	printf 'keys e%s\nscreen\n' j p t s j
	echo 'keys <Space>ej'
	echo screen
	echo 'keys <Space>ex'
	echo 'screen'
} >"$scratch/keys"
"$loiter" top --script "$scratch/keys" --screen 100x24 -- "$lockers" ab-ba >"$scratch/screen" 2>&1 ||
	fail "$(cat "$scratch/screen")"
files=$(find . -type f | sed 's/[0-9]\{2,\}/PID/' | sort | tr '\n' ' ')
equal "files" "./loiter-PID-goroutines-1.json ./loiter-PID-goroutines-1.pb.gz ./loiter-PID-goroutines-1.screen.txt ./loiter-PID-goroutines-1.txt ./loiter-PID-goroutines-2.json ./taken " "$files"
contains said "what is shown is in loiter-[0-9]+-goroutines-2.json" "$scratch/screen"
contains held "this moment is held, and the program has gone on: Space first" "$scratch/screen"
equal "goroutines in JSON" 2 "$(grep -c '^{"id":.*"reason":"sync.Mutex.Lock"' ./*-1.json)"
equal "all goroutines in JSON" 2 "$(grep -c '^{"id":' ./*-1.json)"
contains JSON '"chosen":true' ./*-1.json
contains "the end of JSON" '^}$' ./*-1.json
gzip -t ./*.pb.gz || fail "the profile is not whole"
gunzip -c ./*.pb.gz >"$scratch/profile"
contains profile "lock_a_then_b" "$scratch/profile"
checks=$((checks + 1))
! grep -q "tick" "$scratch/profile" || fail "the profile has what is not shown"
contains profile "some of the goroutines" "$scratch/profile"
contains text "filter reason:Mutex" ./*-1.txt
equal "lines of the screen" 24 "$(wc -l <./*.screen.txt)"
finish
