#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs each correct program of the corpus once, as it comes: it has to end, and in a build with
# ThreadSanitizer to have no data race. They mostly sleep, so several run at a time.
# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

: "${LTR_BUILD:?is set by ctest: the build folder}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# shellcheck disable=SC2317 # xargs has it called
run_twin() { # FOLDER TWIN PATIENCE: leaves its name there if it fails, with what it said
	local output=$1/${2##*/}
	if timeout -k 5 "$3" "$2" >"$output" 2>&1 </dev/null; then
		rm "$output"
	else
		echo "status $?" >>"$output"
	fi
}
export -f run_twin

twins=("$LTR_BUILD"/tests/corpus/*_fixed)
checks=${#twins[@]}
[[ -x ${twins[0]} ]] || fail "there are no twins"
printf '%s\0' "${twins[@]}" | xargs -0 -P 8 -I{} bash -c 'run_twin "$@"' - "$scratch" {} "$patience"
for output in "$scratch"/*; do
	[[ ! -e $output ]] || fail "${output##*/}: $(tail -n 40 "$output")"
done
finish
