#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Wrong usage: one sentence and status 64. Help and version: standard output and status 0.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

one_sentence_is 64 "say what to do"
one_sentence_is 64 "no subcommand 'dance'" dance
one_sentence_is 64 "no subcommand 'dance'" help dance
for command in top profile trace record serve dump check; do
	one_sentence_is 64 "'--nonsense' is no option of '$command'" "$command" --nonsense
	one_sentence_is 64 "'-Z' is no option" "$command" -Z
	one_sentence_is 64 "'--nonsense' is no option of '$command'" "$command" --nonsense -p 1
	one_sentence_is 64 "'--nonsense=x' is no option of '$command'" "$command" -p 1 --nonsense=x -- true
	one_sentence_is 64 "see 'loiter $command --help'" "$command"
	for pid in 0 x 1x -1 99999999999 0x10 ""; do
		one_sentence_is 64 "--pid wants" "$command" "--pid=$pid"
	done
	one_sentence_is 64 "has no value" "$command" -p
done
one_sentence_is 64 "not both" dump -p 1 -- true
one_sentence_is 64 "say what to look at" check
one_sentence_is 64 "say what to look at" check --
one_sentence_is 64 "not both" check -p 1 -- true
one_sentence_is 64 "--timeout is for a command" check -p 1 --timeout 1s
one_sentence_is 64 "--older-than wants more" check -p 1 --older-than 0
one_sentence_is 64 "--older-than wants a time" check -p 1 --older-than soon
for time in x 1y -1s 1e3 0x10 1.5.5 "" s 99999999h " 1s"; do
	one_sentence_is 64 "--grace wants a time" check "--grace=$time" -- true
done
one_sentence_is 64 "--timeout wants more" check --timeout 0 -- true
one_sentence_is 64 "no report format 'poem'" check --format poem -- true
one_sentence_is 64 "say --type" profile -p 1 -o /dev/null
one_sentence_is 64 "no profile type 'heap'" profile -p 1 --type heap -o /dev/null
one_sentence_is 64 "where the profile goes" profile -p 1 --type wait
one_sentence_is 64 "needs every event" profile -p 1 --type wait --via snapshot -o /dev/null
for sub in profile\ --type\ wait trace record; do
	# shellcheck disable=SC2086 # words
	{
		one_sentence_is 64 "--seconds wants more than nothing" $sub -p 1 --seconds 0 -o /dev/null
		one_sentence_is 64 "--seconds wants a time" $sub -p 1 --seconds 99999999 -o /dev/null
		one_sentence_is 64 "--seconds wants a time" $sub -p 1 --seconds x -o /dev/null
		# All of them take what docs/loiter.md says of times: it is the process that is wrong.
		one_sentence_is 1 "goroutine program|there is no process" $sub -p $$ --seconds 500ms -o /dev/null
	}
done
one_sentence_is 64 "--type sched needs every event" profile -p 1 --type sched --via snapshot -o /dev/null
one_sentence_is 64 "--focus '\(' is no regular expression: " profile -p 1 --type wait --focus '(' -o /dev/null
one_sentence_is 64 "--ignore '\[' is no regular expression: " \
	profile -p 1 --type wait --ignore a --ignore '[' -o /dev/null
one_sentence_is 64 "folded stacks cannot" profile -p 1 --type wait --folded --per-goroutine -o /dev/null
one_sentence_is 64 "text cannot be told --per-goroutine" \
	profile -p 1 --type wait --text --per-goroutine -o /dev/null
one_sentence_is 64 "--text wants 1 or 2" profile -p 1 --type wait --text=3 -o /dev/null
one_sentence_is 64 "--text=2 is for goroutine" profile -p 1 --type wait --text=2 -o /dev/null
one_sentence_is 64 "--text=2 shows every" profile -p 1 --type goroutine --text=2 --focus a -o /dev/null
one_sentence_is 64 "a profile has one form" profile -p 1 --type wait --text --folded -o /dev/null
one_sentence_is 64 "--allow-remote needs a --token-file" serve -p 1 --allow-remote
one_sentence_is 64 "--tls-cert and --tls-key go together" serve -p 1 --tls-cert x
one_sentence_is 64 "--older-than wants a time" serve -p 1 --older-than soon
one_sentence_is 64 "--via wants" top -p 1 --via pigeon
one_sentence_is 64 "--screen wants" top -p 1 --screen 80
one_sentence_is 64 "--screen wants" top -p 1 --screen 0x24
one_sentence_is 64 "--screen wants" top -p 1 --screen -1x24
one_sentence_is 64 "--interval wants" top -p 1 --interval 1us
one_sentence_is 64 "--colours wants" top -p 1 --colours many
# what a program is called by, and how it is asked for, cannot break the line
one_sentence_is 64 "no subcommand 'a.b'" $'a\nb'
# ... nor drive a terminal: an escape, C1 controls as UTF-8 and as a byte, half a character
one_sentence_is 64 "no subcommand" $'\e[2Ja\xc2\x9b31mb\x9b31mc\xc3\xa9\xc3'
equal "what may drive a terminal" $'loiter: there is no subcommand \'?[2Ja??31mb?31mc\xc3\xa9?\'; see \'loiter help\'' \
	"$(cat "$scratch/err")"

loiter_is 0 "" help
contains "help" "Usage: loiter SUBCOMMAND" "$scratch/out"
loiter_is 0 "" --help
loiter_is 0 "" version
contains "version" "^loiter [0-9]+\.[0-9]+\.[0-9]+$" "$scratch/out"
loiter_is 0 "" --version
for command in top profile record serve check dump; do
	loiter_is 0 "" "$command" --help
	contains "$command --help" "Usage: loiter $command" "$scratch/out"
	contains "$command --help" "Exit status" "$scratch/out"
	lacks "$command --help" '.{101}' "$scratch/out"
	cp "$scratch/out" "$scratch/manual"
	loiter_is 0 "" help "$command"
	cmp -s "$scratch/out" "$scratch/manual" || fail "help $command is not $command --help"
done
# the options of a command are the command's
loiter_is 24 "is not a goroutine program" check -- sh -c 'echo "$@"' sh --help x
equal "the command's output" "--help x" "$(cat "$scratch/out")"
loiter_is 24 "is not a goroutine program" check echo -p --grace x
equal "the command's output" "-p --grace x" "$(cat "$scratch/out")"
status=0
"$loiter" help >/dev/full 2>"$scratch/err" || status=$?
equal "status of help to a full disk" 1 "$status"
contains "help to a full disk" "^loiter: cannot write to standard output: No space" "$scratch/err"
finish
