#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What is written does not depend on the locale of the program: 0.5 is nowhere 0,5.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if ! localedef -i de_DE -f UTF-8 "$folder/de_DE.UTF-8" 2>/dev/null; then
	echo "skipped: no locale can be made (Debian: locales)"
	exit 77
fi
there=(env "LOCPATH=$folder" LC_ALL=de_DE.UTF-8)
[[ $("${there[@]}" printf '%.1f' 0,5) == 0,5 ]] || { echo "the locale has no comma"; exit 1; }
for test in metrics text trace; do
	"${there[@]}" "$LTR_BUILD/tests/pprof/test_pprof_$test"
done
