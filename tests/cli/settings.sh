#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The file of settings of top: it is read, the command line wins, a script does not see it, and what
# makes no sense in it is one sentence.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir -p "$XDG_CONFIG_HOME/loiter"
conf=$XDG_CONFIG_HOME/loiter/top.conf
start_fake leak 2

# shows PATTERN ARGUMENTS...: the screen of top has it
shows() {
	local pattern=$1
	shift
	checks=$((checks + 1))
	"$loiter" top --once -p "$fake_pid" "$@" >"$scratch/out" 2>"$scratch/err" ||
		fail "top $*: $(<"$scratch/err")"
	grep -qE -- "$pattern" "$scratch/out" || fail "top $*: no $pattern in $(<"$scratch/out")"
}

shows '^   ID NAME'
printf '# taste\n\n  view =  groups \nascii\n' >"$conf"
shows 'COUNTv'
shows '^   ID NAME' --view goroutines
printf 'columns=id,age\nsort = id\n' >"$conf"
shows '^ +ID[^ ]* +AGE$'
printf 'screen\n' >"$scratch/keys"
printf 'view = groups\n' >"$conf"
shows '^   ID NAME' --script "$scratch/keys"
rm "$conf"
shows '^   ID NAME'

printf 'view = groups\ncolour = blue\n' >"$conf"
one_sentence_is 64 'top.conf:2: this is no setting' top --once -p "$fake_pid"
printf 'pid = 1\n' >"$conf"
one_sentence_is 64 'top.conf:1: this is no setting' top --once -p "$fake_pid"
printf 'colours = blue\n' >"$conf"
one_sentence_is 64 "colours wants auto, none, 16, 256 or true, not 'blue'" top --once -p "$fake_pid"
printf 'columns = id,hight\n' >"$conf"
one_sentence_is 64 "no column 'hight'" top --once -p "$fake_pid"
one_sentence_is 64 "no column ''" top --once --columns id, -p "$fake_pid"
printf 'view = groups\0sort = age\n' >"$conf"
one_sentence_is 1 'top.conf cannot be read: Bad message' top --once -p "$fake_pid"
head -c 65537 /dev/zero | tr '\0' '#' >"$conf"
one_sentence_is 1 'top.conf cannot be read: File too large' top --once -p "$fake_pid"
rm "$conf"
mkdir "$conf"
one_sentence_is 1 'top.conf cannot be read: Is a directory' top --once -p "$fake_pid"
rmdir "$conf"
# nobody writes into it, ever
mkfifo "$conf"
one_sentence_is 1 'top.conf cannot be read' top --once -p "$fake_pid"
rm "$conf"
ln -s /dev/zero "$conf"
one_sentence_is 1 'top.conf cannot be read' top --once -p "$fake_pid"
rm "$conf"
ln -s nowhere "$conf"
shows '^   ID NAME'
stop_fake
finish
