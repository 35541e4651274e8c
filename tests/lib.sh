# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What all test scripts share: counting checks and faults, and waiting. A script, or the lib.sh of its
# folder, sources this, makes its checks, and calls finish.

checks=0
faults=0
patience=60 # seconds, for whatever may hang: a hang is a failure with a name

skip() {
	printf 'skipped: %s\n' "$*"
	exit 77
}

fail() {
	printf 'FAILED: %s\n' "$*"
	faults=$((faults + 1))
}

equal() { # WHAT EXPECTED GOT
	checks=$((checks + 1))
	[[ $2 == "$3" ]] || fail "$1: expected '$2', got '$3'"
}

# contains_with GREP_OPTIONS WHAT PATTERN FILE
contains_with() {
	checks=$((checks + 1))
	grep -q "$1" -- "$3" "$4" || {
		fail "$2: no '$3' in:"
		head -n 60 "$4"
	}
}

# until_true WHAT COMMAND...: repeats the command until it succeeds
until_true() {
	local what=$1 end=$((SECONDS + patience))
	shift
	until "$@" >/dev/null 2>&1; do
		if ((SECONDS > end)); then
			fail "$what"
			exit 1
		fi
		sleep 0.01
	done
}

# has_way WAY ARGUMENTS...: runs $loiter, which may be refused eBPF here: that is status 1 and a sentence
# which says so. Any other end but success is a fault. What it says is in $scratch/out and $scratch/err.
# shellcheck disable=SC2154 # both are of the script that calls it
has_way() {
	local way=$1 status=0
	local refused='is refused|this kernel (has no|does not)|no memory for the eBPF buffer'
	shift
	checks=$((checks + 1))
	timeout -k 5 "$patience" "$loiter" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
	((status != 0)) || return 0
	if [[ $way == ebpf && $status == 1 ]] && grep -Eq "^loiter: .*($refused)" "$scratch/err"; then
		printf 'not by eBPF: %s\n' "$(<"$scratch/err")"
	else
		fail "$way: status $status of loiter $*: $(<"$scratch/err")"
	fi
	return 1
}

finish() {
	printf '%d checks, %d faults\n' "$checks" "$faults"
	((checks > 0 && faults == 0))
	exit
}
