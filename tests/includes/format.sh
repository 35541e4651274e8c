#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `./dev fmt` would change nothing.
set -euo pipefail
cd "${LTR_SOURCE:-$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../..}"
find runtime probe check pprof tui cli examples bench tests -name '*.[ch]' -print0 |
	xargs -0 clang-format --dry-run -Werror
