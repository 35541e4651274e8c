#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loiter check with a baseline: written, used, burned down, and broken.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

base=$scratch/base
two=("$fake" hello - leak 2 return 7)

# Written: the run that it is made from passes; what was found is shown all the same.
loiter_is 7 "^loiter: 2 goroutines never exited" \
	check --grace 0 --write-baseline "$base" -- "${two[@]}"
contains "the baseline" '^loiter baseline 1$' "$base"
contains "the baseline" '^2 function "wait_for_reply" creator "add" reason "chan send"$' "$base"
equal "entries" 1 "$(grep -cv '^#\|^loiter' "$base")"

# Used: what it knows is not spoken of, one more is.
loiter_is 7 "" check --grace 0 --baseline "$base" -- "${two[@]}"
loiter_is 7 "2 goroutines never exited as in the baseline" \
	check --grace 0 --baseline "$base" --all -- "${two[@]}"
loiter_is 23 "^loiter: 1 goroutine never exited" \
	check --grace 0 --baseline "$base" -- "$fake" hello - leak 3 return 7
loiter_is 23 "^loiter: 1 goroutine never exited in" check --grace 0 --baseline "$base" -- \
	sh -c "$fake hello - leak 1 return 0; $fake hello - leak 2 return 0"
loiter_is 23 "^loiter: deadlock" check --baseline "$base" -- "$fake" hello - leak 1 deadlock -
loiter_is 24 "killed by signal 9" check --baseline "$base" -- "$fake" hello - leak 2 kill 9

# Burned down: said, and still a success; nothing is said where nothing could be judged.
loiter_is 7 "$base:4: 1 of 2 are not needed any more: 2 function \"wait_for_reply\"" \
	check --grace 0 --baseline "$base" -- "$fake" hello - leak 1 return 7
loiter_is 7 "$base:4: not needed any more: 2 function" \
	check --baseline "$base" --format text -- "$fake" hello - return 7
loiter_is 24 "could not be|killed" check --baseline "$base" -- "$fake" hello - kill 9
lacks "an inconclusive run" "not needed" "$scratch/err"

# Refreshed in place.
loiter_is 7 "never exited|not needed" check --grace 0 --baseline "$base" --write-baseline "$base" -- \
	"$fake" hello - leak 1 return 7
contains "refreshed" '^1 function "wait_for_reply"' "$base"

# A deadlock can be known, too.
loiter_is 2 "deadlock" check --write-baseline "$base" -- "$fake" hello - leak 2 deadlock -
contains "a deadlock" 'grade "deadlock"$' "$base"
loiter_is 2 "" check --baseline "$base" -- "$fake" hello - leak 2 deadlock -

# Not written: from what could not be judged, or to where it cannot be.
rm "$base"
loiter_is 24 "no baseline was written" check --write-baseline "$base" -- "$fake" hello - kill 9
[[ ! -e $base ]] || fail "a baseline of what could not be judged"
loiter_is 23 "cannot write the baseline to /dev/full: No space" \
	check --grace 0 --write-baseline /dev/full -- "${two[@]}"
loiter_is 24 "cannot write the baseline to $scratch/none/x" \
	check --write-baseline "$scratch/none/x" -- "$fake" hello - return 7

# Malformed or unreadable: one sentence, before anything runs.
wrong() { # WORDS CONTENT
	printf '%b' "$2" >"$base"
	one_sentence_is 64 "the baseline $base is malformed$1" \
		check --baseline "$base" -- touch "$scratch/ran"
}
wrong " in line 1: the first line" 'x\n'
wrong " in line 3: .* not with 'ten'" 'loiter baseline 1\n\nten function f\n'
wrong " in line 2: there is no key 'colour'" 'loiter baseline 1\n1 colour red\n'
wrong ": it is empty" ''
wrong ": it is no text" 'loiter baseline 1\n\0'
one_sentence_is 64 "cannot read the baseline $scratch/none: No such file" \
	check --baseline "$scratch/none" -- touch "$scratch/ran"
one_sentence_is 64 "cannot read the baseline /: Is a directory" \
	check --baseline / -- touch "$scratch/ran"
one_sentence_is 64 "cannot read the baseline /dev/zero: File too large" \
	check --baseline /dev/zero -- touch "$scratch/ran"
[[ ! -e $scratch/ran ]] || fail "the command ran in spite of a broken baseline"
finish
