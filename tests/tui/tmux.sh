#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A person in tmux: the keys go through its terminal, and what is checked is what it shows.
# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

demo=$LTR_BUILD/tests/tui/tui_demo
scratch=$(mktemp -d)
trap 'in_tmux kill-server 2>/dev/null; rm -rf "$scratch"' EXIT

command -v tmux >/dev/null || skip "there is no tmux"

in_tmux() { # a server of its own, without anybody's settings
	TMUX='' tmux -S "$scratch/socket" -f /dev/null "$@"
}

shows() { # PATTERN
	in_tmux capture-pane -p -t person >"$scratch/screen" && grep -Eq -- "$1" "$scratch/screen"
}

see() { # WHAT PATTERN
	local end=$((SECONDS + patience))
	checks=$((checks + 1))
	until shows "$2" 2>/dev/null; do
		if ((SECONDS > end)); then
			fail "$1: no '$2' in: $(cat "$scratch/screen" 2>/dev/null)"
			exit 1
		fi
		sleep 0.01
	done
}

type_in() { # KEYS, as tmux names them
	in_tmux send-keys -t person "$@"
}

LC_ALL=C.UTF-8 in_tmux -u new-session -d -s person -x 80 -y 24 \
	"echo before; '$demo' --judged --mouse; echo \"ended with \$?\"; read -r line" ||
	fail "tmux does not start"
see start "^ loiter .* LIVE"
see start "^▸ +[0-9]+ "

type_in f
type_in -l "state:chan age>10s"
see filter "^ filter state:chan age>10s"
type_in Enter
see filter "^ goroutines   filter state:chan age>10s .* 1-[0-9]+ of "
type_in Down Enter
see page "› goroutine [0-9]+"
see page "Where it waits"
type_in Escape
see back "^▸ +[0-9]+ .* chan "
type_in F /
type_in -l worker
type_in Enter
see search "search worker"
type_in 2 m '*'
see groups "^ groups by stack"
type_in 7
see findings "^▸deadlock"
type_in Enter
see verdict "What to do"
type_in '?'
see help "^ Keys"
type_in Escape Space
see pause "PAUSED"

# Larger, smaller and back, while it runs.
in_tmux resize-window -t person -x 120 -y 40
see large "1 goroutines  2 groups  3 objects"
in_tmux resize-window -t person -x 40 -y 8
see small "goroutine"
in_tmux resize-window -t person -x 80 -y 24
type_in Space 1
see again "^ loiter .* LIVE"

# The terminal is as it was: what stood there before is there, and what comes is seen.
type_in q
see quit "^before"
see quit "^ended with 0"
finish
