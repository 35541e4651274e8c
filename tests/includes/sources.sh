#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What holds for every source: a licence line, a size that a person can read, headers that need
# nothing before them, and a wire that all compilers understand.
set -euo pipefail
cd "${LTR_SOURCE:-$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../..}"

MOST_LINES=800
rooms=(runtime probe check pprof serve tui cli examples bench tests)
faults=0
complain() {
	printf '%s\n' "$*"
	faults=$((faults + 1))
}

mapfile -t sources < <(
	find "${rooms[@]}" cmake \( -name '*.[chS]' -o -name '*.sh' -o -name '*.awk' -o \
		-name '*.cmake' -o -name CMakeLists.txt -o -name '*.proto' \)
	printf '%s\n' dev .ci/run CMakeLists.txt .clang-format .clang-tidy
)
count=${#sources[@]}
for file in "${sources[@]}"; do
	[[ -s $file ]] || complain "$file: empty"
done
while IFS= read -r complaint; do
	complain "$complaint"
done < <(awk -v most="$MOST_LINES" '
	function judge() {
		if (!licence)
			print file ": no SPDX line at its beginning"
		if (file ~ /^probe\/bpf\/.*\.[ch]$/ && licence !~ /GPL-2\.0/)
			print file ": what runs in the kernel is GPL too: its helpers need it"
		if (file ~ /\.([chS]|sh|awk)$/ && lines > most)
			print file ": " lines " lines, more than " most
	}
	FNR == 1 {
		if (file)
			judge()
		file = FILENAME
		licence = ""
	}
	FNR <= 2 && /SPDX-License-Identifier: / { licence = $0 }
	{ lines = FNR }
	END { judge() }' "${sources[@]}")
((count > 20)) || complain "only $count sources found: this test does not see them"

# Headers alone. Twice in one file, too: the guards work.
folders=(-I. -Iruntime/include -Iserve/include -Iprobe -Icheck -Ipprof -Iserve -Itui -Icli)
headers=0
while IFS= read -r header; do
	grep -Eq '#include .*\.(skel|pb-c)\.h' "$header" && continue # needs the build folder
	headers=$((headers + 1))
	printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
		gcc -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Wstrict-prototypes -Wundef -Werror \
			-fsyntax-only "${folders[@]}" "-I$(dirname "$header")" -x c - ||
		complain "$header: does not compile alone"
done < <(find runtime probe check pprof serve tui cli examples -name '*.h' -not -path 'probe/bpf/*')
((headers > 5)) || complain "only $headers headers found: this test does not see them"

for header in event layout gate; do
	for flags in "" "-target bpf -ffreestanding"; do
		# shellcheck disable=SC2086 # several flags in one word
		printf '#include <loiter/%s.h>\n' "$header" |
			clang $flags -std=gnu17 -Wall -Wextra -Werror -Iruntime/include \
				-fsyntax-only -x c - ||
			complain "loiter/$header.h: clang $flags does not like it"
	done
done

# The program in README is the example that it says it is.
sed -n '/^```c$/,/^```$/{/^```/d;p}' README.md | cmp -s - <(sed '1,/^$/d' examples/squares.c) ||
	complain "README.md: the program is not examples/squares.c any more"

echo "$count sources, $headers headers, $faults complaints"
((faults == 0))
