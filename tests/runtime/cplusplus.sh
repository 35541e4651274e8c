#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# C++ can include every public header alone and use the whole API; what is wrong does not compile.
set -euo pipefail
cd "$LTR_SOURCE"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
faults=0 tested=0
complain() {
	printf '%s\n' "$*"
	faults=$((faults + 1))
}

flags=(-Wall -Wextra -Wundef -Werror -fno-omit-frame-pointer -Iruntime/include)

for compiler in g++ clang++; do
	for standard in c++11 gnu++20; do
		while IFS= read -r header; do
			tested=$((tested + 1))
			printf '#include <%s>\n#include <%s>\nint main() {}\n' "$header" "$header" |
				"$compiler" -std=$standard "${flags[@]}" -fsyntax-only -x c++ - ||
				complain "$compiler -std=$standard does not like <$header>"
		done < <(cd runtime/include && find . -name '*.h' -printf '%P\n' | sort)
		tested=$((tested + 1))
		"$compiler" -std=$standard "${flags[@]}" tests/runtime/cplusplus.cc \
			"$LTR_BUILD/runtime/libloiter.a" -pthread -o "$work/program"
		for processors in 1 2 8; do
			LTR_PROCS=$processors "$work/program" ||
				complain "$compiler -std=$standard, $processors processors: status $?"
		done
	done
done

# reject 'STATEMENT' 'what the compiler has to say (a regular expression)'
reject() {
	local compiler
	for compiler in g++ clang++; do
		tested=$((tested + 1))
		cat >"$work/bad.cc" <<-END
			#include <loiter.h>
			#include <string>
			LTR_CHAN(numbers, int);
			LTR_CHAN(strings, std::string);
			void takes_int(int *);
			void statement(numbers c, numbers_sender out, numbers_receiver in, int n, char *text);
			void statement(numbers c, numbers_sender out, numbers_receiver in, int n, char *text)
			{
				(void)c, (void)out, (void)in, (void)n, (void)text;
				$1;
			}
		END
		if "$compiler" -std=c++17 "${flags[@]}" -fsyntax-only "$work/bad.cc" 2>"$work/said"; then
			complain "$compiler accepts: $1"
		elif [[ -n $2 ]] && ! grep 'error' "$work/said" | grep -Eq "$2"; then
			complain "$compiler rejects '$1' but does not say '$2': $(<"$work/said")"
		fi
	done
}

reject 'ltr_send(in, 1)' 'can_send'
reject 'ltr_recv(out, &n)' 'can_receive'
reject 'ltr_close(in)' 'can_send'
reject 'in = out' 'no match|no viable'
reject 'ltr_send(c, text)' 'invalid conversion|cannot initialize'
reject 'ltr_recv(c, text)' 'cannot convert|cannot initialize'
reject 'ltr_select(LTR_NOW, LTR_SEND(in, 1))' 'can_send'
reject 'ltr_select(LTR_NOW, LTR_RECV(c, text))' 'no matching|cannot convert'
reject 'ltr_go(takes_int)' 'invalid conversion|cannot initialize'
reject 'ltr_go(takes_int, text)' 'invalid conversion|cannot initialize'
reject 'ltr_go(takes_int, std::string("text"))' 'byte by byte'
reject 'ltr_free(ltr_make(strings, 1))' 'byte by byte'
reject 'ltr_go([n](int *) { (void)n; }, 1)' 'cannot convert|no viable'
# The frame of all these compiles: a correct statement is taken.
for compiler in g++ clang++; do
	sed -i 's/^\t*ltr_go(\[n\].*/ltr_send(c, n);/' "$work/bad.cc"
	"$compiler" -std=c++17 "${flags[@]}" -fsyntax-only "$work/bad.cc" ||
		complain "$compiler does not take a correct statement"
done

echo "$tested compilations, $faults faults"
((faults == 0))
